import { expect, test } from "vitest";
import { randomStream, toNumbers } from "../../src/array/index.ts";
import { toSamples } from "../../src/data/index.ts";
import { table } from "../../src/data/table.ts";
import { sampleProblem, type VaeParams, vaeLearner, vaeModel } from "../../src/generative/index.ts";
import { adam, cosine } from "../../src/optim/index.ts";
import type { Arrays } from "../../src/tensor/index.ts";

/** Eigenvalues of a symmetric matrix by Jacobi's rotations, the largest first. */
function eigenvalues(matrix: readonly (readonly number[])[]): number[] {
  const a = matrix.map((row) => [...row]);
  const n = a.length;
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p][q]) < 1e-15) continue;
        const angle = Math.atan2(2 * a[p][q], a[q][q] - a[p][p]) / 2;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
      }
  return a.map((row, i) => row[i]).sort((x, y) => y - x);
}

test("a linear autoencoder finds probabilistic PCA: its σ² and its likelihood", async () => {
  // rank 2 and noise of 0.4 in five dimensions
  const [n, d, latent] = [1000, 5, 2];
  const rng = randomStream(1);
  const [z, e] = [rng.normal([n, latent]).data, rng.normal([n, d]).data];
  const load = [1, 0.5, -1.2, 0.3, 0.8, -0.4, 1.1, 0.9, 0.2, -0.7];
  const columns = Array.from({ length: d }, (_, j) => ({
    name: `x${j}`,
    values: Float64Array.from({ length: n }, (_, i) => load[2 * j] * z[2 * i] + load[2 * j + 1] * z[2 * i + 1] + 0.4 * e[i * d + j]),
  }));
  const problem = sampleProblem(toSamples(table("rank 2", columns), "rank 2", {}), randomStream(2), {});
  const count = problem.count("train");
  const x = toNumbers(
    problem.batch(
      "train",
      Int32Array.from({ length: count }, (_, i) => i),
    ),
  );
  const covariance = Array.from({ length: d }, (_, a) =>
    Array.from(
      { length: d },
      (_, b) => Array.from({ length: count }, (_, i) => x[i * d + a] * x[i * d + b]).reduce((s, v) => s + v, 0) / count,
    ),
  );
  // Tipping & Bishop, JRSS B 61 (1999): σ² is the mean of the eigenvalues that are left out
  const values = eigenvalues(covariance);
  const variance = (values[2] + values[3] + values[4]) / 3;
  const likelihood = -0.5 * (d * Math.log(2 * Math.PI) + Math.log(values[0] * values[1] * variance ** 3) + d);

  const steps = 1500;
  const model = vaeModel(problem, { latent, likelihood: "gaussian", network: "mlp", depth: 0, activation: "tanh" });
  const learner = vaeLearner(problem, model, randomStream(3), {
    optimizer: adam(cosine(0.03, steps)),
    batchSize: count,
    beta: 1,
    evaluationRows: 100,
  });
  let state = learner.init(randomStream(4));
  const noise = randomStream(5);
  for (let i = 0; i < steps; i++) ({ state } = await learner.step(state, noise));
  const params = state.params as Arrays<VaeParams>;
  // the noise of z leaves an error of about 1 / √(rows · last steps · d) = 0.1 %
  expect(model.variance(params) / variance).toBeGreaterThan(0.99);
  expect(model.variance(params) / variance).toBeLessThan(1.01);
  // σ² is the mean squared residual of the decoded draws
  const { elbo, reconstruction } = await learner.elbo(state, "train");
  const squares = -2 * model.variance(params) * (reconstruction.mean + (d / 2) * Math.log(2 * Math.PI * model.variance(params)));
  expect(squares / d / model.variance(params)).toBeCloseTo(1, 1);
  // and with the exact posterior, which is a diagonal Gaussian in the axes that the KL chooses, the bound is the likelihood
  expect(Math.abs(elbo.mean - likelihood)).toBeLessThan(0.02 + 4 * Math.sqrt(d / 2 / count));
  const importance = await learner.importance(state, "train", 64, count);
  expect(Math.abs(importance.mean - likelihood)).toBeLessThan(0.01);
}, 60_000);
