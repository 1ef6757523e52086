/** Pilots: what they find, that it is frozen, and resonance. */
import { expect, test } from "vitest";
import { array, ndarray, randomStream } from "../../src/array/index.ts";
import {
  adaptiveSchedule,
  anneal,
  autoregressive,
  hmc,
  jitter,
  type LogDensity,
  linearSchedule,
  type NoData,
  pilotPath,
  pilotScale,
  pilotStepSizes,
  sigmoidSchedule,
  temperedPath,
} from "../../src/sampling/index.ts";
import { expectMean, plane, planeDraws } from "./statistics.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "f64");

// z ~ N(0, I_d), x_i = w z_i + σ ε_i observed at 1.5: the posterior is isotropic, N(m, v)
const model = (d: number, w: number, variance: number) => {
  const prior: LogDensity<NoData> = (z) => z.square().sum(1).mul(-0.5);
  const likelihood: LogDensity<NoData> = (z) =>
    z
      .mul(w)
      .sub(1.5)
      .square()
      .sum(1)
      .mul(-0.5 / variance);
  // log p(x) without the constants of the likelihood
  const logEvidence = -d * (0.5 * Math.log(1 + (w * w) / variance) + (0.5 * 1.5 ** 2) / (variance + w * w));
  const v = (beta: number) => 1 / (1 + (beta * w * w) / variance);
  return { target: [prior, likelihood], logEvidence, v, m: (beta: number) => (v(beta) * beta * w * 1.5) / variance };
};

test("jitter: fixed factors within their spread, the same for the same stream", () => {
  const stepSizes = new Float64Array(500).fill(2);
  const jittered = jitter(stepSizes, randomStream(1));
  // (1 ± 0.35) / 1.35 of what was given, and never more
  expect(Math.min(...jittered)).toBeGreaterThan((2 * 0.65) / 1.35);
  expect(Math.max(...jittered)).toBeLessThan(2);
  expect(Math.max(...jittered) - Math.min(...jittered)).toBeGreaterThan(1);
  expect([...jitter(stepSizes, randomStream(1))]).toEqual([...jittered]);
  expect([...jitter([1, 2], randomStream(1), 0)]).toEqual([1, 2]);
  expect(() => jitter([1], randomStream(1), 1)).toThrow(/spread/);
});

test.each([0.01, 5])("from %f the pilot's step sizes reach the acceptance, and follow the width of the densities", async (start) => {
  const { target, v, logEvidence } = model(5, 3, 0.3);
  const betas = sigmoidSchedule(60, 6);
  const kernel = hmc<NoData>(target, 5);
  const withStepSize = (stepSize: number) => ({ stepSize: f64(stepSize) });
  const options = { kernel, path: temperedPath, betas, data: {}, withStepSize, start };
  const frozen = await pilotStepSizes(options, randomStream(2).normal([200, 5], "f64"), randomStream(3));
  const late = frozen.acceptance.slice(5);
  expect(Math.abs(late.reduce((a, b) => a + b, 0) / late.length - 0.65)).toBeLessThan(0.1);
  // an isotropic Gaussian of width s is moved best by ε in proportion to s
  const ratio = frozen.smooth[59] / frozen.smooth[5] / Math.sqrt(v(1) / v(betas[6]));
  expect(Math.abs(Math.log(ratio))).toBeLessThan(Math.log(1.5));
  // frozen, on other chains: the weights are unbiased
  const parameters = (t: number) => withStepSize(frozen.stepSizes[t - 1]);
  const run = await anneal({ ...options, parameters }, { forward: randomStream(4).normal([3000, 5], "f64") }, randomStream(5));
  expectMean(
    [...run.forward.logWeights].map((l) => Math.exp(l - logEvidence)),
    1,
  );
});

test("a pilot of perfect chains measures V(β), and the schedule from it shortens the gap", async () => {
  const [d, w] = [4, 10];
  const { target, v, m } = model(d, w, 1);
  const regression = (betas: Float64Array) => ({
    kernel: autoregressive<NoData>(target),
    path: temperedPath,
    betas,
    parameters: (t: number) => ({
      correlation: f64(0),
      mean: f64([new Array<number>(d).fill(m(betas[t]))]),
      scale: f64([new Array<number>(d).fill(Math.sqrt(v(betas[t])))]),
    }),
    data: {},
  });
  // var of ℓ = -½ |w z - x|² at π_β: d (½ (w² v)² + w² v (w m - x)²)
  const V = (beta: number) => d * (0.5 * (w * w * v(beta)) ** 2 + w * w * v(beta) * (w * m(beta) - 1.5) ** 2);
  const coarse = sigmoidSchedule(80, 8);
  const pilot = await pilotPath(regression(coarse), randomStream(6).normal([2000, d], "f64"), 1, randomStream(7));
  // a variance of nearly χ² values from 2,000 chains: 5 % each at one standard error
  Array.from(pilot.betas).forEach((beta, t) => void expect(Math.abs(pilot.variances[t] / V(beta) - 1)).toBeLessThan(0.35));
  const adapted = adaptiveSchedule(pilot, 40);
  const gap = async (betas: Float64Array) => {
    const [a, b] = [randomStream(8), randomStream(9)].map((rng) => rng.normal([2000, d], "f64").data);
    const starts = {
      forward: ndarray(a, [2000, d], "f64"),
      reverse: ndarray(
        b.map((z) => m(1) + Math.sqrt(v(1)) * z),
        [2000, d],
        "f64",
      ),
    };
    const run = await anneal(regression(betas), starts, randomStream(10));
    const mean = (logs: Float64Array) => logs.reduce((x, y) => x + y, 0) / logs.length;
    return mean(run.reverse.logWeights) - mean(run.forward.logWeights);
  };
  // perfect transitions: E f and E r are the left and right sums of ∫ g dβ with g(β) = E ℓ under π_β
  const g = (beta: number) => -0.5 * d * (w * w * v(beta) + (w * m(beta) - 1.5) ** 2);
  const exact = (betas: Float64Array) => betas.slice(1).reduce((sum, b, i) => sum + (b - betas[i]) * (g(b) - g(betas[i])), 0);
  // 2,000 chains each way, whose log weights have a variance of about the gap
  const best = await gap(adapted.betas);
  expect(Math.abs(best - exact(adapted.betas))).toBeLessThan(4.5 * Math.sqrt((2 * best) / 2000));
  // Λ²/T for large T; the pilot's V has its errors
  expect(Math.abs(exact(adapted.betas) / adapted.gap - 1)).toBeLessThan(0.2);
  for (const other of [linearSchedule(40), sigmoidSchedule(40, 4), sigmoidSchedule(40, 8)])
    expect(exact(other)).toBeGreaterThan(1.2 * exact(adapted.betas));
});

test("V is measured within data points: what differs between them does not count", async () => {
  // the same states for both chains of a point, other points elsewhere: V = 0
  const { target } = model(1, 1, 1);
  const options = { kernel: hmc<NoData>(target, 1), path: temperedPath, betas: [0, 1], parameters: () => ({ stepSize: f64(1) }), data: {} };
  const pilot = await pilotPath(options, f64([[0], [5], [0], [5]]), 2, randomStream(11));
  expect(pilot.variances[0]).toBeCloseTo(0, 20);
  await expect(pilotPath(options, f64([[0], [5], [0]]), 2, randomStream(11))).rejects.toThrow(/not two or more/);
});

test("scales: standard deviations and the factor of a covariance, within data points", () => {
  const draws = planeDraws(randomStream(12), 40_000);
  const diagonal = pilotScale(draws, "diagonal").data as Float64Array;
  // 1 / √(2 n) relative error
  [Math.SQRT2, 1].forEach((s, i) => void expect(Math.abs(diagonal[i] / s - 1)).toBeLessThan(4 / Math.sqrt(80_000)));
  const dense = pilotScale(draws, "dense");
  expect(dense.shape).toEqual([1, 2, 2]);
  plane.factor.flat().forEach((l, e) => void expect(Math.abs((dense.data as Float64Array)[e] - l)).toBeLessThan(0.03));
  // two data points far apart: the distance between them is no scale
  const apart = ndarray(
    (draws.data as Float64Array).map((x, e) => x + (Math.floor(e / 2) % 2) * 100),
    [40_000, 2],
    "f64",
  );
  expect((pilotScale(apart, "diagonal", 2).data as Float64Array)[0]).toBeLessThan(1.5);
  expect(() =>
    pilotScale(
      f64([
        [1, 2],
        [1, 3],
      ]),
      "dense",
    ),
  ).toThrow(/coordinate 0 did not move/);
});

test("resonance: a constant step size leaves the chains where they were, jitter does not, and the acceptance shows neither", async () => {
  // the posterior at every temperature near the end is N(m, v); ε² ≈ 2 v (1 - cos(2π / 10)) makes ten leapfrog steps one period
  const { target, v, m } = model(3, 10, 1);
  const betas = linearSchedule(40).map((b, t) => (t === 0 ? 0 : 0.9 + 0.1 * b));
  const period = (beta: number) => Math.sqrt(2 * v(beta) * (1 - Math.cos(Math.PI / 5)));
  const stepSizes = Float64Array.from({ length: 40 }, (_, i) => period(betas[i + 1]));
  const distance = async (sizes: Float64Array) => {
    const reverse = ndarray(
      randomStream(13)
        .normal([500, 3], "f64")
        .data.map((z) => m(1) + Math.sqrt(v(1)) * z),
      [500, 3],
      "f64",
    );
    const options = { kernel: hmc<NoData>(target, 10), path: temperedPath, betas, data: {} };
    const run = await anneal({ ...options, parameters: (t: number) => ({ stepSize: f64(sizes[t - 1]) }) }, { reverse }, randomStream(14));
    const ends = run.reverse.ends.data as Float64Array;
    const start = reverse.data as Float64Array;
    const moved = ends.reduce((sum, x, e) => sum + (x - start[e]) ** 2, 0) / ends.length / (2 * v(1));
    return { moved, acceptance: Math.min(...run.records.slice(0, -1).map(({ acceptance }) => acceptance.reverse)) };
  };
  const [constant, jittered] = [await distance(stepSizes), await distance(jitter(stepSizes, randomStream(15)))];
  expect(Math.min(constant.acceptance, jittered.acceptance)).toBeGreaterThan(0.8);
  // independent states are at a mean square distance of 2 v
  expect(constant.moved).toBeLessThan(0.05);
  expect(Math.abs(jittered.moved - 1)).toBeLessThan(0.2);
});
