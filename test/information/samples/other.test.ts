/** Canonical correlations, tables, permutations, errors: closed forms and exact counts. */

import { expect, test } from "vitest";
import { blockErrors } from "../../../src/information/samples/blocks.ts";
import { canonical, gaussianBias } from "../../../src/information/samples/gaussian.ts";
import { meanOf } from "../../../src/information/samples/ksg.ts";
import { permutationTest } from "../../../src/information/samples/permutation.ts";
import { inUnits } from "../../../src/information/samples/prepare.ts";
import { codes, features, takeRows } from "../../../src/information/samples/side.ts";
import { binned, entropy, tableInformation } from "../../../src/information/samples/table.ts";
import { tiedShare, withoutTies } from "../../../src/information/samples/ties.ts";
import fc from "../../property.ts";
import { draws, labels, normalInformation, normalPairs, numbers } from "./pairs.ts";

test("one column a side: -½ log(1 - r²) of the sample correlation", async () => {
  const [x, z] = normalPairs(200, 0.6, 1, draws(1));
  const [a, b] = [inUnits(x.columns[0], "standardise"), inUnits(z.columns[0], "standardise")];
  const r = meanOf(a.map((v, i) => v * b[i]));
  const found = (await canonical(x, z))!;
  expect(found.plugin).toBeCloseTo(-0.5 * Math.log(1 - r * r), 10);
  expect(found.correlations[0]).toBeCloseTo(Math.abs(r), 10);
  expect(Math.abs(meanOf(found.first.x.map((v, i) => v * found.first.z[i])))).toBeCloseTo(Math.abs(r), 10);
});

test("the bias of normal pairs: d_x d_z / 2N, and what it leaves is none", async () => {
  expect(gaussianBias(10_000, 3, 4)).toBeCloseTo(12 / 20_000, 6);
  const values: number[] = [];
  for (let s = 0; s < 40; s++) values.push((await canonical(...normalPairs(60, 0.5, 3, draws(`bias ${s}`))))!.value);
  const mean = meanOf(values);
  const se = Math.sqrt(meanOf(values.map((v) => (v - mean) ** 2)) / 39);
  // without the correction it is 9 / 120 = 0.075 too high, several errors
  expect(Math.abs(mean - normalInformation(0.5, 3))).toBeLessThan(4 * se);
});

test("its error is √(Σ ρ² / N) for normal pairs, and Mardia's kurtosis fits", async () => {
  const found = (await canonical(...normalPairs(4000, 0.8, 5, draws("error"))))!;
  expect(found.se).toBeGreaterThan(0.9 * Math.sqrt((5 * 0.64) / 4000));
  expect(found.se).toBeLessThan(1.1 * Math.sqrt((5 * 0.64) / 4000));
  expect(Math.abs(found.kurtosis)).toBeLessThan(4);
  expect(Math.abs(found.value - normalInformation(0.8, 5))).toBeLessThan(4 * found.se);
  const [x, z] = normalPairs(2000, 0.8, 1, draws("cubes"));
  expect((await canonical(numbers(x.columns[0].map((v) => v ** 3)), z))!.kurtosis).toBeGreaterThan(4);
});

test("columns that depend on each other have no inverse covariance, and say so", async () => {
  const [x, z] = normalPairs(100, 0.5, 1, draws(3));
  const twice = numbers(
    x.columns[0],
    x.columns[0].map((v) => 2 * v),
  );
  const found = await canonical(twice, z);
  // the smallest pivot is rounding: either no inverse, or the value of one column
  if (found) expect(found.correlations[0]).toBeLessThan(1);
  expect(await canonical(takeRows(x, [0, 1, 2]), takeRows(z, [0, 1, 2]))).toBeUndefined();
});

test("labels: the plug-in estimate of a table, exactly, and the correction of Miller and Madow", () => {
  // counts 4, 1 / 1, 4
  const [x, z] = [Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1, 1, 1), Int32Array.of(0, 0, 0, 0, 1, 0, 1, 1, 1, 1)];
  const found = tableInformation(x, z);
  expect(found.plugin).toBeCloseTo(0.8 * Math.log(0.4 / 0.25) + 0.2 * Math.log(0.1 / 0.25), 12);
  expect(found.value).toBeCloseTo(found.plugin + (2 + 2 - 4 - 1) / 20, 12);
  expect(entropy(x)).toMatchObject({ plugin: Math.log(2), se: 0 });
  expect(entropy(x).value).toBeCloseTo(Math.log(2) + 1 / 20, 12);
});

test("I(X;X) of labels is their entropy, I of independent ones is 0, I is symmetric", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 4, maxLength: 60 }), (values) => {
      const code = codes([labels(values)]);
      expect(tableInformation(code, code).plugin).toBeCloseTo(entropy(code).plugin, 10);
      const other = Int32Array.from(code, (_, i) => i % 2);
      expect(tableInformation(code, other).plugin).toBeCloseTo(tableInformation(other, code).plugin, 10);
      expect(tableInformation(code, other).plugin).toBeGreaterThan(-1e-12);
    }),
    { seed: 1 },
  );
  expect(tableInformation(Int32Array.of(0, 0, 1, 1), Int32Array.of(0, 1, 0, 1)).plugin).toBe(0);
});

test("bins of equally many rows do not see monotone maps", () => {
  const x = numbers(draws("bins").normal([101], "f64").data);
  expect(binned(numbers(x.columns[0].map(Math.exp)), 5)).toEqual(binned(x, 5));
  // equal values share a bin, whatever that does to their sizes
  expect(new Set(binned(numbers([1, 1, 1, 1, 2]), 3)).size).toBe(2);
});

test("a permutation test of independent pairs is uniform, of dependent ones minimal", async () => {
  const statistic = async (x: Parameters<typeof canonical>[0], z: Parameters<typeof canonical>[1]) => (await canonical(x, z))!.plugin;
  const values: number[] = [];
  for (let s = 0; s < 30; s++)
    values.push((await permutationTest(statistic, normalPairs(40, 0, 1, draws(`null ${s}`)), { permutations: 19, rng: draws(s) })).p);
  // uniform on 0.05, 0.10, …, 1: mean 0.525, sd 0.288; four errors of 30
  expect(Math.abs(meanOf(values) - 0.525)).toBeLessThan((4 * 0.288) / Math.sqrt(30));
  const { p, shuffled } = await permutationTest(statistic, normalPairs(200, 0.9, 1, draws("strong")), { permutations: 19, rng: draws(9) });
  expect([p, shuffled.length]).toEqual([1 / 20, 19]);
});

test("the error from blocks is that of a mean where the estimate is one", async () => {
  const x = draws("blocks").normal([5000], "f64").data;
  const [error] = (await blockErrors(async (rows) => [meanOf(Array.from(rows, (i) => x[i]))], 5000, draws(2)))!;
  // 36 degrees of freedom: within 4 · 12 % of 1/√5000
  expect(Math.abs(error * Math.sqrt(5000) - 1)).toBeLessThan(0.48);
  expect(await blockErrors(async () => [1], 99, draws(2))).toBeUndefined();
});

test("units do not matter once standardised; ranks forget everything but the order; ties stay ties", () => {
  const x = draws("units").normal([50], "f64").data;
  const close = (a: Float64Array, b: Float64Array): void => a.forEach((v, i) => expect(v).toBeCloseTo(b[i], 10));
  close(
    inUnits(
      x.map((v) => 1e6 * v + 3),
      "standardise",
    ),
    inUnits(x, "standardise"),
  );
  expect(
    inUnits(
      x.map((v) => v ** 3),
      "rank",
    ),
  ).toEqual(inUnits(x, "rank"));
  expect(inUnits([1e300, -1e300, 0], "standardise").every(Number.isFinite)).toBe(true);
  expect(tiedShare(inUnits([1, 1, 2, 3], "rank"))).toBe(0.5);
  expect(inUnits([5, 7], "none")).toEqual(Float64Array.of(5, 7));
});

test("networks see labels as one-hot beside the numbers", () => {
  const side = { ...numbers([1.5, 2.5], [0, 2]), levels: [0, 3] };
  expect(Array.from(features(side).data)).toEqual([1.5, 1, 0, 0, 2.5, 0, 0, 1]);
});

test("spread ties keep every number's range to itself, and numbers that occur once where they are", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 5, maxLength: 60 }), (values) => {
      fc.pre(new Set(values).size > 1);
      const side = numbers(values);
      const [spreadOut] = withoutTies(side, draws("ties")).columns;
      const order = values.map((_, i) => i).sort((i, j) => spreadOut[i] - spreadOut[j]);
      for (let i = 1; i < order.length; i++) expect(values[order[i]]).toBeGreaterThanOrEqual(values[order[i - 1]]);
      values.forEach((v, i) => {
        if (values.filter((w) => w === v).length === 1) expect(spreadOut[i]).toBe(v);
      });
      expect(tiedShare(spreadOut)).toBe(0);
    }),
    { seed: 2 },
  );
});
