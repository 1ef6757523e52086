/** What the weights of a run say: bounds on I(X;Z) with reasons, the interval that was declared before, and what to beware of. */
import { formatNumber, withError } from "../../numbers.ts";
import { byDatum, type Estimate, estimate, kishSize, mixtureLower, mixtureUpper } from "../../sampling/index.ts";
import { type Bound, boundOf } from "../bound.ts";
import type { ImportanceWeights } from "../importance.ts";
import { type AnnealedWeights, informationOf, type PointBounds, pointBounds } from "./bounds.ts";
import type { Frozen } from "./frozen.ts";

/** Gap of one chain over Λ²/T, the gap of perfect kernels: about 4 with HMC of ten leapfrogs on the models that were tried. */
const usualInefficiency = 4;

/** Which lower bound the interval takes: decided from the pilot, before the reported chains are seen. */
export type LowerRule = "mixture" | "reverse";

/**
 * The mixture's lower bound improves on one chain's by log K at most; where the gap of one chain is expected below that it is the tighter
 * one, elsewhere that of the reverse chains.
 */
export function lowerRule({ betas, length }: Frozen, chains: number): LowerRule {
  const T = betas.length - 1;
  if (T === 1) return "mixture";
  return length !== undefined && (usualInefficiency * length ** 2) / T < Math.log(chains) ? "mixture" : "reverse";
}

/** Bounds of annealed chains; the first two are the interval. */
export function annealedBounds(weights: AnnealedWeights, points: PointBounds, rule: LowerRule): Bound[] {
  const of = (logEvidence: ArrayLike<number>): Estimate => informationOf(weights.fit, logEvidence);
  const exact = "log p(x) is bounded above by chains that start at exact posterior draws";
  const unbiased = "log p(x) is bounded below by the log of an unbiased estimate";
  const mixture = boundOf("annealed, mixture", "lower", of(points.mixtureUpper), `${exact}; at most log K above one chain`);
  const reverse = boundOf("annealed, reverse chains", "lower", of(points.reverseUpper), exact);
  return [
    ...(rule === "mixture" ? [mixture, reverse] : [reverse, mixture]),
    boundOf("annealed, one chain", "lower", of(points.oneUpper), exact),
    boundOf("annealed, mixture", "upper", of(points.mixtureLower), unbiased),
    boundOf("annealed, one chain", "upper", of(points.oneLower), unbiased),
    boundOf("annealed, Bennett", "estimate", of(points.bennett), "the best estimate from both directions; on neither side"),
  ];
}

/** Bounds of importance weights from the prior or a proposal. */
export function importanceBounds(name: string, fit: ArrayLike<number>, { forward, exact }: ImportanceWeights): Bound[] {
  const rows = byDatum(forward, fit.length);
  const K = rows[0].length;
  const of = (value: (row: Float64Array, b: number) => number): Estimate => informationOf(fit, rows.map(value));
  const lost = [forward, exact].reduce((sum, weights) => sum + weights.filter(Number.isNaN).length, 0);
  const judged = (b: Bound): Bound =>
    lost === 0 ? b : { ...b, valid: false, why: `${lost} weights are no numbers: the decoder is undefined at some draws of the ${name}` };
  const cap = `at most log K = ${formatNumber(Math.log(K))} above one sample`;
  const one =
    name === "prior" ? "0 by construction: one draw of the prior and the exact draw weigh alike" : "Barber-Agakov: E log q(z|x) / p(z)";
  const bounds = [
    boundOf(
      `importance from the ${name}, K = ${K}`,
      "lower",
      of((f, b) => mixtureUpper(f, [exact[b]])),
      `one of K samples is the exact draw; ${cap}`,
    ),
    boundOf(
      `importance from the ${name}, K = ${K}`,
      "upper",
      of((f) => mixtureLower(f)),
      "IWAE's lower bound on log p(x)",
    ),
    ...(name === "prior"
      ? []
      : [
          boundOf(
            `Barber-Agakov, ${name}`,
            "lower",
            of((_, b) => exact[b]),
            one,
          ),
        ]),
    boundOf(
      `one sample of the ${name}`,
      "upper",
      of((f) => estimate(f).mean),
      "the ELBO of that proposal",
    ),
  ];
  return bounds.map(judged);
}

/** What a run knows besides its weights. */
export interface Circumstances {
  readonly frozen: Frozen;
  readonly chains: number;
  /** Mean acceptance of every row of metrics. */
  readonly acceptance: readonly number[];
  readonly invalid: number;
  readonly proposals: number;
  readonly fit: ArrayLike<number>;
}

/** Thresholds, each with its reason. */
const limits = {
  /** Standard errors of the paired difference: bounds cross by chance once in 30,000 runs whose gap is 0. */
  crossing: 4,
  /** Below a fifth most work is thrown away; below a half the pilot's step sizes no longer fit. */
  acceptance: [0.2, 0.5],
  /** One proposal in a hundred: more than stray steps over an edge. */
  invalid: 0.01,
  /** A gap that is not known to a fifth of itself is one of a few pairs: those of two decoders of MNIST fell like T^-0.5 then, not like 1 / T. */
  few: 0.2,
  /** Chains whose gap is 30 times that of perfect kernels hardly move between temperatures. */
  inefficiency: 30,
  /** Nats, and share of the information: what people call tight. */
  gap: [1, 0.02],
  /** One pair that makes a fifth of the sum makes the standard error, too. */
  share: 0.2,
} as const;

/** The gap of one chain: log p(x) from above less from below, a mean of differences that are paired. */
const gapOfOneChain = (points: PointBounds): Estimate => estimate(Float64Array.from(points.oneUpper, (r, b) => r - points.oneLower[b]));

/** Whether the lower bound stands above the upper one by more than chance: then no bound of the run is to be believed. */
export function cross(points: PointBounds): boolean {
  const { mean, error } = gapOfOneChain(points);
  return mean < -limits.crossing * error;
}

/** What is wrong with a run, the worst first; none if all is well. */
export function intervalCautions(points: PointBounds, lower: Bound, upper: Bound, all: Circumstances): string[] {
  const { frozen, chains, acceptance, invalid, proposals, fit } = all;
  const T = frozen.betas.length - 1;
  const gapOfOne = gapOfOneChain(points);
  const gap = upper.mean - lower.mean;
  const mean = estimate(acceptance).mean;
  const perfect = frozen.length === undefined ? undefined : frozen.length ** 2 / T;
  const goal = Math.max(limits.gap[0], limits.gap[1] * Math.abs(upper.mean));
  const stuck = perfect !== undefined && gapOfOne.mean > limits.inefficiency * Math.max(perfect, 1e-3);
  const needed = nextRound((T * gap) / goal);
  const promise =
    stuck || gapOfOne.error > limits.few * gapOfOne.mean
      ? `it falls more slowly than 1 / T where some chains do not arrive: more than --temperatures ${needed}, or more --chains, for ${formatNumber(goal)}`
      : `the gap falls like 1 / T: --temperatures ${needed} should bring it to ${formatNumber(goal)}`;
  return [
    ...(cross(points)
      ? [
          `the lower bound is above the upper one by ${withError(-gapOfOne.mean, gapOfOne.error)}: no bound here is to be believed. Rows of x and z out of step, another noise, or a decoder that is not that of the data`,
        ]
      : []),
    ...(mean < limits.acceptance[1]
      ? [
          `the mean acceptance is ${formatNumber(mean)}${mean < limits.acceptance[0] ? ": chains hardly move" : ""}; the bounds hold, but are wide. Take a schedule with its own pilot, more --leapfrogs, or more --temperatures`,
        ]
      : []),
    ...(invalid > limits.invalid * proposals
      ? [`${invalid} of ${proposals} proposals were not finite and were rejected: check the decoder far from the prior`]
      : []),
    ...(stuck
      ? [
          `the gap of one chain is ${formatNumber(gapOfOne.mean / perfect)} times that of perfect kernels: chains mix poorly (several modes?). More --leapfrogs, then more --temperatures`,
        ]
      : []),
    ...(T === 1 ? ["with one temperature nothing is annealed: the bounds are those of importance sampling"] : []),
    ...(chains === 1 ? ["with one chain the mixture and the reverse chains are the bounds of one chain"] : []),
    ...(gap > goal && T > 1 ? [`the interval is ${formatNumber(gap)} nats wide; ${promise}`] : []),
    ...(gap <= goal && lower.se > 2 * gap
      ? [`the interval is ${formatNumber(gap)} nats wide, its place known to ± ${lower.se.toFixed(2)}: more --pairs, not more temperatures`]
      : []),
    ...heavy(fit, points),
  ];
}

/** One data point that decides the mean. */
function heavy(fit: ArrayLike<number>, points: PointBounds): string[] {
  const pointwise = Float64Array.from(fit, (l, b) => l - points.bennett[b]);
  const total = pointwise.reduce((a, b) => a + Math.abs(b), 0);
  const most = pointwise.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (pointwise.length < 10 || most <= limits.share * total) return [];
  return [
    `one of ${pointwise.length} pairs makes ${formatNumber((100 * most) / total)} % of the mean: its standard error is a guess. More --pairs`,
  ];
}

/** Two digits, rounded up. */
function nextRound(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}

/** Kish's effective number of forward chains of each data point: the least, and the mean. */
export function effectiveChains(forward: ArrayLike<number>, data: number): { least: number; mean: number } {
  const sizes = byDatum(forward, data).map((row) => kishSize(row));
  return { least: Math.min(...sizes), mean: estimate(sizes).mean };
}

/** The interval's bounds with 1, 2, 4, … K chains. */
export function byChains(
  weights: AnnealedWeights,
  chains: number,
): { chains: number; name: string; kind: "lower" | "upper"; mean: number }[] {
  const counts = [...new Set([...Array.from({ length: 12 }, (_, i) => 2 ** i).filter((k) => k < chains), chains])];
  return counts.flatMap((k) => {
    const p = pointBounds(weights, k);
    const of = (v: ArrayLike<number>): number => informationOf(weights.fit, v).mean;
    return [
      { chains: k, name: "mixture, upper", kind: "upper" as const, mean: of(p.mixtureLower) },
      { chains: k, name: "mixture, lower", kind: "lower" as const, mean: of(p.mixtureUpper) },
      { chains: k, name: "reverse chains, lower", kind: "lower" as const, mean: of(p.reverseUpper) },
    ];
  });
}
