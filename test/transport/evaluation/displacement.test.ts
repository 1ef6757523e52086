/** What lies between clouds along optimal transport. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { wasserstein } from "../../../src/distances/index.ts";
import { displacement, unbalancedDisplacement } from "../../../src/transport/index.ts";

const shifted = (x: NdArray<"f32">, by: readonly number[]): NdArray<"f32"> =>
  ndarray(x.data.map((v, i) => v + by[i % by.length]) as Float32Array<ArrayBuffer>, x.shape, "f32");
const cloud = (n: number, seed: number): NdArray<"f32"> => randomStream(seed).normal([n, 2]);

test("displacement of a shifted cloud is the cloud shifted by the fraction", () => {
  const x = cloud(60, 1);
  const rng = randomStream(2);
  // Optimal transport to a shifted copy moves every point by the shift, so the interpolation is exact up to order.
  const half = displacement({ x }, { x: shifted(x, [3, -1]) }, 0.25, rng);
  expect(wasserstein(half, shifted(x, [0.75, -0.25]), { power: 1 })).toBeLessThan(1e-6);
});

test("displacement between clouds of different sizes keeps mean and ends", () => {
  const [x, y] = [cloud(40, 3), shifted(cloud(90, 4), [5, 5])];
  const rng = randomStream(5);
  const start = displacement({ x }, { x: y }, 0, rng);
  expect(start.shape).toEqual([90, 2]);
  // 90 systematic draws of 40 points of mass 1/40: every point within 1/90 of its mass.
  expect(wasserstein(start, x, { power: 1 })).toBeLessThan(0.1);
  expect(wasserstein(displacement({ x }, { x: y }, 1, rng), y, { power: 1 })).toBeLessThan(0.1);
});

test("the point along unbalanced transport: two particles on the cone, and mass that stays where it is but changes", async () => {
  const at = (v: number, mass: number) => ({ points: ndarray(Float32Array.of(v, 0), [1, 2], "f32"), mass });
  const [lambda, u] = [1, 0.3];
  const { x, mass } = await unbalancedDisplacement(at(0, 2), at(1, 6), u, lambda, randomStream(1));
  // on the cone: radii √2 and √6 at the angle √λ D / 2 = ½
  const [p, q] = [(1 - u) * Math.sqrt(2) + u * Math.sqrt(6) * Math.cos(0.5), u * Math.sqrt(6) * Math.sin(0.5)];
  expect(mass).toBeCloseTo(p * p + q * q, 4);
  expect(x.data[0]).toBeCloseTo((2 / Math.sqrt(lambda)) * Math.atan2(q, p), 4);
  // two places far beyond π/√λ of each other, whose masses trade: nothing moves, radii go straight
  const pair = (left: number) => ({
    points: ndarray(Float32Array.of(0, 0, 9, 0), [2, 2], "f32"),
    weights: [left, 1 - left],
    mass: 1,
  });
  const traded = await unbalancedDisplacement(pair(0.8), pair(0.2), 0.5, lambda, randomStream(1));
  const middle = (0.5 * Math.sqrt(0.8) + 0.5 * Math.sqrt(0.2)) ** 2;
  expect(traded.mass).toBeCloseTo(2 * middle, 4);
  const left = Array.from(traded.weights as ArrayLike<number>)
    .filter((_, i) => traded.x.data[2 * i] < 0.1)
    .reduce((a, b) => a + b, 0);
  expect(left).toBeCloseTo(middle, 4);
});
