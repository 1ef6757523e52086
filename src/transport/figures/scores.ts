/** Distances to held-out snapshots. */
import * as Plot from "@observablehq/plot";
import { type Figure, plot } from "../../plots/index.ts";
import type { Prediction } from "../evaluation/predict.ts";
import { plusMinus } from "../evaluation/results.ts";
import { timeName } from "./axes.ts";

/** W1 of each method at each held-out time, with the sampling floor. */
export function scoresFigure(predictions: readonly Prediction[]): Figure {
  // clouds of a few particles have no standard error
  const bars = predictions.flatMap(({ time, scores }) =>
    scores.map(({ name, w1, error }) => {
      const reach = Number.isFinite(error.w1) ? error.w1 : 0;
      return { time: timeName(time), name, w1, low: Math.max(0, w1 - reach), high: w1 + reach };
    }),
  );
  const floors = predictions.map(({ time, floor }) => ({ time: timeName(time), w1: floor }));
  const names = predictions[0].scores.map((s) => s.name);
  const farthest = Math.max(...bars.map((b) => b.high), ...floors.map((f) => f.w1));
  return {
    name: "held-out",
    title: "Distance to held-out snapshots",
    caption:
      "Wasserstein-1 distance in standard deviations of the features; smaller is better. Thin lines: " +
      `${plusMinus.sampling}, by the bootstrap. Dashed: the sampling floor, the distance between two random halves of the snapshot ` +
      "(smaller samples lie farther apart; where the same individuals appear in every snapshot, predictions can lie below it).",
    svg: plot({
      height: 100 + (34 * names.length + 16) * predictions.length,
      marginTop: 40,
      marginRight: 100,
      color: { domain: names },
      // room for the values behind the longest bar
      x: { label: "W1", domain: [0, 1.12 * farthest], grid: true },
      y: { label: null, domain: names },
      fy: { label: null, padding: predictions.length > 1 ? 0.2 : 0 },
      marks: [
        Plot.barX(bars, { x: "w1", y: "name", fy: "time", fill: "name", insetTop: 2, insetBottom: 2 }),
        Plot.ruleY(bars, { x1: "low", x2: "high", y: "name", fy: "time", stroke: "currentColor", strokeOpacity: 0.6 }),
        Plot.ruleX(floors, { x: "w1", fy: "time", stroke: "currentColor", strokeDasharray: "4 3" }),
        Plot.text(floors, {
          x: "w1",
          fy: "time",
          text: (f) => `sampling floor ${f.w1.toFixed(3)}`,
          frameAnchor: "top",
          lineAnchor: "bottom",
          dy: -3,
          fill: "currentColor",
        }),
        Plot.text(bars, {
          x: "high",
          y: "name",
          fy: "time",
          text: (p) => p.w1.toFixed(3),
          textAnchor: "start",
          dx: 6,
          fill: "currentColor",
          stroke: "var(--plot-background)",
          strokeWidth: 4,
        }),
      ],
    }),
  };
}
