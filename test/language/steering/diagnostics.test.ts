/** What is said of particles and draws before any number is believed. */
import { expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { weightQuantiles } from "../../../src/language/figures/weights.ts";
import { learningCautions, steeringCautions } from "../../../src/language/steering/diagnostics.ts";
import { distinctGrams } from "../../../src/language/steering/diversity.ts";
import { exactDraws } from "../../../src/language/steering/exact-draws.ts";
import { target } from "../chain-a.ts";

test("different n-grams: of all, and none of what is too short", () => {
  expect(
    distinctGrams([
      [1, 2, 1, 2],
      [1, 2],
    ]),
  ).toEqual([2 / 6, 2 / 4, 1]);
  expect(distinctGrams([[1], []])).toEqual([1, 0, 0]);
});

test("steps at which one particle has all weight are told from the third on", () => {
  const bounds = (collapsed: number) => ({
    ...{ particles: 32, lower: Float64Array.of(0, 0), leastSize: Float64Array.of(1 / 32, 1 / 32), ancestors: 20, dead: 0 },
    sizes: Float64Array.from({ length: 10 }, (_, t) => (t < collapsed ? 1.2 / 32 : 0.8)),
  });
  expect(steeringCautions({ bounds: bounds(2), resamples: true })).toEqual([]);
  expect(steeringCautions({ bounds: bounds(3), resamples: true })).toEqual([
    expect.stringMatching(/at 3 of 10 steps one particle has nearly all/),
  ]);
});

test("skipped steps are told when they are half of all, or more than twenty", () => {
  const told = (steps: number, starved: number) => learningCautions({ steps, starved }).length;
  expect([told(30, 15), told(30, 16), told(1000, 20), told(1000, 21)]).toEqual([0, 1, 0, 1]);
});

test("rejection by a bound that is none stops", async () => {
  // 3^12 continuations are too many to be listed unasked
  const low = { ...target, length: 12, potential: { ...target.potential, largest: 1 } };
  await expect(exactDraws(low, { wanted: 10 }, 1000, randomStream(1))).rejects.toThrow(/log φ is said to be at most 1, and a text has \d+/);
});

test("a fan of weights: quantiles over the mean weight; weights of 0 count for the mean only", () => {
  expect(weightQuantiles(Float64Array.of(3, 3, 3))).toEqual([0, 0, 0, 0, 0]);
  // of log weights 0, 1, …, 4 the median is 2, and the mean weight (1 + e + … + e^4) / 5
  const mean = Math.log([0, 1, 2, 3, 4].reduce((sum, x) => sum + Math.exp(x), 0) / 5);
  const fan = weightQuantiles(Float64Array.of(4, 0, 3, 1, 2))!;
  [0.2, 1, 2, 3, 3.8].forEach((x, i) => void expect(fan[i]).toBeCloseTo(x - mean, 12));
  expect(weightQuantiles(Float64Array.of(0, Number.NEGATIVE_INFINITY))![2]).toBeCloseTo(Math.log(2), 12);
  expect(weightQuantiles(Float64Array.of(Number.NEGATIVE_INFINITY))).toBeUndefined();
});
