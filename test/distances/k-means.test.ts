import { expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { kMeans, nearestCentre } from "../../src/distances/index.ts";

test("three groups far apart have their means as centres, the same at every call", () => {
  const noise = randomStream(3).normal([90, 2]).data;
  const x = ndarray(
    noise.map((v, i) => v * 0.1 + (i % 2 ? 0 : 10 * (Math.floor(i / 2) % 3))),
    [90, 2],
    "f32",
  );
  const centres = kMeans(x, 3, randomStream(1));
  expect(kMeans(x, 3, randomStream(1))).toEqual(centres);
  const groups = [0, 1, 2].map((g) => Array.from({ length: 30 }, (_, i) => 3 * i + g));
  const means = groups.map((rows) => [0, 1].map((j) => rows.reduce((sum, i) => sum + x.data[2 * i + j], 0) / rows.length));
  const found = centres.toSorted((a, b) => a[0] - b[0]);
  means.forEach((mean, g) => void mean.forEach((v, j) => void expect(found[g][j]).toBeCloseTo(v, 6)));
  for (const rows of groups) expect(new Set(rows.map((i) => nearestCentre(x, i, centres).index)).size).toBe(1);
});

test("fewer distinct points than groups have as many centres as there are points", () => {
  const x = array([[1], [1], [2]]) as NdArray<"f32">; // numbers are f32 where nothing else is said
  expect(
    kMeans(x, 5, randomStream(1))
      .flat()
      .toSorted((a, b) => a - b),
  ).toEqual([1, 2]);
});
