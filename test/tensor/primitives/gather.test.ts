import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { checkDerivatives, f32, f64, i32, normal, run } from "../check.ts";

const counting = (shape: readonly number[]): NdArray =>
  f64(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );

describe("take", () => {
  test("replaces an axis by the axes of the indices", async () => {
    const x = counting([3, 2]);
    const r = await run(
      (y: Tensor) => [
        t.take(y, i32([2, 0])),
        t.take(y, i32([1, 1, 0, 1], [2, 2]), 1),
        t.take(y, 1),
        t.take(y, nd.array([2], "i64"), 0),
        t.take(y, i32([-1])),
      ],
      x,
    );
    expect(r.map((y) => [y.shape, nd.toNumbers(y)])).toEqual([
      [
        [2, 2],
        [4, 5, 0, 1],
      ],
      [
        [3, 2, 2],
        [1, 1, 0, 1, 3, 3, 2, 3, 5, 5, 4, 5],
      ],
      [[2], [2, 3]],
      [
        [1, 2],
        [4, 5],
      ],
      [
        [1, 2],
        [4, 5],
      ],
    ]);
  });

  for (const axis of [0, 1, -1])
    test(`differentiates along axis ${axis}`, () =>
      checkDerivatives((y) => t.take(t.exp(y), i32([1, 0, 1, 1], [2, 2]), axis), [normal([3, 2])]));

  test("batches over data, over indices, and over both, negative indices too", async () => {
    const [x, i] = [normal([4, 3, 2]), i32([0, 2, 1, -1, 2, 2, -3, 0], [4, 2])];
    const r = await run(
      (y: Tensor, k: Tensor) => {
        const rows = [0, 1, 2, 3];
        const scatter = (a: Tensor, at: Tensor): Tensor => t.scatterAdd(a.mul(0), at, t.take(a, at));
        const each = (f: (a: Tensor, at: Tensor) => Tensor) => [
          [t.vmap(f)(y, k), t.stack(rows.map((n) => f(y.slice(n), k.slice(n))))],
          [t.vmap(f, [0, null])(y, k.slice(0)), t.stack(rows.map((n) => f(y.slice(n), k.slice(0))))],
          [t.vmap(f, [null, 0])(y.slice(0), k), t.stack(rows.map((n) => f(y.slice(0), k.slice(n))))],
        ];
        return [...each((a, at) => t.take(a, at)), ...each((a, at) => t.take(a.transpose(), at, 1)), ...each(scatter)];
      },
      x,
      i,
    );
    for (const [batched, single] of r) expect(batched).toEqual(single);
  });

  test("needs integer indices", async () => {
    await expect(run((x: Tensor) => t.take(x, f32([0])), counting([3]))).rejects.toThrow(
      /take: needs an axis to take from and i32 indices/,
    );
  });
});

describe("scatterAdd", () => {
  test("adds updates to rows, repeated indices add up", async () => {
    const r = await run(
      (x: Tensor, u: Tensor) => [
        t.scatterAdd(x, i32([2, 0, 2]), u),
        t.scatterAdd(x.cast("i32"), i32([1, 1, 1]), u.cast("i32")),
        t.scatterAdd(x, 1, u.slice(0)),
      ],
      counting([3, 2]),
      counting([3, 2]),
    );
    expect(r.map((y) => nd.toNumbers(y))).toEqual([
      [2, 4, 2, 3, 4 + 0 + 4, 5 + 1 + 5],
      [0, 1, 2 + 6, 3 + 9, 4, 5],
      [0, 1, 2, 4, 4, 5],
    ]);
  });

  test("differentiates in what is added to and in the updates", () =>
    checkDerivatives((x, u) => t.exp(t.scatterAdd(x, i32([2, 0, 2, 1], [2, 2]), u)), [normal([3, 2]), normal([2, 2, 2])]));

  test("refuses updates of another shape", async () => {
    await expect(run((x: Tensor, u: Tensor) => t.scatterAdd(x, i32([0]), u), counting([3, 2]), counting([2, 2]))).rejects.toThrow(
      /scatterAdd: indices, rows and updates do not fit/,
    );
  });
});

describe("takeAlong", () => {
  test("is NumPy's take_along_axis, indices broadcast", async () => {
    const x = counting([2, 3]);
    const r = await run(
      (y: Tensor) => [
        t.takeAlong(y, i32([2, 0, 1, 1], [2, 2])),
        t.takeAlong(y, i32([1, 0, 0], [1, 3]), 0),
        t.takeAlong(y, i32([2], [1, 1])),
      ],
      x,
    );
    expect(r.map((y) => [y.shape, nd.toNumbers(y)])).toEqual([
      [
        [2, 2],
        [2, 0, 4, 4],
      ],
      [
        [1, 3],
        [3, 1, 2],
      ],
      [
        [2, 1],
        [2, 5],
      ],
    ]);
  });

  test("differentiates, repeated indices too", () =>
    checkDerivatives(
      (y) => t.takeAlong(t.exp(y), i32([2, 0, 2, 1, 1, 1], [2, 3])).mul(t.takeAlong(y, i32([1], [1, 1]), 0)),
      [normal([2, 3])],
    ));
});

test("oneHot marks indices, and none that is out of range", async () => {
  const r = await run((i: Tensor) => [t.oneHot(i, 3), t.oneHot(i, 3, "f64")], i32([2, 0, 3, -1], [2, 2]));
  expect(r.map((y) => [y.dtype, y.shape])).toEqual([
    ["f32", [2, 2, 3]],
    ["f64", [2, 2, 3]],
  ]);
  for (const y of r) expect(nd.toNumbers(y)).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("iota, eye", async () => {
  const r = await run((x: Tensor) => [t.iota(4).add(x), t.eye(2).cast("i32"), t.iota(3, "f64").cast("i32"), t.iota(0)], i32([10], []));
  expect(r.map((y) => nd.toNumbers(y))).toEqual([[10, 11, 12, 13], [1, 0, 0, 1], [0, 1, 2], []]);
});

test("tril and triu keep one side of a diagonal", async () => {
  const x = counting([2, 3, 4]);
  const diagonals = [-3, -2, -1, 0, 1, 2, 4];
  const r = await run((y: Tensor) => diagonals.flatMap((d) => [t.tril(y, d), t.triu(y, d)]), x);
  const keep = (f: (i: number, j: number) => boolean): number[] => nd.toNumbers(x).map((v, n) => (f(Math.floor(n / 4) % 3, n % 4) ? v : 0));
  diagonals.forEach((d, k) => {
    expect(nd.toNumbers(r[2 * k])).toEqual(keep((i, j) => j <= i + d));
    expect(nd.toNumbers(r[2 * k + 1])).toEqual(keep((i, j) => j >= i + d));
  });
  await checkDerivatives((y) => t.tril(t.exp(y)).add(t.triu(y, 1)), [normal([3, 4])]);
});

test("diagonal of the last two axes", async () => {
  const r = await run((y: Tensor) => t.diagonal(y), counting([2, 3, 3]));
  expect(nd.toNumbers(r)).toEqual([0, 4, 8, 9, 13, 17]);
  await checkDerivatives((y) => t.diagonal(t.exp(y)), [normal([2, 3, 3])]);
  await expect(run((y: Tensor) => t.diagonal(y), counting([2, 3]))).rejects.toThrow(/diagonal: needs square matrices: got f64\[2, 3\]/);
});
