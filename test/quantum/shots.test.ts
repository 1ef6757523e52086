/** Training from shots: estimates without bias, against exact values and gradients, within their standard errors. */
import { expect, test } from "vitest";
import { type Random, randomStream } from "../../src/array/index.ts";
import { brick, product } from "../../src/quantum/ansatz.ts";
import type { Circuit } from "../../src/quantum/circuit.ts";
import { noisyProbabilities, noisyValueAndGradient } from "../../src/quantum/density.ts";
import { quadraticCost, tabulateQuadratic } from "../../src/quantum/landscape/quadratic.ts";
import { depolarizing, trajectoryGradient } from "../../src/quantum/noise.ts";
import { counter, remembered } from "../../src/quantum/search/counter.ts";
import { randomSearch } from "../../src/quantum/search/local.ts";
import { probabilities, valueAndGradient } from "../../src/quantum/simulate.ts";
import { byScore, byShift, type Evaluator } from "../../src/quantum/training/evaluators.ts";
import { cvar, discrepancy, freeEnergy, meanCost } from "../../src/quantum/training/objectives.ts";
import { restart } from "../../src/quantum/training/restart.ts";
import { productSampler, samplerOf } from "../../src/quantum/training/sampler.ts";
import { estimateOf } from "../../src/quantum/training/settings.ts";
import { noiseless, simulationOf } from "../../src/quantum/training/simulation.ts";

const circuit = brick(4, 2);
const costs = Float64Array.from({ length: 16 }, (_, k) => Math.sin(3 * k) + 0.1 * k);
const cost = (k: number): number => costs[k];
const angles = (count: number): Float64Array => Float64Array.from({ length: count }, (_, k) => ((k + 1) * 2.399963) % 6.28);
const theta = angles(circuit.parameters);

/**
 * Means of values and gradients of many independent estimates lie within 4.5 standard errors of what is exact: of 17 numbers each, one
 * build in 8,000 that is right would fail, and seeds are fixed.
 */
function expectUnbiased(evaluator: Evaluator, at: Float64Array, exact: { value: number; gradient: Float64Array }, repeats: number): void {
  const rows = Array.from({ length: repeats }, () => {
    const { value, gradient } = evaluator.withGradient(at);
    return [value, ...gradient];
  });
  [exact.value, ...exact.gradient].forEach((expected, i) => {
    const mean = rows.reduce((sum, row) => sum + row[i], 0) / repeats;
    const variance = rows.reduce((sum, row) => sum + (row[i] - mean) ** 2, 0) / (repeats - 1);
    expect(Math.abs(mean - expected), `number ${i}`).toBeLessThan(4.5 * Math.sqrt(variance / repeats) + 1e-14);
  });
}

const given = (shots: number, seed: number): { shots: number; random: Random } => ({ shots, random: randomStream(seed) });

test("the score function of a few shots gives every objective and its gradient without bias", () => {
  const exact = {
    mean: meanCost(costs),
    elbo: freeEnergy(costs, 0.3),
    mmd: discrepancy(costs, 0.3),
  };
  for (const [name, objective] of Object.entries(exact)) {
    const estimate = estimateOf({ objective: name as keyof typeof exact, temperature: 0.3 }, cost, 4);
    expectUnbiased(
      byScore(samplerOf(noiseless(circuit)), estimate, given(10, 1)),
      theta,
      valueAndGradient(circuit, theta, objective),
      4000,
    );
  }
});

test("shifts of every angle with shots are without bias, of variance (V₊ + V₋) / 4S", () => {
  const shots = 20;
  const evaluator = byShift(samplerOf(noiseless(circuit)), estimateOf({ objective: "mean", temperature: 1 }, cost, 4), given(shots, 2));
  expectUnbiased(evaluator, theta, valueAndGradient(circuit, theta, meanCost(costs)), 1000);
  const variance = (at: Float64Array): number => {
    const p = probabilities(circuit, at);
    const mean = p.reduce((sum, q, k) => sum + q * costs[k], 0);
    return p.reduce((sum, q, k) => sum + q * (costs[k] - mean) ** 2, 0);
  };
  const repeats = 4000;
  const rows = Array.from({ length: repeats }, () => evaluator.withGradient(theta).gradient[3]);
  const moved = (shift: number) => theta.map((t, i) => (i === 3 ? t + shift : t));
  const law = (variance(moved(Math.PI / 2)) + variance(moved(-Math.PI / 2))) / (4 * shots);
  const mean = rows.reduce((a, b) => a + b, 0) / repeats;
  const seen = rows.reduce((sum, g) => sum + (g - mean) ** 2, 0) / (repeats - 1);
  // a nearly normal variance of 4000 has a relative deviation of √(2/4000) = 0.022
  expect(Math.abs(seen / law - 1)).toBeLessThan(0.1);
});

test("product states are drawn from bit by bit as from their state vector", () => {
  const n = 4;
  const at = angles(n);
  const p = probabilities(product(n), at);
  const sampler = productSampler(n);
  const { states, counts, logs } = sampler.draw(at, 50_000, randomStream(3));
  states.forEach((k, i) => {
    expect(logs[i]).toBeCloseTo(Math.log(p[k]), 12);
    // binomial: 16 states, five standard deviations
    expect(Math.abs(counts[i] - 50_000 * p[k])).toBeLessThan(5 * Math.sqrt(50_000 * p[k] * (1 - p[k])) + 1);
  });
  for (const [name, objective] of [
    ["mean", meanCost(costs)],
    ["elbo", freeEnergy(costs, 0.3)],
  ] as const)
    expectUnbiased(
      byScore(sampler, estimateOf({ objective: name, temperature: 0.3 }, cost, n), given(10, 4)),
      at,
      valueAndGradient(product(n), at, objective),
      4000,
    );
});

test("CVaR and Gibbs' objective have no estimate without bias, and are refused", () => {
  for (const objective of ["cvar", "gibbs"] as const)
    expect(() => estimateOf({ objective, temperature: 1 }, cost, 4)).toThrow(/no mean over strings/);
});

test("gradients under noise are those by shifts of every angle, to rounding", () => {
  const noise = { one: 0.02, two: 0.05 };
  for (const objective of [meanCost(costs), cvar(costs, 0.3), freeEnergy(costs, 0.2)]) {
    const { value, gradient } = noisyValueAndGradient(circuit, theta, noise, objective);
    const { value: plain, slopes } = objective(noisyProbabilities(circuit, theta, noise));
    expect(value).toBeCloseTo(plain, 14);
    gradient.forEach((g, i) => {
      const [above, below] = [1, -1].map((sign) =>
        noisyProbabilities(
          circuit,
          theta.map((t, j) => (i === j ? t + (sign * Math.PI) / 2 : t)),
          noise,
        ),
      );
      // the chain rule joins what the shift of the probabilities gives
      expect(Math.abs(g - slopes.reduce((sum, c, k) => sum + (c * (above[k] - below[k])) / 2, 0)), `angle ${i}`).toBeLessThan(1e-13);
    });
  }
});

test("without noise the density matrix has the gradient of the state", () => {
  const pure = valueAndGradient(circuit, theta, meanCost(costs));
  const mixed = noisyValueAndGradient(circuit, theta, depolarizing(0), meanCost(costs));
  pure.gradient.forEach((g, i) => expect(Math.abs(mixed.gradient[i] - g)).toBeLessThan(1e-14));
});

test("noise that leaves nothing is refused before its inverse is taken", () => {
  expect(() => noisyValueAndGradient(circuit, theta, { one: 0.75, two: 0.1 }, meanCost(costs))).toThrow(/lost in rounding/);
  expect(() => noisyValueAndGradient(circuit, theta, { one: 0.6, two: 0.6 }, meanCost(costs))).toThrow(/lost in rounding/);
});

test("gradients of noisy runs are without bias", () => {
  const noise = depolarizing(30);
  const exact = noisyValueAndGradient(circuit, theta, noise, meanCost(costs));
  let call = 0;
  const evaluator: Evaluator = {
    ...{ parameters: circuit.parameters, exact: false, value: () => 0 },
    withGradient: (at) => trajectoryGradient(circuit, at, noise, { count: 5, random: randomStream(call++) }, meanCost(costs)),
  };
  expectUnbiased(evaluator, theta, exact, 2000);
});

test("shots of a noisy circuit whose bits are read wrong are without bias", () => {
  const settings = { noise: 20, readout: 0.05, trajectories: 2 };
  const simulation = simulationOf(circuit, settings, randomStream(1));
  const exact = simulation.withGradient(theta, meanCost(costs));
  // reading wrong is a map of the probabilities: the mean cost of misread strings
  const p = simulation.probabilities(theta);
  expect(exact.value).toBeCloseTo(
    p.reduce((sum, q, k) => sum + q * costs[k], 0),
    12,
  );
  const estimate = estimateOf({ objective: "mean", temperature: 1 }, cost, 4);
  expectUnbiased(byScore(samplerOf(simulation), estimate, given(20, 6)), theta, exact, 1000);
  exact.gradient.forEach((g, i) => {
    const moved = (h: number): number =>
      simulation.probabilities(theta.map((t, j) => (i === j ? t + h : t))).reduce((sum, q, k) => sum + q * costs[k], 0);
    expect(g).toBeCloseTo((moved(Math.PI / 2) - moved(-Math.PI / 2)) / 2, 12);
  });
});

test("a training from shots finds the optimum with few of the costs of 26 bits", () => {
  // ones are wanted at odd places, zeros at even ones: 2^26 costs, one optimum
  const n = 26;
  const wanted = 0x2aaaaaa;
  const far = (k: number): number => {
    let [left, count] = [k ^ wanted, 0];
    for (; left; left &= left - 1) count++;
    return count;
  };
  const asked = remembered(far);
  const estimate = estimateOf({ objective: "mean", temperature: 1 }, (k) => asked.cost(k) / n, n);
  const steps = restart(byScore(productSampler(n), estimate, given(200, 7)), { optimiser: "adam", iterations: 150 }, randomStream(8));
  let step = steps.next();
  while (!step.done) step = steps.next();
  expect(asked.best()).toMatchObject({ index: wanted, loss: 0 });
  expect(asked.computed()).toBeLessThan(20_000);
  expect(step.value.value).toBeLessThan(0.02);
});

test("a quadratic cost that is asked one by one is that of its table", () => {
  const values = randomStream(9).normal([15], "f64").data;
  const pairs = [0, 1, 2, 3].flatMap((i) => [1, 2, 3, 4].filter((j) => j > i).map((j) => ({ i, j, value: values[i + (j * (j - 1)) / 2] })));
  for (const variables of ["bits", "spins"] as const) {
    const given = { of: variables, offset: 0.7, linear: values.slice(10), pairs };
    const { costs: table } = tabulateQuadratic(given);
    const asked = quadraticCost(given);
    table.forEach((c, k) => expect(asked(k)).toBeCloseTo(c, 12));
  }
});

test("a search whose repetitions are free counts different configurations, and ends when it finds no more", () => {
  let calls = 0;
  const cost4 = counter({ bits: 2, cost: () => ++calls, budget: 4, once: true });
  randomSearch(cost4, randomStream(1));
  expect(calls).toBe(4);
  const few = counter({ bits: 2, cost: () => 1, budget: 100, once: true });
  randomSearch(few, randomStream(1));
  expect(few.left()).toBe(0);
});

/** Of an index, a shift of one angle. */
const shifted = (at: Float64Array, i: number, by: number): Float64Array => at.map((t, j) => (i === j ? t + by : t));

test("trajectories of a circuit without noise are its own gradient", () => {
  const own: Circuit = brick(3, 2);
  const table = meanCost(costs.slice(0, 8));
  const at = angles(own.parameters);
  const found = trajectoryGradient(own, at, depolarizing(0), { count: 3, random: randomStream(1) }, table);
  found.gradient.forEach((g, i) => {
    const moved = (h: number): number => table(probabilities(own, shifted(at, i, h))).value;
    expect(g).toBeCloseTo((moved(Math.PI / 2) - moved(-Math.PI / 2)) / 2, 12);
  });
});

test("a cost that remembers too much forgets, and counts what it computes again", () => {
  let calls = 0;
  const kept = remembered((k) => {
    calls++;
    return -k;
  }, 2);
  for (const k of [1, 2, 1, 2, 3, 1, 3]) expect(kept.cost(k)).toBe(-k);
  expect(kept.computed()).toBe(4);
  expect(calls).toBe(4);
  expect(kept.best()).toEqual({ index: 3, loss: -3, evaluations: 3 });
});
