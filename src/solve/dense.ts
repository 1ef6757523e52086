/** States between the ends of a step. */
import type { Tensor } from "../tensor/index.ts";
import { combine } from "./step.ts";
import type { Tableau } from "./tableau.ts";

/**
 * The cubic through both ends of a step with their slopes, and, where the tableau has coefficients d_i for it, the term of order four:
 *
 *   x(t + θh) ≈ x + θ (Δ + (1 - θ)(a + θ (b + (1 - θ) h Σ d_i k_i))),   Δ = x' - x,  a = h k_first - Δ,  b = Δ - h k_last - a
 *
 * @param slopes  of all stages, and at the end
 * @param places  θ [M] in [0, 1]
 * @returns  [M, n, d]
 * @source   Hairer, Nørsett & Wanner I, section II.6
 */
export function interpolate({ dense }: Tableau, x: Tensor, next: Tensor, slopes: readonly Tensor[], h: Tensor, places: Tensor): Tensor {
  const theta = places.reshape([places.shape[0], ...x.shape.map(() => 1)]);
  const rest = theta.neg().add(1);
  const way = next.sub(x);
  const bend = slopes[0].mul(h).sub(way);
  const twist = way.sub(slopes[slopes.length - 1].mul(h)).sub(bend);
  const inner = dense ? twist.add(rest.mul(combine(slopes, dense).mul(h))) : twist;
  return x.add(theta.mul(way.add(rest.mul(bend.add(theta.mul(inner))))));
}
