/** What a resampling scheme is; inverse cumulative sums. */
import { UserError } from "../../errors.ts";

/**
 * A way to choose n ancestors in proportion to weights: E[copies of k] = n W_k, which is all that unbiased estimates need.
 *
 * The conditional version draws from the scheme's law (with its slots permuted at random) given that slot 0's ancestor is the reference.
 * Keeping the reference and resampling the other slots as usual is that law for multinomial resampling only.
 */
export interface ResamplingScheme {
  readonly name: string;
  /** Uniforms on (0, 1) that n slots need, of which the conditional version needs one more. */
  readonly uniforms: (slots: number) => number;
  /**
   * @param weights   W, adding up to 1
   * @param slots     n
   * @param uniforms  as many as `uniforms(n)`
   * @returns  the ancestor of each slot, in the scheme's own order
   */
  readonly ancestors: (weights: ArrayLike<number>, slots: number, uniforms: ArrayLike<number>) => Int32Array;
  /** Slot 0 is the reference; the other slots are in the scheme's own order, to be permuted. */
  readonly conditional: (weights: ArrayLike<number>, slots: number, reference: number, uniforms: ArrayLike<number>) => Int32Array;
}

/** Cumulative sums C_k of weights over their total; exactly 1 from the last positive weight on. */
export function cumulative(weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(weights.length);
  let total = 0;
  let last = 0;
  for (let k = 0; k < weights.length; k++) {
    if (!(weights[k] >= 0)) throw new UserError(`resampling: weight ${k} is ${weights[k]}`);
    sums[k] = total += weights[k];
    if (weights[k] > 0) last = k;
  }
  if (!(total > 0 && Number.isFinite(total))) throw new UserError(`resampling: the weights add up to ${total}`);
  for (let k = 0; k < last; k++) sums[k] /= total;
  return sums.fill(1, last);
}

/** First index k with C_k > u, for each of increasing u: one pass. A position rounded up to 1 belongs to the last positive weight. */
export function invertSorted(sums: Float64Array, positions: ArrayLike<number>): Int32Array {
  const ancestors = new Int32Array(positions.length);
  for (let i = 0, k = 0; i < positions.length; i++) {
    while (sums[k] <= positions[i] && sums[k] < 1) k++;
    ancestors[i] = k;
  }
  return ancestors;
}

/** First index k with C_k > u. */
export function invertOne(sums: Float64Array, u: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A point of the reference's interval [C_{r-1}, C_r) of the cumulative sums, and the slot of n in which it lies. */
export function referencePoint(sums: Float64Array, reference: number, slots: number, u: number): { v: number; slot: number } {
  const from = reference > 0 ? sums[reference - 1] : 0;
  requireWeight(sums[reference] - from, reference);
  const v = from + (sums[reference] - from) * u;
  return { v, slot: Math.min(slots - 1, Math.floor(slots * v)) };
}

/** A reference of weight 0 is no draw of the target: nothing could be conditioned on it. */
export function requireWeight(weight: number, reference: number): void {
  if (!(weight > 0))
    throw new UserError(
      `conditional resampling: the reference (particle ${reference}) has weight 0`,
      "it must be an exact draw of the target",
    );
}

/** Brings the reference from its slot to slot 0. */
export function toFront(ancestors: Int32Array, slot: number, reference: number): Int32Array {
  ancestors[slot] = ancestors[0];
  ancestors[0] = reference;
  return ancestors;
}
