/** Where densities are to be seen. */
import type { Race } from "../laboratory/race.ts";

/** The largest value. */
export const densest = (density: Float64Array): number => density.reduce((most, q) => Math.max(most, q), 0);

/** The points between which any of the densities is to be seen. */
export function support({ courses, groundDensity }: Pick<Race, "courses" | "groundDensity">): [number, number] {
  const all = [groundDensity, ...courses.map(({ snapshots }) => snapshots[0].density)];
  const seen = (i: number): boolean => all.some((density) => density[i] > 2e-3 * densest(density));
  const indices = [...groundDensity.keys()];
  return [indices.find(seen) ?? 0, indices.findLast(seen) ?? indices.length - 1];
}
