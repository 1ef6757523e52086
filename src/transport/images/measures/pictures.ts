/** Pictures as rows, some of them, and numbers of pairs of them, in blocks that fit in memory. */
import { type NdArray, sizeOf, toNumbers } from "../../../array/index.ts";
import { block, blockStarts, rowsOf } from "../../../distances/index.ts";
import { TensorError } from "../../../errors.ts";
import type { Jitted, Tensor } from "../../../tensor/index.ts";

/** Pictures [n, c, h, w] with values in [0, 1]. */
export type Pictures = NdArray<"f32">;

/** Values of a block of pictures: what a program makes of them is some ten times as large, in f64. */
const mostValues = 2 ** 19;

/** Pictures of one run of a program, of n pictures of a shape. */
export const blockOf = (n: number, shape: readonly number[]): number => Math.max(1, Math.min(n, Math.floor(mostValues / sizeOf(shape))));

/** Pixels as rows [n, D], without a copy. */
export const pixelRows = (x: Pictures): NdArray<"f32"> => ({ ...x, shape: [x.shape[0], sizeOf(x.shape.slice(1))] });

/** Some pictures, in the order given. */
export const picturesAt = (x: Pictures, rows: ArrayLike<number>): Pictures => ({
  ...rowsOf(pixelRows(x), rows),
  shape: [rows.length, ...x.shape.slice(1)],
});

/** A program of two batches of pictures [b, c, h, w] -> [b], for any number of pairs. */
export async function ofPairs(program: Jitted<[Tensor, Tensor], Tensor>, x: Pictures, y: Pictures): Promise<Float64Array> {
  checkPairs(x, y);
  const [n, ...shape] = x.shape;
  const found = new Float64Array(n);
  const size = blockOf(n, shape);
  for (const start of blockStarts(n, size)) found.set(toNumbers(await program(block(x, start, size), block(y, start, size))), start);
  return found;
}

/** @throws TensorError  unless both are equally many pictures of one shape, and at least one */
function checkPairs(x: Pictures, y: Pictures): void {
  if (x.shape.length !== 4 || x.shape[0] === 0 || x.shape.length !== y.shape.length || x.shape.some((size, i) => size !== y.shape[i]))
    throw new TensorError(`pairs of pictures need one shape [n, c, h, w], got [${x.shape.join(", ")}] and [${y.shape.join(", ")}]`);
}
