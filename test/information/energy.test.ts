/** Energies above a proposal: bounds by enumeration, by quadrature and by training. */
import { expect, test } from "vitest";
import { array, ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { contrastive, energyTarget, fenchel, varadhan } from "../../src/information/energy/objectives.ts";
import {
  certifyEnergy,
  energyLearner,
  fileSource,
  informationOf,
  linearInformation,
  linearJoint,
  modelSource,
  pilot,
  pointBounds,
  sampledBounds,
  trained,
} from "../../src/information/index.ts";
import { estimate } from "../../src/sampling/index.ts";
import { jit, type Tensor } from "../../src/tensor/index.ts";
import { information, pxz as likelihood, pz as prior, qzx as q, states, critic as T } from "../three-states.ts";

// --- MINE-AIS on three states, all paths enumerated --------------------------------------------------------------------------------

interface Path {
  readonly probability: number;
  readonly logWeight: number;
  readonly end: number;
}

/** Metropolis: one of the other states, accepted by the ratio of q e^{βT}. */
function transition(x: number, beta: number): number[][] {
  const density = states.map((z) => q[x][z] * Math.exp(beta * T[x][z]));
  return states.map((from) => {
    const row = states.map((to) => (to === from ? 0 : 0.5 * Math.min(1, density[to] / density[from])));
    row[from] = 1 - row[0] - row[1] - row[2];
    return row;
  });
}

const betas = [0, 0.5, 1];
const increment = (x: number, z: number, t: number): number => (betas[t] - betas[t - 1]) * T[x][z];

/** z_0 ~ q; w(β_1)@z_0, K_1, w(β_2)@z_1, K_2. */
function forwardPaths(x: number): Path[] {
  const [one, two] = [transition(x, 0.5), transition(x, 1)];
  return states.flatMap((a) =>
    states.flatMap((b) =>
      states.map((end) => ({
        probability: q[x][a] * one[a][b] * two[b][end],
        logWeight: increment(x, a, 1) + increment(x, b, 2),
        end,
      })),
    ),
  );
}

/** From z_T: K_2, w(β_2)@z_1, K_1, w(β_1)@z_0. */
function reversePaths(x: number, from: number): Path[] {
  const [one, two] = [transition(x, 0.5), transition(x, 1)];
  return states.flatMap((b) =>
    states.map((a) => ({
      probability: two[from][b] * one[b][a],
      logWeight: increment(x, b, 2) + increment(x, a, 1),
      end: a,
    })),
  );
}

/** Log weights of a data point's chains, and how probable they are. */
interface Drawn {
  readonly probability: number;
  readonly weights: readonly number[];
}
const one = (paths: readonly Path[]): Drawn[] => paths.map((path) => ({ probability: path.probability, weights: [path.logWeight] }));
const pairsOf = (paths: readonly Path[]): Drawn[] =>
  paths.flatMap((a) => paths.map((b) => ({ probability: a.probability * b.probability, weights: [a.logWeight, b.logWeight] })));
/** The same path twice: by symmetry a bound that is averaged over who is replaced expects what it does for different paths. */
const twice = (paths: readonly Path[]): Drawn[] => one(paths).map(({ probability, weights: [w] }) => ({ probability, weights: [w, w] }));
const nothing = (count: number): Drawn[] => [{ probability: 1, weights: new Array(count).fill(0) }];

/** Expectation over p(x, z) and over paths, of a bound made by the code that real runs use. */
function expected(
  of: (points: ReturnType<typeof pointBounds>) => ArrayLike<number>,
  forward: (paths: readonly Path[]) => Drawn[],
  reverse: (paths: readonly Path[]) => Drawn[],
): number {
  let total = 0;
  for (const x of states)
    for (const z of states) {
      const fit = Math.log(q[x][z] / prior[z]) + T[x][z];
      for (const r of reverse(reversePaths(x, z)))
        for (const f of forward(forwardPaths(x))) {
          const points = pointBounds({ fit: [fit], forward: f.weights, reverse: r.weights });
          total += prior[z] * likelihood[z][x] * f.probability * r.probability * informationOf([fit], of(points)).mean;
        }
    }
  return total;
}

test("MINE-AIS: reverse chains from the data bound I, forward chains alone exceed it", () => {
  const reverse = expected(
    (p) => p.oneUpper,
    () => nothing(1),
    one,
  );
  expect(reverse).toBeCloseTo(0.185864487433, 10);
  expect(reverse).toBeLessThan(information);
  expect(
    expected(
      (p) => p.mixtureLower,
      one,
      () => nothing(1),
    ),
  ).toBeCloseTo(0.241078018872, 10); // above I: no bound
});

test("MINE-AIS: two chains, mixture and reverse", () => {
  expect(expected((p) => p.mixtureUpper, twice, twice)).toBeCloseTo(0.200221379407, 10);
  expect(
    expected(
      (p) => p.reverseUpper,
      () => nothing(2),
      pairsOf,
    ),
  ).toBeCloseTo(0.197468661863, 10);
  expect(
    expected(
      (p) => p.mixtureLower,
      pairsOf,
      () => nothing(2),
    ),
  ).toBeCloseTo(0.227465665364, 10);
});

// --- correlated normals: closed forms and quadrature --------------------------------------------------------------------------------

const rng = randomStream("energy");
const rho = 0.9;
/** n pairs of correlation ρ, as [n, 1] in f64. */
function normals(n: number, label: string) {
  const [x, e] = [rng.fold(label).fold("x").normal([n, 1], "f64"), rng.fold(label).fold("e").normal([n, 1], "f64")];
  const z = Float64Array.from(x.data, (v, i) => rho * v + Math.sqrt(1 - rho ** 2) * e.data[i]);
  return { x, z: ndarray(z, [n, 1], "f64") };
}
/** Means of blocks of independent pairs, with the error of their mean. */
async function blocks(value: (x: Tensor, z: Tensor, others: Tensor) => Tensor, spread: (x: Tensor) => [Tensor, number], K: number) {
  const program = jit((x: Tensor, z: Tensor, noise: Tensor) => {
    const [mean, sd] = spread(x);
    return value(x, z, noise.mul(sd).add(mean.expandDims(0)));
  });
  const values: number[] = [];
  for (let i = 0; i < 60; i++) {
    const { x, z } = normals(1000, `pairs ${i}`);
    values.push(toNumbers(await program(x, z, rng.fold(i).normal([K - 1, 1000, 1], "f64")))[0]);
  }
  return estimate(values);
}
const product =
  (x: Tensor) =>
  (z: Tensor): Tensor =>
    z.mul(x.expandDims(0)).mul(0.6).sum(2);
const fromPrior = (x: Tensor): [Tensor, number] => [x.mul(0), 1];
const fromQ = (x: Tensor): [Tensor, number] => [x.mul(0.5), Math.sqrt(0.6)];

test.each([
  ["InfoNCE, K = 2", (x: Tensor, z: Tensor, o: Tensor) => contrastive(product(x), z, o), fromPrior, 2, 0.1495415523],
  ["GIWAE's contrast, K = 2", (x: Tensor, z: Tensor, o: Tensor) => contrastive(product(x), z, o), fromQ, 2, 0.5343188372 - 0.4637461452],
  ["MINE-F", (x: Tensor, z: Tensor, o: Tensor) => fenchel(product(x), z, o), fromPrior, 9, 0.0801506985],
])("%s has the value of its integral", async (_, value, spread, K, exact) => {
  const { mean, error } = await blocks(value, spread, K);
  expect(Math.abs(mean - exact)).toBeLessThan(4.5 * error);
});

test("Donsker-Varadhan: the objective's gradient is that of the bound with the remembered mean, its value the log of the batch", async () => {
  const { x, z } = normals(50, "dv");
  const others = rng.fold("dv").normal([3, 50, 1], "f64");
  const at = async (c: number, memory: number) => {
    const {
      objective,
      value,
      memory: next,
    } = await jit((a: Tensor, b: Tensor, o: Tensor, m: Tensor, s: Tensor) =>
      varadhan((latents) => latents.mul(a.expandDims(0)).mul(s).sum(2), b, o, m),
    )(x, z, others, array(memory, "f64", []), array(c, "f64", []));
    return [objective, value, next].map((a) => toNumbers(a)[0]);
  };
  const logs = Array.from(others.data, (v, i) => 0.6 * v * x.data[i % 50]);
  const lme = Math.log(logs.reduce((s, l) => s + Math.exp(l), 0) / logs.length);
  const first = Array.from(z.data, (v, i) => 0.6 * v * x.data[i]).reduce((s, v) => s + v, 0) / 50;
  const [, value, next] = await at(0.6, -0.2);
  expect(value).toBeCloseTo(first - lme, 12);
  expect(next).toBeCloseTo(Math.log(0.9 * Math.exp(-0.2) + 0.1 * Math.exp(lme)), 12);
});

test("the target of the chains is log q + β T, rows n · B + b", async () => {
  const [phi, mean, v, z] = [rng.normal([3, 1], "f64"), rng.normal([3, 2], "f64"), rng.normal([3, 2], "f64"), rng.normal([6, 2], "f64")];
  const target = energyTarget((p, latents) => latents.sum(2).mul(p.squeeze(1)));
  const [logQ, T] = await jit((a: Tensor, b: Tensor, c: Tensor, d: Tensor) =>
    target.map((f) => f(d, { x: a, proposal: { mean: b, logVariance: c } })),
  )(phi, mean, v, z);
  for (let row = 0; row < 6; row++) {
    const b = row % 3;
    const at = [0, 1].map((k) => ({ z: z.data[2 * row + k], m: mean.data[2 * b + k], v: v.data[2 * b + k] }));
    expect(toNumbers(logQ)[row]).toBeCloseTo(
      at.reduce((s, { z, m, v }) => s - ((z - m) ** 2 / Math.exp(v) + v) / 2, 0),
      12,
    );
    expect(toNumbers(T)[row]).toBeCloseTo(phi.data[b] * (at[0].z + at[1].z), 12);
  }
});

// --- training ---------------------------------------------------------------------------------------------------------------------

const model = { weights: { shape: [3, 3], data: [0.9, 0, 0, 0, 0.9, 0, 0, 0, 0.9] }, variance: [1 - 0.81] };
const truth = linearInformation(model); // 3 · 0.830366
const options = {
  ...{ observed: 3, latent: 3, width: 32, features: 16, proposalSteps: 0, batchSize: 128, samples: 16, rate: 3e-3, leapfrogs: 4 },
  ...{ fromPrior: true, joint: false },
};

async function certified(steps: number) {
  const source = await modelSource(linearJoint(model), 400, rng.fold("source"));
  const learner = energyLearner(source.draw, source.scaling, { ...options, steps });
  let state = await learner.init(rng.fold("init"));
  for (let i = 0; i < steps; i++) ({ state } = await learner.step(state, rng.fold("steps")));
  const found = trained(state, source.scaling, options);
  const route = found.route("annealed");
  const apart = await source.draw(32, rng.fold("apart"));
  const frozen = await pilot(route, apart.x, { temperatures: 40, leapfrogs: 5, acceptance: 0.65, watch: () => {} }, rng.fold("pilot"));
  const above = await found.above(source.heldOut);
  const { exact } = await found.energies("annealed", source.heldOut, source.heldOut.u);
  const plan = { frozen, chains: 4, rule: "mixture", watch: () => {} } as const;
  const certificate = await certifyEnergy(route, source.heldOut, { above, energies: exact }, plan, rng.fold("certify"));
  return { bounds: [...certificate.bounds, ...(await sampledBounds(found, source.heldOut, 16, rng.fold("sampled")))] };
}

test("a trained energy comes near the truth, above the cap of contrasts; every lower bound stays below it", async () => {
  const { bounds } = await certified(500);
  const of = (name: string) => bounds.find((b) => b.name === name)!;
  for (const b of bounds.filter((each) => each.kind === "lower")) expect(b.mean, b.name).toBeLessThan(truth + 4 * b.se);
  // 0.15 nats: three dimensions, of which each may miss a twentieth after 500 steps
  expect(of("MINE-AIS, mixture").mean).toBeGreaterThan(truth - 0.15 - 4 * of("MINE-AIS, mixture").se);
  expect(of("InfoNCE").mean).toBeLessThan(Math.log(16));
  expect(of("Barber-Agakov").mean).toBe(0); // q is the prior
}, 120_000);

test("an energy that nobody trained is certified, too: its bound is low, not wrong", async () => {
  const { bounds } = await certified(0);
  expect(bounds[0].mean).toBeLessThan(truth + 4 * bounds[0].se);
}, 60_000);

// --- pairs of files -----------------------------------------------------------------------------------------------------------------

const matrix = (source: string, shape: [number, number], value: (i: number) => number) => ({
  source,
  shape,
  data: Float64Array.from({ length: shape[0] * shape[1] }, (_, i) => value(i)),
});
const draws = (n: number, label: string): Float64Array => rng.fold(label).normal([n], "f64").data as Float64Array;

test("files: a fifth is held out, uniform latents become normal, constant columns are told", () => {
  const [x, u] = [draws(200, "x"), rng.fold("u").uniform([100], "f64").data];
  const source = fileSource(
    matrix("x.npy", [100, 2], (i) => (i % 2 ? 7 : x[i])),
    matrix("z.npy", [100, 1], (i) => 4 * u[i] - 1),
    "uniform:-1,3",
    1000,
    rng.fold("split"),
  );
  expect(source.heldOut.x.shape).toEqual([20, 2]);
  expect(source.notes.join()).toContain("1 of 2 columns of x are constant");
  const latents = toNumbers(source.heldOut.u);
  expect(Math.abs(estimate(latents).mean)).toBeLessThan(4.5 / Math.sqrt(20));
});

test("files that are no pairs with that prior are refused, with the reason", () => {
  const z = draws(100, "z");
  const x = matrix("x.npy", [100, 1], (i) => z[i]);
  const refuse = (other: Parameters<typeof fileSource>[1], prior: string, why: RegExp) =>
    expect(() => fileSource(x, other, prior, 100, rng.fold("split"))).toThrow(why);
  refuse(
    matrix("z.npy", [99, 1], (i) => z[i]),
    "normal",
    /100 rows of x \(x.npy\) and 99 of z \(z.npy\)/,
  );
  refuse(
    matrix("z.npy", [100, 1], (i) => 3 * z[i]),
    "normal",
    /z.npy: latents with the prior normal have the mean square 1/,
  );
  refuse(
    matrix("z.npy", [100, 1], (i) => z[i]),
    "uniform",
    /outside the prior's \(0, 1\)/,
  );
  refuse(
    matrix("z.npy", [100, 1], (i) => z[i]),
    "cauchy",
    /neither normal nor uniform/,
  );
  const few = (source: string) => matrix(source, [30, 1], (i) => z[i]);
  expect(() => fileSource(few("x"), few("z"), "normal", 100, rng)).toThrow(/30 pairs are too few/);
});
