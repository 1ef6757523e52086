/** Picture of the weights of particles over the steps. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";

const [blue] = palette;

/** Shares of the particles below the lines of a fan. */
const shares = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** Quantiles of log weights over their mean weight, 5 to 95 %: 0 where all weigh the same. Weights of 0 are left out. */
export function weightQuantiles(logWeights: Float64Array): readonly number[] | undefined {
  const sorted = logWeights.filter(Number.isFinite).sort();
  if (sorted.length === 0) return undefined;
  const top = sorted[sorted.length - 1];
  const mean = top + Math.log(sorted.reduce((sum, log) => sum + Math.exp(log - top), 0) / logWeights.length);
  return shares.map((share) => {
    const at = share * (sorted.length - 1);
    const [low, high] = [Math.floor(at), Math.ceil(at)];
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]) - mean;
  });
}

/** A fan of log weights, before resampling. @param steps  of every step, as `weightQuantiles` has them */
export function weightsFigure(steps: readonly (readonly number[] | undefined)[]): Figure {
  const rows = steps.flatMap((quantiles, i) => (quantiles ? [{ t: i + 1, quantiles }] : []));
  const band = (low: number, high: number, fillOpacity: number) =>
    Plot.areaY(rows, { x: "t", y1: (r) => r.quantiles[low], y2: (r) => r.quantiles[high], fill: blue, fillOpacity });
  return {
    name: "weights",
    title: "Weights",
    caption: "Log weights of the particles over their mean weight, before resampling: the median, half of them, and nine of ten.",
    svg: plot({
      height: 260,
      x: { label: "step t", ticks: Math.min(rows.length, 12), tickFormat: "d" },
      y: { label: "log weight / mean", grid: true, nice: true },
      marks: [
        band(0, 4, 0.15),
        band(1, 3, 0.3),
        Plot.lineY(rows, { x: "t", y: (r) => r.quantiles[2], stroke: blue, strokeWidth: 2 }),
        Plot.ruleY([0], { strokeDasharray: "4 3" }),
      ],
    }),
  };
}
