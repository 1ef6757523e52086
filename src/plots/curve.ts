/** A number by step: one curve, with the band in which it moved where points stand for many rows. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "./figure.ts";

export interface CurvePoint {
  readonly step: number;
  /** No line through what is no number. */
  readonly value: number | null;
  readonly low?: number | null;
  readonly high?: number | null;
}

/** @param width  in pixels */
export function curve(name: string, points: readonly CurvePoint[], width = 760): Figure {
  return {
    name: `metric-${name}`.replace(/[^\w.-]+/g, "-"),
    title: name,
    caption: `${name} by step.`,
    svg: plot({
      width,
      height: 260,
      grid: true,
      x: { label: "step" },
      y: { label: name },
      marks: [
        points.some(({ low, high, value }) => low !== undefined && (low !== value || high !== value))
          ? Plot.areaY(points, { x: "step", y1: "low", y2: "high", fill: palette[0], fillOpacity: 0.18 })
          : [],
        Plot.line(points, { x: "step", y: "value", stroke: palette[0], strokeWidth: 1.6 }),
      ],
    }),
  };
}
