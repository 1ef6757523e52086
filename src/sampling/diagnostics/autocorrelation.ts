/** Correlated chains: autocorrelation, its integrated time, and errors that allow for it. */

import { UserError } from "../../errors.ts";
import type { Estimate } from "../bounds/estimate.ts";

/** Chains of one quantity: a list of equally long series. */
export type Chains = readonly ArrayLike<number>[];

/** Length of the chains, at least 2, all of one length. */
export function lengthOf(chains: Chains): number {
  const n = chains[0]?.length ?? 0;
  if (n < 2 || chains.some((chain) => chain.length !== n)) throw new UserError("chains must be of one length, two values or more");
  return n;
}

function centreOf(chains: Chains): number {
  let sum = 0;
  for (const chain of chains) for (let i = 0; i < chain.length; i++) sum += chain[i];
  return sum / (chains.length * chains[0].length);
}

/** Autocovariance at a lag about the common mean, over n: (1/n) Σ (x_i - m)(x_{i+lag} - m), averaged over chains. */
function autocovariance(chains: Chains, mean: number, lag: number): number {
  const n = chains[0].length;
  let sum = 0;
  for (const chain of chains) for (let i = 0; i + lag < n; i++) sum += (chain[i] - mean) * (chain[i + lag] - mean);
  return sum / (n * chains.length);
}

/** Chains shorter than so many autocorrelation times say little of them: the estimate is biased down by their length. */
export const shortestTimes = 50;

/**
 * Integrated autocorrelation time τ = 1 + 2 Σ_k ρ_k: the variance of the mean is that of n / τ independent values. For reversible chains
 * the sums of neighbours ρ_2k + ρ_2k+1 are positive and fall: they are added while they are, each no larger than the one before; what
 * follows is noise. Antithetic chains have τ < 1, not trusted below 1 / log10(values); chains that never move have τ = n.
 *
 * @source  Geyer, Statistical Science 7 (1992), section 3.3; Vehtari et al., Bayesian Analysis 16 (2021), section 3.2
 */
export function autocorrelationTime(chains: Chains): number {
  const n = lengthOf(chains);
  const mean = centreOf(chains);
  const variance = autocovariance(chains, mean, 0);
  if (!(variance > 0)) return n;
  let tau = -1;
  let before = Number.POSITIVE_INFINITY;
  for (let lag = 0; lag + 1 < n; lag += 2) {
    const pair = (autocovariance(chains, mean, lag) + autocovariance(chains, mean, lag + 1)) / variance;
    if (!(pair > 0)) break;
    before = Math.min(before, pair);
    tau += 2 * before;
  }
  return Math.max(tau, 1 / Math.log10(n * chains.length));
}

/** Mean of correlated chains and its standard error √(σ² τ / (n · chains)). */
export function correlatedEstimate(chains: Chains): Estimate {
  const mean = centreOf(chains);
  const count = lengthOf(chains) * chains.length;
  return { mean, error: Math.sqrt((autocovariance(chains, mean, 0) * autocorrelationTime(chains)) / count) };
}

/** The standard error by blocks of one length. */
export interface BlockedError {
  readonly length: number;
  readonly error: number;
  /** Uncertainty of the error itself: error / √(2 (blocks - 1)). */
  readonly uncertainty: number;
}

/**
 * Standard errors of the mean from means over blocks of 1, 2, 4, … values: they rise until blocks are longer than correlations last, and
 * the plateau is the error.
 *
 * @source  Flyvbjerg & Petersen, J. Chem. Phys. 91 (1989), eqs. 21, 27 and 28
 */
export function blockedErrors(values: ArrayLike<number>): BlockedError[] {
  lengthOf([values]);
  const errors: BlockedError[] = [];
  let blocks = Float64Array.from(values);
  for (let length = 1; blocks.length >= 2; length *= 2) {
    const n = blocks.length;
    const mean = blocks.reduce((a, b) => a + b, 0) / n;
    const error = Math.sqrt(blocks.reduce((a, b) => a + (b - mean) ** 2, 0) / (n * (n - 1)));
    errors.push({ length, error, uncertainty: error / Math.sqrt(2 * (n - 1)) });
    const pairs = blocks;
    blocks = Float64Array.from({ length: n >> 1 }, (_, i) => (pairs[2 * i] + pairs[2 * i + 1]) / 2);
  }
  return errors;
}
