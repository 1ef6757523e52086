/** Scores and balance as tables of a report. */
import { formatNumber } from "../../numbers.ts";
import { timeText } from "../paths/units.ts";
import type { Balance } from "./balance.ts";
import type { Prediction } from "./predict.ts";
import { plusMinus, type ResultTable } from "./results.ts";

/** Distances at every held-out time, with their standard errors. */
export const scoresTable = (predictions: readonly Prediction[]): ResultTable => ({
  title: "Held-out snapshots",
  columns: ["time", "method", "W1", "±", "W2", "±", "MMD²", "±", "MMD², biased", "W1 less the straight lines'", "±"],
  rows: predictions.flatMap(({ time, scores, floor }) => [
    ...scores.map(({ name, w1, w2, mmd, biasedMmd, error, behind }) => [
      ...[timeText(time), name, w1, error.w1, w2, error.w2, mmd, error.mmd, biasedMmd],
      ...(behind.difference === 0 ? ["", ""] : [behind.difference, behind.error]),
    ]),
    [timeText(time), "sampling floor (two halves)", floor, "", "", "", "", "", "", "", ""],
  ]),
  caption:
    "Exact Wasserstein distances and squared MMD (unbiased, and biased: of the samples themselves) between predicted and observed clouds, " +
    `in ${predictions[0].unit.name}` +
    `${predictions[0].unit.own === undefined ? "" : ` (one is ${formatNumber(predictions[0].unit.own)} in the file's units)`}. ` +
    `${plusMinus.sampling}, by the bootstrap; of differences, ${plusMinus.difference} of the snapshot for both.`,
});

/** Most rows of the balance that are shown. */
const most = 6;

/** The test functions whose change the learned motion misses most. */
export const balanceTable = (balance: readonly Balance[]): ResultTable => ({
  title: "Balance",
  columns: ["time", "test function", "change in the data", "change by the model", "z"],
  rows: [...balance]
    .sort((a, b) => Math.abs(b.z) - Math.abs(a.z))
    .slice(0, most)
    .map((b) => [timeText(b.time), b.test, b.observed, b.predicted, b.z]),
  caption:
    "d/dt of the mean of a test function at inner snapshots, in standard deviations and mean intervals: from its neighbours, and from " +
    "the learned motion at the snapshot's own particles; z is the difference in standard errors, the six largest. A bend in time between " +
    "snapshots shows here too.",
});
