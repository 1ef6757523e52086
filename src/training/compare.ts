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

/** Sees every step, and may stop the comparison by returning true. */
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
  const { budget, tune, seeds } = options;
  const record = async (entry: string, settings: OptimizerSettings, steps: number, seed?: number): Promise<Recorded> => {
    const label = seed === undefined ? "tuning" : `seed ${seed}`;
    const recorded = await recordTraining({
      problem,
      network,
      model: options.model,
      optimizer: entry,
      settings,
      budget: { ...budget, steps },
      options,
      rng: seed === undefined ? rng.fold("tuning") : rng.fold("final").fold(seed),
      final: seed !== undefined,
      stop: () => watch.step(`${entry}, ${label}`),
      skip: watch.skip,
    });
    if (!recorded) throw stopped;
    return recorded;
  };
  const finish = async (more: Progressed): Promise<void> => {
    done = { trials: [...done.trials, ...more.trials], finals: [...done.finals, ...more.finals] };
    await watch.finished(done);
  };
  /** How bad a setting is after so many steps. */
  const trial = async (optimizer: string, settings: OptimizerSettings, steps: number): Promise<number> => {
    const known = done.trials.find((t) => isSame(t, { optimizer, settings, steps }));
    if (known) {
      watch.skip(steps);
      return known.loss === null ? Number.POSITIVE_INFINITY : badness(problem, known.score);
    }
    const { loss, score } = await record(optimizer, settings, steps);
    await finish({ trials: [{ optimizer, settings, steps, loss, score }], finals: [] });
    return badness(problem, score);
  };
  try {
    for (const optimizer of entries) {
      const known = settingsFor(parseEntry(optimizer).name, problem, options.model);
      const candidates = drawSettings(optimizer, rng.fold("settings").fold(optimizer), tune, known);
      const best = () => successiveHalving(candidates, budget.steps, (settings, steps) => trial(optimizer, settings, steps));
      const settings = tune > 1 ? (await best()).best : (options.settings?.(optimizer) ?? candidates[0]);
      for (let seed = 0; seed < seeds; seed++) {
        if (done.finals.some((f) => f.optimizer === optimizer && f.seed === seed)) {
          watch.skip(budget.steps);
          continue;
        }
        const recorded = await record(optimizer, settings, budget.steps, seed);
        await finish({ trials: [], finals: [{ optimizer, settings, steps: budget.steps, seed, ...recorded }] });
      }
    }
    return { ...done, stopped: false };
  } catch (error) {
    if (error === stopped) return { ...done, stopped: true };
    throw error;
  }
}

/** Thrown out of whatever is going on when the comparison is stopped. */
const stopped = new Error("stopped");

const isSame = (a: Trial, b: Omit<Trial, "loss" | "score">): boolean =>
  a.optimizer === b.optimizer && a.steps === b.steps && JSON.stringify(a.settings) === JSON.stringify(b.settings);

/** A score as a loss: lower is better, infinity is worst. */
function badness({ score: kind }: Problem, score: number): number {
  if (!Number.isFinite(score)) return Number.POSITIVE_INFINITY;
  return kind === "accuracy" ? -score : score;
}
