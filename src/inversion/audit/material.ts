/** What an audit is made of: private data for scoring, public knowledge for the attacks, and a generator. */
import type { NdArray, Shape } from "../../array/index.ts";
import type { Standardization } from "../../data/index.ts";
import type { Labelled } from "../labelled.ts";
import type { Prior } from "../prior.ts";

export interface Material {
  readonly title: string;
  readonly classes: readonly string[];
  /** Of one input: [features], or [channels, height, width] with pixels in [0, 1]. */
  readonly input: Shape;
  /** What the classifier was trained on. */
  readonly train: Labelled;
  /** Items of the same classes that it never saw; absent: there is no memorisation test. */
  readonly heldOut?: Labelled;
  /** On which accuracies are measured: seen by no training. */
  readonly test: Labelled;
  /** Public inputs as rows [m, D]: with the generator all that attacks know. */
  readonly publicRows: NdArray<"f32">;
  /** Classes of the public inputs, where they are known: for transfer learning alone. */
  readonly publicClasses?: Int32Array<ArrayBuffer>;
  readonly prior: Prior;
  /** Of features, by the public data. */
  readonly scaling?: Standardization;
}
