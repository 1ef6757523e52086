/** Bounds from weights alone: enumerated models through the same code, identities, Bennett's root. */
import { expect, test } from "vitest";
import { array, randomStream } from "../../src/array/index.ts";
import {
  bennett,
  byDatum,
  divergences,
  estimate,
  logMeanExp,
  mixtureLower,
  mixtureUpper,
  normalisedWeights,
  reverseLower,
  reverseUpper,
  sandwich,
  transitionTable,
} from "../../src/sampling/index.ts";
import { information, pxz, pz, qzx, states } from "../three-states.ts";

// A model of three states and three observations, all of whose paths are enumerated.
const px = states.map((x) => states.reduce((sum, z) => sum + pz[z] * pxz[z][x], 0));
/** E log p(x|z). */
const fit = states.reduce((sum, z) => sum + states.reduce((s, x) => s + pz[z] * pxz[z][x] * Math.log(pxz[z][x]), 0), 0);
const jump = array([0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0], "f64", [3, 3]);

/** A weight and its probability; the state where its chain ends. */
interface Outcome {
  readonly p: number;
  readonly logWeight: number;
  readonly end: number;
}

/** All forward chains of a path between the start and p(x, z), and all reverse ones from a given end. */
function chains(x: number, start: "prior" | "q", betas: readonly number[]) {
  const first = start === "prior" ? pz : qzx[x];
  const logPi = (z: number, t: number) => (1 - betas[t]) * Math.log(first[z]) + betas[t] * Math.log(pz[z] * pxz[z][x]);
  const last = betas.length - 1;
  const table = betas.map((_, t) =>
    transitionTable(
      states.map((z) => logPi(z, t)),
      jump,
    ),
  );
  const increment = (z: number, t: number) => logPi(z, t) - logPi(z, t - 1);
  const go = (from: Outcome, t: number, weighFirst: boolean): Outcome[] =>
    states
      .map((z) => ({
        p: from.p * table[t][from.end * 3 + z],
        logWeight: from.logWeight + increment(weighFirst ? from.end : z, t),
        end: z,
      }))
      .filter(({ p }) => p > 0);
  let forward: Outcome[] = states.map((z) => ({ p: first[z], logWeight: 0, end: z }));
  for (let t = 1; t <= last; t++) forward = forward.flatMap((o) => go(o, t, true));
  const reverse = states.map((z) => {
    let outcomes: Outcome[] = [{ p: 1, logWeight: 0, end: z }];
    for (let t = last; t >= 1; t--) outcomes = outcomes.flatMap((o) => go(o, t, false));
    return outcomes;
  });
  const posterior = states.map((z) => (pz[z] * pxz[z][x]) / px[x]);
  const anyReverse = reverse.flatMap((list, z) => list.map((o) => ({ ...o, p: o.p * posterior[z] })));
  return { forward: merged(forward), anyReverse: merged(anyReverse), reverse: reverse.map(merged), full: forward, posterior };
}

/** Outcomes of one weight counted once. */
function merged(outcomes: readonly Outcome[]): Outcome[] {
  const byWeight = new Map<number, Outcome>();
  for (const o of outcomes) byWeight.set(o.logWeight, { ...o, p: o.p + (byWeight.get(o.logWeight)?.p ?? 0) });
  return [...byWeight.values()];
}

/** Expectation of a function of independent weights, one from each list. */
function expectation(lists: readonly (readonly Outcome[])[], f: (logs: number[]) => number, p = 1, logs: number[] = []): number {
  if (lists.length === 0) return p * f(logs);
  return lists[0].reduce((sum, o) => sum + expectation(lists.slice(1), f, p * o.p, [...logs, o.logWeight]), 0);
}

/** Bounds on the mutual information, each an average over x of those on log p(x). */
function informationBounds(start: "prior" | "q", betas: readonly number[], K: number) {
  const average = (bound: (paths: ReturnType<typeof chains>) => number): number =>
    fit - states.reduce((sum, x) => sum + px[x] * bound(chains(x, start, betas)), 0);
  const copies = <T>(value: T, n: number): T[] => new Array<T>(n).fill(value);
  return {
    mixture: [
      average(({ forward, anyReverse }) =>
        expectation([...copies(forward, K), anyReverse], (logs) => mixtureUpper(logs.slice(0, K), logs.slice(K))),
      ),
      average(({ forward }) => expectation(copies(forward, K), mixtureLower)),
    ],
    coupled: [
      average(({ reverse, posterior }) =>
        states.reduce((sum, z) => sum + posterior[z] * expectation(copies(reverse[z], K), reverseUpper), 0),
      ),
      average(({ full, reverse }) =>
        full.reduce((sum, o) => sum + o.p * expectation(copies(reverse[o.end], K - 1), (r) => reverseLower(o.logWeight, r)), 0),
      ),
    ],
    independent: [
      average(({ anyReverse }) => expectation(copies(anyReverse, K), reverseUpper)),
      average(({ forward, anyReverse }) => expectation([forward, ...copies(anyReverse, K - 1)], ([f, ...r]) => reverseLower(f, r))),
    ],
  };
}

const close = (found: readonly number[], expected: readonly number[]): void =>
  expected.forEach((value, i) => void expect(found[i]).toBeCloseTo(value, 10));

test("one weight: the mixture, coupled and independent bounds agree", () => {
  for (const [start, betas, expected] of [
    ["prior", [0, 1], [0, 0.496981617152]],
    ["prior", [0, 0.5, 1], [0.120261600029, 0.363955141009]],
    ["q", [0, 0.5, 1], [0.195312285743, 0.285237912674]],
  ] as const) {
    const bounds = informationBounds(start, betas, 1);
    for (const pair of Object.values(bounds)) close(pair, expected);
  }
});

test("two weights: every bound has its enumerated value", () => {
  const direct = informationBounds("prior", [0, 1], 2);
  close(direct.mixture, [0.112622416931, 0.376473707617]);
  close(direct.coupled, [0.088836451895, 0.392923902296]);
  close(direct.independent, [0.094850439198, 0.384359200221]);
  const halfway = informationBounds("prior", [0, 0.5, 1], 2);
  close(halfway.mixture, [0.178033604591, 0.30192936552]);
  close(halfway.coupled, [0.169630014745, 0.308925403298]);
  close(halfway.independent, [0.171791506169, 0.306183136448]);
  const learned = informationBounds("q", [0, 0.5, 1], 2);
  close(learned.mixture, [0.217181345213, 0.260608147307]);
  close(learned.coupled, [0.212950960763, 0.264830747121]);
});

test("more weights: IWAE and the mixture tighten with K and enclose the truth", () => {
  close(informationBounds("prior", [0, 0.5, 1], 3).mixture, [0.198008155726, 0.28022029428]);
  const table = { 2: [0.203872182906, 0.276498018956], 3: [0.215761866258, 0.262452829227], 5: [0.224978919539, 0.252095855111] };
  let before = informationBounds("q", [0, 1], 1).mixture;
  for (const K of [2, 3, 5] as const) {
    const { mixture } = informationBounds("q", [0, 1], K);
    close(mixture, table[K]);
    expect(mixture[0]).toBeGreaterThan(before[0]);
    expect(mixture[1]).toBeLessThan(before[1]);
    expect(mixture[0]).toBeLessThan(information);
    expect(mixture[1]).toBeGreaterThan(information);
    before = mixture;
  }
});

test("equal weights are the answer; constants shift every bound; weights of 0 and huge ones stay numbers", () => {
  for (const bound of [mixtureLower, reverseUpper, (v: number[]) => mixtureUpper(v, v), (v: number[]) => reverseLower(v[0], v.slice(1))]) {
    expect(bound([-3.5, -3.5, -3.5])).toBeCloseTo(-3.5, 12);
    const f = [-1, 2, 0.5];
    expect(bound(f.map((v) => v + 5000))).toBeCloseTo(bound(f) + 5000, 9);
    expect(bound(f.map((v) => v - 5000))).toBeCloseTo(bound(f) - 5000, 9);
  }
  const zero = Number.NEGATIVE_INFINITY;
  expect(logMeanExp([zero, Math.log(4)])).toBeCloseTo(Math.log(2), 14);
  expect(logMeanExp([zero, zero])).toBe(zero);
  expect(mixtureUpper([zero, zero], [Math.log(4)])).toBeCloseTo(Math.log(2), 14);
  expect(reverseLower(zero, [1])).toBe(zero);
  expect([...normalisedWeights([1000, 1000 + Math.log(3)])]).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)]);
  // nothing cancels where one weight outgrows the others by e^60: lme(r, f_2) and lme(r, f_1), averaged
  const big = mixtureUpper([60, 0], [0]);
  expect(big).toBeCloseTo((0 + 60 - Math.log(2)) / 2, 12);
});

test("the mixture's upper bound exceeds the one-weight bound's improvement by no more than log K", () => {
  const rng = randomStream(1);
  for (let i = 0; i < 50; i++) {
    const f = [...rng.normal([6], "f64").data].map((v) => 20 * v);
    const r = 10 * rng.normal([1], "f64").data[0];
    expect(r - mixtureUpper(f, [r])).toBeLessThanOrEqual(Math.log(6) + 1e-12);
    expect(reverseLower(f[0], f.slice(1)) - f[0]).toBeLessThanOrEqual(Math.log(6) + 1e-12);
  }
});

test("the mixture's upper bound stays a number where weights are thousands of nats apart", () => {
  // one of two gives place: either f_1 and r, or f_2 and r
  const pairs = (f: readonly number[], r: readonly number[]): number =>
    f.flatMap((_, j) => r.map((v) => logMeanExp(f.map((w, k) => (k === j ? v : w))))).reduce((a, b) => a + b, 0) / (f.length * r.length);
  for (const [f, r] of [
    [[0, -3000], [-5000]],
    [
      [-9000, -4000],
      [0, -2000],
    ],
    [
      [-900, -100, -2000],
      [-1500, 0, -4000],
    ],
    [[0, -650], [-700]],
  ]) {
    expect(mixtureUpper(f, r)).toBeCloseTo(pairs(f, r), 9);
    for (const one of r) expect(one - mixtureUpper(f, [one])).toBeLessThanOrEqual(Math.log(f.length) + 1e-9);
  }
  expect(mixtureUpper([0, Number.NEGATIVE_INFINITY], [Number.NEGATIVE_INFINITY])).toBe(Number.NEGATIVE_INFINITY);
});

test("rows k · B + b belong to data point b", () => {
  expect(byDatum([0, 1, 2, 10, 11, 12], 3).map((v) => [...v])).toEqual([
    [0, 10],
    [1, 11],
    [2, 12],
  ]);
  expect(() => byDatum([1, 2, 3], 2)).toThrow(/no whole number of chains/);
});

test("Bennett: the root by symmetry, with unequal counts, and its error", () => {
  // work of Gaussian laws: f ~ N(F - s²/2, s²), r ~ N(F + s²/2, s²) belong together, E e^f = e^F
  const [F, s] = [-7.25, 1.5];
  const rng = randomStream(2);
  const z = [...rng.normal([400], "f64").data];
  const symmetric = bennett(
    z.map((v) => F - (s * s) / 2 + s * v),
    z.map((v) => F + (s * s) / 2 - s * v),
  );
  expect(symmetric.mean).toBeCloseTo(F, 12);
  const runs = Array.from({ length: 300 }, () => {
    const draw = (n: number, mean: number) => [...rng.normal([n], "f64").data].map((v) => mean + s * v);
    return bennett(draw(60, F - (s * s) / 2), draw(300, F + (s * s) / 2));
  });
  const { mean, error } = estimate(runs.map((run) => run.mean));
  // its bias is of the order of its variance, 0.02 / 2 at most here
  expect(Math.abs(mean - F)).toBeLessThan(4 * error + 0.005);
  const spread = error * Math.sqrt(300);
  const claimed = estimate(runs.map((run) => run.error)).mean;
  // a standard deviation from 300 runs is known to 4 %
  expect(Math.abs(claimed / spread - 1)).toBeLessThan(0.2);
  expect(bennett([2, 2], [2, 2, 2])).toEqual({ mean: expect.closeTo(2, 12), error: expect.closeTo(0, 6) });
  // weights that do not overlap: e^(f - F) = e^(F - r) far in both tails
  expect(bennett([-1000], [1000]).mean).toBeCloseTo(0, 9);
  expect(bennett([-1000, Number.NEGATIVE_INFINITY], [500, 500]).mean).toBeCloseTo(-250 - Math.log(2) / 2, 9);
  expect(bennett([Number.NEGATIVE_INFINITY], [3]).mean).toBe(Number.NEGATIVE_INFINITY);
  expect(bennett([2], [Number.POSITIVE_INFINITY]).mean).toBe(Number.POSITIVE_INFINITY);
});

test("divergences lie between the bounds that log Z allows, on an enumerated pair", () => {
  const [q, sigma] = [
    [0.6, 0.3, 0.1],
    [0.2, 0.5, 1.3],
  ];
  const Z = 2;
  const logWeights = q.map((p, i) => Math.log(sigma[i] / p));
  // each state as often as its probability says: means are exact
  const times = (p: readonly number[]) => logWeights.flatMap((l, i) => new Array<number>(Math.round(20 * p[i])).fill(l));
  const exact = { lower: { mean: Math.log(Z), error: 0 }, upper: { mean: Math.log(Z) + 0.1, error: 0 } };
  const p = sigma.map((v) => v / Z);
  const kl = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * Math.log(v / b[i]), 0);
  const { fromProposal, fromTarget } = divergences({ proposal: times(q), target: times(p) }, exact);
  expect(fromProposal.lower?.mean).toBeCloseTo(kl(q, p), 12);
  expect(fromProposal.upper?.mean).toBeCloseTo(kl(q, p) + 0.1, 12);
  expect(fromTarget.upper?.mean).toBeCloseTo(kl(p, q), 12);
  expect(fromTarget.lower?.mean).toBeCloseTo(kl(p, q) - 0.1, 12);
  const oneSided = divergences({ proposal: times(q) }, { lower: exact.lower });
  expect([oneSided.fromProposal.upper, oneSided.fromTarget.lower, oneSided.fromTarget.upper]).toEqual([undefined, undefined, undefined]);
});

test("estimates: means, errors, and pairs", () => {
  expect(estimate([1, 2, 3, 4])).toEqual({ mean: 2.5, error: Math.sqrt(5 / 3 / 4) });
  expect(sandwich([1, 3], [4, 6])).toEqual({ lower: { mean: 2, error: 1 }, upper: { mean: 5, error: 1 } });
  expect(() => estimate([])).toThrow(/no values/);
});
