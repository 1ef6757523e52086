/**
 * An honest comparison of optimizers: the same tuning budget for each on the validation part, several seeds of the best setting, one test.
 */

import type { Random } from "../array/index.ts";
import type { Network } from "../nn/index.ts";
import type { Problem } from "./problem.ts";
import { type Budget, drawSettings, type OptimizerSettings, optimizerOf, parseEntry, settingsFor } from "./recipe.ts";
import { countNumbers, type Scores, type SupervisedOptions, supervisedLearner } from "./supervised.ts";
import { rungs, successiveHalving } from "./tune.ts";

/** Budget of a comparison, and how its networks are trained. */
export interface CompareOptions extends Omit<SupervisedOptions, "optimizer"> {
  readonly budget: Budget;
  /** Settings tried for each optimizer. */
  readonly tune: number;
  /** Trainings with the best setting. */
  readonly seeds: number;
  /** Settings to use instead of tuning; then `tune` is 1. */
  readonly settings?: (entry: string) => OptimizerSettings;
}

/** Rows of one training: mean loss since the row before, and seconds since its second step. */
export interface Curve {
  readonly step: number;
  readonly seconds: number;
  readonly loss: number;
  readonly validationScore?: number;
}

/** One training that was tried or counted. `score` and `loss` are those of the validation part; infinite if it diverged. */
export interface Trial {
  readonly optimizer: string;
  readonly settings: OptimizerSettings;
  readonly steps: number;
  readonly loss: number;
  readonly score: number;
}

/** One training that counts. */
export interface FinalRun extends Trial {
  readonly seed: number;
  readonly curve: readonly Curve[];
  readonly trainLoss: number;
  readonly test: Scores;
  /** Milliseconds of the median step. */
  readonly milliseconds: number;
  /** Numbers that the optimizer keeps, and parameters. */
  readonly optimizerNumbers: number;
  readonly parameters: number;
}

/** What is finished; plain JSON, so that a stopped comparison can go on. */
export interface Progressed {
  readonly trials: readonly Trial[];
  readonly finals: readonly FinalRun[];
}

/** Sees every step, and may stop the comparison by returning true. */
export interface Watch {
  step(label: string): boolean;
  /** Steps that were taken by an earlier session, or that a diverged training left out. */
  skip(steps: number): void;
  finished(progressed: Progressed): Promise<void>;
}

class Stopped extends Error {}

/** Steps of the whole comparison. */
export function totalSteps(optimizers: number, { budget, tune, seeds }: CompareOptions): number {
  const tuning = tune > 1 ? rungs(tune, budget.steps).reduce((s, r) => s + r.steps * r.entries, 0) : 0;
  return optimizers * (tuning + seeds * budget.steps);
}

/**
 * All optimizers see the same first parameters and the same order of examples for a seed; tuning has a seed of its own.
 *
 * @param entries  optimizers as `parseEntry` reads them
 * @returns  everything that was trained, or what was finished when `watch` stopped it
 */
export async function compareOptimizers(
  problem: Problem,
  network: Network,
  entries: readonly string[],
  rng: Random,
  options: CompareOptions,
  watch: Watch,
  before: Progressed = { trials: [], finals: [] },
): Promise<Progressed & { readonly stopped: boolean }> {
  let done: Progressed = before;
  const same = (a: Trial, b: Omit<Trial, "loss" | "score">): boolean =>
    a.optimizer === b.optimizer && a.steps === b.steps && JSON.stringify(a.settings) === JSON.stringify(b.settings);
  const worse = problem.score === "accuracy" ? (s: number) => -s : (s: number) => s;
  const { budget, tune, seeds } = options;
  try {
    for (const optimizer of entries) {
      const candidates = drawSettings(optimizer, rng.fold("settings").fold(optimizer), tune);
      const trial = async (settings: OptimizerSettings, steps: number): Promise<number> => {
        const known = done.trials.find((t) => same(t, { optimizer, settings, steps }));
        if (known) {
          watch.skip(steps);
          return known.loss === null || !Number.isFinite(known.score) ? Number.POSITIVE_INFINITY : worse(known.score);
        }
        const { loss, score } = await one(problem, network, optimizer, settings, steps, rng.fold("tuning"), options, watch, "tuning");
        done = { ...done, trials: [...done.trials, { optimizer, settings, steps, loss, score }] };
        await watch.finished(done);
        return Number.isFinite(score) ? worse(score) : Number.POSITIVE_INFINITY;
      };
      const settings =
        tune > 1 ? (await successiveHalving(candidates, budget.steps, trial)).best : (options.settings?.(optimizer) ?? candidates[0]);
      for (let seed = 0; seed < seeds; seed++) {
        if (done.finals.some((f) => f.optimizer === optimizer && f.seed === seed)) {
          watch.skip(budget.steps);
          continue;
        }
        const result = await one(
          problem,
          network,
          optimizer,
          settings,
          budget.steps,
          rng.fold("final").fold(seed),
          options,
          watch,
          `seed ${seed}`,
        );
        done = { ...done, finals: [...done.finals, { optimizer, settings, steps: budget.steps, seed, ...result }] };
        await watch.finished(done);
      }
    }
    return { ...done, stopped: false };
  } catch (error) {
    if (error instanceof Stopped) return { ...done, stopped: true };
    throw error;
  }
}

/** Rows of a curve. */
const curveRows = 50;

async function one(
  problem: Problem,
  network: Network,
  optimizer: string,
  settings: OptimizerSettings,
  steps: number,
  rng: Random,
  options: CompareOptions,
  watch: Watch,
  label: string,
): Promise<Omit<FinalRun, "optimizer" | "settings" | "steps" | "seed">> {
  const final = label !== "tuning";
  const { name } = parseEntry(optimizer);
  const made = optimizerOf(name, { ...settingsFor(name, problem), ...settings }, { ...options.budget, steps });
  const trainer = supervisedLearner(problem, network, rng.fold("order"), { ...options, optimizer: made });
  let state = await trainer.init(rng);
  const curve: Curve[] = [];
  const times: number[] = [];
  let [sum, since, began, elsewhere] = [0, 0, 0, 0];
  const sizes = { optimizerNumbers: countNumbers(state.optimizer), parameters: countNumbers(state.params) };
  for (let i = 1; i <= steps; i++) {
    if (watch.step(`${optimizer}, ${label}`)) throw new Stopped();
    const before = performance.now();
    const next = await trainer.step(state, rng);
    const now = performance.now();
    if (i === 1) began = now;
    else times.push(now - before);
    state = next.state;
    sum += next.metrics.loss;
    since++;
    if (!Number.isFinite(next.metrics.loss)) {
      watch.skip(steps - i);
      const worst = { loss: Number.POSITIVE_INFINITY, score: problem.score === "accuracy" ? 0 : Number.POSITIVE_INFINITY };
      return { ...worst, curve, trainLoss: Number.POSITIVE_INFINITY, test: worst, milliseconds: median(times), ...sizes };
    }
    if (final && (i % Math.ceil(steps / curveRows) === 0 || i === steps)) {
      const evaluated = i % (5 * Math.ceil(steps / curveRows)) === 0 || i === steps;
      const score = evaluated ? (await trainer.evaluate(state)).validationScore : undefined;
      curve.push({
        step: i,
        seconds: (now - began - elsewhere) / 1000,
        loss: sum / since,
        ...(score !== undefined && { validationScore: score }),
      });
      elsewhere += performance.now() - now;
      [sum, since] = [0, 0];
    }
  }
  const { validationLoss, validationScore } = await trainer.evaluate(state);
  return {
    loss: validationLoss,
    score: validationScore,
    curve,
    trainLoss: final ? (await trainer.score(state, "train")).loss : Number.NaN,
    test: final ? await trainer.score(state, "test") : { loss: Number.NaN, score: Number.NaN },
    milliseconds: median(times),
    ...sizes,
  };
}

/** The upper median; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
