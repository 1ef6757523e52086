/** fromOnnx(toOnnx(f)) = f: values and gradients, for random expressions and for the programs that have operators of their own. */

import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as onnx from "../../src/onnx/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import fc from "../property.ts";

/** Checks value and gradient of a function of tensors of f64 against its model. */
async function roundTrip(f: (...xs: Tensor[]) => Tensor, args: readonly NdArray[], tolerance: number): Promise<void> {
  const model = onnx.fromOnnx(onnx.toOnnx(f, args));
  const read = (p: Record<string, Tensor>, xs: Tensor[]): Tensor => model.apply(p, ...xs)[0];
  const floats = (xs: Tensor[]): Tensor[] => xs.filter((x) => x.dtype === "f64" || x.dtype === "f32");
  const fill = (xs: Tensor[], fs: Tensor[]): Tensor[] => {
    const next = [...fs];
    return xs.map((x) => (floats([x]).length ? (next.shift() as Tensor) : x));
  };
  const program = pf.jit((p: Record<string, Tensor>, xs: Tensor[]) => {
    const weights = (y: Tensor): Tensor => pf.cos(pf.iota(y.size, "f32").cast(y.dtype)).reshape(y.shape);
    const gradient = (g: (xs: Tensor[]) => Tensor): Tensor[] =>
      pf.grad((fs: Tensor[]) => {
        const y = g(fill(xs, fs));
        return y.mul(weights(y)).sum();
      })(floats(xs));
    return [
      { y: f(...xs), gradient: gradient((z) => f(...z)) },
      { y: read(p, xs), gradient: gradient((z) => read(p, z)) },
    ];
  });
  const [direct, again] = await program(model.params, [...args]);
  const pairs = [[direct.y, again.y] as const, ...direct.gradient.map((g, i) => [g, again.gradient[i]] as const)];
  for (const [a, b] of pairs) {
    expect(b.shape).toEqual(a.shape);
    expect(b.dtype).toEqual(a.dtype);
    const [x, y] = [nd.toNumbers(a), nd.toNumbers(b)];
    const scale = Math.max(1, ...x.filter(Number.isFinite).map(Math.abs));
    x.forEach((v, i) => expect(Object.is(v, y[i]) || Math.abs(v - y[i]) <= tolerance * scale).toBe(true));
  }
}

type Expression = (leaves: Tensor[]) => Tensor;

/** Unary operations that are smooth and bounded on all reals, so that deep trees stay finite. */
const unary: ((x: Tensor) => Tensor)[] = [
  pf.tanh,
  pf.sin,
  pf.sigmoid,
  pf.softplus,
  pf.gelu,
  pf.silu,
  pf.erf,
  pf.atan,
  (x) => pf.exp(x.square().neg()),
  (x) => pf.log(x.square().add(1)),
  (x) => pf.sqrt(x.square().add(0.5)),
  (x) => pf.expm1(pf.tanh(x)),
  (x) => x.div(x.abs().add(1)),
  (x) => x.sum(-1, true),
  (x) => x.mean(0, true),
  (x) => pf.logsumexp(x, -1, true),
  (x) => pf.softmax(x),
  (x) => pf.standardize(x, 0.1),
  (x) => pf.cumsum(x, 0),
  (x) => pf.flip(x, -1),
  (x) => pf.where(pf.greater(x, 0.1), x, x.mul(0.3)),
  (x) => x.matmul(pf.cos(x).transpose()).matmul(x),
];
const binary: ((a: Tensor, b: Tensor) => Tensor)[] = [
  pf.add,
  pf.sub,
  pf.mul,
  (a, b) => a.div(b.square().add(1)),
  pf.maximum,
  (a, b) => pf.tanh(a).mul(b),
  (a, b) =>
    pf
      .concat([pf.broadcastTo(a, [3, 4]), pf.broadcastTo(b, [3, 4])], 0)
      .slice([1, 6, 2])
      .add(0),
];

const expressions = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.nat(3).map(
      (i): Expression =>
        (leaves) =>
          leaves[i],
    ),
    fc.tuple(fc.nat(unary.length - 1), tie("tree")).map(
      ([i, e]): Expression =>
        (leaves) =>
          unary[i](e(leaves)),
    ),
    fc.tuple(fc.nat(binary.length - 1), tie("tree"), tie("tree")).map(
      ([i, a, b]): Expression =>
        (leaves) =>
          binary[i](a(leaves), b(leaves)),
    ),
  ),
})).tree;

test("random expressions with broadcasts, read back, have the same values and gradients", async () => {
  await fc.assert(
    fc.asyncProperty(expressions, fc.nat(1000), async (expression, seed) => {
      const rng = nd.randomStream(seed);
      const leaves = [[3, 4], [4], [3, 1], [1, 1]].map((s) => rng.normal(s, "f64"));
      // The same f64 operations in another order at most.
      await roundTrip(
        (...xs) => pf.broadcastTo(expression(xs.map((x) => pf.broadcastTo(x, x.rank === 1 ? [1, 4] : x.shape))), [3, 4]),
        leaves,
        1e-10,
      );
    }),
    { numRuns: 60, seed: 1 },
  );
});

const rng = nd.randomStream("round trip");
const normal = (...shape: number[]): NdArray => rng.normal(shape, "f64");
const single = (...shape: number[]): NdArray => rng.normal(shape);

const programs: [string, (...xs: Tensor[]) => Tensor, NdArray[], number?][] = [
  ["products", (a, b) => a.matmul(b.transpose()).add(a.sum(1, true)), [normal(3, 4), normal(5, 4)]],
  ["batched products", (a, b) => a.matmul(b.transpose()), [normal(2, 3, 4), normal(2, 5, 4)]],
  ["einsum", (a, b) => pf.einsum("bij,bjk->bki", a, b), [normal(2, 3, 4), normal(2, 4, 2)]],
  ["gathers", (a) => pf.take(a, nd.array([2, 0, 2], "i32")).add(pf.takeAlong(a, nd.array([[1], [0], [1]], "i32"))), [normal(3, 2)]],
  ["scatter", (a, b) => pf.scatterAdd(a, nd.array([2, 0, 2], "i32"), b), [normal(3, 2), normal(3, 2)]],
  [
    "pads and slices",
    (a) =>
      pf
        .pad(
          a,
          [
            [1, 0],
            [0, 2],
          ],
          0.5,
        )
        .slice([0, 4, 2], [1, null]),
    [normal(3, 4)],
  ],
  ["order", (a) => pf.sort(a).add(pf.topK(a, 4).values), [normal(3, 4)]],
  ["extremes", (a) => a.max(0).add(a.min(1).sum()).add(pf.prod(a, 0)), [normal(3, 4)]],
  ["inverse and determinant", (a) => pf.inverse(a).mul(pf.det(a)), [normal(3, 3)]],
  ["convolution", (x, w) => pf.conv(x, w, { strides: 2, padding: 1, groups: 2 }), [single(2, 4, 6, 5), single(4, 2, 3, 3)], 1e-5],
  ["transposed convolution", (x, w) => pf.convTranspose(x, w, { strides: 2, padding: 1 }), [single(2, 4, 3, 3), single(4, 2, 3, 3)], 1e-5],
  ["pooling", (x) => pf.maxPool(x, 3, { strides: 2, padding: 1 }).add(pf.avgPool(x, 2)), [single(1, 2, 6, 6)], 1e-5],
  ["resizing", (x) => pf.resizeBilinear(pf.resizeNearest(x, 2), [5, 7]), [normal(1, 2, 3, 3)]],
  ["a tree of casts", (x) => x.cast("f32").roundTo("f16").cast("f64").add(pf.greater(x, 0).cast("f64")), [normal(3, 4)], 1e-6],
  [
    "a loop",
    (x, xs) => {
      const { carry, ys } = pf.scan((h: Tensor, u: Tensor) => ({ carry: pf.tanh(h.mul(0.9).add(u)), y: h.mul(u) }), x, xs);
      return ys.add(carry);
    },
    [normal(3), normal(5, 3)],
  ],
  [
    "a loop from the end, with a tensor from outside",
    (x, xs, a) => pf.scan((h: Tensor, u: Tensor) => ({ carry: h.mul(a).add(u), y: h }), x, xs, { reverse: true }).ys,
    [normal(3), normal(4, 3), normal(3)],
  ],
  [
    "a loop that resizes by scales from outside",
    (x) => pf.scan((h: Tensor) => ({ carry: pf.avgPool(pf.resizeNearest(h, 2).square(), 2) }), x, 3).carry,
    [single(2, 1, 3, 4)],
    1e-5,
  ],
  ["a gradient", (x) => pf.grad((z: Tensor) => pf.logsumexp(z.matmul(z.transpose())).add(pf.softplus(z).sum()))(x), [normal(3, 4)]],
];
test.each(programs)("%s", async (_, f, args, tolerance = 1e-11) => {
  await roundTrip(f, args, tolerance);
});

test("arrays that a function holds are parameters of its model, and names and metadata are kept", async () => {
  const w = single(4, 2);
  const bytes = onnx.toOnnx((x: Tensor) => x.matmul(w), [pf.like([3, 4])], {
    inputNames: ["points"],
    outputNames: ["scores"],
    metadata: { unit: "nm" },
  });
  const model = onnx.fromOnnx(bytes);
  expect(model.inputs).toEqual([{ name: "points", dtype: "f32", shape: [3, 4] }]);
  expect(model.outputs).toEqual([{ name: "scores", dtype: "f32", shape: [3, 2] }]);
  expect(model.metadata).toEqual({ unit: "nm" });
  const [[name, held]] = Object.entries(model.params);
  expect(nd.toNumbers(held)).toEqual(nd.toNumbers(w));
  const x = single(3, 4);
  const g = await pf.jit((p: Record<string, Tensor>, x: Tensor) => pf.grad((q: Record<string, Tensor>) => model.apply(q, x)[0].sum())(p))(
    model.params,
    x,
  );
  // ∂/∂w of Σ x w: the column sums of x
  const sums = [0, 1, 2, 3].map((j) => [0, 1, 2].reduce((s, i) => s + (x.data[4 * i + j] as number), 0));
  nd.toNumbers(g[name]).forEach((v, i) => expect(v).toBeCloseTo(sums[i >> 1], 5));
});

test("integer inputs and outputs keep their declared types", async () => {
  const model = onnx.fromOnnx(onnx.toOnnx((i: Tensor) => i.add(1), [pf.like([2], "i64")]));
  const [y] = await pf.jit((i: Tensor) => model.apply({}, i))(nd.array([3, -5], "i64"));
  expect(y.dtype).toBe("i64");
  expect(nd.toNumbers(y)).toEqual([4, -4]);
});
