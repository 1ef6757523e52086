/** Orbitals of atoms by Slater's rules. */
import { describe, expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { slaterExponent, slaterOrbitals } from "../../src/chemistry/ansatz/slater-orbitals.ts";
import { knownOrbitals } from "../../src/chemistry/learning/known.ts";
import { targetMatrix } from "../../src/chemistry/learning/pretrain.ts";
import { jit, laplacian, type Tensor } from "../../src/tensor/index.ts";
import { molecule, somewhere } from "./cases.ts";
import { halfLine } from "./quadrature.ts";

test.each([
  // Z - s, for which Slater's paper has examples: C, Na, Cl and others by the same table
  [1, 1, 1],
  [2, 1, 1.7],
  [3, 2, 1.3],
  [6, 2, 3.25],
  [10, 2, 5.85],
  [11, 1, 10.7],
  [11, 2, 6.85],
  [11, 3, 2.2],
  [17, 3, 6.1],
  [18, 3, 6.75],
])("Z = %i, n = %i: the charge that is seen is %d", (charge, n, seen) => {
  expect(n * slaterExponent(charge, n)).toBeCloseTo(seen, 12);
});

describe("of argon", () => {
  const argon = molecule("Ar");
  const orbitals = slaterOrbitals(argon, true);
  const values = jit((x: Tensor) => (orbitals ? orbitals("up", x) : x));
  // 1s 2s 2pz 2px 2py 3s 3pz 3px 3py
  const axes = [undefined, undefined, 2, 0, 1, undefined, 2, 0, 1];

  test("each is normalised, and p of one shell are orthogonal by their signs", async () => {
    const { nodes, weights } = halfLine(400);
    const r = nodes.map((v) => v / 4);
    /** φ along an axis. */
    const along = async (axis: number, sign: number) =>
      toNumbers(
        await values(
          ndarray(Float64Array.from([0, 1, 2].flatMap((c) => r.map((v) => (c === axis ? sign * v : 0)))), [3, 1, r.length], "f64"),
        ),
      );
    const [forward, back] = await Promise.all([1, -1].map((sign) => Promise.all([0, 1, 2].map((axis) => along(axis, sign)))));
    axes.forEach((axis, k) => {
      const own = forward[axis ?? 0].slice(k * r.length, (k + 1) * r.length);
      // the square of √3 x/r is 3 along the axis and 1 in the mean over directions
      const norm = own.reduce(
        (sum, phi, i) => sum + ((weights[i] / 4) * r[i] ** 2 * 4 * Math.PI * phi * phi) / (axis === undefined ? 1 : 3),
        0,
      );
      expect(norm).toBeCloseTo(1, 8);
      const other = back[axis ?? 0].slice(k * r.length, (k + 1) * r.length);
      other.forEach((phi, i) => expect(phi).toBeCloseTo(axis === undefined ? own[i] : -own[i], 12));
      if (axis !== undefined) expect(forward[(axis + 1) % 3].slice(k * r.length, (k + 1) * r.length).every((phi) => phi === 0)).toBe(true);
    });
  });

  test("-½ Δφ = -½ (ζ² - 2 n ζ / r + (n (n - 1) - l (l + 1)) / r²) φ", async () => {
    const x = randomStream(3).normal([40, 3], "f64");
    const laplacians = await jit((at: Tensor) => {
      const one = (k: number) => (y: Tensor) =>
        orbitals
          ? orbitals("up", y.transpose().expandDims(1))
              .slice([k, k + 1])
              .reshape([y.shape[0]])
          : y;
      return axes.map((_, k) => laplacian(one(k))(at).laplacian);
    })(x);
    const phi = toNumbers(
      await values(
        ndarray(Float64Array.from([0, 1, 2].flatMap((c) => Array.from({ length: 40 }, (_, b) => x.data[3 * b + c]))), [3, 1, 40], "f64"),
      ),
    );
    axes.forEach((axis, k) => {
      const n = k === 0 ? 1 : k < 5 ? 2 : 3;
      const zeta = slaterExponent(18, n);
      const own = toNumbers(laplacians[k]);
      for (let b = 0; b < 40; b++) {
        const r = Math.hypot(x.data[3 * b], x.data[3 * b + 1], x.data[3 * b + 2]);
        const l = axis === undefined ? 0 : 1;
        const factor = zeta ** 2 - (2 * n * zeta) / r + (n * (n - 1) - l * (l + 1)) / r ** 2;
        expect(own[b]).toBeCloseTo(factor * phi[k * 40 + b], 9);
      }
    });
  });
});

test.each([
  ["Na", 1],
  ["Ar", 1],
  ["Na 0 0 0; Cl 0 0 4.46", 2],
  ["S 0 0 0; H 1.8 0 1.7; H -1.8 0 1.7", 2],
])("%s has as many orbitals as electrons of each spin, and a determinant that is not 0, in %i ways", async (text, ways) => {
  const system = molecule(text);
  const known = await knownOrbitals(system);
  expect(known?.orbitals.length).toBe(ways);
  for (const orbitals of known?.orbitals ?? []) {
    const x = somewhere(system, 3);
    const matrix = await jit((at: Tensor) => targetMatrix(system, orbitals, at))(x);
    const n = system.up + system.down;
    expect(matrix.shape).toEqual([n, n, 3]);
    expect(toNumbers(matrix).every(Number.isFinite)).toBe(true);
    expect(rank(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(matrix.data[(i * n + j) * 3]))))).toBe(n);
  }
});

/** Rows that elimination leaves, each scaled by its largest entry first. */
function rank(rows: number[][]): number {
  let found = 0;
  const left = rows.map((row) => row.map((v) => v / Math.max(...row.map(Math.abs))));
  for (let column = 0; column < rows.length; column++) {
    const rest = left.slice(found);
    const pivot = rest.reduce((best, row) => (Math.abs(row[column]) > Math.abs(best[column]) ? row : best));
    if (Math.abs(pivot[column]) < 1e-12) continue;
    left.splice(left.indexOf(pivot), 1);
    left.splice(found, 0, pivot);
    found++;
    for (let i = found; i < left.length; i++) left[i] = left[i].map((v, j) => v - (left[i][column] / pivot[column]) * pivot[j]);
  }
  return found;
}

test("beyond argon, and for more electrons than shells hold, there are none", async () => {
  expect(await knownOrbitals(molecule("K"))).toBeUndefined();
  expect(slaterOrbitals({ ...molecule("Ar"), up: 10, down: 8 }, true)).toBeUndefined();
});
