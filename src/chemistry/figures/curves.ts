/** Pictures of a run: energy, variance and slopes against steps. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { Reference } from "../systems/system.ts";

type Rows = readonly Readonly<Record<string, number>>[];

/** Chemical accuracy, 1 kcal/mol, in millihartree. */
export const chemicalAccuracy = 1.6;

/** Energies of the training in mHa above what is known, or above the evaluated energy. */
export function energyFigure(history: Rows, evaluated: number, reference: Reference | undefined): Figure {
  const zero = reference?.energy ?? evaluated;
  const rows = history.flatMap(({ step, energy }) => (energy === undefined ? [] : [{ step, value: 1000 * (energy - zero) }]));
  const late = rows.slice(rows.length >> 2).map((r) => r.value);
  const high = Math.max(10, 1.5 * Math.max(...late.map(Math.abs)));
  const low = Math.min(-5, 1.2 * Math.min(0, ...late));
  const inside = rows.filter((r) => r.value <= high && r.value >= low);
  const outside = rows.length - inside.length;
  return {
    name: "energy",
    title: "Energy",
    caption: `Mean local energy of the walkers while the wave function learns (steps count from the start of pretraining), each point the mean of 20 steps, above ${reference ? `the known energy ${zero} hartree (${reference.source})` : "the evaluated energy"}. The band is chemical accuracy, ±${chemicalAccuracy} mHa; the dashed line is the long evaluation with frozen parameters.${outside > 0 ? ` Early points outside: ${outside}.` : ""}`,
    svg: plot({
      height: 340,
      x: { label: "step" },
      y: { label: "energy above the reference (mHa)", grid: true, domain: [low, high] },
      marks: [
        Plot.rect([{ low: -chemicalAccuracy, high: chemicalAccuracy }], { y1: "low", y2: "high", fill: palette[4], fillOpacity: 0.15 }),
        Plot.ruleY([0], { stroke: palette[4] }),
        Plot.line(inside, { x: "step", y: "value", stroke: palette[0] }),
        Plot.ruleY([1000 * (evaluated - zero)], { strokeDasharray: "4 3" }),
      ],
    }),
  };
}

const measures: Readonly<Record<string, string>> = {
  variance: "variance of E_loc (hartree²)",
  slope: "median |∇E_loc| (hartree/bohr)",
};

/** How far the wave function is from an eigenstate: both fall to 0 at one. */
export function varianceFigure(history: Rows): Figure {
  const rows = history.flatMap((row) =>
    Object.entries(measures).flatMap(([key, measure]) => (row[key] > 0 ? [{ step: row.step, measure, value: row[key] }] : [])),
  );
  return {
    name: "variance",
    title: "Distance from an eigenstate",
    caption:
      "Variance of the local energy over walkers, and the median size of its gradient where the flow needs it. Both are 0 where the wave function is an eigenstate.",
    svg: plot({
      height: 340,
      x: { label: "step" },
      y: { label: "value (log scale)", type: "log", grid: true },
      color: { legend: true },
      marks: [Plot.line(rows, { x: "step", y: "value", z: "measure", stroke: "measure" })],
    }),
  };
}

/** How the chain and the solver fared. */
export function healthFigure(history: Rows): Figure {
  const shown: Readonly<Record<string, string>> = {
    acceptance: "accepted proposals",
    scale: "step against its limit",
    cosine: "cosine to the steepest descent",
  };
  const rows = history.flatMap((row) =>
    Object.entries(shown).flatMap(([key, measure]) => (row[key] === undefined ? [] : [{ step: row.step, measure, value: row[key] }])),
  );
  return {
    name: "health",
    title: "Sampler and solver",
    caption:
      "Share of accepted proposals (0.4 to 0.6 is good), how much of the step the norm constraint lets through, and the cosine between the flow's direction and that which lowers the energy fastest: below 0 the energy rises to first order.",
    svg: plot({
      height: 280,
      x: { label: "step" },
      y: { label: "share, or cosine", grid: true, domain: [Math.min(0, ...rows.map((r) => r.value)), 1] },
      color: { legend: true },
      marks: [Plot.line(rows, { x: "step", y: "value", z: "measure", stroke: "measure" })],
    }),
  };
}
