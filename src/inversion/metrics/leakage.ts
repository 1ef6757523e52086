/** The price of a class: how many nats an attack must pay to draw it. */
import type { Withheld } from "../../distances/index.ts";
import { formatNumber } from "../../numbers.ts";

/** One fit of a sweep over the temper γ. */
export interface Tempered {
  readonly gamma: number;
  /** Attack accuracy of its samples by the evaluator, in [0, 1]. */
  readonly accuracy: number;
  /** KL(q ‖ p) of codes, nats. */
  readonly kl: number;
}

/** What a class costs. */
export interface Price {
  readonly nats: number;
  readonly bits: number;
  readonly gamma: number;
  readonly accuracy: number;
}

/** Attack accuracy at which a class counts as drawn. */
const drawn = 0.9;

/**
 * KL(q ‖ p) at the largest γ at which the evaluator takes 90 % of the samples for the class: how many nats q must move away from the public
 * prior. Few nats: the class is common under the prior, or its picture is coarse; many: the classifier has said much.
 */
export function priceOfClass(sweep: readonly Tempered[]): Price | Withheld {
  const first = sweep.toSorted((a, b) => b.gamma - a.gamma).find(({ accuracy }) => accuracy >= drawn);
  if (first) return { nats: first.kl, bits: first.kl / Math.LN2, gamma: first.gamma, accuracy: first.accuracy };
  if (sweep.length === 0) return { none: "no fit was made" };
  const nearest = sweep.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  return {
    none: `no γ reaches ${drawn * 100} % accuracy: the highest is ${formatNumber(nearest.accuracy * 100)} %, at γ = ${formatNumber(nearest.gamma)} for ${formatNumber(nearest.kl)} nats`,
  };
}
