import { cumulative, invertOne, type ResamplingScheme, requireWeight } from "./scheme.ts";

/** Independent draws. Conditional: slot 0 is the reference, the others are drawn from all weights, its own included. */
export const multinomial: ResamplingScheme = {
  name: "multinomial",
  uniforms: (slots) => slots,
  ancestors(weights, slots, uniforms) {
    const sums = cumulative(weights);
    return Int32Array.from({ length: slots }, (_, i) => invertOne(sums, uniforms[i]));
  },
  conditional(weights, slots, reference, uniforms) {
    requireWeight(weights[reference], reference);
    const ancestors = multinomial.ancestors(weights, slots, uniforms);
    ancestors[0] = reference;
    return ancestors;
  },
};
