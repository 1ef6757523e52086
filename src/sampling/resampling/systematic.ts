import { cumulative, invertSorted, type ResamplingScheme, referencePoint, toFront } from "./scheme.ts";

/**
 * One uniform for all: positions (i + u) / n. Copies of k are ⌊n W_k⌋ or ⌈n W_k⌉. Conditional: the offset is that of a point of the
 * reference's interval.
 *
 * @source  Carpenter, Clifford & Fearnhead, IEE Proc. Radar 146 (1999); conditional: Chopin & Singh, Bernoulli 21 (2015), section 5
 */
export const systematic: ResamplingScheme = {
  name: "systematic",
  uniforms: () => 1,
  ancestors: (weights, slots, uniforms) => invertSorted(cumulative(weights), positionsOf(slots, uniforms[0])),
  conditional(weights, slots, reference, uniforms) {
    const sums = cumulative(weights);
    const { v, slot } = referencePoint(sums, reference, slots, uniforms[0]);
    return toFront(invertSorted(sums, positionsOf(slots, slots * v - slot)), slot, reference);
  },
};

const positionsOf = (slots: number, offset: number): Float64Array => Float64Array.from({ length: slots }, (_, i) => (i + offset) / slots);
