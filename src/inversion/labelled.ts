/** Inputs with classes, as rows. */
import type { NdArray } from "../array/index.ts";

/** Rows [n, D] in the units of the data, pixels in [0, 1], and the class of each. */
export interface Labelled {
  readonly x: NdArray<"f32">;
  readonly y: Int32Array;
}
