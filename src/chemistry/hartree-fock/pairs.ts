/** Products of the functions of two shells, from which all integrals are made. */
import type { Shell } from "./basis.ts";
import { expansions, hermiteCount, hermites } from "./hermite.ts";

/** A product of two primitives: Gaussians about P of exponent p. */
export interface PrimitivePair {
  readonly p: number;
  readonly centre: readonly [number, number, number];
  /** E_tuv of each product of functions, contraction coefficients in it: [products, Hermites]. */
  readonly expansion: Float64Array;
  /** Its largest entry times p^(-5/4): two of them bound an integral from above, but for small factors. */
  readonly size: number;
}

export interface ShellPair {
  readonly a: Shell;
  readonly b: Shell;
  /** Of the products. */
  readonly degree: number;
  readonly primitives: readonly PrimitivePair[];
  /** -½ ∫ χ_a ∇² χ_b, of each product of functions. */
  readonly kinetic: Float64Array;
}

/** Products that are nowhere larger than this are left out. */
const negligible = 1e-18;

/** Pairs of shells, a from the same place or later. */
export const pairsOf = (shells: readonly Shell[]): readonly ShellPair[] =>
  shells.flatMap((a, i) => shells.slice(0, i + 1).map((b) => pairOf(a, b)));

function pairOf(a: Shell, b: Shell): ShellPair {
  const degree = a.degree + b.degree;
  const kinetic = new Float64Array(a.functions.length * b.functions.length);
  const primitives = a.exponents.flatMap((alpha, k) =>
    b.exponents.map((beta, l) => primitivePair({ a, b, degree, k, l, alpha, beta }, kinetic)),
  );
  return { a, b, degree, primitives: primitives.filter(({ size }) => size > negligible), kinetic };
}

interface Product {
  readonly a: Shell;
  readonly b: Shell;
  readonly degree: number;
  /** Numbers of the primitives, and their exponents. */
  readonly k: number;
  readonly l: number;
  readonly alpha: number;
  readonly beta: number;
}

function primitivePair({ a, b, degree, k, l, alpha, beta }: Product, kinetic: Float64Array): PrimitivePair {
  const p = alpha + beta;
  const [A, B] = [a.centre, b.centre];
  // two powers more of b: they are in its second derivative
  const tables = [0, 1, 2].map((d) => expansions([a.degree, b.degree + 2], alpha, beta, A[d], B[d]));
  const count = hermiteCount(degree);
  const expansion = new Float64Array(kinetic.length * count);
  const volume = (Math.PI / p) ** 1.5;
  let row = 0;
  for (const f of a.functions)
    for (const g of b.functions) {
      const c = f.coefficients[k] * g.coefficients[l];
      const e = tables.map((table, d) => table[f.powers[d]][g.powers[d]]);
      for (let h = 0; h < count; h++) {
        const [t, u, v] = hermites[h];
        expansion[row * count + h] = c * (e[0][t] ?? 0) * (e[1][u] ?? 0) * (e[2][v] ?? 0);
      }
      const s = e.map(([zeroth]) => zeroth);
      const [x, y, z] = tables.map((table, d) => secondDerivative(table[f.powers[d]], g.powers[d], beta));
      kinetic[row] -= 0.5 * c * volume * (x * s[1] * s[2] + s[0] * y * s[2] + s[0] * s[1] * z);
      row++;
    }
  const largest = expansion.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const centre = [0, 1, 2].map((d) => (alpha * A[d] + beta * B[d]) / p);
  return { p, centre: [centre[0], centre[1], centre[2]], expansion, size: largest * p ** -1.25 };
}

/** ∂² (x^j e^(-βx²)) = (j(j-1) x^{j-2} - 2β(2j+1) x^j + 4β² x^{j+2}) e^(-βx²), against a Gaussian, but for √(π/p). */
const secondDerivative = (e: readonly (readonly number[])[], j: number, beta: number): number =>
  (j > 1 ? j * (j - 1) * e[j - 2][0] : 0) - 2 * beta * (2 * j + 1) * e[j][0] + 4 * beta * beta * e[j + 2][0];
