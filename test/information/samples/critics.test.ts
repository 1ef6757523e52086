/** Bounds from critics: exact enumeration, closed forms, caps, and training. */
import { expect, test } from "vitest";
import { array, toNumbers } from "../../../src/array/index.ts";
import { readFamily } from "../../../src/information/samples/critics/estimate.ts";
import { families } from "../../../src/information/samples/critics/families.ts";
import {
  club,
  donskerVaradhan,
  fenchelLegendre,
  infoNce,
  leaveOneOut,
  logOdds,
  nwj,
  type Statistic,
  withJackknife,
} from "../../../src/information/samples/critics/statistics.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import { pxz, pz, critic as T } from "../../three-states.ts";
import { draws, normalInformation, normalPairs } from "./pairs.ts";

// the discrete model of three states a side: p(z), p(x | z) by rows of z, and a critic T(x, z) by rows of x
const pairsOf = [0, 1, 2].flatMap((z) => [0, 1, 2].map((x) => ({ x, z, p: pz[z] * pxz[z][x] })));

/** Scores of a list of pairs, row by row. */
const scoresOf = (pairs: readonly { x: number; z: number }[]): number[] => pairs.flatMap(({ x }) => pairs.map(({ z }) => T[x][z]));

/** E over all K-tuples of independent pairs of the value of one batch. */
async function expected(K: number, statistic: (S: Tensor) => Statistic): Promise<number> {
  const tuples = Array.from({ length: 9 ** K }, (_, t) => Array.from({ length: K }, (_, k) => pairsOf[Math.floor(t / 9 ** k) % 9]));
  const S = array(tuples.flatMap(scoresOf), "f64", [tuples.length, K, K]);
  const values = toNumbers(await jit((s: Tensor) => statistic(s).value)(S));
  return tuples.reduce((sum, tuple, t) => sum + values[t] * tuple.reduce((p, pair) => p * pair.p, 1), 0);
}

test("InfoNCE of a critic, over all batches of a discrete model", async () => {
  for (const [K, value] of [
    [2, 0.076858037177],
    [3, 0.103557812534],
    [5, 0.125123782885],
  ])
    expect(await expected(K, infoNce)).toBeCloseTo(value, 10);
}, 20_000);

test("NWJ of a critic is unbiased: its mean over all pairs of pairs is the exact one", async () => {
  expect(await expected(2, nwj)).toBeCloseTo(-0.104359977492, 10);
  expect(await expected(3, nwj)).toBeCloseTo(-0.104359977492, 10);
});

/** A hundred pairs with exactly the probabilities of the model. */
const population = pairsOf.flatMap(({ x, z, p }) => Array.from({ length: Math.round(100 * p) }, () => ({ x, z })));
const exactScores = array(scoresOf(population), "f64", [100, 100]);
const valueOf = async (statistic: (S: Tensor) => Statistic): Promise<number> =>
  item1(await jit((s: Tensor) => statistic(s).value)(exactScores));
const item1 = (a: Parameters<typeof toNumbers>[0]): number => toNumbers(a)[0];

test("Donsker-Varadhan on the exact population, of which the diagonal is left out", async () => {
  const mean = pairsOf.reduce((sum, { x, z, p }) => sum + p * T[x][z], 0);
  const [joint, product] = [
    pairsOf.reduce((sum, { x, z, p }) => sum + p * Math.exp(T[x][z]), 0),
    Math.exp(mean - 0.156162755892), // DV(prior) = E T - log E_pp e^T
  ];
  expect(await valueOf(donskerVaradhan)).toBeCloseTo(mean - Math.log((100 * product - joint) / 99), 10);
  // scores within ±1 are not clipped by τ = 5
  expect(await valueOf((S) => donskerVaradhan(S, 5))).toBeCloseTo(await valueOf(donskerVaradhan), 12);
});

test("FLO at u = log mean e^{T - T_i} over the others touches the bound of its critic; elsewhere it is below", async () => {
  const n = 100;
  const all = toNumbers(exactScores);
  const u = population.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) if (j !== i) sum += Math.exp(all[i * n + j] - all[i * n + i]);
    return Math.log(sum / (n - 1));
  });
  const at = async (shift: number): Promise<number> =>
    item1(
      await jit((s: Tensor, v: Tensor) => fenchelLegendre(s, v).value)(
        exactScores,
        array(
          u.map((v) => v + shift),
          "f64",
        ),
      ),
    );
  const touching = -u.reduce((s, v) => s + v / n, 0);
  expect(await at(0)).toBeCloseTo(touching, 12);
  expect(await at(0.5)).toBeLessThan(touching);
  expect(await at(-0.5)).toBeLessThan(touching);
});

test("InfoNCE with T = 0.6 x z at correlation 0.9 and K = 2: 0.1495415523", async () => {
  const m = 40_000;
  const [x, z] = normalPairs(2 * m, 0.9, 1, draws("c4"));
  const S = new Float64Array(4 * m);
  for (let b = 0; b < m; b++)
    for (let i = 0; i < 2; i++) for (let j = 0; j < 2; j++) S[4 * b + 2 * i + j] = 0.6 * x.columns[0][2 * b + i] * z.columns[0][2 * b + j];
  const values = toNumbers(await jit((s: Tensor) => infoNce(s).value)(array(S, "f64", [m, 2, 2])));
  const mean = values.reduce((a, b) => a + b, 0) / m;
  const se = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / m / (m - 1));
  expect(Math.abs(mean - 0.1495415523)).toBeLessThan(4.5 * se);
});

test("closed forms of a fixed critic: DV, NWJ and CLUB within 4.5 jackknife errors", async () => {
  const [c, rho, n] = [0.6, 0.9, 1000];
  const [x, z] = normalPairs(n, rho, 1, draws("fixed critic"));
  const outer = (f: (a: number, b: number) => number) => {
    const score = (at: number): number => f(x.columns[0][Math.floor(at / n)], z.columns[0][at % n]);
    return array(
      Float64Array.from({ length: n * n }, (_, at) => score(at)),
      "f64",
      [n, n],
    );
  };
  const on = async (statistic: (S: Tensor) => Statistic, S: ReturnType<typeof outer>) => withJackknife(await jit(statistic)(S));
  const product = outer((a, b) => c * a * b);
  const truths: [(S: Tensor) => Statistic, ReturnType<typeof outer>, number][] = [
    [(S) => donskerVaradhan(S), product, 0.3168564487],
    [nwj, product, 0.0801506985],
    // log q(z | x) of the true conditional normal, up to a constant: CLUB = ρ²/(1 - ρ²), L1Out ≥ I
    [club, outer((a, b) => -((b - rho * a) ** 2) / (2 * (1 - rho * rho))), (rho * rho) / (1 - rho * rho)],
    [logOdds, product, c * rho],
  ];
  for (const [statistic, S, truth] of truths) {
    const { mean, se } = await on(statistic, S);
    expect(Math.abs(mean - truth)).toBeLessThan(4.5 * se);
  }
  const upper = await on(leaveOneOut, truths[2][1]);
  expect(upper.mean).toBeGreaterThan(normalInformation(rho, 1) - 4.5 * upper.se);
}, 20_000);

test("InfoNCE is at most log K for every batch, whatever the scores", async () => {
  const value = jit((s: Tensor) => infoNce(s).value);
  for (const scale of [0, 1, 30, 1000])
    for (const K of [3, 7]) {
      const S = draws(scale).normal([50, K, K], "f64");
      for (const v of toNumbers(await value({ ...S, data: S.data.map((s) => s * scale) })))
        expect(v).toBeLessThanOrEqual(Math.log(K) + 1e-12);
    }
});

test("what a statistic would be without a pair is what it is without that pair", async () => {
  const n = 7;
  const S = toNumbers(draws("jackknife").normal([n, n], "f64"));
  const u = toNumbers(draws("u").normal([n], "f64"));
  const without = (i: number): number[] => S.filter((_, at) => Math.floor(at / n) !== i && at % n !== i);
  const all: ((S: Tensor, u: Tensor) => Statistic)[] = [infoNce, leaveOneOut, nwj, fenchelLegendre, club, logOdds];
  all.push(
    (s) => donskerVaradhan(s),
    (s) => donskerVaradhan(s, 0.5),
  ); // whose second argument is no u
  for (const statistic of all) {
    const left = toNumbers((await jit(statistic)(array(S, "f64", [n, n]), array(u, "f64"))).without);
    for (const i of [0, 3, 6]) {
      const fewer = await jit(statistic)(
        array(without(i), "f64", [n - 1, n - 1]),
        array(
          u.filter((_, j) => j !== i),
          "f64",
        ),
      );
      expect(left[i]).toBeCloseTo(item1(fewer.value), 10);
    }
  }
}, 20_000);

test("trained critics: lower bounds are below the truth and most of it, on shuffled pairs about zero", async () => {
  const sides = normalPairs(1200, 0.8, 1, draws("trained"));
  const truth = normalInformation(0.8, 1);
  const wanted = ["infonce", "nwj", "mine", "js", "smile", "flo", "demi", "club", "l1out"];
  const budget = { width: 32, steps: 200, batch: 128, learningRate: 3e-3 };
  const read = (await Promise.all(families.map((family) => readFamily(family, wanted, sides, budget, draws(1), () => false)))).flat();
  expect(read.map(({ reading }) => reading.method)).toEqual(wanted.toSorted((a, b) => order(a) - order(b)));
  for (const { reading, mean, se, baseline } of read) {
    if (reading.kind === "lower") expect(mean).toBeLessThan(truth + 4 * se);
    if (reading.method !== "club") expect(mean).toBeGreaterThan(0.6 * truth);
    expect(Math.abs(baseline.mean)).toBeLessThan(0.12);
  }
  // CLUB of correlated normals is ρ²/(1 - ρ²) = 1.78, and I is 0.51
  const found = read.find(({ reading }) => reading.method === "club")!;
  expect(Math.abs(found.mean - 16 / 9)).toBeLessThan(4 * found.se + 0.3);
}, 60_000);

const order = (method: string): number => families.flatMap((f) => f.readings).findIndex((r) => r.method === method);
