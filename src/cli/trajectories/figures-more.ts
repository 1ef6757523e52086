/** Pictures of growth, fates, features and balance. */
import * as Plot from "@observablehq/plot";
import { type Figure, formatNumber, palette, plot } from "../../lab/index.ts";
import type { Population } from "./load.ts";
import type { Fates, FeatureCurve, Fields } from "./motion.ts";

/** Where particles divide and where they die: the growth rate at the observed particles. */
export function growthFigure(data: Population, fields: readonly Fields[]): Figure {
  const d = data.features.length;
  const points = data.snapshots.flatMap((s, k) => {
    const step = Math.max(1, Math.ceil(s.shape[0] / 900));
    return Array.from({ length: Math.ceil(s.shape[0] / step) }, (_, i) => {
      const r = i * step;
      const [x, y] = d > 1 ? [s.data[r * d], s.data[r * d + 1]] : [data.times[k], s.data[r * d]];
      return { x, y, rate: fields[k].growth![r], time: `time ${data.times[k]}` };
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
      height: 330,
      marginTop: 70,
      color: { type: "diverging", scheme: "RdBu", domain: [-limit, limit], label: "growth rate", legend: true },
      x: { label: d > 1 ? data.features[0] : "time", ticks: 4 },
      y: { label: data.features[d > 1 ? 1 : 0], grid: true },
      fx: { domain: data.times.map((t) => `time ${t}`), label: null },
      marks: [
        Plot.dot(points, { x: "x", y: "y", fx: "time", fill: "rate", r: 1.9, stroke: "currentColor", strokeWidth: 0.12 }),
        Plot.frame({ strokeOpacity: 0.2 }),
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
    caption:
      "Line: mass of the moved particles relative to the first snapshot. Dots: the snapshots' masses; hollow ones were held out.",
    svg: plot({
      height: 300,
      marginLeft: 50,
      grid: true,
      x: { label: "time" },
      y: { label: "mass relative to the start", zero: true },
      marks: [
        Plot.line(curve, { x: "time", y: "mass", stroke: palette[0], strokeWidth: 2 }),
        Plot.dot(observed, { x: "time", y: "mass", r: 5, fill: (o) => (o.held ? "white" : palette[1]), stroke: palette[1], strokeWidth: 2 }), // biome-ignore format: one line
      ],
    }),
  };
}

/** Probabilities of ending in each group, as a matrix. */
export function fatesFigure({ matrix }: Fates): Figure {
  const cells = matrix.starts.flatMap((start, s) => matrix.ends.map((end, e) => ({ start, end, p: matrix.probability[s][e] })));
  const widest = Math.max(...matrix.starts.map((s) => s.length));
  return {
    name: "fates",
    title: "Fates",
    caption:
      "Probability that the descendants of a group of the first snapshot (rows) end among a group of the last one (columns): shares of the 15 nearest cells there, weighted by growth.",
    svg: plot({
      height: 90 + 44 * matrix.starts.length,
      marginLeft: Math.min(260, 20 + 7.2 * widest),
      marginBottom: 40,
      color: { type: "linear", scheme: "blues", domain: [0, 1], label: "probability", legend: true },
      x: { label: "end", domain: [...matrix.ends] },
      y: { label: "start", domain: [...matrix.starts] },
      marks: [
        Plot.cell(cells, { x: "end", y: "start", fill: "p", inset: 1 }),
        Plot.text(cells, { x: "end", y: "start", text: (c) => c.p.toFixed(2), fill: (c) => (c.p > 0.55 ? "white" : "#1b1e23") }),
      ],
    }),
  };
}

/** Means of features in time with a band of one standard deviation, and the snapshots. */
export function featuresFigure(curves: readonly FeatureCurve[]): Figure {
  const learned = curves.flatMap((c) => c.learned.map((p) => ({ ...p, feature: c.feature })));
  const observed = curves.flatMap((c) => c.observed.map((p) => ({ ...p, feature: c.feature })));
  const rows = Math.ceil(curves.length / 4);
  const place = new Map(curves.map((c, i) => [c.feature, { fx: i % 4, fy: Math.floor(i / 4) }]));
  // each panel has its own scale: values go to [0, 1] by the range of its feature
  const range = new Map(curves.map((c) => {
    const all = [...c.learned, ...c.observed].flatMap((p) => [p.mean - p.deviation, p.mean + p.deviation]);
    return [c.feature, { low: Math.min(...all), high: Math.max(...all) }];
  })); // biome-ignore format: one expression
  const unit = (feature: string, v: number): number => {
    const { low, high } = range.get(feature)!;
    return high > low ? (v - low) / (high - low) : 0.5;
  };
  const at = <T extends { feature: string; mean: number; deviation: number }>(p: T) => ({ ...p, ...place.get(p.feature)!, y: unit(p.feature, p.mean), low: unit(p.feature, p.mean - p.deviation), high: unit(p.feature, p.mean + p.deviation) }); // biome-ignore format: one line
  const titles = curves.map((c) => ({ ...place.get(c.feature)!, text: c.feature }));
  return {
    name: "features",
    title: "Features in time",
    caption:
      "Mean and standard deviation of each feature over the moved particles (line and band) and over the snapshots (dots and bars); each panel has its own vertical scale.",
    svg: plot({
      height: 60 + 150 * rows,
      marginLeft: 20,
      x: { label: "time", ticks: 4, tickFormat: (t: number) => formatNumber(t) },
      y: { axis: null, domain: [-0.05, 1.12] },
      fx: { axis: null },
      fy: { axis: null },
      marks: [
        Plot.frame({ strokeOpacity: 0.2 }),
        Plot.areaY(learned.map(at), { x: "time", y1: "low", y2: "high", fx: "fx", fy: "fy", z: "feature", fill: palette[0], fillOpacity: 0.18 }), // biome-ignore format: one line
        Plot.line(learned.map(at), { x: "time", y: "y", fx: "fx", fy: "fy", z: "feature", stroke: palette[0], strokeWidth: 2 }),
        Plot.ruleX(observed.map(at), { x: "time", y1: "low", y2: "high", fx: "fx", fy: "fy", stroke: palette[1] }),
        Plot.dot(observed.map(at), { x: "time", y: "y", fx: "fx", fy: "fy", fill: palette[1], r: 3 }),
        Plot.text(titles, { fx: "fx", fy: "fy", text: "text", frameAnchor: "top", dy: 4, fontWeight: 600 }),
      ],
    }),
  };
}
