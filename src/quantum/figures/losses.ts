/** What a trained circuit yields, against all there is. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { rangeOf } from "../landscape/optima.ts";

const bins = 60;

/** Shares of all configurations, and of the probability, by cost. */
export function lossesFigure(costs: Float64Array, probabilities: Float64Array): Figure {
  const { minimum, maximum } = rangeOf(costs);
  const width = (maximum - minimum || 1) / bins;
  const [all, drawn] = [new Float64Array(bins), new Float64Array(bins)];
  costs.forEach((c, k) => {
    const bin = Math.min(bins - 1, Math.floor((c - minimum) / width));
    all[bin] += 1 / costs.length;
    drawn[bin] += probabilities[k];
  });
  const [highest, most] = [all, drawn].map((shares) => Math.max(...shares));
  const [everything, sampled] = ["all configurations", "measured on the trained circuit"];
  const bars = (shares: Float64Array, most: number, of: string) =>
    Array.from(shares, (share, bin) => ({ x1: minimum + bin * width, x2: minimum + (bin + 1) * width, share: share / most, of }));
  return {
    name: "losses",
    title: "Losses: sampled against all",
    caption: `Share of configurations, and of the probability of the trained circuit, in each of ${bins} ranges of the loss; each kind in parts of its own highest bar. The line is the exact minimum, ${formatNumber(minimum)}.`,
    svg: plot({
      height: 340,
      grid: true,
      color: { domain: [everything, sampled], range: [palette[9], palette[0]], legend: true },
      x: { label: "loss" },
      y: { label: "share, of the highest" },
      marks: [
        Plot.rectY(bars(all, highest, everything), { x1: "x1", x2: "x2", y: "share", fill: "of", fillOpacity: 0.75 }),
        Plot.rectY(bars(drawn, most, sampled), { x1: "x1", x2: "x2", y: "share", fill: "of", fillOpacity: 0.55 }),
        Plot.ruleX([minimum], { strokeDasharray: "4,3" }),
        Plot.ruleY([0]),
      ],
    }),
  };
}
