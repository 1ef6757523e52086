import { expect, test } from "vitest";
import { noiseFor, privacyOf, renyiDivergence } from "../../../src/inversion/defences/accountant.ts";
import fc from "../../property.ts";

const mechanism = { rate: 0.01, sigma: 1, steps: 1000 };

test("1000 steps at rate 0.01 with σ = 1: the values of both conversions, at order 8", () => {
  expect(renyiDivergence(mechanism, 2)).toBeCloseTo(1.718134221e-4, 12);
  expect(renyiDivergence(mechanism, 8)).toBeCloseTo(8.936439e-4, 9);
  const [old, tight] = [privacyOf(mechanism, 1e-5, "old"), privacyOf(mechanism, 1e-5)];
  expect(old).toMatchObject({ epsilon: expect.closeTo(2.5383475, 7), order: 8 });
  expect(tight).toMatchObject({ epsilon: expect.closeTo(2.1077531, 7), order: 8, delta: 1e-5 });
});

test("without sampling it is the Gaussian mechanism, a / (2σ²); of order 2 log(1 + q² (e^{1/σ²} - 1))", () => {
  for (const order of [2, 3, 17, 256])
    for (const sigma of [0.5, 1, 4]) expect(renyiDivergence({ rate: 1, sigma }, order)).toBeCloseTo(order / (2 * sigma * sigma), 9);
  for (const [rate, sigma] of [
    [0.3, 0.8],
    [0.01, 2],
  ])
    expect(renyiDivergence({ rate, sigma }, 2)).toBeCloseTo(Math.log1p(rate * rate * Math.expm1(1 / (sigma * sigma))), 12);
});

test("of order 3 it is the integral of the definition", () => {
  const [rate, sigma, order] = [0.2, 1.3, 3];
  const density = (x: number, m: number): number => Math.exp(-((x - m) ** 2) / (2 * sigma * sigma)) / (sigma * Math.sqrt(2 * Math.PI));
  let sum = 0; // of a smooth function that vanishes at both ends the trapezium rule is exact to rounding
  for (let x = -30; x <= 40; x += 0.01) {
    const p = density(x, 0);
    if (p > 0) sum += 0.01 * p * (((1 - rate) * p + rate * density(x, 1)) / p) ** order;
  }
  expect(renyiDivergence({ rate, sigma }, order)).toBeCloseTo(Math.log(sum) / (order - 1), 10);
});

test("privacy is lost with steps, rate and δ, and won with noise; the tight conversion is never the looser", () => {
  const some = fc.record({
    rate: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
    sigma: fc.double({ min: 0.5, max: 5, noNaN: true }),
    steps: fc.integer({ min: 1, max: 3000 }),
  });
  fc.assert(
    fc.property(some, (m) => {
      const epsilon = (other: Partial<typeof m>, delta = 1e-5): number => privacyOf({ ...m, ...other }, delta).epsilon;
      const here = epsilon({});
      expect(epsilon({ steps: 2 * m.steps })).toBeGreaterThanOrEqual(here);
      expect(epsilon({ rate: Math.min(1, 1.5 * m.rate) })).toBeGreaterThanOrEqual(here - 1e-12);
      expect(epsilon({ sigma: 1.5 * m.sigma })).toBeLessThanOrEqual(here);
      expect(epsilon({}, 1e-6)).toBeGreaterThanOrEqual(here);
      expect(privacyOf(m, 1e-5, "old").epsilon).toBeGreaterThanOrEqual(here);
    }),
    { numRuns: 25 },
  );
  expect(privacyOf({ ...mechanism, sigma: 0 }, 1e-5).epsilon).toBe(Number.POSITIVE_INFINITY);
});

test("the least noise for a target meets it, and a little less does not", () => {
  for (const target of [0.5, 2, 8]) {
    const sigma = noiseFor(target, mechanism, 1e-5);
    expect(privacyOf({ ...mechanism, sigma }, 1e-5).epsilon).toBeLessThanOrEqual(target);
    expect(privacyOf({ ...mechanism, sigma: sigma * (1 - 1e-5) }, 1e-5).epsilon).toBeGreaterThan(target);
  }
  expect(noiseFor(2.1077531, mechanism, 1e-5)).toBeCloseTo(1, 5);
});

test("what is no mechanism is refused, with what to do", () => {
  expect(() => privacyOf({ ...mechanism, rate: 0 }, 1e-5)).toThrow(/sampling rate of 0/);
  expect(() => privacyOf({ ...mechanism, rate: 1.5 }, 1e-5)).toThrow(/sampling rate/);
  expect(() => privacyOf({ ...mechanism, sigma: Number.NaN }, 1e-5)).toThrow(/noise of NaN/);
  expect(() => privacyOf({ ...mechanism, steps: 1.5 }, 1e-5)).toThrow(/number of steps/);
  expect(() => privacyOf(mechanism, 0)).toThrow(/δ = 0/);
  expect(() => noiseFor(0, mechanism, 1e-5)).toThrow(/not positive/);
  expect(() => noiseFor(1e-6, mechanism, 1e-5)).toThrow(/no noise makes/);
});
