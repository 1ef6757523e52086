/** λ from the data. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import type { Population } from "../../../src/data/population.ts";
import { growthFromData, growthText, learner, pusher } from "../../../src/transport/index.ts";
import { fieldsAt, fieldsProgram } from "../../../src/transport/motion/fields.ts";
import { stacked } from "../../../src/transport/paths/cloud.ts";
import { normals, train } from "../training.ts";

const options = { mass: "counts", seed: 1 } as const;
const population = (snapshots: readonly NdArray<"f32">[]): Population => ({
  ...{ name: "test", title: "test", source: "test", pathsKnown: false, warnings: [] },
  times: snapshots.map((_, k) => k),
  snapshots,
  features: ["x", "y"],
});
const split = (n: number) => ({ train: Array.from({ length: n }, (_, k) => k), held: [] });
/** Groups at -4, 0 and 4 of so many particles. */
const groups = (sizes: readonly number[], seed: number): NdArray<"f32"> =>
  stacked(sizes.map((n, g) => normals([4 * (g - 1), 0], [0.4, 0.4], n, seed + g)));

test("groups that double and halve where they are: a price at which they need not trade their mass", async () => {
  const sizes = [
    [60, 60, 120],
    [120, 60, 60],
    [240, 60, 30],
  ];
  const found = await growthFromData(population(sizes.map((n, k) => groups(n, 10 * k))), options, split(3));
  // neighbours are 1.2 standard deviations apart, so that at λ = 0.1 carrying between them is the cheaper
  expect(found.growth).toBeGreaterThanOrEqual(0.5);
  const cheap = found.table.find((r) => r.growth === 0.1)!;
  expect(cheap.behind).toBeGreaterThan(2 * cheap.error);
  expect(growthText(found)).toMatch(/within one standard error of the lowest .* at 1, left out/);
});

test("what moves without growing gets a low price, so that its mass does not dip", async () => {
  const snapshots = [0, 1, 2].map((k) => normals([3 * k, 0], [0.5, 0.5], 150, k + 1));
  expect((await growthFromData(population(snapshots), options, split(3))).growth).toBeLessThanOrEqual(0.1);
});

test("of two snapshots, and where forces act, 2 over the variance in all features", async () => {
  const data = population([normals([0, 0], [1, 1], 200, 1), normals([3, 0], [1, 2], 200, 2)]);
  // standardised: one a feature
  const found = await growthFromData(data, options, split(2));
  expect(found.growth).toBeCloseTo(1, 6);
  expect(found.table).toEqual([]);
  const three = population([...data.snapshots, normals([6, 0], [1, 1], 200, 3)]);
  const forced = await growthFromData(three, { ...options, drift: "x=3" }, split(3));
  expect(forced.growth).toBeCloseTo(1, 6);
  expect(forced.why).toMatch(/--drift/);
});

test.each(["uam", "am-wfr", "wlf-uot"] as const)("%s with unbalanced pairs finds the growth rates of groups that stay", async (method) => {
  // in units of the training, groups 2.4 deviations apart; rates log 2, 0 and -log 2 an interval
  const at = (sizes: readonly number[], seed: number) => {
    const points = groups(sizes, seed);
    return { points: ndarray(points.data.map((v) => v * 0.6) as Float32Array<ArrayBuffer>, points.shape, "f32"), mass: points.shape[0] };
  };
  const clouds = [at([60, 60, 60], 1), at([120, 60, 30], 11)];
  const settings = { steps: 500, batch: 128, layers: 2, width: 48, learningRate: 3e-3, warmUp: 50, emaDecay: 0.98, threads: 1, inner: 1 };
  const model = await learner(method, [0, 1], clouds, { ...settings, growth: 1, generatorWidth: 32 });
  const { state } = await train(model, settings.steps, randomStream(2));
  const trained = { model, push: pusher(model, 1), params: model.average(state) };
  const units = { mean: [0, 0], deviation: [1, 1], start: 0, interval: 1 };
  const { growth } = await fieldsAt(trained, fieldsProgram(model), { units }, clouds[0].points, 0.5);
  const rate = (g: number): number => growth!.slice(60 * g, 60 * (g + 1)).reduce((a, b) => a + b, 0) / 60;
  // geodesics have λ s = 2 (√M₁ - √M₀) / ((√M₁ + √M₀) / 2) at ½: 0.686 for a doubling; 0.15 is the tolerance of the proof
  [Math.log(2), 0, -Math.log(2)].forEach((exact, g) => void expect(Math.abs(rate(g) - exact)).toBeLessThan(0.15));
});
