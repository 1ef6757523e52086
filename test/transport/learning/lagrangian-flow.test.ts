import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import {
  type Coupling,
  freeMotion,
  type Lagrangian,
  type LagrangianFlowOptions,
  lagrangianFlow,
  pathThrough,
} from "../../../src/transport/index.ts";
import { normals, pushed, smallFlow, train } from "../training.ts";

/** Pair A of the specification: two dimensions, independent rows, so that the generator has everything to learn. */
const ends = [normals([-1, 0], [0.5, 0.3], 10_000, 1), normals([1, 0.5], [0.2, 0.6], 10_000, 2)];

async function solve(l: Lagrangian, clouds = ends, more: Pick<LagrangianFlowOptions, "objective"> & { coupling?: Coupling } = {}) {
  const path = await pathThrough([0, 1], clouds, { coupling: more.coupling ?? "independent" });
  const model = lagrangianFlow(path, { lagrangian: l, ...smallFlow, ...(more.objective && { objective: more.objective }) });
  const rng = randomStream(3);
  const { state } = await train(model, smallFlow.steps, rng);
  const value = await model.value(state, rng, 20);
  const start = normals([-1, 0], [0.5, 0.3], 3000, 4);
  return { model, state, value, rng, start };
}

/** 3 % for the short training, and 4 standard errors of the estimate. */
const close = (value: { dual: number; error: number }, exact: number): void =>
  void expect(Math.abs(value.dual - exact)).toBeLessThan(0.03 * exact + 4 * value.error);
// 3000 particles: standard errors sd / 55, sd / 77; 4 of these and 0.03 for the training
const near = (values: number[], exact: number[], tolerance = 0.03): void =>
  void values.forEach((v, j) => void expect(Math.abs(v - exact[j])).toBeLessThan(tolerance + 0.04));

test("optimal transport of Gaussians: cost, middle and end; a path that jumps at the middle has no upper bound", async () => {
  const { model, state, value, rng, start } = await solve(freeMotion);
  close(value, 2.215);
  expect(value.primal).toBeUndefined();
  expect(value.gap).toBeUndefined();
  // 0.05 for the sampling of the snapshots
  expect(value.lower).toBeLessThan(2.215 + 0.05);
  expect(value.lower).toBeGreaterThan(1.5);
  const [half, end] = await pushed(model, state, start, [0.5, 1], rng);
  near(half.mean, [0, 0.25]);
  near(half.deviation, [0.35, 0.45]);
  near(end.mean, [1, 0.5]);
  near(end.deviation, [0.2, 0.6]);
});

test.each([
  ["pairs of optimal transport", { coupling: "ot" }],
  ["independent pairs by the flow objective, which is not blind to a jump because there is none", { objective: "flow" }],
] as const)("bounds on both sides of the exact action, and a gap that is no less than zero: %s", async (_, more) => {
  const clouds = ends.map(({ data, shape: [, d] }) => ndarray(data.slice(0, 1500 * d), [1500, d], "f32"));
  const { value } = await solve(freeMotion, clouds, more);
  // 0.05 for 1,500 points of each snapshot
  expect(value.primal).toBeGreaterThan(2.215 - 0.05);
  expect(value.lower).toBeLessThan(2.215 + 0.05);
  expect(value.gap!.bound).toBeGreaterThanOrEqual(0);
  expect(value.primal).toBeGreaterThan(value.dual - 4 * value.error);
});

test("two masses that move and grow: the exact action of points on the cone, and no gap below zero", async () => {
  const at = (x: number, mass: number) => ({ points: ndarray(Float32Array.of(x, x), [2, 1], "f32"), mass });
  const path = await pathThrough([0, 1], [at(-1, 2), at(1, 4)], { coupling: "unbalanced" });
  const model = lagrangianFlow(path, { lagrangian: { ...freeMotion, growth: 1 }, ...smallFlow });
  const rng = randomStream(6);
  const { state } = await train(model, smallFlow.steps, rng);
  const value = await model.value(state, rng, 20);
  // (2/λ) (1 + 2 - 2 √2 cos(√λ D / 2)) with D = 2, λ = 1
  const exact = 2 * (3 - 2 * Math.SQRT2 * Math.cos(1));
  expect(Math.abs(value.dual - exact)).toBeLessThan(0.01 + 4 * value.error);
  expect(value.primal).toBeGreaterThan(exact - 0.005);
  expect(value.gap!.bound).toBeGreaterThanOrEqual(0);
  expect(value.gap!.bound).toBeLessThan(0.01);
});

test("a force that pulls differently along its axes carries paths far out, and they are not cut off", async () => {
  // V = ½ Σ ω_j² x_j², so that x(½) = (x_0 + x_1) / (2 cos(ω/2)), 1.85 times as far out as the line in the first coordinate
  const omega = [2, 1];
  const [m0, s0, m1, s1] = [
    [1, -0.5],
    [0.4, 0.6],
    [1.5, 0.5],
    [0.6, 0.4],
  ];
  // one grid of points, stretched and shifted: optimal pairs are those of its points
  const grid = normals([0, 0], [1, 1], 600, 21);
  const at = (m: number[], s: number[]) =>
    ndarray(grid.data.map((z, i) => m[i % 2] + s[i % 2] * z) as Float32Array<ArrayBuffer>, grid.shape, "f32");
  const path = await pathThrough([0, 1], [at(m0, s0), at(m1, s1)], { coupling: "ot" });
  const potential = (_: Tensor, x: Tensor) =>
    omega
      .map((w, j) =>
        x
          .slice(null, j)
          .square()
          .mul((w * w) / 2),
      )
      .reduce((a, b) => a.add(b));
  const model = lagrangianFlow(path, { lagrangian: { ...freeMotion, potential }, ...smallFlow, steps: 1200 });
  const { state } = await train(model, 1200, randomStream(3));
  const value = await model.value(state, randomStream(4), 40);
  // Σ_j ω / (2 sin ω) E[(x_0² + x_1²) cos ω - 2 x_0 x_1] over the pairs
  const mean = (j: number, f: (z: number) => number): number =>
    grid.data.filter((_, i) => i % 2 === j).reduce((sum, z) => sum + f(z), 0) / 600;
  const exact = omega
    .map((w, j) => {
      const [x0, x1] = [(z: number) => m0[j] + s0[j] * z, (z: number) => m1[j] + s1[j] * z];
      return (w / (2 * Math.sin(w))) * mean(j, (z) => (x0(z) ** 2 + x1(z) ** 2) * Math.cos(w) - 2 * x0(z) * x1(z));
    })
    .reduce((a, b) => a + b);
  expect(Math.abs(value.dual - exact)).toBeLessThan(3 * value.error);
  expect(model.note?.(state)).toBeUndefined();
});

test("Schrödinger bridge of Gaussians: control energy and marginals of the noisy particles", async () => {
  const { model, state, value, rng, start } = await solve({ ...freeMotion, noise: 0.5 });
  close(value, 2.3556315619);
  const [half] = await pushed(model, state, start, [0.5], rng);
  near(half.mean, [0, 0.25]);
  near(half.deviation, [0.3905624838, 0.4712462556]);
});

test("harmonic potential: cost, and the middle of the swing", async () => {
  const { model, state, value, rng, start } = await solve({ ...freeMotion, potential: (_, x) => x.square().sum(1) });
  close(value, 1.3646325975);
  const [half] = await pushed(model, state, start, [0.5], rng);
  near(half.mean, [0, 0.3288415346]);
  near(half.deviation, [0.4603781485, 0.5919147623]);
});

test("unbalanced transport of Gaussians: cost, and the dip of the mass that its law demands", async () => {
  const clouds = [normals([-1], [0.5], 10_000, 5), normals([1], [0.2], 10_000, 6)];
  const { model, state, value, rng } = await solve({ ...freeMotion, growth: 1 }, clouds);
  close(value, 1.6099);
  const [half, end] = await pushed(model, state, normals([-1], [0.5], 3000, 7), [0.5, 1], rng);
  expect(Math.abs(half.mass - (1 - 1.6099 / 8))).toBeLessThan(0.06);
  expect(Math.abs(end.mass - 1)).toBeLessThan(0.08);
  near(end.mean, [1], 0.08);
});

test("three snapshots with an action for each interval cost the sum of the pairs over their times", async () => {
  const clouds = [normals([0], [1], 2000, 8), normals([1], [0.5], 2000, 9), normals([0], [2], 2000, 10)];
  const path = await pathThrough([0, 0.4, 1], clouds, { coupling: "ot" });
  const model = lagrangianFlow(path, {
    steps: smallFlow.steps,
    layers: 2,
    width: 64,
    generatorWidth: 64,
    inner: 1,
    intervals: 2,
    objective: "flow",
  });
  const rng = randomStream(11);
  const { state } = await train(model, smallFlow.steps, rng);
  const value = await model.value(state, rng, 40);
  // 1.25 / 0.8 + 3.25 / 1.2; 5 % of it for the sampled snapshots and the training
  expect(Math.abs(value.dual - 4.2708333333)).toBeLessThan(0.05 * 4.27 + 4 * value.error);
  const [middle, end] = await pushed(model, state, normals([0], [1], 3000, 12), [0.4, 1], rng);
  near(middle.mean, [1], 0.1);
  // the second interval stretches by four, the error of the middle with it
  near(end.mean, [0], 0.4);
});
