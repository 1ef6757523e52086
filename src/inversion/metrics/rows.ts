/** Rows of a class. */
import type { NdArray } from "../../array/index.ts";
import { rowsOf } from "../../distances/index.ts";
import type { Labelled } from "../labelled.ts";

/** Which rows have a class. */
export const rowsWith = (y: Int32Array, c: number): number[] => Array.from(y.keys()).filter((i) => y[i] === c);

/** The rows of a class. */
export const ofClass = ({ x, y }: Labelled, c: number): NdArray<"f32"> => rowsOf(x, rowsWith(y, c));
