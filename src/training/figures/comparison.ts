/** Optimizers side by side. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { Progressed } from "../compare.ts";
import type { Problem } from "../problem.ts";

/** Training loss against steps and against seconds; a thin line for each seed, a thick one for their mean. */
export function curveFigures({ finals }: Progressed): Figure[] {
  const names = [...new Set(finals.map((f) => f.optimizer))];
  const rows = finals.flatMap((f) => f.curve.map((c) => ({ ...c, optimizer: f.optimizer, seed: `${f.optimizer} ${f.seed}` })));
  const means = names.flatMap((optimizer) => {
    const curves = finals.filter((f) => f.optimizer === optimizer).map((f) => f.curve);
    const length = Math.min(...curves.map((c) => c.length));
    return Array.from({ length }, (_, i) => {
      const mean = (key: "loss" | "seconds"): number => curves.reduce((s, c) => s + c[i][key], 0) / curves.length;
      return { optimizer, step: curves[0][i].step, loss: mean("loss"), seconds: mean("seconds") };
    });
  });
  const sorted = rows.map((r) => r.loss).sort((a, b) => a - b);
  const domain = [sorted[0], sorted[Math.floor(0.97 * (sorted.length - 1))]];
  return (["step", "seconds"] as const).map((x) => ({
    name: `loss-by-${x}`,
    title: `Training loss by ${x === "step" ? "steps" : "time"}`,
    caption: `Thin lines: one seed each. Thick lines: their mean.${x === "seconds" ? " Time without evaluations and compilation." : ""}`,
    svg: plot({
      height: 360,
      grid: true,
      color: { domain: names, range: palette.slice(0, names.length), legend: true },
      x: { label: x === "step" ? "step" : "seconds" },
      y: { label: "training loss", domain, clamp: true, type: domain[0] > 0 ? "log" : "linear" },
      marks: [
        Plot.line(rows, { x, y: "loss", z: "seed", stroke: "optimizer", strokeOpacity: 0.3, strokeWidth: 1 }),
        Plot.line(means, { x, y: "loss", stroke: "optimizer", strokeWidth: 2.2 }),
      ],
    }),
  }));
}

/** How the score depends on the learning rate: one point a trial. */
export function tuningFigure({ trials }: Progressed, score: Problem["score"]): Figure {
  const names = [...new Set(trials.map((t) => t.optimizer))];
  const points = trials
    .filter((t) => typeof t.score === "number" && Number.isFinite(t.score))
    .map((t) => ({ optimizer: t.optimizer, lr: Number(t.settings.lr), score: t.score, steps: t.steps }));
  return {
    name: "tuning",
    title: "Tuning",
    caption:
      `One point for each training: ${score} of the validation part against the learning rate. Larger points had more steps. ` +
      "The other hyper-parameters vary too.",
    svg: plot({
      height: 360,
      grid: true,
      color: { domain: names, range: palette.slice(0, names.length), legend: true },
      x: { type: "log", label: "learning rate", ticks: 6, tickFormat: (v: number) => formatNumber(v) },
      y: { label: `validation ${score}` },
      r: { range: [2, 7] },
      marks: [Plot.dot(points, { x: "lr", y: "score", r: "steps", fill: "optimizer", fillOpacity: 0.7 })],
    }),
  };
}
