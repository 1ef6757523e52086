/** Densities from which iteration starts. Each may lead to another field: the lowest is taken. */
import type { Nucleus } from "../systems/system.ts";
import { functionsOf, type Shell } from "./basis.ts";
import type { Integrals } from "./integrals.ts";
import { combine, type Matrix, zeros } from "./matrix.ts";
import { type Densities, densitiesOf, type Field, type Orbitals, orbitalsOf, type ScfMethod } from "./scf.ts";

/**
 * Atoms side by side; the same a little uneven, so that no symmetry holds the field in a saddle; orbitals of bare nuclei; and, for orbitals of
 * their own, spins that alternate from atom to atom: what bonds become when they are stretched.
 */
export function startsOf(
  { kinetic, attraction }: Integrals,
  x: Matrix,
  { up, down }: { readonly up: number; readonly down: number },
  method: ScfMethod,
  shells: readonly Shell[],
  nuclei: readonly Nucleus[],
): readonly Densities[] {
  const functions = functionsOf(shells);
  const protons = nuclei.reduce((sum, { charge }) => sum + charge, 0);
  const atoms = (count: number, weight: (i: number, atom: number) => number): Matrix => {
    const out = zeros(functions.length, functions.length);
    functions.forEach(({ atom, label }, i) => {
      out.data[i * functions.length + i] = (occupation(nuclei[atom].charge, label) * weight(i, atom) * count) / protons;
    });
    return out;
  };
  const sideBySide = (weight: (i: number, atom: number, spin: 1 | -1) => number): Densities => ({
    up: atoms(up, (i, atom) => weight(i, atom, 1)),
    // one object where spins are alike: the field is then made once
    down: atoms(down, (i, atom) => weight(i, atom, -1)),
  });
  const bare = densitiesOf([orbitalsOf(combine(1, kinetic, 1, attraction), x)], { up, down });
  const common = [sideBySide(() => 1), sideBySide((i) => 1 + 0.2 * Math.sin(2.3 * i + 1)), bare];
  return method === "uhf" ? [...common, sideBySide((_, atom, spin) => 1 + 0.8 * spin * (atom % 2 === 0 ? 1 : -1))] : common;
}

/**
 * The highest filled and the lowest empty orbital turned into each other by 30°, one way for spin up, the other for spin down where each has
 * its own: off a saddle, if the field is one.
 */
export function mixed({ up, down }: Field, electrons: { readonly up: number; readonly down: number }, method: ScfMethod): Densities {
  const turned = ({ energies, coefficients }: Orbitals, filled: number, angle: number): Orbitals => {
    const { columns } = coefficients;
    if (filled === 0 || filled === columns) return { energies, coefficients };
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const data = coefficients.data.map((value, k, all) => {
      if (k % columns === filled - 1) return c * value + s * all[k + 1];
      return k % columns === filled ? c * value - s * all[k - 1] : value;
    });
    return { energies, coefficients: { ...coefficients, data } };
  };
  const angle = Math.PI / 6;
  return densitiesOf([turned(up, electrons.up, angle), turned(down, electrons.down, method === "uhf" ? -angle : angle)], electrons);
}

/** Electrons of a free atom in a function of the basis, spread over 2p evenly. */
function occupation(protons: number, label: string): number {
  if (label === "1s") return Math.min(2, protons);
  if (label === "2s") return Math.min(2, Math.max(0, protons - 2));
  return Math.max(0, protons - 4) / 3;
}
