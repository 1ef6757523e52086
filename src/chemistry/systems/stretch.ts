/** Molecules at other distances. */
import { UserError } from "../../errors.ts";
import { nucleiOf, type System } from "./system.ts";

/** Distances of neighbours may differ by so much, as a share, and count as one. */
const slack = 1e-3;

const between = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((v, c) => v - b[c]));

/**
 * The distance of neighbours in a molecule of two atoms, or in a chain of equal steps, in bohr.
 * @throws UserError  for other molecules
 */
export function bondLength(system: System): number {
  const places = nucleiOf(system).map(({ position }) => position);
  if (places.length < 2) throw new UserError(`${system.title} has no bond to stretch`, "a scan needs two atoms or more");
  const step = places[1].map((v, c) => v - places[0][c]);
  const length = Math.hypot(...step);
  const even = places.every(
    (place, k) =>
      between(
        place,
        places[0].map((v, c) => v + k * step[c]),
      ) <
      slack * length,
  );
  if (!even)
    throw new UserError(
      `${system.title} is no chain of equal steps`,
      "a scan stretches two atoms, or a straight chain with equal distances",
    );
  return length;
}

/** The molecule with another distance of neighbours, in bohr; what was known of its energy is not known any more. */
export function stretched(system: System, length: number): System {
  const factor = length / bondLength(system);
  if (system.field.kind !== "nuclei") return system;
  const { reference: _, ...rest } = system;
  const nuclei = system.field.nuclei.map((nucleus) => {
    const [x, y, z] = nucleus.position;
    return { ...nucleus, position: [x * factor, y * factor, z * factor] as const };
  });
  return { ...rest, title: `${system.name}, ${Number(length.toFixed(6))} a0 apart`, field: { kind: "nuclei", nuclei } };
}
