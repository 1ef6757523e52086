/** What a run says first: diagnostics with their thresholds. */
import { formatNumber, withError } from "../../numbers.ts";
import type { Sandwich } from "../bounds/estimate.ts";
import { autocorrelationTime, type Chains, shortestTimes } from "./autocorrelation.ts";
import { kishSize } from "./kish.ts";
import { paretoShape } from "./pareto.ts";
import { rankRHat } from "./r-hat.ts";

/** What there is to judge; each part may be absent. */
export interface Evidence {
  /** Forward log weights of one data point or run. */
  readonly logWeights?: ArrayLike<number>;
  /** Mean acceptance of each step. */
  readonly acceptance?: ArrayLike<number>;
  /** Proposals rejected because they were not finite, and proposals in all. */
  readonly invalid?: { readonly rejected: number; readonly proposals: number };
  readonly sandwich?: Sandwich;
  /** Chains of one quantity. */
  readonly chains?: Chains;
}

/** Thresholds, each with its reason. */
export const limits = {
  /** Below 5 % of the weights a handful of chains decides the mean. */
  effectiveShare: 0.05,
  /** Above 0.7 the number of weights that a mean needs grows beyond what one can have (Vehtari et al., JMLR 25, section 3.2). */
  paretoShape: 0.7,
  /** Below a fifth most work goes into proposals that are thrown away; random walks do best at 0.23, HMC at 0.65. */
  acceptance: 0.2,
  /** One proposal in a hundred: more than stray steps over the edge of the support. */
  invalidShare: 0.01,
  /** Standard errors: bounds cross by chance once in 30,000 runs whose gap is 0. */
  crossing: 4,
  /** Above 1.01 chains have not seen the same law (Vehtari et al., Bayesian Analysis 16, section 4). */
  rHat: 1.01,
} as const;

/** What is wrong, as sentences with what to do; none if all is well. The bounds stay bounds whatever these say, but for the crossing. */
export function samplingCautions({ logWeights, acceptance, invalid, sandwich, chains }: Evidence): string[] {
  return [
    ...(sandwich ? crossing(sandwich) : []),
    ...(logWeights ? weightCautions(logWeights) : []),
    ...(acceptance ? acceptanceCautions(acceptance) : []),
    ...(invalid && invalid.rejected > limits.invalidShare * invalid.proposals
      ? [`${invalid.rejected} of ${invalid.proposals} proposals were not finite and were rejected: smaller steps, or check the log density`]
      : []),
    ...(chains ? chainCautions(chains) : []),
  ];
}

function crossing({ lower, upper }: Sandwich): string[] {
  const excess = (lower.mean - upper.mean) / Math.hypot(lower.error, upper.error);
  if (!(excess > limits.crossing)) return [];
  const values = `the lower bound ${withError(lower.mean, lower.error)} is above the upper bound ${withError(upper.mean, upper.error)}`;
  return [`${values}: the exact draws do not belong to this target (permuted rows, another scale), or its density is wrong`];
}

function weightCautions(logWeights: ArrayLike<number>): string[] {
  const [size, shape] = [kishSize(logWeights), paretoShape(logWeights)];
  const few = size < limits.effectiveShare * logWeights.length;
  return [
    ...(few
      ? [`${formatNumber(size)} of ${logWeights.length} weights decide (effective size): more temperatures, or a better proposal`]
      : []),
    ...(shape > limits.paretoShape
      ? [`the weights have a heavy tail (Pareto k ${shape.toFixed(2)}): standard errors of their mean are too small; more temperatures`]
      : []),
  ];
}

function acceptanceCautions(acceptance: ArrayLike<number>): string[] {
  const low = Array.from(acceptance).flatMap((a, t) => (a < limits.acceptance ? [t] : []));
  if (low.length === 0) return [];
  return [
    `acceptance is below ${limits.acceptance} in ${low.length} of ${acceptance.length} steps (first: ${low[0] + 1}): smaller steps there`,
  ];
}

function chainCautions(chains: Chains): string[] {
  const rHat = rankRHat(chains);
  const times = chains[0].length / autocorrelationTime(chains);
  return [
    ...(rHat > limits.rHat || Number.isNaN(rHat)
      ? [`chains disagree (R-hat ${formatNumber(rHat)}): run them longer, or look for modes`]
      : []),
    ...(times < shortestTimes
      ? [`chains of ${chains[0].length} steps are ${formatNumber(times)} autocorrelation times long: their errors are guesses`]
      : []),
  ];
}
