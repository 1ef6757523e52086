/** A certified interval: all bounds of a run, what they mean in words, its pictures and its numbers by pair. */
import { sizeOf } from "../array/index.ts";
import type { Column } from "../data/index.ts";
import { formatNumber, withError } from "../numbers.ts";
import type { Figure } from "../plots/index.ts";
import { type AnnealingState, type Estimate, estimate } from "../sampling/index.ts";
import { type AnnealedWeights, type PointBounds, pointBounds } from "./annealed/bounds.ts";
import { endsOf } from "./annealed/chains.ts";
import { type ConvergencePoint, convergencePoints } from "./annealed/convergence.ts";
import type { Frozen } from "./annealed/frozen.ts";
import { annealedBounds, byChains, cross, effectiveChains, importanceBounds, intervalCautions, lowerRule } from "./annealed/judge.ts";
import { type Bound, bits } from "./bound.ts";
import { ladderFigure, workFigure } from "./figures/annealing.ts";
import { boundsFigure, chainsFigure, pointsFigure, temperaturesFigure } from "./figures/bounds.ts";
import { planeFigure, posteriorFigure } from "./figures/images.ts";
import type { ImportanceWeights } from "./importance.ts";
import { fitOf, type Joint, type JointPairs } from "./models/joint.ts";

type History = readonly Readonly<Record<string, number>>[];

/** What a run has given. */
export interface Outcome {
  readonly joint: Joint;
  readonly pairs: JointPairs;
  readonly chains: number;
  readonly frozen: Frozen;
  readonly state: AnnealingState;
  readonly history: History;
  /** Importance weights by the name of where they come from: "prior", "proposal". */
  readonly importance: Readonly<Record<string, ImportanceWeights>>;
  /** I(X;Z), where it is known. */
  readonly truth?: number;
  /** Bounds of shorter runs, if they were made. */
  readonly shorter?: readonly ConvergencePoint[];
}

export interface Certified extends Outcome {
  readonly weights: AnnealedWeights;
  readonly points: PointBounds;
  readonly bounds: readonly Bound[];
  readonly lower: Bound;
  readonly upper: Bound;
  readonly warnings: readonly string[];
  readonly results: Readonly<Record<string, unknown>>;
}

/** 97.5 % of a normal: bounds are means over pairs. */
const wide = 1.96;

/** Bounds, interval and cautions of a run. The interval's bounds were chosen before its chains were seen: `lowerRule`, and the mixture. */
export async function certify(outcome: Outcome): Promise<Certified> {
  const { joint, pairs, chains, frozen, state, history, importance, truth } = outcome;
  const B = pairs.x.shape[0];
  const { forward, reverse } = endsOf(state, chains * B);
  const weights: AnnealedWeights = { fit: await fitOf(joint, pairs), forward: forward.logWeights, reverse: reverse.logWeights };
  const points = pointBounds(weights);
  const annealed = annealedBounds(weights, points, lowerRule(frozen, chains));
  const [lower, upper] = [annealed[0], annealed.find((b) => b.kind === "upper")!]; // there is one
  const effective = effectiveChains(weights.forward, B);
  const acceptance = history.flatMap((row) => [row.acceptance, row.acceptanceReverse]);
  const T = frozen.betas.length - 1;
  const invalid = Math.round((history.reduce((sum, row) => sum + row.invalid, 0) / history.length) * T);
  const warnings = intervalCautions(points, lower, upper, {
    frozen,
    chains,
    acceptance,
    invalid,
    proposals: 2 * T * chains * B,
    fit: weights.fit,
  });
  const all = [...annealed, ...Object.entries(importance).flatMap(([name, w]) => importanceBounds(name, weights.fit, w))];
  const bounds = cross(points)
    ? all.map((b) => ({ ...b, valid: false, why: "lower and upper bounds cross: the pairs or the model are wrong" }))
    : all;
  const constant = joint.likelihood.constant(sizeOf(joint.observed));
  const shifted = (values: ArrayLike<number>): Estimate => estimate(Float64Array.from(values, (v) => v + constant));
  const [below, above, given] = [shifted(points.mixtureLower), shifted(points.reverseUpper), shifted(weights.fit)];
  return {
    ...outcome,
    ...{ weights, points, bounds, lower, upper, warnings },
    results: {
      unit: "nats",
      interval: [lower.mean, upper.mean],
      interval95: [lower.mean - wide * lower.se, upper.mean + wide * upper.se],
      intervalBits: [bits(lower.mean), bits(upper.mean)],
      ...(truth !== undefined && { truth }),
      bounds,
      acceptance: estimate(acceptance).mean,
      essMin: effective.least,
      essMean: effective.mean,
      invalid,
      logLikelihood: { lower: below.mean, upper: above.mean, se: below.error },
      entropy: { x: [-above.mean, -below.mean], xGivenZ: -given.mean },
      ...{ pairs: B, chains, temperatures: T, leapfrogs: frozen.leapfrogs, route: frozen.route },
      ...(frozen.length !== undefined && { thermodynamicLength: frozen.length, perfectGap: frozen.length ** 2 / T }),
    },
  };
}

/** The interval in words. */
export const sentence = ({ lower, upper }: Pick<Certified, "lower" | "upper">): string =>
  `I(X;Z) is between ${formatNumber(lower.mean)} and ${formatNumber(upper.mean)} nats ` +
  (Number.isFinite(lower.se + upper.se)
    ? `(95 %: ${formatNumber(lower.mean - wide * lower.se)} to ${formatNumber(upper.mean + wide * upper.se)}); `
    : "(one pair, so that nothing is known of its error); ") +
  `${formatNumber(bits(lower.mean))} to ${formatNumber(bits(upper.mean))} bits`;

/** Bounds as lines of text. */
export function boundLines(bounds: readonly Bound[]): string[] {
  const width = Math.max(...bounds.map((b) => b.name.length));
  return bounds.map(
    (b) => `${b.kind.padEnd(8)} ${b.name.padEnd(width)}  ${withError(b.mean, b.se)}${b.valid ? "" : "   not to be relied on"}`,
  );
}

/** Bounds as rows of a table for people. */
export const boundsTable = (bounds: readonly Bound[]) => ({
  title: "All bounds, in nats",
  columns: ["", "kind", "value", "valid", "why"],
  rows: bounds.map((b) => [b.name, b.kind, withError(b.mean, b.se), b.valid ? "yes" : "no", b.why]),
});

export async function certifiedFigures(found: Certified): Promise<Figure[]> {
  const { bounds, lower, upper, truth, weights, points, chains, frozen, history, joint, pairs, state, shorter } = found;
  const marks = truth === undefined ? [] : [{ name: `I = ${formatNumber(truth)}`, value: truth }];
  const { ends } = endsOf(state, chains * pairs.x.shape[0]).forward;
  const pictures = [await planeFigure(joint, pairs, ends), await posteriorFigure(joint, pairs, ends)].filter((f) => f !== undefined);
  return [
    boundsFigure(bounds, [lower.mean, upper.mean], marks),
    ...(shorter ? [temperaturesFigure([...shorter, ...convergencePoints(frozen.betas.length - 1, weights)], truth)] : []),
    ...(chains > 1 ? [chainsFigure(byChains(weights, chains))] : []),
    workFigure(weights, points),
    ...pictures,
    ladderFigure(frozen, history),
    pointsFigure(weights.fit, points),
  ];
}

/** By pair: ℓ and every bound on log p(x), with the constant of the density. */
export function pointColumns({ joint, weights, points }: Certified): Column[] {
  const constant = joint.likelihood.constant(sizeOf(joint.observed));
  const shifted = (values: ArrayLike<number>): Float64Array => Float64Array.from(values, (v) => v + constant);
  const { fit } = weights;
  return [
    { name: "log_p_x_given_z", values: shifted(fit) },
    { name: "log_p_x_one_chain_lower", values: shifted(points.oneLower) },
    { name: "log_p_x_mixture_lower", values: shifted(points.mixtureLower) },
    { name: "log_p_x_bennett", values: shifted(points.bennett) },
    { name: "log_p_x_mixture_upper", values: shifted(points.mixtureUpper) },
    { name: "log_p_x_reverse_upper", values: shifted(points.reverseUpper) },
    { name: "log_p_x_one_chain_upper", values: shifted(points.oneUpper) },
    { name: "information_lower", values: Float64Array.from(fit, (l, b) => l - points.reverseUpper[b]) },
    { name: "information_upper", values: Float64Array.from(fit, (l, b) => l - points.mixtureLower[b]) },
  ];
}
