import { expect, test } from "vitest";
import { randomStream, symmetricEigen } from "../../src/array/index.ts";
import fc from "../property.ts";

/** A symmetric matrix from its lower triangle. */
const symmetric = (n: number, entry: (i: number, j: number) => number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    return entry(Math.max(i, j), Math.min(i, j));
  });

/** Largest entry of A V - V diag(λ), and of Vᵀ V - 1. */
function defects(a: Float64Array, n: number): number {
  const { values, vectors } = symmetricEigen(a, n);
  let worst = 0;
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      let [image, inner] = [0, 0];
      for (let j = 0; j < n; j++) {
        image += a[i * n + j] * vectors[j * n + k];
        inner += vectors[j * n + i] * vectors[j * n + k];
      }
      worst = Math.max(worst, Math.abs(image - vectors[i * n + k] * values[k]), Math.abs(inner - Number(i === k)));
    }
  return worst;
}

test("A V = V diag(λ) with orthonormal V, eigenvalues rising", () => {
  const entry = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(entry, { minLength: 36, maxLength: 36 }), (n, values) => {
      const a = symmetric(n, (i, j) => values[6 * i + j]);
      expect(defects(a, n)).toBeLessThan(1e-12);
      const { values: eigen } = symmetricEigen(a, n);
      expect([...eigen]).toEqual([...eigen].toSorted((x, y) => x - y));
    }),
  );
});

test("eigenvalues of the second difference are 2 - 2 cos(kπ / (n + 1)); a larger random matrix is as exact", () => {
  const n = 40;
  const { values } = symmetricEigen(
    symmetric(n, (i, j) => (i === j ? 2 : i === j + 1 ? -1 : 0)),
    n,
  );
  values.forEach((value, k) => void expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 12));
  const random = randomStream(1).normal([n, n], "f64").data;
  expect(
    defects(
      symmetric(n, (i, j) => random[i * n + j]),
      n,
    ),
  ).toBeLessThan(1e-12 * n);
});
