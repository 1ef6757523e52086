/** Pairs of electrons: differences by one product with a constant matrix, distances, spins. */
import { array } from "../../array/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";

/** All i < j. */
export const pairsOf = (n: number): [number, number][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n - i - 1 }, (_, k): [number, number] => [i, i + k + 1])).flat();

/** x_i - x_j of all pairs i < j: [dimension, N, walkers] -> [dimension, pairs, walkers]. */
export function differences(x: Tensor): Tensor {
  const n = x.shape[1];
  const incidence = pairsOf(n).map(([i, j]) => Array.from({ length: n }, (_, k) => (k === i ? 1 : k === j ? -1 : 0)));
  return constant(array(incidence, x.dtype === "f64" ? "f64" : "f32")).matmul(x);
}

/** |x_i - x_j| of all pairs: [pairs, walkers]. */
export const distances = (x: Tensor): Tensor => differences(x).square().sum(0).sqrt();
