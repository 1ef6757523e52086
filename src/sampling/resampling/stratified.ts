import { cumulative, invertSorted, type ResamplingScheme, referencePoint, toFront } from "./scheme.ts";

/**
 * One draw in each of n equal strata: positions (i + u_i) / n. Conditional: the reference's stratum has a point of its interval.
 *
 * @source  Kitagawa, J. Comput. Graph. Stat. 5 (1996), section 2.3
 */
export const stratified: ResamplingScheme = {
  name: "stratified",
  uniforms: (slots) => slots,
  ancestors: (weights, slots, uniforms) =>
    invertSorted(
      cumulative(weights),
      Float64Array.from({ length: slots }, (_, i) => (i + uniforms[i]) / slots),
    ),
  conditional(weights, slots, reference, uniforms) {
    const sums = cumulative(weights);
    const { v, slot } = referencePoint(sums, reference, slots, uniforms[slots]);
    const positions = Float64Array.from({ length: slots }, (_, i) => (i === slot ? v : (i + uniforms[i]) / slots));
    return toFront(invertSorted(sums, positions), slot, reference);
  },
};
