/** Small clouds for tests. */
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";

/** Rows [n, d] of numbers. */
export const rows = (values: readonly (readonly number[])[]): NdArray<"f32"> =>
  ndarray(Float32Array.from(values.flat()), [values.length, values[0]?.length ?? 0], "f32");

/** Draws of N(0, I). */
export const normals = (seed: number | string, n: number, d: number): NdArray<"f32"> => randomStream(seed).normal([n, d]);

/** Rows moved by a vector, in part. */
export const moved = (x: NdArray<"f32">, by: number): NdArray<"f32"> =>
  ndarray(
    x.data.map((v) => v + by),
    x.shape,
    "f32",
  );
