/** Draws of one index a row, inside a program. */
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/**
 * One index a row from weights that need not add up to 1, by the inverse of their cumulative sums: in two levels, sums of blocks first,
 * so that no sum is longer than about √V. A weight of 0 is never drawn.
 *
 * @param weights   [rows, V], not negative
 * @param uniforms  [rows], in [0, 1)
 * @returns  [rows], i32
 */
export function categorical(weights: Tensor, uniforms: Tensor): Tensor {
  const [rows, size] = weights.shape;
  const block = blockOf(size);
  const blocks = Math.ceil(size / block);
  const missing = blocks * block - size;
  const padded = missing === 0 ? weights : t.concat([weights, t.broadcastTo(t.scalar(0, weights.dtype), [rows, missing])], 1);
  const parts = padded.reshape([rows, blocks, block]);
  const sums = parts.sum(2);
  const outer = t.cumsum(sums);
  const point = uniforms.mul(outer.slice([0, rows], [blocks - 1, blocks]).reshape([rows]));
  const chosen = firstAbove(outer, sums, point);
  const before = t
    .takeAlong(t.concat([t.broadcastTo(t.scalar(0, weights.dtype), [rows, 1]), outer], 1), chosen.expandDims(1))
    .reshape([rows]);
  const own = t.takeAlong(parts, t.broadcastTo(chosen.reshape([rows, 1, 1]), [rows, 1, block]), 1).reshape([rows, block]);
  const inner = firstAbove(t.cumsum(own), own, point.sub(before));
  return chosen.mul(block).add(inner);
}

/** About √V: a divisor of V if one is near, so that nothing has to be filled up. */
function blockOf(size: number): number {
  const root = Math.max(1, Math.round(Math.sqrt(size)));
  for (let block = root; block <= 2 * root; block++) if (size % block === 0) return block;
  return root;
}

/** First index whose cumulative sum is above the point; the last positive one where rounding leaves none. */
function firstAbove(sums: Tensor, weights: Tensor, point: Tensor): Tensor {
  const passed = t.lessEqual(sums, point.expandDims(1)).cast("i32").sum(1);
  const last = t.where(t.greater(weights, 0), t.iota(weights.shape[1]), 0).max(1);
  return t.minimum(passed, last);
}
