/** Orbitals that are known before any training. */
import type { Tensor } from "../../tensor/index.ts";
import { type HartreeFock, hartreeFock } from "../hartree-fock/hartree-fock.ts";
import { firstColumns } from "../hartree-fock/matrix.ts";
import { molecularOrbitals } from "../hartree-fock/orbitals.ts";
import type { System } from "../systems/system.ts";
import { oscillatorOrbitals } from "./oscillator.ts";

/** Occupied orbitals of one spin at positions [dimension, electrons, walkers]: [orbitals, electrons, walkers]. */
export type KnownOrbitals = (spin: "up" | "down", x: Tensor) => Tensor;

/** Those that a Hartree-Fock determinant fills. */
export function hartreeFockOrbitals({ shells, up, down }: HartreeFock, electrons: Pick<System, "up" | "down">): KnownOrbitals {
  const occupied = {
    up: molecularOrbitals(shells, firstColumns(up.coefficients, electrons.up)),
    down: molecularOrbitals(shells, firstColumns(down.coefficients, electrons.down)),
  };
  return (spin, x) => occupied[spin](x);
}

/** Those of the oscillator about a centre, shells filled from below. */
export function oscillatorShells({ dimension, up, down }: System, omega: number, centre = 0): KnownOrbitals {
  const of = { up: oscillatorOrbitals(dimension, omega, up), down: oscillatorOrbitals(dimension, omega, down) };
  return (spin, x) => of[spin](centre === 0 ? x : x.sub(centre));
}

/**
 * Of molecules, the orbitals of Hartree-Fock in STO-6G; of traps, those of the oscillator; of formulas, those of an oscillator of ω = 1.
 *
 * @throws UserError  for elements without a basis, and more electrons than the basis has orbitals
 */
export function usualOrbitals(system: System): KnownOrbitals {
  if (system.field.kind === "nuclei") return hartreeFockOrbitals(hartreeFock(system, "sto-6g"), system);
  return oscillatorShells(system, system.field.kind === "trap" ? system.field.omega : 1);
}
