/** Features in time. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";
import type { FeatureCurve, Moment } from "../motion/features.ts";
import { inset, timeAxis } from "./axes.ts";

/** Means of features in time with a band of one standard deviation, and the snapshots. */
export function featuresFigure(curves: readonly FeatureCurve[]): Figure {
  const columns = Math.min(3, curves.length);
  return {
    name: "features",
    title: "Features in time",
    caption:
      "Mean and standard deviation of each feature over the moved particles (line and band) and over the snapshots (dots and bars); " +
      "each panel has its own vertical scale.",
    svg: panels(
      curves.map((c) => featurePanel(c, Math.floor(760 / columns))),
      columns,
    ),
  };
}

function featurePanel({ feature, learned, observed }: FeatureCurve, width: number): string {
  const [low, high] = [(p: Moment) => p.mean - p.deviation, (p: Moment) => p.mean + p.deviation];
  return plot({
    width,
    height: 190,
    x: timeAxis,
    y: { label: feature.length > 30 ? `${feature.slice(0, 29)}…` : feature, grid: true, inset },
    marks: [
      Plot.areaY(learned, { x: "time", y1: low, y2: high, fill: palette[0], fillOpacity: 0.18 }),
      Plot.line(learned, { x: "time", y: "mean", stroke: palette[0], strokeWidth: 2 }),
      Plot.ruleX(observed, { x: "time", y1: low, y2: high, stroke: palette[1] }),
      Plot.dot(observed, { x: "time", y: "mean", fill: palette[1], r: 3 }),
    ],
  });
}
