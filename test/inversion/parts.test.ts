/** Parts of a fit: where it begins, its schedule, its noise. */
import { describe, expect, test } from "vitest";
import { array, mapTree, type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import { UserError } from "../../src/errors.ts";
import type { Classifier } from "../../src/inversion/classifier.ts";
import type { Family, Placement } from "../../src/inversion/families/family.ts";
import { type FamilyName, familyNames } from "../../src/inversion/families/index.ts";
import { fitting } from "../../src/inversion/fit.ts";
import { place } from "../../src/inversion/place.ts";
import { advance, mostRestarts, mostSkips, type Plateau, planOf, restarted, startPlateau } from "../../src/inversion/plateau.ts";
import { drawnPoints, rulePoints } from "../../src/inversion/points.ts";
import { hermite, hermitePoints } from "../../src/inversion/quadrature.ts";
import { constant, log } from "../../src/tensor/index.ts";
import { inversionOf, made, ofNll, rng } from "./known.ts";

describe("where a fit begins", () => {
  const [u, r, tau2] = [[1, -0.5], 0.7, 0.64];
  const linear = ofNll(2, (z) =>
    z
      .matmul(constant(array(u, "f32", [2, 1])))
      .sub(r)
      .square()
      .mul(1 / (2 * tau2))
      .add(1e-3),
  );
  async function placed(gammas: readonly number[], count: number): Promise<Placement> {
    const family = made("gaussian", 2);
    const seen: Placement[] = [];
    const spy: Family = {
      ...family,
      place: (params, at) => {
        seen.push(at);
        return params;
      },
    };
    await place(inversionOf(spy, linear, gammas), family.init(gammas.length, rng), count, rng.fold("draws"));
    return seen[0];
  }

  test("at the moments of the posterior, for every temper", async () => {
    const gammas = [1, 0.3];
    const count = 20_000;
    const { mean, factor, codes } = await placed(gammas, count);
    expect([mean.shape, factor.shape, codes.shape]).toEqual([
      [2, 2],
      [2, 2, 2],
      [2, 64, 2],
    ]);
    gammas.forEach((gamma, j) => {
      // S = (I + u uᵀ / γτ²)⁻¹ by Sherman and Morrison, m = S u r / γτ²
      const t = gamma * tau2;
      const shrink = 1 / (t + u[0] ** 2 + u[1] ** 2);
      const m = u.map((v) => v * r * shrink);
      const S = (a: number, b: number): number => (a === b ? 1 : 0) - u[a] * u[b] * shrink;
      const [m0, m1] = toNumbers(mean).slice(2 * j, 2 * j + 2);
      const [l00, l01, l10, l11] = toNumbers(factor).slice(4 * j, 4 * j + 4);
      expect(l01).toBe(0);
      // of some five thousand draws that count: four standard errors
      const error = 4 / Math.sqrt(5000);
      [m0 - m[0], m1 - m[1], l00 ** 2 - S(0, 0), l00 * l10 - S(0, 1), l10 ** 2 + l11 ** 2 - S(1, 1)].forEach(
        (v) => void expect(Math.abs(v)).toBeLessThan(error),
      );
      const some = toNumbers(codes).slice(128 * j, 128 * (j + 1));
      const along = some.filter((_, i) => i % 2 === 0).reduce((s, v) => s + v / 64, 0);
      expect(Math.abs(along - m[0])).toBeLessThan(4 * Math.sqrt(S(0, 0) / 64));
    });
  });

  test("γ = 0, and γ that a few draws alone would satisfy, begin where a hundredth of the draws counts", async () => {
    const { mean } = await placed([0, 1e-9], 1000);
    const [a, b] = [toNumbers(mean).slice(0, 2), toNumbers(mean).slice(2)];
    // both temper to the same γ', up to where the search for it ends
    expect(a[0]).toBeCloseTo(b[0], 3);
    // not at one draw: on average on the line u·z = r
    expect(u[0] * a[0] + u[1] * a[1]).toBeCloseTo(r, 1);
  });
});

describe("the schedule", () => {
  const run = (losses: readonly number[], window: number, from: Plateau = startPlateau(0.1, 1)): Plateau =>
    losses.reduce((p, loss) => advance(p, [loss], window), from);
  const times = <T>(n: number, f: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => f(i));

  test("a loss that keeps falling never lowers the rate", () => {
    for (const f of [(i: number) => -i, (i: number) => -1e-3 * i, (i: number) => Math.exp(-i / 100)])
      expect(planOf(run(times(500, f), 10))).toMatchObject({ rate: 0.1, lowered: 0, converged: false });
  });

  test("a constant one lowers it after a window, and six times are enough", () => {
    expect(
      planOf(
        run(
          times(10, () => 1),
          10,
        ),
      ).lowered,
    ).toBe(0);
    expect(
      planOf(
        run(
          times(20, () => 1),
          10,
        ),
      ).rate,
    ).toBeCloseTo(0.04, 12);
    expect(
      planOf(
        run(
          times(69, () => 1),
          10,
        ),
      ).converged,
    ).toBe(false);
    const { rate, converged } = planOf(
      run(
        times(70, () => 1),
        10,
      ),
    );
    expect(converged).toBe(true);
    expect(rate).toBeCloseTo(0.1 * 0.4 ** 6, 12);
  });

  test("noise is taken for a fall once in twenty windows", () => {
    const noise = randomStream(1).normal([300 * 20], "f64").data;
    let falls = 0;
    let state = startPlateau(0.1, 1);
    for (let w = 0; w < 300; w++) {
      const before = planOf(state).lowered;
      state = run([...noise.subarray(20 * w, 20 * (w + 1))], 20, state);
      if (w > 0 && planOf(state).lowered === before) falls++;
    }
    // 15 of 299, and four standard deviations
    expect(falls).toBeLessThan(15 + 4 * Math.sqrt(15));
    expect(falls).toBeGreaterThan(1);
  });

  test("while one goal falls, the rate stays", () => {
    let state = startPlateau(0.1, 2);
    for (let i = 0; i < 100; i++) state = advance(state, [1, -i], 10);
    expect(planOf(state).rate).toBe(0.1);
  });

  test("a loss that is no number halves the rate and leaves the windows; the next one that is forgives", () => {
    const before = run(
      times(15, (i) => -i),
      10,
    );
    const after = run([Number.NaN, Number.POSITIVE_INFINITY], 10, before);
    expect(planOf(after)).toMatchObject({ rate: 0.025, skips: 2, steps: 5 });
    expect(after.windows).toEqual(before.windows);
    expect(planOf(run([-20], 10, after))).toMatchObject({ rate: 0.025, skips: 0, steps: 6 });
    expect(planOf(restarted(after, 0.1, 1))).toMatchObject({ rate: 0.01, skips: 0, restarts: 1, lowered: 0 });
    expect(planOf(restarted(restarted(after, 0.1, 1), 0.1, 1)).rate).toBeCloseTo(1e-3, 12);
  });

  test("ten such steps begin the fit again, and the third new beginning is the last", async () => {
    const broken: Classifier = { name: "broken", classes: ["a", "b"], input: [2], logits: (z) => log(z.mul(0).sub(1)) };
    const fit = fitting(inversionOf(made("gaussian", 2), broken), { draws: 8, candidates: 0, window: 5 });
    let state = await fit.init(rng);
    const steps = (mostSkips + 1) * mostRestarts + mostSkips;
    for (let i = 0; i < steps; i++) ({ state } = await fit.step(state, rng));
    expect(planOf(state)).toMatchObject({ skips: mostSkips, restarts: mostRestarts });
    await expect(fit.step(state, rng)).rejects.toThrow(UserError);
    // parameters were never moved to no numbers
    mapTree((a: NdArray) => void expect(toNumbers(a).every(Number.isFinite)).toBe(true), fit.result(state));
  });
});

describe("noise", () => {
  test.each(familyNames)("%s: every draw has its mirror image, and the draws of each component count 1 together", (name) => {
    const family = made(name, 5);
    const inversion = inversionOf(
      family,
      ofNll(5, (z) => z),
      [1, 0.1],
    );
    const { noise, weights } = drawnPoints(inversion, 30, randomStream(1), "f32");
    const [J, n, d] = noise.shape;
    expect([J, n, d]).toEqual([2, 30, 5]);
    const values = toNumbers(noise);
    for (let j = 0; j < J; j++)
      for (let k = 0; k < d; k++) {
        const column = Array.from({ length: n }, (_, i) => values[(j * n + i) * d + k]);
        expect(column.reduce((a, b) => a + b)).toBeCloseTo(0, 12);
        expect(new Set(column).size).toBe(n);
      }
    const each = n / family.components;
    const w = toNumbers(weights);
    for (let c = 0; c < family.components; c++) expect(w.slice(c * each, (c + 1) * each).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  test("a rule is for affine maps of few numbers that are no dearer than draws", () => {
    const has = (name: FamilyName, d: number, components?: number): boolean =>
      rulePoints(
        inversionOf(
          made(name, d, components),
          ofNll(d, (z) => z),
        ),
        "f32",
      ) !== undefined;
    expect([has("gaussian", 1), has("gaussian", 3), has("diagonal", 2), has("mixture", 1, 5)]).toEqual([true, true, true, true]);
    expect([has("gaussian", 4), has("planar", 1), has("flow", 2), has("mixture", 3, 2)]).toEqual([false, false, false, false]);
  });

  test("the rule of n nodes is exact for polynomials of degree 2n - 1, and not of 2n", () => {
    for (const n of [1, 2, 5, 12, 32]) {
      const { x, w } = hermite(n);
      const moment = (k: number): number => x.reduce((s, v, i) => s + w[i] * v ** k, 0);
      let exact = 1;
      for (let k = 0; k < 2 * n; k += 2) {
        expect(moment(k) / exact).toBeCloseTo(1, 9);
        const odd = x.reduce((s, v, i) => s + w[i] * Math.abs(v) ** (k + 1), 0);
        expect(Math.abs(moment(k + 1))).toBeLessThanOrEqual(1e-9 * odd);
        exact *= k + 1;
      }
      // E h_n² = 1, where the rule sees its own zeros
      expect(Math.abs(moment(2 * n) / exact - 1)).toBeGreaterThan(1e-12);
    }
  });

  test("the product rule has the moments of a standard normal vector", () => {
    for (const d of [1, 2, 3]) {
      const { noise, weights } = hermitePoints(d);
      const mean = (f: (e: Float64Array) => number): number =>
        weights.reduce((s, w, i) => s + w * f(noise.subarray(i * d, (i + 1) * d)), 0);
      expect(mean(() => 1)).toBeCloseTo(1, 10);
      expect(mean((e) => e.reduce((a, b) => a * b ** 2, 1))).toBeCloseTo(1, 9);
      expect(mean((e) => e[0] ** 4 * e[d - 1] ** 2)).toBeCloseTo(d === 1 ? 15 : 3, 8);
      // E e^{t·Z} = e^{|t|²/2}, to the order of the rule
      expect(mean((e) => Math.exp(e.reduce((a, b) => a + 0.5 * b, 0)))).toBeCloseTo(Math.exp(0.125 * d), 6);
    }
  });
});
