/** Plans of unbalanced transport with growth that is known beforehand. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { reachPlan } from "../../../src/transport/index.ts";

test("growth that is known beforehand needs no carrying, and begins with the masses that there are", async () => {
  const points = ndarray(Float32Array.of(0, 1), [2, 1], "f32");
  const [x, y] = [
    { points, mass: 1 },
    { points, mass: 1, weights: [0.75, 0.25] },
  ];
  const growth = 0.1;
  // in a time of 2 the first becomes 3 where the second stays 1: just the masses of y, so that nothing moves
  const known = await reachPlan({ ...x, rates: [Math.log(3) / 2, 0] }, y, growth, { duration: 2 });
  expect(known.plan.data[1] + known.plan.data[2]).toBeLessThan(0.02);
  // both ends come out right: E mass over the pairs
  const total = known.plan.data.reduce((a, b) => a + b, 0);
  for (const i of [0, 1]) {
    const row = known.plan.data[2 * i] + known.plan.data[2 * i + 1];
    expect((row / total) * known.mass0[i]).toBeCloseTo(0.5, 10);
    expect(((known.plan.data[i] + known.plan.data[2 + i]) / total) * known.mass1[i]).toBeCloseTo([0.75, 0.25][i], 10);
  }
  // and each grows as is known: 3 to 1
  expect(known.mass1[0] / known.mass0[0] / (known.mass1[1] / known.mass0[1])).toBeCloseTo(3, 1);
  // unknown, much of it is carried from 1 to 0
  const unknown = await reachPlan(x, y, growth);
  expect(unknown.plan.data[2]).toBeGreaterThan(0.1);
});

test("only differences of known growth rates change a plan; of equal ones, or without a duration, there are none", async () => {
  const [x, y] = [randomStream(31).normal([30, 2]), randomStream(32).normal([20, 2])].map((points) => ({
    points: points as NdArray<"f32">,
    mass: 1,
  }));
  const rates = Array.from(randomStream(33).normal([30], "f64").data);
  const plan = async (r?: number[], duration = 1) => reachPlan({ ...x, ...(r && { rates: r }) }, y, 1, { duration });
  const [plain, equal, own, shifted] = [
    await plan(),
    await plan(rates.map(() => 0.7)),
    await plan(rates),
    await plan(rates.map((r) => r + 3)),
  ];
  expect((await plan(rates, 0)).plan.data).toEqual(plain.plan.data);
  plain.plan.data.forEach((v, e) => void expect(equal.plan.data[e]).toBeCloseTo(v, 8));
  own.plan.data.forEach((v, e) => void expect(shifted.plan.data[e]).toBeCloseTo(v, 8));
  own.mass0.forEach((v, i) => void expect(shifted.mass0[i]).toBeCloseTo(v, 8));
});
