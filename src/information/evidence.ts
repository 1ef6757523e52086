/** Data without exact latents: lower bounds on log p(x), and nothing more. */
import { sizeOf } from "../array/index.ts";
import type { Column } from "../data/index.ts";
import { formatNumber, withError } from "../numbers.ts";
import { type AnnealingState, byDatum, estimate, mixtureLower } from "../sampling/index.ts";
import type { Frozen } from "./annealed/frozen.ts";
import { effectiveChains } from "./annealed/judge.ts";
import type { Joint } from "./models/joint.ts";

export interface Evidence {
  /** log p(x_b) from below: [B]. */
  readonly values: Float64Array;
  readonly mean: number;
  readonly error: number;
  readonly results: Readonly<Record<string, unknown>>;
}

/**
 * Forward chains alone: E log p̂(x) ≤ log p(x) for any x, real or drawn. The mean over real data is a lower bound on their mean log
 * likelihood; it says nothing of I(X;Z) from both sides, for no exact posterior draw of real x exists.
 */
export function evidenceOf(joint: Joint, state: AnnealingState, chains: number, frozen: Frozen, acceptance: number): Evidence {
  const logWeights = state.logWeights.data as Float64Array;
  const B = logWeights.length / chains;
  const constant = joint.likelihood.constant(sizeOf(joint.observed));
  const values = Float64Array.from(byDatum(logWeights, B), (f) => mixtureLower(f) + constant);
  const { mean, error } = estimate(values);
  const effective = effectiveChains(logWeights, B);
  return {
    ...{ values, mean, error },
    results: {
      unit: "nats",
      interval: null,
      bounds: [
        {
          name: "log p(x), annealed mixture",
          kind: "lower",
          ...{ mean, se: error, valid: true },
          why: "the log of an unbiased estimate; an upper bound would need exact posterior draws, which real data do not have",
        },
      ],
      logLikelihood: { lower: mean, upper: null, se: error },
      ...{ acceptance, essMin: effective.least, essMean: effective.mean },
      ...{ pairs: B, chains, temperatures: frozen.betas.length - 1, leapfrogs: frozen.leapfrogs, route: frozen.route },
    },
  };
}

export const evidenceSentence = ({ mean, error }: Evidence): string =>
  `log p(x) is at least ${withError(mean, error)} nats in the mean (${formatNumber(mean / Math.LN2)} bits)`;

export const evidenceColumns = ({ values }: Evidence): Column[] => [{ name: "log_p_x_lower", values }];
