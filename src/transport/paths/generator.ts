/**
 * A learned path between snapshots: a correction of the straight line that vanishes at the knots, so that every snapshot is met exactly,
 *
 *   G(t, a, b) = (1 - u) a + u b + 2 u (1 - u) h(t, a, b, 1[u < ½]).
 *
 * or of another base than the line. The switch at the middle lets independent rows be carried forward from a before it and backward from b
 * after it.
 *
 * @source  Neklyudov et al., Wasserstein Lagrangian Flows, ICML 2024, section 3.3
 */

import type { NdArray, Random } from "../../array/index.ts";
import { type Mlp, mlp } from "../../nn/index.ts";
import * as t from "../../tensor/index.ts";
import { concat, type Tensor } from "../../tensor/index.ts";

/** Size of the network of a generator. */
export interface GeneratorOptions {
  readonly generatorLayers?: number;
  readonly generatorWidth?: number;
}

/** Bound of h, in units of the training: corrections of three standard deviations. */
const bound = 3;

/** @param growing  does the path also correct the mass? Then h has one more output, the correction of log mass. */
export function initGenerator(
  rng: Random,
  d: number,
  growing: boolean,
  { generatorLayers = 2, generatorWidth = 128 }: GeneratorOptions = {},
): Mlp<NdArray> {
  return mlp.init(rng, [2 * d + 3, ...new Array<number>(generatorLayers).fill(generatorWidth), growing ? d + 1 : d]);
}

/** What a generator makes of rows. */
interface Corrected {
  /** Points [B, d]. */
  readonly x: Tensor;
  /** Factor of their mass, [B, 1]; for networks with one more output. */
  readonly massFactor?: Tensor;
  /** Largest correction of each row over its bound, [B]. */
  readonly reach: Tensor;
}

/** @param base  points at u that are corrected; default: on the straight lines from a to b */
export function generate(net: Mlp, time: Tensor, u: Tensor, a: Tensor, b: Tensor, base = a.mul(u.neg().add(1)).add(b.mul(u))): Corrected {
  const d = a.shape[1];
  const half = t.stopGradient(t.less(u, 0.5).cast(a.dtype));
  const raw = mlp.apply(net, concat([time, u, a, b, half], 1), "silu");
  const h = t.tanh(raw.div(bound)).mul(bound);
  const bump = u.mul(u.neg().add(1)).mul(2);
  const x = base.add(h.slice(null, [0, d]).mul(bump));
  const reach = t.abs(h).max(1).div(bound);
  return h.shape[1] > d ? { x, reach, massFactor: t.exp(h.slice(null, [d, d + 1]).mul(bump)) } : { x, reach };
}
