import { expect, test } from "vitest";
import { randomStream } from "../../../../src/array/index.ts";
import { featureDiscrepancy } from "../../../../src/transport/images/measures/discrepancy.ts";
import { moved, normals } from "../../../distances/clouds.ts";

/** E exp(-|x - y|² / (2σ²)) of x - y ~ N(m, 2 I): (1 + 2/σ²)^(-d/2) exp(-m² / (2 (σ² + 2))). */
const kernel = (d: number, square: number, sigma: number): number =>
  (1 + 2 / sigma ** 2) ** (-d / 2) * Math.exp(-square / (2 * (sigma ** 2 + 2)));

test("of two Gaussians: the closed form, within the error that is told; the bandwidth is the median distance", async () => {
  const d = 3;
  const found = await featureDiscrepancy(moved(normals("x", 2000, d), 0.5), normals("y", 2000, d), randomStream(1));
  if ("none" in found) throw new Error(found.none);
  const { value, se, bandwidth, rows } = found;
  // |x - y|² / 2 is χ² of 3 degrees, of median 2.366; the median of 500 rows' pairs varies by about 2 %
  expect(Math.abs(bandwidth / Math.sqrt(2 * 2.366) - 1)).toBeLessThan(0.1);
  const exact = 2 * kernel(d, 0, bandwidth) - 2 * kernel(d, d * 0.25, bandwidth);
  // Student's law of four degrees of freedom: beyond 8 errors once in 750
  expect(Math.abs(value - exact)).toBeLessThan(8 * se);
  expect(se).toBeLessThan(0.2 * value);
  expect(rows).toBe(2000);
});

test("of one law it is 0 within its error, as often below as above", async () => {
  const scores: number[] = [];
  for (let seed = 0; seed < 30; seed++) {
    const found = await featureDiscrepancy(normals(`x ${seed}`, 200, 4), normals(`y ${seed}`, 200, 4), randomStream(seed));
    if ("none" in found) throw new Error(found.none);
    scores.push(found.value / found.se);
  }
  // Student's law of four degrees has variance 2: the mean of 30 varies by √(2/30); five of it
  expect(Math.abs(scores.reduce((a, b) => a + b, 0) / 30)).toBeLessThan(5 * Math.sqrt(2 / 30));
  // each sign with probability 1/2: fewer than 5 of 30 once in 17,000
  const below = scores.filter((z) => z < 0).length;
  expect(Math.min(below, 30 - below)).toBeGreaterThanOrEqual(5);
});

test("few rows, and rows that are all alike, have none, and it is said why", async () => {
  expect(await featureDiscrepancy(normals(1, 49, 2), normals(2, 500, 2), randomStream(1))).toEqual({
    none: "49 samples and 500 real rows: 50 of each are needed",
  });
  const same = { ...normals(1, 60, 2), data: new Float32Array(120) };
  expect(await featureDiscrepancy(normals(1, 60, 2), same, randomStream(1))).toEqual({ none: "half of the pairs of real rows are equal" });
});
