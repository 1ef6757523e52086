/** Means with standard errors, and pairs of them that enclose log Z. */
import { UserError } from "../../errors.ts";

/** A mean of independent values. */
export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean; NaN for one value. */
  readonly error: number;
}

/** Mean and standard error sd / √n of independent values (bounds of independent data points, or of independent runs). */
export function estimate(values: ArrayLike<number>): Estimate {
  const n = values.length;
  if (n === 0) throw new UserError("estimate: there are no values to average");
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i] / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  return { mean, error: Math.sqrt(squares / (n - 1) / n) };
}

/** a - b of independent estimates. */
export const difference = (a: Estimate, b: Estimate): Estimate => ({ mean: a.mean - b.mean, error: Math.hypot(a.error, b.error) });

/** A stochastic lower and a stochastic upper bound: their expectations enclose the truth, one value of each need not. */
export interface Sandwich {
  readonly lower: Estimate;
  readonly upper: Estimate;
}

/**
 * Bounds on log Z from runs: E[log Ẑ] ≤ log Z where Ẑ is an unbiased estimate (importance sampling, annealing, SMC), and E[log Ẑ] ≥ log Z
 * under the law of the extended target (reverse annealing, SMC given one exact draw). It does not matter who made them.
 */
export const sandwich = (lower: ArrayLike<number>, upper: ArrayLike<number>): Sandwich => ({
  lower: estimate(lower),
  upper: estimate(upper),
});
