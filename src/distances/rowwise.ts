/** Rows in blocks, and rows through a program. */
import { allocate, type NdArray } from "../array/index.ts";
import { jit, type Tensor } from "../tensor/index.ts";

/** Rows of one run, unless said otherwise. */
const blockRows = 512;

/** The first rows of the blocks that cover n rows; the last begins earlier, so that all have one shape. */
export const blockStarts = (n: number, size: number): number[] =>
  Array.from({ length: Math.ceil(n / size) }, (_, i) => Math.min(i * size, n - size));

/** Rows from `start` on, without a copy. */
export function block(x: NdArray<"f32">, start: number, count: number): NdArray<"f32"> {
  const d = x.data.length / x.shape[0];
  return { dtype: "f32", shape: [count, ...x.shape.slice(1)], data: x.data.subarray(start * d, (start + count) * d) };
}

/**
 * A function of rows [n, ...] -> [n, F], compiled, for any number of them: what a classifier says, or its features.
 *
 * @param most  rows of one run: fewer where rows are large
 */
export function rowwise(f: (x: Tensor) => Tensor, most = blockRows): (x: NdArray<"f32">) => Promise<NdArray<"f32">> {
  const program = jit((x: Tensor) => f(x).cast("f32"));
  return async (x) => {
    const n = x.shape[0];
    const size = Math.min(most, n);
    let all: NdArray<"f32"> | undefined;
    for (const start of blockStarts(n, size)) {
      const { shape, data } = await program(block(x, start, size));
      all ??= allocate("f32", [n, shape[1]]);
      all.data.set(data as Float32Array, start * shape[1]); // the program casts to f32
    }
    return all ?? allocate("f32", [0, 0]);
  };
}
