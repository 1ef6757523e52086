/** Hartree-Fock: the best single determinant of a system of nuclei, in a minimal basis. */
import { UserError } from "../../errors.ts";
import { nucleiOf, type System } from "../systems/system.ts";
import { type BasisName, basisOf, type Shell } from "./basis.ts";
import { type Integrals, integralsOf } from "./integrals.ts";
import type { Matrix } from "./matrix.ts";
import { type Densities, type Field, orthonormal, type ScfMethod, selfConsistent } from "./scf.ts";
import { mixed, startsOf } from "./starts.ts";

export interface HartreeFock extends Field {
  readonly method: ScfMethod;
  readonly basis: BasisName;
  readonly shells: readonly Shell[];
  readonly integrals: Integrals;
  /** What should be known of the result. */
  readonly notes: readonly string[];
}

/** Lower than this, in hartree, another field counts as lower. */
const distinct = 1e-6;

/**
 * @param method  auto: restricted, open-shell where spins are unpaired
 * @throws UserError  for systems without nuclei, elements without a basis, more electrons than orbitals
 */
export function hartreeFock(system: System, basis: BasisName = "sto-6g", method: ScfMethod | "auto" = "auto"): HartreeFock {
  const nuclei = nucleiOf(system);
  if (nuclei.length === 0) throw new UserError(`${system.title}: Hartree-Fock is there for nuclei only`, "give atoms or a preset");
  const { up, down } = system;
  if (method === "rhf" && up !== down)
    throw new UserError(`rhf needs closed shells; here ${up} electrons have spin up and ${down} spin down`, "use --method rohf or uhf");
  const chosen = method === "auto" ? (up === down ? "rhf" : "rohf") : method;
  const shells = basisOf(nuclei, basis);
  const integrals = integralsOf(shells, nuclei);
  const x = orthonormal(integrals.overlap);
  if (Math.max(up, down) > x.columns)
    throw new UserError(
      `${basis} has ${x.columns} orbital${x.columns === 1 ? "" : "s"} for ${system.name}: too few for ${Math.max(up, down)} electrons of one spin`,
      "a minimal basis holds neutral molecules and small ions of low spin",
    );
  const lowest = (how: ScfMethod): Field => lowestField(integrals, x, system, how, shells);
  const field = lowest(chosen);
  const dropped = x.rows - x.columns;
  return {
    ...{ ...field, method: chosen, basis, shells, integrals },
    notes: [
      ...(field.converged ? [] : [`the field did not converge in ${field.iterations} iterations: the energy is an upper bound only`]),
      ...(dropped > 0 ? [`${dropped} nearly dependent functions of the basis were left out`] : []),
      ...(method === "auto" ? instability(field.energy, lowest("uhf")) : []),
    ],
  };
}

/** The lowest of the fields that the starts lead to, converged ones first; then once more from its frontier orbitals mixed. */
function lowestField(integrals: Integrals, x: Matrix, system: System, method: ScfMethod, shells: readonly Shell[]): Field {
  const from = (start: Densities): Field => selfConsistent(integrals, x, system, method, start);
  const better = (a: Field, b: Field): Field => (a.converged !== b.converged ? (a.converged ? a : b) : b.energy < a.energy - 1e-9 ? b : a);
  const first = startsOf(integrals, x, system, method, shells, nucleiOf(system)).map(from).reduce(better);
  return better(first, from(mixed(first, system, method)));
}

const instability = (energy: number, { energy: other, converged }: Field): string[] =>
  converged && other < energy - distinct
    ? [
        `orbitals of their own for each spin are ${((energy - other) * 1000).toPrecision(3)} mHa lower (--method uhf): one determinant describes this poorly`,
      ]
    : [];

/** Electrons in each orbital: 2, 1 or 0 in common orbitals; 1 or 0 where each spin has its own. */
export function occupations({ method, up, down }: HartreeFock, electrons: Pick<System, "up" | "down">): { up: number[]; down: number[] } {
  const filled = ({ energies }: Field["up"], ...counts: number[]): number[] =>
    Array.from(energies, (_, k) => counts.reduce((sum, count) => sum + Number(k < count), 0));
  return method === "uhf"
    ? { up: filled(up, electrons.up), down: filled(down, electrons.down) }
    : { up: filled(up, electrons.up, electrons.down), down: [] };
}
