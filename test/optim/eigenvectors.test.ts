/** Eigenvectors by rotations, and the bases that follow a matrix. */
import { expect, test } from "vitest";
import { randomStream, toNumbers } from "../../src/array/index.ts";
import { eigenvectors, firstBasis, nextBasis } from "../../src/optim/eigenvectors.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { eye, f64, type Matrix, matrixOf, norm, plus, T, times } from "./matrices.ts";

const symmetric = (n: number, rank = n): number[][] => {
  const a = matrixOf(randomStream(`eigen ${n}`).normal([n, rank], "f64"));
  return times(a, T(a));
};
const offDiagonal = (m: Matrix): number => norm(m.map((row, i) => row.map((v, j) => (i === j ? 0 : v))));

test.each([1, 2, 3, 4, 5, 8, 13])("rotations make a symmetric matrix of side %i diagonal, in an orthonormal basis", async (n) => {
  const s = symmetric(n);
  const q = matrixOf(await jit((x: Tensor) => eigenvectors(x))(f64(s)));
  expect(norm(plus(times(T(q), q), eye(n), -1))).toBeLessThan(1e-13 * n);
  expect(offDiagonal(times(times(T(q), s), q))).toBeLessThan(1e-13 * norm(s));
});

test.each([
  ["of rank one", symmetric(6, 1)],
  ["zero", symmetric(5).map((row) => row.map(() => 0))],
  ["diagonal", eye(4)],
  ["with equal eigenvalues", plus(eye(5), symmetric(5, 1), 3)],
] as const)("a matrix %s has a basis too", async (_, s) => {
  const q = matrixOf(await jit((x: Tensor) => eigenvectors(x))(f64(s)));
  expect(norm(plus(times(T(q), q), eye(s.length), -1))).toBeLessThan(1e-12);
  expect(offDiagonal(times(times(T(q), s), q))).toBeLessThan(1e-12 * Math.max(1, norm(s)));
});

test("in f32 it is diagonal to the last digits", async () => {
  const s = symmetric(24);
  const q = matrixOf(await jit((x: Tensor) => firstBasis(x.cast("f32")))(f64(s)));
  expect(offDiagonal(times(times(T(q), s), q))).toBeLessThan(1e-5 * norm(s));
});

test("the next basis has the largest quotients first, and says from where they came", async () => {
  const d = [1, 8, 3, 5];
  const s = eye(4).map((row, i) => row.map((v) => v * d[i]));
  const { q, order } = await jit((x: Tensor, q: Tensor) => nextBasis(x, q))(f64(s), f64(eye(4)));
  expect(toNumbers(order)).toEqual([1, 3, 2, 0]);
  expect(
    norm(
      plus(
        matrixOf(q),
        eye(4).map((_, i) => [1, 3, 2, 0].map((j) => (i === j ? 1 : 0))),
        -1,
      ),
    ),
  ).toBeLessThan(1e-12);
});
