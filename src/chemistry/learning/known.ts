/** Orbitals that are known before anything is learned. */
import { hartreeFockOrbitals, type KnownOrbitals, oscillatorShells } from "../ansatz/known.ts";
import { slaterOrbitals } from "../ansatz/slater-orbitals.ts";
import { hasBasis } from "../hartree-fock/basis.ts";
import { hartreeFock } from "../hartree-fock/hartree-fock.ts";
import { boundBox, hamiltonian, makeGrid, potentialOf } from "../laboratory/potential.ts";
import { lineEnergies } from "../laboratory/spectrum.ts";
import { lowestStates } from "../laboratory/tridiagonal.ts";
import { nucleiOf, type Reference, type System } from "../systems/system.ts";

export interface Known {
  /** Determinants that together make sense: one, or two where bonds are broken. */
  readonly orbitals: readonly KnownOrbitals[];
  /** Energy of the Hartree-Fock determinant, of molecules. */
  readonly hartreeFock?: number;
  /** The exact energy, where electrons do not feel each other. */
  readonly reference?: Reference;
  readonly notes: readonly string[];
}

/**
 * Of molecules, occupied Hartree-Fock orbitals in STO-6G, of their own for each spin where that is much lower; of traps, those of the oscillator, shell by shell; of formulas, those of the oscillator
 * whose ground state has the place and the width of theirs. Where an element has no basis, those of atoms by Slater's rules; nothing beyond argon.
 *
 * @throws UserError  for potentials that hold no particle
 */
export async function knownOrbitals(system: System): Promise<Known | undefined> {
  if (system.field.kind === "trap") return { orbitals: [oscillatorShells(system, system.field.omega)], notes: [] };
  if (system.field.kind === "formula") return ofFormula(system, system.field.formula);
  if (!hasBasis(system)) return ofAtoms(system);
  const found = hartreeFock(system);
  const own = found.method === "rhf" ? hartreeFock(system, "sto-6g", "uhf") : found;
  if (own.energy > found.energy - broken)
    return { orbitals: [hartreeFockOrbitals(found, system)], hartreeFock: found.energy, notes: found.notes };
  const up = hartreeFockOrbitals(own, system);
  const down: KnownOrbitals = (spin, x) => up(spin === "up" ? "down" : "up", x);
  return {
    orbitals: [up, down],
    hartreeFock: own.energy,
    notes: ["a bond is broken: it begins with orbitals of their own for each spin, both ways round"],
  };
}

/**
 * Orbitals of their own for each spin are taken where they are lower by so much, in hartree: where bonds break. Closed shells would put both electrons of
 * a bond on one atom half of the time, which a network is slow to unlearn; one way round would break the symmetry of spins, which a singlet has.
 */
const broken = 0.02;

/** Both ways round where an atom may begin with either spin: neither is better. */
function ofAtoms(system: System): Known | undefined {
  const ways = nucleiOf(system).length > 1 && system.up === system.down ? [true, false] : [true];
  const orbitals = ways.flatMap((first) => slaterOrbitals(system, first) ?? []);
  return orbitals.length === ways.length ? { orbitals, notes: [] } : undefined;
}

/** Points of the grid that tells where a particle is. */
const points = 1023;

async function ofFormula(system: System, formula: string): Promise<Known> {
  const potential = potentialOf(formula);
  const box = await boundBox(potential);
  const grid = await makeGrid(potential, box, points);
  const [ground] = lowestStates(hamiltonian(grid), 1);
  const moment = (f: (x: number) => number): number => {
    let [sum, norm] = [0, 0];
    ground.vector.forEach((v, i) => {
      sum += v * v * f(grid.x[i]);
      norm += v * v;
    });
    return sum / norm;
  };
  const centre = moment((x) => x);
  const omega = 1 / (2 * moment((x) => (x - centre) ** 2));
  const apart = system.repulsion === 0 || system.up + system.down === 1;
  const energies = apart ? await lineEnergies(potential, box, Math.max(system.up, system.down)) : [];
  const sum = (count: number): number => energies.slice(0, count).reduce((a, b) => a + b, 0);
  return {
    orbitals: [oscillatorShells(system, omega, centre)],
    ...(apart && { reference: { energy: sum(system.up) + sum(system.down), source: "finite differences on a line, extrapolated" } }),
    notes: [],
  };
}
