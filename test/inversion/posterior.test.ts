/** Fitted posteriors against closed forms. Numbers of quadratures are those of the specification's independent program. */
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import type { Classifier } from "../../src/inversion/classifier.ts";
import { type PosteriorScore, scorePosteriors } from "../../src/inversion/evaluate.ts";
import type { Family } from "../../src/inversion/families/family.ts";
import { type FamilyName, familyNames, familyOf } from "../../src/inversion/families/index.ts";
import { fitting } from "../../src/inversion/fit.ts";
import { identityPrior } from "../../src/inversion/prior.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as t from "../../src/tensor/index.ts";

const rng = randomStream(1);

async function fitted(
  family: Family,
  classifier: Classifier,
  gammas: readonly number[],
  { draws = 256, window = 100 } = {},
): Promise<PosteriorScore[]> {
  const goals = gammas.map((gamma) => ({ target: 0, gamma }));
  const inversion = { family, classifier, prior: identityPrior(classifier.input, family.latent), goals };
  const fit = fitting(inversion, { draws, candidates: 1000, window, dtype: "f64" });
  let state = await fit.init(rng.fold("init"));
  const stream = rng.fold("steps");
  for (let step = 0; step < 6000 && !fit.done(state); step++) ({ state } = await fit.step(state, stream));
  expect(fit.done(state)).toBe(true);
  return scorePosteriors(inversion, fit.result(state), 20_000, rng.fold("scores"), "f64");
}

const family = (name: FamilyName, d: number): Family =>
  familyOf(name, d, rng.fold("order"), { components: 3, depth: 2, levels: 1, coupling: "affine" });

/** Two classes of which the first has the probability e^{-energy}. */
const ofEnergy = (d: number, energy: (z: Tensor) => Tensor): Classifier => ({
  ...{ name: "energy", classes: ["a", "b"], input: [d] },
  logits(z) {
    const nll = energy(z);
    return t.concat([nll.neg(), t.log(t.sub(1, nll.neg().exp()))], 1);
  },
});

describe("a linear map with Gaussian noise: E = (u·z - r)² / 2τ²", () => {
  const [u, r, tau2] = [[3, -2.5], 0.7, 0.64];
  const square = (z: Tensor): Tensor => {
    const s = z
      .slice([], [0, 1])
      .mul(u[0])
      .add(z.slice([], [1, 2]).mul(u[1]))
      .sub(r);
    // an energy of 0 would be a probability of 1, whose complement has no logarithm
    return s
      .square()
      .mul(1 / (2 * tau2))
      .add(offset);
  };
  const offset = 1e-3;

  test("a Gaussian reaches the optimum, whose gap is 0", async () => {
    const [found] = await fitted(family("gaussian", 2), ofEnergy(2, square), [1]);
    expect(found.loss - offset).toBeCloseTo(1.62140704, 4);
    expect(found.nll - offset).toBeCloseTo(0.48048256, 3);
    expect(found.kl).toBeCloseTo(1.14092449, 3);
    expect(found.gap).toBeLessThan(1e-4);
    expect(found.ess).toBeGreaterThan(0.999);
  });
});

describe("a logistic classifier of one number, p = σ(3z - 4)", () => {
  const logistic: Classifier = {
    ...{ name: "logistic", classes: ["a", "b"], input: [1] },
    logits: (z) => t.concat([z.mul(3).sub(4), z.mul(0)], 1),
  };
  test("the best Gaussian and its gap, at two tempers side by side", async () => {
    const [bayes, cold] = await fitted(family("gaussian", 1), logistic, [1, 0.1]);
    expect(bayes.loss).toBeCloseTo(2.07773367, 6);
    expect(cold.loss).toBeCloseTo(0.41041626, 6);
    // of 20,000 draws: standard deviation of the log weights over their root, and a tenth of it for the bias of log Z
    expect(Math.abs(bayes.gap - 0.00330497)).toBeLessThan(0.002);
    expect(Math.abs(cold.gap - 0.04149452)).toBeLessThan(0.01);
  });
  test.each(["mixture", "planar", "radial"] as const)("%s comes closer to the bound 2.07442870, and not below it", async (name) => {
    const [found] = await fitted(family(name, 1), logistic, [1], { window: 40 });
    expect(found.loss).toBeLessThan(2.0768);
    expect(found.loss).toBeGreaterThan(2.0744287 - 4 * found.lossError - 1e-6);
  });
});

describe("a probit classifier of two numbers, p = Φ(a·z + b)", () => {
  const probit: Classifier = {
    ...{ name: "probit", classes: ["a", "b"], input: [2] },
    logits(z) {
      const s = z
        .slice([], [0, 1])
        .mul(1.2)
        .sub(z.slice([], [1, 2]).mul(0.7))
        .sub(1);
      const p = t.clamp(t.erf(s.mul(Math.SQRT1_2)).add(1).mul(0.5), 1e-12, 1 - 1e-12);
      return t.concat([t.log(p), t.log(t.sub(1, p))], 1);
    },
  };
  test.each(["flow", "planar"] as const)("%s comes near the evidence, -log Φ(h) = 1.274607084", async (name) => {
    const [found] = await fitted(family(name, 2), probit, [1], { draws: 128, window: 40 });
    expect(found.loss).toBeGreaterThan(1.274607084 - 4 * found.lossError);
    expect(found.loss).toBeLessThan(1.279);
    expect(found.loss - found.gap).toBeCloseTo(1.274607084, 2);
  });
});

describe("degenerate classifiers", () => {
  const constant: Classifier = {
    ...{ name: "constant", classes: ["a", "b", "c"], input: [2] },
    logits: (z) => z.slice([], [0, 1]).mul(0).broadcastTo([z.shape[0], 3]),
  };
  test.each(familyNames)("%s: nothing to learn, L = log K and q is the prior", async (name) => {
    const [found] = await fitted(family(name, 2), constant, [1], { draws: 64, window: 30 });
    expect(found.loss).toBeCloseTo(Math.log(3), 2);
    expect(Math.abs(found.kl)).toBeLessThan(1e-3 + 4 * found.lossError);
  });
  test("a huge γ keeps q at the prior whatever the classifier says", async () => {
    const steep: Classifier = { ...constant, logits: (z) => t.concat([z.slice([], [0, 1]).mul(9), z.mul(0)], 1) };
    const [found] = await fitted(family("gaussian", 2), steep, [1e4]);
    expect(found.kl).toBeLessThan(1e-6);
  });
});
