/** Objectives, optimisers and read-out against closed forms and numbers of the specification. */
import { expect, test } from "vitest";
import { type Random, randomStream } from "../../src/array/index.ts";
import { brick, product } from "../../src/quantum/ansatz.ts";
import type { Objective } from "../../src/quantum/circuit.ts";
import { enumerateNetworks } from "../../src/quantum/families/enumerate.ts";
import { optimumOf } from "../../src/quantum/landscape/optima.ts";
import { popcount } from "../../src/quantum/landscape/walsh.ts";
import { entropy, shotsFor99 } from "../../src/quantum/sample.ts";
import { probabilities, valueAndGradient } from "../../src/quantum/simulate.ts";
import { ofProbabilities } from "../../src/quantum/training/evaluators.ts";
import { evolution } from "../../src/quantum/training/evolution.ts";
import { adam, spsa } from "../../src/quantum/training/first-order.ts";
import { lbfgs } from "../../src/quantum/training/lbfgs.ts";
import type { Differentiable, Minimiser, Stand } from "../../src/quantum/training/minimise.ts";
import { productNaturalGradient } from "../../src/quantum/training/natural.ts";
import { cvar, discrepancy, freeEnergy, gibbs, leastFreeEnergy, meanCost, success } from "../../src/quantum/training/objectives.ts";
import { polish, readOut } from "../../src/quantum/training/outcome.ts";
import { ranked, support } from "../../src/quantum/training/readout.ts";
import { optimisers, type Restart, type RestartOptions, restart } from "../../src/quantum/training/restart.ts";
import { ansatzNames, objectiveNames, type Training, trainingOf } from "../../src/quantum/training/settings.ts";
import { noiseless } from "../../src/quantum/training/simulation.ts";
import { tiny } from "./tiny.ts";

const costs = Float64Array.of(0.9, 0.1, 0.4, 0.7, 0.2, 0.8, 0.3, 0.6);
const p = Float64Array.of(0.2525512262, 0.1485905347, 0.0334764815, 0.0443341595, 0.0336645857, 0.021185394, 0.2664686893, 0.1997289291);

test("objectives of the brick circuit's probabilities", () => {
  expect(meanCost(costs)(p).value).toBeCloseTo(0.5100388578732, 9);
  expect(cvar(costs, 0.25)(p).value).toBeCloseTo(0.16766173793, 9);
  expect(gibbs(costs, 5)(p).value).toBeCloseTo(0.34188117366, 9);
  expect(entropy(p)).toBeCloseTo(1.75265649066, 9);
  expect(success([1])(p).value).toBeCloseTo(0.14859053475, 9);
  expect(shotsFor99(success([1])(p).value)).toBeCloseTo(28.628, 3);
  expect(cvar(costs, 1)(p).value).toBeCloseTo(meanCost(costs)(p).value, 9);
});

test("slopes of every objective are central differences of its value", () => {
  const objectives: readonly Objective[] = [
    meanCost(costs),
    cvar(costs, 0.25),
    cvar(costs, 0.7),
    gibbs(costs, 5),
    freeEnergy(costs, 0.3),
    discrepancy(costs, 0.3, 2),
    success([1, 4]),
  ];
  for (const objective of objectives) {
    const { slopes } = objective(p);
    // along directions that keep the sum: CVaR's slopes are those of normalised probabilities
    for (let k = 1; k < 8; k++) {
      const moved = (h: number): number => objective(p.map((v, i) => v + (i === k ? h : i === 0 ? -h : 0))).value;
      expect(slopes[k] - slopes[0]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 7);
    }
  }
});

test("the discrepancy from uniform bits is that of the kernel, term by term", () => {
  const kernel = (a: number, b: number) => Math.exp(-popcount(a ^ b) / 2);
  const uniform = ((1 + Math.exp(-1 / 2)) / 2) ** 3;
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  const own = all.reduce((sum, a) => sum + all.reduce((s, b) => s + p[a] * p[b] * kernel(a, b), 0), 0);
  // mean k(s, u) does not depend on s
  expect(discrepancy(new Float64Array(8), 1, 2)(p).value).toBeCloseTo(own - 2 * uniform + uniform, 9);
});

test("gradients by angles of every objective are central differences", () => {
  const circuit = brick(3, 3);
  const theta = randomStream(1).uniform([18], "f64", 0, 6).data;
  for (const objective of [cvar(costs, 0.3), gibbs(costs, 5), freeEnergy(costs, 0.3), success([1])]) {
    const { gradient } = valueAndGradient(circuit, theta, objective);
    gradient.forEach((g, i) => {
      const moved = (h: number) =>
        objective(
          probabilities(
            circuit,
            theta.map((v, j) => (j === i ? v + h : v)),
          ),
        ).value;
      expect(g).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 7);
    });
  }
});

/** Rosenbrock's valley in ten dimensions; minimum 0 at (1, …, 1). */
const rosenbrock: Differentiable = (x) => {
  const gradient = new Float64Array(x.length);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const d = x[i + 1] - x[i] ** 2;
    value += 100 * d * d + (1 - x[i]) ** 2;
    gradient[i] += -400 * d * x[i] - 2 * (1 - x[i]);
    gradient[i + 1] += 200 * d;
  }
  return { value, gradient };
};

/** Half a sum of squares, of unequal scales. */
const bowl: Differentiable = (x) => ({
  value: x.reduce((sum, v, i) => sum + 0.5 * (1 + i) * v * v, 0),
  gradient: x.map((v, i) => (1 + i) * v),
});

const after = (steps: number, minimiser: Minimiser): Stand => {
  let last: Stand | undefined;
  for (const stand of minimiser) {
    last = stand;
    if (--steps === 0) break;
  }
  return last!;
};

test("L-BFGS reaches the end of Rosenbrock's valley and stops there", () => {
  const start = new Float64Array(10).map((_, i) => (i % 2 ? 1 : -1.2));
  const end = after(400, lbfgs(rosenbrock, start, { tolerance: 1e-9 }));
  expect(end.gradientNorm).toBeLessThan(1e-9);
  for (const v of end.x) expect(v).toBeCloseTo(1, 8);
  expect(end.calls).toBeLessThan(150);
});

test("the other optimisers reach the bottom of a bowl", () => {
  const start = new Float64Array(6).fill(1);
  const value = (x: Float64Array) => bowl(x).value;
  const ends = {
    adam: after(1000, adam(bowl, start)),
    natural: after(500, productNaturalGradient(bowl, start, { rate: 0.05 })),
    spsa: after(2000, spsa(value, start, randomStream(1), { rate: 0.2 })),
    evolution: after(2000, evolution(value, start, randomStream(1))),
  };
  for (const [name, { x }] of Object.entries(ends)) expect(value(x), name).toBeLessThan(1e-6);
});

const exactly = ({ circuit, objective }: Training) => ofProbabilities(noiseless(circuit), objective);

const trained = (steps: Generator<unknown, Restart>): Restart => {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
};

/** The lowest of a few restarts. */
const lowest = (training: ReturnType<typeof trainingOf>, options: RestartOptions, rng: Random, restarts = 6): Restart =>
  Array.from({ length: restarts }, (_, r) => trained(restart(exactly(training), options, rng.fold(r)))).reduce((a, b) =>
    b.value < a.value ? b : a,
  );

const plain = { objective: "mean", alpha: 0.25, eta: 5, temperature: 0.1 } as const;

test("every ansatz finds the optimal set of the tiny networks", () => {
  for (const made of [tiny.withBias, tiny.withoutBias])
    for (const ansatz of ansatzNames) {
      const table = enumerateNetworks(made, tiny.data).costs;
      const training = trainingOf(table, { ansatz, layers: 2 }, plain);
      const { angles } = lowest(training, { optimiser: "lbfgs", iterations: 200 }, randomStream(2));
      const found = probabilities(training.circuit, Float64Array.from(angles));
      const { set } = optimumOf(table);
      expect(set, ansatz).toContain(ranked(found, table)[0]);
      if (ansatz !== "qaoa") expect(success(set)(found).value, ansatz).toBeGreaterThan(0.999);
    }
});

test("every objective and every optimiser finds the optimum of the small table", () => {
  for (const objective of objectiveNames) {
    const training = trainingOf(costs, { ansatz: "brick", layers: 1 }, { ...plain, objective });
    const { angles } = lowest(training, { optimiser: "lbfgs", iterations: 200 }, randomStream(4));
    expect(ranked(probabilities(training.circuit, Float64Array.from(angles)), costs)[0], objective).toBe(1);
  }
  for (const optimiser of optimisers) {
    const training = trainingOf(costs, { ansatz: "product", layers: 1 }, plain);
    const { angles } = lowest(training, { optimiser, iterations: 400 }, randomStream(4));
    expect(ranked(probabilities(training.circuit, Float64Array.from(angles)), costs)[0], optimiser).toBe(1);
  }
});

test("the free energy of a deep circuit comes to -T log Σ e^{-C/T} from above", () => {
  const table = randomStream(7).uniform([16], "f64").data;
  const bound = leastFreeEnergy(table, 0.3);
  const training = trainingOf(table, { ansatz: "brick", layers: 4 }, { ...plain, objective: "elbo", temperature: 0.3 });
  const values = Array.from({ length: 4 }, (_, r) =>
    training.inUnits(trained(restart(exactly(training), { optimiser: "lbfgs", iterations: 300 }, randomStream(r))).value),
  );
  for (const value of values) expect(value).toBeGreaterThan(bound - 1e-12);
  expect(Math.min(...values)).toBeLessThan(bound + 1e-3);
});

test("a constant cost stops the optimiser at once; one qubit works", () => {
  const flat = trainingOf(new Float64Array(8).fill(2), { ansatz: "brick", layers: 1 }, plain);
  const { trace, value } = trained(restart(exactly(flat), { optimiser: "lbfgs", iterations: 100 }, randomStream(1)));
  expect(trace).toHaveLength(1);
  expect(flat.inUnits(value)).toBeCloseTo(2, 12);
  const one = trainingOf(Float64Array.of(3, 1), { ansatz: "brick", layers: 1 }, plain);
  expect(one.inUnits(lowest(one, { optimiser: "lbfgs", iterations: 100 }, randomStream(1), 2).value)).toBeCloseTo(1, 9);
  expect([...probabilities({ ...product(2), parameters: 0, gates: [] }, new Float64Array(0))]).toEqual([1, 0, 0, 0]);
});

test("what a circuit yields: by exact probabilities, and by shots", () => {
  expect(support(p)).toBe(8);
  expect(ranked(Float64Array.of(0.9996, 0, 0, 0, 0.0004, 0, 0, 0), costs)).toEqual([0]);
  const exact = readOut(p, costs, 0, randomStream(1));
  expect(exact.candidates.map(({ index }) => index)).toEqual([1, 4, 6, 2, 7, 3, 5, 0]);
  const { shots, candidates } = readOut(p, costs, 1000, randomStream(1));
  expect(candidates[0]).toMatchObject({ index: 1, loss: 0.1, count: shots?.optimal });
  // binomial: four standard deviations fail once in 16,000 streams, and the seed is fixed
  expect(Math.abs((shots?.optimal ?? 0) - 148.6)).toBeLessThan(4 * Math.sqrt(1000 * 0.1486 * 0.8514));
  expect(polish((k) => costs[k], 3, 0)).toEqual({ index: 1, loss: 0.1, evaluations: 6 });
  expect(polish((k) => costs[k], 3, 5)).toMatchObject({ index: 1, loss: 0.1 });
});

test("waypoints of a training: its beginning, its end, and steps ever farther apart", () => {
  const training = trainingOf(costs, { ansatz: "brick", layers: 1 }, plain);
  const { path = [], trace, angles } = trained(restart(exactly(training), { optimiser: "adam", iterations: 100 }, randomStream(3)));
  const steps = path.map(({ step }) => step);
  expect(steps.slice(0, 4)).toEqual([0, 1, 2, 3]);
  expect(steps.at(-1)).toBe(trace.indexOf(Math.min(...trace)));
  expect(steps.length).toBeLessThan(20);
  // what a waypoint says of its step is what the trace has
  for (const { step, angles: at } of path)
    expect(training.objective(probabilities(training.circuit, Float64Array.from(at))).value).toBeCloseTo(trace[step], 12);
  expect(path.at(-1)?.angles).toEqual(angles);
});
