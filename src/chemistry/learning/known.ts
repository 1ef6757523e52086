/** Orbitals that are known before anything is learned. */
import { hartreeFock } from "../hartree-fock/hartree-fock.ts";
import { firstColumns } from "../hartree-fock/matrix.ts";
import { molecularOrbitals } from "../hartree-fock/orbitals.ts";
import type { System } from "../systems/system.ts";
import type { KnownOrbitals } from "./pretrain.ts";

/** Elements up to neon have a basis. */
const largestCharge = 10;

/** Occupied Hartree-Fock orbitals in STO-6G, and their energy; nothing where there is no basis, or no nuclei. */
export function knownOrbitals(
  system: System,
): { readonly orbitals: KnownOrbitals; readonly energy: number; readonly notes: readonly string[] } | undefined {
  if (system.field.kind !== "nuclei" || system.field.nuclei.some(({ charge }) => charge > largestCharge)) return undefined;
  const found = hartreeFock(system);
  const of = (spin: "up" | "down", count: number) =>
    count > 0 ? molecularOrbitals(found.shells, firstColumns(found[spin].coefficients, count)) : undefined;
  const [up, down] = [of("up", system.up), of("down", system.down)];
  return {
    orbitals: (spin, x) => {
      const orbitals = spin === "up" ? up : down;
      return orbitals ? orbitals(x) : x.slice([0, 0]);
    },
    energy: found.energy,
    notes: found.notes,
  };
}
