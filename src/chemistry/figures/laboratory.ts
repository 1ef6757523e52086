/** Pictures of flows side by side: how fast they get there, and what the density does on the way. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, plot } from "../../plots/index.ts";
import type { Course, Race } from "../laboratory/race.ts";
import { densest, support } from "./support.ts";

/** Energy above the ground state and variance of the local energy against time. */
export function convergenceFigures({ courses, groundEnergy }: Race): Figure[] {
  const rows = courses.flatMap(({ name, observed }) =>
    observed.map(({ time, energy, variance }) => ({ name, time, excess: energy - groundEnergy, variance })),
  );
  const draw = (value: "excess" | "variance", label: string, guides: readonly Guide[]) => {
    const scale = decades(rows.map((row) => row[value]));
    const [low, high] = scale.domain;
    return plot({
      height: 360,
      x: { label: "time t, 1/hartree", grid: true },
      y: { label, type: "log", grid: true, ...scale },
      color: { legend: true, domain: courses.map(({ name }) => name) },
      marks: [
        // far above the picture there are no numbers for them
        Plot.line(
          guides.filter((g) => g.value > low / 10 && g.value < high * 10),
          { x: "time", y: "value", z: "name", stroke: "name", strokeDasharray: "4 4", strokeOpacity: 0.7, clip: true },
        ),
        Plot.line(
          rows.filter((row) => row[value] > low / 10),
          { x: "time", y: value, stroke: "name", strokeWidth: 2, clip: true },
        ),
      ],
    });
  };
  const dashed = "Dashed: the rate of the slowest mode that the start has, as the gaps of the Hamiltonian predict it, through the end.";
  return [
    {
      name: "energy",
      title: "Energy above the ground state",
      caption: `E - E₀ in hartree against the time of the flow. ${dashed}`,
      svg: draw(
        "excess",
        "E - E₀, hartree",
        courses.flatMap((course) => guideOf(course, (o) => o.energy - groundEnergy)),
      ),
    },
    {
      name: "variance",
      title: "Variance of the local energy",
      caption: `Var E_loc in hartree²: nothing at an eigenstate. ${dashed}`,
      svg: draw(
        "variance",
        "Var E_loc, hartree²",
        courses.flatMap((course) => guideOf(course, (o) => o.variance)),
      ),
    },
  ];
}

/** From rounding errors up, which are none, with marks at powers of ten, or closer together where there are few. */
function decades(values: readonly number[]) {
  const top = values.reduce((most, v) => Math.max(most, v), 0);
  if (!(top > 0)) return { domain: [1e-9, 1] satisfies [number, number] };
  const bottom = values.reduce((least, v) => (v > 1e-9 * top ? Math.min(least, v) : least), top);
  const [low, high] = [bottom / 1.3, top * 1.3];
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high) - Math.log10(low)) + 1 },
    (_, k) => 10 ** (Math.floor(Math.log10(low)) + k),
  );
  const steps = powers.length > 4 ? [1] : [1, 2, 5];
  const ticks = powers.flatMap((power) => steps.map((n) => n * power)).filter((v) => v >= low && v <= high);
  const domain: [number, number] = [low, high];
  return { domain, ticks, tickFormat: (v: number) => (v < 1e-3 ? v.toExponential(0) : formatNumber(v)) };
}

interface Guide {
  readonly name: string;
  readonly time: number;
  readonly value: number;
}

/** e^(-2λt) through the last value. */
function guideOf({ name, predicted, observed }: Course, value: (o: Course["observed"][number]) => number): Guide[] {
  const end = observed[observed.length - 1];
  if (predicted === undefined || !(value(end) > 0)) return [];
  return observed.map(({ time }) => ({ name, time, value: value(end) * Math.exp(2 * predicted * (end.time - time)) }));
}

/** Parts of the whole time at which densities are drawn. */
const parts = [0, 0.02, 0.08, 0.25, 1];

/** The mountains of q at a few times, one above the other, and the ground state behind each. */
export function densityFigure(race: Race): Figure {
  const { grid, courses, groundDensity } = race;
  const [first, last] = support(race);
  const top = courses.flatMap(({ snapshots }) => snapshots).reduce((most, { density }) => Math.max(most, densest(density)), 0);
  const lift = 0.75 * Math.min(top, 2.5 * densest(groundDensity));
  const chosen = courses.map(({ name, snapshots }) => ({
    name,
    ridges: parts.map((part) => {
      const end = snapshots[snapshots.length - 1].time;
      return snapshots.reduce((best, s) => (Math.abs(s.time - part * end) < Math.abs(best.time - part * end) ? s : best));
    }),
  }));
  const rows = chosen.flatMap(({ name, ridges }) =>
    ridges.flatMap(({ density, time }, k) =>
      Array.from({ length: last - first + 1 }, (_, j) => {
        const i = first + j;
        const base = -k * lift;
        return { name, time, ridge: k, x: grid.x[i], base, q: base + density[i], ground: base + groundDensity[i] };
      }),
    ),
  );
  const labels = chosen[0].ridges.map(({ time }, k) => ({
    name: chosen[0].name,
    y: -k * lift,
    text: `t = ${Number(time.toPrecision(2))}`,
  }));
  return {
    name: "densities",
    title: "Densities on the way",
    caption:
      "q = ψ² at five times, from above; all have the same scale. Grey: the ground state. Transport carries the mass there, reweighting lets it vanish here and appear there.",
    svg: plot({
      ...{ height: 440, marginLeft: 70, marginTop: 40, marginBottom: 42 },
      x: { label: "x, a₀", ticks: 5 },
      y: { axis: null },
      fx: { label: null, domain: courses.map(({ name }) => name), padding: 0.06 },
      color: { domain: courses.map(({ name }) => name) },
      marks: [
        Plot.ruleY(rows, Plot.groupY({}, { y: "base", fx: "name", strokeOpacity: 0.12 })),
        ...parts.flatMap((_, k) => {
          const ridge = rows.filter((row) => row.ridge === k);
          return [
            Plot.areaY(ridge, { fx: "name", x: "x", y1: "base", y2: "ground", fill: "currentColor", fillOpacity: 0.12 }),
            Plot.areaY(ridge, { fx: "name", x: "x", y1: "base", y2: "q", fill: "name", fillOpacity: 0.35 }),
            Plot.lineY(ridge, { fx: "name", x: "x", y: "q", stroke: "name", strokeWidth: 1.5 }),
          ];
        }),
        Plot.text(labels, { fx: "name", y: "y", text: "text", frameAnchor: "left", textAnchor: "end", dx: -6, dy: -5 }),
      ],
    }),
  };
}
