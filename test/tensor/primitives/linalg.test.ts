import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { checkDerivatives, expectClose, f64, normal, run } from "../check.ts";

const identity = (x: Tensor): Tensor => t.eye(x.shape[x.rank - 1], x.dtype as "f64");
/** Well-conditioned matrices: normal numbers around a multiple of the identity. */
const regular = (x: Tensor): Tensor => x.add(identity(x).mul(3));
const positive = (x: Tensor): Tensor => x.matmul(x.transpose()).add(identity(x));

/** Determinant by expansion along the first row. */
function determinant(m: number[][]): number {
  if (m.length === 0) return 1;
  return m[0].reduce((s, v, j) => s + (j % 2 ? -v : v) * determinant(m.slice(1).map((row) => row.filter((_, k) => k !== j))), 0);
}
const rows = (a: NdArray): number[][] => {
  const n = a.shape[a.shape.length - 1];
  const v = nd.toNumbers(a);
  return Array.from({ length: v.length / n }, (_, i) => v.slice(i * n, (i + 1) * n));
};

describe("solve, inverse and determinants", () => {
  for (const n of [1, 2, 3, 5, 6])
    test(`of ${n} x ${n} matrices satisfy their definitions`, async () => {
      const r = await run(
        (a: Tensor, b: Tensor) => ({
          solved: a.matmul(t.solve(a, b)),
          vector: a.matmul(t.solve(a, b.slice(null, null, 0)).expandDims(-1)).squeeze(-1),
          left: t.inverse(a).matmul(a),
          det: t.det(a),
          ...t.slogdet(a),
        }),
        normal([3, n, n]),
        normal([3, n, 2]),
      );
      // Residuals of elimination with pivoting: a few times ε times the condition number, some hundred here.
      expectClose(r.solved, normal([3, n, 2]), 1e-12);
      expectClose(
        r.vector,
        rows(normal([3, n, 2])).map(([v]) => v),
        1e-12,
      );
      expectClose(
        r.left,
        [0, 1, 2].flatMap(() => Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0))),
        1e-12,
      );
      const m = rows(normal([3, n, n]));
      const exact = [0, 1, 2].map((k) => determinant(m.slice(k * n, (k + 1) * n)));
      expectClose(r.det, exact, 1e-13);
      expect(nd.toNumbers(r.sign)).toEqual(exact.map(Math.sign));
      expectClose(
        r.logAbs,
        exact.map((d) => Math.log(Math.abs(d))),
        1e-12,
      );
    });

  // Up to 4 x 4 the elimination is written out, beyond that it is a loop; second derivatives of the former make programs of seconds.
  for (const n of [2, 5])
    test(`differentiate and batch (${n} x ${n})`, async () => {
      await checkDerivatives((a, b) => t.solve(regular(a), b), [normal([n, n]), normal([n, 2])]);
      await checkDerivatives(
        (a) =>
          t
            .inverse(regular(a))
            .add(t.slogdet(regular(a)).logAbs)
            .add(t.det(regular(a)).mul(0.01)),
        [normal([n, n])],
      );
    });

  test("choose pivots: zeros on the diagonal and rows of very different size do no harm", async () => {
    const a = f64([0, 2e-150, 0, 0, 0, 3, 5e120, 0, 0], [3, 3]);
    const r = await run((m: Tensor, b: Tensor) => ({ x: t.solve(m, b), ...t.slogdet(m) }), a, f64([2e-150, 6, 5e120]));
    expectClose(r.x, [1, 1, 2], 1e-15);
    // A cyclic permutation of three: even. 2e-150 · 3 · 5e120 = 3e-29.
    expect(nd.item(r.sign)).toBe(1);
    expectClose(r.logAbs, [Math.log(3e-29)], 1e-14);
  });

  test("a singular matrix has sign 0 and log -∞", async () => {
    const r = await run((m: Tensor) => t.slogdet(m), f64([1, 2, 2, 4], [2, 2]));
    expect([nd.item(r.sign), nd.item(r.logAbs)]).toEqual([0, Number.NEGATIVE_INFINITY]);
  });
});

describe("cholesky and triangularSolve", () => {
  for (const n of [1, 3, 6])
    test(`L is lower triangular, L Lᵀ = A, L X = B (${n} x ${n})`, async () => {
      const r = await run(
        (x: Tensor, b: Tensor) => {
          const a = positive(x);
          const l = t.cholesky(a);
          return [l.matmul(l.transpose()), a, t.triu(l, 1), l.matmul(t.triangularSolve(l, b)), b];
        },
        normal([2, n, n]),
        normal([2, n, 3]),
      );
      expectClose(r[0], r[1], 1e-13);
      expectClose(r[2], new Array(2 * n * n).fill(0), 0);
      expectClose(r[3], r[4], 1e-13);
    });

  test("differentiate and batch", async () => {
    await checkDerivatives((x) => t.cholesky(positive(x)), [normal([3, 3])]);
    await checkDerivatives((x, b) => t.triangularSolve(t.cholesky(positive(x)), b), [normal([5, 5]), normal([5, 2])]);
  });

  test("a matrix that is not positive definite gives NaN", async () => {
    const l = await run((m: Tensor) => t.cholesky(m), f64([1, 2, 2, 1], [2, 2]));
    expect(nd.toNumbers(l).some(Number.isNaN)).toBe(true);
  });
});

test("matrices that are not square, and right-hand sides that do not fit, are named", async () => {
  await expect(run((a: Tensor) => t.inverse(a), normal([2, 3]))).rejects.toThrow(
    /inverse: needs square matrices of floats: got f64\[2, 3\]/,
  );
  await expect(run((a: Tensor, b: Tensor) => t.solve(a, b), normal([2, 2]), normal([3, 1]))).rejects.toThrow(
    /solve: right-hand sides do not fit the matrices: got f64\[2, 2\] and f64\[3, 1\]/,
  );
});
