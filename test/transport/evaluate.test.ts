import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { wasserstein } from "../../src/distances/index.ts";
import { baselines, displacement, score, stacked, subsample, unbalancedDisplacement, unitsOf } from "../../src/transport/index.ts";

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

test("scores of a shift are the length of the shift, and zero for the cloud itself", () => {
  const x = cloud(80, 6);
  const { w1, w2 } = score("moved", { x: shifted(x, [3, 4]) }, { x }, randomStream(7));
  expect(w1).toBeCloseTo(5, 5);
  expect(w2).toBeCloseTo(5, 5);
  expect(score("same", { x }, { x }, randomStream(7)).w1).toBeCloseTo(0, 6);
});

test("baselines of a cloud that moves evenly: the midpoint is exact, the copies are off by half the way", () => {
  const x = cloud(100, 8);
  const { scores, floor } = baselines({ x }, { x: shifted(x, [2, 0]) }, { x: shifted(x, [1, 0]) }, 0.5, randomStream(9));
  expect(scores.map((s) => s.name)).toEqual(["copy previous", "copy next", "optimal-transport midpoint"]);
  for (const [i, expected] of [1, 1, 0].entries()) expect(scores[i].w1).toBeCloseTo(expected, 5);
  expect(floor).toBeGreaterThan(0.1);
});

test("weights of the baselines are as good as copies of the points", () => {
  const [x, y, z] = [12, 13, 14].map((seed) => cloud(30, seed));
  const counts = Array.from({ length: 30 }, (_, i) => 1 + (i % 3));
  const copied = (c: NdArray<"f32">): NdArray<"f32"> =>
    ndarray(
      Float32Array.from(counts.flatMap((w, i) => Array.from({ length: w }, () => [...c.data.slice(2 * i, 2 * i + 2)]).flat())),
      [60, 2],
      "f32",
    );
  const weighted = [x, y, z].map((c) => ({ x: c, weights: counts }));
  const copies = [x, y, z].map((c) => ({ x: copied(c) }));
  const [a, b] = [weighted, copies].map(([p, q, r]) => baselines(p, q, r, 0.5, randomStream(15)).scores);
  for (const i of [0, 1]) expect(a[i].w1).toBeCloseTo(b[i].w1, 6);
  // a particle without weight might as well not be there
  const nothing = { x: z, weights: counts.map((w, i) => (i < 15 ? w : 0)) };
  const half = { x: ndarray(z.data.slice(0, 30), [15, 2], "f32"), weights: counts.slice(0, 15) };
  const [c, e] = [nothing, half].map((truth) => baselines(weighted[0], weighted[1], truth, 0.5, randomStream(15)));
  for (const i of [0, 1, 2]) expect(c.scores[i].w1).toBeCloseTo(e.scores[i].w1, 6);
  expect(c.floor).toBeGreaterThan(0);
});

test("large clouds are thinned to rows of their own, stacked clouds keep all rows", () => {
  const x = randomStream(10).normal([2500, 2]);
  const thin = subsample(x, randomStream(11));
  expect(thin.shape).toEqual([2000, 2]);
  const rows = new Set(Array.from({ length: 2500 }, (_, i) => `${x.data[2 * i]},${x.data[2 * i + 1]}`));
  const kept = new Set(Array.from({ length: 2000 }, (_, i) => `${thin.data[2 * i]},${thin.data[2 * i + 1]}`));
  expect(kept.size).toBe(2000);
  for (const row of kept) expect(rows.has(row)).toBe(true);
  expect(stacked([x, thin]).shape).toEqual([4500, 2]);
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

test("baselines of a forecast: the copy is off by the way, a straight line by nothing", () => {
  const x = cloud(60, 20);
  const { scores } = baselines({ x }, { x: shifted(x, [1, 0]) }, { x: shifted(x, [3, 0]) }, 3, randomStream(21));
  expect(scores.map((s) => s.name)).toEqual(["copy previous", "straight on from the last two"]);
  for (const [i, expected] of [2, 0].entries()) expect(scores[i].w1).toBeCloseTo(expected, 5);
});

test("units weigh particles: those without weight are not there, and a common factor changes nothing", () => {
  const [x, y] = [cloud(40, 31), shifted(cloud(30, 32), [3, 0])];
  const far = ndarray(Float32Array.of(...x.data, 900, -900), [41, 2], "f32");
  const plain = unitsOf([0, 2], [x, y]);
  const padded = unitsOf([0, 2], [far, y], "each", [Array.from({ length: 41 }, (_, i) => (i < 40 ? 5 : 0)), new Array(30).fill(0.1)]);
  // the snapshot with the particle of no weight still counts by its number of particles, 41 of 71
  plain.mean.forEach((_, j) => {
    const own = (c: NdArray<"f32">): number => c.data.reduce((s, v, i) => s + (i % 2 === j ? v : 0), 0) / c.shape[0];
    expect(padded.mean[j]).toBeCloseTo((41 * own(x) + 30 * own(y)) / 71, 5);
    expect(unitsOf([0, 2], [x, y], "each", [new Array(40).fill(7), new Array(30).fill(2)]).deviation[j]).toBeCloseTo(plain.deviation[j], 9);
  });
});
