/**
 * An honest comparison of optimizers: the same tuning budget for each on the validation part, several seeds of the best setting, one test.
 */

import type { Random } from "../array/index.ts";
import type { Network } from "../nn/index.ts";
import { settingsFor } from "./defaults.ts";
import type { Problem } from "./problem.ts";
import { type Budget, drawSettings, type OptimizerSettings, parseEntry } from "./recipe.ts";
import { type Recorded, recordTraining } from "./recorded.ts";
import type { SupervisedOptions } from "./supervised.ts";
import { rungs, successiveHalving } from "./tune.ts";

/** Budget of a comparison, and how its networks are trained. */
export interface CompareOptions extends Omit<SupervisedOptions, "optimizer"> {
  readonly budget: Budget;
  /** Name of the network, for the settings that go with it. */
  readonly model?: string;
  /** Settings tried for each optimizer. */
  readonly tune: number;
  /** Trainings with the best setting. */
  readonly seeds: number;
  /** Settings to use instead of tuning; then `tune` is 1. */
  readonly settings?: (entry: string) => OptimizerSettings;
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
export interface FinalRun extends Trial, Recorded {
  readonly seed: number;
}

/** What is finished; plain JSON, so that a stopped comparison can go on. */
export interface Progressed {
  readonly trials: readonly Trial[];
  readonly finals: readonly FinalRun[];
}

/** A training to be done: a trial of a setting, or, with a seed, one that counts. */
export interface ComparedTraining {
  /** Tells it from all others of the comparison; fit for a folder. */
  readonly name: string;
  readonly optimizer: string;
  readonly settings: OptimizerSettings;
  readonly steps: number;
  readonly seed?: number;
}

/** Sees every step of a training, and may stop it by returning true. */
export interface Watch {
  step(label: string): boolean;
  /** Steps that were taken by an earlier session, or that a diverged training left out. */
  skip(steps: number): void;
  finished(progressed: Progressed): Promise<void>;
}

/** Steps of the whole comparison. */
export function totalSteps(optimizers: number, { budget, tune, seeds }: CompareOptions): number {
  const tuning = tune > 1 ? rungs(tune, budget.steps).reduce((s, r) => s + r.steps * r.entries, 0) : 0;
  return optimizers * (tuning + seeds * budget.steps);
}

/**
 * Settings to try for each optimizer, by its entry: the first is the usual one.
 * @param entries  optimizers as `parseEntry` reads them
 */
export function candidateSettings(
  problem: Problem,
  entries: readonly string[],
  rng: Random,
  { tune, model }: CompareOptions,
): Map<string, readonly OptimizerSettings[]> {
  const drawn = (entry: string) =>
    drawSettings(entry, rng.fold("settings").fold(entry), tune, settingsFor(parseEntry(entry).name, problem, model));
  return new Map(entries.map((entry) => [entry, drawn(entry)]));
}

/**
 * The trainings that can be done once others are finished, none of which needs another: the next rung of each optimizer's tuning, or its seeds when the
 * best setting is known. None is left when the comparison is over.
 */
export function nextTrainings(
  problem: Pick<Problem, "score">,
  candidates: ReadonlyMap<string, readonly OptimizerSettings[]>,
  { budget, tune, seeds, settings: given }: CompareOptions,
  done: Progressed,
): ComparedTraining[] {
  return [...candidates].flatMap(([optimizer, settings], k): ComparedTraining[] => {
    const prefix = `${k}-${optimizer}`.replace(/[^\w-]+/g, "-").slice(0, 80);
    const loss = (setting: OptimizerSettings, steps: number): number | undefined => {
      const known = done.trials.find((t) => isSame(t, { optimizer, settings: setting, steps }));
      return known && badness(problem, known.score);
    };
    const tuned = tune > 1 ? successiveHalving(settings, budget.steps, loss) : { best: given?.(optimizer) ?? settings[0] };
    if ("next" in tuned)
      return tuned.next.map(({ setting, steps }) => ({
        name: `${prefix}-try${settings.indexOf(setting)}-of-${steps}`,
        ...{ optimizer, settings: setting, steps },
      }));
    const missing = Array.from({ length: seeds }, (_, seed) => seed).filter(
      (seed) => !done.finals.some((f) => f.optimizer === optimizer && f.seed === seed),
    );
    return missing.map((seed) => ({ name: `${prefix}-seed${seed}`, optimizer, settings: tuned.best, steps: budget.steps, seed }));
  });
}

/**
 * One training of a comparison. All optimizers see the same first parameters and the same order of examples for a seed; tuning has a seed of its own.
 * @returns  what it adds to the comparison, or nothing when `watch` stopped it
 */
export async function trainOne(
  problem: Problem,
  network: Network,
  { optimizer, settings, steps, seed }: ComparedTraining,
  rng: Random,
  options: CompareOptions,
  watch: Pick<Watch, "step" | "skip">,
): Promise<Progressed | undefined> {
  const recorded = await recordTraining({
    ...{ problem, network, model: options.model, optimizer, settings, options },
    budget: { ...options.budget, steps },
    rng: seed === undefined ? rng.fold("tuning") : rng.fold("final").fold(seed),
    final: seed !== undefined,
    stop: () => watch.step(`${optimizer}, ${seed === undefined ? "tuning" : `seed ${seed}`}`),
    skip: watch.skip,
  });
  if (!recorded) return undefined;
  const { loss, score } = recorded;
  return seed === undefined
    ? { trials: [{ optimizer, settings, steps, loss, score }], finals: [] }
    : { trials: [], finals: [{ optimizer, settings, steps, seed, ...recorded }] };
}

/** Pieces of a comparison as one. They may have been JSON, which has no infinity: a loss or score that is not there is the worst. */
export function merged(pieces: readonly Progressed[]): Progressed {
  const worst = <T extends Trial>(trial: T): T => ({ ...trial, loss: trial.loss ?? infinite, score: trial.score ?? infinite });
  return {
    trials: pieces.flatMap(({ trials }) => trials.map(worst)),
    finals: pieces.flatMap(({ finals }) =>
      finals.map((run) => {
        const { loss, score, ...test } = run.test;
        return { ...worst(run), trainLoss: run.trainLoss ?? infinite, test: { ...test, loss: loss ?? infinite, score: score ?? infinite } };
      }),
    ),
  };
}

const infinite = Number.POSITIVE_INFINITY;

/**
 * A whole comparison in this process.
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
  let done = merged([before]);
  watch.skip([...done.trials, ...done.finals].reduce((sum, { steps }) => sum + steps, 0));
  const candidates = candidateSettings(problem, entries, rng, options);
  for (
    let next = nextTrainings(problem, candidates, options, done);
    next.length > 0;
    next = nextTrainings(problem, candidates, options, done)
  )
    for (const training of next) {
      const more = await trainOne(problem, network, training, rng, options, watch);
      if (!more) return { ...done, stopped: true };
      done = merged([done, more]);
      await watch.finished(done);
    }
  return { ...done, stopped: false };
}

const isSame = (a: Trial, b: Omit<Trial, "loss" | "score">): boolean =>
  a.optimizer === b.optimizer && a.steps === b.steps && JSON.stringify(a.settings) === JSON.stringify(b.settings);

/** A score as a loss: lower is better, infinity is worst. */
function badness({ score: kind }: Pick<Problem, "score">, score: number): number {
  if (!Number.isFinite(score)) return infinite;
  return kind === "accuracy" ? -score : score;
}
