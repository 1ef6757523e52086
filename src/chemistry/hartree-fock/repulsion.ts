/** Repulsion of two electrons: (ij|kl) = ∫∫ χ_i χ_j(1) χ_k χ_l(2) / r₁₂. */
import { coulombHermites, hermiteCount, hermites, signs, sums } from "./hermite.ts";
import { type Matrix, zeros } from "./matrix.ts";
import type { ShellPair } from "./pairs.ts";

/** Integrals by pairs of functions, in which they are symmetric: [pairs, pairs], pair (i, j ≤ i) at i (i + 1) / 2 + j. */
export interface Repulsion {
  readonly functions: number;
  readonly values: Matrix;
}

export const pairPlace = (i: number, j: number): number => (i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i);

/** Products of primitives whose integrals are below this are left out; coefficients are in it. */
const negligible = 1e-17;

export function repulsionOf(functions: number, pairs: readonly ShellPair[]): Repulsion {
  const side = (functions * (functions + 1)) / 2;
  const values = zeros(side, side);
  pairs.forEach((ab, i) => {
    for (const cd of pairs.slice(0, i + 1)) spread(block(ab, cd), ab, cd, values);
  });
  return { functions, values };
}

/**
 * Integrals of four shells, [products of ab, products of cd]:
 *
 *   (ab|cd) = Σ_PQ 2π^(5/2) / (p q √(p+q)) Σ_tuv E^ab_tuv Σ_τνφ (-1)^(τ+ν+φ) E^cd_τνφ R_{t+τ,u+ν,v+φ}(pq/(p+q), P - Q)
 *
 * The inner sum, over Q too, is made once for each P.
 */
function block(ab: ShellPair, cd: ShellPair): Float64Array {
  const [m, n] = [hermiteCount(ab.degree), hermiteCount(cd.degree)];
  const [rows, columns] = [ab.kinetic.length, cd.kinetic.length];
  const out = new Float64Array(rows * columns);
  const field = new Float64Array(m * columns);
  const r = new Float64Array(hermites.length);
  for (const { p, centre: P, expansion: E, size } of ab.primitives) {
    field.fill(0);
    for (const { p: q, centre: Q, expansion: F, size: other } of cd.primitives) {
      if (size * other < negligible) continue;
      coulombHermites(ab.degree + cd.degree, (p * q) / (p + q), P[0] - Q[0], P[1] - Q[1], P[2] - Q[2], r);
      const scale = (2 * Math.PI ** 2.5) / (p * q * Math.sqrt(p + q));
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          const value = scale * signs[j] * r[sums[i * 10 + j]];
          for (let k = 0; k < columns; k++) field[i * columns + k] += value * F[k * n + j];
        }
    }
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < m; i++) {
        const e = E[row * m + i];
        if (e !== 0) for (let k = 0; k < columns; k++) out[row * columns + k] += e * field[i * columns + k];
      }
  }
  return out;
}

/** Writes a block to both of its places. */
function spread(values: Float64Array, ab: ShellPair, cd: ShellPair, { columns: side, data }: Matrix): void {
  const places = ({ a, b }: ShellPair): number[] =>
    a.functions.flatMap((_, i) => b.functions.map((_, j) => pairPlace(a.first + i, b.first + j)));
  const [left, right] = [places(ab), places(cd)];
  left.forEach((i, row) => {
    right.forEach((j, column) => {
      data[i * side + j] = values[row * right.length + column];
      data[j * side + i] = values[row * right.length + column];
    });
  });
}

/** J_ij = Σ_kl D_kl (ij|kl): the potential of a density D. */
export function coulomb({ functions: n, values }: Repulsion, density: Matrix): Matrix {
  const out = zeros(n, n);
  const weights = new Float64Array(values.rows);
  for (let k = 0; k < n; k++) for (let l = 0; l < n; l++) weights[pairPlace(k, l)] += density.data[k * n + l];
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const row = pairPlace(i, j) * values.rows;
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += values.data[row + k] * weights[k];
      out.data[i * n + j] = sum;
      out.data[j * n + i] = sum;
    }
  return out;
}

/** K_ij = Σ_kl D_kl (ik|jl): exchange with a density D. */
export function exchange({ functions: n, values }: Repulsion, density: Matrix): Matrix {
  const out = zeros(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) {
        const row = pairPlace(i, k) * values.rows;
        for (let l = 0; l < n; l++) sum += density.data[k * n + l] * values.data[row + pairPlace(j, l)];
      }
      out.data[i * n + j] = sum;
      out.data[j * n + i] = sum;
    }
  return out;
}
