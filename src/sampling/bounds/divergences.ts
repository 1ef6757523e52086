/** Kullback-Leibler divergences between a proposal q and a target σ = σ̃ / Z, both ways. */
import { difference, type Estimate, estimate } from "./estimate.ts";

/** Bounds on a divergence; what cannot be had is absent. */
export interface DivergenceBounds {
  readonly lower?: Estimate;
  readonly upper?: Estimate;
}

/**
 * From log weights log σ̃ - log q and bounds on log Z:
 *
 *   KL(q‖σ) = log Z - E_q[log w],   KL(σ‖q) = E_σ[log w] - log Z.
 *
 * A bound on log Z bounds the first on the same side and the second on the other. Without exact draws of σ there is no upper bound on
 * log Z, so that KL(q‖σ) is bounded from below only. Errors are those of independent estimates.
 */
export function divergences(
  logWeights: { readonly proposal: ArrayLike<number>; readonly target?: ArrayLike<number> },
  logZ: { readonly lower?: Estimate; readonly upper?: Estimate },
): { readonly fromProposal: DivergenceBounds; readonly fromTarget: DivergenceBounds } {
  const F = estimate(logWeights.proposal);
  const G = logWeights.target && estimate(logWeights.target);
  const { lower, upper } = logZ;
  return {
    fromProposal: { lower: lower && difference(lower, F), upper: upper && difference(upper, F) },
    fromTarget: { lower: G && upper && difference(G, upper), upper: G && lower && difference(G, lower) },
  };
}
