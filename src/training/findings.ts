/** What came out of a training, as numbers with their errors and as words. */
import { list } from "../data/table.ts";
import type { Problem } from "./problem.ts";
import type { Layers, Scores } from "./supervised.ts";

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
}

/** The score of a problem in full. */
export const scoreName = ({ score }: Pick<Problem, "score">): string => (score === "rmse" ? "root mean square error" : score);

/** The numbers of a training that count, the test score first. */
export function trainingFindings(problem: Problem, results: TrainingResults): Finding[] {
  const { train, validation, test, parameters, optimizerNumbers } = results;
  const name = scoreName(problem);
  return [
    {
      name: `${name}, test`,
      value: test.score,
      error: scoreError(problem, test.score),
      note: `${problem.count("test")} examples that neither training nor tuning saw`,
    },
    { name: `${name}, validation`, value: validation.score },
    { name: `${name}, training part`, value: train.score },
    { name: "loss, training part", value: train.loss },
    { name: "parameters", value: parameters, note: `the optimizer keeps ${optimizerNumbers} numbers` },
  ];
}

/** Binomial standard error of an accuracy over the test part; other scores have none. */
const scoreError = (problem: Problem, score: number): number | undefined =>
  problem.score === "accuracy" ? Math.sqrt((score * (1 - score)) / problem.count("test")) : undefined;

/** Parameters that a curvature optimizer does not see as layers, and who moves them instead. */
export function fallbackNotice(found: Layers | undefined): string[] {
  if (!found || found.uncovered.length === 0) return [];
  const { layers, uncovered } = found;
  const names = list(
    uncovered.map((u) => u.path),
    4,
  );
  return [
    `${layers.length} layers have curvature; ${uncovered.length} parameters are in none and follow AdamW: ${names} (${uncovered[0].why})`,
  ];
}
