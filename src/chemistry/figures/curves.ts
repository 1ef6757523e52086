/** Pictures of a run: energy, variance and slopes against steps and seconds. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, panels, plot } from "../../plots/index.ts";
import type { Reference } from "../systems/system.ts";

type Rows = readonly Readonly<Record<string, number>>[];

/** Chemical accuracy, 1 kcal/mol, in millihartree. */
export const chemicalAccuracy = 1.6;

/** What a curve runs over. */
type Course = "step" | "seconds";
const sideBySide = { width: 440, height: 340 };

/** A picture over steps, and beside it the same over seconds where all rows have them: flows differ in what a step costs. */
function overBoth(rows: Rows, picture: (x: Course) => string): { readonly svg: string; readonly axes: string } {
  const steps = "steps, which count from the start of pretraining";
  if (!rows.every(({ seconds }) => seconds !== undefined)) return { svg: picture("step"), axes: `Over ${steps}.` };
  const axes = `Left over ${steps}; right over the seconds that steps took, first ones with their compilation.`;
  return { svg: panels([picture("step"), picture("seconds")], 2), axes };
}

/** Energies of the training in mHa above what is known, or above the evaluated energy. */
export function energyFigure(history: Rows, evaluated: number, reference: Reference | undefined): Figure {
  const zero = reference?.energy ?? evaluated;
  const rows = history.flatMap(({ step, seconds, energy }) =>
    energy === undefined ? [] : [{ step, ...(seconds !== undefined && { seconds }), value: 1000 * (energy - zero) }],
  );
  const late = rows.slice(rows.length >> 2).map((r) => r.value);
  const high = Math.max(10, 1.5 * Math.max(...late.map(Math.abs)));
  const low = Math.min(-5, 1.2 * Math.min(0, ...late));
  const inside = rows.filter((r) => r.value <= high && r.value >= low);
  const outside = rows.length - inside.length;
  const picture = (x: Course): string =>
    plot({
      ...sideBySide,
      x: { label: x },
      y: { label: "energy above the reference (mHa)", grid: true, domain: [low, high] },
      marks: [
        Plot.rect([{ low: -chemicalAccuracy, high: chemicalAccuracy }], { y1: "low", y2: "high", fill: palette[4], fillOpacity: 0.15 }),
        Plot.ruleY([0], { stroke: palette[4] }),
        Plot.line(inside, { x, y: "value", stroke: palette[0] }),
        Plot.ruleY([1000 * (evaluated - zero)], { strokeDasharray: "4 3" }),
      ],
    });
  const { svg, axes } = overBoth(history, picture);
  return {
    name: "energy",
    title: "Energy",
    caption: `Mean local energy of the walkers while the wave function learns, each point the mean of 20 steps, above ${reference ? `the known energy ${zero} hartree (${reference.source})` : "the evaluated energy"}. ${axes} The band is chemical accuracy, ±${chemicalAccuracy} mHa; the dashed line is the long evaluation with frozen parameters.${outside > 0 ? ` Early points outside: ${outside}.` : ""}`,
    svg,
  };
}

const measures: Readonly<Record<string, string>> = {
  variance: "variance of E_loc (hartree²)",
  slope: "median |∇E_loc| (hartree/bohr)",
};

/** How far the wave function is from an eigenstate: both fall to 0 at one. */
export function varianceFigure(history: Rows): Figure {
  const rows = history.flatMap(({ step, seconds, ...row }) =>
    Object.entries(measures).flatMap(([key, measure]) =>
      row[key] > 0 ? [{ step, ...(seconds !== undefined && { seconds }), measure, value: row[key] }] : [],
    ),
  );
  const picture = (x: Course): string =>
    plot({
      ...sideBySide,
      x: { label: x },
      y: { label: "value (log scale)", type: "log", grid: true },
      color: { legend: true },
      marks: [Plot.line(rows, { x, y: "value", z: "measure", stroke: "measure" })],
    });
  const { svg, axes } = overBoth(history, picture);
  return {
    name: "variance",
    title: "Distance from an eigenstate",
    caption: `Variance of the local energy over walkers, and the median size of its gradient where the flow needs it. Both are 0 where the wave function is an eigenstate. ${axes}`,
    svg,
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
