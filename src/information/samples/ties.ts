/** Numbers that occur more than once: between them there is no distance. */
import type { Random } from "../../array/index.ts";
import { isLabel, type Side } from "./side.ts";

/** How often each number occurs. */
function occurrences(values: Float64Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  return counts;
}

/** Share of the rows whose number another row has too. */
export const tiedShare = (values: Float64Array): number => {
  const counts = occurrences(values);
  return values.filter((v) => (counts.get(v) ?? 0) > 1).length / values.length;
};

/** Below, ties are the accidents of a few decimals and move no estimate. */
export const mostTies = 0.01;

/**
 * Columns with ties made continuous: each repeated number becomes uniform between the middles to its neighbours among the numbers that
 * occur. These ranges do not overlap, so that X is a function of the new X̃, and X̃ of X and noise of its own: I(X̃;Z) = I(X;Z), exactly.
 * On the grid itself neighbours at equal distance make every estimator count too few of them in x and in z: independent columns of integers
 * would score.
 */
export function withoutTies(side: Side, rng: Random): Side {
  const columns = side.columns.map((values, c) =>
    isLabel(side, c) || tiedShare(values) <= mostTies ? values : spreadTies(values, rng.fold(side.names[c])),
  );
  return { ...side, columns };
}

function spreadTies(values: Float64Array, rng: Random): Float64Array {
  const counts = occurrences(values);
  const grid = Float64Array.from(counts.keys()).sort();
  const place = new Map(Array.from(grid, (v, i) => [v, i]));
  const [first, last] = [0, grid.length - 1];
  const below = (i: number): number => (i > first ? grid[i] - grid[i - 1] : grid[1] - grid[0]) / 2;
  const above = (i: number): number => (i < last ? grid[i + 1] - grid[i] : grid[last] - grid[last - 1]) / 2;
  const u = rng.uniform([values.length], "f64").data;
  return values.map((v, row) => {
    const i = place.get(v) ?? first;
    return (counts.get(v) ?? 1) > 1 ? v - below(i) + u[row] * (below(i) + above(i)) : v;
  });
}
