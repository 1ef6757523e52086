/** Shares of trials, and how far the truth may be from them. */
import { normalQuantile } from "../../sampling/index.ts";
import { betaQuantile, regularisedBeta } from "./beta.ts";

/** Ends of a confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A number between the ends of its confidence interval. */
export interface Bounded extends Interval {
  readonly value: number;
}

/** A share of hits among trials, with its Wilson interval. */
export interface Proportion extends Bounded {
  readonly hits: number;
  readonly trials: number;
}

/** How often intervals hold the truth, unless said otherwise. */
const usual = 0.95;

/**
 * The shares p that lie within z standard deviations √(p (1 - p) / n) of what was seen: near 0 and 1, and of few trials, right where
 * p̂ ± z √(p̂ (1 - p̂) / n) is not. Of no trials: NaN in [0, 1].
 *
 * @source  Wilson, JASA 22 (1927)
 */
export function wilson(hits: number, trials: number, confidence = usual): Proportion {
  if (trials === 0) return { hits, trials, value: Number.NaN, low: 0, high: 1 };
  const z = normalQuantile((1 + confidence) / 2);
  const [p, w] = [hits / trials, (z * z) / trials];
  const middle = (p + w / 2) / (1 + w);
  const half = (z * Math.sqrt((p * (1 - p)) / trials + w / (4 * trials))) / (1 + w);
  // at none and all hits one end is exact
  return { hits, trials, value: p, low: hits === 0 ? 0 : middle - half, high: hits === trials ? 1 : middle + half };
}

/**
 * The shares p under which neither P(X ≤ hits) nor P(X ≥ hits) is below α/2: holds the truth at least as often as said, whatever it is.
 * One-sided, α is all on that side and the other end is 0 or 1.
 *
 * @source  Clopper & Pearson, Biometrika 26 (1934)
 */
export function clopperPearson(
  hits: number,
  trials: number,
  { confidence = usual, side = "both" }: { confidence?: number; side?: "both" | "lower" | "upper" } = {},
): Interval {
  const tail = side === "both" ? (1 - confidence) / 2 : 1 - confidence;
  return {
    low: hits === 0 || side === "upper" ? 0 : betaQuantile(tail, hits, trials - hits + 1),
    high: hits === trials || side === "lower" ? 1 : betaQuantile(1 - tail, hits + 1, trials - hits),
  };
}

/** P(X ≥ hits) for X ~ Binomial(trials, p): the exact one-sided test of a share not above p. */
export const binomialTail = (hits: number, trials: number, p = 0.5): number =>
  hits <= 0 ? 1 : regularisedBeta(p, hits, trials - hits + 1);

/**
 * a - b of independent shares: distances from each share to the end of its interval that the difference moves to are added as squares.
 *
 * @source  Newcombe, Statistics in Medicine 17 (1998) 873, method 10
 */
export function differenceOf(a: Bounded, b: Bounded): Bounded {
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
  };
}

/**
 * The mean of independent shares, each counting alike, by the same rule.
 *
 * @source  Zou & Donner, Statistics in Medicine 27 (2008)
 */
export function meanOf(shares: readonly Bounded[]): Bounded {
  const k = shares.length;
  const value = shares.reduce((sum, s) => sum + s.value, 0) / k;
  return {
    value,
    low: value - Math.hypot(...shares.map((s) => s.value - s.low)) / k,
    high: value + Math.hypot(...shares.map((s) => s.high - s.value)) / k,
  };
}
