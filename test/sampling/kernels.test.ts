/** Kernels: invariance, reversibility, Hastings' correction, proposals that are not finite. */
import { expect, test } from "vitest";
import { array, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  autoregressive,
  crankNicolson,
  exactDraw,
  hmc,
  type Kernel,
  type LogDensity,
  leapfrog,
  mala,
  metropolisHastings,
  type NoData,
  randomWalk,
  sampleChains,
  tableMetropolis,
  transitionTable,
} from "../../src/sampling/index.ts";
import { slopesOf, stateOf } from "../../src/sampling/target.ts";
import { type Feeds, jit, less, log, type Tensor, take, where } from "../../src/tensor/index.ts";
import { columnOf, deviation, expectMean, meanAndError, plane, planeDensity, planeDraws } from "./statistics.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "f64");

/** Starts at exact draws, runs `steps` steps, and gives the ends: still exact draws, independent of each other. */
async function ends<P, N>(kernel: Kernel<P, N, NoData>, parameters: Feeds<P>, steps = 5, chains = 20_000) {
  const start = planeDraws(randomStream(11), chains);
  const run = await sampleChains(kernel, { start, parameters, data: {}, steps, every: steps }, randomStream(12));
  return { start, ...run };
}

const walk = { stepSize: f64(0.8) };
const dense = { stepSize: f64(0.6), scale: f64([plane.factor]) };
const half = { correlation: f64(0.5), mean: f64([plane.mean]) };

const kernels: [string, () => ReturnType<typeof ends>][] = [
  ["random walk", () => ends(randomWalk([planeDensity]), walk)],
  ["random walk in blocks", () => ends(randomWalk([planeDensity], { blocks: [[0], [1]] }), walk)],
  ["random walk in blocks with a dense scale", () => ends(randomWalk([planeDensity], { blocks: [[0], [1]] }), dense, 8)],
  ["random walk with a dense scale", () => ends(randomWalk([planeDensity]), dense)],
  ["MALA", () => ends(mala([planeDensity]), walk)],
  ["HMC", () => ends(hmc([planeDensity], 4), { stepSize: f64(0.5), scale: f64([[1.4, 1]]) }, 3)],
  ["HMC with a dense mass", () => ends(hmc([planeDensity], 3), dense, 3)],
  ["Crank and Nicolson", () => ends(crankNicolson([planeDensity]), { ...half, scale: f64([[1.2, 0.9]]) })],
  ["autoregression", () => ends(autoregressive([planeDensity]), { ...half, scale: f64([plane.factor]) })],
];

test.each(kernels)("%s leaves a correlated Gaussian invariant, and moves", async (_, run) => {
  const { start, state, acceptance } = await run();
  const [a, b] = [0, 1].map((i) => columnOf(state.x, i).map((v) => v - plane.mean[i]));
  // 7 moments of 20,000 independent chains each
  expectMean(a, 0);
  expectMean(b, 0);
  expectMean(
    a.map((v) => v * v),
    2,
  );
  expectMean(
    b.map((v) => v * v),
    1,
  );
  expectMean(
    a.map((v, i) => v * b[i]),
    0.9,
  );
  expectMean(
    a.map((v) => v ** 3),
    0,
  );
  expectMean(
    a.map((v) => v ** 4),
    12,
  );
  const moved = columnOf(start, 0).filter((v, i) => v !== a[i] + plane.mean[0]).length;
  expect(moved / 20_000).toBeGreaterThan(0.5);
  expect(Math.min(...acceptance)).toBeGreaterThan(0.2);
});

test.each(kernels)("%s is reversible: pairs of start and end are exchangeable", async (_, run) => {
  const { start, state } = await run();
  const [x, y] = [columnOf(start, 0), columnOf(state.x, 1)];
  const [u, v] = [columnOf(start, 1), columnOf(state.x, 0)];
  // E[f(x0) g(x1)] = E[g(x0) f(x1)] for f, g of different parity: means of differences over independent chains. A kernel of several
  // identical reversible steps is reversible.
  expectMean(
    x.map((a, i) => (a - 1) * (y[i] + 2) - (u[i] + 2) * (v[i] - 1)),
    0,
  );
  expectMean(
    x.map((a, i) => (a - 1) ** 2 * (y[i] + 2) ** 3 - (u[i] + 2) ** 3 * (v[i] - 1) ** 2),
    0,
  );
});

const normal: LogDensity<NoData> = (x) => x.square().sum(1).mul(-0.5);

test("leapfrog follows its recursion and returns after a flip", async () => {
  const run = jit((x: Tensor, v: Tensor, stepSize: Tensor, lambda: Tensor) => {
    const go = (from: Tensor, momentum: Tensor) =>
      leapfrog([normal], { state: stateOf(from, slopesOf([normal], from, {})), momentum }, { stepSize, steps: 10 }, lambda, {});
    const there = go(x, v);
    const back = go(there.state.x, there.momentum.neg());
    return { x: there.state.x, v: there.momentum, back: back.state.x, spin: back.momentum };
  });
  const r = await run(f64([[1]]), f64([[0.5]]), f64(0.1), f64([[1]]));
  const [x, v] = [toNumbers(r.x)[0], toNumbers(r.v)[0]];
  expect(x).toBeCloseTo(0.9613264451364407, 12);
  expect(v).toBeCloseTo(-0.5706678869680953, 12);
  expect((1 + 0.25 - x * x - v * v) / 2).toBeCloseTo(9.481433e-5, 10);
  expect(toNumbers(r.back)[0]).toBeCloseTo(1, 10);
  expect(toNumbers(r.spin)[0]).toBeCloseTo(-0.5, 10);
});

test("a tempered posterior's HMC step has the energies of an independent trace", async () => {
  // prior N(0, 1), x = 3 z + noise observed at 1.5, β = 0.5, from z = 0.2, v = -0.7, ε = 0.2, L = 5
  const likelihood: LogDensity<NoData> = (z) => z.mul(3).sub(1.5).square().sum(1).mul(-0.5);
  const kernel = hmc([normal, likelihood], 5);
  const step = jit((z: Tensor, momentum: Tensor, u: Tensor, stepSize: Tensor, lambda: Tensor) =>
    kernel.step(kernel.init(z, {}), { momentum, u }, { stepSize }, lambda, {}),
  );
  const args = [f64([[0.2]]), f64([[-0.7]]), f64([0.5]), f64(0.2), f64([[1, 0.5]])] as const;
  const { state, acceptance } = await step(...args);
  expect(toNumbers(state.x)[0]).toBeCloseTo(0.34386864048, 10);
  expect(toNumbers(acceptance)[0]).toBe(1); // log ratio 0.005969
  // the same energies backwards, where the ratio is the inverse: exp(-0.005969090921)
  const back = await step(state.x, f64([[-0.833738370136]]), f64([0.5]), f64(0.2), f64([[1, 0.5]]));
  expect(Math.log(toNumbers(back.acceptance)[0])).toBeCloseTo(-0.005969090921, 9);
});

test("MALA accepts with Roberts and Tweedie's ratio", async () => {
  const kernel = mala([normal]);
  const step = jit((x: Tensor, momentum: Tensor, u: Tensor, stepSize: Tensor, lambda: Tensor) =>
    kernel.step(kernel.init(x, {}), { momentum, u }, { stepSize }, lambda, {}),
  );
  const [x, xi, eps] = [1.3, 0.8, 1.1];
  const drift = (z: number) => z - (eps * eps * z) / 2;
  const y = drift(x) + eps * xi;
  const logQ = (to: number, from: number) => -((to - drift(from)) ** 2) / (2 * eps * eps);
  const logRatio = -(y * y) / 2 + logQ(x, y) + (x * x) / 2 - logQ(y, x);
  const { acceptance } = await step(f64([[x]]), f64([[xi]]), f64([1e-9]), f64(eps), f64([[1]]));
  expect(toNumbers(acceptance)[0]).toBeCloseTo(Math.min(1, Math.exp(logRatio)), 12);
});

test("an asymmetric proposal needs its Hastings ratio: with it the exponential law stays, without it not", async () => {
  // y = x e^{s ξ}: q(x|y) / q(y|x) = y / x
  const exponential: LogDensity<NoData> = (x) => x.squeeze(1).neg();
  const kernel = (corrected: boolean) =>
    metropolisHastings<Record<string, never>, { xi: Tensor }, NoData>([exponential], {
      noise: (rng, like) => ({ xi: rng.normal(like.shape, "f64") }),
      propose(x, { xi }) {
        const y = x.mul(xi.mul(0.7).exp());
        return corrected ? { y, logRatio: log(y.div(x)).sum(1) } : { y };
      },
    });
  const start = randomStream(3).exponential([20_000, 1], "f64");
  const run = async (corrected: boolean) => {
    const options = { start, parameters: {}, data: {}, steps: 8 };
    return toNumbers((await sampleChains(kernel(corrected), options, randomStream(4))).state.x);
  };
  const right = await run(true);
  expectMean(right, 1);
  expectMean(
    right.map((v) => v * v),
    2,
  );
  expect(deviation(await run(false), 1)).toBeGreaterThan(20);
});

test("proposals that are not finite are rejected and counted, the chain stays clean", async () => {
  // log of a negative number is NaN: the half line x > 0 by accident; at x > 3 the density is 0
  const density: LogDensity<NoData> = (x) => where(less(x.squeeze(1), 3), log(x.squeeze(1)).mul(0), Number.NEGATIVE_INFINITY);
  const start = ndarray(randomStream(5).uniform([4000, 1], "f64", 0, 3).data, [4000, 1], "f64");
  const run = await sampleChains(randomWalk([density]), { start, parameters: { stepSize: f64(2) }, data: {}, steps: 6 }, randomStream(6));
  const x = toNumbers(run.state.x);
  expect(x.every((v) => v > 0 && v < 3)).toBe(true);
  expect(run.invalid).toBeGreaterThan(4000);
  expect(toNumbers(run.state.values).every((v) => v === 0)).toBe(true);
  // uniform on (0, 3)
  expectMean(x, 1.5);
  expectMean(
    x.map((v) => v * v),
    3,
  );
  const bad = sampleChains(randomWalk([density]), { start: f64([[-1]]), parameters: walk, data: {}, steps: 1 }, randomStream(7));
  await expect(bad).rejects.toThrow(/NaN at the start of chain 0/);
});

test("HMC whose energy is not finite stays where it is", async () => {
  const cliff: LogDensity<NoData> = (x) => log(x.squeeze(1)).sub(x.squeeze(1)); // Gamma(2, 1), NaN below 0
  const pairs = randomStream(8).exponential([8000, 2], "f64");
  const second = columnOf(pairs, 1);
  const gamma = ndarray(
    Float64Array.from(columnOf(pairs, 0), (v, i) => v + second[i]),
    [8000, 1],
    "f64",
  );
  const run = await sampleChains(
    hmc([cliff], 3),
    { start: gamma, parameters: { stepSize: f64(0.9) }, data: {}, steps: 6 },
    randomStream(9),
  );
  const x = toNumbers(run.state.x);
  expect(run.invalid).toBeGreaterThan(100);
  expect(x.every((v) => v > 0)).toBe(true);
  expectMean(x, 2);
  expectMean(
    x.map((v) => v * v),
    6,
  );
});

test("tables: detailed balance, and the kernel follows its table", async () => {
  const logPi = [Math.log(0.5), Math.log(0.3), Math.log(0.2)];
  const proposal = f64([
    [
      [0.1, 0.6, 0.3],
      [0.5, 0, 0.5],
      [0.2, 0.7, 0.1],
    ],
  ]);
  const table = transitionTable(logPi, proposal);
  for (let x = 0; x < 3; x++)
    for (let y = 0; y < 3; y++) expect(Math.exp(logPi[x]) * table[x * 3 + y]).toBeCloseTo(Math.exp(logPi[y]) * table[y * 3 + x], 14);
  const pi = f64(logPi);
  const kernel = tableMetropolis<NoData>([(x) => take(pi, x)], 3);
  for (const from of [0, 1, 2]) {
    const start = ndarray(new Int32Array(20_000).fill(from), [20_000], "i32");
    const run = await sampleChains(kernel, { start, parameters: { proposal }, data: {}, steps: 1 }, randomStream(20 + from));
    const x = toNumbers(run.state.x);
    for (const to of [0, 1, 2]) {
      const indicators = x.map((v) => Number(v === to));
      if (table[from * 3 + to] === 0) expect(meanAndError(indicators).mean).toBe(0);
      else expectMean(indicators, table[from * 3 + to]);
    }
  }
});

test("an exact conditional draw of one coordinate is a Gibbs step", async () => {
  const gibbs = exactDraw<Record<string, never>, { xi: Tensor }, NoData>([planeDensity], {
    noise: (rng, like) => ({ xi: rng.normal([like.shape[0]], "f64") }),
    // x0 | x1 ~ N(1 + 0.9 (x1 + 2), 2 - 0.81)
    draw(x, { xi }) {
      const first = x
        .slice([], 1)
        .add(2)
        .mul(0.9)
        .add(1)
        .add(xi.mul(Math.sqrt(1.19)));
      return where(array([1, 0], "bool"), first.expandDims(1), x);
    },
  });
  const { state, start } = await ends(gibbs, {}, 1);
  const [a, b] = [columnOf(state.x, 0).map((v) => v - 1), columnOf(state.x, 1).map((v) => v + 2)];
  expect(columnOf(start, 1)).toEqual(columnOf(state.x, 1));
  expectMean(
    a.map((v) => v * v),
    2,
  );
  expectMean(
    a.map((v, i) => v * b[i]),
    0.9,
  );
});
