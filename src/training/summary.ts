/** What a comparison of optimizers says: a table, and words that follow its errors. */
import { formatNumber, withError } from "../numbers.ts";
import type { Progressed } from "./compare.ts";
import { difference, estimate, isClear } from "./evidence.ts";
import type { Finding } from "./findings.ts";
import type { Problem } from "./problem.ts";
import type { OptimizerSettings } from "./recipe.ts";
import { median } from "./recorded.ts";
import type { MarkedScores } from "./supervised.ts";
import { fewestSteps } from "./tune.ts";

/** One optimizer of a comparison: means over its seeds; errors are those of seeds and, for the test, of its examples too. */
export interface Summary {
  readonly seeds: number;
  readonly optimizer: string;
  readonly settings: OptimizerSettings;
  /** Steps of each training. */
  readonly steps: number;
  readonly test: { readonly mean: number; readonly error: number };
  /** How far its test score lies behind the best one's, paired over seeds and examples; absent for the best. */
  readonly behind?: { readonly difference: number; readonly error: number; readonly clear: boolean };
  readonly trainLoss: { readonly mean: number; readonly error: number };
  readonly milliseconds: number;
  readonly optimizerNumbers: number;
  readonly parameters: number;
}

/** Are these trainings long enough to be ranked? */
const isRanked = (summaries: readonly Summary[]): boolean => summaries.every((s) => s.steps >= fewestSteps);

/** Means over the seeds, with standard errors; the best test score first, or in the order of trainings that are too short to be ranked. */
export function summarise({ finals }: Progressed, problem: Pick<Problem, "score" | "scoreOf">): Summary[] {
  const names = [...new Set(finals.map((f) => f.optimizer))];
  const sign = problem.score === "accuracy" ? -1 : 1;
  const examples = Math.max(1, ...finals.map((f) => f.test.marks.length));
  const entries = names.map((optimizer) => {
    const runs = finals.filter((f) => f.optimizer === optimizer);
    const { settings, steps, optimizerNumbers, parameters } = runs[0];
    const rows = runs.map((r) => contributions(problem, r.test, examples));
    const { mean, error } = estimate(rows);
    const summary = {
      ...{ optimizer, seeds: runs.length, settings, steps, optimizerNumbers, parameters },
      test: { mean, error },
      trainLoss: meanAndError(runs.map((r) => r.trainLoss)),
      milliseconds: median(runs.map((r) => r.milliseconds)),
    };
    return { summary, rows };
  });
  if (isRanked(entries.map((e) => e.summary))) entries.sort((a, b) => sign * (a.summary.test.mean - b.summary.test.mean));
  const [best] = entries;
  return entries.map(({ summary, rows }) => {
    if (rows === best.rows) return summary;
    const gap = difference(rows, best.rows);
    return { ...summary, behind: { difference: gap.mean, error: gap.error, clear: !Number.isFinite(gap.mean) || isClear(gap) } };
  });
}

/**
 * What each example contributes to the score, so that the mean is the score. A root mean square r is linearised: r / 2 + e² / 2 r, whose
 * mean is r and
 * whose spread is that of r to first order. A training that diverged has no marks: every example gets its score.
 */
function contributions({ score, scoreOf }: Pick<Problem, "score" | "scoreOf">, test: MarkedScores, examples: number): number[] {
  if (test.marks.length === 0) return new Array<number>(examples).fill(test.score);
  if (score !== "rmse") return test.marks.map((mark) => scoreOf(mark));
  return test.marks.map((square) => test.score / 2 + scoreOf(square) ** 2 / (2 * test.score || 1));
}

function meanAndError(values: readonly number[]): { mean: number; error: number } {
  const n = values.length;
  const mean = values.reduce((s, v) => s + v, 0) / n;
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1);
  return { mean, error: n > 1 ? Math.sqrt(variance / n) : Number.NaN };
}

/** What the table means, in words: the best score first; who else is as good as far as these trainings tell; time last. */
export function recommend(summaries: readonly Summary[], score: Problem["score"]): string {
  const [best, ...others] = summaries;
  if (others.length === 0) return `Only ${best.optimizer} was tried.`;
  if (!isRanked(summaries))
    return (
      `No ranking: after ${best.steps} steps the learning rate has hardly risen and averages are not filled. ` +
      `Give --steps ${fewestSteps} or more.`
    );
  const close = others.filter((o) => !o.behind?.clear);
  const fastest = close.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a), best);
  const lowest = summaries.reduce((a, b) => (b.trainLoss.mean < a.trainLoss.mean ? b : a));
  const name = score === "rmse" ? "test error" : score === "accuracy" ? "test accuracy" : "bits a character";
  const sentences = [
    close.length === 0
      ? `${best.optimizer} has the best ${name}, by more than seeds and test examples explain (95 %).`
      : `${best.optimizer} has the best mean ${name}, but these seeds and test examples do not tell it from ` +
        `${close.map((c) => c.optimizer).join(", ")}.`,
  ];
  if (fastest.milliseconds < 0.9 * best.milliseconds) {
    const share = Math.round((100 * fastest.milliseconds) / best.milliseconds);
    sentences.push(`If time counts, ${fastest.optimizer} takes ${share} % of ${best.optimizer}'s time a step.`);
  }
  if (lowest.optimizer !== best.optimizer)
    sentences.push(`${lowest.optimizer} reaches the lowest training loss, which did not carry over to the test.`);
  return sentences.join(" ");
}

const show = ({ mean, error }: Summary["test"]): string => (Number.isFinite(error) ? withError(mean, error) : formatNumber(mean));

/** The mean test score of each optimizer. */
export const comparisonFindings = (summaries: readonly Summary[], score: Problem["score"]): Finding[] =>
  summaries.map((s) => ({
    name: `${s.optimizer}, ${score}`,
    value: s.test.mean,
    error: Number.isFinite(s.test.error) ? s.test.error : undefined,
    note: `test part, ${s.seeds} seeds`,
  }));

/** All that was measured, one row for each optimizer. `tune`: settings that were tried for each. */
export const comparisonTable = (summaries: readonly Summary[], score: Problem["score"], tune: number) => ({
  title: "Comparison",
  columns: ["optimizer", `test ${score}`, "less the best", "training loss", "ms a step", "numbers kept a parameter", "setting"],
  rows: summaries.map((s) => [
    s.optimizer,
    show(s.test),
    s.behind ? show({ mean: s.behind.difference, error: s.behind.error }) : "",
    show(s.trainLoss),
    Number(s.milliseconds.toPrecision(3)),
    Number((s.optimizerNumbers / s.parameters).toPrecision(3)),
    settingText(s),
  ]),
  caption:
    `Every optimizer had ${tune} settings, drawn from its ranges and judged on the validation part by successive halving, and the best ` +
    `ran with ${summaries[0]?.seeds} seeds. Mean ± standard error over seeds and test examples; differences are paired over both. ` +
    "The test part was looked at once.",
});

const settingText = ({ settings }: Summary): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");

/** The table in short, as lines of text. */
export const comparisonLines = (summaries: readonly Summary[], score: Problem["score"]): string[] => [
  `${"optimizer".padEnd(14)} ${`test ${score}`.padEnd(20)} ${"training loss".padEnd(18)} ms a step`,
  ...summaries.map(
    (s) => `${s.optimizer.padEnd(14)} ${show(s.test).padEnd(20)} ${show(s.trainLoss).padEnd(18)} ${s.milliseconds.toPrecision(3)}`,
  ),
];
