/** What a comparison of optimizers says: a table, and words that follow its errors. */
import { formatNumber, withError } from "../numbers.ts";
import type { Progressed } from "./compare.ts";
import type { Finding } from "./findings.ts";
import type { Problem } from "./problem.ts";
import type { OptimizerSettings } from "./recipe.ts";
import { median } from "./recorded.ts";

/** One optimizer of a comparison: means over its seeds, with standard errors. */
export interface Summary {
  readonly seeds: number;
  readonly optimizer: string;
  readonly settings: OptimizerSettings;
  readonly test: { readonly mean: number; readonly error: number };
  readonly trainLoss: { readonly mean: number; readonly error: number };
  readonly milliseconds: number;
  readonly optimizerNumbers: number;
  readonly parameters: number;
}

/** Means over the seeds, with standard errors; the best test score first. */
export function summarise({ finals }: Progressed, score: Problem["score"]): Summary[] {
  const names = [...new Set(finals.map((f) => f.optimizer))];
  const sign = score === "accuracy" ? -1 : 1;
  return names
    .map((optimizer) => {
      const runs = finals.filter((f) => f.optimizer === optimizer);
      const { settings, optimizerNumbers, parameters } = runs[0];
      return {
        optimizer,
        seeds: runs.length,
        settings,
        optimizerNumbers,
        parameters,
        test: meanAndError(runs.map((r) => r.test.score)),
        trainLoss: meanAndError(runs.map((r) => r.trainLoss)),
        milliseconds: median(runs.map((r) => r.milliseconds)),
      };
    })
    .sort((a, b) => sign * (a.test.mean - b.test.mean));
}

function meanAndError(values: readonly number[]): { mean: number; error: number } {
  const n = values.length;
  const mean = values.reduce((s, v) => s + v, 0) / n;
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1);
  return { mean, error: n > 1 ? Math.sqrt(variance / n) : Number.NaN };
}

/** 97.5 % quantile of Student's t: a handful of seeds tells little about its own spread. */
const quantile = (freedom: number): number => [12.71, 12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228][freedom] ?? 2;

/** What the table means, in words: who is ahead beyond the noise, and what else speaks for whom. */
export function recommend(summaries: readonly Summary[], score: Problem["score"]): string {
  const [best, ...others] = summaries;
  if (others.length === 0) return `Only ${best.optimizer} was tried.`;
  const close = others.filter((o) => {
    const gap = Math.abs(o.test.mean - best.test.mean);
    return !(gap > quantile(o.seeds + best.seeds - 2) * Math.hypot(o.test.error, best.test.error));
  });
  const fastest = [best, ...close].reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
  const lowest = summaries.reduce((a, b) => (b.trainLoss.mean < a.trainLoss.mean ? b : a));
  const name = score === "rmse" ? "test error" : score === "accuracy" ? "test accuracy" : "bits a character";
  const sentences = [
    close.length === 0
      ? `${best.optimizer} has the best ${name}, by more than the noise between seeds (95 %).`
      : `${best.optimizer} has the best mean ${name}, but these data and seeds do not tell it from ` +
        `${close.map((c) => c.optimizer).join(", ")}.`,
  ];
  if (close.length > 0)
    sentences.push(`Among these, ${fastest.optimizer} is the fastest a step: take it, unless more seeds decide otherwise.`);
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
  columns: ["optimizer", `test ${score}`, "training loss", "ms a step", "numbers kept a parameter", "setting"],
  rows: summaries.map((s) => [
    s.optimizer,
    show(s.test),
    show(s.trainLoss),
    Number(s.milliseconds.toPrecision(3)),
    Number((s.optimizerNumbers / s.parameters).toPrecision(3)),
    settingText(s),
  ]),
  caption:
    `Every optimizer had ${tune} settings, drawn from its ranges and judged on the validation part by successive halving, and the best ` +
    `ran with ${summaries[0]?.seeds} seeds. Mean ± standard error. The test part was looked at once.`,
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
