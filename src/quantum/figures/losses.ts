/** What a trained circuit yields, against all there is. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Animation, type Figure, palette, plot } from "../../plots/index.ts";
import { rangeOf } from "../landscape/optima.ts";

const bins = 60;

/** Costs with the share of each; without shares all alike. */
export interface Weighed {
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

/** Shares of all costs by range alone, as the middles of ranges: what is drawn of them, without 2^n numbers. */
export function condensed(costs: Float64Array, shares: Float64Array): Weighed {
  const ranges = rangesOf(costs);
  return {
    costs: Float64Array.from({ length: bins }, (_, bin) => ranges.low + (bin + 0.5) * ranges.width),
    shares: histogram({ costs, shares }, ranges),
  };
}

/** Where a lowest cost is from: all costs, or those that were seen. */
type Known = "exact" | "seen";

const namesOf = (known: Known): readonly [string, string] => [
  known === "exact" ? "all configurations" : "a uniform sample",
  "measured on the circuit",
];

/** Both histograms over each other, each in parts of its own highest bar. */
function overlaid(all: Weighed, drawn: Weighed, lowest: number, known: Known, ranges: ReturnType<typeof rangesOf>, said?: string): string {
  const names = namesOf(known);
  const shares = [all, drawn].map((set) => histogram(set, ranges));
  const bars = (which: number) => {
    const most = Math.max(...shares[which]);
    return Array.from(shares[which], (share, bin) => ({
      ...{ x1: ranges.low + bin * ranges.width, x2: ranges.low + (bin + 1) * ranges.width },
      ...{ share: share / most, of: names[which] },
    }));
  };
  return plot({
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
      ...(said === undefined ? [] : [Plot.text([said], { frameAnchor: "top-right", dy: 4, fontWeight: 600, fontSize: 14 })]),
    ],
  });
}

const lowestText = (lowest: number, known: Known): string =>
  `${known === "exact" ? "the exact minimum" : "the lowest loss that was seen (the minimum is unknown)"}, ${formatNumber(lowest)}`;

/**
 * Shares of all configurations, or of a uniform sample of them, and of the probability, by cost.
 * @param lowest  the exact minimum, or the lowest cost that was seen
 */
export function lossesFigure(all: Weighed, drawn: Weighed, lowest: number, known: Known): Figure {
  return {
    name: "losses",
    title: "Losses: sampled against all",
    caption: `Share of ${known === "exact" ? "configurations" : `${all.costs.length.toLocaleString("en")} uniform configurations`}, and of the probability of the trained circuit, in each of ${bins} ranges of the loss; each kind in parts of its own highest bar. The line is ${lowestText(lowest, known)}.`,
    svg: overlaid(all, drawn, lowest, known, rangesOf(all.costs, drawn.costs, [lowest])),
  };
}

/** What the circuit yields after a step of its training. */
export interface Moment {
  readonly step: number;
  readonly drawn: Weighed;
}

/** How the losses that the circuit yields move while it learns: one row a moment, over that of all configurations. */
export function courseFigure(all: Weighed, course: readonly Moment[], lowest: number, known: Known): Figure {
  const ranges = rangesOf(all.costs, ...course.map(({ drawn }) => drawn.costs), [lowest]);
  const rows = [{ name: namesOf(known)[0], set: all }, ...course.map(({ step, drawn }) => ({ name: `step ${step}`, set: drawn }))];
  const cells = rows.flatMap(({ name, set }) => {
    const shares = histogram(set, ranges);
    const most = Math.max(...shares);
    return Array.from(shares, (share, bin) => ({
      ...{ name, x1: ranges.low + bin * ranges.width, x2: ranges.low + (bin + 1) * ranges.width },
      share: share / most,
    })).filter((cell) => cell.share > 0);
  });
  return {
    name: "course",
    title: "Losses while the circuit learns",
    caption: `Each row is a histogram, dark where the share is that of the row's highest range: above, of ${known === "exact" ? "all configurations" : "a uniform sample"}; below, of what the circuit yields after so many steps of the restart that ended lowest. The line is ${lowestText(lowest, known)}.`,
    svg: plot({
      height: 90 + 22 * rows.length,
      color: { type: "sqrt", scheme: "blues", domain: [0, 1] },
      x: { label: "loss" },
      y: { label: null, domain: rows.map(({ name }) => name), tickSize: 0 },
      marks: [
        Plot.barX(cells, { x1: "x1", x2: "x2", y: "name", fill: "share", insetTop: 1, insetBottom: 1 }),
        Plot.ruleX([lowest], { strokeDasharray: "4,3" }),
      ],
    }),
  };
}

const delay = 300;

/** The same as pictures one after the other. */
export function courseAnimation(all: Weighed, course: readonly Moment[], lowest: number, known: Known): Animation {
  const ranges = rangesOf(all.costs, ...course.map(({ drawn }) => drawn.costs), [lowest]);
  const pictures = course.map(({ step, drawn }) => overlaid(all, drawn, lowest, known, ranges, `step ${step}`));
  return { pictures, delay, repeats: Math.round(2000 / delay) };
}
