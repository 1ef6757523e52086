/** Annealed importance sampling: closed recursions, unbiased weights for every kernel, frozen parameters, resumption. */
import { expect, test } from "vitest";
import { array, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  anneal,
  annealing,
  autoregressive,
  crankNicolson,
  geometricPath,
  hmc,
  type Kernel,
  type LogDensity,
  linearSchedule,
  mala,
  type NoData,
  randomWalk,
  sigmoidSchedule,
  tableMetropolis,
  temperedPath,
} from "../../src/sampling/index.ts";
import { type Feeds, take } from "../../src/tensor/index.ts";
import { deviation, expectMean } from "./statistics.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "f64");

// z ~ N(0, 1), x = w z + σ ε observed at 1.5, w = 3, σ = 1
const [w, observed] = [3, 1.5];
const logEvidence = -2.1827310797;
const prior: LogDensity<NoData> = (z) =>
  z
    .square()
    .sum(1)
    .mul(-0.5)
    .sub(0.5 * Math.log(2 * Math.PI));
const likelihood: LogDensity<NoData> = (z) =>
  z
    .mul(w)
    .sub(observed)
    .square()
    .sum(1)
    .mul(-0.5)
    .sub(0.5 * Math.log(2 * Math.PI));
const variance = (beta: number) => 1 / (1 + beta * w * w);
const mean = (beta: number) => variance(beta) * beta * w * observed;

/** E log w of chains whose kernels are autoregressions, by the recursion of means and variances. */
function expectedLogWeight(betas: ArrayLike<number>, rho: (t: number) => number, direction: "forward" | "reverse"): number {
  const last = betas.length - 1;
  const expectation = (m: number, v: number) => -0.5 * Math.log(2 * Math.PI) - ((observed - w * m) ** 2 + w * w * v) / 2;
  let [m, v, total] = direction === "forward" ? [0, 1, 0] : [mean(1), variance(1), 0];
  for (let i = 1; i <= last; i++) {
    const t = direction === "forward" ? i : last + 1 - i;
    const weigh = () => void (total += (betas[t] - betas[t - 1]) * expectation(m, v));
    if (direction === "forward") weigh();
    const r = rho(t);
    m = mean(betas[t]) + r * (m - mean(betas[t]));
    v = r * r * v + (1 - r * r) * variance(betas[t]);
    if (direction === "reverse") weigh();
  }
  return total;
}

function starts(chains: number, seed: number) {
  const [a, b] = [randomStream(seed), randomStream(seed + 1)].map((rng) => rng.normal([chains, 1], "f64").data);
  return {
    forward: ndarray(a, [chains, 1], "f64"),
    reverse: ndarray(
      b.map((z) => mean(1) + Math.sqrt(variance(1)) * z),
      [chains, 1],
      "f64",
    ),
  };
}

const regression = (betas: ArrayLike<number>, rho: (t: number) => number) => ({
  kernel: autoregressive<NoData>([prior, likelihood]),
  path: temperedPath,
  betas,
  parameters: (t: number) => ({
    correlation: f64(rho(t)),
    mean: f64([[mean(betas[t])]]),
    scale: f64([[Math.sqrt(variance(betas[t]))]]),
  }),
  data: {},
});

test("the recursion of the tests gives the known values", () => {
  const known: [Float64Array, number, number, number][] = [
    [linearSchedule(1), 0, -6.5439385332, -1.3801885332],
    [linearSchedule(2), 0.5, -4.797166839, -1.5238003617],
    [linearSchedule(5), 0, -2.8595720126, -1.8268220126],
    [linearSchedule(20), 0.5, -2.4365393716, -2.0044786681],
    [sigmoidSchedule(5, 4), 0.5, -3.3188019926, -1.7294555067],
  ];
  for (const [betas, r, forward, reverse] of known) {
    expect(expectedLogWeight(betas, () => r, "forward")).toBeCloseTo(forward, 9);
    expect(expectedLogWeight(betas, () => r, "reverse")).toBeCloseTo(reverse, 9);
  }
});

test.each([
  ["one step", linearSchedule(1), () => 0.5],
  ["two steps", linearSchedule(2), () => 0.5],
  ["five perfect steps", linearSchedule(5), () => 0],
  ["a sigmoid schedule", sigmoidSchedule(5, 4), () => 0.5],
  ["kernels that differ by temperature", linearSchedule(6), (t: number) => [0.9, 0, 0.3, 0.95, 0.1, 0.7][t - 1]],
] as const)("%s: both directions have the means of the recursion, and E[w] is the evidence", async (_, betas, rho) => {
  const run = await anneal(regression(betas, rho), starts(20_000, 1), randomStream(3));
  for (const direction of ["forward", "reverse"] as const)
    expectMean([...run[direction].logWeights], expectedLogWeight(betas, rho, direction));
  expectMean(
    [...run.forward.logWeights].map((l) => Math.exp(l - logEvidence)),
    1,
  );
  expect(run.records.map(({ temperatures }) => temperatures.forward + temperatures.reverse)).toEqual(run.records.map(() => betas.length));
});

test("without the last transition the means stay, and reverse chains of one start share the first weight", async () => {
  const betas = linearSchedule(3);
  const options = { ...regression(betas, () => 0.5), finalTransition: false };
  const run = await anneal(options, starts(20_000, 5), randomStream(6));
  for (const direction of ["forward", "reverse"] as const)
    expectMean(
      [...run[direction].logWeights],
      expectedLogWeight(betas, () => 0.5, direction),
    );
  const once = { ...regression(linearSchedule(1), () => 0.5), finalTransition: false };
  const same = await anneal(once, { forward: f64([[0.3], [-1]]), reverse: f64([[0.2], [0.2]]) }, randomStream(7));
  const at = (z: number) => -0.5 * Math.log(2 * Math.PI) - (w * z - observed) ** 2 / 2;
  expect(same.records.length).toBe(0);
  [0.3, -1].forEach((z, k) => void expect(same.forward.logWeights[k]).toBeCloseTo(at(z), 12));
  [0.2, 0.2].forEach((z, k) => void expect(same.reverse.logWeights[k]).toBeCloseTo(at(z), 12));
});

// for E[1/w] a likelihood that is no narrower than the prior, so that 1/w has a variance: x = z + ε observed at 1.5
const mild: LogDensity<NoData> = (z) =>
  z
    .sub(observed)
    .square()
    .sum(1)
    .mul(-0.5)
    .sub(0.5 * Math.log(2 * Math.PI));
const mildEvidence = -0.5 * Math.log(4 * Math.PI) - observed ** 2 / 4;
const target = [prior, mild];
const everyTemperature = linearSchedule(8);
const through = <P, N>(kernel: Kernel<P, N, NoData>, parameters: (t: number) => Feeds<P>) => {
  const options = { kernel, path: temperedPath, betas: everyTemperature, parameters, data: {} };
  const { forward } = starts(20_000, 8);
  const posterior = randomStream(9)
    .normal([20_000, 1], "f64")
    .data.map((z) => observed / 2 + Math.SQRT1_2 * z);
  return anneal(options, { forward, reverse: ndarray(posterior, [20_000, 1], "f64") }, randomStream(10));
};

// parameters that differ by temperature: what forward chains have at t, reverse chains must have at t
test.each([
  ["random walk", () => through(randomWalk(target), (t) => ({ stepSize: f64(1.2 - 0.1 * t) }))],
  ["MALA", () => through(mala(target), (t) => ({ stepSize: f64(0.8 - 0.05 * t) }))],
  ["HMC", () => through(hmc(target, 4), (t) => ({ stepSize: f64([0.4 - 0.02 * t]) }))],
  ["HMC with a matrix", () => through(hmc(target, 3), (t) => ({ stepSize: f64(0.6), scale: f64([[[1 - 0.08 * t]]]) }))],
  ["Crank and Nicolson", () => through(crankNicolson(target), (t) => ({ correlation: f64(0.5 + 0.05 * t) }))],
])("%s, frozen: E[w] and E[1/w] are those of the evidence", async (_, anneals) => {
  const run = await anneals();
  expectMean(
    [...run.forward.logWeights].map((l) => Math.exp(l - mildEvidence)),
    1,
  );
  expectMean(
    [...run.reverse.logWeights].map((l) => Math.exp(mildEvidence - l)),
    1,
  );
  expect(run.records.every(({ acceptance }) => acceptance.forward > 0.3 && acceptance.reverse > 0.3)).toBe(true);
  // without transitions: log w = log p(x|z), of mean -2.544 under the prior and -1.450 under the posterior; kernels that move do better
  const [lower, upper] = [run.forward, run.reverse].map(({ logWeights }) => logWeights.reduce((a, b) => a + b, 0) / 20_000);
  expect(lower).toBeGreaterThan(-2.4);
  expect(upper).toBeLessThan(-1.55);
});

test("unequal numbers of chains in the two directions, with matrices of their own", async () => {
  const few = { forward: starts(9000, 50).forward, reverse: array([[0.7], [0.8]], "f64") };
  const parameters = (t: number) => ({ stepSize: f64(0.6), scale: f64([[[1 - 0.08 * t]]]) });
  const options = { kernel: hmc(target, 3), path: temperedPath, betas: everyTemperature, parameters, data: {} };
  const run = await anneal(options, few, randomStream(52));
  expect([run.forward.ends.shape, run.reverse.ends.shape]).toEqual([
    [9000, 1],
    [2, 1],
  ]);
  expectMean(
    [...run.forward.logWeights].map((l) => Math.exp(l - mildEvidence)),
    1,
  );
  expect(run.reverse.logWeights.every((l) => l > -6 && l < 0)).toBe(true);
});

test("parameters do not depend on the chains: another start of one chain leaves all others as they are, bit for bit", async () => {
  const options = {
    kernel: hmc<NoData>([prior, likelihood], 3),
    path: temperedPath,
    betas: linearSchedule(10),
    parameters: () => ({ stepSize: f64(0.4) }),
    data: {},
  };
  const chains = starts(64, 12);
  const shifted = {
    ...chains,
    forward: ndarray(
      (chains.forward.data as Float64Array).map((z, i) => (i === 5 ? z + 9 : z)),
      [64, 1],
      "f64",
    ),
  };
  const [a, b] = [await anneal(options, chains, randomStream(13)), await anneal(options, shifted, randomStream(13))];
  expect([...b.reverse.logWeights]).toEqual([...a.reverse.logWeights]);
  const others = (weights: Float64Array) => [...weights].filter((_, k) => k !== 5);
  expect(others(b.forward.logWeights)).toEqual(others(a.forward.logWeights));
  expect(b.forward.logWeights[5]).not.toBe(a.forward.logWeights[5]);
});

test("step sizes that follow a chain's own past would bias E[w]: the same check fails", async () => {
  // the kernel of one step, used from outside with a step size that each chain adapts to where it is
  const betas = linearSchedule(8);
  const frozen = { path: temperedPath, betas, data: {}, kernel: randomWalk<NoData>([prior, likelihood]) };
  const chains = { forward: starts(20_000, 14).forward };
  const cheat = annealing({ ...frozen, parameters: () => ({ stepSize: current }) }, chains);
  let state = await cheat.init();
  let current = f64(0);
  for (let i = 0; i < cheat.steps; i++) {
    current = ndarray(
      (state.chain.x.data as Float64Array).map((z) => 0.05 + 3 * Math.abs(z - 0.45)),
      [20_000],
      "f64",
    );
    ({ state } = await cheat.step(state, randomStream(15)));
  }
  const ratios = toNumbers(state.logWeights).map((l) => Math.exp(l - logEvidence));
  expect(deviation(ratios, 1)).toBeGreaterThan(6);
});

test("a run that is continued from a state gives the same bits", async () => {
  const options = {
    kernel: hmc<NoData>([prior, likelihood], 2),
    path: temperedPath,
    betas: linearSchedule(6),
    parameters: (t: number) => ({ stepSize: f64(0.2 + 0.05 * t) }),
    data: {},
  };
  const whole = await anneal(options, starts(16, 20), randomStream(21));
  const half = annealing(options, starts(16, 20));
  let state = await half.init();
  for (let i = 0; i < 3; i++) ({ state } = await half.step(state, randomStream(21)));
  const again = annealing(options, starts(16, 20));
  state = structuredClone(state);
  for (let i = 3; i < again.steps; i++) ({ state } = await again.step(state, randomStream(21)));
  expect(toNumbers(state.logWeights)).toEqual([...whole.forward.logWeights, ...whole.reverse.logWeights]);
  await expect(again.step(state, randomStream(21))).rejects.toThrow(/over after 6 steps/);
});

test("a geometric path between two densities, in f32, and between supports that differ", async () => {
  // from N(0, 2²) to N(1, 0.5²), both normalised: Z1/Z0 = 1
  const gaussian =
    (m: number, s: number): LogDensity<NoData> =>
    (x) =>
      x.sub(m).div(s).square().sum(1).mul(-0.5).sub(Math.log(s));
  const kernel = mala<NoData>([gaussian(0, 2), gaussian(1, 0.5)]);
  const start = ndarray(
    randomStream(30)
      .normal([20_000, 1])
      .data.map((z) => 2 * z),
    [20_000, 1],
    "f32",
  );
  const options = {
    kernel,
    path: geometricPath,
    betas: linearSchedule(10),
    parameters: () => ({ stepSize: array(0.7, "f32", []) }),
    data: {},
  };
  const run = await anneal(options, { forward: start }, randomStream(31));
  expectMean([...run.forward.logWeights].map(Math.exp), 1);
});

test("discrete states: tables run in both directions", async () => {
  const [start, end] = [
    [0.5, 0.3, 0.2],
    [0.7, 0.1, 0.25],
  ].map((p) => f64(p.map(Math.log)));
  const kernel = tableMetropolis<NoData>([(x) => take(start, x), (x) => take(end, x)], 3);
  const jump = [0, 1, 2].map((x) => [0, 1, 2].map((y) => (x === y ? 0 : 0.5)));
  const parameters = () => ({ proposal: f64([jump]) });
  const posterior = [0.35, 0.03, 0.05].map((p) => p / 0.43);
  const states = (p: readonly number[], seed: number) => randomStream(seed).categorical(p, [20_000]);
  const options = { kernel, path: temperedPath, betas: linearSchedule(2), parameters, data: {} };
  const run = await anneal(options, { forward: states([0.5, 0.3, 0.2], 40), reverse: states(posterior, 41) }, randomStream(42));
  expectMean(
    [...run.forward.logWeights].map((l) => Math.exp(l) / 0.43),
    1,
  );
  expectMean(
    [...run.reverse.logWeights].map((l) => 0.43 / Math.exp(l)),
    1,
  );
});

test("schedules and starts that cannot be are refused", () => {
  const options = regression(linearSchedule(2), () => 0);
  expect(() => annealing({ ...options, betas: [0, 0.5] }, starts(2, 1))).toThrow(/from 0 to 1/);
  expect(() => annealing({ ...options, betas: [0, 0.6, 0.6, 1] }, starts(2, 1))).toThrow(/does not rise from step 1/);
  expect(() => annealing(options, {})).toThrow(/no chains/);
  expect(() => annealing(options, { forward: f64([[1]]), reverse: f64([[1, 2]]) })).toThrow(/starts differ/);
});
