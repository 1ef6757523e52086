/** Molecular orbitals as tensor programs. */
import { array } from "../../array/index.ts";
import { constant, exp, matmul, type Tensor } from "../../tensor/index.ts";
import { functionsOf, type Shell } from "./basis.ts";
import type { Matrix } from "./matrix.ts";

/**
 * φ_o(x) = Σ_f C_fo (x - R)^(l,m,n) Σ_k c_fk e^(-α_k |x - R|²), R the centre of f.
 *
 * Exponentials and products with constant matrices only, walkers last: derivatives of any order are as plain.
 *
 * @param shells  of the basis
 * @param coefficients  C, [functions, orbitals], such as the first columns of `HartreeFock.up.coefficients`
 * @returns  x [3, electrons, walkers], in bohr -> [orbitals, electrons, walkers], in bohr^(-3/2), in the dtype of x
 */
export function molecularOrbitals(shells: readonly Shell[], coefficients: Matrix): (x: Tensor) => Tensor {
  const functions = functionsOf(shells);
  const primitives = shells.flatMap((shell, s) => shell.exponents.map((alpha, k) => ({ s, alpha, k })));
  const shellOf = shells.flatMap((shell, s) => shell.functions.map(() => s));
  /** A constant matrix by its entries. */
  const table = (x: Tensor, rows: number, columns: number, entry: (i: number, j: number) => number): Tensor => {
    const values = Array.from({ length: rows * columns }, (_, k) => entry(Math.floor(k / columns), k % columns));
    return constant(array(values, x.dtype, [rows, columns]));
  };
  const axes = 3 * shells.length;
  return (x) => {
    const [, electrons, walkers] = x.shape;
    const points = x.reshape([3, electrons * walkers]);
    const centres = table(x, axes, 1, (i) => shells[Math.floor(i / 3)].centre[i % 3]);
    // x - R of every shell, [3 shells, points]
    const away = matmul(
      table(x, axes, 3, (i, d) => Number(i % 3 === d)),
      points,
    ).sub(centres);
    const exponents = table(x, primitives.length, axes, (p, i) => (Math.floor(i / 3) === primitives[p].s ? -primitives[p].alpha : 0));
    const gaussians = exp(matmul(exponents, away.square()));
    const contraction = table(x, functions.length, primitives.length, (f, p) =>
      shellOf[f] === primitives[p].s ? functions[f].coefficients[primitives[p].k] : 0,
    );
    // 1 for s, a coordinate of x - R for p
    const angular = matmul(
      table(x, functions.length, axes, (f, i) => (Math.floor(i / 3) === shellOf[f] ? functions[f].powers[i % 3] : 0)),
      away,
    ).add(table(x, functions.length, 1, (f) => Number(functions[f].powers.every((power) => power === 0))));
    const mix = table(x, coefficients.columns, functions.length, (o, f) => coefficients.data[f * coefficients.columns + o]);
    return matmul(mix, matmul(contraction, gaussians).mul(angular)).reshape([coefficients.columns, electrons, walkers]);
  };
}
