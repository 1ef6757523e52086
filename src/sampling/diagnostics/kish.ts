/** Effective sample size of weights. */
import { normalisedWeights } from "../bounds/log-mean-exp.ts";

/**
 * Kish's effective sample size (Σ w)² / Σ w², from log weights: between 1 and their number; 0 if no weight is positive.
 *
 * @source  Kish, Survey Sampling (1965), section 11.7
 */
export function kishSize(logWeights: ArrayLike<number>): number {
  const weights = normalisedWeights(logWeights);
  let squares = 0;
  for (const w of weights) squares += w * w;
  return Number.isNaN(squares) ? 0 : 1 / squares;
}
