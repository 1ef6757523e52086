/** Fates of groups. */
import * as Plot from "@observablehq/plot";
import { type Figure, plot, textWidth } from "../../plots/index.ts";
import type { Fates } from "../motion/fates.ts";

/** Probabilities of ending in each group, as a matrix. */
export function fatesFigure({ matrix }: Pick<Fates, "matrix">): Figure {
  const cells = matrix.starts.flatMap((start, s) => matrix.ends.map((end, e) => ({ start, end, p: matrix.probability[s][e] })));
  const [rowName, columnName] = [matrix.starts, matrix.ends].map((names) => Math.max(...names.map(textWidth)));
  // names that are wider than their column are turned
  const turned = columnName > (700 - rowName) / matrix.ends.length;
  const marginBottom = turned ? 45 + 0.5 * columnName : 42;
  return {
    name: "fates",
    title: "Fates",
    caption:
      "Probability that the descendants of a group of the first snapshot (rows) end among a group of the last one (columns): shares " +
      "of the 15 nearest cells there, weighted by growth.",
    svg: plot({
      height: 68 + marginBottom + 44 * matrix.starts.length,
      marginBottom,
      color: { type: "linear", scheme: "blues", domain: [0, 1], label: "probability", legend: true },
      x: { label: "end", domain: [...matrix.ends], tickRotate: turned ? -35 : 0 },
      y: { label: "start", domain: [...matrix.starts], labelAnchor: "top", labelArrow: "none" },
      marks: [
        Plot.cell(cells, { x: "end", y: "start", fill: "p", inset: 1 }),
        Plot.text(cells, { x: "end", y: "start", text: (c) => c.p.toFixed(2), fill: (c) => (c.p > 0.55 ? "white" : "#1b1e23") }),
      ],
    }),
  };
}
