/** Fates of groups. */
import type { Figure } from "../../plots/index.ts";
import type { Fates } from "../motion/fates.ts";
import { heatMap } from "./matrix.ts";

/** Probabilities of ending in each group, as a matrix. */
export const fatesFigure = ({ matrix: { starts, ends, probability } }: Pick<Fates, "matrix">): Figure => ({
  name: "fates",
  title: "Fates",
  caption:
    "Probability that the descendants of a group of the first snapshot (rows) end among a group of the last one (columns): shares " +
    "of the 15 nearest cells there, weighted by growth.",
  svg: heatMap({ rows: starts, columns: ends, value: probability, names: { row: "start", column: "end", value: "probability" } }),
});
