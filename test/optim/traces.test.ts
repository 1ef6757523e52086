/** Twenty steps in f64 beside those of PyTorch, optax and the authors: see fixtures/optimizer-traces.py. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as optim from "../../src/optim/index.ts";
import { f64, mat } from "./matrices.ts";
import { follow, near } from "./steps.ts";

const traces: Record<string, number[][]> = JSON.parse(readFileSync("test/fixtures/optimizer-traces.json", "utf8"));
/** Steps of which the fixture has the parameters. */
const kept = [0, 1, 4, 10, 19];

const adam = { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 };
const decayed = { weightDecay: 0.1 };
const soap = { beta1: 0.9, beta2: 0.95, weightDecay: 0.1, precondEvery: 3 };

test.each([
  ["sgd", optim.sgd(0.01, { momentum: 0.8, ...decayed })],
  ["sgd nesterov", optim.sgd(0.01, { momentum: 0.8, nesterov: true, ...decayed })],
  ["adam", optim.adam(0.01, adam)],
  ["adamw", optim.adamw(0.01, { ...adam, ...decayed })],
  ["nadamw", optim.nadamw(0.01, { ...adam, ...decayed })],
  ["rmsprop", optim.rmsprop(0.01, { decay: 0.95, epsilon: 1e-3, momentum: 0.8 })],
  ["lamb", optim.lamb(0.01, { ...adam, ...decayed })],
  ["lion", optim.lion(0.01, { beta1: 0.8, beta2: 0.95, ...decayed })],
  // Bases by rotations and Gram–Schmidt against LAPACK's: equal to the conditioning of the eigenvectors.
  ["soap", optim.soap(0.01, soap)],
  ["kl-soap", optim.soap(0.01, { ...soap, statistics: "kl" })],
] as const)("%s", async (name, optimizer) => {
  const gradients = Array.from({ length: 20 }, (_, k) => f64(mat(4, 4, k)));
  const mine = await follow(optimizer as optim.Optimizer, f64(mat(4, 4, 100)), gradients);
  expect(Object.keys(traces)).toContain(name);
  kept.forEach((k, i) => near(mine[k].w, traces[name][i], 1e-10));
});
