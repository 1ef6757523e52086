/** Keys and values of what each row goes on with, in memory of the host: programs only read them. */
import { allocate, type NdArray } from "../../array/index.ts";
import { unwatched } from "../../tensor/inputs.ts";

/** Sizes of a cache. */
export interface CacheSizes {
  /** Arrays: keys and values of each block. */
  readonly arrays: number;
  readonly heads: number;
  readonly rows: number;
  /** Tokens a row. */
  readonly capacity: number;
  /** Of a head. */
  readonly width: number;
  readonly dtype: "f32" | "f64";
}

/** An array [heads, rows, capacity, width] for the keys of each block, and one for its values. */
export interface Cache extends CacheSizes {
  readonly data: readonly NdArray<"f32" | "f64">[];
}

/** A cache of zeros. */
export function emptyCache(sizes: CacheSizes): Cache {
  const { arrays, heads, rows, capacity, width, dtype } = sizes;
  return { ...sizes, data: Array.from({ length: arrays }, () => unwatched(allocate(dtype, [heads, rows, capacity, width]))) };
}

/**
 * Writes what is new of one token a row.
 *
 * @param added  [arrays, heads, rows, width]
 * @param place  of the token, below the capacity
 */
export function writeToken({ data, heads, rows, capacity, width }: Cache, added: NdArray, place: number): void {
  const from = added.data as Float32Array;
  data.forEach((array, i) => {
    const to = array.data as Float32Array;
    let source = i * heads * rows * width;
    for (let target = place * width; target < to.length; target += capacity * width)
      for (let c = 0; c < width; c++) to[target + c] = from[source++];
  });
}

/** Copies rows to others: the first `length` tokens. */
export function copyRows(
  { data, heads, rows, capacity, width }: Cache,
  copies: readonly (readonly [number, number])[],
  length: number,
): void {
  const row = capacity * width;
  for (const { data: x } of data)
    for (let h = 0; h < heads; h++)
      for (const [from, to] of copies) {
        const start = (h * rows + from) * row;
        x.copyWithin((h * rows + to) * row, start, start + length * width);
      }
}

/**
 * A cache of other sizes with the first `length` tokens of some rows.
 *
 * @param ancestors  of each of its rows, the row of the old one
 */
export function regrown(cache: Cache, ancestors: Int32Array, capacity: number, length: number): Cache {
  const { heads, rows, width } = cache;
  const next = emptyCache({ ...cache, rows: ancestors.length, capacity });
  next.data.forEach((array, i) => {
    const [from, to] = [cache.data[i].data as Float32Array, array.data as Float32Array];
    for (let h = 0; h < heads; h++)
      ancestors.forEach((row, k) => {
        const start = (h * rows + row) * cache.capacity * width;
        to.set(from.subarray(start, start + length * width), (h * ancestors.length + k) * capacity * width);
      });
  });
  return next;
}
