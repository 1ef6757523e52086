import { expect, test } from "vitest";
import { type NdArray, toNumbers } from "../../src/array/index.ts";
import { prdc, prdcAt } from "../../src/distances/prdc.ts";
import { blocksOf, nearestRows, squaredDistances } from "../../src/distances/squares.ts";
import { jit } from "../../src/tensor/index.ts";
import { moved, normals, rows } from "./clouds.ts";

const line = (values: readonly number[]): NdArray<"f32"> => rows(values.map((v) => [v]));
const reals = line([0, 1, 2.1, 3.3, 4.6, 6]);
const fakes = line([0.4, 0.6, 3, 8, 9, 9.5]);

test("six points beside six, by hand", async () => {
  const one = await prdcAt(reals)(fakes, 1);
  expect(one).toEqual({
    ...{ precision: 1 / 2, recall: 2 / 3, density: 1, coverage: 2 / 3, k: 1 },
    nearestBall: { precision: 1 / 2, recall: 1 / 2 },
  });
  const two = await prdcAt(reals)(fakes, 2);
  expect([two.precision, two.recall, two.density, two.coverage]).toEqual([2 / 3, 5 / 6, 7 / 12, 5 / 6]);
  expect(two.nearestBall).toEqual({ precision: 2 / 3, recall: 5 / 6 });
});

test("moving and scaling both clouds changes nothing, far copies score nothing, the data themselves all", async () => {
  const [a, b] = [normals(1, 80, 3), normals(2, 60, 3)];
  const before = await prdcAt(a)(b, 3);
  const scaled = (x: NdArray<"f32">): NdArray<"f32"> => ({ ...moved(x, 0), data: x.data.map((v) => 4 * v + 8) });
  expect(await prdcAt(scaled(a))(scaled(b), 3)).toEqual(before);
  expect(await prdcAt(a)(moved(b, 100), 3)).toMatchObject({ precision: 0, recall: 0, density: 0, coverage: 0 });
  const self = await prdcAt(a)(a, 3);
  expect(self).toMatchObject({ precision: 1, recall: 1, coverage: 1, nearestBall: { precision: 1, recall: 1 } });
});

test("few rows have fewer neighbours, and it is said; one row has none", async () => {
  const few = await prdc(reals)(fakes, 5);
  expect(few).toMatchObject({ k: 1, precision: 1 / 2, reduced: "6 rows are too few for 5 neighbours (5 each): taken with 1" });
  expect(await prdc(normals(1, 30, 2))(normals(2, 30, 2), 5)).not.toHaveProperty("reduced");
  expect(await prdc(reals)(line([1]))).toHaveProperty("none");
});

test("distances by one product are those of differences; copies are at none; blocks cover all rows", async () => {
  const [x, y] = [moved(normals(3, 7, 5), 1000), moved(normals(4, 9, 5), 1000)];
  y.data.set(x.data.subarray(10, 15), 0); // row 0 of y is row 2 of x
  const squares = toNumbers(await jit(squaredDistances)(x, y));
  for (let i = 0; i < 7; i++)
    for (let j = 0; j < 9; j++) {
      const exact = Array.from({ length: 5 }, (_, c) => (x.data[i * 5 + c] - y.data[j * 5 + c]) ** 2).reduce((a, b) => a + b, 0);
      expect(Math.abs(squares[i * 9 + j] - exact)).toBeLessThan(1e-12 * Math.max(1, exact));
    }
  expect(squares[2 * 9]).toBe(0);
  const { starts, size } = blocksOf(1000, 2 ** 15);
  expect(new Set(starts.flatMap((s) => Array.from({ length: size }, (_, i) => s + i))).size).toBe(1000);
  expect(size * 2 ** 15).toBeLessThanOrEqual(2 ** 21);
  // in blocks as at once
  const many = normals(5, 700, 2);
  const { indices } = await nearestRows(many, many, 1, { others: true });
  const mutual = Array.from(indices, (j, i) => Number(indices[j] === i)).reduce((a, b) => a + b, 0);
  expect(Array.from(indices).every((j, i) => j !== i)).toBe(true);
  // in the plane 62 % of points are their neighbour's neighbour (6π / (8π + 3√3)); five binomial errors
  expect(Math.abs(mutual / 700 - (6 * Math.PI) / (8 * Math.PI + 3 * Math.sqrt(3)))).toBeLessThan(0.1);
});
