import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { frechet, frechetDistance, moments } from "../../src/distances/frechet.ts";
import { moved, normals, rows } from "./clouds.ts";

const law = (mean: readonly number[], covariance: readonly number[]) => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(covariance),
});

test("two normal laws of two dimensions: 13 - 2 √14", async () => {
  const [a, b] = [law([0, 0], [2, 1, 1, 2]), law([1, -2], [1, 0, 0, 3])];
  expect(await frechetDistance(a, b)).toBeCloseTo(13 - 2 * Math.sqrt(14), 10);
  expect(await frechetDistance(b, a)).toBeCloseTo(13 - 2 * Math.sqrt(14), 10);
  expect(13 - 2 * Math.sqrt(14)).toBeCloseTo(5.5166852265, 10);
});

test("of one law 0; of laws that commute (√λ - √μ)²; of singular ones too", async () => {
  const a = law([1, 2], [2, 1, 1, 2]);
  expect(await frechetDistance(a, a)).toBeLessThan(1e-12);
  expect(await frechetDistance(law([0, 0], [4, 0, 0, 9]), law([0, 0], [1, 0, 0, 1]))).toBeCloseTo(1 + 4, 12);
  expect(await frechetDistance(law([0, 0], [4, 0, 0, 0]), law([3, 0], [1, 0, 0, 0]))).toBeCloseTo(9 + 1, 12);
});

test("moments of rows: mean and unbiased covariance", async () => {
  const { mean, covariance } = await moments(
    rows([
      [1, 2],
      [3, 2],
      [5, 8],
    ]),
  ); // prettier than drawn ones: by hand
  expect([...mean]).toEqual([3, 4]);
  expect([...covariance]).toEqual([4, 6, 6, 12]);
});

test("two draws of 100 from N(0, I) in ten dimensions are at 0.717: the number of rows, no difference", async () => {
  const values: number[] = [];
  for (let seed = 0; seed < 20; seed++)
    values.push(await frechetDistance(await moments(normals(`${seed} a`, 100, 10)), await moments(normals(`${seed} b`, 100, 10))));
  const mean = values.reduce((a, b) => a + b, 0) / 20;
  // both means are over 20 seeds with a deviation of 0.086 each: four standard errors of their difference
  expect(Math.abs(mean - 0.717)).toBeLessThan(4 * 0.086 * Math.sqrt(2 / 20));
});

test("moving and turning both clouds changes nothing, scaling scales the square", async () => {
  const [x, y] = [normals(7, 60, 2), moved(normals(8, 80, 2), 0.5)];
  const distance = async (f: (a: number, b: number) => readonly number[]): Promise<number> => {
    const mapped = ({ data, shape }: typeof x) =>
      moments(rows(Array.from({ length: shape[0] }, (_, i) => f(data[2 * i], data[2 * i + 1]))));
    return frechetDistance(await mapped(x), await mapped(y));
  };
  const before = await distance((a, b) => [a, b]);
  // turned by the angle of the triangle 3, 4, 5; values are f32 again after each map
  expect(Math.abs((await distance((a, b) => [0.6 * a - 0.8 * b + 3, 0.8 * a + 0.6 * b - 1])) / before - 1)).toBeLessThan(1e-5);
  expect(await distance((a, b) => [4 * a, 4 * b])).toBeCloseTo(16 * before, 10);
});

test("samples of the data are at the reference, others are not; too few rows have no distance", async () => {
  const real = normals(1, 400, 4);
  const found = await frechet(real, randomStream(1))(normals(2, 300, 4));
  if ("none" in found) throw new Error(found.none);
  expect(found.rows).toBe(200);
  // the trace of four variances of 1, each of 400 rows: √(2 · 4 / 400) is a standard error
  expect(Math.abs(found.spread - 4)).toBeLessThan(5 * Math.sqrt(8 / 400));
  const [{ value, reference }, far] = [found, await frechet(real, randomStream(1))(moved(normals(3, 300, 4), 2))];
  // means of equally many rows have one law: six errors of splits, which share rows
  expect(Math.abs(value.mean - reference.mean)).toBeLessThan(6 * Math.hypot(value.se, reference.se) + 0.05);
  if ("none" in far) throw new Error(far.none);
  expect(far.value.mean).toBeGreaterThan(10);
  expect(far.reference).toEqual(reference);
  expect(await frechet(real, randomStream(1))(normals(2, 4, 4))).toMatchObject({ none: /4 samples.*more than 4 rows/ });
});
