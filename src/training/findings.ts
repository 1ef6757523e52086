/** What came out of a training, as numbers with their errors and as words. */
import { item } from "../array/index.ts";
import { list } from "../data/table.ts";
import { formatNumber } from "../numbers.ts";
import type { Baseline, ClassScores } from "./metrics.ts";
import type { Problem } from "./problem.ts";
import type { Layers, Scores, SupervisedState } from "./supervised.ts";

/** A number with its standard error, and its unit or what to compare it with. */
export interface Finding {
  readonly name: string;
  readonly value: number;
  readonly error?: number;
  readonly note?: string;
}

/** Scores of the three parts, and how many numbers the network and the optimizer keep. */
export interface TrainingResults {
  readonly train: Scores;
  readonly validation: Scores;
  readonly test: Scores;
  readonly parameters: number;
  readonly optimizerNumbers: number;
  /** What is reached without looking at the inputs. */
  readonly baseline: Baseline;
  /** Of classes. */
  readonly classes?: ClassScores;
}

/** The score of a problem in full. */
export const scoreName = ({ score }: Pick<Problem, "score">): string => (score === "rmse" ? "root mean square error" : score);

/** The numbers of a training that count, the test score first. */
export function trainingFindings(problem: Problem, results: TrainingResults): Finding[] {
  const { train, validation, test, parameters, optimizerNumbers, baseline, classes } = results;
  const name = scoreName(problem);
  return [
    {
      name: `${name}, test`,
      value: test.score,
      error: scoreError(problem, test.score),
      note: `${problem.count("test")} examples that neither training nor tuning saw`,
    },
    { name: `${name}, baseline`, value: baseline.score, note: `test part, ${baseline.name}` },
    ...(classes ? classFindings(classes, test) : []),
    { name: `${name}, validation`, value: validation.score },
    { name: `${name}, training part`, value: train.score },
    { name: "loss, training part", value: train.loss, ...(problem.kind === "text" && { note: "nats a token" }) },
    { name: "parameters", value: parameters, note: `the optimizer keeps ${optimizerNumbers} numbers` },
  ];
}

function classFindings({ balancedAccuracy, f1, positive, auc, calibrationError }: ClassScores, { loss }: Scores): Finding[] {
  return [
    { name: "log loss, test", value: loss, note: "nats an example" },
    { name: "balanced accuracy, test", value: balancedAccuracy, note: "mean of the share that is found of each class" },
    { name: "F1, test", value: f1, note: positive === undefined ? "mean over the classes" : `of the rarer class, ${positive}` },
    ...(auc === undefined ? [] : [{ name: "area under the ROC curve, test", value: auc, note: "0.5: no better than chance" }]),
    {
      name: "calibration error, test",
      value: calibrationError,
      note: "mean distance of the probability that is said from the share that is right",
    },
  ];
}

/** Training that is no better than the baseline on the test part is said first. */
export function baselineNotice({ score }: Pick<Problem, "score">, test: Scores, baseline: Baseline): string[] {
  const better = score === "accuracy" ? test.score > baseline.score : test.score < baseline.score;
  if (better) return [];
  return [
    `the network (${formatNumber(test.score)}) is no better on the test part than what needs no inputs, ` +
      `${baseline.name} (${formatNumber(baseline.score)}): look at the data, the target and the learning rate`,
  ];
}

/** Binomial standard error of an accuracy over the test part; other scores have none. */
const scoreError = (problem: Problem, score: number): number | undefined =>
  problem.score === "accuracy" ? Math.sqrt((score * (1 - score)) / problem.count("test")) : undefined;

/**
 * Parameters that a curvature optimizer does not treat as layers, and who moves them instead.
 *
 * @param tables  whether it treats tables as layers
 */
export function fallbackNotice(found: Layers | undefined, tables = false): string[] {
  const isLayer = ({ kind }: Layers["layers"][number]): boolean => tables || kind !== "embedding";
  const layers = found?.layers.filter(isLayer) ?? [];
  const left = (found?.layers ?? []).filter((layer) => !isLayer(layer));
  const uncovered = [...(found?.uncovered ?? []), ...left.map(({ weight }) => ({ path: weight, why: "is a table" }))];
  if (uncovered.length === 0) return [];
  const names = list(
    uncovered.map((u) => u.path),
    4,
  );
  return [
    `${layers.length} layers have curvature; ${uncovered.length} parameters are in none and follow AdamW: ${names} (${uncovered[0].why})`,
  ];
}

/** Steps that were left out because their gradient was not finite: one already says that something is wrong with the data or the rate. */
export function skippedNotice({ optimizer, step }: Pick<SupervisedState, "optimizer" | "step">): string[] {
  const skipped = item(optimizer.skipped);
  if (skipped === 0) return [];
  return [
    `${skipped} of ${item(step)} steps had a gradient that is not finite, and were left out: look for NaN and huge values in the data, ` +
      "lower --lr, or bound the gradient with --clip 1",
  ];
}
