/** What a trained circuit yields, against all there is. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import { rangeOf } from "../landscape/optima.ts";

const bins = 60;

/** Costs with the share of each; without shares all alike. */
interface Weighed {
  readonly costs: ArrayLike<number>;
  readonly shares?: ArrayLike<number>;
}

/** Edges of equal ranges over some costs. */
function rangesOf(...sets: readonly ArrayLike<number>[]): { readonly low: number; readonly width: number } {
  const ranges = sets.map((costs) => rangeOf(Float64Array.from(costs)));
  const low = Math.min(...ranges.map((r) => r.minimum));
  return { low, width: (Math.max(...ranges.map((r) => r.maximum)) - low || 1) / bins };
}

/** Shares by range, of sum 1. */
function histogram({ costs, shares }: Weighed, { low, width }: ReturnType<typeof rangesOf>): Float64Array {
  const sums = new Float64Array(bins);
  for (let i = 0; i < costs.length; i++) sums[Math.min(bins - 1, Math.floor((costs[i] - low) / width))] += shares?.[i] ?? 1;
  const total = sums.reduce((a, b) => a + b, 0);
  return sums.map((sum) => sum / total);
}

/**
 * Shares of all configurations, or of a uniform sample of them, and of the probability, by cost.
 * @param lowest  the exact minimum, or the lowest cost that was seen
 */
export function lossesFigure(all: Weighed, drawn: Weighed, lowest: number, known: "exact" | "seen"): Figure {
  const ranges = rangesOf(all.costs, drawn.costs, [lowest]);
  const shares = [all, drawn].map((set) => histogram(set, ranges));
  const names = [known === "exact" ? "all configurations" : "a uniform sample", "measured on the trained circuit"];
  const bars = (which: number) => {
    const most = Math.max(...shares[which]);
    return Array.from(shares[which], (share, bin) => ({
      ...{ x1: ranges.low + bin * ranges.width, x2: ranges.low + (bin + 1) * ranges.width },
      ...{ share: share / most, of: names[which] },
    }));
  };
  const said = known === "exact" ? "the exact minimum" : "the lowest loss that was seen (the minimum is unknown)";
  return {
    name: "losses",
    title: "Losses: sampled against all",
    caption: `Share of ${known === "exact" ? "configurations" : `${all.costs.length.toLocaleString("en")} uniform configurations`}, and of the probability of the trained circuit, in each of ${bins} ranges of the loss; each kind in parts of its own highest bar. The line is ${said}, ${formatNumber(lowest)}.`,
    svg: plot({
      height: 340,
      grid: true,
      color: { domain: names, range: [palette[9], palette[0]], legend: true },
      x: { label: "loss" },
      y: { label: "share, of the highest" },
      marks: [
        Plot.rectY(bars(0), { x1: "x1", x2: "x2", y: "share", fill: "of", fillOpacity: 0.75 }),
        Plot.rectY(bars(1), { x1: "x1", x2: "x2", y: "share", fill: "of", fillOpacity: 0.55 }),
        Plot.ruleX([lowest], { strokeDasharray: "4,3" }),
        Plot.ruleY([0]),
      ],
    }),
  };
}
