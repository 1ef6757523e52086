import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import { toOnnx } from "../../../src/onnx/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { runWithOrt } from "../../onnx/build.ts";
import { bool, checkDerivatives, expectClose, f32, f64, i32, normal, run, spread } from "../check.ts";

const inf = Number.POSITIVE_INFINITY;

/** Groups the elements of an array by what a reduction keeps. */
function groups(a: NdArray, axes: readonly number[]): number[][] {
  const strides = a.shape.map((_, i) => a.shape.slice(i + 1).reduce((x, y) => x * y, 1));
  const kept = a.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const count = kept.reduce((s, i) => s * a.shape[i], 1);
  const lists: number[][] = Array.from({ length: count }, () => []);
  nd.toNumbers(a).forEach((v, k) => {
    const at = kept.reduce((s, i) => s * a.shape[i] + (Math.floor(k / strides[i]) % a.shape[i]), 0);
    lists[at].push(v);
  });
  return lists;
}

const total = (xs: number[]): number => xs.reduce((a, b) => a + b, 0);
const average = (xs: number[]): number => total(xs) / xs.length;
const reductions: Record<string, [(x: Tensor, axes?: t.Axes, keepDims?: boolean) => Tensor, (xs: number[]) => number]> = {
  sum: [t.sum, total],
  mean: [t.mean, average],
  max: [t.max, (xs) => Math.max(...xs)],
  min: [t.min, (xs) => Math.min(...xs)],
  prod: [t.prod, (xs) => xs.reduce((a, b) => a * b, 1)],
  variance: [t.variance, (xs) => average(xs.map((x) => (x - average(xs)) ** 2))],
  logsumexp: [t.logsumexp, (xs) => Math.log(total(xs.map(Math.exp)))],
};

describe("reductions over any axes, kept or dropped", () => {
  const x = spread(-1.5, 1.7, [2, 3, 4]);
  for (const [name, [f, host]] of Object.entries(reductions))
    test(name, async () => {
      const choices: [t.Axes, number[]][] = [
        [undefined, [0, 1, 2]],
        [1, [1]],
        [-1, [2]],
        [
          [0, 2],
          [0, 2],
        ],
        [
          [2, 0, -1],
          [0, 2],
        ],
        [[], []],
      ];
      const both = (y: Tensor) => choices.map(([axes]) => [f(y, axes), f(y, axes, true)]);
      const results = await run(both, x);
      choices.forEach(([, axes], i) => {
        const expected = groups(x, axes).map(host);
        const dropped = x.shape.filter((_, k) => !axes.includes(k));
        expectClose(results[i][0], f64(expected, dropped), 1e-14);
        expectClose(
          results[i][1],
          f64(
            expected,
            x.shape.map((n, k) => (axes.includes(k) ? 1 : n)),
          ),
          1e-14,
        );
      });
      await checkDerivatives((y) => t.concat([f(y).reshape([1]), f(y, 0).reshape([-1]), f(y, [0, 2]), f(y, 1, true).reshape([-1])]), [x]);
    });

  test("a scalar reduces to itself", async () => {
    const x = f64([0.7], []);
    const results = await run((y: Tensor) => Object.values(reductions).map(([f]) => f(y)), x);
    results.forEach((r, i) => expectClose(r, f64([Object.values(reductions)[i][1]([0.7])], []), 1e-15));
  });

  test("the empty sum is 0, the empty product 1, no element is true and all are; logsumexp of nothing is -∞", async () => {
    const r = await run(
      (x: Tensor, b: Tensor) => [x.sum(1), t.prod(x, 1), t.any(b, 1).cast("f64"), t.all(b, 1).cast("f64"), t.logsumexp(x, 1)],
      f64([], [2, 0]),
      bool([], [2, 0]),
    );
    expect(r.map((y) => nd.toNumbers(y))).toEqual([
      [0, 0],
      [1, 1],
      [0, 0],
      [1, 1],
      [-inf, -inf],
    ]);
  });

  test("reductions of arrays without elements have no elements", async () => {
    const results = await run((y: Tensor) => Object.values(reductions).map(([f]) => f(y, 1)), f64([], [0, 3]));
    for (const r of results) expect([r.shape, r.data.length]).toEqual([[0], 0]);
  });

  test("the largest of no elements is refused when the program is traced", async () => {
    for (const f of [t.max, t.min, t.argmax, t.argmin])
      await expect(run((x: Tensor) => f(x, 1), f64([], [2, 0]))).rejects.toThrow(/(max|min): .*no elements.*f64\[2, 0\]/);
  });

  test("there is no axis beyond the rank", async () => {
    await expect(run((x: Tensor) => x.sum(3), x)).rejects.toThrow(/sum: there is no axis 3: got f64\[2, 3, 4\]/);
  });
});

describe("edge values", () => {
  test("logsumexp of -∞ and ∞, and of numbers whose exponentials overflow", async () => {
    const rows = [
      [-inf, -inf],
      [-inf, 3],
      [inf, 3],
      [1000, 1000],
      [-1000, -1000],
    ];
    const r = await run((x: Tensor) => t.logsumexp(x, 1), f64(rows.flat(), [5, 2]));
    expectClose(r, [-inf, 3, inf, 1000 + Math.LN2, -1000 + Math.LN2], 1e-15);
    const two = await run((x: Tensor) => t.logAddExp(x, 0), f64([-inf, 0, 800]));
    expectClose(two, [0, Math.LN2, 800], 1e-15);
  });

  test("the derivative of logsumexp is softmax, zero where x is -∞", async () => {
    const g = await run(
      t.grad((x: Tensor) => t.logsumexp(x)),
      f64([-inf, 0, Math.log(3)]),
    );
    expectClose(g, [0, 0.25, 0.75], 1e-15);
    const none = await run(
      t.grad((x: Tensor) => t.logsumexp(x)),
      f64([-inf, -inf]),
    );
    expect(nd.toNumbers(none)).toEqual([0, 0]);
  });

  test("derivatives of a product hold where factors are zero", async () => {
    const slope = t.grad((x: Tensor) => t.prod(x));
    expect(nd.toNumbers(await run(slope, f64([2, 0, 5, 3])))).toEqual([0, 30, 0, 0]);
    expect(nd.toNumbers(await run(slope, f64([2, 0, 5, 0])))).toEqual([0, 0, 0, 0]);
    await checkDerivatives((x) => t.prod(x, 0), [f64([2, 0, 0.5, 0, 1, -1, 0, 0, 0, 3, 2, 1], [6, 2])]);
  });

  test("elements that tie for the maximum share its derivative", async () => {
    const g = await run(
      t.grad((x: Tensor) => x.max().add(x.min().mul(10))),
      f64([3, 1, 3, 1, 1, 2]),
    );
    expectClose(g, [1 / 2, 10 / 3, 1 / 2, 10 / 3, 10 / 3, 0], 1e-15);
  });

  test("any and all over axes, counts of booleans, means of booleans", async () => {
    const x = bool([true, false, false, false, true, true], [2, 3]);
    const r = await run((b: Tensor) => [t.any(b, 1), t.all(b, 0), t.any(b), t.all(b), t.sum(b, 1), t.sum(b)], x);
    expect(r.map((y) => [y.dtype, nd.toNumbers(y)])).toEqual([
      ["bool", [1, 1]],
      ["bool", [0, 0, 0]],
      ["bool", [1]],
      ["bool", [0]],
      ["i32", [1, 2]],
      ["i32", [3]],
    ]);
    expectClose(await run((b: Tensor) => t.mean(b), x), [0.5], 0);
  });

  test("variance with Bessel's correction", async () => {
    expectClose(await run((x: Tensor) => t.variance(x, undefined, false, 1), f64([1, 2, 4])), [7 / 3], 1e-15);
  });
});

describe("argmax and argmin", () => {
  test("give the first extreme position along any axis", async () => {
    const x = f64([3, 1, 3, 0, 0, 5], [2, 3]);
    const r = await run((y: Tensor) => [t.argmax(y), t.argmin(y), t.argmax(y, 0), t.argmin(y, 0)], x);
    expect(r.map((y) => [y.dtype, nd.toNumbers(y)])).toEqual([
      ["i32", [0, 2]],
      ["i32", [1, 0]],
      ["i32", [0, 0, 1]],
      ["i32", [1, 1, 0]],
    ]);
  });

  test("batch", async () => {
    const x = normal([4, 3, 2]);
    const [a, b] = await run((y: Tensor) => [t.vmap((row: Tensor) => t.argmax(row, 0))(y), t.argmax(y, 1)], x);
    expect(a).toEqual(b);
  });

  test("take integers", async () => {
    const r = await run((y: Tensor) => [t.argmax(y), y.max(), t.sort(y)], i32([4, 9, -2]));
    expect(r.map((y) => nd.toNumbers(y))).toEqual([[1], [9], [-2, 4, 9]]);
  });
});

describe("normalised exponentials and standardisation", () => {
  const x = normal([3, 4]);
  test("softmax and logSoftmax along each axis", async () => {
    const r = await run((y: Tensor) => [t.softmax(y), t.softmax(y, 0), t.logSoftmax(y), t.logSoftmax(y, -2)], x);
    const soft = (xs: number[]): number[] => xs.map((v) => Math.exp(v) / total(xs.map(Math.exp)));
    const rows = groups(x, [1]).flatMap(soft);
    const columns = groups(x, [0]).map(soft);
    const byColumn = [0, 1, 2].flatMap((i) => [0, 1, 2, 3].map((j) => columns[j][i]));
    expectClose(r[0], rows, 1e-15);
    expectClose(r[1], byColumn, 1e-15);
    expectClose(r[2], rows.map(Math.log), 1e-14);
    expectClose(r[3], byColumn.map(Math.log), 1e-14);
  });

  for (const axis of [0, -1])
    test(`softmax, logSoftmax along axis ${axis} differentiate`, () =>
      checkDerivatives((y) => t.concat([t.softmax(y, axis), t.logSoftmax(y, axis)]), [x]));

  test("they do not overflow", async () => {
    const r = await run((y: Tensor) => [t.softmax(y), t.logSoftmax(y)], f64([1000, 0, -1000]));
    expectClose(r[0], [1, 0, 0], 1e-15);
    expectClose(r[1], [0, -1000, -2000], 1e-15);
  });

  test("standardize has mean 0 and variance var / (var + ε), and differentiates", async () => {
    const epsilon = 0.1;
    const y = await run((z: Tensor) => t.standardize(z, epsilon), x);
    const expected = groups(x, [1]).flatMap((row) => {
      const m = average(row);
      const v = average(row.map((z) => (z - m) ** 2));
      return row.map((z) => (z - m) / Math.sqrt(v + epsilon));
    });
    expectClose(y, expected, 1e-14);
    await checkDerivatives((z) => t.standardize(z, epsilon), [x]);
    await checkDerivatives((z) => t.standardize(z), [normal([5])]);
    const single = await run((z: Tensor) => t.standardize(z, epsilon), f32(nd.toNumbers(x), [3, 4]));
    expectClose(single, expected, 1e-6);
  });

  test("rmsStandardize has mean square m / (m + ε), differentiates, and is the same as an exported model", async () => {
    const epsilon = 0.1;
    const f = (z: Tensor): Tensor => t.rmsStandardize(z, epsilon);
    const expected = groups(x, [1]).flatMap((row) => row.map((z) => z / Math.sqrt(average(row.map((v) => v * v)) + epsilon)));
    expectClose(await run(f, x), expected, 1e-14);
    await checkDerivatives(f, [x]);
    await checkDerivatives((z) => t.rmsStandardize(z), [normal([5])]);
    const single = f32(nd.toNumbers(x), [3, 4]);
    expectClose(await run(f, single), expected, 1e-6);
    expectClose((await runWithOrt(toOnnx(f, [single]), { i0: single }, ["o0"]))[0], expected, 1e-6);
  });
});

describe("running sums", () => {
  test("cumsum along any axis, from either end, in floats and integers", async () => {
    const x = normal([2, 3]);
    const [a, b, c] = [0, 1, 2].map((j) => nd.toNumbers(x)[j]);
    const [d, e, f] = [3, 4, 5].map((j) => nd.toNumbers(x)[j]);
    const r = await run((y: Tensor) => [t.cumsum(y), t.cumsum(y, 0), t.cumsum(y, -1, true)], x);
    expectClose(r[0], [a, a + b, a + b + c, d, d + e, d + e + f], 1e-15);
    expectClose(r[1], [a, b, c, a + d, b + e, c + f], 1e-15);
    expectClose(r[2], [a + b + c, b + c, c, d + e + f, e + f, f], 1e-15);
    expect(nd.toNumbers(await run((y: Tensor) => t.cumsum(y), i32([1, 2, 3])))).toEqual([1, 3, 6]);
    await checkDerivatives((y) => t.concat([t.cumsum(t.square(y)), t.cumsum(y, 0), t.cumsum(t.exp(y), 1, true)]), [x]);
  });

  for (const n of [0, 1, 2, 3, 7, 8])
    test(`cumlogsumexp of ${n} numbers is the logarithm of running sums of exponentials`, async () => {
      const x = normal([2, n]);
      const expected = groups(x, [1]).flatMap((row) => row.map((_, k) => Math.log(total(row.slice(0, k + 1).map(Math.exp)))));
      expectClose(await run((y: Tensor) => t.cumlogsumexp(y), x), expected, 1e-14);
      await checkDerivatives((y) => t.cumlogsumexp(y), [x]);
    });

  test("cumlogsumexp holds at -∞ and far from zero", async () => {
    const r = await run((y: Tensor) => t.cumlogsumexp(y), f64([-inf, -inf, 2, 1000, 1000]));
    expectClose(r, [-inf, -inf, 2, 1000, 1000 + Math.LN2], 1e-15);
  });
});

describe("order", () => {
  const x = spread(-1, 1, [2, 5]);
  test("topK, sort and argsort agree with JavaScript's sort", async () => {
    const r = await run(
      (y: Tensor) => ({
        top: t.topK(y, 3),
        low: t.topK(y, 2, false),
        sorted: t.sort(y),
        order: t.argsort(y),
        none: t.topK(y, 0).values,
      }),
      x,
    );
    const rows = groups(x, [1]);
    const sorted = rows.map((row) => [...row].sort((a, b) => a - b));
    expect(nd.toNumbers(r.sorted)).toEqual(sorted.flat());
    expect(nd.toNumbers(r.order)).toEqual(rows.flatMap((row, i) => sorted[i].map((v) => row.indexOf(v))));
    expect(nd.toNumbers(r.top.values)).toEqual(sorted.flatMap((s) => [...s].reverse().slice(0, 3)));
    expect(nd.toNumbers(r.top.indices)).toEqual(
      rows.flatMap((row, i) =>
        [...sorted[i]]
          .reverse()
          .slice(0, 3)
          .map((v) => row.indexOf(v)),
      ),
    );
    expect(nd.toNumbers(r.low.values)).toEqual(sorted.flatMap((s) => s.slice(0, 2)));
    expect(r.none.shape).toEqual([2, 0]);
  });

  test("their values differentiate", () => checkDerivatives((y) => t.concat([t.topK(t.exp(y), 3).values, t.sort(y)], 1), [x]));

  test("topK of more than there is is refused", async () => {
    await expect(run((y: Tensor) => t.topK(y, 6).values, x)).rejects.toThrow(/topK: cannot take 6 elements.*f64\[2, 5\]/);
  });
});
