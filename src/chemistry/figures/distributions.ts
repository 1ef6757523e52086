/** Pictures of distributions: local energies, distances. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { Histogram } from "../evaluation/evaluation.ts";
import { quantile } from "../flows/robust.ts";

/** Local energies of single walkers. */
export function localEnergyFigure(energies: Float64Array, mean: number): Figure {
  const [low, high] = [quantile(energies, 0.002), quantile(energies, 0.998)];
  const pad = Math.max(1e-6, 0.05 * (high - low));
  const shown = Array.from(energies.filter((e) => e >= low - pad && e <= high + pad));
  const outside = energies.length - shown.length;
  return {
    name: "local-energies",
    title: "Local energies",
    caption: `Local energies of ${energies.length} walkers in the long evaluation, and their mean. An eigenstate has one value only. ${outside} values lie outside of the picture.`,
    svg: plot({
      height: 280,
      x: { label: "E_loc (hartree)", domain: [low - pad, high + pad] },
      y: { label: "walkers", grid: true },
      marks: [
        Plot.rectY(
          shown.map((energy) => ({ energy })),
          Plot.binX<Plot.RectYOptions>({ y: "count" }, { x: { value: "energy", thresholds: 80 }, fill: palette[0] }),
        ),
        Plot.ruleX([mean], { strokeDasharray: "4 3" }),
      ],
    }),
  };
}

interface Bar {
  readonly x: number;
  readonly x2: number;
  readonly value: number;
}

/** Counts as a density that integrates to 1. */
function densityOf({ to, counts, outside }: Histogram): Bar[] {
  const width = to / counts.length;
  const total = counts.reduce((a, b) => a + b, 0) + outside;
  return Array.from(counts, (count, k) => ({ x: k * width, x2: (k + 1) * width, value: count / (total * width) }));
}

/** Where densities have fallen to nothing. */
const reachOf = (bars: readonly Bar[]): number => bars.findLast(({ value }) => value > 1e-3)?.x2 ?? bars.at(-1)?.x2 ?? 1;

function distanceFigure(histogram: Histogram, words: Pick<Figure, "name" | "title" | "caption">, label: string): Figure {
  const bars = densityOf(histogram);
  const reach = reachOf(bars);
  return {
    ...words,
    svg: plot({
      height: 280,
      x: { label, domain: [0, reach] },
      y: { label: "density (1/bohr)", grid: true },
      marks: [
        Plot.rectY(
          bars.filter(({ x }) => x < reach),
          { x1: "x", x2: "x2", y: "value", fill: palette[0] },
        ),
      ],
    }),
  };
}

export const radialFigure = (histogram: Histogram, hasNuclei: boolean): Figure =>
  distanceFigure(
    histogram,
    {
      name: "radial",
      title: "Radial distribution of electrons",
      caption: hasNuclei ? "Distances of electrons from the nearest nucleus: shells are humps." : "Distances of electrons from the origin.",
    },
    "distance (bohr)",
  );

export const pairFigure = (histogram: Histogram): Figure =>
  distanceFigure(
    histogram,
    { name: "pairs", title: "Distances between electrons", caption: "Distances of all pairs of electrons: what repels keeps away." },
    "distance (bohr)",
  );
