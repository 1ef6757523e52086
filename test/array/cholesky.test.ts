import { describe, expect, test } from "vitest";
import { choleskyFactor, choleskySolve, randomStream } from "../../src/array/index.ts";

/** M Mᵀ + n I of a random M, eigenvalues between n and about 5 n. */
function definite(n: number, seed: number): Float64Array {
  const m = randomStream(seed).normal([n, n], "f64").data;
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = i === j ? n : 0;
    for (let k = 0; k < n; k++) sum += m[i * n + k] * m[j * n + k];
    return sum;
  });
}

describe.each([1, 2, 3, 5, 8, 17, 64, 101])("of order %i", (n) => {
  const a = definite(n, n);
  const factor = choleskyFactor(a, n)!;

  test("L Lᵀ is the matrix", () => {
    const { lower, stride } = factor;
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k <= j; k++) sum += lower[i * stride + k] * lower[j * stride + k];
        // n terms of size up to |A|, each rounded
        expect(Math.abs(sum - a[i * n + j])).toBeLessThan(1e-15 * n * a[i * n + i] + 1e-13);
      }
  });

  test.each([1, 2, 3, 7, 32])("solutions for %i right-hand sides", (m) => {
    const x = randomStream(99).normal([n, m], "f64").data;
    const b = Float64Array.from({ length: n * m }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[Math.floor(at / m) * n + k] * x[k * m + (at % m)];
      return sum;
    });
    const found = choleskySolve(factor, b, m);
    // the condition number is below 10
    found.forEach((value, k) => expect(Math.abs(value - x[k])).toBeLessThan(1e-12));
  });

  test("a ridge is added to the diagonal; what is above it is not read", () => {
    const spoilt = a.map((value, at) => (at % n > Math.floor(at / n) ? Number.NaN : value));
    const ridged = choleskyFactor(
      a.map((value, at) => (at % (n + 1) === 0 ? value + 2.5 : value)),
      n,
    )!;
    const b = Float64Array.from({ length: n }, (_, i) => i + 1);
    expect(choleskySolve(choleskyFactor(spoilt, n, 2.5)!, b)).toEqual(choleskySolve(ridged, b));
  });

  test("what is not positive definite, or not finite, has no factor", () => {
    const last = n * n - 1;
    expect(choleskyFactor(a.with(last, -1), n)).toBeUndefined();
    expect(choleskyFactor(a.with(last, Number.NaN), n)).toBeUndefined();
    expect(choleskyFactor(a.with(last, Number.POSITIVE_INFINITY), n)).toBeUndefined();
    if (n > 1) expect(choleskyFactor(a.with(n * (n - 1), Number.NaN), n)).toBeUndefined();
    expect(choleskyFactor(new Float64Array(n * n), n)).toBeUndefined();
  });
});

test("single precision and integers are read as they are", () => {
  expect(choleskySolve(choleskyFactor(Float32Array.of(4, 0, 2, 5), 2)!, [8, 12])).toEqual(Float64Array.of(1, 2));
  expect(choleskySolve(choleskyFactor([4], 1)!, Int32Array.of(8))).toEqual(Float64Array.of(2));
});

test("factors do not share memory: one is good after another was made", () => {
  const [a, b] = [definite(5, 1), definite(40, 2)];
  const first = choleskyFactor(a, 5)!;
  const before = choleskySolve(first, [1, 2, 3, 4, 5]);
  choleskyFactor(b, 40);
  expect(choleskySolve(first, [1, 2, 3, 4, 5])).toEqual(before);
});

test("a matrix with a tiny negative eigenvalue has a factor with a ridge above it", () => {
  const a = [1, 1, 1, 1 - 1e-9];
  expect(choleskyFactor(a, 2)).toBeUndefined();
  const ridged = choleskyFactor(a, 2, 1e-6);
  // (A + ridge I) x = (2, 2): x = 2 / (2 - 1e-9 + 1e-6) but for the smaller element's 1e-9, which the small eigenvalue 1e-6 multiplies by 1e3
  const x = ridged && choleskySolve(ridged, [2, 2]);
  const back = x && [a[0] * x[0] + a[1] * x[1] + 1e-6 * x[0], a[2] * x[0] + a[3] * x[1] + 1e-6 * x[1]];
  for (const value of back ?? [Number.NaN]) expect(value).toBeCloseTo(2, 9);
});
