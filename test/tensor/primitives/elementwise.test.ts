import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/array/index.ts";
import * as nd from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { bool, checkDerivatives, expectClose, expectRelative, f32, f64, i32, normal, run, spread } from "../check.ts";

describe("derivatives, batching and precision of", () => {
  const unary: Record<string, [(x: Tensor) => Tensor, NdArray]> = {
    neg: [t.neg, normal([3, 2])],
    reciprocal: [t.reciprocal, spread(0.5, 2, [4])],
    square: [t.square, normal([4])],
    abs: [t.abs, f64([-1.5, -0.7, 0.8, 2])],
    sqrt: [t.sqrt, spread(0.5, 3, [4])],
    rsqrt: [t.rsqrt, spread(0.5, 3, [4])],
    exp: [t.exp, normal([4])],
    log: [t.log, spread(0.5, 3, [4])],
    expm1: [t.expm1, f64([-2, -0.3, 0.01, 0.4, 1.5])],
    log1p: [t.log1p, f64([-0.4, -0.01, 0.3, 2])],
    sigmoid: [t.sigmoid, normal([5])],
    softplus: [t.softplus, normal([5])],
    logSigmoid: [t.logSigmoid, normal([5])],
    silu: [t.silu, normal([5])],
    gelu: [t.gelu, normal([5])],
    elu: [t.elu, f64([-2, -0.3, 0.4, 1.5])],
    relu: [t.relu, f64([-1, -0.6, 0.7, 2])],
    erf: [t.erf, f64([-2.2, -0.7, 0.2, 1.3, 0.9])],
    sin: [t.sin, normal([4])],
    cos: [t.cos, normal([4])],
    tan: [t.tan, f64([-0.9, 0.2, 1])],
    asin: [t.asin, f64([-0.5, 0.1, 0.6])],
    acos: [t.acos, f64([-0.5, 0.1, 0.6])],
    atan: [t.atan, normal([4])],
    tanh: [t.tanh, normal([4])],
    sinh: [t.sinh, normal([4])],
    cosh: [t.cosh, normal([4])],
    asinh: [t.asinh, normal([4])],
    acosh: [t.acosh, f64([1.8, 2.5, 4])],
    atanh: [t.atanh, f64([-0.5, 0.1, 0.4])],
    "pow with whole, half and odd exponents": [
      (x) => t.concat([-5, -4, -1, 0, 0.5, 1, 2, 3, 4, 5, 1.7].map((p) => t.pow(x, p))),
      spread(0.8, 1.6, [3]),
    ],
    clamp: [(x) => t.clamp(x, -1, 1), f64([-3, -0.5, 0.4, 2])],
    "a scalar": [(x) => t.exp(t.sin(x)), f64([0.7], [])],
    "an empty array": [(x) => t.exp(t.sin(x)), f64([], [0, 3])],
  };
  for (const [name, [f, x]] of Object.entries(unary)) test(name, () => checkDerivatives(f, [x]));

  const binary: Record<string, [(a: Tensor, b: Tensor) => Tensor, NdArray, NdArray]> = {
    add: [t.add, normal([2, 3]), normal([3])],
    sub: [t.sub, normal([2, 1]), normal([2, 3])],
    mul: [t.mul, normal([2, 1, 3]), normal([4, 1])],
    div: [t.div, normal([2, 3]), spread(0.5, 2, [2, 1])],
    pow: [t.pow, spread(0.5, 2, [2, 3]), normal([3])],
    maximum: [t.maximum, spread(-1, 1, [2, 3]), spread(-2, 2.1, [3], 2)],
    minimum: [t.minimum, spread(-1, 1, [2, 3]), spread(-2, 2.1, [3], 2)],
    logAddExp: [t.logAddExp, normal([2, 3]), normal([3])],
    where: [(a, b) => t.where(bool([true, false, true]), a, t.exp(b)), normal([2, 3]), normal([2, 1])],
    "arguments of different rank": [(a, b) => t.mul(t.sin(a), b), f64([0.3], []), normal([2, 3])],
    "casts between floats": [(a, b) => t.mul(a.cast("f64").cast(a.dtype), b), normal([3]), normal([3])],
  };
  for (const [name, [f, a, b]] of Object.entries(binary)) test(name, () => checkDerivatives(f, [a, b]));

  test("where with a condition of its own batch", () =>
    checkDerivatives((a, b) => t.where(t.less(a, 0.1), t.square(a), t.mul(a, b)), [f64([-1, 0.8, 2]), normal([2, 1])]));

  test("stopGradient is a constant to derivatives", async () => {
    const g = await run(
      t.grad((x: Tensor) => t.mul(t.stopGradient(t.square(x)), x)),
      f64([3], []),
    );
    expect(nd.toNumbers(g)).toEqual([9]);
  });
});

/** f64 functions against JavaScript's own, element by element. */
async function compare(f: (x: Tensor) => Tensor, host: (x: number) => number, xs: number[], tolerance: number): Promise<void> {
  expectRelative(await run(f, f64(xs)), xs.map(host), tolerance);
}

const around = [1e-300, 1e-20, 1e-10, 1e-5, 1e-3, 0.1, 0.4999, 0.5, 0.75, 1, 1.5, 3, 20, 700].flatMap((x) => [x, -x]);
const epsilon = 2 ** -52;

describe("f64 values", () => {
  test("exp, expm1 from 1e-300 to overflow", async () => {
    await compare(t.exp, Math.exp, [...around, 710, -746, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 4 * epsilon);
    // Kahan's correction is good to a few units in the last place.
    await compare(t.expm1, Math.expm1, [0, ...around, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 8 * epsilon);
  });

  test("log, log1p from 1e-300 to 1e300", async () => {
    const positive = around.filter((x) => x > 0);
    await compare(t.log, Math.log, [0, ...positive, 1e300, Number.POSITIVE_INFINITY], 4 * epsilon);
    await compare(t.log1p, Math.log1p, [0, -1, ...around.filter((x) => x > -1), 1e300, Number.POSITIVE_INFINITY], 8 * epsilon);
  });

  test("hyperbolic functions and their inverses near zero and at large arguments", async () => {
    const all = [0, ...around, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    await compare(t.sinh, Math.sinh, all, 8 * epsilon);
    await compare(t.cosh, Math.cosh, all, 8 * epsilon);
    await compare(t.tanh, Math.tanh, all, 8 * epsilon);
    await compare(t.asinh, Math.asinh, [...all, 1e200, -1e200], 8 * epsilon);
    await compare(t.acosh, Math.acosh, [1, 1 + 1e-14, 1 + 1e-7, 1.5, 20, 1e200, Number.POSITIVE_INFINITY], 8 * epsilon);
    await compare(t.atanh, Math.atanh, [0, ...around.filter((x) => Math.abs(x) <= 1)], 8 * epsilon);
  });

  test("trigonometric functions and their inverses", async () => {
    await compare(t.sin, Math.sin, around, 8 * epsilon);
    await compare(t.cos, Math.cos, around, 8 * epsilon);
    await compare(t.tan, Math.tan, around, 16 * epsilon);
    await compare(t.atan, Math.atan, [0, ...around, 1e200, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 1e-15);
    await compare(t.asin, Math.asin, [0, ...around.filter((x) => Math.abs(x) <= 1), 0.999999], 1e-15);
    await compare(t.acos, Math.acos, [-1, -0.5, 0, 0.5, 0.9, 1], 1e-15);
  });

  test("erf against its values to 17 digits (Abramowitz & Stegun 7.1, computed with 40 digits)", async () => {
    // erf by its Taylor series in exact rational arithmetic is the independent source: see erfExact.
    const xs = [0, 1e-12, 0.1, 0.5, 0.9999, 1, 1.0001, 1.5, 2, 3, 4, 5, 5.9, 8, 30, Number.POSITIVE_INFINITY].flatMap((x) => [x, -x]);
    await compare(t.erf, erfExact, xs, 1e-15);
  });

  test("gelu is x (1 + erf(x/√2)) / 2", async () => {
    const xs = [-6, -2, -1, -0.1, 0, 0.1, 1, 2, 6, 40];
    // Φ(-6) = 1e-9 loses relative accuracy to cancellation: errors are absolute.
    expectClose(
      await run(t.gelu, f64(xs)),
      xs.map((x) => (x * (1 + erfExact(x * Math.SQRT1_2))) / 2),
      1e-15,
    );
  });

  test("sigmoid, softplus, logSigmoid and silu neither overflow nor lose their tails", async () => {
    const xs = [...around, 1000, -1000];
    const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    await compare(t.softplus, softplus, xs, 8 * epsilon);
    await compare(t.logSigmoid, (x) => -softplus(-x), xs, 8 * epsilon);
    const sigmoid = (x: number): number => (x > 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
    expectClose(await run(t.sigmoid, f64(xs)), xs.map(sigmoid), 8 * epsilon);
    expectClose(
      await run(t.silu, f64(xs)),
      xs.map((x) => x * sigmoid(x)),
      8 * epsilon,
    );
  });

  test("roots, reciprocals and powers at their edges", async () => {
    const inf = Number.POSITIVE_INFINITY;
    await compare(t.sqrt, Math.sqrt, [0, 1e-300, 2, inf], epsilon);
    await compare(t.reciprocal, (x) => 1 / x, [0, -3, 1e-300, inf], epsilon);
    for (const p of [-5, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 7, 0.3])
      await compare(
        (x) => t.pow(x, p),
        (x) => x ** p,
        [0, 0.5, 1, 3, 1e10, inf],
        8 * epsilon,
      );
    const [base, exponent] = [
      [0, 0, -2, -2, 2, inf, 1],
      [0, 2, 3, 2, -inf, 0, 1e6],
    ];
    expectRelative(
      await run(t.pow, f64(base), f64(exponent)),
      base.map((x, i) => x ** exponent[i]),
      epsilon,
    );
  });

  test("f32 special functions at large and small arguments stay finite where the value is", async () => {
    const xs = [1e-30, 1e-8, 1e-4, 0.3, 1, 5, 30, 80, 100, 1e20, 1e38].flatMap((x) => [x, -x]);
    const result = await run(
      (x: Tensor) => ({
        sinh: t.sinh(x),
        asinh: t.asinh(x),
        expm1: t.expm1(x),
        log1p: t.log1p(t.abs(x)),
        softplus: t.softplus(x),
        tanh: t.tanh(x),
      }),
      f32(xs),
    );
    const rounded = (f: (x: number) => number): number[] => xs.map((x) => Math.fround(f(Math.fround(x))));
    // Exponentials in f32 err by 2e-7 relative; sinh and expm1 add two roundings.
    expectRelative(result.sinh, rounded(Math.sinh), 1e-6, "sinh");
    expectRelative(result.asinh, rounded(Math.asinh), 1e-6, "asinh");
    expectRelative(result.expm1, rounded(Math.expm1), 1e-6, "expm1");
    expectRelative(
      result.log1p,
      rounded((x) => Math.log1p(Math.abs(x))),
      1e-6,
      "log1p",
    );
    expectRelative(result.tanh, rounded(Math.tanh), 1e-6, "tanh");
    expectRelative(
      result.softplus,
      rounded((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
      1e-6,
      "softplus",
    );
  });
});

/** erf by its Taylor series with 200-bit integers, 1 - erfc ~ 1 beyond 6.5 (erfc 6.5 < 1e-19). */
function erfExact(x: number): number {
  if (Math.abs(x) > 6.5) return Math.sign(x);
  const one = 1n << 260n;
  const fixed = (v: number): bigint => BigInt(Math.round(v * 2 ** 50)) * (one >> 50n);
  const exactX = Math.abs(x) < 1e-3 ? 0n : fixed(x);
  if (exactX === 0n) return (2 / Math.sqrt(Math.PI)) * (x - x ** 3 / 3);
  // x is a multiple of 2^-50 up to an error of 2^-51, which erf' turns into 1e-15 at most; the remainder is added to first order.
  const rest = x - Number(exactX >> 210n) / 2 ** 50;
  const square = (exactX * exactX) / one;
  let term = exactX;
  let total = 0n;
  for (let n = 0n; term !== 0n; n++) {
    total += term / (2n * n + 1n);
    term = -((term * square) / one) / (n + 1n);
  }
  const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
  return (Number(total >> 160n) / 2 ** 100) * (2 / Math.sqrt(Math.PI)) + slope * rest;
}

describe("selection, comparison, rounding and logic", () => {
  const a = [-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, Number.NaN, Number.POSITIVE_INFINITY];
  const b = [-2.5, 1, -1, 0, 0.4, 1.5, 3, 1, 1];

  test("comparisons agree with JavaScript, NaN included, in every number type", async () => {
    const f = (x: Tensor, y: Tensor) => [
      t.equal(x, y),
      t.less(x, y),
      t.lessEqual(x, y),
      t.greater(x, y),
      t.greaterEqual(x, y),
      t.notEqual(x, y),
    ];
    const host = (x: number, y: number): boolean[] => [x === y, x < y, x <= y, x > y, x >= y, x !== y];
    const integers = (list: number[]): number[] => list.map((v) => (Number.isFinite(v) ? Math.trunc(v) : 7));
    const cases: [NdArray, NdArray][] = [
      [f64(a), f64(b)],
      [f32(a), f32(b)],
      [i32(integers(a)), i32(integers(b))],
      [nd.array(integers(a), "i64"), nd.array(integers(b), "i64")],
    ];
    for (const [x, y] of cases) {
      const results = await run(f, x, y);
      const [xs, ys] = [nd.toNumbers(x), nd.toNumbers(y)];
      results.forEach((r, k) => {
        expect(r.dtype).toBe("bool");
        expect(nd.toNumbers(r)).toEqual(xs.map((v, i) => Number(host(v, ys[i])[k])));
      });
    }
  });

  test("floor, ceil and round (halves to even), sign, isNaN, isFinite", async () => {
    const r = await run(
      (x: Tensor) => ({ floor: t.floor(x), ceil: t.ceil(x), round: t.round(x), nan: t.isNaN(x), finite: t.isFinite(x) }),
      f64(a),
    );
    expect(nd.toNumbers(r.floor)).toEqual(a.map(Math.floor));
    expect(nd.toNumbers(r.ceil).map((v) => v + 0)).toEqual(a.map((v) => Math.ceil(v) + 0));
    expect(nd.toNumbers(r.round).map((v) => v + 0)).toEqual([-2, -2, 0, 0, 0, 2, 2, Number.NaN, Number.POSITIVE_INFINITY]);
    expect(nd.toNumbers(r.nan)).toEqual(a.map((v) => Number(Number.isNaN(v))));
    expect(nd.toNumbers(r.finite)).toEqual(a.map((v) => Number(Number.isFinite(v))));
    const signs = await run((x: Tensor, y: Tensor) => [t.sign(x), t.sign(y)], f64([-3, 0, 2]), i32([-3, 0, 2]));
    for (const s of signs) expect(nd.toNumbers(s)).toEqual([-1, 0, 1]);
  });

  test("their derivatives are zero", async () => {
    const f = (x: Tensor): Tensor => t.sum(t.floor(x).add(t.ceil(x)).add(t.round(x)).add(t.sign(x)).add(t.less(x, 0).cast("f64")));
    expect(nd.toNumbers(await run(t.grad(f), f64([0.3, -1.2])))).toEqual([0, 0]);
  });

  test("at a tie of maximum or minimum the first argument takes the whole derivative", async () => {
    const slopes = (f: (a: Tensor, b: Tensor) => Tensor) => (x: Tensor, y: Tensor) => t.vjp(f, x, y)[1](x.mul(0).add(1));
    const r = await run((x: Tensor, y: Tensor) => [slopes(t.maximum)(x, y), slopes(t.minimum)(x, y)], f64([1]), f64([1]));
    for (const [first, second] of r) expect([nd.item(first), nd.item(second)]).toEqual([1, 0]);
  });

  test("and, or, xor, not are truth tables with broadcasting", async () => {
    const r = await run(
      (x: Tensor, y: Tensor) => [t.and(x, y), t.or(x, y), t.xor(x, y), t.not(x), t.where(x, y, t.not(y))],
      bool([false, true], [2, 1]),
      bool([false, true]),
    );
    expect(r.map((x) => nd.toNumbers(x))).toEqual([
      [0, 0, 0, 1],
      [0, 1, 1, 1],
      [0, 1, 1, 0],
      [1, 0],
      [1, 0, 0, 1],
    ]);
  });
});

describe("casts and integers", () => {
  test("i32 and i64 arithmetic is exact where f32 is not", async () => {
    const big = [16777217, -5, 7, 0];
    for (const dtype of ["i32", "i64"] as const) {
      const x = nd.array(big, dtype);
      const r = await run(
        (a: Tensor) => [
          a.add(1),
          a.sub(3),
          a.mul(2),
          a.div(2),
          t.neg(a),
          t.abs(a),
          t.square(a.sub(a).add(3)),
          t.maximum(a, 1),
          t.minimum(a, 1),
          a.sum(),
          a.max(),
          a.min(),
          t.where(t.less(a, 0), 0, a),
        ],
        x,
      );
      const expected = [
        big.map((v) => v + 1),
        big.map((v) => v - 3),
        big.map((v) => v * 2),
        big.map((v) => Math.trunc(v / 2)),
        big.map((v) => 0 - v),
        big.map(Math.abs),
        big.map(() => 9),
        big.map((v) => Math.max(v, 1)),
        big.map((v) => Math.min(v, 1)),
        [16777219],
        [16777217],
        [-5],
        big.map((v) => Math.max(v, 0)),
      ];
      r.forEach((y, i) => {
        expect(y.dtype).toBe(dtype);
        expect(nd.toNumbers(y)).toEqual(expected[i]);
      });
    }
  });

  test("casts truncate to integers, round to f32, and make booleans of what is not zero", async () => {
    const r = await run(
      (x: Tensor) => [x.cast("i32"), x.cast("i64"), x.cast("f32"), x.cast("bool"), x.cast("bool").cast("i32").cast("f64"), x.cast("u8")],
      f64([2.9, 0, 0.1]),
    );
    expect(r.map((y) => y.dtype)).toEqual(["i32", "i64", "f32", "bool", "f64", "u8"]);
    expect(r.map((y) => nd.toNumbers(y))).toEqual([[2, 0, 0], [2, 0, 0], [2.9, 0, 0.1].map(Math.fround), [1, 0, 1], [1, 0, 1], [2, 0, 0]]);
  });

  test("a constant has the precision of its dtype", async () => {
    const r = await run((x: Tensor) => t.constant(nd.array(0.1, "f32")).cast("f64").add(x).sub(t.scalar(0.1, "f32").cast("f64")), f64([0]));
    expect(nd.toNumbers(r)).toEqual([0]);
    const s = await run((x: Tensor) => x.add(t.scalar(0.1, "f32").cast("f64")), f64([0]));
    expect(nd.toNumbers(s)).toEqual([Math.fround(0.1)]);
  });

  test("a fraction does not silently become an integer", async () => {
    await expect(run((x: Tensor) => x.mul(0.5), i32([2, 4]))).rejects.toThrow(/mul: .*0\.5.*i32/);
  });

  test("the derivative of a cast to integers and back is zero", async () => {
    const f = (x: Tensor): Tensor => x.cast("i32").cast("f64").add(x).sum();
    expect(nd.toNumbers(await run(t.grad(f), f64([1.5, 2.5])))).toEqual([1, 1]);
  });
});

test("elu of many numbers is that of few, to rounding, and NaN and infinities come through", async () => {
  const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1e-4, -200, 3];
  const x = Float32Array.from({ length: 2 ** 13 }, (_, i) => special[i] ?? 8 * Math.sin(i));
  const found = nd.toNumbers(await t.jit((x: Tensor) => t.elu(x))(nd.ndarray(x, [x.length], "f32")));
  const expected = Array.from(x, (v) => (v > 0 ? v : Math.expm1(v)));
  // e^x and its difference from 1 are rounded to 2⁻²⁴ each
  found.forEach(
    (v, i) => void expect(Number.isFinite(expected[i]) ? Math.abs(v - expected[i]) < 2 ** -22 : Object.is(v, expected[i])).toBe(true),
  );
});
