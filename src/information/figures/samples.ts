/** Pictures of what pairs say about their information. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { SampleFindings } from "../samples/findings.ts";
import type { Measured, Part } from "../samples/measured.ts";
import { mostShown } from "../samples/parametric.ts";
import { isLabel, type Side } from "../samples/side.ts";

export function sampleFigures(found: SampleFindings): Figure[] {
  const { pairs, parts, measured } = found;
  if (pairs.x.columns.length === 0 || pairs.z.columns.length === 0) return [];
  const test = parts.find((part) => part.test)?.test;
  return [
    ...(measured.length > 0 ? [estimatesFigure(found)] : []),
    scatterFigure(found),
    ...(test && test.shuffled.length > 0 ? [permutationFigure(test)] : []),
  ];
}

const kinds = ["lower", "estimate", "upper"] as const;
const colours = { lower: palette[0], estimate: palette[4], upper: palette[2] };
/** Errors that a bar of error shows. */
const errors = 1.96;

/** Every number with its error, its baseline, its cap; doubtful ones are pale. */
function estimatesFigure({ measured, caps, verdict }: SampleFindings): Figure {
  const rows = measured.map((m) => ({ ...m, low: m.mean - errors * m.se, high: m.mean + errors * m.se, shuffled: m.baseline.mean }));
  const entropies = caps.filter(({ valid }) => valid).map(({ side, mean }) => ({ mean, text: `H(${side.toUpperCase()})` }));
  const left = Math.min(0, ...rows.map((r) => Math.min(r.low, r.shuffled)));
  const right = Math.max(0.05, ...rows.map((r) => Math.max(r.high, r.shuffled)), ...entropies.map(({ mean }) => mean));
  const near = rows.filter((r) => r.cap !== undefined && r.cap < farthest * right);
  const present = kinds.filter((kind) => rows.some((r) => r.kind === kind));
  const end = Math.max(right, ...near.map((r) => r.cap ?? 0));
  return {
    name: "estimates",
    title: "Every estimate, its baseline and its cap",
    caption:
      "Bars: nats, with 95 % errors; pale where the number is not to be trusted as it stands. Crosses: the same on shuffled pairs, whose " +
      `information is 0. ${capsCaption(rows, near)}` +
      (entropies.length > 0 ? " Dashed: the entropy of a side of labels, which no information passes." : "") +
      (verdict.trusted ? ` Trust ${verdict.trusted}.` : ""),
    svg: plot({
      height: 86 + 30 * rows.length,
      marginRight: 30,
      x: { label: "nats", grid: true, domain: [left - 0.02 * (end - left), end + 0.03 * (end - left)] },
      y: { label: null, domain: rows.map((r) => r.name), tickSize: 0, padding: 0.3 },
      color: { domain: present, range: present.map((kind) => colours[kind]), legend: true },
      marks: [
        Plot.barX(rows, { x: "mean", y: "name", fill: "kind", fillOpacity: (r: Measured) => (r.valid ? 0.9 : 0.3) }),
        Plot.ruleX([0], { strokeOpacity: 0.6 }),
        Plot.ruleX(entropies, { x: "mean", strokeDasharray: "5 4", strokeWidth: 1.5 }),
        Plot.text(entropies, { x: "mean", text: "text", frameAnchor: "top", dy: -10 }),
        Plot.ruleY(rows, { x1: "low", x2: "high", y: "name", strokeWidth: 1.5 }),
        Plot.tickX(rows, { x: "low", y: "name", inset: 5, strokeWidth: 1.5 }),
        Plot.tickX(rows, { x: "high", y: "name", inset: 5, strokeWidth: 1.5 }),
        Plot.dot(rows, { x: "shuffled", y: "name", symbol: "times", r: 4.5, strokeWidth: 2, stroke: palette[1] }),
        Plot.tickX(near, { x: "cap", y: "name", strokeWidth: 3, stroke: palette[2] }),
      ],
    }),
  };
}

/** Caps up to so many times the largest number are drawn; others are told. */
const farthest = 1.6;

function capsCaption(rows: readonly Measured[], near: readonly Measured[]): string {
  const far = rows.filter((r) => r.cap !== undefined && !near.includes(r));
  const told = far.map((r) => `${r.name} ${formatNumber(r.cap ?? 0)}`).join(", ");
  const drawn = near.length > 0 ? "Red strokes: the most that an estimator can say with so many pairs." : "";
  return `${drawn}${told === "" ? "" : `${drawn === "" ? "" : " "}The most that they can say, beyond this picture: ${told}.`}`;
}

/** The first canonical pair; without one the first column of each side, labels as their numbers with a little noise of their own. */
function scatterFigure({ pairs: { x, z }, parts }: SampleFindings): Figure {
  const canonical = parts.find((part: Part) => part.canonical)?.canonical;
  const several = x.columns.length + z.columns.length > 2;
  const use = canonical !== undefined && several;
  const [a, b] = use ? [canonical.x, canonical.z] : [spread(x), spread(z)];
  const count = Math.min(mostShown, a.length);
  const points = Array.from({ length: count }, (_, i) => ({ a: a[i], b: b[i] }));
  const name = (side: Side, which: string): string =>
    use ? `first canonical variable of ${which}` : side.names[0] + (isLabel(side, 0) ? ", a label" : "");
  return {
    name: "pairs",
    title: use ? "The first canonical pair" : "The pairs",
    caption:
      (use
        ? `The combinations of columns that correlate most (${formatNumber(canonical.correlations[0])}). `
        : "In the units that estimators saw. ") + (count < x.rows ? `The first ${count} of ${x.rows} pairs.` : `${x.rows} pairs.`),
    svg: plot({
      width: 560,
      height: 460,
      grid: true,
      x: { label: name(x, "x") },
      y: { label: name(z, "z") },
      marks: [Plot.dot(points, { x: "a", y: "b", r: count > 1000 ? 1.6 : 2.5, fill: palette[0], fillOpacity: count > 1000 ? 0.4 : 0.6 })],
    }),
  };
}

/** Labels apart from each other by the golden ratio: equal ones do not hide each other, and the picture is the same every time. */
const spread = (side: Side): Float64Array => side.columns[0].map((v, i) => (isLabel(side, 0) ? v + 0.6 * (((i * 0.618034) % 1) - 0.5) : v));

function permutationFigure({ observed, shuffled, p, statistic, pairs }: NonNullable<Part["test"]>): Figure {
  const label = `the pairs: ${formatNumber(observed)}`;
  const all = [...shuffled, observed];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const right = observed > (low + high) / 2;
  return {
    name: "permutations",
    title: "Could it be chance?",
    caption:
      `${statistic} of ${pairs} pairs (line) and of ${shuffled.length} shuffles of their partners (bars). p = ${formatNumber(p)}: ` +
      "the share of shuffles, the pairs among them, that give at least as much.",
    svg: plot({
      height: 280,
      x: { label: "nats", nice: true, domain: [low - 0.03 * (high - low), high + 0.03 * (high - low)] },
      y: { label: "shuffles", grid: true },
      marks: [
        Plot.rectY(shuffled, { ...Plot.binX({ y: "count" }, { x: { value: (v: number) => v, thresholds: 24 } }), fill: palette[9] }),
        Plot.ruleY([0]),
        Plot.ruleX([observed], { stroke: palette[0], strokeWidth: 3 }),
        Plot.text([label], {
          x: observed,
          frameAnchor: "top",
          text: (t: string) => t,
          textAnchor: right ? "end" : "start",
          dx: right ? -8 : 8,
          dy: 4,
          fill: palette[0],
        }),
      ],
    }),
  };
}
