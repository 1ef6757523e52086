import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { baselines, score, stacked, subsample } from "../../../src/transport/index.ts";

const shifted = (x: NdArray<"f32">, by: readonly number[]): NdArray<"f32"> =>
  ndarray(x.data.map((v, i) => v + by[i % by.length]) as Float32Array<ArrayBuffer>, x.shape, "f32");
const cloud = (n: number, seed: number): NdArray<"f32"> => randomStream(seed).normal([n, 2]);

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

test("baselines of a forecast: the copy is off by the way, a straight line by nothing", () => {
  const x = cloud(60, 20);
  const { scores } = baselines({ x }, { x: shifted(x, [1, 0]) }, { x: shifted(x, [3, 0]) }, 3, randomStream(21));
  expect(scores.map((s) => s.name)).toEqual(["copy previous", "straight on from the last two"]);
  for (const [i, expected] of [2, 0].entries()) expect(scores[i].w1).toBeCloseTo(expected, 5);
});
