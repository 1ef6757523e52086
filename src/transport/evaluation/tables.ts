/** Scores and balance as tables of a report. */
import { formatNumber } from "../../numbers.ts";
import type { Balance } from "./balance.ts";
import type { Prediction } from "./predict.ts";
import type { ResultTable } from "./results.ts";

/** Distances at every held-out time, with the halves of their 95 % intervals. */
export const scoresTable = (predictions: readonly Prediction[]): ResultTable => ({
  title: "Held-out snapshots",
  columns: ["time", "method", "W1", "± 95 %", "W2", "± 95 %", "MMD²", "± 95 %", "MMD², biased", "W1 less the straight lines'", "± 95 %"],
  rows: predictions.flatMap(({ time, scores, floor }) => [
    ...scores.map(({ name, w1, w2, mmd, biasedMmd, error, behind }) => [
      ...[String(time), name, w1, 1.96 * error.w1, w2, 1.96 * error.w2, mmd, 1.96 * error.mmd, biasedMmd],
      ...(behind.difference === 0 ? ["", ""] : [behind.difference, 1.96 * behind.error]),
    ]),
    [String(time), "sampling floor (two halves)", floor, "", "", "", "", "", "", "", ""],
  ]),
  caption:
    "Exact Wasserstein distances and squared MMD (unbiased, and biased: of the samples themselves) between predicted and observed clouds, " +
    `in ${predictions[0].unit.name}` +
    `${predictions[0].unit.own === undefined ? "" : ` (one is ${formatNumber(predictions[0].unit.own)} in the file's units)`}. ` +
    "Intervals are 1.96 bootstrap standard errors over the sampling of both clouds; those " +
    "of differences use the same resamples of the snapshot for both.",
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
    .map((b) => [b.time, b.test, b.observed, b.predicted, b.z]),
  caption:
    "d/dt of the mean of a test function at inner snapshots, in standard deviations and mean intervals: from its neighbours, and from " +
    "the learned motion at the snapshot's own particles; z is the difference in standard errors, the six largest. A bend in time between " +
    "snapshots shows here too.",
});
