/** Codes of a known encoder. */
import { expect, test } from "vitest";
import { array, ndarray, randomStream } from "../../src/array/index.ts";
import { represent, representationBounds } from "../../src/information/index.ts";

const rng = randomStream("representation");
const coded = (means: ArrayLike<number>, d: number, logVariance: number) => ({
  mean: ndarray(Float32Array.from(means), [means.length / d, d], "f32"),
  logVariance: array(new Array<number>(means.length).fill(logVariance), "f32", [means.length / d, d]),
});
const quiet = (): void => {};

test("a Gaussian channel: the bounds enclose ½ log(1 + 1/σ²)", async () => {
  const truth = 0.5 * Math.log(1 + 1 / 0.05);
  const encoded = coded(rng.fold("x").normal([1500], "f64").data, 1, Math.log(0.05));
  const [lower, upper] = representationBounds(await represent(encoded, rng.fold("codes"), quiet));
  expect(lower.mean).toBeLessThan(truth + 4 * lower.se);
  expect(upper.mean).toBeGreaterThan(truth - 4 * upper.se);
  // N = 1500 rows: the contrast's bias is about e^I / 2N < 0.002
  expect(upper.mean - lower.mean).toBeLessThan(0.05 + 4 * Math.hypot(lower.se, upper.se));
});

test("codes that are the same for all rows know nothing; codes far apart know the row", async () => {
  const same = representationBounds(await represent(coded(new Float64Array(300), 2, 0), rng.fold("same"), quiet));
  for (const b of same.filter(({ name }) => !name.startsWith("rate, fitted"))) expect(Math.abs(b.mean)).toBeLessThan(1e-6);
  const apart = representationBounds(
    await represent(
      coded(
        Array.from({ length: 300 }, (_, i) => 1000 * i),
        1,
        0,
      ),
      rng.fold("apart"),
      quiet,
    ),
  );
  expect(apart[0].mean).toBeCloseTo(Math.log(300), 10);
});

test("log densities are those of their rows, across blocks", async () => {
  const means = rng.fold("means").normal([600], "f64").data;
  const { z, own, mixture, others } = await represent(coded(means, 2, -0.5), rng.fold("draws"), quiet);
  const log = (i: number, j: number): number =>
    -0.5 * [0, 1].reduce((s, k) => s + (Number(z.data[2 * i + k]) - Math.fround(means[2 * j + k])) ** 2 * Math.exp(0.5) - 0.5, 0);
  for (const i of [0, 255, 256, 299]) {
    const all = Array.from({ length: 300 }, (_, j) => Math.exp(log(i, j)));
    const sum = all.reduce((a, b) => a + b, 0);
    expect(own[i]).toBeCloseTo(log(i, i), 9);
    expect(mixture[i]).toBeCloseTo(Math.log(sum / 300), 9);
    expect(others[i]).toBeCloseTo(Math.log((sum - all[i]) / 299), 9);
  }
});
