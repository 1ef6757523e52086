/** The picture of a potential-energy curve. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";

/** Energies at distances. */
export interface CurvePoint {
  /** In bohr. */
  readonly distance: number;
  /** In hartree. */
  readonly energy: number;
  readonly error: number;
  readonly hartreeFock?: number;
}

export function curveFigure(points: readonly CurvePoint[], name: string): Figure {
  const rows = points.flatMap(({ distance, energy, hartreeFock }) => [
    { distance, energy, of: "this run" },
    ...(hartreeFock === undefined ? [] : [{ distance, energy: hartreeFock, of: "Hartree-Fock, STO-6G" }]),
  ]);
  const bars = points.map(({ distance, energy, error }) => ({ distance, low: energy - 2 * error, high: energy + 2 * error }));
  return {
    name: "curve",
    title: `Potential-energy curve of ${name}`,
    caption: "Energy of the electrons and the repulsion of nuclei against the distance of neighbours, with two standard errors.",
    svg: plot({
      height: 360,
      x: { label: "distance (bohr)" },
      y: { label: "energy (hartree)", grid: true },
      color: { legend: true },
      marks: [
        Plot.line(rows, { x: "distance", y: "energy", z: "of", stroke: "of" }),
        Plot.ruleX(bars, { x: "distance", y1: "low", y2: "high", stroke: palette[0], strokeWidth: 2 }),
        Plot.dot(
          rows.filter((r) => r.of === "this run"),
          { x: "distance", y: "energy", fill: palette[0], r: 3 },
        ),
      ],
    }),
  };
}
