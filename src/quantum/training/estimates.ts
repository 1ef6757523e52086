/**
 * Objectives from drawn strings s_1 … s_S alone, each with the weights of its score-function gradient, Σ w ∂ log p. With f the cost, or the
 * cost and what else is in the mean, and the mean of the other draws subtracted from each, which changes no expectation,
 *
 *   value = f̄,   w_i = (f(s_i) - f̄) / (S - 1):   E Σ w ∂ log p = Cov(f, ∂ log p) = ∂ E f.
 *
 * Values and gradients are unbiased. CVaR and Gibbs' objective are no means over p: a finite sample biases them, and they are not here.
 *
 * @source  Williams, Machine Learning 8 (1992); Kool, van Hoof & Welling, ICLR 2019 workshop, for the baseline
 */
import { popcount } from "../landscape/walsh.ts";
import type { Cost } from "../search/counter.ts";
import type { Estimate } from "./sampler.ts";

/** Σ p C. */
export const sampledMean = (cost: Cost): Estimate => sampledMeanOf((k) => cost(k));

/** Σ p (C + T log p); ∂ of log p itself has the mean 0. */
export const sampledFreeEnergy = (cost: Cost, temperature: number): Estimate => sampledMeanOf((k, log) => cost(k) + temperature * log);

function sampledMeanOf(f: (k: number, log: number) => number): Estimate {
  return ({ states, counts, shots, logs }) => {
    const values = states.map((k, i) => f(k, logs[i]));
    const value = values.reduce((sum, v, i) => sum + (counts[i] / shots) * v, 0);
    return { value, weights: Float64Array.from(values, (v, i) => (counts[i] * (v - value)) / (shots - 1)) };
  };
}

/**
 * Σ p C + w MMD²(p, uniform), kernel e^{-hamming / ℓ}: its mean over pairs of different draws, less the kernel's mean over uniform bits,
 * ((1 + e^{-1/ℓ}) / 2)^n. With R_i the sum of the kernel from draw i to all others and H = Σ R, a draw weighs 2 w (R_i / (S - 1) - b_i) / S,
 * b_i = (H - 2 R_i) / ((S - 1) (S - 2)), the mean over pairs without it.
 */
export function sampledDiscrepancy(cost: Cost, bits: number, weight: number, length = 1): Estimate {
  const kernel = Float64Array.from({ length: bits + 1 }, (_, distance) => Math.exp(-distance / length));
  const uniform = ((1 + Math.exp(-1 / length)) / 2) ** bits;
  const mean = sampledMean(cost);
  return (draws) => {
    const { states, counts, shots } = draws;
    const { value, weights } = mean(draws);
    const rows = states.map((k) => states.reduce((sum, l, i) => sum + counts[i] * kernel[popcount(k ^ l)], -1));
    const all = rows.reduce((sum, row, i) => sum + counts[i] * row, 0);
    const pull = (row: number): number => row / (shots - 1) - (all - 2 * row) / ((shots - 1) * (shots - 2));
    return {
      value: value + weight * (all / (shots * (shots - 1)) - uniform),
      weights: weights.map((w, i) => w + (2 * weight * counts[i] * pull(rows[i])) / shots),
    };
  };
}
