/** What the audit asks of a classifier, whether it was trained here or comes from a file. */
import type { Shape } from "../array/index.ts";
import type { Tensor } from "../tensor/index.ts";

/** A trained classifier: its weights are constants of every program that calls it. */
export interface Classifier {
  readonly name: string;
  readonly classes: readonly string[];
  /** Of one input: [features], or [channels, height, width] with pixels in [0, 1]. */
  readonly input: Shape;
  /** Inputs as rows [n, D] in the units of the data -> logits [n, K]: log p(y|x) up to a constant in each row. */
  readonly logits: (x: Tensor) => Tensor;
  /** What goes into its last layer, [n, F]; absent where a file does not show it. */
  readonly features?: (x: Tensor) => Tensor;
}
