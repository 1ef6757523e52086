/**
 * Stochastic differential equations dX = f(t, X) dt + g(t, X) dW. Steps take the increments of the Brownian motion, √|h| z with z ~
 * N(0, 1), as data: the same noise gives the same path.
 */
import { abs, sqrt, type Tensor } from "../tensor/index.ts";
import type { Field, NoisyStep } from "./step.ts";

/** The two sides of a stochastic equation. */
export interface Noisy {
  /** f. */
  readonly drift: Field;
  /** g(t, x) dW for increments dW of the shape of the noise that is given. */
  readonly diffusion: (t: Tensor, x: Tensor, dW: Tensor) => Tensor;
}

/** A solver of stochastic equations. */
export type Scheme = (equation: Noisy) => NoisyStep;

const increments = (z: Tensor, h: Tensor): Tensor => z.mul(sqrt(abs(h)));

/**
 * Euler and Maruyama: x ← x + f h + g dW, for Itô's equation. Strong order ½ (1 if g does not depend on x), weak order 1.
 *
 * @source  Kloeden & Platen, Numerical Solution of Stochastic Differential Equations (1992), section 10.2
 */
export const eulerMaruyama: Scheme =
  ({ drift, diffusion }) =>
  (t, x, h, z) =>
    x.add(drift(t, x).mul(h)).add(diffusion(t, x, increments(z, h)));

/**
 * Heun's method: a step of Euler and Maruyama to x', then the mean of f and of g at both ends,
 *
 *   x ← x + ½ (f(t, x) + f(t + h, x')) h + ½ (g(t, x) + g(t + h, x')) dW,
 *
 * for Stratonovich's equation, dX = f dt + g ∘ dW (the same as Itô's if g does not depend on x). Strong order 1 for commutative noise, and
 * order 2 without noise.
 *
 * @source  Rümelin, SIAM J. Numer. Anal. 19 (1982)
 */
export const stochasticHeun: Scheme =
  ({ drift, diffusion }) =>
  (t, x, h, z) => {
    const [dW, end] = [increments(z, h), t.add(h)];
    const [f, g] = [drift(t, x), diffusion(t, x, dW)];
    const guess = x.add(f.mul(h)).add(g);
    const way = f.add(drift(end, guess)).mul(h.mul(0.5));
    return x.add(way).add(g.add(diffusion(end, guess, dW)).mul(0.5));
  };
