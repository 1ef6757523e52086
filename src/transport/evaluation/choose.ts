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
import { type CandidateResult, type Choice, candidates, chosen, type Unlearned } from "./candidates.ts";
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

/**
 * Trains every candidate once for each inner training snapshot left out, and takes the simplest one whose mean W1 is within one standard
 * error of the best.
 *
 * @param progress  told after each training how many of how many are done
 * @throws UserError  if there are too few snapshots
 */
export async function choose(
  data: Population,
  options: ChooseOptions,
  split: TimeSplit,
  progress?: (done: number, total: number) => void,
): Promise<Choice> {
  checkChoice(options, split);
  const folds = leftOut(split);
  const list = candidates(options.mass !== "equal", options.growth, split.train.length > 3);
  const total = list.length * folds.length;
  progress?.(0, total);
  const table: CandidateResult[] = [];
  for (const candidate of list) {
    const started = performance.now();
    const scores: FoldScore[] = [];
    for (const held of folds) {
      scores.push(await fold(data, { ...options, ...candidate }, split, held));
      progress?.(table.length * folds.length + scores.length, total);
    }
    const mean = (f: (s: FoldScore) => number): number => average(scores.map(f));
    const error = Math.hypot(...scores.map((s) => s.error)) / scores.length;
    const massError = has(candidate.method, "growth") ? mean((s) => Math.abs(Math.log(s.mass))) : undefined;
    table.push({ ...candidate, w1: mean((s) => s.w1), error, massError, seconds: (performance.now() - started) / 1000 });
  }
  const times = folds.map((k) => data.times[k]);
  return chosen(table, await references(data, options, split, folds), times, options.steps);
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

interface FoldScore {
  readonly w1: number;
  readonly error: number;
  /** Predicted over observed mass. */
  readonly mass: number;
}

const average = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

/** A candidate trained without one snapshot, and how near it comes to that. */
async function fold(data: Population, options: PrepareOptions, { train }: TimeSplit, held: number): Promise<FoldScore> {
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
  for (let i = 0; i < options.steps; i++) ({ state } = await model.step(state, rng));
  const before = Math.max(...kept.filter((k) => k < held));
  const push = pusher({ ...model, room }, options.threads);
  const start = beginning(model, before);
  const { clouds: moved } = await push(model.average(state), particlesOf(clouds[start]), times[start], [times[held]], { rng });
  const [{ x, logWeight }] = moved;
  if (!x.data.every(Number.isFinite)) return { w1: Number.POSITIVE_INFINITY, error: 0, mass: 1 };
  const { w1, deviations } = score(method, { x, weights: logWeight.data.map(Math.exp) }, weighted(clouds[held]), rng);
  const error = spread(deviations.w1);
  return {
    w1,
    error: Number.isFinite(error) ? error : 0,
    mass: (meanWeight(logWeight) * clouds[before].mass) / clouds[held].mass,
  };
}

/** Mean W1 of the midpoint along optimal transport, with masses also that of unbalanced transport, and of the sampling floor. */
async function references(data: Population, options: PrepareOptions, { train }: TimeSplit, folds: readonly number[]): Promise<Unlearned[]> {
  const counted = options.mass !== "equal";
  const balanced: { w1: number; error: number }[] = [];
  const growing: { w1: number; error: number; mass: number }[] = [];
  const floors: number[] = [];
  for (const held of folds) {
    const kept = train.filter((k) => k !== held);
    const { clouds, times } = await preparePopulation(data, { ...options, method: "am" }, { train: kept, held: [held] });
    const [before, after] = [Math.max(...kept.filter((k) => k < held)), Math.min(...kept.filter((k) => k > held))];
    const fraction = (times[held] - times[before]) / (times[after] - times[before]);
    const rng = randomStream(options.seed).fold(`references ${held}`);
    const { scores, floor } = baselines(weighted(clouds[before]), weighted(clouds[after]), weighted(clouds[held]), fraction, rng);
    const { w1, deviations } = scores[scores.length - 1];
    balanced.push({ w1, error: spread(deviations.w1) });
    floors.push(floor);
    if (!counted) continue;
    const between = await unbalancedDisplacement(
      clouds[before],
      clouds[after],
      fraction,
      options.growth,
      rng.fold("cone"),
      times[after] - times[before],
    );
    const cone = score("", between, weighted(clouds[held]), rng);
    growing.push({ w1: cone.w1, error: spread(cone.deviations.w1), mass: between.mass / clouds[held].mass });
  }
  const row = (name: string, scores: readonly { w1: number; error: number }[]): Unlearned => {
    const error = Math.hypot(...scores.map((s) => s.error)) / scores.length;
    return { name, w1: average(scores.map((s) => s.w1)), error: Number.isFinite(error) ? error : 0 };
  };
  const massError = average(growing.map(({ mass }) => Math.abs(Math.log(mass))));
  return [
    row("optimal-transport midpoint", balanced),
    ...(counted ? [{ ...row(`unbalanced-transport midpoint, λ ${options.growth}`, growing), massError }] : []),
    { name: "sampling floor", w1: average(floors), error: 0 },
  ];
}
