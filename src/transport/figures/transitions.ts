/** Transitions between groups. */
import type { Figure } from "../../plots/index.ts";
import { plusMinus } from "../evaluation/results.ts";
import type { GroupTransition } from "../motion/transitions.ts";
import { timeText } from "../paths/units.ts";
import { heatMap } from "./matrix.ts";

/** Descendants and ancestors between each two times, a matrix each. */
export const transitionFigures = (all: readonly GroupTransition[]): Figure[] =>
  all.flatMap(({ from, to, starts, ends, descendants, ancestors }) => {
    const [early, late] = [from, to].map(timeText);
    const name = `${early}-${late}`.replace(/[^\w.-]+/g, "_");
    return [
      {
        name: `descendants-${name}`,
        title: `Descendants: from ${early} to ${late}`,
        caption:
          `Of the mass that comes from a group at ${early} (rows), the part that is in each group at ${late} (columns), by the groups ` +
          `of the 15 nearest particles there; ${plusMinus.particles}, where there is room.`,
        svg: heatMap({
          ...{ rows: starts, columns: ends, ...descendants },
          names: { row: `group at ${early}`, column: `group at ${late}`, value: "part of the descendants" },
        }),
      },
      {
        name: `ancestors-${name}`,
        title: `Ancestors: from ${late} back to ${early}`,
        caption:
          `Of the mass of a group at ${late} (rows), the part that comes from each group at ${early} (columns); ` +
          `${plusMinus.particles}, where there is room.`,
        svg: heatMap({
          ...{ rows: ends, columns: starts, ...ancestors },
          names: { row: `group at ${late}`, column: `group at ${early}`, value: "part of the ancestors" },
        }),
      },
    ];
  });
