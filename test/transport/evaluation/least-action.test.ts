/** The least action through snapshots. */
import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import { freeMotion, leastAction, powerCost } from "../../../src/transport/index.ts";

const cloud = (values: number[], mass = 1) => ({ points: ndarray(Float32Array.from(values), [values.length, 1], "f32"), mass });

test("the least action is the sum of half the squared distances over the times between", async () => {
  const found = await leastAction([0, 0.5, 2.5], [cloud([0, 1]), cloud([3, 4]), cloud([5, 4])], freeMotion, randomStream(1));
  // 3² / 2 / 0.5 and 1² / 2 / 2
  expect(found.lower).toBeCloseTo(9.25, 6);
  expect(found.upper).toBe(found.lower);
});

test("under a convex cost it is that of straight lines at even speed", async () => {
  const motion = { growth: 0, cost: powerCost(3) };
  const { lower, upper } = await leastAction([0, 2, 3], [cloud([0, 1]), cloud([3, 4]), cloud([4, 5])], motion, randomStream(1));
  // T |D / T|³ / 3 twice
  expect(lower).toBeCloseTo((2 * 1.5 ** 3) / 3 + 1 / 3, 5);
  expect(upper).toBe(lower);
  await expect(leastAction([0, 1], [cloud([0]), cloud([1])], { growth: 1, cost: powerCost(3) }, randomStream(1))).rejects.toThrow(
    /quadratic/,
  );
});

test("with growth its bounds hold the closed forms of points", async () => {
  const growing = await leastAction([0, 1], [cloud([0]), cloud([0], 2)], { ...freeMotion, growth: 1 }, randomStream(1));
  const moving = await leastAction([0, 2], [cloud([0]), cloud([1.5])], { ...freeMotion, growth: 0.5 }, randomStream(1));
  // (2/λ) (M0 + M1 - 2 √(M0 M1) cos(√λ D / 2)) over the time
  const exact = (4 * (2 - 2 * Math.cos((Math.sqrt(0.5) * 1.5) / 2))) / 2;
  for (const [{ lower, upper }, S] of [
    [growing, 2 * (Math.SQRT2 - 1) ** 2],
    [moving, exact],
  ] as const) {
    expect(lower).toBeLessThan(S + 1e-6);
    expect(upper).toBeGreaterThan(S - 1e-6);
    expect(upper - lower).toBeLessThan(0.02);
  }
});
