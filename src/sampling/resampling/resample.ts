/** Resampling with random numbers from a stream. */
import type { Random } from "../../array/index.ts";
import { multinomial } from "./multinomial.ts";
import { residual } from "./residual.ts";
import type { ResamplingScheme } from "./scheme.ts";
import { stratified } from "./stratified.ts";
import { systematic } from "./systematic.ts";

/** All schemes by name. */
export const resamplingSchemes = { multinomial, stratified, systematic, residual } as const;

/**
 * Ancestors of as many slots as there are weights (or of `slots`). With a reference, slot 0 keeps it and the others are permuted, as the
 * conditional law has them.
 *
 * @param weights  not negative; they need not add up to 1
 */
export function resample(
  scheme: ResamplingScheme,
  weights: ArrayLike<number>,
  rng: Random,
  { slots = weights.length, reference }: { readonly slots?: number; readonly reference?: number } = {},
): Int32Array {
  const uniforms = rng.uniform([scheme.uniforms(slots) + 1], "f64").data;
  if (reference === undefined) return scheme.ancestors(weights, slots, uniforms);
  const ancestors = scheme.conditional(weights, slots, reference, uniforms);
  const order = rng.permutation(slots - 1).data;
  return Int32Array.from(ancestors, (ancestor, i) => (i === 0 ? ancestor : ancestors[1 + order[i - 1]]));
}
