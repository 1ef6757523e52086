/** Energies of one particle on a line to nine digits, from grids that are refined. */
import { type Box, hamiltonian, makeGrid, type Potential } from "./potential.ts";
import { lowestEnergies } from "./tridiagonal.ts";

/**
 * The lowest energies in hartree. Second differences err by c₁ h² + c₂ h⁴ + …: three grids of steps h, h/2, h/4 take away the first two
 * (Richardson).
 */
export async function lineEnergies(potential: Potential, box: Box, count: number): Promise<number[]> {
  const grids = await Promise.all([511, 1023, 2047].map((points) => makeGrid(potential, box, points)));
  const [coarse, middle, fine] = grids.map((grid) => lowestEnergies(hamiltonian(grid), count));
  const better = (rough: readonly number[], exact: readonly number[], order: number): number[] =>
    exact.map((e, n) => e + (e - rough[n]) / (2 ** order - 1));
  return better(better(coarse, middle, 2), better(middle, fine, 2), 4);
}
