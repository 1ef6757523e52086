/** What the numbers of z tell, and where the data lie among them. */
import * as Plot from "@observablehq/plot";
import { type NdArray, toNumbers } from "../../array/index.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { SampleProblem } from "../problem.ts";
import type { LatentUnit } from "../vae-results.ts";

/** KL of each number of z, the largest first. */
export function unitsFigure(units: readonly LatentUnit[], activeAbove: number): Figure {
  const rows = units
    .map((u, j) => ({ unit: `z${j + 1}`, kl: u.kl, active: u.activity > activeAbove ? "active" : "not active" }))
    .toSorted((a, b) => b.kl - a.kl)
    .slice(0, 60);
  return {
    name: "units",
    title: "What each latent number tells",
    caption: `Mean KL(q(z_j|x) ‖ N(0, 1)) over test rows, in nats. Active: the mean of q(z_j|x) varies by more than ${activeAbove} over the rows.`,
    svg: plot({
      height: 260,
      x: { label: null, domain: rows.map((r) => r.unit), tickRotate: rows.length > 16 ? -60 : 0 },
      y: { label: "nats", grid: true },
      color: { legend: true, domain: ["active", "not active"], range: [palette[0], palette[9]] },
      marks: [Plot.barY(rows, { x: "unit", y: "kl", fill: "active" }), Plot.ruleY([0])],
    }),
  };
}

/** Means of q(z|x) of test rows, in the plane of the two numbers that tell most, in the colour of their class or target. */
export function codesFigure({ examples, split }: SampleProblem, codes: NdArray, rows: Int32Array, units: readonly LatentUnit[]): Figure {
  const d = codes.shape[1];
  const order = units.map((u, j) => ({ kl: u.kl, j })).toSorted((a, b) => b.kl - a.kl);
  const [a, b] = d === 2 ? [0, 1] : [order[0].j, order[1].j];
  const values = toNumbers(codes);
  const { classes, targets, target } = examples;
  const numeric = !classes && targets.shape[1] === 1;
  const points = Array.from(rows, (row, i) => {
    const of = Number(targets.data[split.test[row]]);
    return { x: values[i * d + a], y: values[i * d + b], of: classes ? classes[of] : numeric ? of : 0 };
  });
  const coloured = classes !== undefined || numeric;
  return {
    name: "codes",
    title: "Test rows in the latent space",
    caption: `Means of q(z|x) of ${rows.length} test rows${coloured ? `, in the colour of ${target ? `"${target}"` : "their class"}` : ""}${d > 2 ? ": the two numbers of z that tell most" : ""}. p(z) is the standard normal: circles hold half of it and 95 %.`,
    svg: plot({
      width: 640,
      aspectRatio: 1,
      x: { label: `z${a + 1}` },
      y: { label: `z${b + 1}` },
      ...(classes && { color: { legend: true, domain: classes, range: palette } }),
      ...(numeric && { color: { legend: true, scheme: "viridis" as const, label: target } }),
      marks: [
        ...[0.5, 0.95].map((p) => Plot.line(circle(Math.sqrt(-2 * Math.log(1 - p))), { stroke: "currentColor", strokeOpacity: 0.4 })),
        Plot.dot(points, { x: "x", y: "y", fill: coloured ? "of" : palette[0], r: points.length > 1000 ? 1.7 : 3, fillOpacity: 0.75 }),
      ],
    }),
  };
}

const circle = (radius: number): [number, number][] =>
  Array.from({ length: 91 }, (_, i) => [radius * Math.cos((i * Math.PI) / 45), radius * Math.sin((i * Math.PI) / 45)]);
