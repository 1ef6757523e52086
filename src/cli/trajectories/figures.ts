/** Pictures of a trajectory model. */
import * as Plot from "@observablehq/plot";
import type { NdArray } from "../../array/index.ts";
import type { Dataset } from "../../data/builtin.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { timeAxis, timeColour, timeName } from "./axes.ts";
import type { Prediction } from "./predict.ts";

/** Points of a cloud as rows for Plot, at most `most` of them. */
function rows(cloud: NdArray<"f32">, time: number, most: number, coordinates: readonly [number, number]) {
  const [n, d] = cloud.shape;
  const count = Math.min(n, most);
  return Array.from({ length: count }, (_, i) => {
    const r = Math.floor((i * n) / count) * d;
    return { x: cloud.data[r + coordinates[0]], y: cloud.data[r + coordinates[1]], time };
  });
}

/** Snapshots as points and learned paths as lines, in two of the features. */
export function pathsFigure(data: Dataset, paths: readonly { time: number; cloud: NdArray<"f32"> }[]): Figure {
  const d = data.features.length;
  if (d === 1) return pathsInTime(data, paths);
  const [first] = paths;
  const shown = Math.min(80, first.cloud.shape[0]);
  const lines = Array.from({ length: shown }, (_, i) => Math.floor((i * first.cloud.shape[0]) / shown)).flatMap((row) =>
    paths.map(({ time, cloud }) => ({ x: cloud.data[row * d], y: cloud.data[row * d + 1], time, row })),
  );
  const points = data.snapshots.flatMap((s, k) => rows(s, data.times[k], 300, [0, 1]));
  return {
    name: "trajectories",
    title: "Snapshots and learned trajectories",
    caption: `Points: the data, coloured by time. Lines: ${shown} particles of the first snapshot moved by the learned velocity. Axes: ${data.features[0]} and ${data.features[1]}.`,
    svg: plot({
      height: 520,
      grid: true,
      color: timeColour(data.times),
      x: { label: data.features[0] },
      y: { label: data.features[1] },
      marks: [
        Plot.dot(points, { x: "x", y: "y", fill: "time", r: 2, fillOpacity: 0.45 }),
        Plot.line(lines, { x: "x", y: "y", z: "row", stroke: "currentColor", strokeWidth: 0.8, strokeOpacity: 0.55 }),
        Plot.dot(
          lines.filter((l) => l.time === paths[paths.length - 1].time),
          { x: "x", y: "y", fill: "currentColor", r: 1.8 },
        ),
      ],
    }),
  };
}

function pathsInTime(data: Dataset, paths: readonly { time: number; cloud: NdArray<"f32"> }[]): Figure {
  const shown = Math.min(80, paths[0].cloud.shape[0]);
  const lines = paths.flatMap(({ time, cloud }) => Array.from({ length: shown }, (_, row) => ({ time, row, y: cloud.data[row] })));
  const points = data.snapshots.flatMap((s, k) => Array.from(s.data.subarray(0, 300), (y) => ({ time: data.times[k], y })));
  return {
    name: "trajectories",
    title: "Snapshots and learned trajectories",
    caption: `Points: the data. Lines: ${shown} particles of the first snapshot moved by the learned velocity.`,
    svg: plot({
      height: 420,
      grid: true,
      x: timeAxis,
      y: { label: data.features[0] },
      marks: [
        Plot.dot(points, { x: "time", y: "y", fill: palette[0], r: 2, fillOpacity: 0.4 }),
        Plot.line(lines, { x: "time", y: "y", z: "row", stroke: "currentColor", strokeWidth: 0.7, strokeOpacity: 0.5 }),
      ],
    }),
  };
}

/** W1 of each method at each held-out time, with the sampling floor. */
export function scoresFigure(predictions: readonly Prediction[]): Figure {
  // clouds of a few particles have no interval
  const bars = predictions.flatMap(({ time, scores }) =>
    scores.map(({ name, w1, error }) => {
      const reach = Number.isFinite(error.w1) ? 1.96 * error.w1 : 0;
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
      "Wasserstein-1 distance in standard deviations of the features; smaller is better. Thin lines: 95 % intervals over the sampling of both clouds, by the bootstrap. Dashed: the sampling floor, the distance between two random halves of the snapshot (smaller samples lie farther apart; where the same individuals appear in every snapshot, predictions can lie below it).",
    svg: plot({
      height: 76 + 34 * names.length * predictions.length,
      marginRight: 100,
      color: { domain: names },
      // room for the values behind the longest bar
      x: { label: "W1", domain: [0, 1.12 * farthest], grid: true },
      y: { label: null, domain: names },
      fy: { label: null },
      marks: [
        Plot.barX(bars, { x: "w1", y: "name", fy: "time", fill: "name", insetTop: 2, insetBottom: 2 }),
        Plot.ruleY(bars, { x1: "low", x2: "high", y: "name", fy: "time", stroke: "currentColor", strokeOpacity: 0.6 }),
        Plot.ruleX(floors, { x: "w1", fy: "time", stroke: "currentColor", strokeDasharray: "4 3" }),
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

export function lossFigure(losses: readonly { step: number; loss: number }[], caption: string): Figure {
  const sorted = losses.map((l) => l.loss).sort((a, b) => a - b);
  const [low, high] = [sorted[0], sorted[Math.round(0.98 * (sorted.length - 1))]];
  return {
    name: "loss",
    title: "Loss",
    caption,
    svg: plot({
      height: 300,
      grid: true,
      x: { label: "step" },
      y: { label: "loss", domain: [low, high], clamp: true },
      marks: [
        Plot.line(losses, { x: "step", y: "loss", stroke: palette[0], strokeOpacity: 0.35 }),
        Plot.line(
          losses,
          Plot.windowY(
            // a tenth of the rows, so that a short run is not all one mean
            { k: Math.max(1, Math.min(25, Math.round(losses.length / 10))), strict: false },
            { x: "step", y: "loss", stroke: palette[0], strokeWidth: 2 },
          ),
        ),
      ],
    }),
  };
}
