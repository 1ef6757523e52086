/** Sums of determinants against elimination in doubles, and where single determinants vanish. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { blockDiagonal, sumOfDeterminants, sumOfProducts } from "../../src/chemistry/ansatz/determinants.ts";
import { grad, hessian, jacobian, jit, jvp, type Tensor } from "../../src/tensor/index.ts";

/** By elimination with row pivoting. */
function plainDeterminant(rows: readonly (readonly number[])[]): number {
  const a = rows.map((row) => [...row]);
  let det = 1;
  for (let k = 0; k < a.length; k++) {
    const pivot = a.reduce((best, row, i) => (i >= k && Math.abs(row[k]) > Math.abs(a[best][k]) ? i : best), k);
    if (pivot !== k) {
      [a[k], a[pivot]] = [a[pivot], a[k]];
      det = -det;
    }
    det *= a[k][k];
    if (a[k][k] === 0) return 0;
    for (let i = k + 1; i < a.length; i++) {
      const factor = a[i][k] / a[k][k];
      for (let j = k; j < a.length; j++) a[i][j] -= factor * a[k][j];
    }
  }
  return det;
}

/** Matrix of determinant k of walker b. */
const matrixOf = ({ data, shape: [, n, m, walkers] }: NdArray, k: number, b: number): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: m }, (_, j) => Number(data[((k * n + i) * m + j) * walkers + b])));

const wide = (x: NdArray): NdArray<"f64"> => ndarray(Float64Array.from(toNumbers(x)), x.shape, "f64");

describe.each([1, 2, 3, 4, 5, 6, 7, 10])("of order %i", (n) => {
  const [k, walkers] = [3, 20];
  // rows of electrons differ by many orders of magnitude, as envelopes make them
  const base = randomStream(n).normal([k, n, n, walkers], "f64");
  const scales = randomStream(n).fold("scale").normal([n, walkers], "f64");
  const phi = ndarray(
    base.data.map((v, at) => v * Math.exp(5 * scales.data[at % (n * walkers)])),
    base.shape,
    "f64",
  );
  const exact = (x: NdArray, b: number) => Array.from({ length: k }, (_, d) => plainDeterminant(matrixOf(x, d, b)));

  test("values and signs in doubles", async () => {
    const { logAbs, sign } = await jit(sumOfDeterminants)(phi);
    for (let b = 0; b < walkers; b++) {
      const dets = exact(phi, b);
      const total = dets.reduce((s, v) => s + v, 0);
      // the sum may cancel: relative to its largest term
      const size = Math.max(...dets.map(Math.abs));
      const found = toNumbers(sign)[b] * Math.exp(toNumbers(logAbs)[b]);
      expect(Math.abs(found - total)).toBeLessThan(1e-12 * size);
    }
  });

  test("in single precision relative to the largest product", async () => {
    const narrow = ndarray(Float32Array.from(phi.data), phi.shape, "f32");
    const { logAbs, sign } = await jit(sumOfDeterminants)(narrow);
    expect(logAbs.dtype).toBe("f32");
    for (let b = 0; b < walkers; b++) {
      const total = exact(wide(narrow), b).reduce((s, v) => s + v, 0);
      // Hadamard's bound is the scale of the products of which a determinant is the sum; logs are rounded to 6e-8 of their size
      const bound = Array.from({ length: k }, (_, d) => {
        const m = matrixOf(narrow, d, b);
        return m[0].reduce((product, _, j) => product * Math.hypot(...m.map((row) => row[j])), 1);
      }).reduce((s, v) => s + v, 0);
      const found = toNumbers(sign)[b] * Math.exp(toNumbers(logAbs)[b]);
      expect(Math.abs(found - total) / bound).toBeLessThan(1e-5);
    }
  });

  test("first derivatives are cofactors over the sum", async () => {
    const slope = await jit((x: Tensor) => grad((y: Tensor) => sumOfDeterminants(y).logAbs.sum())(x))(phi);
    const b = 4;
    const total = exact(phi, b).reduce((s, v) => s + v, 0);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const minor = matrixOf(phi, 1, b)
          .toSpliced(i, 1)
          .map((row) => row.toSpliced(j, 1));
        const expected = ((i + j) % 2 ? -1 : 1) * (plainDeterminant(minor) / total);
        const found = Number(slope.data[((n + i) * n + j) * walkers + b]);
        expect(Math.abs(found - expected)).toBeLessThan(1e-9 * Math.max(1e-3, Math.abs(expected)));
      }
  });
});

test("a single determinant that is exactly zero is harmless beside others: all derivatives to third order", async () => {
  // 1×1 determinants a and b: ℓ = log |a + b|, at a = 0, b = 2
  const one = (v: Tensor): Tensor => sumOfDeterminants(v.reshape([2, 1, 1, 1])).logAbs.sum();
  const at = ndarray(Float64Array.of(0, 2), [2], "f64");
  const found = await jit((v: Tensor) => ({ g: grad(one)(v), h: hessian(one)(v), t: jacobian(hessian(one))(v) }))(at);
  expect(toNumbers(found.g)).toEqual([0.5, 0.5]);
  for (const value of toNumbers(found.h)) expect(value).toBeCloseTo(-0.25, 12);
  for (const value of toNumbers(found.t)) expect(value).toBeCloseTo(0.25, 12);
});

test.each([2, 3, 4, 6])("of order %i, a determinant of rank n - 1 or 0 beside a regular one: third derivatives along a line", async (n) => {
  const noise = randomStream(11).normal([2, n, n, 1], "f64");
  const v = randomStream(12).normal([2, n, n, 1], "f64");
  for (const rank of ["n - 1", "0"]) {
    const phi = noise.data.map((value, at) => {
      const [i, rest] = [Math.floor(at / n) % n, at % n];
      if (at >= n * n) return value;
      return rank === "0" ? 0 : i === n - 1 ? noise.data[rest] : value;
    });
    const x = ndarray(phi, noise.shape, "f64");
    const log = (y: Tensor): Tensor => sumOfDeterminants(y).logAbs.sum();
    const first = (y: Tensor, d: Tensor): Tensor => jvp(log, [y], [d])[1];
    const second = (y: Tensor, d: Tensor): Tensor => jvp((z: Tensor) => first(z, d), [y], [d])[1];
    const third = (y: Tensor, d: Tensor): Tensor => jvp((z: Tensor) => second(z, d), [y], [d])[1];
    const found = await jit((y: Tensor, d: Tensor) => [first(y, d), second(y, d), third(y, d)])(x, v);
    // Σ det along the line is a polynomial of degree n: by its values at n + 1 points
    const size = 0.5;
    const nodes = Array.from({ length: n + 1 }, (_, k) => size * Math.cos((Math.PI * (k + 0.5)) / (n + 1)));
    const values = nodes.map((t) => {
      const y = ndarray(
        phi.map((p, k) => p + t * v.data[k]),
        noise.shape,
        "f64",
      );
      return plainDeterminant(matrixOf(y, 0, 0)) + plainDeterminant(matrixOf(y, 1, 0));
    });
    const vandermonde = nodes.map((t) => nodes.map((_, k) => t ** k));
    const whole = plainDeterminant(vandermonde);
    const c = nodes.map((_, k) => plainDeterminant(vandermonde.map((row, r) => row.with(k, values[r]))) / whole);
    const [p0, p1, p2, p3] = [c[0], c[1], 2 * c[2], 6 * (c[3] ?? 0)];
    const expected = [p1 / p0, p2 / p0 - (p1 / p0) ** 2, p3 / p0 - (3 * p1 * p2) / p0 ** 2 + 2 * (p1 / p0) ** 3];
    found.forEach((value, order) => {
      const got = Number(value.data[0]);
      expect(Math.abs(got - expected[order]), `rank ${rank}, order ${order + 1}`).toBeLessThan(
        1e-8 * Math.max(1, Math.abs(expected[order])),
      );
    });
  }
});

test("by elimination, a singular determinant beside a regular one leaves value and sign", async () => {
  const n = 7;
  const noise = randomStream(13).normal([2, n, n, 1], "f64");
  const phi = ndarray(
    noise.data.map((value, at) => (at < n * n ? 0 : value)),
    noise.shape,
    "f64",
  );
  const { logAbs, sign } = await jit(sumOfDeterminants)(phi);
  const expected = plainDeterminant(matrixOf(phi, 1, 0));
  expect(toNumbers(sign)[0] * Math.exp(toNumbers(logAbs)[0])).toBeCloseTo(expected, 10);
});

test("by elimination, the gradient at a determinant of rank n - 1 beside a regular one is that of the cofactors", async () => {
  const n = 7;
  const noise = randomStream(14).normal([2, n, n, 1], "f64");
  // the last orbital of the first determinant is its first
  const phi = ndarray(
    noise.data.map((value, at) => (at < n * n && Math.floor(at / n) === n - 1 ? noise.data[at % n] : value)),
    noise.shape,
    "f64",
  );
  const slope = await jit((x: Tensor) => grad((y: Tensor) => sumOfDeterminants(y).logAbs.sum())(x))(phi);
  const total = plainDeterminant(matrixOf(phi, 1, 0));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const minor = matrixOf(phi, 0, 0)
        .toSpliced(i, 1)
        .map((row) => row.toSpliced(j, 1));
      const expected = ((i + j) % 2 ? -1 : 1) * (plainDeterminant(minor) / total);
      expect(Number(slope.data[i * n + j])).toBeCloseTo(expected, 10);
    }
});

test("where all vanish ψ is 0: -∞, of no sign", async () => {
  const { logAbs, sign } = await jit(sumOfDeterminants)(
    array(
      [
        [[[1]], [[2]]],
        [[[3]], [[6]]],
      ],
      "f64",
      [1, 2, 2, 1],
    ),
  );
  expect([toNumbers(logAbs)[0], toNumbers(sign)[0]]).toEqual([Number.NEGATIVE_INFINITY, 0]);
});

test("determinants of both spins apart are that of the block matrix, by minors and by elimination", async () => {
  for (const [up, down] of [
    [1, 1],
    [3, 2],
    [4, 4],
    [7, 2],
  ]) {
    const [a, b] = [up, down].map((m) => randomStream(m).normal([2, m, m, 5], "f64"));
    const both = await jit((x: Tensor, y: Tensor) => ({ apart: sumOfProducts([x, y]), whole: sumOfDeterminants(blockDiagonal([x, y])) }))(
      a,
      b,
    );
    expect(toNumbers(both.apart.sign)).toEqual(toNumbers(both.whole.sign));
    toNumbers(both.apart.logAbs).forEach((value, k) => expect(value).toBeCloseTo(toNumbers(both.whole.logAbs)[k], 9));
  }
});
