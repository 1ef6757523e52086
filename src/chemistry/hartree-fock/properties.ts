/** What a field says of a molecule besides its energy. */
import type { Nucleus } from "../systems/system.ts";
import { functionsOf } from "./basis.ts";
import type { HartreeFock } from "./hartree-fock.ts";
import { combine, inner, product } from "./matrix.ts";

/** μ = Σ_I Z_I R_I - ∫ r ρ, in e a0, about the centre of nuclear charge: it depends on the origin in ions only. */
export function dipole({ densities, integrals }: HartreeFock, nuclei: readonly Nucleus[]): [number, number, number] {
  const density = combine(1, densities.up, 1, densities.down);
  const electrons = inner(density, integrals.overlap);
  const protons = nuclei.reduce((sum, { charge }) => sum + charge, 0);
  const along = (axis: 0 | 1 | 2): number => {
    const centre = nuclei.reduce((sum, { charge, position }) => sum + charge * position[axis], 0) / protons;
    return electrons * centre - inner(density, integrals.position[axis]);
  };
  return [along(0), along(1), along(2)];
}

/** Z_A less the electrons of its functions, half of what two atoms share counted to each: Z_A - Σ_{i on A} (D S)_ii. */
export function mullikenCharges({ densities, integrals, shells }: HartreeFock, nuclei: readonly Nucleus[]): number[] {
  const { data, columns } = product(combine(1, densities.up, 1, densities.down), integrals.overlap);
  const functions = functionsOf(shells);
  return nuclei.map(({ charge }, atom) =>
    functions.reduce((left, f, i) => (f.atom === atom ? left - data[i * columns + i] : left), charge),
  );
}

/** <S²> = S_z (S_z + 1) + n↓ - tr D↑ S D↓ S: S (S + 1) for a pure state of that spin. */
export function spinSquared({ densities: { up, down }, integrals: { overlap } }: HartreeFock): number {
  const [n, m] = [inner(up, overlap), inner(down, overlap)];
  const z = (n - m) / 2;
  return z * (z + 1) + m - inner(product(up, overlap), product(overlap, down));
}
