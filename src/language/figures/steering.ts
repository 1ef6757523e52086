/** Pictures of steering: bounds, sizes, genealogy, scores, learning. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";
import { lineages, type SmcRecord } from "../../sampling/index.ts";
import { type RunBounds, sandwichOf } from "../steering/bounds.ts";

const [blue, , red] = palette;

/** Lower and upper bounds against the number of particles. */
export function ladderFigure(ladder: readonly RunBounds[], truth: number | undefined): Figure {
  const rows = ladder.flatMap((bounds) => {
    const { lower, upper } = sandwichOf(bounds);
    const row = (kind: string, { mean, error }: { mean: number; error: number }) => ({
      kind,
      K: bounds.particles,
      mean,
      error: error || 0,
    });
    return [row("lower", lower), ...(upper ? [row("upper", upper)] : [])].filter((r) => Number.isFinite(r.mean));
  });
  return {
    name: "bounds",
    title: "Bounds on log Z",
    caption: `Means of ${ladder[0].lower.length} runs with 95 % bands, against particles. ${
      ladder[0].upper ? "log Z lies between the lines" : "There is no upper bound without exact draws"
    }; more particles bring them together.`,
    svg: plot({
      height: 340,
      x: { label: "particles K", type: "log", base: 2, ticks: ladder.map((b) => b.particles), tickFormat: (k: number) => String(k) },
      y: { label: "nats", grid: true, nice: true },
      color: { legend: true, label: "bound", domain: ["lower", "upper"], range: [blue, red] },
      marks: [
        ...(truth === undefined ? [] : [Plot.ruleY([truth], { strokeDasharray: "4 3" })]),
        Plot.areaY(rows, {
          x: "K",
          y1: (r) => r.mean - 1.96 * r.error,
          y2: (r) => r.mean + 1.96 * r.error,
          fill: "kind",
          z: "kind",
          fillOpacity: 0.18,
        }),
        Plot.line(rows, { x: "K", y: "mean", stroke: "kind", z: "kind", strokeWidth: 2 }),
        Plot.dot(rows, { x: "K", y: "mean", fill: "kind" }),
      ],
    }),
  };
}

/** Kish's size over the steps. */
export function sizesFigure({ sizes, particles }: Pick<RunBounds, "sizes" | "particles">): Figure {
  const rows = Array.from(sizes, (size, i) => ({ t: i + 1, size }));
  return {
    name: "sizes",
    title: "Effective size",
    caption: `Share of the ${particles} particles that count, before resampling, mean over runs: 1 when all weigh the same.`,
    svg: plot({
      height: 260,
      x: { label: "step t", ticks: Math.min(rows.length, 12), tickFormat: "d" },
      y: { label: "effective size / K", domain: [0, 1], grid: true },
      marks: [
        Plot.lineY(rows, { x: "t", y: "size", stroke: blue, strokeWidth: 2 }),
        Plot.dotY(rows, { x: "t", y: "size", fill: blue, r: 2.5 }),
      ],
    }),
  };
}

/** TextParticles drawn at most. */
const mostDrawn = 128;

/**
 * Who descends from whom: a line a particle, from step to step; what died is grey.
 *
 * @param values  of the last particles, for colour: log φ
 */
export function genealogyFigure(records: readonly SmcRecord[], values: Float64Array, particles: number): Figure {
  const K = Math.min(particles, mostDrawn);
  const lines = lineages(records, particles);
  const alive = lines.map((line) => new Set(line));
  const best = new Map<string, number>();
  lines.forEach((line, i) => {
    line.forEach((row, last) => {
      const key = `${i},${row}`;
      best.set(key, Math.max(best.get(key) ?? Number.NEGATIVE_INFINITY, values[last]));
    });
  });
  const links = records.slice(0, -1).flatMap(({ ancestors }, i) =>
    Array.from({ length: particles }, (_, row) => ({
      ...{ x1: i + 1, x2: i + 2, y1: ancestors?.[row] ?? row, y2: row },
      value: alive[i + 1].has(row) ? best.get(`${i + 1},${row}`) : undefined,
    })).filter((link) => link.y1 < K && link.y2 < K),
  );
  const dead = links.filter((link) => link.value === undefined);
  const living = links.filter((link) => link.value !== undefined && Number.isFinite(link.value));
  return {
    name: "genealogy",
    title: "Genealogy",
    caption: `${K === particles ? "All" : `The first ${K} of`} ${particles} particles from step to step. Lines that reach the end have the colour of the best log φ that comes of them; grey ones were not chosen again.`,
    svg: plot({
      height: 420,
      x: { label: "step t", ticks: Math.min(records.length, 12), tickFormat: "d" },
      y: { label: "particle", ticks: [] },
      color: { legend: true, label: "log φ", scheme: "viridis" },
      marks: [
        Plot.link(dead, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", stroke: "currentColor", strokeOpacity: 0.13 }),
        Plot.link(living, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", stroke: "value", strokeWidth: 1.4, strokeOpacity: 0.85 }),
      ],
    }),
  };
}

/** log φ under the model and steered. */
export function scoresFigure(
  groups: Readonly<Record<string, { readonly values: ArrayLike<number>; readonly weights?: ArrayLike<number> }>>,
): Figure {
  const rows = Object.entries(groups).flatMap(([group, { values, weights }]) => {
    const total = weights ? Array.from(weights).reduce((a, b) => a + b, 0) : values.length;
    return Array.from(values, (value, i) => ({ group, value, share: (weights?.[i] ?? 1) / total })).filter((r) => Number.isFinite(r.value));
  });
  const names = Object.keys(groups);
  return {
    name: "scores",
    title: "Scores",
    caption: "log φ of texts: shares of what the model writes, and of what it writes when it is steered. Texts with φ = 0 are left out.",
    svg: plot({
      height: 140 * names.length + 60,
      marginRight: 80,
      x: { label: "log φ", nice: true },
      y: { label: "share", grid: true },
      fy: { label: null, domain: names },
      color: { domain: names },
      marks: [
        Plot.rectY(
          rows,
          Plot.binX<Plot.RectYOptions>({ y: "sum" }, { x: "value", y: "share", fy: "group", fill: "group", thresholds: 40 }),
        ),
        Plot.ruleY([0]),
      ],
    }),
  };
}

/** Both divergences against updates. */
export function learningFigure(history: readonly Readonly<Record<string, number>>[]): Figure {
  const rows = history.flatMap((row) =>
    [
      { name: "KL(q ‖ σ)", value: row.qToTarget },
      { name: "KL(σ ‖ q)", value: row.targetToQ },
    ].flatMap(({ name, value }) => (Number.isFinite(value) && row.step > 0 ? [{ step: row.step, name, value }] : [])),
  );
  return {
    name: "learning",
    title: "Divergences",
    caption: "Nats between the proposal q and the target σ while it learns, both ways, by the best estimate of log Z at the end.",
    svg: plot({
      height: 320,
      x: { label: "updates", type: "log", base: 2, grid: true, tickFormat: (k: number) => String(k) },
      y: { label: "nats", grid: true, nice: true, zero: true },
      color: { legend: true, label: "divergence" },
      marks: [
        Plot.line(rows, { x: "step", y: "value", stroke: "name", z: "name", strokeWidth: 2 }),
        Plot.dot(rows, { x: "step", y: "value", fill: "name" }),
      ],
    }),
  };
}

/** Of rows of a training: loss, effective size, hits, each on a scale of its own. */
export function trainingFigure(history: readonly Readonly<Record<string, number>>[]): Figure {
  const titles = { loss: "loss", effective: "effective share", hits: "share with φ > 0" };
  const pictures = Object.entries(titles).map(([key, label]) =>
    plot({
      ...{ width: 380, height: 240 },
      x: { label: "update", nice: true, ticks: 5 },
      y: { label, grid: true, nice: true, ticks: 5, ...(key !== "loss" && { domain: [0, 1] }) },
      marks: [
        Plot.lineY(
          history.filter((row) => Number.isFinite(row[key])),
          { x: "step", y: key, stroke: blue, strokeWidth: 2 },
        ),
      ],
    }),
  );
  return {
    name: "training",
    title: "Training",
    caption: "Loss; how many of the texts of a step count as draws of the target, as a share; and the share of texts with φ > 0.",
    svg: panels(pictures, 3),
  };
}
