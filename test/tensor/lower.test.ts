/** The compiler: what it writes computes what was said, with no more nodes than needed. */
import { describe, expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";
import { onnx } from "../../src/tensor/proto.ts";
import { writeModel } from "../../src/tensor/write.ts";
import fc from "../property.ts";
import { expectClose, f32, f64, normal, run } from "./check.ts";

// --- an interpreter of expression trees: plain loops over f64 numbers, with dual numbers for derivatives -------------------------

interface Dual {
  readonly shape: readonly number[];
  readonly value: readonly number[];
  /** Derivative in one direction. */
  readonly slope: readonly number[];
}

type Expression =
  | { readonly op: "leaf"; readonly leaf: number }
  | { readonly op: "number"; readonly value: number }
  | { readonly op: keyof typeof unary; readonly a: Expression }
  | { readonly op: keyof typeof binary; readonly a: Expression; readonly b: Expression }
  | { readonly op: keyof typeof moves; readonly a: Expression };

/** Each operation on tensors, on numbers, and its derivatives on numbers. */
const unary = {
  neg: [t.neg, (x: number) => -x, () => -1],
  sin: [t.sin, Math.sin, Math.cos],
  tanh: [t.tanh, Math.tanh, (x: number) => 1 - Math.tanh(x) ** 2],
  square: [t.square, (x: number) => x * x, (x: number) => 2 * x],
  reciprocal: [(x: Tensor) => t.reciprocal(t.square(x).add(1)), (x: number) => 1 / (x * x + 1), (x: number) => (-2 * x) / (x * x + 1) ** 2],
  cube: [(x: Tensor) => t.pow(t.sin(x), 3), (x: number) => Math.sin(x) ** 3, (x: number) => 3 * Math.sin(x) ** 2 * Math.cos(x)],
  half: [(x: Tensor) => t.div(x, 2), (x: number) => x / 2, () => 0.5],
  silu: [t.silu, (x: number) => x / (1 + Math.exp(-x)), (x: number) => (1 + Math.exp(-x) * (1 + x)) / (1 + Math.exp(-x)) ** 2],
  softplus: [t.softplus, (x: number) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0), (x: number) => 1 / (1 + Math.exp(-x))],
} as const;

const binary = {
  add: [t.add, (a: number, b: number) => a + b, () => 1, () => 1],
  sub: [t.sub, (a: number, b: number) => a - b, () => 1, () => -1],
  mul: [t.mul, (a: number, b: number) => a * b, (_: number, b: number) => b, (a: number) => a],
  div: [
    (a: Tensor, b: Tensor) => t.div(a, t.exp(t.sin(b))),
    (a: number, b: number) => a / Math.exp(Math.sin(b)),
    (_: number, b: number) => Math.exp(-Math.sin(b)),
    (a: number, b: number) => -a * Math.exp(-Math.sin(b)) * Math.cos(b),
  ],
} as const;

/** Moves and sums: linear, so that they act on values and slopes alike. */
const moves = {
  transpose: [(x: Tensor) => (x.rank < 2 ? x : x.transpose()), (s: readonly number[], v: readonly number[]) => permute(s, v)],
  sumLast: [
    (x: Tensor) => (x.rank === 0 ? x : x.sum(-1, true)),
    (s: readonly number[], v: readonly number[]) => sumAxis(s, v, s.length - 1),
  ],
  sumFirst: [(x: Tensor) => (x.rank === 0 ? x : x.sum(0, true)), (s: readonly number[], v: readonly number[]) => sumAxis(s, v, 0)],
  gram: [(x: Tensor) => (x.rank < 2 ? x : constantMatrix(x).matmul(x)), (s: readonly number[], v: readonly number[]) => mix(s, v)],
  repeat: [
    (x: Tensor) => x.broadcastTo(x.shape.map((n) => (n === 1 ? 3 : n))),
    (s: readonly number[], v: readonly number[]) => repeat(s, v),
  ],
  flat: [
    (x: Tensor) => x.reshape([1, x.size]).reshape(x.shape),
    (s: readonly number[], v: readonly number[]): [readonly number[], readonly number[]] => [s, v],
  ],
} as const;

type Pair = [readonly number[], readonly number[]];

function permute(s: readonly number[], v: readonly number[]): Pair {
  if (s.length < 2) return [s, v];
  const [m, n] = s;
  return [[n, m], Array.from({ length: m * n }, (_, k) => v[(k % m) * n + Math.floor(k / m)])];
}

function sumAxis(s: readonly number[], v: readonly number[], axis: number): Pair {
  if (s.length === 0) return [s, v];
  const shape = s.map((n, i) => (i === axis ? 1 : n));
  const inner = s.slice(axis + 1).reduce((a, b) => a * b, 1);
  const out = new Array<number>(v.length / s[axis]).fill(0);
  v.forEach((x, k) => {
    out[Math.floor(k / (inner * s[axis])) * inner + (k % inner)] += x;
  });
  return [shape, out];
}

function repeat(s: readonly number[], v: readonly number[]): Pair {
  const shape = s.map((n) => (n === 1 ? 3 : n));
  return [shape, spread({ shape: s, value: v }, shape)];
}

/** M[i, j] = sin(1 + i + 2 j): a fixed square matrix for each number of rows. */
const entry = (i: number, j: number): number => Math.sin(1 + i + 2 * j);
const constantMatrix = (x: Tensor): Tensor =>
  t.cast(
    f64(
      Array.from({ length: x.shape[0] ** 2 }, (_, k) => entry(Math.floor(k / x.shape[0]), k % x.shape[0])),
      [x.shape[0], x.shape[0]],
    ),
    x.dtype,
  );

function mix(s: readonly number[], v: readonly number[]): Pair {
  if (s.length < 2) return [s, v];
  const [m, n] = s;
  return [
    s,
    Array.from({ length: m * n }, (_, k) =>
      Array.from({ length: m }, (_, l) => entry(Math.floor(k / n), l) * v[l * n + (k % n)]).reduce((a, b) => a + b),
    ),
  ];
}

/** Elements of a, repeated to a shape that it broadcasts to. */
function spread(a: { shape: readonly number[]; value: readonly number[] }, shape: readonly number[]): number[] {
  const size = shape.reduce((x, y) => x * y, 1);
  const own = [...new Array<number>(shape.length - a.shape.length).fill(1), ...a.shape];
  return Array.from({ length: size }, (_, k) => {
    let at = 0;
    let rest = k;
    let stride = 1;
    for (let i = shape.length - 1; i >= 0; i--) {
      if (own[i] !== 1) at += (rest % shape[i]) * stride;
      stride *= own[i];
      rest = Math.floor(rest / shape[i]);
    }
    return a.value[at];
  });
}

function interpret(e: Expression, leaves: readonly Dual[]): Dual {
  if (e.op === "leaf") return leaves[e.leaf];
  if (e.op === "number") return { shape: [], value: [e.value], slope: [0] };
  const a = interpret(e.a, leaves);
  if (e.op in moves) {
    const [, host] = moves[e.op as keyof typeof moves];
    const [shape, value] = host(a.shape, a.value);
    return { shape, value, slope: host(a.shape, a.slope)[1] };
  }
  if (e.op in unary) {
    const [, host, derivative] = unary[e.op as keyof typeof unary];
    return { shape: a.shape, value: a.value.map(host), slope: a.slope.map((d, i) => d * derivative(a.value[i])) };
  }
  const [, host, da, db] = binary[e.op as keyof typeof binary];
  const b = interpret((e as { b: Expression }).b, leaves);
  const rank = Math.max(a.shape.length, b.shape.length);
  const long = (s: readonly number[]): number[] => [...new Array<number>(rank - s.length).fill(1), ...s];
  const shape = long(a.shape).map((n, i) => (n === 1 ? long(b.shape)[i] : n));
  const [x, y] = [spread(a, shape), spread(b, shape)];
  const [dx, dy] = [spread({ shape: a.shape, value: a.slope }, shape), spread({ shape: b.shape, value: b.slope }, shape)];
  return { shape, value: x.map((v, i) => host(v, y[i])), slope: x.map((v, i) => da(v, y[i]) * dx[i] + db(v, y[i]) * dy[i]) };
}

function build(e: Expression, leaves: readonly Tensor[]): Tensor {
  if (e.op === "leaf") return leaves[e.leaf];
  if (e.op === "number") return t.scalar(e.value, leaves[0].dtype);
  const a = build(e.a, leaves);
  if (e.op in moves) return moves[e.op as keyof typeof moves][0](a);
  if (e.op in unary) return unary[e.op as keyof typeof unary][0](a);
  return binary[e.op as keyof typeof binary][0](a, build((e as { b: Expression }).b, leaves));
}

const shapes = [[], [3], [3, 1], [1, 3], [3, 3], [1, 1]];
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 6, depthSize: "medium" },
    { weight: 3, arbitrary: fc.record({ op: fc.constant("leaf" as const), leaf: fc.nat(shapes.length - 1) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("number" as const), value: fc.constantFrom(0, 1, -1, 2, 0.5, -3) }) },
    {
      weight: 3,
      arbitrary: fc.record({ op: fc.constantFrom(...(Object.keys(unary) as (keyof typeof unary)[])), a: tie("expression") }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constantFrom(...(Object.keys(binary) as (keyof typeof binary)[])),
        a: tie("expression"),
        b: tie("expression"),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ op: fc.constantFrom(...(Object.keys(moves) as (keyof typeof moves)[])), a: tie("expression") }),
    },
  ),
}));

const points = shapes.map((shape, i) => normal(shape, 30 + i));
const directions = shapes.map((shape, i) => normal(shape, 40 + i));
const duals = shapes.map((shape, i): Dual => ({ shape, value: nd.toNumbers(points[i]), slope: nd.toNumbers(directions[i]) }));

describe("simplifications", () => {
  test("never change values or derivatives of random expressions with broadcasts (fast-check)", async () => {
    await fc.assert(
      // Four expressions a program, so that they share nodes with each other too.
      fc.asyncProperty(fc.array(expression, { minLength: 4, maxLength: 4 }), async (list) => {
        const expected = list.map((e) => interpret(e, duals));
        // Expressions that overflow or amplify roundings beyond telling are no evidence.
        fc.pre(expected.every((d) => [...d.value, ...d.slope].every((v) => Math.abs(v) < 1e4)));
        const program = (xs: Tensor[], vs: Tensor[]) => {
          const all = (ps: Tensor[]): Tensor[] => list.map((e) => build(e, ps).add(ps[0].mul(0)));
          const [values, slopes] = t.jvp(all, [xs], [vs]);
          const total = (ps: Tensor[]): Tensor =>
            all(ps)
              .map((y) => y.sum())
              .reduce((a, b) => a.add(b));
          return { values, slopes, gradient: t.grad(total)(xs) };
        };
        const r = await run(program, points, directions);
        const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
        list.forEach((_, i) => {
          // About a hundred roundings, amplified by sums of numbers up to 1e4.
          expectClose(r.values[i], f64(expected[i].value, expected[i].shape), 1e-10, JSON.stringify(list[i]));
          expectClose(r.slopes[i], f64(expected[i].slope, expected[i].shape), 1e-10, JSON.stringify(list[i]));
        });
        const along = r.gradient.reduce((s, g, i) => s + sum(nd.toNumbers(g).map((v, k) => v * duals[i].slope[k])), 0);
        const wanted = sum(expected.map((d) => sum(d.slope)));
        const scale = sum(expected.flatMap((d) => d.slope.map(Math.abs))) + 1;
        expect(Math.abs(along - wanted)).toBeLessThan(1e-10 * scale * 100);
      }),
      { numRuns: 120, seed: 11 },
    );
  });

  test("nor do the runtime's own operators for f32, fused products among them (fast-check)", async () => {
    const single = points.map((x) => f32(nd.toNumbers(x), x.shape));
    const exact = single.map((x, i): Dual => ({ ...duals[i], value: nd.toNumbers(x) }));
    await fc.assert(
      fc.asyncProperty(fc.array(expression, { minLength: 6, maxLength: 6 }), async (list) => {
        const expected = list.map((e) => interpret(e, exact));
        // Slopes up to 100: roundings of 6e-8, some hundred of them, grow by that much at most.
        fc.pre(expected.every((d) => [...d.value, ...d.slope].every((v) => Math.abs(v) < 100)));
        const r = await run((xs: Tensor[]) => list.map((e) => build(e, xs).add(xs[0].mul(0))), single);
        list.forEach((e, i) => expectClose(r[i], f64(expected[i].value, expected[i].shape), 1e-3, JSON.stringify(e)));
      }),
      { numRuns: 100, seed: 12 },
    );
  });

  test("keep what floats do at their edges", async () => {
    const inf = Number.POSITIVE_INFINITY;
    const r = await run(
      (x: Tensor) => [x.mul(0), x.sub(x), x.div(x), x.mul(1e200).mul(1e200), x.mul(1e-200).mul(1e-200), x.div(1e-310), t.pow(x, 0)],
      f64([inf, 0, 1e-300]),
    );
    const host = (x: number): number[] => [x * 0, x - x, x / x, x * 1e200 * 1e200, x * 1e-200 * 1e-200, x / 1e-310, x ** 0];
    const columns = [inf, 0, 1e-300].map(host);
    r.forEach((y, i) => expect(nd.toNumbers(y)).toEqual(columns.map((c) => c[i])));
  });
});

// --- counting --------------------------------------------------------------------------------------------------------------------

const model = (f: (...xs: Tensor[]) => unknown, ...args: NdArray[]) => {
  const { bytes, nodes } = writeModel(t.trace(f as () => Tensor, args));
  return { nodes, operators: (onnx.ModelProto.decode(bytes).graph?.node ?? []).map((n) => n.opType as string).sort() };
};

describe("compiled programs", () => {
  const [x, y] = [f32([1, 2, 3, 4, 5, 6], [2, 3]), f32([1, 2, 3])];
  const [a, b] = [f32(new Array(6).fill(1), [2, 3]), f32(new Array(12).fill(1), [3, 4])];

  test("compute equal expressions once", () => {
    expect(model((p, q) => [t.exp(p.add(q)), t.exp(p.add(q)).mul(2)], x, y).operators).toEqual(["Add", "Exp", "Mul"]);
    // The derivative shares the forward pass: tanh, 1 - tanh².
    expect(model((p) => t.valueAndGrad((v: Tensor) => t.tanh(v).sum())(p), y).operators).toEqual(["Mul", "ReduceSum", "Sub", "Tanh"]);
  });

  test("leave out what nobody asked for", () => {
    const dead = (p: Tensor): Tensor => {
      t.exp(t.matmul(p, p.transpose()));
      return t.scan((c: Tensor) => ({ carry: c.add(1), y: t.exp(c) }), p, t.iota(3)).carry;
    };
    const { operators, nodes } = model(dead, x);
    expect(operators).toEqual(["Scan"]);
    expect(nodes).toBe(2);
  });

  test("do nothing for operations that undo each other", () => {
    const same = (p: Tensor): Tensor =>
      t.neg(
        t.neg(
          t
            .flip(t.flip(p.transpose().transpose().reshape([6]).reshape([2, 3]), 0), 0)
            .mul(1)
            .add(0)
            .div(1),
        ),
      );
    expect(model(same, x).operators).toEqual(["Identity"]);
  });

  test("fold arithmetic of constants", () => {
    expect(model((p) => p.mul(2).mul(3).div(4), x).operators).toEqual(["Mul"]);
    expect(model((p) => p.add(t.exp(t.scalar(0, "f32").add(1)).broadcastTo([2, 3]).mul(2).sum()), x).operators).toEqual(["Add"]);
  });

  test("read transposed factors in place", () => {
    for (const f of [
      (p: Tensor, q: Tensor) => p.transpose().matmul(q.reshape([3, 4]).slice([0, 2])),
      (p: Tensor, q: Tensor) => q.transpose().matmul(p.transpose()),
      (p: Tensor, q: Tensor) => t.grad((w: Tensor) => p.matmul(w).square().sum())(q),
    ])
      expect(model(f, a, b).operators).not.toContain("Transpose");
    const batch = normal([2, 3, 4]);
    const single = f32(nd.toNumbers(batch), [2, 3, 4]);
    expect(model((p) => p.transpose().matmul(p), single).operators).toEqual(["FusedMatMul"]);
  });

  test("write a layer and its bias as one product", () => {
    expect(model((p, q) => p.matmul(q).add(t.constant(f32([1, 2, 3, 4]))), a, b).operators).toEqual(["Gemm"]);
    expect(model((p, q) => p.sub(p.matmul(q).matmul(q.transpose()).mul(0.1)), a, b).operators).toEqual(["Gemm", "MatMul"]);
  });

  test("broadcast late and sum early", () => {
    // Σ over rows of a repeated row is a multiple of it.
    expect(model((p) => p.broadcastTo([5, 3]).sum(0), y).operators).not.toContain("ReduceSum");
    expect(model((p, q) => p.mul(q.broadcastTo([2, 3])), x, y).operators).toEqual(["Mul"]);
    expect(model((p) => t.exp(p.broadcastTo([2, 3])).mul(2), y).operators).toEqual(["Exp", "Expand", "Mul"]);
  });

  test("the gradient of a linear layer's sum does not multiply matrices", () => {
    expect(model((p, q) => t.grad((w: Tensor) => p.matmul(w).sum())(q), a, b).operators).not.toContain("MatMul");
  });
});

test("f64 constants that f32 would round to 0 or 1 count", async () => {
  const x = nd.ndarray(Float64Array.of(0.5, 0.25, 3), [3], "f64");
  // the operands are computed, so that an inner node is there to be dropped
  const program = t.jit((x: Tensor) => {
    const [y, zero] = [x.exp(), x.sub(x.sqrt().square()).mul(0)];
    return [y.mul(1 + 1e-9).sub(y), y.div(1 + 1e-9).sub(y), zero.add(1e-50).mul(1e50), y.mul(1e-52).sub(1e-50).mul(1e50)];
  });
  const [product, quotient, sum, difference] = ((await program(x)) as NdArray[]).map((a) => Array.from(a.data as Float64Array, Number));
  [0.5, 0.25, 3].forEach((v, i) => {
    const y = Math.exp(v);
    expect(product[i] / (1e-9 * y)).toBeCloseTo(1, 5);
    expect(quotient[i] / (-1e-9 * y)).toBeCloseTo(1, 5);
    expect(sum[i]).toBeCloseTo(1, 12);
    expect(difference[i]).toBeCloseTo(y / 100 - 1, 12);
  });
});
