/** Growth and death, and the total mass. */
import * as Plot from "@observablehq/plot";
import type { Snapshots } from "../../data/snapshots.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { Fields } from "../motion/fields.ts";
import type { MassAt } from "../motion/frames.ts";
import { inset, timeAxis, timeName } from "./axes.ts";

/** Where particles divide and where they die: the growth rate at the observed particles. */
export function growthFigure(data: Pick<Snapshots, "times" | "snapshots" | "features">, fields: readonly Fields[]): Figure {
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
      "Observed particles coloured by the learned growth rate, per unit of time: blue ones divide, red ones die (white: neither; the " +
      "strongest 2 % share the end colours).",
    svg: plot({
      height: 132 + 220 * rows,
      marginTop: 90,
      color: { type: "diverging", scheme: "RdBu", domain: [-limit, limit], label: "growth rate", legend: true },
      x: d > 1 ? { label: data.features[0], inset } : timeAxis,
      y: { label: data.features[d > 1 ? 1 : 0], grid: true, inset },
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

/** The mass of a snapshot relative to the first one's, and whether it was held out. */
export interface ObservedMass {
  readonly time: number;
  readonly mass: number;
  readonly held: boolean;
}

/** Total mass in time beside what was counted. */
export function massFigure(curve: readonly MassAt[], observed: readonly ObservedMass[]): Figure {
  return {
    name: "mass",
    title: "Total mass",
    caption: "Line: mass of the moved particles relative to the first snapshot. Dots: the snapshots' masses; hollow ones were held out.",
    svg: plot({
      height: 300,
      grid: true,
      x: timeAxis,
      y: { label: "mass relative to the start", zero: true, inset },
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
