/** Importance weights and learned proposals: unbiased estimates, and what the best diagonal Gaussian can give. */
import { expect, test } from "vitest";
import { array, randomStream } from "../../src/array/index.ts";
import {
  type Encoder,
  fromPrior,
  fromProposal,
  importanceBounds,
  importanceWeights,
  type LinearModel,
  learnProposal,
  linearInformation,
  linearJoint,
  proposalObjectives,
  simulate,
} from "../../src/information/index.ts";
import { encodeRows } from "../../src/information/models/encoder.ts";
import { constant } from "../../src/tensor/index.ts";
import { annealed, expectAtLeast, expectAtMost, expectMean, linearEvidence, minus, rowsOf, solve } from "./measure.ts";

/** Two latents whose posteriors are correlated, three observations. */
const model: LinearModel = { weights: { data: [1, 0.5, 0.3, -1, 0.8, 0.8], shape: [3, 2] }, bias: [0, 1, -1], variance: [0.5] };

/** A proposal that is not the posterior: wide, and off. */
const rough: Encoder = {
  name: "rough",
  encode(x) {
    const zero = x.slice([], [0, 2]).mul(0);
    return [x.slice([], [0, 2]).mul(0.4), zero.add(constant(array([[0, -0.3]], x.dtype as "f64")))];
  },
};

test.each(["the prior", "a rough proposal"])(
  "importance weights from %s: E[w] = p(x), and E[1/w] = 1/p(x) at exact draws",
  async (from) => {
    const joint = linearJoint(model, "f64");
    const rng = randomStream(1);
    const route = from === "the prior" ? fromPrior(joint) : fromProposal(joint, rough);
    const B = 6;
    const few = await simulate(joint, B, rng.fold("few"));
    const samples = 20_000;
    const { forward } = await importanceWeights(route, few, samples, rng.fold("samples"));
    const exact = linearEvidence(model, few.x);
    for (let b = 0; b < B; b++)
      expectMean(
        Float64Array.from({ length: samples }, (_, k) => Math.exp(forward[k * B + b] - exact[b])),
        1,
      );
    // a pair is one exact draw of its own x: over many pairs p(x)/w has the mean 1, and log w/p(x) one of 0 or more
    const many = await simulate(joint, 20_000, rng.fold("many"));
    const weights = await importanceWeights(route, many, 1, rng.fold("one"));
    const evidence = linearEvidence(model, many.x);
    if (from !== "the prior")
      expectMean(
        weights.exact.map((w, b) => Math.exp(evidence[b] - w)),
        1,
      );
    expectAtLeast(minus(weights.exact, evidence), 0);
    expectAtMost(minus(weights.forward, evidence), 0);
  },
);

test("the proposal's rows belong to their data points: weights by hand, with three points and two samples", async () => {
  const joint = linearJoint(model, "f64");
  const pairs = await simulate(joint, 3, randomStream(2));
  const route = fromProposal(joint, rough);
  const rng = randomStream(3);
  const { forward } = await importanceWeights(route, pairs, 2, rng);
  const starts = rowsOf(route.starts(await route.observe(pairs.x), 2, rng.fold(0)));
  const x = rowsOf(pairs.x);
  const { data: W } = model.weights;
  starts.forEach((z, row) => {
    const seen = x[row % 3];
    const fit = seen.reduce((sum, v, i) => sum - (v - model.bias![i] - W[2 * i] * z[0] - W[2 * i + 1] * z[1]) ** 2 / (2 * 0.5), 0);
    const q = -0.5 * ((z[0] - 0.4 * seen[0]) ** 2 + (z[1] - 0.4 * seen[1]) ** 2 / Math.exp(-0.3) - 0.3);
    expect(forward[row]).toBeCloseTo(fit - 0.5 * (z[0] ** 2 + z[1] ** 2) - q, 10);
  });
});

/** max over q of E log q(z|x) / p(z) for diagonal Gaussians: means of the posterior, its marginal variances s_j; -½ Σ log s_j. */
function bestDiagonal(): number {
  const { data: W } = model.weights;
  const P = [0, 1].map((j) => [0, 1].map((k) => Number(j === k) + [0, 1, 2].reduce((s, i) => s + (W[2 * i + j] * W[2 * i + k]) / 0.5, 0)));
  const variances = [0, 1].map((j) => solve(P, [Number(j === 0), Number(j === 1)]).solution[j]);
  return -0.5 * variances.reduce((sum, s) => sum + Math.log(s), 0);
}

test("a proposal learned by forward-kl: Barber-Agakov comes near the best of diagonal Gaussians, from below", async () => {
  const joint = linearJoint(model);
  const best = bestDiagonal();
  expect(best).toBeLessThan(linearInformation(model)); // posteriors are correlated
  let steps = 0;
  const options = { objective: "forward-kl" as const, steps: 800, batchSize: 128, width: 32, rate: 1e-2, watch: () => void steps++ };
  const encoder = await learnProposal(joint, options, randomStream(4));
  expect(steps).toBe(800);
  const pairs = await simulate(joint, 20_000, randomStream(5));
  const { exact } = await importanceWeights(fromProposal(joint, encoder), pairs, 1, randomStream(6));
  const fit = await importanceWeights(fromPrior(joint), pairs, 1, randomStream(6));
  const barberAgakov = minus(fit.exact, exact);
  expectAtMost(barberAgakov, best);
  // what 800 steps leave
  expectAtLeast(barberAgakov, best - 0.05);
  const bounds = importanceBounds("proposal", fit.exact, { forward: exact, exact });
  expect(bounds.find((b) => b.name.startsWith("Barber-Agakov"))).toMatchObject({ kind: "lower", valid: true });
});

test("every objective gives a proposal whose bounds hold, on importance weights and on annealed ones", async () => {
  const joint = linearJoint(model);
  for (const objective of proposalObjectives) {
    const options = { objective, steps: 300, batchSize: 64, width: 16, rate: 1e-2, watch: () => {} };
    const encoder = await learnProposal(joint, options, randomStream(7));
    const pairs = await simulate(joint, 1500, randomStream(8));
    const evidence = linearEvidence(model, pairs.x);
    const { forward, exact } = await importanceWeights(fromProposal(joint, encoder), pairs, 1, randomStream(9));
    expectAtMost(minus(forward, evidence), 0);
    expectAtLeast(minus(exact, evidence), 0);
    expectMean(
      forward.map((f, b) => Math.exp(f - evidence[b])),
      1,
    );
    // the ELBO falls short of log p(x) by KL(q‖p): below a quarter of a nat after this training, whatever the objective
    expectAtLeast(minus(forward, evidence), -0.25);
  }
  const encoder = await learnProposal(
    joint,
    { objective: "elbo", steps: 200, batchSize: 64, width: 16, rate: 1e-2, watch: () => {} },
    randomStream(7),
  );
  const { weights, pairs } = await annealed(joint, { pairs: 300, chains: 2, temperatures: 10, encoder, rng: randomStream(10) });
  const evidence = linearEvidence(model, pairs.x);
  expectAtMost(minus(weights.forward.subarray(0, 300), evidence), 0);
  expectAtLeast(minus(weights.reverse.subarray(0, 300), evidence), 0);
  expectMean(
    weights.forward.subarray(0, 300).map((f, b) => Math.exp(f - evidence[b])),
    1,
  );
});

test("an encoder's parameters are the same however many rows are asked for", async () => {
  const joint = linearJoint(model);
  const pairs = await simulate(joint, 1500, randomStream(11));
  const { mean, logVariance } = await encodeRows(rough, pairs.x);
  expect([mean.shape, logVariance.shape]).toEqual([
    [1500, 2],
    [1500, 2],
  ]);
  const x = rowsOf(pairs.x);
  rowsOf(mean).forEach((row, b) => void expect(row[0]).toBeCloseTo(0.4 * x[b][0], 5));
});
