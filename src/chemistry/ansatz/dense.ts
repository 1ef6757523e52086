/** First weights of linear maps. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import type { Linear } from "./ansatz.ts";

/** A linear map with weights N(0, 1/inputs) and biases N(0, 1). */
export function dense(rng: Random, inputs: number, outputs: number, bias: boolean): Linear<NdArray> {
  const weight = rng.fold("weight").normal([inputs, outputs]);
  const scale = 1 / Math.sqrt(inputs);
  const scaled = ndarray(
    weight.data.map((w) => w * scale),
    [inputs, outputs],
    "f32",
  );
  return bias ? { weight: scaled, bias: rng.fold("bias").normal([outputs]) } : { weight: scaled };
}

/** Maps of one width by name: those of the perceptron have biases. */
export const layerStart = (rng: Random, layer: string, names: readonly string[], width: number): Record<string, Linear<NdArray>> =>
  Object.fromEntries(names.map((name) => [`${layer}.${name}`, dense(rng.fold(name), width, width, name.startsWith("mlp"))]));
