/** Diagnostics: sizes, tails, agreement and correlation of chains, and what is said of them. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { normalQuantile } from "../../src/sampling/diagnostics/r-hat.ts";
import {
  autocorrelationTime,
  blockedErrors,
  correlatedEstimate,
  fitPareto,
  kishSize,
  paretoShape,
  rankRHat,
  samplingCautions,
  splitRHat,
} from "../../src/sampling/index.ts";

test("Kish's size counts equal weights, and has its formula", () => {
  expect(kishSize([5, 5, 5, 5])).toBeCloseTo(4, 12);
  expect(kishSize([0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBeCloseTo(1, 12);
  expect(kishSize([Math.log(1), Math.log(2), Math.log(3)].map((l) => l - 900))).toBeCloseTo(36 / 14, 10);
  expect(kishSize([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBe(0);
});

/** Values of a generalised Pareto law at evenly spaced probabilities. */
const paretoGrid = (k: number, scale: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => {
    const tail = 1 - (i + 0.5) / n;
    return Math.abs(k) < 1e-12 ? -scale * Math.log(tail) : (scale / k) * (tail ** -k - 1);
  });

test.each([-0.3, 0, 0.2, 0.5, 0.9, 1.4])("an exact Pareto tail of shape %f is found", (k) => {
  const { shape, scale } = fitPareto(paretoGrid(k, 2.5, 2000));
  // a fit of random values has the error (1 + k) / √n; the grid is closer to the law than they are
  expect(Math.abs(shape - k)).toBeLessThan((1 + Math.max(0, k)) / Math.sqrt(2000));
  expect(Math.abs(scale / 2.5 - 1)).toBeLessThan(0.06);
});

test("Pareto k of weights: the shape of their tail, whatever their scale; equal weights have none", () => {
  for (const k of [0.3, 0.7, 1.1]) {
    const logs = paretoGrid(k, k, 20_000).map((w) => Math.log(1 + w) + 1234); // Pareto: P(w > x) = x^(-1/k)
    // 424 tail values, drawn to a prior of 10 at ½
    expect(Math.abs(paretoShape(logs) - (424 * k + 5) / 434)).toBeLessThan(0.03);
  }
  // log-normal weights of small spread have a light tail
  expect(
    paretoShape(
      randomStream(1)
        .normal([4000], "f64")
        .data.map((z) => 0.3 * z),
    ),
  ).toBeLessThan(0.4);
  expect(paretoShape(new Array(100).fill(2))).toBe(0);
  expect(paretoShape([1, 2, 3])).toBeNaN();
});

test("split R-hat has its formula", () => {
  // halves of variance ½ and means 1.5, 3.5, 3.5, 5.5
  expect(
    splitRHat([
      [1, 2, 3, 4],
      [3, 4, 5, 6],
    ]),
  ).toBeCloseTo(Math.sqrt(0.5 + 8 / 3 / 0.5), 12);
});

test("R-hat is 1 for independent chains, and sees shifts, scales and drifts", () => {
  const chains = Array.from({ length: 4 }, (_, c) => [...randomStream(c + 1).normal([1000], "f64").data]);
  expect(rankRHat(chains)).toBeLessThan(1.005);
  expect(rankRHat(chains.map((chain, c) => chain.map((x) => x + (c === 0 ? 1 : 0))))).toBeGreaterThan(1.05);
  const wide = chains.map((chain, c) => chain.map((x) => x * (c === 0 ? 3 : 1)));
  expect(rankRHat(wide)).toBeGreaterThan(1.05);
  expect(splitRHat(wide)).toBeLessThan(1.01); // means alone do not see it
  expect(rankRHat(chains.map((chain) => chain.map((x, i) => x + i / 400)))).toBeGreaterThan(1.05);
  // heavy tails: ranks do not care for a monotone map
  expect(rankRHat(chains.map((chain) => chain.map((x) => Math.sinh(3 * x))))).toBeLessThan(1.01);
});

test("normal quantiles", () => {
  // Φ⁻¹ from tables of 16 digits
  for (const [p, z] of [
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.001, -3.090232306167813],
    [0.02, -2.053748910631823],
  ])
    expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(5e-9);
});

/** x_t = ρ x_{t-1} + √(1 - ρ²) ξ from its own law: variance 1, τ = (1 + ρ) / (1 - ρ). */
function autoregression(rho: number, n: number, seed: number): Float64Array {
  const xi = randomStream(seed).normal([n], "f64").data;
  const x = new Float64Array(n);
  x[0] = xi[0];
  for (let t = 1; t < n; t++) x[t] = rho * x[t - 1] + Math.sqrt(1 - rho * rho) * xi[t];
  return x;
}

test.each([0, 0.5, 0.8, -0.4])("the autocorrelation time of an autoregression of %f is (1 + ρ) / (1 - ρ)", (rho) => {
  const chains = [1, 2, 3, 4].map((seed) => autoregression(rho, 20_000, seed));
  const tau = (1 + rho) / (1 - rho);
  // relative variance 2 (2 M + 1) / N for sums over M = 5 τ lags (Sokal, eq. 3.19): 4 standard errors
  const tolerance = 4 * Math.sqrt((2 * (10 * Math.max(tau, 1) + 1)) / 80_000) * Math.max(1, 1 / tau);
  expect(Math.abs(autocorrelationTime(chains) / tau - 1)).toBeLessThan(tolerance);
  const { mean, error } = correlatedEstimate(chains);
  expect(Math.abs(error / Math.sqrt(tau / 80_000) - 1)).toBeLessThan(tolerance);
  expect(Math.abs(mean)).toBeLessThan(4 * error);
  // the errors of blocks rise (or fall, for ρ < 0) to the same plateau
  const plateau = blockedErrors(chains[0]).find(({ length }) => length === 128)!;
  expect(Math.abs(plateau.error - Math.sqrt(tau / 20_000))).toBeLessThan(4 * plateau.uncertainty);
});

test("blocked errors of four values, by hand; a chain that stands still has no shorter time than its length", () => {
  const errors = blockedErrors([1, 3, 2, 6]);
  expect(errors.map(({ length }) => length)).toEqual([1, 2]);
  expect(errors[0].error).toBeCloseTo(Math.sqrt(14 / 12), 12);
  expect(errors[1]).toEqual({ length: 2, error: expect.closeTo(1, 12), uncertainty: expect.closeTo(Math.SQRT1_2, 12) });
  expect(autocorrelationTime([new Float64Array(50).fill(3)])).toBe(50);
  expect(autocorrelationTime([autoregression(-0.95, 10_000, 5)])).toBe(1 / 4); // τ = 0.026 is not trusted
  expect(() => autocorrelationTime([[1, 2], [1]])).toThrow(/one length/);
});

test("a good run says nothing; each fault speaks", () => {
  const rng = randomStream(9);
  const logWeights = [...rng.normal([500], "f64").data].map((z) => 0.3 * z);
  const chains = [1, 2, 3, 4].map((seed) => [...randomStream(seed).normal([500], "f64").data]);
  const sandwich = { lower: { mean: 1, error: 0.1 }, upper: { mean: 1.3, error: 0.1 } };
  const good = { logWeights, chains, sandwich, acceptance: [0.7, 0.6], invalid: { rejected: 1, proposals: 1000 } };
  expect(samplingCautions(good)).toEqual([]);
  const crossed = { lower: { mean: 2, error: 0.1 }, upper: { mean: 1.3, error: 0.1 } };
  expect(samplingCautions({ ...good, sandwich: crossed })[0]).toMatch(/lower bound 2.00 ± 0.10 is above the upper bound 1.30 ± 0.10/);
  expect(samplingCautions({ logWeights: logWeights.map((l) => 15 * l) }).join()).toMatch(/effective size.*heavy tail/s);
  expect(samplingCautions({ acceptance: [0.9, 0.1, 0.15] })).toEqual([expect.stringMatching(/in 2 of 3 steps \(first: 2\)/)]);
  expect(samplingCautions({ invalid: { rejected: 30, proposals: 1000 } })).toEqual([expect.stringMatching(/30 of 1000 proposals/)]);
  const apart = chains.map((chain, c) => chain.map((x) => x + c));
  expect(samplingCautions({ chains: apart }).join()).toMatch(/R-hat/);
  expect(samplingCautions({ chains: [0, 1].map((c) => autoregression(0.98, 300, c + 1)) }).join()).toMatch(/autocorrelation times long/);
});
