import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as optim from "../../src/optim/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";

interface Params<T = Tensor> {
  readonly a: T;
  readonly b: readonly T[];
}

const gradients = [
  [0.3, -2, 5, 1e-3],
  [-1, -2.5, 0.1, 0],
  [0.7, 1, -4, 2e-3],
  [0.2, 0.1, 3, -1e-3],
];
const start = [1, -2, 0.5, 3];

const treeOf = (v: readonly number[]): Params<NdArray> => ({
  a: nd.array(v.slice(0, 2), "f64"),
  b: [nd.array([[v[2]]], "f64"), nd.array([v[3]], "f64", [])],
});
const valuesOf = ({ a, b }: Params<NdArray>): number[] => [a, ...b].flatMap(nd.toNumbers);

/** Parameters after the gradients above, one per step. */
async function run(optimizer: optim.Optimizer): Promise<number[]> {
  const step = pf.jit((params: Params, state: optim.State, grads: Params) => {
    const { updates, state: next } = optimizer.update(grads, state, params);
    return { params: optim.applyUpdates(params, updates), state: next };
  });
  let params = treeOf(start);
  let state = optimizer.init(params);
  for (const g of gradients)
    ({ params, state } = (await step(params, state, treeOf(g))) as { params: Params<NdArray>; state: optim.State<NdArray> });
  return valuesOf(params);
}

/** The same with plain numbers, one parameter at a time: `make` gives a fresh p ← next(p, g, t), t = 1, 2, … */
const byHand = (make: (index: number) => (p: number, g: number, t: number) => number): number[] =>
  start.map((p, i) => {
    const next = make(i);
    return gradients.reduce((q, g, k) => next(q, g[i], k + 1), p);
  });

function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-13): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((v, i) => expect(Math.abs(v - expected[i])).toBeLessThan(tolerance * Math.max(1, Math.abs(expected[i]))));
}

const published: [string, optim.Optimizer, (index: number) => (p: number, g: number, t: number) => number][] = [
  ["sgd", optim.sgd(0.1), () => (p, g) => p - 0.1 * g],
  [
    "momentum",
    optim.sgd(0.1, { momentum: 0.9 }),
    () => {
      let v = 0;
      return (p, g) => p - 0.1 * (v = 0.9 * v + g);
    },
  ],
  [
    "Nesterov momentum",
    optim.sgd(0.1, { momentum: 0.9, nesterov: true }),
    () => {
      let v = 0;
      return (p, g) => {
        v = 0.9 * v + g;
        return p - 0.1 * (g + 0.9 * v);
      };
    },
  ],
  ["Adam", optim.adam(0.01, { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }), () => adamByHand(() => 0.01, 0)],
  ["AdamW", optim.adamw(0.01, { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.3 }), () => adamByHand(() => 0.01, 0.3)],
  [
    "AdamW with decay of matrices only",
    optim.adamw(0.01, { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.3, mask: optim.matrices }),
    (i) => adamByHand(() => 0.01, i === 2 ? 0.3 : 0),
  ],
  [
    "AdamW with a schedule",
    optim.adamw(optim.linear(0.01, 0.04, 3), { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.3 }),
    () => adamByHand((t) => 0.01 * t, 0.3),
  ],
  [
    "RMSProp",
    optim.rmsprop(0.02, { decay: 0.7, epsilon: 1e-3 }),
    () => {
      let v = 0;
      return (p, g) => {
        v = 0.7 * v + 0.3 * g * g;
        return p - (0.02 * g) / (Math.sqrt(v) + 1e-3);
      };
    },
  ],
  [
    "RMSProp with momentum",
    optim.rmsprop(0.02, { decay: 0.7, epsilon: 1e-3, momentum: 0.5 }),
    () => {
      let v = 0;
      let u = 0;
      return (p, g) => {
        v = 0.7 * v + 0.3 * g * g;
        u = 0.5 * u + g / (Math.sqrt(v) + 1e-3);
        return p - 0.02 * u;
      };
    },
  ],
  [
    "decayed weights, clipped elements and a scale in sequence",
    optim.chain(
      optim.addDecayedWeights(0.5),
      optim.clip(1),
      optim.scaleBy((step) => step.add(1).mul(-0.1)),
    ),
    () => (p, g, t) => p - 0.1 * t * Math.max(-1, Math.min(1, g + 0.5 * p)),
  ],
  ["a mask", optim.masked(optim.sgd(0.1), (path) => path !== "b.1"), (i) => (p, g) => (i === 3 ? p : p - 0.1 * g)],
];

/** Kingma & Ba, algorithm 1, and Loshchilov & Hutter, algorithm 2, line by line. */
function adamByHand(rate: (t: number) => number, decay: number): (p: number, g: number, t: number) => number {
  let m = 0;
  let v = 0;
  return (p, g, t) => {
    m = 0.8 * m + 0.2 * g;
    v = 0.95 * v + 0.05 * g * g;
    const mHat = m / (1 - 0.8 ** t);
    const vHat = v / (1 - 0.95 ** t);
    return p - rate(t) * (mHat / (Math.sqrt(vHat) + 1e-3) + decay * p);
  };
}

test.each(published)("%s is the published update", async (_, optimizer, make) => {
  expectClose(await run(optimizer), byHand(make));
});

test("clipping by the global norm keeps the direction, and short gradients as they are", async () => {
  const clipped = pf.jit((g: Params) => ({ g: optim.clipByGlobalNorm(2).update(g, {}, g).updates, norm: optim.globalNorm(g) }));
  const long = await clipped(treeOf([3, 0, -4, 12]));
  expect(nd.item(long.norm)).toBeCloseTo(13, 13);
  expectClose(valuesOf(long.g), [6 / 13, 0, -8 / 13, 24 / 13]);
  const short = await clipped(treeOf([0.3, 0, -0.4, 1.2]));
  expectClose(valuesOf(short.g), [0.3, 0, -0.4, 1.2]);
  expectClose(valuesOf((await clipped(treeOf([0, 0, 0, 0]))).g), [0, 0, 0, 0]);
});

/** Distance from the minimum of x² h / 2, h = 1 and 9, after n steps in one compiled loop. */
async function descend(optimizer: optim.Optimizer, n: number): Promise<number> {
  const params = { x: nd.array([1, 1], "f64") };
  const h = nd.array([1, 9], "f64");
  const program = pf.jit((p: { x: Tensor }, state: optim.State) => {
    const { carry } = pf.scan(
      ({ p, state }) => {
        const { updates, state: next } = optimizer.update({ x: p.x.mul(h) }, state, p);
        return { carry: { p: optim.applyUpdates(p, updates), state: next } };
      },
      { p, state },
      n,
    );
    return carry.p.x;
  });
  return Math.hypot(...nd.toNumbers(await program(params, optimizer.init(params))));
}

test("gradient descent with the best fixed rate contracts by (κ - 1)/(κ + 1) a step", async () => {
  expectClose([(await descend(optim.sgd(2 / 10), 50)) / Math.hypot(0.8 ** 50, 0.8 ** 50)], [1], 1e-10);
});

test("momentum with the best parameters contracts by (√κ - 1)/(√κ + 1) a step", async () => {
  // Polyak: μ = ((√κ - 1)/(√κ + 1))², η = (2/(√L + √m))²; double roots: |x_n| <= C n ρⁿ
  const distance = await descend(optim.sgd(0.25, { momentum: 0.25 }), 60);
  expect(distance).toBeLessThan(2 * 60 * 0.5 ** 60);
  expect(distance).toBeGreaterThan(0.5 ** 60);
});

test.each([
  ["Adam", optim.adam(optim.cosine(0.1, 400))],
  ["RMSProp", optim.rmsprop(optim.linear(0.05, 0, 400))],
] as const)("%s with a falling rate finds a minimum", async (_, optimizer) => {
  expect(await descend(optimizer, 400)).toBeLessThan(1e-3);
});

test("Adam's first step is the rate times the sign of the gradient, at any scale of the gradient", async () => {
  const step = pf.jit(
    (p: { x: Tensor }, s: optim.AdamState, g: { x: Tensor }) => optim.adam(0.1, { epsilon: 0 }).update(g, s, p).updates.x,
  );
  const params = { x: nd.array([0, 0, 0]) };
  const u = await step(params, optim.adam(0.1).init(params), { x: nd.array([1e-6, -3, 1e6]) });
  // a few roundings of f32
  nd.toNumbers(u).forEach((v, i) => expect(Math.abs(v - [-0.1, 0.1, -0.1][i])).toBeLessThan(1e-7));
});

test("a state round-trips through a step of f32 parameters with its structure", async () => {
  const optimizer = optim.chain(optim.clipByGlobalNorm(1), optim.adam(1e-3));
  const params = { w: nd.array([[1, 2]]), b: [nd.array([3])] };
  const state = optimizer.init(params);
  const next = await pf.jit((p: { w: Tensor; b: Tensor[] }, s: optim.State) => optimizer.update(p, s, p).state)(params, state);
  expect(nd.flatten(next, nd.isArrayLeaf).structure).toEqual(nd.flatten(state, nd.isArrayLeaf).structure);
});

test("memories outside [0, 1) are refused", () => {
  expect(() => optim.adam(1e-3, { beta2: 1 })).toThrow(/beta2 = 1 is not in \[0, 1\)/);
  expect(() => optim.ema(-0.1)).toThrow(/decay -0.1/);
});
