/** Pairs of electrons: differences by one product with a constant matrix, distances, spins. */
import { array } from "../../array/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";

/** Two electrons, i and j. */
export type Pair = readonly [i: number, j: number];

/** All i < j. */
export const pairsOf = (n: number): Pair[] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n - i - 1 }, (_, k): Pair => [i, i + k + 1])).flat();

/** All i ≠ j: the others of the first electron, then those of the second, … */
export const orderedPairs = (n: number): Pair[] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n - 1 }, (_, k): Pair => [i, k < i ? k : k + 1])).flat();

/** x_i - x_j of pairs, all i < j unless others are given: [dimension, N, walkers] -> [dimension, pairs, walkers]. */
export function differences(x: Tensor, pairs: readonly Pair[] = pairsOf(x.shape[1])): Tensor {
  const incidence = pairs.map(([i, j]) => Array.from({ length: x.shape[1] }, (_, k) => (k === i ? 1 : k === j ? -1 : 0)));
  return constant(array(incidence, x.dtype === "f64" ? "f64" : "f32")).matmul(x);
}

/** |x_i - x_j| of all pairs i < j: [pairs, walkers]. */
export const distances = (x: Tensor): Tensor => differences(x).square().sum(0).sqrt();
