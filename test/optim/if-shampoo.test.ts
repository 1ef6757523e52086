import { describe, expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { array, type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import { type IfShampooOptions, ifShampoo, rfShampoo, type State, structureNames, structureOf } from "../../src/optim/index.ts";
import type { Parts } from "../../src/optim/structures/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { eye, f64, inverse, type Matrix, matrixOf, norm, plus, scale, T, times, trace } from "./matrices.ts";
import { descend, follow, inside, near } from "./steps.ts";

/** The papers' form: every step, from the identity. */
const paper: IfShampooOptions = { precondEvery: 1, initialScale: "identity", structure: "dense" };
const plain: IfShampooOptions = { ...paper, momentum: 0, precondMomentum: 0, weightDecay: 0 };

test("two steps on a 2 × 2 matrix are those of the authors' package", async () => {
  const options = {
    ...paper,
    damping: 0.1,
    precondLr: 0.2,
    momentum: 0.9,
    precondMomentum: 0.5,
    weightDecay: 0.01,
    momentumMode: "ema" as const,
  };
  const [one, two] = await follow(
    ifShampoo(0.1, options),
    f64(eye(2)),
    [
      f64([
        [1, 2],
        [3, 4],
      ]),
      f64([
        [0.5, -1],
        [0, 1],
      ]),
    ],
    4,
  );
  near(one.state.factors.w.m[0].full, [
    [2.275, 5.5],
    [5.5, 12.275],
  ]);
  near(one.state.factors.w.m[1].full, [
    [4.775, 7],
    [7, 9.775],
  ]);
  near(one.state.factors.w.k[0].full, [
    [0.9690663126, -0.0747847387],
    [-0.0747847387, 0.8330940604],
  ]);
  near(one.state.factors.w.k[1].full, [
    [0.9350732495, -0.0951805766],
    [-0.0951805766, 0.8670871234],
  ]);
  near(one.w, [
    [0.9744246852, -0.0934729967],
    [-0.13013623, 0.8402591491],
  ]);
  near(two.state.factors.w.k[0].full, [
    [0.9332535957, -0.1247426305],
    [-0.1256969875, 0.6940821826],
  ]);
  near(two.state.factors.w.k[1].full, [
    [0.8848653454, -0.1615976718],
    [-0.1637202982, 0.7485853257],
  ]);
  near(two.w, [
    [0.8855806535, -0.1016942827],
    [-0.2202333257, 0.6517546577],
  ]);
});

test("a vector has one full factor", async () => {
  const g = f64([1, -2, 0.5]);
  const [one, two] = await follow(ifShampoo(0.1, { ...plain, damping: 0.05, precondLr: 0.3 }), f64([0, 0, 0]), [g, g], 2);
  near(one.state.factors.w.k[0].full, [
    [0.9673373386, 0.1244291862, -0.0311072965],
    [0.1244291862, 0.7806935594, 0.0622145931],
    [-0.0311072965, 0.0622145931, 1.0139982834],
  ]);
  near(one.w, [-0.0494104003, 0.0988208005, -0.0247052001]);
  near(two.w, [-0.0746066289, 0.1492132579, -0.0373033145]);
});

test("a tensor of three axes", async () => {
  const g = array(
    [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ].map((m) => m.map((r) => r.map((v) => v / 10))),
    "f64",
  );
  const [{ state, w }] = await follow(ifShampoo(1, { ...plain, damping: 0.1, precondLr: 0.5 }), nd.allocate("f64", [2, 2, 2]), [g], 1);
  const expected = [
    [
      [1.20625, -0.04375],
      [-0.04375, 1.11625],
    ],
    [
      [1.18375, -0.05875],
      [-0.05875, 1.13875],
    ],
    [
      [1.1725, -0.0625],
      [-0.0625, 1.15],
    ],
  ];
  expected.forEach((k, n) => near(state.factors.w.k[n].full, k));
  near(w, [-0.0778739985, -0.3264706827, -0.5480626176, -0.7559826047, -0.9005539674, -1.0754505602, -1.2294455909, -1.3728526927]);
});

test("the scalar recurrence and its limit 1 / √(λ + B g²)", async () => {
  const options = { ...plain, damping: 0.01, precondLr: 0.1 };
  const traces = await follow(ifShampoo(0.1, options), f64([0]), new Array(400).fill(f64([0.5])), 4);
  const k = (t: number) => toNumbers(traces[t - 1].state.factors.w.k[0].full)[0];
  [
    [1, 0.9995],
    [2, 0.9990507121],
    [10, 0.9967582802],
  ].forEach(([t, value]) => expect(k(t)).toBeCloseTo(value, 9));
  expect(k(400) ** 2).toBeCloseTo(1 / (0.01 + 4 * 0.25), 12);
  const limit = Math.sqrt(0.9900990099);
  // The local contraction factor is 1 - β₂.
  expect((k(60) - limit) / (k(59) - limit)).toBeCloseTo(0.9, 3);
});

test("under a constant gradient the factors reach the fixed point of RF-Shampoo", async () => {
  const G = [
    [1, 2],
    [3, 4],
  ];
  const { state, u } = await descend(
    ifShampoo(1, { ...plain, damping: 0.1, precondLr: 0.2 }),
    f64(eye(2)),
    (w) => w.mul(f64(G)).sum(),
    4000,
  );
  const [kc, kk] = [0, 1].map((n) => matrixOf(state.factors.w.k[n].full));
  const [SC, SK] = [inverse(times(kc, T(kc))), inverse(times(kk, T(kk)))];
  near(f64(SC), [
    [0.9367411498, 1.3299730031],
    [1.3299730031, 3.3548738827],
  ]);
  near(f64(SK), [
    [1.5412743331, 1.692692913],
    [1.692692913, 2.7503406995],
  ]);
  near(
    u,
    scale(
      [
        [-2.171891748, 1.7045226376],
        [1.1821689261, -0.4398768097],
      ],
      -1,
    ),
    1e-8,
  );
  const [PC, PK] = [inverse(SC), inverse(SK)];
  const rc = plus(SC, plus(times(times(G, PK), T(G)), eye(2), 0.1 * trace(PK)), -0.5);
  const rk = plus(SK, plus(times(times(T(G), PC), G), eye(2), 0.1 * trace(PC)), -0.5);
  expect(norm(rc) + norm(rk)).toBeLessThan(1e-11);
});

test("one step differs from RF-Shampoo's inverse by O(β₂²)", async () => {
  const C = [
    [1, 0.2],
    [0.1, 1],
  ];
  const K = [
    [1.1, 0.2],
    [0, 0.9],
  ];
  const G = [
    [0.5, 1],
    [1.5, 2],
  ];
  const seen: number[] = [];
  for (const beta of [0.1, 0.05, 0.025, 0.0125]) {
    const optimizer = ifShampoo(0.1, { ...plain, cap: "none", damping: 0.1, precondLr: beta });
    const state = optimizer.init({ w: f64(G) });
    inside(state).factors.w.k = { 0: { full: f64(C) }, 1: { full: f64(K) } };
    const next = await pf.jit((g: Tensor, s: State) => optimizer.update({ w: g }, s, { w: g }, { batchSize: 2 }).state)(f64(G), state);
    const c = matrixOf(inside(next).factors.w.k[0].full);
    const SC = inverse(times(C, T(C)));
    const PK = times(K, T(K));
    const S = plus(scale(SC, 1 - beta), plus(scale(times(times(G, PK), T(G)), 2), eye(2), 0.1 * trace(PK)), beta / 2);
    seen.push(norm(plus(times(c, T(c)), inverse(S), -1)));
  }
  [0.30047, 0.12211, 0.03978, 0.01147].forEach((v, i) => expect(seen[i]).toBeCloseTo(v, 4));
});

test("without gradients the factors grow to the preconditioner γ / λ", async () => {
  const zero = f64([
    [0, 0],
    [0, 0],
  ]);
  const options = { ...plain, damping: 0.01, precondLr: 0.1 };
  const traces = await follow(ifShampoo(0.1, options), zero, new Array(5).fill(zero), 1);
  near(traces[4].state.factors.w.k[0].full, scale(eye(2), 1.2716522453));
  near(traces[4].state.factors.w.k[1].full, scale(eye(2), 1.2716522453));
  const { state } = await descend(ifShampoo(0.1, options), zero, (w) => w.mul(0).sum(), 600);
  near(state.factors.w.k[0].full, scale(eye(2), 3.1622776602), 1e-8);
});

test("multiplying one factor and dividing the other changes no direction", async () => {
  const optimizer = ifShampoo(0.1, { ...paper, damping: 0.1 });
  const grads = [0, 1, 2, 3].map((i) => randomStream(i).normal([2, 3], "f64"));
  const states = [
    [1, 1],
    [2, 0.5],
  ].map(([a, b]) => {
    const state = optimizer.init({ w: grads[0] });
    inside(state).factors.w.k = { 0: { full: f64(scale(eye(2), a)) }, 1: { full: f64(scale(eye(3), b)) } };
    return state;
  });
  const step = pf.jit((g: Tensor, s: State) => {
    const { updates, state } = optimizer.update({ w: g }, s, { w: g.mul(0) }, { batchSize: 4 });
    return { u: updates.w, state };
  });
  let [a, b] = states;
  for (const g of grads) {
    const [x, y] = [await step(g, a), await step(g, b)];
    near(x.u, toNumbers(y.u), 1e-13);
    [a, b] = [x.state, y.state];
  }
});

test("the path is equivariant under W = A V Bᵀ", async () => {
  const [A, B] = [
    [
      [2, 1],
      [0, 1],
    ],
    [
      [1, 0],
      [3, 0.5],
    ],
  ];
  const loss = (w: Tensor): Tensor =>
    w
      .sub(
        f64([
          [1, -1],
          [2, 0.5],
        ]),
      )
      .square()
      .mul(
        f64([
          [1, 2],
          [3, 4],
        ]),
      )
      .sum()
      .mul(0.5);
  const optimizer = ifShampoo(0.1, {
    ...paper,
    weightDecay: 0,
    damping: 0,
    cap: "none",
    precondLr: 0.1,
    precondMomentum: 0.5,
    momentum: 0.9,
  });
  const start = (a: Matrix, b: Matrix, w: Matrix) => {
    const state = optimizer.init({ w: f64(w) });
    inside(state).factors.w.k = { 0: { full: f64(a) }, 1: { full: f64(b) } };
    return state;
  };
  const run = async (f: (w: Tensor) => Tensor, w0: Matrix, state: State<NdArray>): Promise<number[][]> => {
    const step = pf.jit((w: Tensor, s: State) => {
      const { updates, state } = optimizer.update({ w: pf.grad(f)(w) }, s, { w }, { batchSize: 1 });
      return { w: w.add(updates.w), state };
    });
    let [w, s] = [f64(w0), state];
    for (let i = 0; i < 20; i++) {
      const next = await step(w, s);
      [w, s] = [next.w, next.state];
    }
    return matrixOf(w);
  };
  const W = await run(loss, eye(2), start(eye(2), eye(2), eye(2)));
  near(
    f64(W),
    [
      [0.7250030862, -1.1265378004],
      [1.66167502, 0.6254539613],
    ],
    1e-7,
  );
  const V0 = times(times(inverse(A), eye(2)), T(inverse(B)));
  const V = await run((v) => loss(pf.matmul(pf.matmul(f64(A), v), f64(T(B)))), V0, start(inverse(A), inverse(B), V0));
  expect(norm(plus(W, times(times(A, V), T(B)), -1))).toBeLessThan(1e-12);
});

test("averages of the factors estimate the inverse covariance of Kronecker noise", async () => {
  const [A, B] = [
    [
      [1, 0, 0],
      [0.5, 1, 0],
      [0, 0.3, 0.7],
    ],
    [
      [1, 0],
      [0.8, 0.5],
    ],
  ];
  const optimizer = ifShampoo(0.1, { ...paper, damping: 0, precondLr: 0.05, precondMomentum: 0.5, weightDecay: 0 });
  const steps = 10_000;
  const z = randomStream("kronecker").normal([steps, 3, 2], "f64");
  const program = pf.jit((z: Tensor, state: State) => {
    const step = ({ s, sum }: { s: State; sum: Tensor }, zi: Tensor) => {
      const g = pf.matmul(pf.matmul(f64(A), zi), f64(T(B)));
      const { state } = optimizer.update({ w: g }, s, { w: g }, { batchSize: 1 });
      const k = inside(state).factors.w.k;
      const [c, kk] = [k[0].full.matmul(k[0].full.transpose()), k[1].full.matmul(k[1].full.transpose())];
      return { carry: { s: state, sum: sum.add(pf.outer(c.reshape([9]), kk.reshape([4]))) } };
    };
    return pf.scan(step, { s: state, sum: pf.broadcastTo(pf.scalar(0, "f64"), [9, 4]) }, z).carry.sum;
  });
  const mean = scale(matrixOf(await program(z, optimizer.init({ w: nd.allocate("f64", [3, 2]) }))), 1 / steps);
  const [P, Q] = [inverse(times(A, T(A))).flat(), inverse(times(B, T(B))).flat()];
  const exact = P.map((p) => Q.map((q) => p * q));
  // The specification saw 0.8 to 1.7 % of statistical error and bias of order β₂.
  expect(norm(plus(mean, exact, -1)) / norm(exact)).toBeLessThan(0.05);
});

test("the cap keeps factors finite under gradients without scale; without it they blow up", async () => {
  const grads = randomStream("cap").normal([200, 8, 8], "f64");
  const run = async (cap: "frobenius" | "none", steps: number): Promise<number[][]> => {
    const optimizer = ifShampoo(0.1, { ...paper, damping: 1e-3, precondLr: 0.1, precondMomentum: 0.5, weightDecay: 0, cap });
    const program = pf.jit(
      (g: Tensor, state: State) =>
        pf.scan((s: State, gi: Tensor) => ({ carry: optimizer.update({ w: gi }, s, { w: gi }, { batchSize: 128 }).state }), state, g).carry,
    );
    const some = { ...grads, shape: [steps, 8, 8], data: grads.data.slice(0, steps * 64) } as NdArray;
    const state = await program(some, optimizer.init({ w: nd.allocate("f64", [8, 8]) }));
    return matrixOf(inside(state).factors.w.k[0].full);
  };
  const kept = await run("frobenius", 200);
  expect(norm(kept) * norm(inverse(kept))).toBeLessThan(5 * 8); // condition < 5, in Frobenius norms at most 8 times it
  expect(norm(await run("none", 5))).toBeGreaterThan(1e6);
});

describe.each(structureNames)("structure %s", (name) => {
  test("average traces of the momenta agree over axes, step by step", async () => {
    const grads = [0, 1, 2].map((i) => randomStream(i).normal([4, 3, 5], "f64"));
    const optimizer = ifShampoo(0.1, { precondEvery: 1, structure: name, damping: 0.1 });
    const traces = await follow(optimizer, grads[0], grads, 8);
    for (const { state } of traces) {
      const t = await Promise.all(
        [4, 3, 5].map(async (d, n) => toNumbers(await pf.jit((m: Parts) => structureOf(name)(d).averageTrace(m))(state.factors.w.m[n]))[0]),
      );
      t.forEach((v) => expect(v).toBeCloseTo(t[0], 12));
    }
  });
});

test("matched to the first batch, the first momenta have no trace, whatever the scale of the gradient", async () => {
  const g = randomStream(1).normal([3, 4], "f64");
  const huge = { ...g, data: g.data.map((v) => v * 1e4) } as NdArray;
  for (const x of [g, huge]) {
    const [{ state }] = await follow(ifShampoo(0.1, { precondEvery: 1, damping: 1e-4 }), g, [x], 32);
    for (const n of [0, 1]) expect(Math.abs(trace(matrixOf(state.factors.w.m[n].full)))).toBeLessThan(1e-10);
  }
});

test("with T = 3 the factors change in steps 0, 3, 6 only, and directions use them as they are", async () => {
  const grads = Array.from({ length: 7 }, (_, i) => randomStream(i).normal([3, 2], "f64"));
  const traces = await follow(ifShampoo(0.1, { precondEvery: 3, momentum: 0, weightDecay: 0 }), grads[0], grads, 4);
  const k = traces.map(({ state }) => toNumbers(state.factors.w.k[0].full));
  [1, 2, 4, 5].forEach((t) => expect(k[t]).toEqual(k[t - 1]));
  [3, 6].forEach((t) => expect(k[t]).not.toEqual(k[t - 1]));
  const square = (m: NdArray) => times(matrixOf(m), T(matrixOf(m)));
  const f = traces[4].state.factors.w.k;
  near(traces[4].u, scale(times(times(square(f[0].full), matrixOf(grads[4])), square(f[1].full)), -0.1), 1e-12);
});

test("axes of length one, scalars, vectors, zero gradients and B = 1 are ordinary cases", async () => {
  const params = {
    w: f64([[1], [2], [3]]),
    b: nd.array([2], "f64", []),
    z: f64([
      [0, 0],
      [0, 0],
    ]),
  };
  const optimizer = ifShampoo(0.1, { momentum: 0, precondMomentum: 0, damping: 0.1 });
  const state = optimizer.init(params);
  expect(Object.keys(state.factors as object).sort()).toEqual(["b", "w", "z"]);
  const step = pf.jit((p: { w: Tensor; b: Tensor; z: Tensor }, s: State) =>
    optimizer.update({ ...p, z: p.z.mul(0) }, s, p, { batchSize: 1 }),
  );
  const { updates } = await step(params, state);
  expect(updates.w.shape).toEqual([3, 1]);
  expect(updates.b.shape).toEqual([]);
  near(updates.z, [0, 0, 0, 0], 0);
  expect(Math.max(...toNumbers(updates.w).map(Math.abs))).toBeLessThan(1);
});

test("weight and bias as one matrix, scale and shift as two rows, kernels as matrices", async () => {
  const rng = randomStream(3);
  const params = {
    dense: { w: rng.normal([3, 2], "f64"), b: rng.normal([2], "f64") },
    norm: { scale: rng.normal([4], "f64"), shift: rng.normal([4], "f64") },
    conv: { w: rng.normal([2, 1, 3, 3], "f64"), b: rng.normal([2], "f64") },
  };
  const optimizer = ifShampoo(0.1, { mergeKernels: true, precondEvery: 1, momentum: 0, weightDecay: 0 });
  const state = optimizer.init(params);
  const factors: Record<string, { k: Record<number, Record<string, NdArray>> }> = inside(state).factors;
  const sizes = Object.fromEntries(
    Object.entries(factors).map(([path, { k }]) => [path, Object.values(k).map((s) => Object.values(s)[0].shape[0])]),
  );
  expect(sizes).toEqual({ "dense.w": [4, 2], "norm.scale": [2, 4], "conv.w": [2, 10] });
  const joined = nd.array([...toNumbers(params.dense.w), ...toNumbers(params.dense.b)], "f64", [4, 2]);
  type Units = { readonly [part in keyof typeof params]: { readonly [name: string]: Tensor } };
  const step = pf.jit((p: Units, s: State) => optimizer.update(p, s, p, { batchSize: 2 }));
  const { updates } = await step(params, state);
  const [{ u }] = await follow(ifShampoo(0.1, { precondEvery: 1, momentum: 0, weightDecay: 0 }), joined, [joined], 2);
  near(u, [...toNumbers(updates.dense.w), ...toNumbers(updates.dense.b)], 1e-12);
});

test("RF-Shampoo and IF-Shampoo train to nearly the same weights for small β₂", async () => {
  const loss = (w: Tensor): Tensor =>
    w
      .sub(
        f64([
          [1, -1, 0],
          [2, 0.5, 1],
        ]),
      )
      .square()
      .sum()
      .mul(0.5);
  const shared = { damping: 0.1, precondEvery: 1, momentum: 0, weightDecay: 0, precondLr: 0.01 };
  const a = await descend(
    ifShampoo(0.1, { ...shared, precondMomentum: 0, initialScale: "identity", cap: "none" }),
    nd.allocate("f64", [2, 3]),
    loss,
    30,
  );
  const b = await descend(rfShampoo(0.1, shared), nd.allocate("f64", [2, 3]), loss, 30);
  expect(norm(plus(matrixOf(a.w), matrixOf(b.w), -1))).toBeLessThan(0.01 * norm(matrixOf(b.w)));
});

test("a dense factor of a vocabulary, unknown structures and values out of range are refused", () => {
  const table = { table: { dtype: "f32", shape: [50_000, 8], data: new Float32Array(0) } };
  expect(() => ifShampoo(0.1, { structure: "dense" }).init(table)).toThrow(/axis 0 of table would hold 50000 × 50000 numbers \(9\.3 GiB\)/);
  expect(() => ifShampoo(0.1, { structure: "dens" }).init({ w: f64([[1]]) })).toThrow(/no structure "dens"/);
  expect(() => ifShampoo(0.1, { precondLr: 0 })).toThrow(/precondLr = 0 is not in \(0, 1\]/);
  expect(() => ifShampoo(0.1, { precondEvery: 0 })).toThrow(/precondEvery = 0/);
});
