/** How many bits have to be seen together to know the loss. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { lowOrderShare } from "../landscape/walsh.ts";
import { powerTick } from "./ticks.ts";

/** Weights that are drawn, as parts of the largest: those below are rounding. */
const floor = 1e-16;

/** W_m by order m, on a logarithmic scale. */
export function spectrumFigure(weights: Float64Array): Figure {
  const least = floor * Math.max(...weights.slice(1), 1e-200);
  const rows = Array.from(weights, (weight, order) => ({ order, weight })).filter(({ order, weight }) => order > 0 && weight > least);
  if (rows.length === 0) rows.push({ order: 1, weight: 1e-16 });
  const bottom = Math.min(...rows.map(({ weight }) => weight)) / 3;
  return {
    name: "spectrum",
    title: "Walsh spectrum",
    caption: `Squared Walsh coefficients of the loss by order, that is, by the number of bits that act together. Orders 1 and 2 hold ${formatNumber(100 * lowOrderShare(weights))} % of the variance of the loss: the more, the easier for local search.`,
    svg: plot({
      height: 300,
      grid: true,
      x: { label: "order", domain: [0.5, weights.length - 0.5], tickFormat: (v: number) => (Number.isInteger(v) ? String(v) : "") },
      y: { type: "log", label: "weight", ticks: 6, tickFormat: powerTick },
      marks: [
        Plot.ruleX(rows, { x: "order", y1: bottom, y2: "weight", stroke: palette[0], strokeWidth: 10, strokeOpacity: 0.35 }),
        Plot.dot(rows, { x: "order", y: "weight", fill: palette[0], r: 5 }),
      ],
    }),
  };
}
