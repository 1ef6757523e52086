/** Standard errors of distances by the bootstrap. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { deviations, distances, replicates, spread } from "../../src/distances/index.ts";
import { score } from "../../src/transport/index.ts";

const normals = (mean: number, n: number, seed: number): NdArray<"f32"> => {
  const z = randomStream(seed).normal([n, 2]);
  return ndarray(z.data.map((v, i) => v + (i % 2 ? 0 : mean)) as Float32Array<ArrayBuffer>, [n, 2], "f32");
};
const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b) / v.length;
const deviation = (v: readonly number[]): number => Math.sqrt(mean(v.map((x) => (x - mean(v)) ** 2)));

test("the bootstrap's errors of W1, W2 and MMD² are their spreads over samples, also when clouds are thinned", () => {
  for (const [n, samples] of [
    [120, 40],
    [400, 20],
  ]) {
    const values = { w1: [] as number[], w2: [] as number[], mmd: [] as number[] };
    const errors = { w1: [] as number[], w2: [] as number[], mmd: [] as number[] };
    for (let k = 0; k < samples; k++) {
      const [x, y] = [normals(0, n, 2 * k + 100), normals(1, n, 2 * k + 101)];
      const d = distances({ x }, { x: y });
      for (const key of ["w1", "w2", "mmd"] as const) values[key].push(d[key]);
      if (k >= 4) continue;
      const deviating = deviations({ x }, { x: y }, randomStream(k));
      for (const key of ["w1", "w2", "mmd"] as const) errors[key].push(spread(deviating[key]));
    }
    // the spread of 20 values is known to 16 %, each error of 50 replicates to 10 %, and both vary from sample to sample
    for (const key of ["w1", "w2", "mmd"] as const) {
      const ratio = mean(errors[key]) / deviation(values[key]);
      expect(ratio, `${key}, ${n} points`).toBeGreaterThan(0.65);
      expect(ratio, `${key}, ${n} points`).toBeLessThan(1.6);
    }
  }
});

test("two predictions of one snapshot are compared over the same resamples of it", () => {
  const truth = { x: normals(0, 150, 1) };
  const [a, b] = [1, 2].map((seed) => score("a", { x: normals(1.5, 150, 10 + seed) }, truth, randomStream(3)));
  const alone = Math.hypot(spread(a.deviations.w1), spread(b.deviations.w1));
  // W1 of far clouds is linear in both samples: half of the variance of each is the snapshot's, and the same
  const paired = spread(a.deviations.w1.map((v, r) => v - b.deviations.w1[r]));
  expect(paired / alone).toBeLessThan(0.9);
  const same = score("a", { x: normals(1.5, 150, 11) }, truth, randomStream(3));
  expect(same.deviations.w1).toEqual(a.deviations.w1);
});

test("clouds of a few points have no errors, of one point no MMD", () => {
  const one = { x: normals(0, 1, 1) };
  expect(distances(one, { x: normals(0, 9, 2) }).mmd).toBeNaN();
  expect(distances({ x: normals(0, 3, 1), weights: [0, 1, 0] }, { x: normals(0, 9, 2) }).mmd).toBeNaN();
  expect(spread(deviations(one, one, randomStream(1)).w1)).toBeNaN();
  const five = deviations({ x: normals(0, 5, 3) }, { x: normals(1, 5, 4) }, randomStream(1));
  expect(five.w1.length).toBe(replicates);
  expect([...five.w1, ...five.mmd].every(Number.isFinite)).toBe(true);
});
