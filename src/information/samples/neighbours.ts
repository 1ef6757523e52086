/** Who is near whom: the counts that all nearest-neighbour estimators are made of, as one program on blocks of rows. */
import { allocate, type NdArray, ndarray } from "../../array/index.ts";
import { abs, equal, iota, jit, less, lessEqual, maximum, type Tensor, takeAlong, topK, where } from "../../tensor/index.ts";
import { codes, countsOf, isLabel, type Side } from "./side.ts";

/** Of every row i: other rows around it in the maximum norm. */
export interface Neighbourhoods {
  /** k_i: as asked for, fewer where the row's labels have fewer other rows. */
  readonly order: Int32Array;
  /** Distance to the k_i-th nearest in (x, z). */
  readonly radius: Float64Array;
  /** Others nearer than the radius in (x, z), in x, in z; at distance 0 where the radius is 0. */
  readonly joint: Int32Array;
  readonly inX: Int32Array;
  readonly inZ: Int32Array;
  /** Others no farther than the farthest of the k nearest, measured in x alone and in z alone: the sides of the box around them. */
  readonly boxX: Int32Array;
  readonly boxZ: Int32Array;
}

/** Distance between different labels: above any between numbers, so that neighbours share all labels. */
const apart = 1e150;
/** Below any distance but 0, and no denormal number. */
const smallest = 1e-300;

/** Maximum norm between rows [b, d] and all rows, given as columns [d, n]: [b, n]. */
function distances(rows: Tensor, columns: Tensor, labels: readonly boolean[]): Tensor {
  const gaps = labels.map((label, c) => {
    const [a, b] = [rows.slice(null, [c, c + 1]), columns.slice([c, c + 1], null)];
    return label ? where(equal(a, b), a.mul(0), apart) : abs(a.sub(b));
  });
  return gaps.reduce((a, b) => maximum(a, b));
}

const countLess = (d: Tensor, bound: Tensor): Tensor => less(d, bound).cast("i32").sum(-1);
const countUpTo = (d: Tensor, bound: Tensor): Tensor => lessEqual(d, bound).cast("i32").sum(-1);

/** The program for one block. @param own  row numbers of the block, [b] @param last  k_i - 1, [b, 1] */
const blockProgram = (labelsX: readonly boolean[], labelsZ: readonly boolean[], k: number) =>
  jit((rowsX: Tensor, rowsZ: Tensor, x: Tensor, z: Tensor, own: Tensor, last: Tensor) => {
    const self = equal(own.expandDims(-1), iota(x.shape[1]).expandDims(0));
    const dx = where(self, Number.POSITIVE_INFINITY, distances(rowsX, x, labelsX));
    const dz = where(self, Number.POSITIVE_INFINITY, distances(rowsZ, z, labelsZ));
    const both = maximum(dx, dz);
    const { values, indices } = topK(both, k, false);
    const radius = takeAlong(values, last);
    const bound = maximum(radius, smallest);
    const side = (d: Tensor): Tensor => takeAlong(d, indices).max(-1, true);
    return {
      ...{ radius: radius.squeeze(-1), joint: countLess(both, bound), inX: countLess(dx, bound), inZ: countLess(dz, bound) },
      ...{ boxX: countUpTo(dx, side(dx)), boxZ: countUpTo(dz, side(dz)) },
    };
  });

/** Elements of a distance matrix that stay in the cache between the operations on them. */
const cached = 40_000;

/** Counts neighbours of pairs; compiled once for all pairs of the same kinds of columns and number of rows. */
export type Neighbours = (x: Side, z: Side) => Promise<Neighbourhoods>;

/**
 * Neighbours in the maximum norm over all columns of both sides, each row by brute force: O(n² (d_x + d_z)).
 *
 * @param k  neighbours, 1 ≤ k < rows
 */
export function neighbours(like: readonly [Side, Side], k: number): Neighbours {
  const [labelsX, labelsZ] = like.map((side) => side.columns.map((_, c) => isLabel(side, c)));
  const program = blockProgram(labelsX, labelsZ, k);
  return async (x, z) => {
    const n = x.rows;
    const b = Math.min(n, Math.max(4, Math.min(64, Math.floor(cached / n))));
    const order = orders(x, z, k);
    const [allX, allZ] = [columnsOf(x), columnsOf(z)];
    const ints = (): Int32Array => new Int32Array(n);
    const found = { order, radius: new Float64Array(n), joint: ints(), inX: ints(), inZ: ints(), boxX: ints(), boxZ: ints() };
    for (let from = 0; from < n; from += b) {
      const start = Math.min(from, n - b); // the last block begins earlier: one shape for all
      const own = Int32Array.from({ length: b }, (_, i) => start + i);
      const last = Int32Array.from(own, (i) => order[i] - 1);
      const [mineX, mineZ] = [rowsOf(x, start, b), rowsOf(z, start, b)];
      const block = await program(mineX, mineZ, allX, allZ, ndarray(own, [b], "i32"), ndarray(last, [b, 1], "i32"));
      // distances are f64 and counts i32, as in `found`: the type of a program's arrays does not say so
      for (const key of ["radius", "joint", "inX", "inZ", "boxX", "boxZ"] as const) found[key].set(block[key].data as Int32Array, start);
    }
    return found;
  };
}

/** k, or fewer where no more other rows share the row's labels; at least 1. */
function orders(x: Side, z: Side, k: number): Int32Array {
  const code = codes([x, z]);
  const counts = countsOf(code);
  return Int32Array.from(code, (c) => Math.max(1, Math.min(k, counts[c] - 1)));
}

function columnsOf(side: Side): NdArray<"f64"> {
  const all = allocate("f64", [side.columns.length, side.rows]);
  side.columns.forEach((values, c) => all.data.set(values, c * side.rows));
  return all;
}

function rowsOf(side: Side, start: number, count: number): NdArray<"f64"> {
  const d = side.columns.length;
  const rows = allocate("f64", [count, d]);
  side.columns.forEach((values, c) => {
    for (let i = 0; i < count; i++) rows.data[i * d + c] = values[start + i];
  });
  return rows;
}
