import { expect, test } from "vitest";
import { betaQuantile, logChoose, logGamma, regularisedBeta } from "../../../src/inversion/metrics/beta.ts";
import { binomialTail, clopperPearson, differenceOf, meanOf, wilson } from "../../../src/inversion/metrics/intervals.ts";
import fc from "../../property.ts";

/** P(X = k), by products. */
function binomial(n: number, k: number, p: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value *= ((n - k + i) / i) * p;
  return value * (1 - p) ** (n - k);
}

const tail = (n: number, from: number, p: number): number =>
  Array.from({ length: n - from + 1 }, (_, i) => binomial(n, from + i, p)).reduce((a, b) => a + b, 0);

const counts = fc.integer({ min: 1, max: 60 }).chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n })));

test("Wilson's interval: 45 of 50, none of 50, all, nothing", () => {
  // tolerance: the normal quantile is known to a relative 1.2e-9
  expect(wilson(45, 50).low).toBeCloseTo(0.78639769, 7);
  expect(wilson(45, 50).high).toBeCloseTo(0.95652424, 7);
  expect(wilson(0, 50)).toMatchObject({ value: 0, low: 0 });
  expect(wilson(0, 50).high).toBeCloseTo(0.0713476, 7);
  expect(wilson(50, 50)).toMatchObject({ value: 1, high: 1 });
  expect(wilson(0, 0)).toEqual({ hits: 0, trials: 0, value: Number.NaN, low: 0, high: 1 });
});

test("ends of Wilson's interval are the shares from which what was seen is z standard deviations away", () => {
  fc.assert(
    fc.property(counts, ([n, k]) => {
      const { low, high, value } = wilson(k, n, 0.9);
      const deviations = (p: number): number => Math.abs(value - p) / Math.sqrt((p * (1 - p)) / n);
      if (k > 0) expect(deviations(low)).toBeCloseTo(1.6448536, 5);
      if (k < n) expect(deviations(high)).toBeCloseTo(1.6448536, 5);
    }),
  );
});

test("the gamma function: factorials, halves, reflection", () => {
  let factorial = 0;
  for (let n = 1; n < 60; n++) {
    expect(Math.abs(logGamma(n) - factorial)).toBeLessThan(1e-13 * Math.max(1, factorial));
    factorial += Math.log(n);
  }
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13);
  expect(logGamma(0.25) + logGamma(0.75)).toBeCloseTo(Math.log(Math.PI * Math.SQRT2), 13);
  expect(Math.exp(logChoose(10, 3))).toBeCloseTo(120, 10);
});

test("binomial tails and quantiles of beta laws", () => {
  fc.assert(
    fc.property(counts, fc.double({ min: 0.01, max: 0.99, noNaN: true }), ([n, k], p) => {
      expect(binomialTail(k, n, p)).toBeCloseTo(tail(n, k, p), 11);
      const [a, b] = [k + 1, n - k + 1];
      expect(regularisedBeta(p, a, b) + regularisedBeta(1 - p, b, a)).toBeCloseTo(1, 12);
      expect(regularisedBeta(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 11);
    }),
  );
  expect(binomialTail(60, 100)).toBeCloseTo(tail(100, 60, 0.5), 13);
});

test("ends of Clopper and Pearson's interval have the tails asked for", () => {
  fc.assert(
    fc.property(counts, ([n, k]) => {
      const { low, high } = clopperPearson(k, n);
      if (k > 0) expect(tail(n, k, low)).toBeCloseTo(0.025, 10);
      if (k < n) expect(1 - tail(n, k + 1, high)).toBeCloseTo(0.025, 10);
      const upper = clopperPearson(k, n, { side: "upper" });
      expect(upper.low).toBe(0);
      if (k < n) expect(1 - tail(n, k + 1, upper.high)).toBeCloseTo(0.05, 10);
      const lower = clopperPearson(k, n, { side: "lower" });
      expect(lower.high).toBe(1);
      if (k > 0) expect(tail(n, k, lower.low)).toBeCloseTo(0.05, 10);
    }),
  );
  // the rule of three: of no hits in n the 95 % bound is 1 - 0.05^(1/n)
  expect(clopperPearson(0, 50, { side: "upper" }).high).toBeCloseTo(1 - 0.05 ** (1 / 50), 12);
});

test("the two-sided interval holds the truth at least as often as said, whatever it is", () => {
  const n = 20;
  const intervals = Array.from({ length: n + 1 }, (_, k) => clopperPearson(k, n));
  for (let p = 0.01; p < 1; p += 0.01) {
    const covered = intervals.reduce((sum, { low, high }, k) => sum + (low <= p && p <= high ? binomial(n, k, p) : 0), 0);
    expect(covered).toBeGreaterThanOrEqual(0.95 - 1e-12);
  }
});

test("a difference of shares as in Newcombe's table, antisymmetric; a mean of one is itself", () => {
  const [a, b] = [wilson(56, 70), wilson(48, 80)];
  const { value, low, high } = differenceOf(a, b);
  expect(value).toBeCloseTo(0.2, 12);
  // Newcombe (1998), table II, method 10, case (a)
  expect(low).toBeCloseTo(0.0524, 4);
  expect(high).toBeCloseTo(0.3339, 4);
  const back = differenceOf(b, a);
  expect([back.low, back.high]).toEqual([-high, -low]);
  expect(meanOf([a]).low).toBeCloseTo(a.low, 12);
  // of k like shares the width falls with √k
  const four = meanOf([a, a, a, a]);
  expect(four.value - four.low).toBeCloseTo((a.value - a.low) / 2, 12);
});
