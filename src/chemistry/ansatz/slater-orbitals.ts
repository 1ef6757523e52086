/** Orbitals of atoms by Slater's rules: rough ones, for elements without a basis. */
import { concat, type Tensor } from "../../tensor/index.ts";
import { largestShells } from "../systems/elements.ts";
import { nucleiOf, type System } from "../systems/system.ts";
import { atomsOfElectrons } from "../walkers/start.ts";
import type { KnownOrbitals } from "./known.ts";
import { fromNuclei } from "./surroundings.ts";

/** Electrons that shells hold, up to argon: 1s, 2s 2p, 3s 3p. */
const capacities = [2, 8, 8];

/**
 * ζ = (Z - s) / n of the shell n in a neutral atom: s is 0.35 for each other electron of the shell (0.30 in 1s), 0.85 for each of the shell below, 1 for each
 * deeper one.
 *
 * @source  Slater, Phys. Rev. 36 (1930), 57
 */
export function slaterExponent(charge: number, n: number): number {
  const below = (shell: number): number => capacities.slice(0, shell).reduce((a, b) => a + b, 0);
  const held = capacities.map((most, shell) => Math.max(0, Math.min(most, charge - below(shell))));
  const others = (n === 1 ? 0.3 : 0.35) * Math.max(0, held[n - 1] - 1);
  const inner = held.slice(0, n - 1).reduce((sum, count, shell) => sum + count * (shell === n - 2 ? 0.85 : 1), 0);
  return (charge - others - inner) / n;
}

/** In the order in which one spin fills them: the shell and the axis of p, absent in s. */
const orbitalsOfAtom: readonly { readonly n: number; readonly axis?: number }[] = [1, 2, 3].flatMap((n) => [
  { n },
  ...(n === 1 ? [] : [2, 0, 1].map((axis) => ({ n, axis }))),
]);

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/**
 * Normalised r^(n-1) e^(-ζ r) times 1 or √3 x/r, over √(4π), of each nucleus, as many as the atom has electrons of the spin when each nucleus holds as many as its charge.
 *
 * @param first  whether the first atom begins with spin up: see `atomsOfElectrons`
 * @returns  undefined where a nucleus is beyond argon, or holds more electrons than the shells up to it
 */
export function slaterOrbitals(system: System, first: boolean): KnownOrbitals | undefined {
  const nuclei = nucleiOf(system);
  const atoms = atomsOfElectrons(system, first);
  const of = { up: atoms.slice(0, system.up), down: atoms.slice(system.up) };
  const filled = (spin: "up" | "down") =>
    nuclei.flatMap(({ charge }, atom) => {
      const count = of[spin].filter((a) => a === atom).length;
      return Array.from({ length: count }, (_, k) => ({ atom, charge, ...orbitalsOfAtom[k], known: k < orbitalsOfAtom.length }));
    });
  const occupied = { up: filled("up"), down: filled("down") };
  const all = [...occupied.up, ...occupied.down];
  if (all.some(({ charge, known }) => charge > largestShells || !known)) return undefined;
  return (spin, x) => {
    const away = fromNuclei(system, x);
    const values = occupied[spin].map(({ atom, charge, n, axis }): Tensor => {
      const own = away.slice([], [atom, atom + 1]).squeeze(1);
      const r = own.square().sum(0, true).sqrt();
      const zeta = slaterExponent(charge, n);
      const norm = (2 * zeta) ** (n + 0.5) / Math.sqrt(factorial(2 * n) * 4 * Math.PI);
      const decay = r.mul(-zeta).exp().mul(norm);
      const power = (k: number): Tensor => Array.from({ length: k }, () => r).reduce((product, factor) => product.mul(factor), decay);
      return axis === undefined ? power(n - 1) : power(n - 2).mul(own.slice([axis, axis + 1]).mul(Math.sqrt(3)));
    });
    return values.length === 1 ? values[0] : concat(values, 0);
  };
}
