/** What a race of flows says, in numbers and sentences. */
import type { Column } from "../../data/index.ts";
import { formatNumber } from "../../numbers.ts";
import { decayRate, slowest } from "./modes.ts";
import type { Course, Race } from "./race.ts";

/** Numbers of a flow at its end, for programs: hartree, hartree², a0, and rates a unit of time. */
export function courseResults({ observed, predicted, measured, weights, cost }: Course, groundEnergy: number) {
  const { time, energy, variance, distance, fidelity, dissipation } = observed[observed.length - 1];
  return {
    ...{ time, energy, excess: energy - groundEnergy, variance, distance, fidelity, dissipation },
    rate: { measured: measured ?? null, predicted: predicted ?? null },
    weights,
    cost: { name: cost.name, ...(cost.kappa !== undefined && { kappa: cost.kappa }) },
  };
}

/** Rows of the table of results. */
export const courseTable = ({ courses, groundEnergy }: Race) => ({
  title: "At the end",
  columns: ["flow", "E - E₀, hartree", "Var E_loc, hartree²", "W₂ to the ground state, a₀", "rate measured", "rate predicted"],
  rows: courses.map(({ name, observed, measured, predicted }) => {
    const { energy, variance, distance } = observed[observed.length - 1];
    return [name, ...[energy - groundEnergy, variance, distance].map(formatNumber), ...[measured, predicted].map(rateText)];
  }),
  caption:
    "Rates a unit of time, of √(E - E₀): measured over the last fifth of the looks, predicted from the gap of the slowest mode of the start.",
});

const rateText = (rate: number | undefined): string => (rate === undefined ? "none" : formatNumber(rate));

/** Rows of the table of modes: prediction for each flow. */
export const modeTable = ({ modes, courses }: Race) => ({
  title: "Modes near the ground state",
  columns: ["mode", "E_n, hartree", "gap Δ, hartree", "overlap with the start", ...courses.map(({ name }) => `rate ${name}`)],
  rows: modes.map(({ n, energy, gap, overlap, boxed }) => [
    boxed ? `${n} *` : n,
    ...[energy, gap].map(formatNumber),
    Math.abs(overlap) < 1e-9 ? "0" : formatNumber(overlap),
    ...courses.map(({ weights }) => formatNumber(decayRate(gap, weights))),
  ]),
  caption:
    "A mode decays with w_W Δ² + w_FR Δ/2 a unit of time: transport is the faster one for gaps above ½ hartree." +
    (modes.some(({ boxed }) => boxed) ? " * reaches the walls of the box: of the continuum, or too high for the box." : ""),
});

/** Who is ahead at the end, and why. */
export function verdict({ courses, modes, groundEnergy }: Race): string {
  const end = ({ observed }: Course): number => observed[observed.length - 1].energy - groundEnergy;
  const order = courses.toSorted((a, b) => end(a) - end(b));
  const said = `nearest to the ground state at the end: ${order.map((c) => `${c.name} (E - E₀ = ${formatNumber(end(c))})`).join(", ")}`;
  const mode = slowest(modes);
  if (!mode) return `${said}; the start has no mode besides the ground state`;
  const way = mode.gap < 0.5 ? "below" : "above";
  const who = mode.gap < 0.5 ? "reweighting" : "transport";
  return `${said}. The slowest mode of the start has the gap ${formatNumber(mode.gap)} hartree, ${way} ½: ${who} is the faster one for it`;
}

/** Flows whose end does not decay yet as their slowest mode will. */
export function unsettled({ courses }: Race): string[] {
  return courses.flatMap(({ name, measured, predicted }) =>
    measured !== undefined && predicted !== undefined && Math.abs(measured / predicted - 1) > 0.1
      ? [
          `${name} falls with rate ${formatNumber(measured)} at the end, its slowest mode with ${formatNumber(predicted)}: a longer --time tells`,
        ]
      : [],
  );
}

/** Every number of every flow at every time. */
export function courseColumns({ courses, groundEnergy }: Race): Column[] {
  const rows = courses.flatMap(({ name, observed }) => observed.map((o) => ({ name, ...o })));
  const numbers = ["time", "energy", "variance", "dissipation", "distance", "fidelity"] as const;
  return [
    { name: "flow", values: rows.map(({ name }) => name) },
    ...numbers.map((name) => ({ name, values: Float64Array.from(rows, (row) => row[name]) })),
    { name: "excess", values: Float64Array.from(rows, ({ energy }) => energy - groundEnergy) },
  ];
}

/** Every twentieth density, by point of the grid. */
export function densityColumns({ grid, courses }: Race): Column[] {
  const rows = courses.flatMap(({ name, snapshots }) =>
    snapshots
      .filter((_, k) => k % 20 === 0)
      .flatMap(({ time, density, localEnergy }) =>
        Array.from(grid.x, (x, i) => ({ name, time, x, density: density[i], localEnergy: localEnergy[i] })),
      ),
  );
  const numbers = ["time", "x", "density", "localEnergy"] as const;
  return [
    { name: "flow", values: rows.map(({ name }) => name) },
    ...numbers.map((name) => ({ name, values: Float64Array.from(rows, (row) => row[name]) })),
  ];
}
