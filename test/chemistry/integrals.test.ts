/** Integrals against quadrature and closed forms. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { symmetricEigen } from "../../src/array/index.ts";
import { basisNames, basisOf, functionsOf } from "../../src/chemistry/hartree-fock/basis.ts";
import { boys } from "../../src/chemistry/hartree-fock/boys.ts";
import { integralsOf } from "../../src/chemistry/hartree-fock/integrals.ts";
import { product, solveLinear, transposed, zeros } from "../../src/chemistry/hartree-fock/matrix.ts";
import { pairPlace } from "../../src/chemistry/hartree-fock/repulsion.ts";
import { orthonormal } from "../../src/chemistry/hartree-fock/scf.ts";
import type { Nucleus } from "../../src/chemistry/systems/system.ts";
import fc from "../property.ts";
import { valueOf } from "./plain.ts";

const nucleus = (symbol: string, charge: number, ...position: [number, number, number]): Nucleus => ({ symbol, charge, position });

/** Tanh-sinh quadrature, whose error falls below rounding for analytic integrands. */
function integrate(f: (t: number) => number, a: number, b: number): number {
  const h = 1 / 64;
  let sum = 0;
  for (let k = -256; k <= 256; k++) {
    const s = (Math.PI / 2) * Math.sinh(k * h);
    const weight = ((Math.PI / 2) * Math.cosh(k * h)) / Math.cosh(s) ** 2;
    if (weight > 1e-300) sum += weight * f((a + b) / 2 + ((b - a) / 2) * Math.tanh(s));
  }
  return (h * sum * (b - a)) / 2;
}

test("Boys' function is its integral, to 14 digits, near and far", () => {
  const out = new Float64Array(5);
  for (const x of [0, 1e-12, 0.049, 0.05, 0.051, 0.7, 3.14, 12.3, 24.95, 35.99, 36, 36.01, 60, 400]) {
    boys(4, x, out);
    for (let m = 0; m <= 4; m++) {
      // beyond 6/√x nothing is left of the integrand
      const exact = integrate((t) => t ** (2 * m) * Math.exp(-x * t * t), 0, Math.min(1, 6.5 / Math.sqrt(x)));
      expect(Math.abs(out[m] / exact - 1), `F_${m}(${x})`).toBeLessThan(3e-14);
    }
  }
});

test("lower orders of Boys' function do not depend on the highest that is asked for", () => {
  const [some, all] = [new Float64Array(3), new Float64Array(5)];
  fc.assert(
    fc.property(fc.double({ min: 0, max: 100, noNaN: true }), (x) => {
      boys(2, x, some);
      boys(4, x, all);
      for (let m = 0; m < 3; m++) expect(Math.abs(some[m] / all[m] - 1)).toBeLessThan(2e-14);
    }),
  );
});

const nuclei = [nucleus("C", 6, 0.1, -0.2, 0.3), nucleus("H", 1, 1.1, 0.7, -0.4)];
const shells = basisOf(nuclei, "sto-3g");
const functions = functionsOf(shells);
const integrals = integralsOf(shells, nuclei);

/** ∫ f over space by the trapezoidal rule, which converges exponentially for smooth functions that fall off. */
function overSpace(f: (x: number, y: number, z: number) => readonly number[], h: number, reach: number): number[] {
  const sums: number[] = [];
  for (let x = -reach; x <= reach; x += h)
    for (let y = -reach; y <= reach; y += h)
      for (let z = -reach; z <= reach; z += h) f(x, y, z).forEach((value, k) => void (sums[k] = (sums[k] ?? 0) + value * h ** 3));
  return sums;
}

test("overlap, kinetic energy and moments of valence functions agree with a grid", () => {
  const n = functions.length;
  const place = (label: string, atom: number): number => functions.findIndex((f) => f.label === label && f.atom === atom);
  const h = 1e-3;
  const steps = [
    [h, 0, 0],
    [0, h, 0],
    [0, 0, h],
  ];
  for (const [a, b] of [
    [place("2p x", 0), place("2p x", 0)],
    [place("2p z", 0), place("1s", 1)],
  ]) {
    const [f, g] = [valueOf(shells, a), valueOf(shells, b)];
    const slope = (of: typeof f, [x, y, z]: number[], [i, j, k]: number[]): number =>
      (of(x + i, y + j, z + k) - of(x - i, y - j, z - k)) / (2 * h);
    const found = overSpace(
      (...r) => {
        const density = f(...r) * g(...r);
        const dot = steps.reduce((sum, step) => sum + slope(f, r, step) * slope(g, r, step), 0);
        return [density, dot / 2, r[0] * density, r[2] * density];
      },
      0.3,
      6,
    );
    const expected = [integrals.overlap, integrals.kinetic, integrals.position[0], integrals.position[2]];
    // exponents up to 6: a step of 0.3 leaves e^(-π²/(12 · 0.09)) = 1e-4 of the steepest terms
    found.forEach((value, k) => void expect(Math.abs(value - expected[k].data[a * n + b])).toBeLessThan(5e-4));
  }
});

test("potential and repulsion of s and p agree with 1/r as an integral over Gaussians", () => {
  // 1/r = 2/√π ∫₀^∞ e^(-u² r²) du, u = t / (1 - t): each integrand is a product of one-dimensional Gaussian integrals
  const [c, h] = [functions.findIndex((f) => f.label === "2p z"), functions.findIndex((f) => f.atom === 1)];
  const [pz, s] = [functions[c], functions[h]];
  const [pShell, sShell] = [shells[1], shells[2]];
  /** ∫ (x - A)^l e^(-a (x-A)²) e^(-b (x-B)²) e^(-w (x-R)²) dx for l = 0, 1. */
  const line = (l: number, a: number, A: number, b: number, B: number, w: number, R: number): number => {
    const p = a + b + w;
    const P = (a * A + b * B + w * R) / p;
    const cost = (a * b * (A - B) ** 2 + a * w * (A - R) ** 2 + b * w * (B - R) ** 2) / p;
    return Math.exp(-cost) * Math.sqrt(Math.PI / p) * (l === 1 ? P - A : 1);
  };
  let attraction = 0;
  pShell.exponents.forEach((a, i) =>
    sShell.exponents.forEach((b, j) => {
      for (const { charge, position: R } of nuclei) {
        const [A, B] = [pShell.centre, sShell.centre];
        const cube = (u: number): number => [0, 1, 2].reduce((all, d) => all * line(d === 2 ? 1 : 0, a, A[d], b, B[d], u * u, R[d]), 1);
        const value = integrate((t) => cube(t / (1 - t)) / (1 - t) ** 2, 0, 1 - 1e-9);
        attraction -= ((charge * 2) / Math.sqrt(Math.PI)) * pz.coefficients[i] * s.coefficients[j] * value;
      }
    }),
  );
  expect(integrals.attraction.data[c * functions.length + h]).toBeCloseTo(attraction, 8);
});

test("repulsion of two charge clouds far apart is Coulomb's law", () => {
  const far = [nucleus("H", 1, 0, 0, 0), nucleus("Ne", 10, 0, 0, 30)];
  const far6 = basisOf(far, "sto-6g");
  const { repulsion } = integralsOf(far6, far);
  // spheres: exactly 1/R; a p cloud along R has a quadrupole
  expect(repulsion.values.data[pairPlace(0, 0) * repulsion.values.columns + pairPlace(1, 1)]).toBeCloseTo(1 / 30, 12);
  const p = functionsOf(far6).findIndex(({ label }) => label === "2p z");
  const z2 = momentOf(far6[2].exponents, functionsOf(far6)[p].coefficients);
  // ∫ z² χ² = 3 m, ∫ x² χ² = m: quadrupole 3m - m, and <P₂ r²> = z² - (x² + y²)/2 = 2m
  const value = repulsion.values.data[pairPlace(0, 0) * repulsion.values.columns + pairPlace(p, p)];
  expect(Math.abs(value - (1 / 30 + (2 * z2) / 30 ** 3))).toBeLessThan(1e-9);
});

/** ∫ x² χ² of a p function along z. */
function momentOf(alphas: readonly number[], coefficients: readonly number[]): number {
  let sum = 0;
  alphas.forEach((a, i) =>
    alphas.forEach((b, j) => void (sum += (coefficients[i] * coefficients[j] * (Math.PI / (a + b)) ** 1.5) / (2 * (a + b)) ** 2)),
  );
  return sum;
}

test("the integrals of H2 in STO-3G are those of the textbook", () => {
  // Szabo & Ostlund, Modern Quantum Chemistry, 3.5.2: four digits
  const h2 = [nucleus("H", 1, 0, 0, 0), nucleus("H", 1, 0, 0, 1.4)];
  const { overlap, kinetic, attraction, repulsion } = integralsOf(basisOf(h2, "sto-3g"), h2);
  const two = (i: number, j: number, k: number, l: number): number => repulsion.values.data[pairPlace(i, j) * 3 + pairPlace(k, l)];
  const found = [overlap.data[1], kinetic.data[0], kinetic.data[1], attraction.data[0], attraction.data[1]];
  const expected = [0.6593, 0.76, 0.2365, -1.2266 - 0.6538, -0.5974 * 2];
  found.forEach((value, k) => void expect(Math.abs(value - expected[k])).toBeLessThan(2e-4));
  expect([two(0, 0, 0, 0), two(0, 0, 1, 1), two(1, 0, 0, 0), two(1, 0, 1, 0)].map((v) => Number(v.toFixed(4)))).toEqual([
    0.7746, 0.5697, 0.4441, 0.297,
  ]);
});

test("the repulsion is positive and obeys Schwarz' inequality", () => {
  const { values } = integrals.repulsion;
  const { values: eigen } = symmetricEigen(values.data, values.rows);
  expect(eigen[0]).toBeGreaterThan(-1e-12);
  for (let i = 0; i < values.rows; i++)
    for (let j = 0; j < i; j++)
      expect(Math.abs(values.data[i * values.rows + j])).toBeLessThanOrEqual(
        Math.sqrt(values.data[i * values.rows + i] * values.data[j * values.rows + j]) + 1e-12,
      );
});

test("basis functions are normalised, and orthonormal ones can be made of them, dependent ones left out", () => {
  for (const basis of basisNames) {
    const { overlap } = integralsOf(basisOf(nuclei, basis), nuclei);
    for (let i = 0; i < overlap.rows; i++) expect(overlap.data[i * overlap.rows + i]).toBeCloseTo(1, 13);
    const x = orthonormal(overlap);
    const one = product(transposed(x), overlap, x);
    one.data.forEach((value, k) => void expect(value).toBeCloseTo(k % (x.columns + 1) === 0 ? 1 : 0, 12));
  }
  expect(orthonormal({ rows: 2, columns: 2, data: Float64Array.of(1, 1, 1, 1) })).toMatchObject({ rows: 2, columns: 1 });
});

test("linear systems of small matrices", () => {
  const entry = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(entry, { minLength: 36, maxLength: 36 }), (n, values) => {
      const a = zeros(n, n);
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a.data[i * n + j] = values[6 * Math.max(i, j) + Math.min(i, j)];
      const smallest = Math.min(...symmetricEigen(a.data, n).values.map(Math.abs));
      const x = solveLinear(a, values.slice(0, n));
      if (x && smallest > 1e-3)
        for (let i = 0; i < n; i++) expect(Math.abs(x.reduce((sum, xj, j) => sum + a.data[i * n + j] * xj, -values[i]))).toBeLessThan(1e-9);
    }),
  );
  expect(solveLinear(zeros(2, 2), [1, 2])).toBeUndefined();
});

const tables = `${process.env.PUSHFORWARD_DATA ?? "../shared/data"}/molecules/basis.json.gz`;
describe.skipIf(!existsSync(tables))("against the tables of PySCF", () => {
  test("exponents are the same, and coefficients but for a norm", () => {
    type Rows = Record<string, Record<string, { l: number; exp: number[]; coef: number[][] }[]>>;
    const all: Rows = JSON.parse(gunzipSync(readFileSync(tables)).toString());
    const symbols = "H He Li Be B C N O F Ne".split(" ");
    for (const basis of basisNames)
      symbols.forEach((symbol, z) => {
        const ours = basisOf([nucleus(symbol, z + 1, 0, 0, 0)], basis);
        all[basis][symbol].forEach(({ l, exp, coef: [coef] }, k) => {
          const shell = ours[Math.min(k, 1)];
          expect(shell.exponents).toEqual(exp);
          const bare = coef.map((c, i) => c * ((2 * exp[i]) / Math.PI) ** 0.75 * (l === 1 ? 2 * Math.sqrt(exp[i]) : 1));
          const f = shell.functions[k === 2 ? 1 : 0];
          // one factor for all: the norm of the printed contraction, which differs from 1 by some 1e-7
          const factors = f.coefficients.map((c, i) => c / bare[i]);
          expect(Math.abs(factors[0] - 1)).toBeLessThan(1e-6);
          for (const factor of factors) expect(Math.abs(factor / factors[0] - 1)).toBeLessThan(1e-8);
        });
      });
  });
});
