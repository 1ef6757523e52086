/** Costs, clipping and masks. */
import { describe, expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { costNames, transportCost } from "../../src/chemistry/flows/costs.ts";
import { clippedEnergies, quantile, scoreMask, usualClipping } from "../../src/chemistry/flows/robust.ts";
import { grad, jit, type Tensor } from "../../src/tensor/index.ts";

const s = randomStream(1).normal([3, 2, 50], "f64");
const wide = ndarray(
  s.data.map((v) => 3 * v),
  s.shape,
  "f64",
);

describe.each(costNames)("the cost %s", (name) => {
  const kappas = name === "l2" || name === "sign" ? [undefined] : [undefined, 0.4, 3];

  test("u is the gradient of c*, at 0 it is 0", async () => {
    for (const kappa of kappas) {
      const cost = transportCost(name, kappa);
      const found = await jit((x: Tensor) => ({
        u: cost.map(x),
        g: grad((y: Tensor) => cost.conjugate(y).sum())(x),
        none: cost.map(x.mul(0)),
      }))(wide);
      toNumbers(found.u).forEach((u, k) => expect(u).toBeCloseTo(toNumbers(found.g)[k], 10));
      expect(toNumbers(found.none).every((u) => Math.abs(u) === 0)).toBe(true);
    }
  });

  if (kappas.length > 1)
    test("with κ to infinity it is l2; no speed is above κ", async () => {
      const far = await jit((x: Tensor) => transportCost(name, 1e6).map(x))(wide);
      toNumbers(far).forEach((u, k) => expect(u).toBeCloseTo(wide.data[k], 9));
      const slow = toNumbers(await jit((x: Tensor) => transportCost(name, 0.5).map(x))(wide));
      const speed = (b: number, e: number) => [0, 1, 2].map((c) => slow[(c * 2 + e) * 50 + b]);
      for (let b = 0; b < 50; b++)
        for (const e of [0, 1]) {
          const v = speed(b, e);
          expect(name === "tanh" ? Math.max(...v.map(Math.abs)) : Math.hypot(...v)).toBeLessThanOrEqual(0.5 + 1e-12);
        }
    });
});

test.each(["l2", "relativistic", "clip"] as const)("%s turns with the molecule, tanh does not", async (name) => {
  // about the third axis by 0.7
  const [c, n] = [Math.cos(0.7), Math.sin(0.7)];
  const turned = (values: readonly number[]) =>
    Float64Array.from(values, (v, k) => (k < 100 ? c * v - n * values[k + 100] : k < 200 ? n * values[k - 100] + c * v : v));
  const difference = async (cost: ReturnType<typeof transportCost>) => {
    const map = jit((x: Tensor) => cost.map(x));
    const first = toNumbers(await map(ndarray(turned(Array.from(wide.data)), [3, 2, 50], "f64")));
    const then = turned(toNumbers(await map(wide)));
    return Math.max(...first.map((v, k) => Math.abs(v - then[k])));
  };
  expect(await difference(transportCost(name))).toBeLessThan(1e-12);
  expect(await difference(transportCost("tanh"))).toBeGreaterThan(0.1);
});

test("a κ that is none, or of a cost without one, is refused", () => {
  expect(() => transportCost("l2", 1)).toThrow(/no speed limit/);
  expect(() => transportCost("tanh", 0)).toThrow(/positive/);
  expect(() => transportCost("clip", Number.POSITIVE_INFINITY)).toThrow(/positive/);
});

test("quantiles are those of the sorted values, linearly between", () => {
  expect([0, 0.25, 0.5, 0.9, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([1, 1.75, 2.5, 3.7, 4]);
});

test("energies are clipped around their median and centred; what is not finite has no part", () => {
  // median 3, mean |e - 3| = (2 + 1 + 0 + 1 + 97) / 5 = 20.2
  const found = clippedEnergies([1, 2, 3, 4, 100, Number.NaN], { ...usualClipping, width: 2 });
  expect([found.low, found.high, found.lost, found.clipped]).toEqual([3 - 40.4, 3 + 40.4, 1, 1]);
  const mean = (1 + 2 + 3 + 4 + 43.4) / 5;
  [1, 2, 3, 4, 43.4].forEach((e, k) => expect(found.centred[k]).toBeCloseTo(e - mean, 12));
  expect(found.centred[5]).toBe(0);
  const all = clippedEnergies([1, 2, 3, 4, 100], { ...usualClipping, width: Number.POSITIVE_INFINITY });
  expect(all.clipped).toBe(0);
  expect(all.centred[4]).toBe(78);
  // median absolute deviation 1, and the range between quartiles 2
  expect(clippedEnergies([1, 2, 3, 4, 100], { width: 1, centre: "median", deviation: "mad" }).high).toBe(4);
  expect(clippedEnergies([1, 2, 3, 4, 100], { width: 1, centre: "mean", deviation: "iqr" }).high).toBe(24);
});

test("scores beyond the limit have no weight, or a small one; weights have mean 1", () => {
  const scores = [1, 1, 2, 2, 3, 3, 100];
  // median 2, mean |s - 2| = 102 / 7
  const hard = Array.from(scoreMask(scores, 5));
  expect(hard.slice(0, 6).every((w) => Math.abs(w - 7 / 6) < 1e-12)).toBe(true);
  expect(hard[6]).toBe(0);
  const smooth = Array.from(scoreMask(scores, 5, true));
  const last = ((2 + (5 * 102) / 7) / 100) ** 2;
  expect(smooth[6] / smooth[0]).toBeCloseTo(last, 12);
  expect(smooth.reduce((sum, w) => sum + w, 0)).toBeCloseTo(7, 12);
  expect(Array.from(scoreMask([1, Number.NaN, 1], 5))).toEqual([1.5, 0, 1.5]);
});
