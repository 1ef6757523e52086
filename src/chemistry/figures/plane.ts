/** The plane that pictures look at. */
import { nucleiOf, type System } from "../systems/system.ts";

export const coordinateNames = ["x", "y", "z"] as const;

/** The two coordinates along which nuclei lie farthest apart; of atoms and traps the last and the first. */
export function planeOf(system: System): readonly [number, number] {
  const nuclei = nucleiOf(system);
  if (system.dimension < 3) return [0, 1];
  const spread = [0, 1, 2].map((c) => Math.max(0, ...nuclei.map((a) => a.position[c])) - Math.min(0, ...nuclei.map((a) => a.position[c])));
  const order = [2, 0, 1].toSorted((a, b) => spread[b] - spread[a]);
  return [order[0], order[1]];
}
