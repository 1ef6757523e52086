/** The other networks of an audit: who judges the samples, and what is reached without knowing the classes. */
import type { Random } from "../../array/index.ts";
import type { Labelled } from "../labelled.ts";
import type { NetworkOptions } from "./network.ts";

/** Side of the smallest images for which convolutions are worth their time. */
const smallest = 24;

/**
 * The evaluator's network for a target's: other blocks, twice as wide and one more, and another activation; for images of 24 pixels or more convolutions where the
 * target has none, and the other way round. It is trained with noise on its inputs (`evaluatorNoise`), and no defence.
 */
export function evaluatorOptions(target: NetworkOptions): NetworkOptions {
  const { input, classes, kind, widths, scaling } = target;
  const widest = Math.max(64, ...widths);
  const convolves = input.length === 3 && kind === "mlp" && Math.min(input[1], input[2]) >= smallest;
  return {
    ...{ input, classes, scaling, activation: target.activation === "silu" ? "relu" : "silu" },
    ...(convolves ? { kind: "conv", widths: [16, 32] } : { kind: "mlp", widths: [2 * widest, Math.max(16, widest >> 1)] }),
  };
}

/** Standard deviation of the noise that evaluators are trained with, of pixels in [0, 1]. */
export const evaluatorNoise = 0.1;

/** The same rows with their classes shuffled: a model of them knows the rows, and nothing of the classes. */
export function randomLabels({ x, y }: Labelled, rng: Random): Labelled {
  const order = rng.permutation(y.length).data;
  return { x, y: y.map((_, i) => y[order[i]]) };
}
