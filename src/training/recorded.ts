/** One training, recorded: its curve, its time and its scores. */
import type { Random } from "../array/index.ts";
import type { Network } from "../nn/index.ts";
import { settingsFor } from "./defaults.ts";
import type { Problem } from "./problem.ts";
import { type Budget, type OptimizerSettings, optimizerOf, parseEntry } from "./recipe.ts";
import {
  countNumbers,
  type MarkedScores,
  type Scores,
  type SupervisedLearner,
  type SupervisedOptions,
  type SupervisedState,
  supervisedLearner,
} from "./supervised.ts";

/** What is trained, and how. */
export interface RecordedTraining {
  readonly problem: Problem;
  readonly network: Network;
  /** Name of the network, for the settings that go with it. */
  readonly model?: string;
  /** An optimizer as `parseEntry` reads it, and its settings. */
  readonly optimizer: string;
  readonly settings: OptimizerSettings;
  readonly budget: Budget;
  readonly options: Omit<SupervisedOptions, "optimizer">;
  readonly rng: Random;
  /** Whether a curve is drawn, and training and test parts are scored. */
  readonly final: boolean;
  /** Called before each step; true stops the training. */
  stop(): boolean;
  /** Steps that a diverged training leaves out. */
  skip(steps: number): void;
}

/** Rows of one training: mean loss since the row before, and seconds since its second step. */
export interface CurveRow {
  readonly step: number;
  readonly seconds: number;
  readonly loss: number;
  readonly validationScore?: number;
}

/** `score` and `loss` are those of the validation part; infinite if it diverged. */
export interface Recorded {
  readonly loss: number;
  readonly score: number;
  readonly curve: readonly CurveRow[];
  readonly trainLoss: number;
  /** With the mark of each example, to six digits. */
  readonly test: MarkedScores;
  /** Milliseconds of the median step. */
  readonly milliseconds: number;
  /** Numbers that the optimizer keeps, and parameters. */
  readonly optimizerNumbers: number;
  readonly parameters: number;
}

/** Rows of a curve, of which every fifth has a validation score. */
const curveRows = 50;

/** @returns  what was recorded; undefined if it was stopped */
export async function recordTraining(training: RecordedTraining): Promise<Recorded | undefined> {
  const { problem, budget, rng, final } = training;
  const { steps } = budget;
  const { name } = parseEntry(training.optimizer);
  const optimizer = optimizerOf(
    name,
    { ...settingsFor(name, problem, training.model, training.options.precision), ...training.settings },
    budget,
  );
  const learner = supervisedLearner(problem, training.network, rng.fold("order"), { ...training.options, optimizer });
  let state = await learner.init(rng);
  const curve: CurveRow[] = [];
  const times: number[] = [];
  const sizes = { optimizerNumbers: countNumbers(state.optimizer), parameters: countNumbers(state.params) };
  const result = (scores: Omit<Recorded, "curve" | "milliseconds" | keyof typeof sizes>): Recorded => {
    const { loss, score, trainLoss, test } = scores;
    return { loss, score, curve, trainLoss, test, milliseconds: median(times), ...sizes };
  };
  let [sum, since, began, elsewhere] = [0, 0, 0, 0];
  const every = Math.ceil(steps / curveRows);
  for (let i = 1; i <= steps; i++) {
    if (training.stop()) return undefined;
    const before = performance.now();
    const next = await learner.step(state, rng);
    const now = performance.now();
    if (i === 1) began = now;
    else times.push(now - before);
    state = next.state;
    sum += next.metrics.loss;
    since++;
    if (!Number.isFinite(next.metrics.loss)) {
      training.skip(steps - i);
      return result(diverged(problem));
    }
    if (!final || (i % every !== 0 && i !== steps)) continue;
    const evaluated = i % (5 * every) === 0 || i === steps;
    const score = evaluated ? { validationScore: (await learner.evaluate(state)).validationScore } : {};
    curve.push({ step: i, seconds: (now - began - elsewhere) / 1000, loss: sum / since, ...score });
    elsewhere += performance.now() - now;
    [sum, since] = [0, 0];
  }
  const { validationLoss: loss, validationScore: score } = await learner.evaluate(state);
  if (!final) return result({ loss, score, trainLoss: Number.NaN, test: { loss: Number.NaN, score: Number.NaN, marks: [] } });
  return result({ loss, score, trainLoss: (await learner.score(state, "train")).loss, test: await testScores(learner, state) });
}

async function testScores(learner: SupervisedLearner, state: SupervisedState): Promise<MarkedScores> {
  const { marks, ...scores } = await learner.marked(state, "test");
  return { ...scores, marks: marks.map((v) => Number(v.toPrecision(6))) };
}

/** The worst scores that there are. */
function diverged({ score }: Problem): Scores & { readonly trainLoss: number; readonly test: MarkedScores } {
  const worst = { loss: Number.POSITIVE_INFINITY, score: score === "accuracy" ? 0 : Number.POSITIVE_INFINITY };
  return { ...worst, trainLoss: worst.loss, test: { ...worst, marks: [] } };
}

/** The upper median; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
