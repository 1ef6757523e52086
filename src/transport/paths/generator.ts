/**
 * A learned path between snapshots: a correction of the straight line that vanishes at the knots, so that every snapshot is met exactly,
 *
 *   G(t, a, b) = (1 - u) a + u b + 2 u (1 - u) h(t, a, b),
 *
 * or of another base than the line. Independent rows must be carried forward from a before the middle and backward from b after it, for
 * which h is told 1[u < ½]. Such a path jumps at the middle: its densities do not, but the velocities of its labels miss the jump, so that
 * only samples of it may be used.
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

/** What a generator corrects, and how far. */
export interface GeneratorForm {
  /** Does the path also correct the mass? Then h has one more output, the correction of log mass. */
  readonly growing: boolean;
  /** Does h know the half of the interval? Then the path jumps at its middle. */
  readonly switched: boolean;
  /** Bound of h in each coordinate; half of it is reached at the middle. */
  readonly bound: number;
}

/** Bound of the correction of log mass: a factor of 4.5 at the middle, over what the pairs and the curve of the mass say already. */
const massBound = 3;

/**
 * The bound of corrections: twice the largest extent of the data. At the middle a path may then lie farther out than its line by the whole
 * extent, in any feature. Straight lines, the paths without forces, stay inside of the data; where a force carries paths out, the note of
 * the training says if they come near the bound.
 */
export function correctionBound({ data, shape: [n, d] }: NdArray<"f32">): number {
  let widest = 0;
  for (let j = 0; j < d; j++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < n; i++) {
      low = Math.min(low, data[i * d + j]);
      high = Math.max(high, data[i * d + j]);
    }
    widest = Math.max(widest, high - low);
  }
  return 4 * widest || 1; // a single point has no extent
}

/** The network of a form, for d features. */
export function initGenerator(
  rng: Random,
  d: number,
  { growing, switched }: GeneratorForm,
  { generatorLayers = 2, generatorWidth = 128 }: GeneratorOptions = {},
): Mlp<NdArray> {
  const inputs = 2 * d + (switched ? 3 : 2);
  return mlp.init(rng, [inputs, ...new Array<number>(generatorLayers).fill(generatorWidth), growing ? d + 1 : d]);
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
export function generate(
  net: Mlp,
  { growing, switched, bound }: GeneratorForm,
  time: Tensor,
  u: Tensor,
  a: Tensor,
  b: Tensor,
  base = a.mul(u.neg().add(1)).add(b.mul(u)),
): Corrected {
  const d = a.shape[1];
  const half = switched ? [t.stopGradient(t.less(u, 0.5).cast(a.dtype))] : [];
  const raw = mlp.apply(net, concat([time, u, a, b, ...half], 1), "silu");
  const bump = u.mul(u.neg().add(1)).mul(2);
  const within = (values: Tensor, limit: number): Tensor => t.tanh(values.div(limit));
  const share = within(raw.slice(null, [0, d]), bound);
  const x = base.add(share.mul(bound).mul(bump));
  const reach = t.abs(share).max(1);
  if (!growing) return { x, reach };
  const massShare = within(raw.slice(null, [d, d + 1]), massBound);
  const massFactor = t.exp(massShare.mul(massBound).mul(bump));
  return { x, reach: t.maximum(reach, t.abs(massShare).squeeze(1)), massFactor };
}
