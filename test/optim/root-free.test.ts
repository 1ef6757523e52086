import { expect, test } from "vitest";
import { array, toNumbers } from "../../src/array/index.ts";
import { largestStep, makeOptimizer, rfAdamw, rfRmsprop, rmsprop, type State } from "../../src/optim/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import { descend, follow, inside, near } from "./steps.ts";

const f64 = (values: number[]) => array(values, "f64");
const published = { damping: 0.01, precondLr: 0.1, momentum: 0.9, weightDecay: 0.05 };
const threeSteps = [[1], [-0.5], [0.25]].map(f64);

test("RF-RMSProp makes the steps of the authors' code", async () => {
  const traces = await follow(rfRmsprop(0.1, published), f64([2]), threeSteps, 4);
  [1.3, 1.27, 1.168].forEach((s, t) => near(traces[t].state.curvature.w, [s]));
  [1.9136641221, 1.8654560115, 1.7915190209].forEach((w, t) => near(traces[t].w, [w]));
});

test("RF-AdamW makes the steps of the authors' code", async () => {
  const traces = await follow(rfAdamw(0.1, published), f64([2]), threeSteps, 4);
  [1.9823664122, 1.9693295802, 1.954304664].forEach((w, t) => near(traces[t].w, [w]));
});

test("with both bias corrections the first step of RF-AdamW is that of the gradient and its square alone", async () => {
  const options = { ...published, weightDecay: 0, correctMean: true, correctCurvature: true };
  const [first, second] = await follow(rfAdamw(0.1, options), f64([2]), threeSteps, 4);
  near(first.w, [2 - 0.1 / (4 + 0.01)], 1e-12);
  const m = (0.9 * 0.1 * 1 + 0.1 * -0.5) / (1 - 0.81);
  const s = (0.9 * 0.1 * 4 + 0.1 * 1) / (1 - 0.81);
  near(second.u, [(-0.1 * m) / (s + 0.01)], 1e-12);
});

test("under a constant gradient the curvature relaxes to B g² geometrically", async () => {
  const traces = await follow(rfRmsprop(0.1, { precondLr: 0.1 }), f64([0]), new Array(20).fill(f64([0.25])), 4);
  near(traces[19].state.curvature.w, [0.3411824909]);
  traces.forEach(({ state }, t) => near(state.curvature.w, [0.25 + 0.9 ** (t + 1) * 0.75], 1e-13));
});

/** ½ Σ h w². */
const quadratic = (h: readonly number[]) => (w: Tensor) =>
  w
    .square()
    .mul(f64([...h]))
    .sum()
    .mul(0.5);

test("rescaling a coordinate, with S₀ scaled alike, changes nothing but that coordinate's scale; RMSProp's path changes", async () => {
  const options = { precondLr: 0.1, damping: 0, momentum: 0, weightDecay: 0 };
  const a = [10, 0.1];
  // w = a v: the gradient of v is a times that of w.
  const plain = await descend(rfRmsprop(0.05, options), f64([1, 1]), quadratic([1, 100]), 10);
  near(plain.w, [0.5563613001, 0.983331774]);
  for (const [i, scale] of a.entries()) {
    const scaled = await descend(
      rfRmsprop(0.05, { ...options, initialCurvature: scale ** 2 }),
      f64([1 / scale, 1 / scale]),
      (v) => quadratic([1, 100])(v.mul(scale)),
      10,
    );
    expect(toNumbers(scaled.w)[i] * scale).toBeCloseTo(toNumbers(plain.w)[i], 12);
  }
  const root = (scale: number) =>
    descend(rmsprop(0.05, { decay: 0.9, epsilon: 0 }), f64([1 / scale, 1 / scale]), (v) => quadratic([1, 100])(v.mul(scale)), 10);
  const [x, y] = [toNumbers((await root(1)).w)[0], toNumbers((await root(10)).w)[0] * 10];
  expect(Math.abs(x - y)).toBeGreaterThan(0.1);
});

test("scaling the loss by c, with the rate by c and S₀ by c², gives the same path", async () => {
  const options = { precondLr: 0.1, damping: 0, weightDecay: 0 };
  const f = quadratic([1, 3]);
  const plain = await descend(rfRmsprop(0.05, options), f64([1, -2]), f, 30);
  const scaled = await descend(rfRmsprop(0.35, { ...options, initialCurvature: 49 }), f64([1, -2]), (w) => f(w).mul(7), 30);
  near(scaled.w, toNumbers(plain.w), 1e-12);
});

test.each([
  [1.9, 0, 0],
  [2.1, 0.0223606798, 5e-4],
  [3, 0.0707106781, 0.005],
  [10, 0.2, 0.04],
])(
  "on a full-batch quadratic with η h / λ = %d it ends at the minimum or in the 2-cycle of amplitude √(ηh/2 - λ)/h",
  async (ratio, amplitude, curvature) => {
    const options = { precondLr: 0.1, damping: 0.01, momentum: 0, weightDecay: 0 };
    const f = quadratic([1]);
    const optimizer = rfRmsprop(0.01 * ratio, options);
    const program = pf.jit((p: { w: Tensor }, state: State) => {
      const { carry } = pf.scan(
        ({ p, state }) => {
          const { updates, state: next } = optimizer.update({ w: pf.grad(f)(p.w) }, state, p, { batchSize: 1 });
          return { carry: { p: { w: p.w.add(updates.w) }, state: next } };
        },
        { p, state },
        5000,
      );
      return carry;
    });
    const { p, state } = await program({ w: f64([1]) }, optimizer.init({ w: f64([1]) }));
    expect(Math.abs(toNumbers(p.w)[0])).toBeCloseTo(amplitude, 9);
    if (!amplitude) expect(Math.abs(toNumbers(p.w)[0])).toBeLessThan(1e-40);
    expect(toNumbers(inside(state).curvature.w)[0]).toBeCloseTo(curvature, 9);
  },
);

test("the largest step is the maximum over gradients of g / (β₂ B g² + λ)", () => {
  expect(largestStep(1, 0.01, 128, 1e-4)).toBeCloseTo(44.1941738242, 9);
  const grid = Array.from({ length: 20001 }, (_, i) => 10 ** (-6 + (i * 6) / 20000));
  const best = Math.max(...grid.map((g) => g / (0.01 * 128 * g * g + 1e-4)));
  expect(best).toBeLessThanOrEqual(44.1941738243);
  expect(best).toBeGreaterThan(44.19);
});

test("a sum loss with its reduction declared takes the steps of the mean loss", async () => {
  const mean = await follow(rfRmsprop(0.1, published), f64([2]), threeSteps, 4);
  const total = threeSteps.map((g) => f64([4 * toNumbers(g)[0]]));
  const sum = await follow(rfRmsprop(0.1, { ...published, reduction: "sum" }), f64([2]), total, 4);
  near(sum[2].w, toNumbers(mean[2].w), 1e-13);
});

test("rows of a sparse table keep their curvature while nothing touches them", async () => {
  const table = array(
    [
      [1, 1],
      [1, 1],
    ],
    "f64",
  );
  const grads = [
    array(
      [
        [0, 0],
        [1, 0],
      ],
      "f64",
    ),
  ];
  const [kept] = await follow(rfRmsprop(0.1, { precondLr: 0.5, sparse: () => true }), table, grads, 1);
  near(
    kept.state.curvature.w,
    [
      [1, 1],
      [1, 0.5],
    ],
    1e-14,
  );
});

test("zero gradients with λ = 0, B = 1 and no momentum neither divide by zero nor allocate buffers", async () => {
  const optimizer = rfRmsprop(0.1, { damping: 0, momentum: 0, weightDecay: 0 });
  const traces = await follow(optimizer, f64([1]), new Array(3).fill(f64([0])), 1);
  near(traces[2].w, [1], 0);
  expect(traces[2].state.velocity).toEqual({});
});

test("the exponent interpolates between gradient descent and the root-free step", async () => {
  const one = async (exponent: number) => {
    const [{ u }] = await follow(
      rfRmsprop(1, { exponent, damping: 0, momentum: 0, weightDecay: 0, precondLr: 1 }),
      f64([0]),
      [f64([3])],
      1,
    );
    return toNumbers(u)[0];
  };
  expect(await one(0)).toBeCloseTo(-3, 12);
  expect(await one(0.5)).toBeCloseTo(-1, 12);
  expect(await one(1)).toBeCloseTo(-1 / 3, 12);
});

test("a step without a batch size, a batch of none and values out of range are refused", async () => {
  const step = (batchSize?: number) =>
    pf.jit((g: Tensor, s: State) => rfRmsprop(0.1).update({ w: g }, s, { w: g }, { batchSize }).updates.w)(
      f64([1]),
      rfRmsprop(0.1).init({ w: f64([1]) }),
    );
  await expect(step()).rejects.toThrow(/rf-rmsprop: needs the number of examples/);
  await expect(step(0)).rejects.toThrow(/a batch of 0 examples/);
  expect(() => rfRmsprop(0)).toThrow(/lr = 0 is not in \(0, ∞\)/);
  expect(() => rfRmsprop(0.1, { precondLr: 1.5 })).toThrow(/precondLr = 1.5 is not in \(0, 1\]/);
  expect(() => rfRmsprop(0.1, { momentum: 1 })).toThrow(/momentum = 1 is not in \[0, 1\)/);
  expect(() => makeOptimizer("rf-rmsprop", { damping: () => 1 })).toThrow(/damping = .* is not a number/);
  expect(() => rfRmsprop(0.1, { damping: -1 })).toThrow(/damping = -1/);
  expect(() => rfRmsprop(0.1, { reduction: "median" as "mean" })).toThrow(/reduction = median is none of mean, sum/);
  expect(() => rfAdamw(0.1, { dampings: 1 } as object)).toThrow(/no option dampings/);
});
