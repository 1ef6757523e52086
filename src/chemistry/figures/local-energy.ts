/** The picture of the local energy, which every flow makes flat in its own way. */
import * as Plot from "@observablehq/plot";
import { formatNumber } from "../../numbers.ts";
import { type Figure, plot } from "../../plots/index.ts";
import type { Race } from "../laboratory/race.ts";

/** Parts of the whole time at which it is drawn: the differences are those of the beginning. */
const parts = [0, 0.01, 0.04, 0.16];

/** E_loc(x) where the density is, at a few times, and the ground-state energy. */
export function localEnergyFigure({ grid, courses, groundEnergy }: Race): Figure {
  const names = courses.map(({ name }) => name);
  const rows = courses.flatMap(({ name, snapshots }) => {
    const end = snapshots[snapshots.length - 1].time;
    return parts.flatMap((part) => {
      const { density, localEnergy, time } = snapshots.find((s) => s.time >= part * end * (1 - 1e-9)) ?? snapshots[0];
      const top = density.reduce((most, q) => Math.max(most, q), 0);
      return Array.from(grid.x, (x, i) => ({
        name,
        x,
        energy: localEnergy[i],
        time: `t = ${formatNumber(Number(time.toPrecision(2)))}`,
        shown: density[i] > 1e-2 * top,
      })).filter((r) => r.shown);
    });
  });
  return {
    name: "local-energy",
    title: "The local energy becomes flat",
    caption:
      "E_loc = V - ½ ψ″/ψ in hartree where q is more than a hundredth of its largest value. At the ground state it is E₀ everywhere (dotted). Transport flattens what is steep first, reweighting what is far from the mean.",
    svg: plot({
      ...{ height: 400, marginLeft: 56, marginTop: 82, marginBottom: 42 },
      x: { label: "x, a₀", ticks: 5 },
      y: { label: "E_loc, hartree", grid: true },
      fx: { label: null, domain: names, padding: 0.06 },
      color: { domain: [...new Set(rows.map((r) => r.time))], range: ["#b5cfea", "#6ba3d6", "#2f6fb7", "#173f7a"], legend: true },
      marks: [
        Plot.frame({ strokeOpacity: 0.2 }),
        Plot.ruleY([groundEnergy], { strokeDasharray: "2 3" }),
        Plot.line(rows, { fx: "name", x: "x", y: "energy", z: (r) => `${r.name} ${r.time}`, stroke: "time", strokeWidth: 2 }),
      ],
    }),
  };
}
