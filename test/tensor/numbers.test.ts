/**
 * Values that kernels of the runtime get wrong, or that a rule must decide: NaN among others, long sums, integers that overflow, rounding,
 * singular matrices.
 */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { expectClose, f32, f64, i32, run } from "./check.ts";

const N = Number.NaN;
const I = Number.POSITIVE_INFINITY;

describe("NaN among the elements shows wherever it lies", () => {
  const lengths = [1, 2, 3, 4, 5, 8, 9, 16, 17, 33];
  for (const [dtype, make] of [
    ["f32", f32],
    ["f64", f64],
  ] as const)
    test(`in reductions, positions, orders and pools of ${dtype}`, async () => {
      for (const n of lengths) {
        // Row k has its NaN at place k; the last row has none.
        const rows = Array.from({ length: n + 1 }, (_, k) => Array.from({ length: n }, (_, i) => (i === k ? N : ((i * 7) % n) - 1)));
        const x = make(rows.flat(), [n + 1, n]);
        const r = await run(
          (m: Tensor) => ({
            extrema: [t.max(m, -1), t.min(m, -1), t.max(m.transpose(), 0), t.min(m.transpose(), 0), t.logsumexp(m, -1), t.sum(m, -1)],
            pools: [t.maxPool(m.expandDims(1), n)],
            places: [t.argmax(m, -1), t.argmin(m, -1), t.argmax(m.transpose(), 0), t.argmin(m.transpose(), 0)],
            sorted: t.sort(m),
            order: t.argsort(m),
            softmax: [t.softmax(m), t.logSoftmax(m)],
          }),
          x,
        );
        const hasNaN = rows.map((_, k) => k < n);
        for (const [i, y] of [...r.extrema, ...r.pools].entries())
          expect(toNumbers(y as NdArray).map(Number.isNaN), `reduction ${i} of ${n}`).toEqual(hasNaN);
        for (const [i, y] of r.places.entries()) {
          expect(toNumbers(y as NdArray).slice(0, n), `place ${i} of ${n}`).toEqual(rows.slice(0, n).map((_, k) => k));
          const extreme = i % 2 ? Math.min(...rows[n]) : Math.max(...rows[n]);
          expect(toNumbers(y as NdArray)[n], `place ${i} of ${n}`).toBe(rows[n].indexOf(extreme));
        }
        const byNumber = (row: number[]): number[] => [
          ...row.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b),
          ...row.filter(Number.isNaN),
        ];
        expect(toNumbers(r.sorted), `sort of ${n}`).toEqual(rows.flatMap(byNumber));
        const order = toNumbers(r.order);
        expect(
          order.map((at, j) => rows[Math.floor(j / n)][at]),
          `argsort of ${n}`,
        ).toEqual(rows.flatMap(byNumber));
        for (const y of r.softmax)
          expect(toNumbers(y as NdArray).map(Number.isNaN)).toEqual(rows.flatMap((row, k) => row.map(() => k < n)));
      }
    });

  test("topK puts NaN before ∞, and the smallest leave it out", async () => {
    const x = f32([1, I, N, -I, N, 2]);
    const r = await run((v: Tensor) => [t.topK(v, 3), t.topK(v, 4, false)], x);
    expect([toNumbers(r[0].values), toNumbers(r[0].indices)]).toEqual([
      [N, N, I],
      [2, 4, 1],
    ]);
    expect([toNumbers(r[1].values), toNumbers(r[1].indices)]).toEqual([
      [-I, 1, 2, I],
      [3, 0, 5, 1],
    ]);
  });

  test("maximum, minimum and clamp have it from either side", async () => {
    const r = await run(
      (a: Tensor, b: Tensor) => [t.maximum(a, b), t.minimum(a, b), t.clamp(a, -1, 1), t.clamp(0, a, b)],
      f32([N, 0, N]),
      f32([0, N, N]),
    );
    expect(r.map((y) => toNumbers(y as NdArray))).toEqual([
      [N, N, N],
      [N, N, N],
      [N, 0, N],
      [N, N, N],
    ]);
  });
});

describe("long sums of f32", () => {
  const tenth = Math.fround(0.1);
  /** In blocks of 512 in 8 running totals, twice or three times: some 3 · 64 roundings of 6e-8. */
  const tolerance = 1e-5;

  test("the mean of ten million tenths is a tenth", async () => {
    const x = ndarray(new Float32Array(1e7).fill(0.1), [1e7], "f32");
    const r = await run((v: Tensor) => [t.mean(v), t.sum(v)], x);
    expect(Math.abs(toNumbers(r[0])[0] / tenth - 1)).toBeLessThan(tolerance);
    expect(Math.abs(toNumbers(r[1])[0] / (1e7 * tenth) - 1)).toBeLessThan(tolerance);
  });

  test("so is the average over a window of a million", async () => {
    const x = ndarray(new Float32Array(1e6).fill(0.1), [1, 1, 1000, 1000], "f32");
    const r = await run((v: Tensor) => t.avgPool(v, 1000), x);
    expect(Math.abs(toNumbers(r)[0] / tenth - 1)).toBeLessThan(tolerance);
  });

  test("sums along any axes, dot products and running sums of 10⁵ terms agree with f64", async () => {
    // 99,991 is prime: no block divides it.
    const shapes = [[99991], [3, 99991], [99991, 3], [2, 50000, 2], [300, 2, 400], [8192, 16]];
    for (const shape of shapes) {
      const x = randomStream("sums").uniform(shape, "f32");
      const f = (v: Tensor) => {
        const flat = v.reshape([v.size]);
        const rank = v.rank;
        return [
          t.sum(v),
          ...shape.map((_, a) => t.sum(v, a)),
          ...(rank > 1 ? [t.sum(v, [0, rank - 1], true)] : []),
          t.matmul(flat, flat),
          t.sum(t.mul(v, v)),
          ...shape.flatMap((_, a) => [t.cumsum(v, a), t.cumsum(v, a, true)]),
        ];
      };
      const r = await run((v: Tensor) => [f(v), f(v.cast("f64"))], x);
      r[0].forEach((y, i) => expectClose(y as NdArray, r[1][i] as NdArray, tolerance, `sum ${i} of [${shape.join(", ")}]`));
    }
  });
});

describe("integers wrap", () => {
  test("in sums as in additions", async () => {
    const [most, least] = [2 ** 31 - 1, -(2 ** 31)];
    const x = i32([most, most, 5, least, -1, 7], [2, 3]);
    const r = await run((v: Tensor) => [t.sum(v, 1), t.sum(v, 0), t.sum(v), t.sum(v, 1, true), t.cumsum(v)], x);
    // Modulo 2³².
    expect(toNumbers(r[0])).toEqual([3, -(2 ** 31) + 6]);
    expect(toNumbers(r[1])).toEqual([-1, 2 ** 31 - 2, 12]);
    expect(toNumbers(r[2])).toEqual([-(2 ** 31) + 9]);
    expect(r[3].shape).toEqual([2, 1]);
    expect(toNumbers(r[4])).toEqual([most, -2, 3, least, most, -(2 ** 31) + 6]);
  });

  test("of 64 bits exactly, of 8 bits modulo 256", async () => {
    const long = ndarray(BigInt64Array.of(2n ** 53n + 1n, 2n ** 62n, 2n ** 62n, 1n), [4], "i64");
    const r = await run((v: Tensor) => t.sum(v), long);
    expect((r.data as BigInt64Array)[0]).toBe(2n ** 53n + 2n - 2n ** 63n);
    const bytes = ndarray(Uint8Array.of(200, 100), [2], "u8");
    expect(toNumbers(await run((v: Tensor) => t.sum(v), bytes))).toEqual([44]);
  });
});

test("integers and booleans have the statistics of their numbers", async () => {
  const f = (x: Tensor) => [t.mean(x), t.variance(x), t.cumsum(x), t.argmax(x)].map((y) => t.cast(y, "f32"));
  for (const dtype of ["i32", "u8", "bool"] as const) {
    const r = await run((x: Tensor) => f(t.cast(x, dtype)), f32([0, 1, 1, 0]));
    expect(r.map((y) => toNumbers(y as NdArray))).toEqual([[0.5], [0.25], [0, 1, 2, 2], [1]]);
  }
  await expect(run((x: Tensor) => t.less(t.cast(x, "bool"), true), f32([0, 1]))).rejects.toThrow(/less: does not take bool/);
});

test("in low precision every result is rounded, whatever the operation simplifies to", async () => {
  const x = f32([1.2345678, 2.3456789, -3.3]);
  const rounded = (v: Tensor): Tensor => v.roundTo("bf16");
  const f = t.lowPrecision("bf16", (v: Tensor) => [
    v.mul(1),
    v.add(0),
    t.sub(v, 0),
    v.div(1),
    t.pow(v, 1),
    t.sum(v.reshape([3, 1]), -1),
    t.mul(1, v),
  ]);
  const r = await run(
    (v: Tensor) => ({ low: f(v), nearest: rounded(v), negative: t.lowPrecision("bf16", (z: Tensor) => t.sub(0, z))(v) }),
    x,
  );
  for (const y of r.low) expect(toNumbers(y as NdArray)).toEqual(toNumbers(r.nearest));
  expect(toNumbers(r.negative)).toEqual(toNumbers(r.nearest).map((v) => -v));
  // bf16 has 8 significant bits: 1.2345678 lies between 1.234375 and 1.2421875.
  expect(toNumbers(r.nearest)).toEqual([1.234375, 2.34375, -3.296875]);
});

describe("singular matrices", () => {
  const matrices: Record<string, number[]> = {
    zero: [0, 0, 0, 0],
    "of rank one": [1, 2, 2, 4],
    "with a zero row": [0, 0, 3, 5],
    "of zeros, 5 x 5": new Array(25).fill(0),
    "with equal rows, 6 x 6": Array.from({ length: 36 }, (_, k) => (k < 12 ? 1 : Number(k % 7 === 0))),
  };
  test.each(Object.entries(matrices))("%s have no inverse and no solution that looks like one", async (_, values) => {
    const n = Math.sqrt(values.length);
    for (const make of [f32, f64]) {
      const r = await run(
        (a: Tensor) => {
          const b = t.iota(n, a.dtype as "f32").add(1);
          return { no: [t.inverse(a), t.solve(a, b), t.cholesky(a)], ...t.slogdet(a), det: t.det(a) };
        },
        make(values, [n, n]),
      );
      for (const y of r.no) expect(toNumbers(y as NdArray).some((v) => !Number.isFinite(v))).toBe(true);
      // Not one row of the inverse or the solution is finite throughout.
      expect(toNumbers(r.no[1]).some(Number.isFinite)).toBe(false);
      expect([r.sign, r.logAbs, r.det].map((y) => toNumbers(y)[0] + 0)).toEqual([0, -I, 0]);
    }
  });

  test("a regular matrix beside a singular one in a batch is inverted", async () => {
    const r = await run((a: Tensor) => [t.inverse(a), t.det(a)], f64([1, 2, 2, 4, 2, 0, 0, 4], [2, 2, 2]));
    expect(toNumbers(r[0]).slice(4)).toEqual([0.5, 0, 0, 0.25]);
    expect(toNumbers(r[1])).toEqual([0, 8]);
  });

  test("a matrix with NaN has NaN for sign, logarithm and determinant", async () => {
    const r = await run((a: Tensor) => [t.slogdet(a).sign, t.slogdet(a).logAbs, t.det(a)], f64([1, 2, N, 4], [2, 2]));
    expect(r.map((y) => toNumbers(y as NdArray)[0])).toEqual([N, N, N]);
  });

  test("a triangle with a zero on its diagonal has no solution from there on", async () => {
    const r = await run((a: Tensor, b: Tensor) => t.triangularSolve(a, b), f64([2, 0, 0, 1, 0, 0, 1, 1, 1], [3, 3]), f64([4, 1, 1]));
    const [x, ...rest] = toNumbers(r);
    expect(x).toBe(2);
    expect(rest.some(Number.isFinite)).toBe(false);
  });
});

test("hyperbolic functions are finite as far as their values are", async () => {
  const r = await run((x: Tensor) => [t.sinh(x), t.cosh(x), t.acosh(x.abs().mul(1e36))], f32([89, -89]));
  const expected = [
    [Math.sinh(89), Math.sinh(-89)],
    [Math.cosh(89), Math.cosh(89)],
    [Math.acosh(89e36), Math.acosh(89e36)],
  ];
  // Exponentials of 44.5, squared: 2 · (44.5 · 6e-8 + 1e-7).
  r.forEach((y, i) => toNumbers(y as NdArray).forEach((v, k) => expect(Math.abs(v / expected[i][k] - 1)).toBeLessThan(6e-6)));
});
