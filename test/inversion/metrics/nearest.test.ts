import { expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { diversity, meanPairDistance } from "../../../src/inversion/metrics/diversity.ts";
import { closeness, nearestItems, neighbourClasses } from "../../../src/inversion/metrics/nearest.ts";
import { overlap } from "../../../src/inversion/metrics/overlap.ts";
import { moved, normals, rows } from "../../distances/clouds.ts";

const real = { x: rows([[0], [1], [2], [10], [11]]), y: Int32Array.of(0, 0, 0, 1, 1) };

test("the class of most neighbours, at a draw of the nearest", async () => {
  expect([...(await neighbourClasses(rows([[0.4], [10.2], [7]]), real, 3))]).toEqual([0, 1, 1]);
  // of 7 the four nearest are 10, 11, 2, 1: two each, and 10 is the nearest
  expect([...(await neighbourClasses(rows([[7]]), real, 4))]).toEqual([1]);
  expect([...(await neighbourClasses(rows([[7]]), real, 99))]).toEqual([0]);
});

test("squared distances to the nearest item of the class, and to its mean", async () => {
  const samples = { x: rows([[0.5], [4], [12]]), y: Int32Array.of(0, 0, 1) };
  const found = await closeness(samples, real, 3);
  expect(found[0]!.nearest).toBeCloseTo((0.25 + 4) / 2, 12);
  expect(found[0]!.mean).toBeCloseTo((0.25 + 9) / 2, 12);
  expect(found[1]).toEqual({ nearest: 1, mean: 2.25 });
  expect(found[2]).toBeUndefined();
});

test("the nearest item is of the sample's own class", async () => {
  const samples = { x: rows([[9], [9], [9]]), y: Int32Array.of(0, 1, 2) };
  expect(await nearestItems(samples, real)).toEqual([{ row: 2, distance: 7 }, { row: 3, distance: 1 }, undefined]);
});

test("mean distance between rows: by hand, and of N(0, I) in one dimension 2 / √π", async () => {
  expect(await meanPairDistance(rows([[0], [1], [3]]))).toBeCloseTo((1 + 3 + 2) / 3, 12);
  // the deviation of |x - y| / √n is at most 0.85 / √2000: five of them
  expect(Math.abs((await meanPairDistance(normals(1, 2000, 1))) - 2 / Math.sqrt(Math.PI))).toBeLessThan(0.1);
  const beside = diversity(rows([[0], [1]]), 2, randomStream(1));
  expect(await beside(rows([[5], [5]]))).toEqual({ pairs: 0, modes: { samples: 1, real: expect.closeTo(2, 12), cells: 2 } });
  expect((await beside(rows([[5], [8]]))).pairs).toBeCloseTo(3, 12);
});

test("modes: four groups are four, samples of one of them are one, and the same seed gives the same", async () => {
  const x = normals(1, 200, 2);
  const groups = { ...x, data: x.data.map((v, i) => 0.1 * v + (i % 2 ? Math.floor(i / 2) % 2 : Math.floor(i / 4) % 2) * 10) };
  const one = { ...x, data: x.data.map((v) => 0.1 * v) };
  const { modes } = await diversity(groups, 4, randomStream(1))(one);
  expect(modes.cells).toBe(4);
  expect(modes.samples).toBeCloseTo(1, 12);
  expect(modes.real).toBeCloseTo(4, 12);
  expect((await diversity(groups, 4, randomStream(1))(one)).modes).toEqual(modes);
});

test("public copies of private items are found, with noise too; draws of the same law are none", async () => {
  const items = normals(1, 300, 20);
  const others = normals(2, 100, 20);
  expect(await overlap(others, items)).toMatchObject({ duplicates: [], warnings: [] });
  others.data.set(items.data.subarray(5 * 20, 6 * 20), 7 * 20);
  const again = moved({ ...items, shape: [1, 20], data: items.data.slice(0, 20) }, 0.01);
  others.data.set(again.data, 0);
  const { duplicates, threshold, warnings } = await overlap(others, items);
  expect(duplicates.map(({ publicRow, privateRow }) => [publicRow, privateRow])).toEqual([
    [7, 5],
    [0, 0],
  ]);
  expect(duplicates[0].distance).toBe(0);
  expect(duplicates[1].distance).toBeCloseTo(0.01 * Math.sqrt(20), 5);
  expect(threshold).toBeGreaterThan(duplicates[1].distance);
  expect(warnings.join()).toMatch(/2 of 100 public items.*public row 8, private row 6/);
});
