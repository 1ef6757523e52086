/** Whether an attack by gradients can see anything: a low score without gradients is no evidence. */
import { type NdArray, ndarray, type Random, toNumbers } from "../../array/index.ts";
import { abs, equal, grad, jit, logSoftmax, oneHot, type Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";

/** Codes and what is made of them. */
interface Generator {
  readonly latent: number;
  readonly generate: (z: Tensor) => Tensor;
}

/** Prior draws that are looked at. */
const draws = 500;

/** Share of prior draws z at which ∂ log p(y|G(z)) / ∂z is exactly 0, classes y in turn: outputs that are saturated, rounded or cut. */
export async function flatShare(target: Classifier, { latent, generate }: Generator, rng: Random): Promise<number> {
  const k = target.classes.length;
  const likelihood = (z: Tensor, y: Tensor): Tensor =>
    logSoftmax(target.logits(generate(z)))
      .mul(oneHot(y, k))
      .sum();
  // codes are apart in the sum, so that its gradient has a row of each
  const program = jit((z: Tensor, y: Tensor) => equal(abs(grad(likelihood)(z, y)).max(1), 0).cast("f32"));
  const y = Int32Array.from({ length: draws }, (_, i) => i % k);
  const flat = toNumbers(await program(rng.normal([draws, latent]), ndarray(y, [draws], "i32")));
  return flat.reduce((a, b) => a + b, 0) / draws;
}

/** Share of the numbers of samples that sit at a bound of the output, or beyond. */
export const clampedShare = ({ data }: NdArray<"f32">, [low, high]: readonly [number, number] = [0, 1]): number =>
  data.reduce((count, v) => count + Number(v <= low || v >= high), 0) / data.length;
