/** Squared distances between rows, and the nearest of them, in blocks that fit in memory. */
import { type NdArray, ndarray } from "../array/index.ts";
import { equal, iota, jit, less, type Tensor, topK, where } from "../tensor/index.ts";
import { memo } from "./memo.ts";
import { block, blockStarts } from "./rowwise.ts";

/** Elements of a block of distances: 16 MiB of doubles. */
const mostElements = 2 ** 21;

/** Below this share of |x|² + |y|² a squared distance is its own rounding error, and counts as none: copies are at distance 0. */
const rounding = 1e-13;

/** |x_i - y_j|² of rows [n, d] and [m, d] by one product of matrices, in f64: [n, m]. */
export function squaredDistances(x: Tensor, y: Tensor): Tensor {
  const far = y.cast("f64");
  const middle = far.mean(0, true);
  const [a, b] = [x.cast("f64").sub(middle), far.sub(middle)];
  const norms = a.square().sum(1, true).add(b.square().sum(1));
  const squares = norms.sub(a.matmul(b.transpose()).mul(2));
  return where(less(squares, norms.mul(rounding)), squares.mul(0), squares);
}

/** First rows, and how many, of the blocks in which rows meet m others. */
export function blocksOf(n: number, m: number): { starts: number[]; size: number } {
  const size = Math.max(1, Math.min(n, Math.floor(mostElements / m)));
  return { starts: blockStarts(n, size), size };
}

/** The k nearest of each row, nearest first: [n, k]. */
export interface Nearest {
  readonly squares: Float64Array;
  readonly indices: Int32Array;
}

/** The k nearest of all rows to each, but for the row numbered `own`. Kept by k: the same shapes are asked for many times. */
const nearestProgram = memo((k: number) =>
  jit(
    (rows: Tensor, all: Tensor, own: Tensor) => {
      const self = equal(own.expandDims(-1), iota(all.shape[0]).expandDims(0));
      return topK(where(self, Number.POSITIVE_INFINITY, squaredDistances(rows, all)), k, false);
    },
    { cache: 16 },
  ),
);

/**
 * The k rows of y [m, d] that are nearest to each row of x [n, d].
 *
 * @param k  at most m, or m - 1 with `others`
 * @param options.others  x and y are the same rows, and each looks for others than itself
 */
export async function nearestRows(
  x: NdArray<"f32">,
  y: NdArray<"f32">,
  k: number,
  { others = false }: { others?: boolean } = {},
): Promise<Nearest> {
  const [n, m] = [x.shape[0], y.shape[0]];
  const program = nearestProgram(k);
  const found = { squares: new Float64Array(n * k), indices: new Int32Array(n * k) };
  const { starts, size } = blocksOf(n, m);
  for (const start of starts) {
    const own = Int32Array.from({ length: size }, (_, i) => (others ? start + i : -1));
    const { values, indices } = await program(block(x, start, size), y, ndarray(own, [size], "i32"));
    // f64 and i32, as the program makes them: the type of its arrays does not say so
    found.squares.set(values.data as Float64Array, start * k);
    found.indices.set(indices.data as Int32Array, start * k);
  }
  return found;
}
