/** Full configuration interaction for two electrons: exact in the basis, a check on Hartree-Fock. */
import { symmetricEigen } from "../../array/index.ts";
import type { HartreeFock } from "./hartree-fock.ts";
import { combine, type Matrix, product, transposed, zeros } from "./matrix.ts";
import { pairPlace } from "./repulsion.ts";

/**
 * Lowest eigenvalue of H in products of orbitals φ_i(1) φ_j(2):
 *
 *   <ij|H|kl> = h_ik δ_jl + δ_ik h_jl + (ik|jl),
 *
 * symmetric in the electrons for a singlet, antisymmetric for a triplet; nuclear repulsion added.
 */
export function twoElectronEnergy({ integrals, up }: HartreeFock, state: "singlet" | "triplet"): number {
  const c = up.coefficients;
  const h = product(transposed(c), combine(1, integrals.kinetic, 1, integrals.attraction), c);
  const n = c.columns;
  const repulsion = transformed(integrals.repulsion.values, c);
  const element = (i: number, j: number, k: number, l: number): number =>
    (j === l ? h.data[i * n + k] : 0) + (i === k ? h.data[j * n + l] : 0) + repulsion.data[(i * n + k) * n * n + j * n + l];
  const sign = state === "singlet" ? 1 : -1;
  const pairs = Array.from({ length: n * n }, (_, k): [number, number] => [Math.floor(k / n), k % n]).filter(([i, j]) =>
    state === "singlet" ? j <= i : j < i,
  );
  const matrix = zeros(pairs.length, pairs.length);
  const norm = ([i, j]: readonly [number, number]): number => (i === j ? 2 : Math.SQRT2);
  pairs.forEach(([i, j], row) => {
    pairs.forEach(([k, l], column) => {
      const both = element(i, j, k, l) + sign * element(i, j, l, k) + sign * element(j, i, k, l) + element(j, i, l, k);
      matrix.data[row * pairs.length + column] = both / (norm([i, j]) * norm([k, l]));
    });
  });
  return symmetricEigen(matrix.data, matrix.rows).values[0] + integrals.nuclear;
}

/** (ik|jl) over orbitals, [i n + k, j n + l]: Tᵀ (·|·) T with T_(ab),(ik) = c_ai c_bk. */
function transformed(values: Matrix, c: Matrix): Matrix {
  const { rows: functions, columns: n } = c;
  const t = zeros(values.rows, n * n);
  for (let a = 0; a < functions; a++)
    for (let b = 0; b < functions; b++)
      for (let i = 0; i < n; i++)
        for (let k = 0; k < n; k++) t.data[pairPlace(a, b) * n * n + i * n + k] += c.data[a * n + i] * c.data[b * n + k];
  return product(transposed(t), values, t);
}
