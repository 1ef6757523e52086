/** Times of a batch, as places in [0, 1]: spread evenly, or drawn by a density that follows the spread of the loss. */

import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";

/** u_i = frac(u_0 + √2 i) from a random u_0: a sequence of low discrepancy. */
export function evenTimes(rng: Random, batch: number): Float64Array {
  const [start] = rng.uniform([1], "f64").data;
  const places = new Float64Array(batch);
  for (let i = 0; i < batch; i++) places[i] = (start + Math.SQRT2 * i) % 1;
  return places;
}

/** Running mean and mean square of the loss's integrand around each of 100 knots. */
export interface TimeDensity<T = NdArray> {
  readonly mean: T;
  readonly square: T;
}

const knots = 100;
const memory = 0.99;
/** Part of the times that stays uniform. */
const uniformPart = 0.01;

/** A density before anything is known of the loss. */
export function initTimeDensity(): TimeDensity {
  const [mean, square] = [0, 1].map((v) => ndarray(new Float32Array(knots).fill(v), [knots], "f32"));
  return { mean, square };
}

/**
 * Means over a batch with weights exp(-|knot - u_i| / 0.01), then averaged over steps.
 *
 * @param u          places [B, 1]
 * @param integrand  [B], not divided by the density
 */
export function updateTimeDensity({ mean, square }: TimeDensity<Tensor>, u: Tensor, integrand: Tensor): TimeDensity<Tensor> {
  const at = t.iota(knots, "f32").div(knots - 1);
  const weights = t.softmax(t.abs(u.sub(at)).mul(-100), 0); // [B, knots]
  const toward = (old: Tensor, values: Tensor): Tensor =>
    old.mul(memory).add(
      values
        .expandDims(0)
        .matmul(weights)
        .squeeze(0)
        .mul(1 - memory),
    );
  return { mean: toward(mean, integrand), square: toward(square, integrand.square()) };
}

/** p ∝ standard deviation at the knots, linear between them: values at the knots, of mean one. */
export function densityAtKnots({ mean, square }: TimeDensity): Float64Array {
  const spread = Float64Array.from(mean.data as Float32Array, (m, i) => Math.sqrt(Math.max(0, (square.data as Float32Array)[i] - m * m)));
  const area = spread.reduce((s, v, i) => s + (i > 0 ? (v + spread[i - 1]) / 2 : 0), 0) / (knots - 1);
  if (!(area > 0)) return new Float64Array(knots).fill(1);
  return spread.map((v) => ((1 - uniformPart) * v) / area + uniformPart);
}

/**
 * The place whose cumulated density is `level`, by inverting the quadratic of its piece, and the density there.
 *
 * @param p      densities at equally spaced knots of [0, 1], of mean one
 * @param level  in [0, 1]
 */
export function invertDensity(p: ArrayLike<number>, level: number): { u: number; density: number } {
  const h = 1 / (p.length - 1);
  let k = 0;
  let before = 0;
  const piece = (j: number): number => ((p[j] + p[j + 1]) / 2) * h;
  while (k < p.length - 2 && before + piece(k) < level) before += piece(k++);
  const slope = (p[k + 1] - p[k]) / h;
  const rest = Math.max(0, level - before);
  // p_k z + slope z² / 2 = rest, in the form that does not cancel
  const z = Math.min(h, (2 * rest) / (p[k] + Math.sqrt(Math.max(0, p[k] ** 2 + 2 * slope * rest)) || 1));
  return { u: k * h + z, density: p[k] + slope * z };
}
