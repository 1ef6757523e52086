/** The action s(t, x): one scalar network whose gradient in x is the velocity. */

import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Dense, dense, type Mlp, mlp } from "../../nn/index.ts";
import { concat, type Tensor } from "../../tensor/index.ts";

/** s(t, x) of rows: t [B, 1], x [B, d] -> [B]. */
export type Action = (t: Tensor, x: Tensor) => Tensor;

/**
 * What the network h gives:
 *   "scalar"    s = h                  free, the only one for growth
 *   "inner"     s = <x, h>             no action at the origin
 *   "distance"  s = ½ |x - h|²
 */
export type Head = "scalar" | "inner" | "distance";

/** A network and a quadratic skip ½ a(t) |x|² + b(t) · x, which alone is exact for Gaussians of equal shape. */
export interface ActionParams<T = Tensor> {
  readonly net: Mlp<T>;
  /** (t, t²) -> (a, b). */
  readonly skip: Dense<T>;
}

/** Size and form of the network of an action. */
export interface ActionOptions {
  /** Hidden layers and their width. */
  readonly layers?: number;
  readonly width?: number;
  readonly head?: Head;
  /** Intervals with an action of their own each (s may jump at interior snapshots); default 1: one action, continuous in time. */
  readonly intervals?: number;
}

/** SiLU networks: losses differentiate twice, so the network must be smooth. */
export function initAction(
  rng: Random,
  d: number,
  { layers = 3, width = 128, head = "scalar", intervals = 1 }: ActionOptions = {},
): ActionParams<NdArray> {
  const inputs = d + 1 + (intervals > 1 ? intervals : 0);
  const net = mlp.init(rng, [inputs, ...new Array<number>(layers).fill(width), head === "scalar" ? 1 : d]);
  const terms = intervals > 1 ? 3 * intervals : 2;
  const w = ndarray(new Float32Array(terms * (d + 1)), [terms, d + 1], "f32");
  return { net, skip: { ...dense.init(rng, terms, d + 1), w } };
}

/** @param row  one-hot rows [B, intervals], or [1, intervals], of the interval that each row lies in; only for actions with several */
export const action =
  ({ net, skip }: ActionParams, head: Head = "scalar", row?: Tensor): Action =>
  (t, x) => {
    const [n, d] = x.shape;
    const interval = row?.broadcastTo([n, row.shape[1]]);
    const h = mlp.apply(net, concat(interval ? [t, x, interval] : [t, x], 1), "silu");
    const free = head === "scalar" ? h.squeeze(1) : head === "inner" ? h.mul(x).sum(1) : x.sub(h).square().sum(1).mul(0.5);
    const powers = interval ? [interval, interval.mul(t), interval.mul(t.square())] : [t, t.square()];
    const coefficients = dense.apply(skip, concat(powers, 1));
    const a = coefficients.slice(null, 0);
    const b = coefficients.slice(null, [1, d + 1]);
    return free.add(a.mul(x.square().sum(1)).mul(0.5)).add(b.mul(x).sum(1));
  };
