/** Rows of what a model says. */
import { allocate, type NdArray } from "../../array/index.ts";
import type { NextTokenLaw } from "../model.ts";

/** A prediction whose row i is the row `rows[i]` of another. */
export const rowsOf = ({ logits, hidden }: NextTokenLaw, rows: Int32Array): NextTokenLaw => ({
  logits: matrixRows(logits, rows),
  hidden: matrixRows(hidden, rows),
});

function matrixRows({ data, shape: [, width], dtype }: NdArray, rows: Int32Array): NdArray {
  const x = data as Float32Array;
  const y = allocate(dtype === "f64" ? "f64" : "f32", [rows.length, width]);
  rows.forEach((row, i) => y.data.set(x.subarray(row * width, (row + 1) * width), i * width));
  return y;
}
