/** Samples of fitted posteriors, and what is said of them. */
import { describe, expect, test } from "vitest";
import { array, mapTree, type NdArray, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import type { Classifier } from "../../src/inversion/classifier.ts";
import { scorePosteriors } from "../../src/inversion/evaluate.ts";
import { familyNames } from "../../src/inversion/families/index.ts";
import { cutThrough, identityPrior } from "../../src/inversion/prior.ts";
import { drawInputs } from "../../src/inversion/samples.ts";
import { grad, jit, type Tensor } from "../../src/tensor/index.ts";
import { inversionOf, made, ofNll, rng } from "./known.ts";

describe("samples", () => {
  test("draws of a mixture have its moments, every one of its own", async () => {
    const family = made("mixture", 2, 2);
    const shares = [0.2, 0.8];
    const means = [
      [3, 0],
      [-1, 1],
    ];
    const params = {
      ...{ logits: array([shares.map(Math.log)]) },
      gaussians: {
        mean: array([means]),
        scale: array([
          [
            [0.5, 0.5],
            [0.5, 0.5],
          ],
        ]),
        below: array([
          [
            [
              [0, 0],
              [0.7, 0],
            ],
            [
              [0, 0],
              [0, 0],
            ],
          ],
        ]),
      },
    };
    const n = 9000;
    const { codes, inputs } = await drawInputs(
      inversionOf(
        family,
        ofNll(2, (z) => z),
      ),
      params,
      n,
      rng.fold("mixture"),
    );
    expect([codes.shape, inputs.shape]).toEqual([
      [1, 1, n, 2],
      [1, n, 2],
    ]);
    expect(inputs.data).toEqual(codes.data);
    const s2 = Math.log1p(Math.exp(0.5)) ** 2;
    const variances = [
      [s2, s2 + 0.7 ** 2],
      [s2, s2],
    ];
    for (const k of [0, 1]) {
      const x = Array.from({ length: n }, (_, i) => codes.data[2 * i + k]);
      const mean = shares[0] * means[0][k] + shares[1] * means[1][k];
      const variance = shares.reduce((s, p, c) => s + p * (variances[c][k] + (means[c][k] - mean) ** 2), 0);
      const found = x.reduce((s, v) => s + v / n, 0);
      expect(Math.abs(found - mean)).toBeLessThan(4 * Math.sqrt(variance / n));
      // fourth moments of these are below four squares of the variance
      expect(Math.abs(x.reduce((s, v) => s + (v - mean) ** 2 / n, 0) - variance)).toBeLessThan(4 * variance * Math.sqrt(3 / n));
      expect(new Set(x).size).toBeGreaterThan(0.99 * n);
    }
  });

  test("inputs are cut to the range of the data, codes are not", async () => {
    const family = made("gaussian", 2);
    const prior = { ...identityPrior([2], 2), range: [0, 1] as const };
    const { codes, inputs } = await drawInputs(
      {
        ...inversionOf(
          family,
          ofNll(2, (z) => z),
        ),
        prior,
      },
      family.init(1, rng),
      500,
      rng,
    );
    expect(Math.min(...inputs.data)).toBe(0);
    expect(Math.max(...inputs.data)).toBe(1);
    inputs.data.forEach((v, i) => void expect(v).toBe(Math.min(1, Math.max(0, codes.data[i]))));
  });
});

test("what is cut to a range has the gradient of the identity, and the share of it is told", async () => {
  const x = array([
    [-1, 0.5, 2, 3],
    [0, 1, 0.2, 0.3],
  ]);
  const cut = (x: Tensor) => cutThrough(x, [0, 1]);
  const both = jit((x: Tensor) => ({ ...cut(x), slope: grad((x: Tensor) => cut(x).x.square().sum())(x) }));
  const { x: values, outside, slope } = await both(x);
  const inside = toNumbers(x).map((v) => Math.min(1, Math.max(0, v)));
  expect(toNumbers(values)).toEqual(inside);
  expect(toNumbers(slope)).toEqual(inside.map((v) => 2 * v));
  expect(toNumbers(outside)).toEqual([0.75, 0]);
});

describe("scores", () => {
  // q = N(m, s²I), s < 1, and the classifier p(y|z) = c q(z) / p(z) of which q is the posterior
  const [d, m, s] = [4, 0.5, 0.6];
  const logRatio = (z: Tensor): Tensor =>
    z
      .sub(m)
      .square()
      .sum(-1, true)
      .mul(-1 / (2 * s * s))
      .add(z.square().sum(-1, true).mul(0.5))
      .sub(d * Math.log(s));
  // largest at z = m / (1 - s²)
  const most = -d * Math.log(s) + (d * m * m) / (2 * (1 - s * s));
  const logC = -most - Math.log(2);
  const exact = ofNll(d, (z) => logRatio(z).add(logC).neg());
  const at = {
    mean: ndarray(new Float64Array(d).fill(m), [1, d], "f64"),
    factor: ndarray(
      Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? s : 0)),
      [1, d, d],
      "f64",
    ),
    codes: ndarray(new Float64Array(d), [1, 1, d], "f64"),
  };

  test.each(["gaussian", "diagonal", "planar", "radial", "flow"] as const)(
    "%s at the posterior: the loss without noise, no gap, all draws count",
    async (name) => {
      const family = made(name, d);
      // maps begin near the identity; a Gaussian beside them is exact
      const params = family.place(family.init(1, rng.fold("start"), "f64"), at);
      const [found] = await scorePosteriors(inversionOf(family, exact), params, 500, rng, "f64");
      const near = name === "planar" || name === "radial" ? 0.3 : 1e-9;
      expect(Math.abs(found.loss + logC)).toBeLessThan(near);
      expect(found.lossError).toBeLessThan(near);
      expect(found.gap).toBeLessThan(near);
      expect(found.ess).toBeGreaterThan(1 - near);
    },
  );

  test.each(familyNames)("%s: gaps are not below 0, shares are shares", async (name) => {
    const family = made(name, 2);
    const stream = randomStream(name);
    const params = mapTree<object>(
      (a: NdArray<"f32">) => {
        const noise = stream.normal(a.shape).data;
        return { ...a, data: a.data.map((v, i) => v + 0.2 * noise[i]) };
      },
      family.init(3, stream),
    );
    const slope: Classifier = { name: "slope", classes: ["a", "b"], input: [2], logits: (z) => z.mul(3) };
    const found = await scorePosteriors(inversionOf(family, slope, [1, 0.01, 0]), params, 300, stream);
    found.forEach(({ gap, ess, accuracy, outside, loss, lossError, nll }, j) => {
      for (const share of [accuracy, outside]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1 + 1e-6);
      }
      for (const v of [loss, lossError, nll]) expect(Number.isFinite(v)).toBe(true);
      if (j === 2) return void expect([gap, ess]).toEqual([Number.NaN, Number.NaN]);
      expect(gap).toBeGreaterThanOrEqual(0);
      expect(ess).toBeGreaterThan(0);
      expect(ess).toBeLessThanOrEqual(1 + 1e-6);
    });
    // γ = 0 weighs no divergence; that of f32 tells how far from 0 the mean excess of log ratios is
    expect(Math.abs(found[2].loss - found[2].nll)).toBeLessThan(4 * found[2].lossError + 1e-5);
  });
});
