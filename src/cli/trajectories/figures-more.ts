/** Pictures of growth, fates, features and balance. */
import * as Plot from "@observablehq/plot";
import type { Population } from "../../data/population.ts";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";
import { textWidth } from "../../plots/room.ts";
import { timeAxis, timeName } from "./axes.ts";
import type { FeatureCurve } from "./features.ts";
import type { Fates, Fields } from "./motion.ts";

/** Where particles divide and where they die: the growth rate at the observed particles. */
export function growthFigure(data: Population, fields: readonly Fields[]): Figure {
  const d = data.features.length;
  // one feature is shown against time, more in a panel a time
  const panelTimes = d > 1 ? data.times : [];
  const rows = Math.max(1, Math.ceil(panelTimes.length / 5));
  const place = (k: number) => ({ column: k % 5, row: Math.floor(k / 5) });
  const facet = d > 1 ? { fx: "column", fy: "row" } : {};
  const points = data.snapshots.flatMap((s, k) => {
    const step = Math.max(1, Math.ceil(s.shape[0] / 900));
    return Array.from({ length: Math.ceil(s.shape[0] / step) }, (_, i) => {
      const r = i * step;
      const [x, y] = d > 1 ? [s.data[r * d], s.data[r * d + 1]] : [data.times[k], s.data[r * d]];
      return { x, y, rate: fields[k].growth![r], ...place(k) };
    });
  });
  const sorted = points.map((p) => Math.abs(p.rate)).sort((a, b) => a - b);
  const limit = sorted[Math.floor(0.98 * (sorted.length - 1))] || 1;
  return {
    name: "growth",
    title: "Growth and death",
    caption:
      "Observed particles coloured by the learned growth rate, per unit of time: blue ones divide, red ones die (white: neither; the strongest 2 % share the end colours).",
    svg: plot({
      height: 132 + 220 * rows,
      marginTop: 90,
      color: { type: "diverging", scheme: "RdBu", domain: [-limit, limit], label: "growth rate", legend: true },
      x: d > 1 ? { label: data.features[0] } : timeAxis,
      y: { label: data.features[d > 1 ? 1 : 0], grid: true },
      fx: { axis: null },
      fy: { axis: null, padding: rows > 1 ? 0.2 : 0 },
      marks: [
        Plot.dot(points, { x: "x", y: "y", ...facet, fill: "rate", r: 1.9, stroke: "currentColor", strokeWidth: 0.12 }),
        Plot.frame({ strokeOpacity: 0.2 }),
        Plot.text(
          panelTimes.map((t, k) => ({ ...place(k), name: timeName(t) })),
          { ...facet, text: "name", frameAnchor: "top", lineAnchor: "bottom", dy: -6 },
        ),
      ],
    }),
  };
}

/** Total mass in time beside what was counted. */
export function massFigure(
  curve: readonly { time: number; mass: number; effective: number }[],
  observed: readonly { time: number; mass: number; held: boolean }[],
): Figure {
  return {
    name: "mass",
    title: "Total mass",
    caption: "Line: mass of the moved particles relative to the first snapshot. Dots: the snapshots' masses; hollow ones were held out.",
    svg: plot({
      height: 300,
      grid: true,
      x: timeAxis,
      y: { label: "mass relative to the start", zero: true },
      marks: [
        Plot.line(curve, { x: "time", y: "mass", stroke: palette[0], strokeWidth: 2 }),
        Plot.dot(observed, {
          x: "time",
          y: "mass",
          r: 5,
          fill: (o) => (o.held ? "white" : palette[1]),
          stroke: palette[1],
          strokeWidth: 2,
        }),
      ],
    }),
  };
}

/** Probabilities of ending in each group, as a matrix. */
export function fatesFigure({ matrix }: Fates): Figure {
  const cells = matrix.starts.flatMap((start, s) => matrix.ends.map((end, e) => ({ start, end, p: matrix.probability[s][e] })));
  const [rowName, columnName] = [matrix.starts, matrix.ends].map((names) => Math.max(...names.map(textWidth)));
  // names that are wider than their column are turned
  const turned = columnName > (700 - rowName) / matrix.ends.length;
  const marginBottom = turned ? 45 + 0.5 * columnName : 42;
  return {
    name: "fates",
    title: "Fates",
    caption:
      "Probability that the descendants of a group of the first snapshot (rows) end among a group of the last one (columns): shares of the 15 nearest cells there, weighted by growth.",
    svg: plot({
      height: 68 + marginBottom + 44 * matrix.starts.length,
      marginBottom,
      color: { type: "linear", scheme: "blues", domain: [0, 1], label: "probability", legend: true },
      x: { label: "end", domain: [...matrix.ends], tickRotate: turned ? -35 : 0 },
      y: { label: "start", domain: [...matrix.starts], labelAnchor: "top", labelArrow: "none" },
      marks: [
        Plot.cell(cells, { x: "end", y: "start", fill: "p", inset: 1 }),
        Plot.text(cells, { x: "end", y: "start", text: (c) => c.p.toFixed(2), fill: (c) => (c.p > 0.55 ? "white" : "#1b1e23") }),
      ],
    }),
  };
}

/** Means of features in time with a band of one standard deviation, and the snapshots. */
export function featuresFigure(curves: readonly FeatureCurve[]): Figure {
  const columns = Math.min(3, curves.length);
  return {
    name: "features",
    title: "Features in time",
    caption:
      "Mean and standard deviation of each feature over the moved particles (line and band) and over the snapshots (dots and bars); each panel has its own vertical scale.",
    svg: panels(
      curves.map((c) => featurePanel(c, Math.floor(760 / columns))),
      columns,
    ),
  };
}

function featurePanel({ feature, learned, observed }: FeatureCurve, width: number): string {
  const [low, high] = [(p: Moments) => p.mean - p.deviation, (p: Moments) => p.mean + p.deviation];
  return plot({
    width,
    height: 190,
    x: timeAxis,
    y: { label: feature.length > 30 ? `${feature.slice(0, 29)}…` : feature, grid: true },
    marks: [
      Plot.areaY(learned, { x: "time", y1: low, y2: high, fill: palette[0], fillOpacity: 0.18 }),
      Plot.line(learned, { x: "time", y: "mean", stroke: palette[0], strokeWidth: 2 }),
      Plot.ruleX(observed, { x: "time", y1: low, y2: high, stroke: palette[1] }),
      Plot.dot(observed, { x: "time", y: "mean", fill: palette[1], r: 3 }),
    ],
  });
}

type Moments = FeatureCurve["observed"][number];
