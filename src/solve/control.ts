/** How long steps are: a constant part of the way, or as the error allows. */

import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** So many equal steps between neighbouring times. */
export interface ConstantSteps {
  readonly steps: number;
}

/**
 * Steps by their error: with e the error over its tolerance, of this step and of the one before, and q the order of the embedded method
 * plus one,
 *
 *   h ← h clamp(0.9 e^(-(i + p) / q) e_before^(p / q), 0.2, 10),
 *
 * and a step of e ≥ 1 is made again, not longer. With p = 0 (the default) it is the plain controller of the error (I); p > 0 damps the
 * changes of h (PI), which saves rejected steps where stability rather than accuracy bounds h; i = 0.4 and p = 0.3 are usual then.
 *
 * @source  Söderlind, ACM TOMS 29 (2003); Hairer & Wanner II, section IV.2
 */
export interface AdaptiveSteps {
  /** The tolerance of each coordinate is atol + rtol |x|. */
  readonly rtol: number;
  readonly atol: number;
  /** i and p. */
  readonly integral: number;
  readonly proportional: number;
  /** Most steps, accepted and rejected; the solution is NaN at times that were not reached. */
  readonly maxSteps: number;
}

/** Either of the two. */
export type Control = ConstantSteps | AdaptiveSteps;

/** So many equal steps between neighbouring times. */
export const constantSteps = (steps: number): ConstantSteps => ({ steps });

/** Steps by their error; see `AdaptiveSteps`. */
export const adaptiveSteps = ({
  rtol = 1e-5,
  atol = 1e-5,
  integral = 1,
  proportional = 0,
  maxSteps = 10_000,
}: Partial<AdaptiveSteps> = {}): AdaptiveSteps => ({ rtol, atol, integral, proportional, maxSteps });

/** Below this an error counts as so small. */
const least = 1e-10;

/** Factor of the step size. */
export function stepFactor({ integral, proportional }: AdaptiveSteps, q: number, error: Tensor, before: Tensor): Tensor {
  const plain = t.pow(t.maximum(error, least), -(integral + proportional) / q);
  const damped = proportional === 0 ? plain : plain.mul(t.pow(t.maximum(before, least), proportional / q));
  return t.clamp(damped.mul(0.9), 0.2, 10);
}

/**
 * ‖error / (atol + rtol max(|from|, |to|))‖, the root mean square over the coordinates of the particle for which it is largest: all
 * particles take the same steps, and none is integrated badly.
 */
export function errorOf({ rtol, atol }: AdaptiveSteps, error: Tensor, from: Tensor, to: Tensor): Tensor {
  const scale = t.maximum(t.abs(from), t.abs(to)).mul(rtol).add(atol);
  return t.sqrt(error.div(scale).square().mean(-1)).max();
}

/** A first step by the size of state and slope (Hairer, Nørsett & Wanner I, section II.4, without the trial step). */
export function firstStep({ rtol, atol }: AdaptiveSteps, x: Tensor, slope: Tensor, span: Tensor): Tensor {
  const scale = t.abs(x).mul(rtol).add(atol);
  const [size, speed] = [x, slope].map((y) => t.sqrt(y.div(scale).square().mean()));
  const guess = size.div(t.maximum(speed, 1e-10)).mul(0.01);
  return t.sign(span).mul(t.minimum(t.maximum(guess, t.abs(span).mul(1e-4)), t.abs(span)));
}
