import { cumulative, invertOne, type ResamplingScheme, requireWeight } from "./scheme.ts";

/**
 * ⌊n W_k⌋ copies of each, the other slots drawn independently from what is left. Conditional: with probability ⌊n W_r⌋ / (n W_r) the
 * reference's slot is one of its copies, else one of the draws is made to be it.
 *
 * @source  Liu & Chen, J. Amer. Stat. Assoc. 93 (1998), section 3.2
 */
export const residual: ResamplingScheme = {
  name: "residual",
  uniforms: (slots) => slots,
  ancestors(weights, slots, uniforms) {
    const { copies, rest, left } = shares(weights, slots);
    const sums = left > 0 ? cumulative(rest) : undefined;
    return Int32Array.from({ length: slots }, (_, i) => (i < slots - left ? copies[i] : invertOne(sums!, uniforms[i - (slots - left)])));
  },
  conditional(weights, slots, reference, uniforms) {
    requireWeight(weights[reference], reference);
    const { copies, rest, left, expected } = shares(weights, slots);
    const ancestors = residual.ancestors(weights, slots, uniforms);
    const whole = Math.floor(expected[reference]);
    const isCopy = uniforms[slots] * expected[reference] < whole || !(left > 0 && rest[reference] > 0);
    const slot = isCopy ? copies.indexOf(reference) : slots - left;
    ancestors[slot] = ancestors[0];
    ancestors[0] = reference;
    return ancestors;
  },
};

/** Certain copies in order, and the weights and number of the slots that are left. */
function shares(weights: ArrayLike<number>, slots: number) {
  const sums = cumulative(weights);
  const expected = Float64Array.from({ length: weights.length }, (_, k) => slots * (sums[k] - (k > 0 ? sums[k - 1] : 0)));
  const copies = Array.from(expected).flatMap((e, k) => new Array<number>(Math.floor(e)).fill(k));
  return { expected, copies, rest: expected.map((e) => e - Math.floor(e)), left: slots - copies.length };
}
