/** Choice of method, noise and growth by leaving inner snapshots out. */

import { randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { spread } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import { dependsOnTime } from "../forces/noise.ts";
import { has, learner } from "../learning/methods.ts";
import { type PrepareOptions, preparePopulation } from "../learning/prepare.ts";
import type { BaseKind } from "../motion/cell-densities.ts";
import { meanWeight, particlesOf } from "../motion/particles.ts";
import { pusher } from "../motion/push.ts";
import { weighted } from "../paths/cloud.ts";
import type { TimeSplit } from "../paths/split.ts";
import { beginning } from "./beginning.ts";
import { type Candidate, type CandidateResult, type Choice, candidates, chosen, type Unlearned } from "./candidates.ts";
import { unbalancedDisplacement } from "./displacement.ts";
import { leftOut } from "./growth-price.ts";
import { baselines, score } from "./scores.ts";

/** Settings that the candidates share; `steps` are those of each of their trainings. */
export interface ChooseOptions extends PrepareOptions {
  /** Not for a choice: an error. */
  readonly density?: BaseKind;
}

/** Settings that not all candidates take. */
const notForAll = [
  "potential",
  "interaction",
  "cost",
  "drift",
  "velocity",
  "timeWeight",
  "head",
  "density",
  "coupling",
  "path",
  "priorGrowth",
  "energy",
  "friction",
] as const;

/** A candidate, to be trained without one snapshot. */
export interface Fold {
  readonly candidate: Candidate;
  /** The snapshot that is left out, and predicted. */
  readonly held: number;
}

/** What a choice is made from: each inner training snapshot left out once, as a number of the snapshot. */
export const choiceFolds = (split: TimeSplit): number[] => leftOut(split);

/** The candidates, from simple to rich. @param growth  λ of those that grow */
export const choiceCandidates = ({ mass }: Pick<PrepareOptions, "mass">, growth: number, { train }: TimeSplit): Candidate[] =>
  candidates(mass !== "equal", growth, train.length > 3);

/**
 * The simplest candidate whose mean W1 over the folds is within one standard error of the best.
 * @param scores  of every candidate, those of one candidate together, in the order of `choiceCandidates`
 * @param references  of every fold
 */
export function choiceOf(
  data: Population,
  options: Pick<ChooseOptions, "mass" | "steps"> & { readonly growth: number },
  split: TimeSplit,
  scores: readonly FoldScore[],
  references: readonly FoldReference[],
): Choice {
  const folds = choiceFolds(split);
  const table = choiceCandidates(options, options.growth, split).map((candidate, i): CandidateResult => {
    const own = scores.slice(i * folds.length, (i + 1) * folds.length);
    const mean = (f: (s: FoldScore) => number): number => average(own.map(f));
    const error = Math.hypot(...own.map((s) => s.error)) / own.length;
    const massError = has(candidate.method, "growth") ? mean((s) => Math.abs(Math.log(s.mass))) : undefined;
    const seconds = own.reduce((sum, s) => sum + s.seconds, 0);
    return { ...candidate, w1: mean((s) => s.w1 ?? Number.POSITIVE_INFINITY), error, massError, seconds };
  });
  const times = folds.map((k) => data.times[k]);
  return chosen(table, unlearned(references, options.growth), times, options.steps);
}

/**
 * Can a choice be made?
 *
 * @throws UserError  for settings that not all candidates take, or if there are too few snapshots
 */
export function checkChoice(options: Pick<ChooseOptions, (typeof notForAll)[number] | "noise">, split: TimeSplit): void {
  const fixed = notForAll.find((key) => options[key] !== undefined);
  if (fixed !== undefined)
    throw new UserError(
      `--auto chooses among methods of which not all take --${fixed.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
      "name a --method",
    );
  if (dependsOnTime(options.noise))
    throw new UserError(`--auto chooses the noise, which --noise "${options.noise}" prescribes`, "name a --method");
  if (leftOut(split).length === 0) throw new UserError("--auto needs at least three snapshots to learn from", "name a --method");
}

/** How near a candidate comes to the snapshot that it was trained without: plain JSON. */
export interface FoldScore {
  /** null: a particle has left for infinity. */
  readonly w1: number | null;
  readonly error: number;
  /** Predicted over observed mass. */
  readonly mass: number;
  readonly seconds: number;
}

const average = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

/**
 * A candidate trained without one snapshot, and how near it comes to that.
 * @param tell  told after each step how many are done; false stops it
 */
export async function scoreFold(
  data: Population,
  shared: ChooseOptions,
  { train }: TimeSplit,
  { candidate, held }: Fold,
  tell: (step: number) => boolean = () => true,
): Promise<FoldScore | undefined> {
  const started = performance.now();
  const options = { ...shared, ...candidate };
  const kept = train.filter((k) => k !== held);
  const { clouds, times, learn, room } = await preparePopulation(data, options, { train: kept, held: [held] });
  const { method } = options;
  const model = await learner(
    method,
    kept.map((k) => times[k]),
    kept.map((k) => clouds[k]),
    learn,
  );
  const rng = randomStream(options.seed).fold(`choice ${held}`);
  let state = model.init(rng.fold("init"));
  for (let i = 0; i < options.steps; i++) {
    ({ state } = await model.step(state, rng));
    if (!tell(i + 1)) return undefined;
  }
  const before = Math.max(...kept.filter((k) => k < held));
  const push = pusher({ ...model, room }, options.threads);
  const start = beginning(model, before);
  const { clouds: moved } = await push(model.average(state), particlesOf(clouds[start]), times[start], [times[held]], { rng });
  const [{ x, logWeight }] = moved;
  const seconds = () => (performance.now() - started) / 1000;
  if (!x.data.every(Number.isFinite)) return { w1: null, error: 0, mass: 1, seconds: seconds() };
  const { w1, deviations } = score(method, { x, weights: logWeight.data.map(Math.exp) }, weighted(clouds[held]), rng);
  const error = spread(deviations.w1);
  return {
    w1,
    error: Number.isFinite(error) ? error : 0,
    mass: (meanWeight(logWeight) * clouds[before].mass) / clouds[held].mass,
    seconds: seconds(),
  };
}

/** A distance W1 to a snapshot left out, and its standard error; null where there are too few particles to resample. */
interface Distance {
  readonly w1: number;
  readonly error: number | null;
}

/** What needs no learning, beside one snapshot left out: plain JSON. */
export interface FoldReference {
  /** The midpoint along optimal transport. */
  readonly midpoint: Distance;
  /** The midpoint of unbalanced transport, where masses differ. */
  readonly growing?: Distance & { readonly mass: number };
  /** W1 of two samples of the snapshot. */
  readonly floor: number;
}

const distance = (w1: number, deviations: Float64Array): Distance => {
  const error = spread(deviations);
  return { w1, error: Number.isFinite(error) ? error : null };
};

/** The references of one snapshot left out. */
export async function referenceAt(
  data: Population,
  options: ChooseOptions & { readonly growth: number },
  { train }: TimeSplit,
  held: number,
): Promise<FoldReference> {
  const kept = train.filter((k) => k !== held);
  const { clouds, times } = await preparePopulation(data, { ...options, method: "am" }, { train: kept, held: [held] });
  const [before, after] = [Math.max(...kept.filter((k) => k < held)), Math.min(...kept.filter((k) => k > held))];
  const fraction = (times[held] - times[before]) / (times[after] - times[before]);
  const rng = randomStream(options.seed).fold(`references ${held}`);
  const { scores, floor } = baselines(weighted(clouds[before]), weighted(clouds[after]), weighted(clouds[held]), fraction, rng);
  const { w1, deviations } = scores[scores.length - 1];
  const midpoint = distance(w1, deviations.w1);
  if (options.mass === "equal") return { midpoint, floor };
  const span = times[after] - times[before];
  const between = await unbalancedDisplacement(clouds[before], clouds[after], fraction, options.growth, rng.fold("cone"), span);
  const cone = score("", between, weighted(clouds[held]), rng);
  return { midpoint, growing: { ...distance(cone.w1, cone.deviations.w1), mass: between.mass / clouds[held].mass }, floor };
}

/** Mean W1 of the midpoint along optimal transport, with masses also that of unbalanced transport, and of the sampling floor. */
function unlearned(references: readonly FoldReference[], growth: number): Unlearned[] {
  const row = (name: string, scores: readonly Distance[]): Unlearned => {
    const sure = scores.every(({ error }) => error !== null);
    const error = sure ? Math.hypot(...scores.map((s) => s.error ?? 0)) / scores.length : 0;
    return { name, w1: average(scores.map((s) => s.w1)), error };
  };
  const growing = references.flatMap((r) => (r.growing ? [r.growing] : []));
  const massError = average(growing.map(({ mass }) => Math.abs(Math.log(mass))));
  return [
    row(
      "optimal-transport midpoint",
      references.map((r) => r.midpoint),
    ),
    ...(growing.length > 0 ? [{ ...row(`unbalanced-transport midpoint, λ ${growth}`, growing), massError }] : []),
    { name: "sampling floor", w1: average(references.map((r) => r.floor)), error: 0 },
  ];
}
