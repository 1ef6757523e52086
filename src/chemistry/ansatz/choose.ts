/** Wave functions by name. */
import { UserError } from "../../errors.ts";
import { nucleiOf, type System } from "../systems/system.ts";
import type { Ansatz } from "./ansatz.ts";
import { ferminet } from "./ferminet.ts";
import { type KnownOrbitals, usualOrbitals } from "./known.ts";
import { lapnet } from "./lapnet.ts";
import { withNuclearCusp } from "./nuclear-cusp.ts";
import { psiformer } from "./psiformer.ts";
import { slaterJastrow } from "./slater-jastrow.ts";
import { gaussian, hydrogenic } from "./trial.ts";

export const ansatzNames = ["psiformer", "ferminet", "lapnet", "slater-jastrow", "hydrogenic", "gaussian"] as const;
export type AnsatzName = (typeof ansatzNames)[number];

/** Sizes of networks; wave functions without any do not read them. */
export interface AnsatzOptions {
  /** Width of an electron's state. */
  readonly width: number;
  /** Width of a pair's state, in FermiNet. */
  readonly pairWidth: number;
  readonly layers: number;
  /** Heads of attention, in Psiformer and LapNet. */
  readonly heads: number;
  readonly determinants: number;
  /** A determinant of its own for each spin. */
  readonly factored: boolean;
  /** A factor with the exact cusp at nuclei, for networks. */
  readonly cusp: boolean;
}

/** A wave function by name and sizes, as a file has it. */
export interface AnsatzChoice extends AnsatzOptions {
  readonly name: AnsatzName;
}

const usualAnsatz: AnsatzOptions = { width: 32, pairWidth: 8, layers: 2, heads: 4, determinants: 4, factored: false, cusp: false };

/** Wave functions that are made of a network. */
const networks: Readonly<Partial<Record<AnsatzName, (system: System, options: AnsatzOptions) => Ansatz>>> = { psiformer, ferminet, lapnet };

/**
 * The wave function of a name for a system.
 *
 * @param known  orbitals of slater-jastrow, where better ones than the usual are known
 * @throws UserError  for sizes that do not go together, and wave functions that the system cannot have
 */
export function ansatzOf(name: AnsatzName, system: System, options: Partial<AnsatzOptions> = {}, known?: KnownOrbitals): Ansatz {
  const network = networks[name];
  if (network) {
    const all = { ...usualAnsatz, ...options };
    checkSizes(name, all);
    if (!all.cusp) return network(system, all);
    if (nucleiOf(system).length === 0)
      throw new UserError(`${system.title}: there are no nuclei at which the wave function could have a cusp`, "leave the cusp out");
    return withNuclearCusp(system, network(system, all));
  }
  if (name === "slater-jastrow") return slaterJastrow(system, known ?? usualOrbitals(system));
  return name === "hydrogenic" ? hydrogenic(system) : gaussian(system);
}

/** @throws UserError  naming the size that is wrong */
function checkSizes(name: AnsatzName, { width, pairWidth, layers, heads, determinants }: AnsatzOptions): void {
  for (const [what, size] of Object.entries({ width, pairWidth, layers, heads, determinants }))
    if (!(Number.isInteger(size) && size >= 1)) throw new UserError(`${name}: ${what} is ${size}: it is a whole number above 0`);
  if (name !== "ferminet" && width % heads !== 0) {
    const divisors = Array.from({ length: Math.min(width, 16) }, (_, k) => k + 1).filter((k) => width % k === 0);
    throw new UserError(
      `${name}: a width of ${width} is not divisible by ${heads} heads`,
      `heads that divide it: ${divisors.join(", ")}; or a width of ${Math.ceil(width / heads) * heads}`,
    );
  }
}
