/** Values of the action: known paths from above, snapshots exactly. */
import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import { freeMotion, matching, meanValue, pathThrough } from "../../../src/transport/index.ts";
import { normals, train } from "../training.ts";

test("independent lines between Gaussians cost half their mean square, and the rest of it is the action gap", async () => {
  const clouds = [normals([0], [1], 10_000, 9), normals([2], [0.5], 10_000, 10)];
  const path = await pathThrough([0, 1], clouds, { coupling: "independent" });
  const model = matching(path, { layers: 2, width: 32, steps: 400, learningRate: 5e-3, warmUp: 50, emaDecay: 0.98, threads: 1 });
  const rng = randomStream(3);
  const { state } = await train(model, 400, rng);
  const value = await model.value(state, rng, 40);
  // ½ E|x_1 - x_0|² = ½ (4 + 1 + 1/4), of which the action 2.2323009183 is the kinetic energy of the mean velocity. 40 x 512 samples: the
  // square of a
  // normal with mean 2 and variance 1.25 has a standard deviation of 4.8; 5 standard errors, and the same for the snapshots' 10,000
  expect(Math.abs((value.primal as number) - 2.625)).toBeLessThan(5 * (2.4 / 143 + 2.4 / 100));
  expect(value.dual).toBeLessThan(2.2323 + 4 * value.error + 0.06);
  expect(Math.abs((value.gap?.bound ?? 0) - (2.625 - 2.2323))).toBeLessThan(0.06);
  expect(value.primal).toBeCloseTo(value.dual + (value.gap?.bound ?? 0), 10);
});

test("pure growth along the geodesic of mass costs what the closed form says", async () => {
  const points = normals([0], [1], 500, 1);
  for (const [massCurve, exact] of [
    ["geodesic", 2 * (Math.SQRT2 - 1) ** 2],
    ["log", Math.LN2 / 2],
    ["linear", Math.LN2 / 2],
  ] as const) {
    const path = await pathThrough(
      [0, 1],
      [
        { points, mass: 1 },
        { points, mass: 2 },
      ],
      { coupling: "ot", massCurve },
    );
    const model = matching(path, { lagrangian: { ...freeMotion, growth: 1 }, steps: 2, threads: 1 });
    const { primal } = await model.value(await model.init(randomStream(1)), randomStream(2), 10);
    // even times: the integral in time is good to 1e-3
    expect(primal, massCurve).toBeCloseTo(exact, 2);
  }
});

test("noise has no upper bound by labels, and a mixture has no labels", async () => {
  const clouds = [normals([0], [1], 50, 1), normals([1], [1], 50, 2)];
  const line = await pathThrough([0, 1], clouds);
  const mixture = await pathThrough([0, 1], clouds, { coupling: "independent", shape: "mixture" });
  for (const model of [
    matching(line, { lagrangian: { ...freeMotion, noise: 0.5 }, steps: 2, threads: 1 }),
    matching(mixture, { lagrangian: { ...freeMotion, growth: 1 }, steps: 2, threads: 1 }),
  ])
    expect((await model.value(await model.init(randomStream(1)), randomStream(2), 2)).primal).toBeUndefined();
});

test("the lower bound takes off the largest residual of each piece of time", async () => {
  const t = Float32Array.from({ length: 400 }, (_, i) => (2 * i) / 399);
  const array = (f: (i: number) => number) =>
    ndarray(
      Float32Array.from(t, (_, i) => f(i)),
      [400],
      "f32",
    );
  const number = (v: number) => ndarray(Float32Array.of(v), [], "f32");
  const value = await meanValue(
    async () => ({
      ...{ dual: number(5), primal: number(6), t: ndarray(t, [400, 1], "f32") },
      // a residual of mean 0 that is 0.25 at its highest in the first half of the time, and 0 in the second
      ...{ residual: array((i) => (i < 200 ? (i % 2 ? 0.25 : -0.25) : 0)), highest: array((i) => (i < 200 && i % 2 ? 0.25 : 0)) },
    }),
    3,
  );
  expect(value.gap).toEqual({ bound: 1, error: 0 });
  expect(value.lower).toBeCloseTo(5 - 0.25, 6);
});
