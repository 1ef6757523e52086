import { expect, test } from "vitest";
import type { NdArray, Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { checkDerivatives } from "./check.ts";

const rng = pf.randomStream(7);
const normal = (...shape: number[]): NdArray => rng.normal(shape, "f64");
const positive = (...shape: number[]): NdArray => {
  const a = rng.normal(shape, "f64");
  return pf.ndarray(
    (a.data as Float64Array).map((v) => 0.3 + Math.abs(v)),
    shape,
    "f64",
  );
};
const inside = (...shape: number[]): NdArray => {
  const a = rng.normal(shape, "f64");
  return pf.ndarray(
    (a.data as Float64Array).map((v) => 0.8 * Math.tanh(v)),
    shape,
    "f64",
  );
};
type Case = [name: string, f: (...xs: Tensor[]) => Tensor, args: NdArray[]];

const unary: Case[] = [
  ...(
    [
      pf.neg,
      pf.square,
      pf.exp,
      pf.expm1,
      pf.sin,
      pf.cos,
      pf.tan,
      pf.atan,
      pf.sinh,
      pf.cosh,
      pf.asinh,
      pf.tanh,
      pf.sigmoid,
    ] as const
  ).map((f, i): Case => [`unary ${i}`, f, [inside(2, 3)]]),
  ...([pf.softplus, pf.silu, pf.gelu, pf.erf, pf.logSigmoid, pf.relu, pf.abs] as const).map(
    (f, i): Case => [`activation ${i}`, f, [normal(2, 3)]],
  ),
  ...([pf.log, pf.sqrt, pf.rsqrt, pf.reciprocal, pf.log1p] as const).map((f, i): Case => [`positive ${i}`, f, [positive(2, 3)]]),
  ...([pf.asin, pf.acos, pf.atanh] as const).map((f, i): Case => [`inside ${i}`, f, [inside(2, 3)]]),
];
const others: Case[] = [
  ["add and sub broadcast", (a, b) => a.add(b).sub(b.mul(3)), [normal(2, 3), normal(3)]],
  ["mul and div broadcast", (a, b) => a.mul(b).div(b.add(a)), [positive(2, 3), positive(2, 1)]],
  ["pow", (a, b) => pf.pow(a, b).add(pf.pow(a, 3)).add(pf.pow(a, -1.5)), [positive(2, 3), normal(2, 3)]],
  ["extrema", (a, b) => pf.maximum(a, b).add(pf.minimum(a, 0.1)), [normal(2, 3), normal(2, 3)]],
  ["where", (a, b) => pf.where(pf.less(a, b), a.square(), b.exp()), [normal(2, 3), normal(3)]],
  ["sum, mean, max, min", (a) => a.sum(0).add(a.mean(1, true)).add(a.max()).add(a.min(0)), [normal(3, 3)]],
  ["prod and variance", (a) => pf.prod(a, 1).add(pf.variance(a, 1)), [normal(2, 5)]],
  ["logsumexp and cumlogsumexp", (a) => pf.cumlogsumexp(a).add(pf.logsumexp(a, 1, true)), [normal(2, 5)]],
  ["softmax and logSoftmax", (a) => pf.softmax(a).add(pf.logSoftmax(a, 0)), [normal(3, 4)]],
  ["standardize", (a) => pf.standardize(a), [normal(2, 5)]],
  ["cumsum", (a) => pf.cumsum(a.square(), 0).add(pf.cumsum(a, 1, true)), [normal(3, 4)]],
  ["matmul", (a, b) => a.matmul(b), [normal(2, 3, 4), normal(4, 2)]],
  ["matmul with broadcast batches", (a, b) => a.matmul(b).matmul(b.transpose()), [normal(3, 4), normal(2, 4, 2)]],
  ["einsum", (a, b) => pf.einsum("bij,bjk->bki", a, b), [normal(2, 3, 4), normal(2, 4, 2)]],
  ["shapes", (a) => pf.concat([pf.flip(a, 0), a.transpose().reshape([3, 4])], 1).slice([0, 3, 2], [7, 0, -2]), [normal(3, 4)]],
  [
    "pad and split",
    (a) =>
      pf.pad(pf.split(a, 2, 1)[1].square(), [
        [1, 2],
        [-1, 1],
      ]),
    [normal(3, 4)],
  ],
  ["tril, triu, diagonal", (a) => pf.tril(a).add(pf.triu(a.square(), 1)).add(pf.diagonal(a)), [normal(3, 3)]],
  [
    "take and scatterAdd",
    (a) => pf.scatterAdd(a, pf.array([0, 2, 0], "i32"), pf.take(a.square(), pf.array([1, 1, 2], "i32"))),
    [normal(3, 2)],
  ],
  ["takeAlong and sort", (a) => pf.takeAlong(a.square(), pf.array([[0, 0, 2]], "i32")).add(pf.sort(a)), [normal(2, 3)]],
  [
    "convolution in one and two dimensions",
    (x, w) => pf.conv(x, w, { padding: 1, strides: 2 }),
    [normal(2, 2, 5, 4), normal(4, 2, 3, 3)],
  ],
  ["grouped dilated convolution", (x, w) => pf.conv(x, w, { groups: 2, dilation: 2 }), [normal(1, 4, 7), normal(2, 2, 3)]],
  ["transposed convolution", (y, w) => pf.convTranspose(y, w, { strides: 2, padding: 1 }), [normal(1, 3, 3), normal(3, 2, 4)]],
  ["pooling", (x) => pf.avgPool(x, 2).add(pf.maxPool(x, 2)), [normal(1, 2, 4, 4)]],
  [
    "overlapping pooling",
    (x) => pf.maxPool(x, 3, { strides: 2, padding: 1 }).add(pf.avgPool(x, 3, { strides: 2, padding: 1 })),
    [normal(1, 1, 5, 5)],
  ],
  ["resizing", (x) => pf.resizeBilinear(pf.resizeNearest(x, 2), [3, 5]), [normal(1, 1, 2, 3)]],
  [
    "solve, inverse, slogdet",
    (a, b) => pf.solve(a, b).add(pf.inverse(a).matmul(b)).add(pf.slogdet(a).logAbs),
    [normal(5, 5), normal(5, 2)],
  ],
  [
    "cholesky and triangularSolve",
    (a, b) => pf.triangularSolve(pf.cholesky(a.matmul(a.transpose()).add(pf.eye(5, a.dtype as "f64"))), b),
    [normal(5, 5), normal(5)],
  ],
  [
    "scan",
    (a, x) => pf.scan((c: Tensor, v: Tensor) => ({ carry: pf.tanh(c.mul(v).add(a)), y: c }), a, x).ys as Tensor,
    [normal(2), normal(4, 2)],
  ],
  ["checkpoint", (a) => pf.checkpoint((x: Tensor) => pf.silu(x).square())(a), [normal(3)]],
];

test.each(unary)("derivatives of %s", async (_, f, args) => {
  await checkDerivatives(f, args);
});
test.each(others)("derivatives of %s", async (_, f, args) => {
  await checkDerivatives(f, args);
});

test("the third derivative of sin(x²) is its closed form", async () => {
  const f = (x: Tensor): Tensor => pf.sin(x.square());
  const x = 0.7;
  const third = pf.item(await pf.jit((t: Tensor) => pf.grad(pf.grad(pf.grad(f)))(t))(pf.array(x, "f64")));
  expect(third).toBeCloseTo(-12 * x * Math.sin(x * x) - 8 * x ** 3 * Math.cos(x * x), 10);
});

test("an inner derivative does not see the outer variable", async () => {
  const f = (x: Tensor): Tensor => x.mul(pf.grad((y: Tensor) => x.add(y))(x));
  expect(pf.item(await pf.jit(pf.grad(f))(2))).toBe(1);
});

test("the forward Laplacian is the trace of the Hessian", async () => {
  const w = [normal(3, 8), normal(8, 8), normal(8)];
  const f = (x: Tensor): Tensor =>
    pf.logsumexp(pf.silu(pf.tanh(x.matmul(w[0])).matmul(w[1])).mul(w[2]), -1).mul(pf.exp(x.square().sum(-1).neg()));
  const x = normal(4, 3);
  const forward = await pf.jit(pf.laplacian(f))(x);
  const trace = await pf.jit(pf.vmap((row: Tensor) => pf.diagonal(pf.hessian(f)(row)).sum()))(x);
  const gradient = await pf.jit(pf.grad((z: Tensor) => f(z).sum()))(x);
  pf.toNumbers(trace).forEach((v, i) => expect(pf.toNumbers(forward.laplacian)[i]).toBeCloseTo(v, 10));
  pf.toNumbers(gradient).forEach((v, i) => expect(pf.toNumbers(forward.gradient)[i]).toBeCloseTo(v, 12));
});

test("a custom rule replaces the derivative, and its transpose serves forward mode", async () => {
  const f = pf.customVjp(
    (x: Tensor) => x.square(),
    ([x], ct) => [ct.mul(x).mul(10)],
  );
  const [back, [, forward]] = await pf.jit((x: Tensor) => [pf.grad(f)(x), pf.jvp(f, [x], [pf.scalar(1, "f32")])] as const)(3);
  expect([pf.item(back), pf.item(forward)]).toEqual([30, 30]);
});

test("a while loop iterates inside the run and has a forward derivative", async () => {
  // Newton's iteration for √a; d√a/da = 1 / (2√a).
  const root = (a: Tensor): Tensor =>
    pf.whileLoop(
      (x: Tensor) => pf.greater(pf.abs(x.square().sub(a)), 1e-12),
      (x) => x.add(a.div(x)).mul(0.5),
      pf.scalar(1, "f64"),
    );
  const [y, dy] = await pf.jit((a: Tensor) => pf.jvp(root, [a], [pf.scalar(1, "f64")]))(pf.array(2, "f64"));
  expect(pf.item(y)).toBeCloseTo(Math.SQRT2, 12);
  expect(pf.item(dy)).toBeCloseTo(1 / (2 * Math.SQRT2), 6);
});

test("errors name the operation, the shapes and the line of the program", async () => {
  const bad = pf.jit((a: Tensor, b: Tensor) => a.matmul(b));
  await expect(bad(pf.array([[1, 2]]), pf.array([[1, 2]]))).rejects.toThrow(
    /matmul: inner lengths differ: got f32\[1, 2\] and f32\[1, 2\] \(at .*derivatives\.test\.ts:\d+/,
  );
  await expect(pf.jit(pf.grad((x: Tensor) => x))(pf.array([1, 2]))).rejects.toThrow(/must return a scalar/);
  await expect(pf.jit(pf.grad((x: Tensor) => pf.cast(x, "f32")))(pf.array(1, "i32"))).rejects.toThrow(/with respect to floats/);
});
