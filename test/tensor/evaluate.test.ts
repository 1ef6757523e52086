/** What the engine computes while it traces is what the runtime computes. */
import { describe, expect, test } from "vitest";
import { ndarray, toNumbers } from "../../src/array/index.ts";
import { evaluate } from "../../src/tensor/evaluate.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { f64, i32, normal, run } from "./check.ts";

const [x, y] = [normal([3, 4], 1), normal([3, 4], 2)];
const [n, m] = [i32([7, -7, 0, 5, 2, -3], [2, 3]), i32([2, 2, 5, -5, -2, 3], [2, 3])];

/** Programs of two constants. Elementary functions of JavaScript and of the runtime may differ in the last place. */
const floats: Record<string, (x: Tensor, y: Tensor) => Tensor> = {
  arithmetic: (x, y) => x.add(y).mul(x).sub(y.square()).div(y).neg(),
  "roots and rounding": (x, y) =>
    t
      .floor(x.abs().sqrt().mul(10))
      .add(t.ceil(t.reciprocal(y)))
      .add(t.sign(x)),
  "comparison and choice": (x, y) => t.where(t.and(t.less(x, y), t.not(t.equal(x, 0))), t.maximum(x, 0.5), t.minimum(y, x)),
  broadcasting: (x, y) => x.slice([0, 1]).add(y.slice(null, [0, 1])),
  "reshape and transpose": (x, y) =>
    x
      .reshape([2, 6])
      .transpose()
      .add(y.reshape([6, 2])),
  "slices with steps, and reversed": (x, y) => x.slice([null, null, 2], [3, 0, -1]).add(y.slice([0, 2], [1, null])),
  "concatenation along each axis": (x, y) => t.concat([t.concat([x, y], 1), t.concat([y, x], 1)], 0),
  "reversed axes": (x) => t.flip(x, [0, 1]),
  sums: (x, y) =>
    x
      .sum(0)
      .add(y.sum([0, 1]))
      .add(x.mean(1, true)),
  "largest and smallest": (x, y) => x.max(1).add(y.min([0, 1])),
  products: (x) => t.prod(x, 1),
  "rows of indices": (x) => t.take(x, i32([2, 0, -1, 1], [2, 2]), 1),
};
const integers: Record<string, (n: Tensor, m: Tensor) => Tensor> = {
  "division towards zero": (n, m) => n.div(m),
  "remainder of the divisor's sign": (n, m) => n.sub(m.mul(n.div(m))),
  "through floats and back": (n, m) => n.cast("f64").div(m.cast("f64")).cast("i32"),
  counts: (n, m) => t.greater(n, m).sum(0),
};

describe("evaluate agrees with the runtime", () => {
  test.each(Object.entries(floats))("%s", async (_, f) => {
    const value = evaluate(f(t.constant(x), t.constant(y)), 1000);
    const expected = await run(f, x, y);
    expect(value?.shape).toEqual(expected.shape);
    // Each program rounds at most a dozen times.
    toNumbers(expected).forEach((e, i) =>
      expect(Math.abs(Number(value?.data[i]) - e)).toBeLessThanOrEqual(12 * 2 ** -53 * Math.abs(e) + 1e-15),
    );
  });

  test.each(Object.entries(integers))("%s", async (_, f) => {
    expect(evaluate(f(t.constant(n), t.constant(m)), 1000)).toEqual(await run(f, n, m));
  });
});

test("64-bit integers stay exact while they are moved, and end at the ends of their range", () => {
  const largest = 2n ** 63n - 1n;
  const ends = t.constant(ndarray(BigInt64Array.of(largest, 2n ** 53n + 1n, 3n), [3], "i64"));
  expect(evaluate(t.flip(t.concat([ends, ends.slice([0, 1])]), 0), 10)?.data).toEqual(
    BigInt64Array.of(largest, 3n, 2n ** 53n + 1n, largest),
  );
  expect(evaluate(t.maximum(ends, ends).slice([0, 1]), 10)?.data).toEqual(BigInt64Array.of(largest));
});

test("what depends on an input, is too large, or is no integer is not known", () => {
  expect(evaluate(t.constant(f64([1, 2, 3])).mul(2), 2)).toBeUndefined();
  expect(evaluate(t.constant(i32([1, 2])).div(t.constant(i32([0, 1]))), 10)).toBeUndefined();
  t.trace(
    (z: Tensor) => {
      expect(evaluate(z.mul(2), 10)).toBeUndefined();
      return z;
    },
    [f64([1])],
  );
});
