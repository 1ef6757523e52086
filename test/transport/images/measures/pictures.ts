/** Pictures for tests. */
import { type NdArray, ndarray, randomStream, type Shape, sizeOf } from "../../../../src/array/index.ts";

/** One value everywhere. */
export const constantPictures = (value: number, shape: Shape): NdArray<"f32"> =>
  ndarray(new Float32Array(sizeOf(shape)).fill(value), shape, "f32");

/** Independent uniform pixels. */
export const noisePictures = (seed: number | string, shape: Shape): NdArray<"f32"> => randomStream(seed).uniform(shape);

/** Each value changed. */
export const changed = (x: NdArray<"f32">, f: (value: number, index: number) => number): NdArray<"f32"> =>
  ndarray(x.data.map(f), x.shape, "f32");

/** Every picture mirrored, row by row. */
export function mirrored(x: NdArray<"f32">): NdArray<"f32"> {
  const w = x.shape[3];
  return changed(x, (_, k) => x.data[k - (k % w) + (w - 1 - (k % w))]);
}
