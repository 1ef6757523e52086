/**
 * First derivatives where they are delicate: at 0, ±∞, NaN, ties and very large values, in f32 and f64, by reverse and by forward mode. A
 * line states a point and the partial derivatives there: what the calculus gives, or its limit; where there is none, JAX's value. "ours:"
 * says where and why we differ.
 */
import { expect, test } from "vitest";
import { toNumbers } from "../../src/array/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { f32, f64, run } from "./check.ts";

const I = Number.POSITIVE_INFINITY;
const N = Number.NaN;
const { E, LN2, PI, SQRT2 } = Math;

// --- elementwise: name, function, then points with their partials ----------------------------------------------------------------

type Fn = (...xs: Tensor[]) => Tensor;
type Point = readonly [at: readonly number[], partials: readonly number[], why?: string];

const one = (x: number, d: number, why?: string): Point => [[x], [d], why];
const two = (a: number, b: number, da: number, db: number, why?: string): Point => [[a, b], [da, db], why];
const flat = [one(0, 0), one(1.5, 0), one(I, 0), one(N, 0)];
const cdf1 = 0.8413447460685429;
const pdf1 = Math.exp(-0.5) / Math.sqrt(2 * PI);

const elementwise: Record<string, readonly [Fn, ...Point[]]> = {
  abs: [t.abs, one(0, 0), one(-2, -1), one(I, 1), one(-I, -1), one(N, N)],
  sign: [t.sign, ...flat],
  floor: [t.floor, ...flat],
  ceil: [t.ceil, ...flat],
  round: [t.round, ...flat],
  stopGradient: [t.stopGradient, ...flat],
  neg: [t.neg, one(0, -1), one(I, -1), one(N, -1)],
  square: [t.square, one(0, 0), one(1e19, 2e19), one(-I, -I), one(N, N)],
  sqrt: [t.sqrt, one(0, I), one(4, 0.25), one(I, 0), one(-1, N), one(N, N)],
  rsqrt: [t.rsqrt, one(0, -I), one(4, -1 / 16), one(I, 0), one(N, N)],
  reciprocal: [t.reciprocal, one(0, -I), one(2, -0.25), one(-I, 0), one(N, N)],
  exp: [t.exp, one(0, 1), one(1, E), one(I, I), one(-I, 0), one(N, N)],
  expm1: [t.expm1, one(0, 1), one(2 ** -30, 1 + 2 ** -30), one(1, E), one(I, I), one(-I, 0), one(N, N)],
  log: [t.log, one(0, I), one(2, 0.5), one(I, 0), one(-1, -1, "JAX: 1/x, though log x is NaN"), one(N, N)],
  log1p: [t.log1p, one(-1, I), one(0, 1), one(1, 0.5), one(I, 0), one(N, N)],
  erf: [t.erf, one(0, 2 / Math.sqrt(PI)), one(1, 2 / Math.sqrt(PI) / E), one(1e20, 0), one(I, 0), one(N, N)],
  sin: [t.sin, one(0, 1), one(1, Math.cos(1)), one(I, N), one(N, N)],
  cos: [t.cos, one(0, 0), one(1, -Math.sin(1)), one(I, N), one(N, N)],
  tan: [t.tan, one(0, 1), one(1, 1 + Math.tan(1) ** 2), one(I, N), one(N, N)],
  asin: [t.asin, one(0, 1), one(0.5, 2 / Math.sqrt(3)), one(1, I), one(-1, I), one(2, N), one(N, N)],
  acos: [t.acos, one(0, -1), one(0.5, -2 / Math.sqrt(3)), one(1, -I), one(-1, -I), one(2, N), one(N, N)],
  atan: [t.atan, one(0, 1), one(1, 0.5), one(1e30, 1e-60), one(-I, 0), one(N, N)],
  tanh: [t.tanh, one(0, 1), one(1, 1 - Math.tanh(1) ** 2), one(1000, 0), one(-I, 0), one(N, N)],
  sinh: [t.sinh, one(0, 1), one(1, Math.cosh(1)), one(-89, Math.cosh(89), "e^89 overflows f32"), one(-I, I), one(N, N)],
  cosh: [t.cosh, one(0, 0), one(1, Math.sinh(1)), one(-89, Math.sinh(-89)), one(-I, -I), one(N, N)],
  asinh: [t.asinh, one(0, 1), one(1, 1 / SQRT2), one(-(2 ** 70), 2 ** -70, "ours: JAX's 1/√(x² + 1) is 0 in f32"), one(I, 0), one(N, N)],
  acosh: [
    t.acosh,
    one(1, I),
    one(1 + 2 ** -20, 1 / Math.sqrt(2 ** -19 + 2 ** -40)),
    one(2 ** 70, 2 ** -70),
    one(I, 0),
    one(0.5, N),
    one(N, N),
  ],
  atanh: [t.atanh, one(0, 1), one(0.5, 4 / 3), one(1 - 2 ** -20, 1 / (2 ** -19 - 2 ** -40)), one(1, I), one(-1, I), one(N, N)],
  sigmoid: [t.sigmoid, one(0, 0.25), one(1000, 0), one(-1000, 0), one(I, 0), one(N, N)],
  softplus: [t.softplus, one(0, 0.5), one(1e7, 1), one(-1e7, 0), one(I, 1), one(-I, 0), one(N, N)],
  logSigmoid: [t.logSigmoid, one(0, 0.5), one(1e7, 0), one(-1e7, 1), one(I, 0), one(-I, 1), one(N, N)],
  silu: [t.silu, one(0, 0.5), one(1000, 1), one(-1000, 0), one(I, N, "∞ · 0, as in JAX"), one(-I, N), one(N, N)],
  gelu: [t.gelu, one(0, 0.5), one(1, cdf1 + pdf1), one(1000, 1), one(-1000, 0), one(I, N, "∞ · 0, as in JAX"), one(N, N)],
  elu: [t.elu, one(0, 1), one(1, 1), one(-1, 1 / E), one(1e7, 1), one(-1e7, 0), one(I, 1), one(-I, 0), one(N, N)],
  relu: [t.relu, one(0, 0), one(1, 1), one(I, 1), one(-I, 0), one(N, 0)],
  cast: [(x) => t.cast(t.cast(x, "f32"), x.dtype as "f32"), one(0, 1), one(I, 1), one(N, 1)],
  add: [t.add, two(1, 2, 1, 1), two(I, -I, 1, 1), two(N, 0, 1, 1)],
  sub: [t.sub, two(1, 2, 1, -1), two(I, I, 1, -1), two(N, 0, 1, -1)],
  mul: [t.mul, two(2, 3, 3, 2), two(0, I, I, 0), two(N, 0, 0, N)],
  div: [
    t.div,
    ...[two(1, 2, 0.5, -0.25), two(1, 0, I, -I), two(0, 0, I, N), two(1, I, 0, 0), two(I, I, 0, N), two(N, 1, 1, N)],
    two(2 ** 100, 2 ** 80, 2 ** -80, -(2 ** -60), "ours: y / b; JAX squares b, which overflows f32"),
  ],
  maximum: [
    t.maximum,
    two(1, 1, 1, 0, "ours: at a tie the first; JAX ½ each"),
    two(1, 2, 0, 1),
    two(I, I, 1, 0),
    two(N, 1, 0, 0),
    two(1, N, 0, 0),
  ],
  minimum: [
    t.minimum,
    two(1, 1, 1, 0, "ours: at a tie the first; JAX ½ each"),
    two(1, 2, 1, 0),
    two(-I, 1, 1, 0),
    two(N, 1, 0, 0),
    two(1, N, 0, 0),
  ],
  clamp: [(x) => t.clamp(x, -1, 1), one(0, 1), one(1, 1, "ours: a bound is inside"), one(-1, 1), one(2, 0), one(-I, 0), one(N, 0)],
  pow: [
    t.pow,
    ...[two(2, 0, 0, LN2), two(0, 0, 0, 0), two(2, 3, 12, 8 * LN2), two(4, 0.5, 0.25, 2 * Math.log(4))],
    ...[two(0, 1, 1, 0), two(0, 2, 0, 0), two(0, 0.5, I, 0), two(0, -1, -I, N), two(-2, 2, -4, N), two(-2, 0, 0, N)],
    ...[
      two(I, 2, I, I),
      two(I, 0, 0, I),
      two(N, 0, 0, N),
      two(1, I, I, 0),
      two(1, N, N, 0, "1^p = 1 for every p"),
      two(2 ** 40, 2, 2 ** 41, 2 ** 80 * 40 * LN2),
    ],
  ],
  "pow of one half": [(x) => t.pow(x, 0.5), one(0, I), one(4, 0.25)],
  "pow of zero": [(x) => t.pow(x, 0), one(0, 0), one(N, 0), one(I, 0)],
  "pow of minus one": [(x) => t.pow(x, -1), one(0, -I), one(2, -0.25)],
  logAddExp: [
    t.logAddExp,
    ...[two(-1e7, -1e7, 0.5, 0.5), two(1e5, 1e5, 0.5, 0.5), two(1e7, 1e7 + 1, 1 / (1 + E), E / (1 + E)), two(0, -I, 1, 0)],
    ...[two(-I, -I, 0, 0, "ours: no weight; JAX NaN"), two(I, 0, 1, 0, "ours: the limit; JAX NaN"), two(N, 0, N, N)],
  ],
  where: [(a, b) => t.where(t.greater(a, 0), a, b), two(1, N, 1, 0), two(-1, I, 0, 1), two(N, 1, 0, 1)],
  "where over an undefined branch": [
    (x) => t.where(t.greater(x, 0), t.log(t.where(t.greater(x, 0), x, 1)), 0),
    one(0, 0),
    one(2, 0.5),
    one(-1, 0),
  ],
};

/** f32 kernels are right to a few roundings (6e-8); the derivative of erf amplifies that of x² by 2. */
const tolerance = { f32: 2e-6, f64: 1e-13 };

function expectSame(actual: number, expected: number, dtype: "f32" | "f64", what: string): void {
  const wanted = dtype === "f32" ? Math.fround(expected) : expected;
  const limit = tolerance[dtype] * Math.abs(wanted);
  const same = Object.is(actual, wanted) || Math.abs(actual - wanted) <= limit;
  if (!same) expect.fail(`${what}: ${actual} is not ${expected}`);
}

for (const dtype of ["f32", "f64"] as const)
  test.each(Object.entries(elementwise))(
    `%s has the derivatives of the calculus at its delicate points (${dtype})`,
    async (name, [f, ...points]) => {
      const arity = points[0][0].length;
      const make = dtype === "f32" ? f32 : f64;
      const columns = Array.from({ length: arity }, (_, i) => make(points.map(([at]) => at[i])));
      const ones = (x: Tensor): Tensor => t.scalar(1, dtype).broadcastTo(x.shape);
      const program = (...xs: Tensor[]) => ({
        reverse: xs.map((x, i) => t.grad((z: Tensor) => t.sum(f(...xs.with(i, z))))(x)),
        forward: xs.map((x, i) => t.jvp((z: Tensor) => f(...xs.with(i, z)), [x], [ones(x)])[1]),
      });
      const results = await run(program, ...columns);
      for (const [mode, partials] of Object.entries(results))
        partials
          .map(toNumbers)
          .forEach((values, i) =>
            points.forEach(([at, expected], k) => expectSame(values[k], expected[i], dtype, `${mode} ∂${i} ${name}(${at.join(", ")})`)),
          );
    },
  );

// --- of vectors: name, function to a number, the vector, its gradient --------------------------------------------------------------

type Row = readonly [name: string, f: (x: Tensor) => Tensor, x: readonly number[], gradient: readonly number[], why?: string];

const matrix = (x: Tensor, n = Math.sqrt(x.size)): Tensor => x.reshape([x.size / n, n]);
const image = (x: Tensor): Tensor => x.reshape([1, 1, 1, x.size]);
const first = (x: Tensor): Tensor => x.reshape([x.size]).slice(0);
/** Σ_i i y_i, i from 1: tells the elements apart. */
const weighted = (y: Tensor): Tensor => t.sum(y.reshape([y.size]).mul(t.iota(y.size, y.dtype as "f32").add(1)));
const kernel = (x: Tensor): Tensor => t.cast(t.constant(f64([1, 10], [1, 1, 1, 2])), x.dtype as "f32");
const pairs = { space: [1, 3], kernel: [1, 2], strides: [1, 1], dilation: [1, 1], low: [0, 0], high: [0, 0], groups: 1 };

const vectors: readonly Row[] = [
  ["sum", (x) => t.sum(x), [1, I, N], [1, 1, 1]],
  ["mean", (x) => t.mean(x), [1, I, N, 2], [0.25, 0.25, 0.25, 0.25]],
  ["variance", (x) => t.variance(x), [1, 2, 3], [-2 / 3, 0, 2 / 3]],
  ["variance", (x) => t.variance(x), [1, 1, 1], [0, 0, 0]],
  ["max", (x) => t.max(x), [1, 3, 3], [0, 0.5, 0.5], "elements that tie share alike, as in JAX"],
  ["max", (x) => t.max(x), [1, N, 2], [N, N, N]],
  ["max", (x) => t.max(x), [-I, -I], [0.5, 0.5]],
  ["min", (x) => t.min(x), [3, 1, 1, 1], [0, 1 / 3, 1 / 3, 1 / 3]],
  ["min", (x) => t.min(x), [1, 2, N], [N, N, N]],
  ["prod", (x) => t.prod(x), [0, 2, 3], [6, 0, 0]],
  ["prod", (x) => t.prod(x), [0, 0, 3], [0, 0, 0]],
  ["logsumexp", (x) => t.logsumexp(x), [-1e7, -1e7], [0.5, 0.5]],
  ["logsumexp", (x) => t.logsumexp(x), [1e5, 1e5, 1e5, -I], [1 / 3, 1 / 3, 1 / 3, 0]],
  ["logsumexp", (x) => t.logsumexp(x), [-I, -I], [0, 0], "ours: no weight anywhere; JAX NaN"],
  ["logsumexp", (x) => t.logsumexp(x), [I, 0, I], [0.5, 0, 0.5], "ours: the limit; JAX NaN"],
  ["logsumexp", (x) => t.logsumexp(x), [0, 1, N], [N, N, N]],
  ["softmax", (x) => t.softmax(x).slice(0), [1e7, 1e7], [0.25, -0.25]],
  ["softmax", (x) => t.softmax(x).slice(0), [0, -I], [0, 0]],
  ["softmax", (x) => t.softmax(x).slice(0), [0, N], [N, N]],
  ["logSoftmax", (x) => t.logSoftmax(x).slice(0), [1e7, 1e7], [0.5, -0.5]],
  ["logSoftmax", (x) => t.logSoftmax(x).slice(0), [0, -1000], [0, 0]],
  ["logSoftmax", (x) => t.logSoftmax(x).slice(0), [0, N], [N, N]],
  ["standardize", (x) => t.standardize(x, 1).slice(0), [1, 1], [0.5, -0.5], "a constant row: (I - 1/n) / √ε"],
  ["rmsStandardize", (x) => t.rmsStandardize(x, 1).slice(0), [1, 1], [0.75 / Math.SQRT2, -0.25 / Math.SQRT2], "(I - y yᵀ / n) / √2"],
  ["cumsum", (x) => weighted(t.cumsum(x)), [I, N, 0], [6, 5, 3]],
  ["cumlogsumexp", (x) => t.cumlogsumexp(x).slice(-1), [-1e7, -1e7, -1e7, -1e7], [0.25, 0.25, 0.25, 0.25]],
  ["cumlogsumexp", (x) => t.cumlogsumexp(x).slice(-1), [-I, -I, 0], [0, 0, 1]],
  ["sort", (x) => weighted(t.sort(x)), [3, 1, 2], [3, 1, 2]],
  ["sort", (x) => weighted(t.sort(x)), [2, 2, 1], [2, 3, 1], "ties keep their order"],
  ["sort", (x) => weighted(t.sort(x)), [N, 1, I, -I], [4, 2, 3, 1], "NaN is last"],
  ["topK", (x) => t.topK(x, 1).values.slice(0), [2, 5, 5], [0, 1, 0]],
  ["topK", (x) => t.topK(x, 1).values.slice(0), [2, I, N], [0, 0, 1], "NaN is first"],
  ["take", (x) => weighted(t.take(x, t.constant({ dtype: "i32", shape: [3], data: Int32Array.of(0, 0, -1) }))), [N, 1, I], [3, 0, 3]],
  ["takeAlong", (x) => weighted(t.takeAlong(x, t.constant({ dtype: "i32", shape: [2], data: Int32Array.of(2, 2) }))), [N, 1, I], [0, 0, 3]],
  ["scatterAdd", (x) => weighted(t.scatterAdd(x, t.scalar(1, "i32"), x.slice(0))), [N, 1, I], [3, 2, 3]],
  ["dot", (x) => t.dot(x, x), [0, 3, I], [0, 6, I]],
  ["matmul", (x) => t.sum(matrix(x).matmul(matrix(x))), [0, 1, 2, 3], [3, 7, 5, 9]],
  ["outer", (x) => t.sum(t.outer(x, x)), [1, 2], [6, 6]],
  ["einsum", (x) => t.einsum("i,i->", x, x), [1, -2], [2, -4]],
  ["det", (x) => t.det(matrix(x)), [1, 2, 2, 4], [4, -2, -2, 1], "cofactors"],
  ["det", (x) => t.det(matrix(x)), [0, 0, 0, 0], [0, 0, 0, 0]],
  ["det", (x) => t.det(matrix(x)), [1, 2, 3, 4, 5, 6, 7, 8, 9], [-3, 6, -3, 6, -12, 6, -3, 6, -3]],
  ["det", (x) => t.det(matrix(x)), [0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -24, 0, 0, 0]],
  ["slogdet", (x) => t.slogdet(matrix(x)).logAbs, [2, 0, 0, 4], [0.5, 0, 0, 0.25]],
  ["slogdet", (x) => t.slogdet(matrix(x)).logAbs, [1, 2, 2, 4], [I, -I, -I, I], "A⁻ᵀ, which has no finite value"],
  ["inverse", (x) => t.sum(t.inverse(matrix(x))), [2, 0, 0, 4], [-0.25, -0.125, -0.125, -0.0625]],
  ["inverse", (x) => t.sum(t.inverse(matrix(x))), [0, 0, 0, 0], [N, N, N, N]],
  ["solve", (x) => t.sum(t.solve(matrix(x), t.iota(2, x.dtype as "f32"))), [2, 0, 0, 4], [0, -0.125, 0, -0.0625]],
  ["solve", (x) => t.sum(t.solve(matrix(x), t.iota(2, x.dtype as "f32"))), [0, 0, 0, 0], [N, N, N, N]],
  ["cholesky", (x) => t.sum(t.cholesky(matrix(x))), [4, 0, 0, 16], [0.25, 0.25, 0.25, 0.125]],
  ["cholesky", (x) => t.sum(t.cholesky(matrix(x))), [1, 2, 2, 4], [N, N, N, N], "a pivot of 0"],
  ["triangularSolve", (x) => t.sum(t.triangularSolve(matrix(x), t.iota(2, x.dtype as "f32"))), [2, 9, 0, 4], [0, 0, 0, -0.0625]],
  ["maxPool", (x) => t.sum(t.maxPool(image(x), [1, 2])), [1, 1, 2, 3], [0.5, 0.5, 0, 1]],
  ["maxPool", (x) => t.sum(t.maxPool(image(x), [1, 2], { strides: 1 })), [3, 1, 1], [1, 0.5, 0.5]],
  ["maxPool", (x) => t.sum(t.maxPool(image(x), [1, 2])), [1, N, 2, 3], [N, N, 0, 1]],
  ["avgPool", (x) => t.sum(t.avgPool(image(x), [1, 2])), [1, N, I, 3], [0.5, 0.5, 0.5, 0.5]],
  ["conv", (x) => weighted(t.conv(image(x), kernel(x))), [1, I, N], [1, 12, 20]],
  ["convTranspose", (x) => weighted(t.convTranspose(image(x), kernel(x))), [1, I], [21, 32]],
  ["patches", (x) => t.sum(t.patches(image(x), pairs)), [1, N, 3], [1, 2, 1]],
  ["resizeNearest", (x) => weighted(t.resizeNearest(x.reshape([1, 1, 2]), 2)), [N, 1], [3, 7]],
  ["resizeBilinear", (x) => weighted(t.resizeBilinear(x.reshape([1, 1, 2]), [4])), [0, 1], [3.25, 6.75]],
  ["broadcastTo", (x) => weighted(t.broadcastTo(x, [2, 2])), [N, 1], [4, 6]],
  ["reshape", (x) => weighted(t.reshape(x, [2, 1])), [N, 1], [1, 2]],
  ["expandDims", (x) => weighted(t.expandDims(x, 0)), [N, 1], [1, 2]],
  ["squeeze", (x) => weighted(t.squeeze(x.reshape([1, 2]), 0)), [N, 1], [1, 2]],
  ["transpose", (x) => weighted(t.transpose(matrix(x))), [N, 1, 2, 3], [1, 3, 2, 4]],
  ["moveAxis", (x) => weighted(t.moveAxis(matrix(x), 0, 1)), [N, 1, 2, 3], [1, 3, 2, 4]],
  ["concat", (x) => weighted(t.concat([x, x])), [N, 1], [4, 6]],
  ["stack", (x) => weighted(t.stack([x, x])), [N, 1], [4, 6]],
  ["split", (x) => weighted(t.split(x, 2)[1]), [N, 1], [0, 1]],
  ["slice", (x) => weighted(t.slice(x, [1, null])), [N, 1, I], [0, 1, 2]],
  ["pad", (x) => weighted(t.pad(x, [[1, 1]], N)), [I, 1], [2, 3]],
  ["flip", (x) => weighted(t.flip(x, 0)), [N, 1, 2], [3, 2, 1]],
  ["tril", (x) => weighted(t.tril(matrix(x))), [1, N, 2, I], [1, 0, 3, 4]],
  ["triu", (x) => weighted(t.triu(matrix(x))), [1, 2, N, I], [1, 2, 0, 4]],
  ["diagonal", (x) => weighted(t.diagonal(matrix(x))), [1, N, N, I], [1, 0, 0, 2]],
  ["scan", (x) => t.scan((c: Tensor) => ({ carry: c.mul(c) }), first(x), 2).carry, [0, N], [0, 0]],
  [
    "cond",
    (x) =>
      t.cond(
        t.greater(x.slice(0), 0),
        (z: Tensor) => t.sum(z.square()),
        (z: Tensor) => t.sum(z),
        x,
      ),
    [1, I],
    [2, I],
  ],
  ["checkpoint", (x) => t.checkpoint((z: Tensor) => t.sum(t.sqrt(z)))(x), [0, 4], [I, 0.25]],
  [
    "customVjp",
    (x) =>
      t.customVjp(
        (z: Tensor) => t.sum(z),
        ([z], ct) => [z.mul(ct)],
      )(x),
    [3, 4],
    [3, 4],
  ],
  [
    "lowPrecision",
    (x) => t.sum(t.cast(t.lowPrecision("bf16", (z: Tensor) => z.square())(t.cast(x, "f32")), x.dtype as "f32")),
    [3, 0.5],
    [6, 1],
  ],
  [
    "fullPrecision", // 2 (1 + 2⁻¹⁰) has more digits than bf16 keeps
    (x) =>
      t.sum(
        t.lowPrecision(
          "bf16",
          t.fullPrecision((z: Tensor) => z.square()),
        )(x),
      ),
    [1 + 2 ** -10, 3],
    [2 + 2 ** -9, 6],
  ],
];

for (const dtype of ["f32", "f64"] as const)
  test.each(vectors.map((row) => [row[0], row[2].join(", "), row] as const))(
    `the gradient of %s at [%s] (${dtype})`,
    async (name, _, [, f, x, gradient]) => {
      const at = (dtype === "f32" ? f32 : f64)(x);
      const ones = (z: Tensor): Tensor => t.scalar(1, dtype).broadcastTo(z.shape);
      const r = await run((z: Tensor) => ({ reverse: t.grad(f)(z), forward: t.jvp(f, [z], [ones(z)])[1] }), at);
      toNumbers(r.reverse).forEach((g, i) => expectSame(g, gradient[i], dtype, `∂${i} ${name}`));
      // Along the diagonal: the sum of the partials.
      const total = gradient.reduce((a, b) => a + b, 0);
      expectSame(toNumbers(r.forward)[0], total, dtype, `forward mode of ${name} along ones`);
    },
  );

/** What has no derivative, or is no function of tensors. */
const without =
  `all and any argmax argmin argsort equal greater greaterEqual less lessEqual isFinite isNaN not notEqual or xor oneHot whileLoop constant eye iota
  carryLaplacian parseFormula scalar Tensor configure grad hessian hvp jacobian jit jvp laplacian like outSizes trace traceUses valueAndGrad vjp vmap
  zerosLike`.split(/\s+/);

test("every function that the engine exports is in the table, or has no derivative", () => {
  const covered = new Set([...Object.keys(elementwise), ...vectors.map(([name]) => name), ...without]);
  expect(Object.keys(t).filter((name) => !covered.has(name))).toEqual([]);
});

test("the mixed second derivative of x^p holds at p = 0: ∂²/∂x∂p x^p = 1/x", async () => {
  const mixed = (x: Tensor, p: Tensor): Tensor => t.grad((q: Tensor) => t.grad((z: Tensor) => t.pow(z, q))(x))(p);
  const r = await run((x: Tensor, p: Tensor) => mixed(x, p), f64([4], []), f64([0], []));
  expect(toNumbers(r)).toEqual([0.25]);
});
