/** Curves and bars of demos, drawn as reports draw theirs. */
import * as Plot from "@observablehq/plot";
import type { Panel } from "../../src/demos/demo.ts";
import { palette, plot } from "../../src/plots/figure.ts";

type Curves = Extract<Panel, { kind: "curves" }>;
type Bars = Extract<Panel, { kind: "bars" }>;

/** Colours by name, in the order of the series. */
const legendOf = (series: readonly { readonly label: string; readonly color?: number }[]) => ({
  legend: series.length > 1,
  domain: series.map(({ label }) => label),
  range: series.map(({ color }, i) => palette[(color ?? i) % palette.length]),
});

export function curves({ series, xLabel, yLabel, log = false }: Curves, width: number): string {
  // a logarithm has no place for what is not above zero
  const points = series.map(({ label, x, y, low, high }) =>
    x.flatMap((at, i) => (log && !(y[i] > 0) ? [] : [{ label, x: at, y: y[i], low: low?.[i], high: high?.[i] }])),
  );
  return plot({
    width,
    height: Math.round(Math.min(300, Math.max(200, 0.6 * width))),
    grid: true,
    x: { label: xLabel },
    y: { label: yLabel, ...(log && { type: "log", tickFormat: "~g" }) },
    color: legendOf(series),
    marks: [
      series.flatMap(({ low, high }, k) =>
        low && high ? [Plot.areaY(points[k], { x: "x", y1: "low", y2: "high", fill: "label", fillOpacity: 0.18 })] : [],
      ),
      series.map(({ dashed }, k) =>
        Plot.line(points[k], { x: "x", y: "y", stroke: "label", strokeWidth: 1.7, ...(dashed && { strokeDasharray: "5 4" }) }),
      ),
    ],
  });
}

export function bars({ series, edges, xLabel, yLabel }: Bars, width: number): string {
  const opacity = series.length > 1 ? 0.55 : 0.85;
  return plot({
    width,
    height: Math.round(Math.min(300, Math.max(200, 0.6 * width))),
    grid: true,
    x: { label: xLabel },
    y: { label: yLabel },
    color: legendOf(series),
    marks: [
      series.map(({ label, heights }) =>
        Plot.rectY(
          heights.map((height, i) => ({ label, height, from: edges[i], to: edges[i + 1] })),
          { x1: "from", x2: "to", y: "height", fill: "label", fillOpacity: opacity, inset: 0.5 },
        ),
      ),
      Plot.ruleY([0]),
    ],
  });
}
