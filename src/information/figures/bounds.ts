/** Pictures of bounds: all of them in one row of bars, against chains, and point by point. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { PointBounds } from "../annealed/bounds.ts";
import type { Bound } from "../bound.ts";

const colours = { lower: palette[0], upper: palette[2], estimate: palette[9] };
const domain = Object.keys(colours);
const range = Object.values(colours);

/**
 * Every bound with its standard error, the interval as a band.
 *
 * @param marks  values that are known: the truth, a cap
 */
export function boundsFigure(
  bounds: readonly Bound[],
  interval: readonly [number, number],
  marks: readonly { name: string; value: number }[],
): Figure {
  // an upper bound of thousands beside an interval of one nat: the axis is of the interval, and what lies outside is written at its edge
  const width = Math.max(interval[1] - interval[0], 0.02 * Math.abs(interval[1]), 0.1);
  const inside = bounds.map((b) => b.mean).filter((m) => m > interval[0] - 60 * width && m < interval[1] + 60 * width);
  const reach = [Math.min(0, ...inside), Math.max(...inside) + 0.05 * Math.abs(interval[1])] as const;
  const rows = bounds.map((b, i) => ({
    ...b,
    row: `${i + 1}. ${b.name}`,
    shown: Math.min(reach[1], Math.max(reach[0], b.mean)),
    out: b.mean > reach[1] || b.mean < reach[0],
  }));
  return {
    name: "bounds",
    title: "Bounds",
    caption: `Every bound on I(X;Z) in nats, with two standard errors; the band is the interval. Bounds beyond the axis are written at its edge.`,
    svg: plot({
      height: 60 + 26 * rows.length,
      marginRight: 70,
      x: { label: "nats", domain: [...reach], grid: true },
      y: { label: null, domain: rows.map((r) => r.row) },
      color: { legend: true, label: "kind", domain, range },
      marks: [
        Plot.rectX([interval], { x1: (d) => d[0], x2: (d) => d[1], fill: palette[1], fillOpacity: 0.35 }),
        Plot.ruleX(marks, { x: "value", strokeDasharray: "4 3" }),
        Plot.text(marks, { x: "value", text: "name", frameAnchor: "top", dy: -8 }),
        Plot.link(
          rows.filter((r) => !r.out),
          {
            x1: (r) => Math.max(reach[0], r.mean - 2 * r.se),
            x2: (r) => Math.min(reach[1], r.mean + 2 * r.se),
            y1: "row",
            y2: "row",
            stroke: "kind",
            strokeWidth: 2,
          },
        ),
        Plot.dot(
          rows.filter((r) => !r.out),
          { x: "shown", y: "row", fill: "kind", r: 4 },
        ),
        Plot.text(
          rows.filter((r) => r.out),
          { x: "shown", y: "row", text: (r) => `${formatNumber(r.mean)} →`, textAnchor: "start", dx: 4, fill: "kind" },
        ),
      ],
    }),
  };
}

/** Bounds against the number of chains. */
export function chainsFigure(rows: readonly { chains: number; name: string; mean: number }[]): Figure {
  return {
    name: "chains",
    title: "Bounds against chains",
    caption:
      "The same run with the first 1, 2, 4, … of its chains: what more chains would still bring. The mixture's lower bound gains log K at most.",
    svg: plot({
      height: 320,
      x: { label: "chains K", type: "log", base: 2, ticks: [...new Set(rows.map((r) => r.chains))], tickFormat: (k: number) => String(k) },
      y: { label: "nats", grid: true, nice: true },
      color: { legend: true, label: "bound" },
      marks: [Plot.line(rows, { x: "chains", y: "mean", stroke: "name", marker: "dot" })],
    }),
  };
}

/** Bounds against the number of temperatures, four chains each. */
export function temperaturesFigure(rows: readonly { temperatures: number; name: string; mean: number }[], truth?: number): Figure {
  const counts = [...new Set(rows.map((r) => r.temperatures))];
  return {
    name: "temperatures",
    title: "Bounds against temperatures",
    caption:
      "Four chains each way on the same schedule with an eighth, a quarter, a half and all of its temperatures: the gap falls like 1 / T where chains mix.",
    svg: plot({
      height: 340,
      x: { label: "temperatures T", type: "log", base: 2, ticks: counts, tickFormat: (t: number) => String(t) },
      y: { label: "nats", grid: true, nice: true },
      color: { legend: true, label: "bound" },
      marks: [
        Plot.ruleY(truth === undefined ? [] : [truth], { strokeDasharray: "4 3" }),
        Plot.line(rows, { x: "temperatures", y: "mean", stroke: "name", marker: "dot" }),
      ],
    }),
  };
}

/** Lower against upper bound of every pair's own information. */
export function pointsFigure(fit: ArrayLike<number>, points: PointBounds): Figure {
  const data = Array.from(fit, (l, b) => ({ lower: l - points.reverseUpper[b], upper: l - points.mixtureLower[b] }));
  const ends = data.flatMap(({ lower, upper }) => [lower, upper]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return {
    name: "points",
    title: "Pair by pair",
    caption:
      "log p(x|z) / p(x) of every pair: its lower bound against its upper one. On the diagonal they agree; single values may cross, their means may not.",
    svg: plot({
      width: 460,
      height: 420,
      x: { label: "lower bound (reverse chains), nats", grid: true },
      y: { label: "upper bound (mixture), nats", grid: true },
      marks: [
        Plot.link([0], { x1: low, y1: low, x2: high, y2: high, strokeOpacity: 0.4 }),
        Plot.dot(data, { x: "lower", y: "upper", fill: palette[0], fillOpacity: 0.7, r: 3 }),
      ],
    }),
  };
}
