/** Resampling: expected copies and conditional laws, both exactly, by integration over the uniforms. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { type ResamplingScheme, resample, resamplingSchemes } from "../../src/sampling/index.ts";

const { multinomial, residual, stratified, systematic } = resamplingSchemes;

// Weights are multiples of 1/20 and there are three slots: every scheme is constant on cells of 1/60 of its uniforms (those of
// conditional points on cells of 1/(60 W)), so that sums over the middles of cells are integrals.
const vectors = [
  [0.5, 0.3, 0.2],
  [0.1, 0.85, 0.05],
  [0.35, 0.35, 0.3],
];
const middles = (cells: number): number[] => Array.from({ length: cells }, (_, i) => (i + 0.5) / cells);

/** All combinations of values, one from each list. */
const combinations = (lists: readonly (readonly number[])[]): number[][] =>
  lists.reduce<number[][]>((all, list) => all.flatMap((head) => list.map((v) => [...head, v])), [[]]);

const permutations = (values: readonly number[]): number[][] =>
  values.length === 0 ? [[]] : values.flatMap((v, i) => permutations(values.filter((_, j) => j !== i)).map((rest) => [v, ...rest]));

/** Probabilities of ancestor lists. */
type Law = Map<string, number>;
const add = (law: Law, key: readonly number[], p: number) => void law.set(key.join(), (law.get(key.join()) ?? 0) + p);

/** Uniforms that matter to a scheme, on their grids; the first `n` of its list. */
const grids = (scheme: ResamplingScheme): number[][] => {
  if (scheme === systematic) return [middles(60)];
  if (scheme === stratified) return [middles(20), middles(20), middles(20)];
  // of three residual draws two at most are left here; their weights are multiples of 1/40
  return scheme === residual ? [middles(40), middles(40), [0.5]] : [middles(20), middles(20), middles(20)];
};

/** The law of ancestors, with slots permuted at random. */
function permutedLaw(scheme: ResamplingScheme, weights: readonly number[]): Law {
  const law: Law = new Map();
  const points = combinations(grids(scheme));
  const orders = permutations([0, 1, 2]);
  for (const u of points) {
    const a = scheme.ancestors(weights, 3, u);
    for (const order of orders)
      add(
        law,
        order.map((i) => a[i]),
        1 / points.length / orders.length,
      );
  }
  return law;
}

/** The conditional law given the reference in slot 0, the others permuted at random. */
function conditionalLaw(scheme: ResamplingScheme, weights: readonly number[], reference: number): Law {
  const law: Law = new Map();
  const last = scheme === multinomial ? [0.5] : middles(Math.round(60 * weights[reference]));
  const points = scheme === systematic ? last.map((v) => [v]) : combinations([...grids(scheme), last]);
  for (const u of points) {
    const a = scheme.conditional(weights, 3, reference, u);
    if (a[0] !== reference) throw new Error(`slot 0 has ${a[0]}`);
    for (const [i, j] of [
      [1, 2],
      [2, 1],
    ])
      add(law, [a[0], a[i], a[j]], 0.5 / points.length);
  }
  return law;
}

const schemes = Object.values(resamplingSchemes).map((scheme) => [scheme.name, scheme] as const);

test.each(schemes)("%s: expected copies are n W exactly", (_, scheme) => {
  for (const weights of vectors) {
    const counts = [0, 0, 0];
    const points = combinations(grids(scheme));
    for (const u of points) for (const k of scheme.ancestors(weights, 3, u)) counts[k] += 1 / points.length;
    counts.forEach((count, k) => void expect(count).toBeCloseTo(3 * weights[k], 10));
  }
});

test.each(schemes)("%s: the joint law is W_r times the conditional law", (_, scheme) => {
  for (const weights of vectors) {
    const joint = permutedLaw(scheme, weights);
    for (const reference of [0, 1, 2]) {
      const conditional = conditionalLaw(scheme, weights, reference);
      for (const key of new Set([...joint.keys(), ...conditional.keys()])) {
        if (!key.startsWith(`${reference},`)) continue;
        expect(joint.get(key) ?? 0).toBeCloseTo(weights[reference] * (conditional.get(key) ?? 0), 10);
      }
    }
  }
});

test("keeping slot 0 and resampling the others systematically is another law", () => {
  const [weights, reference] = [vectors[0], 2];
  const conditional = conditionalLaw(systematic, weights, reference);
  const naive: Law = new Map();
  for (const u of middles(60)) {
    const a = systematic.ancestors(weights, 2, [u]);
    for (const [i, j] of [
      [0, 1],
      [1, 0],
    ])
      add(naive, [reference, a[i], a[j]], 1 / 120);
  }
  let distance = 0;
  for (const key of new Set([...naive.keys(), ...conditional.keys()]))
    distance += Math.abs((naive.get(key) ?? 0) - (conditional.get(key) ?? 0)) / 2;
  expect(distance).toBeGreaterThan(0.1);
});

test("systematic and residual copies are the whole part of n W or the next", () => {
  const rng = randomStream(1);
  for (let i = 0; i < 50; i++) {
    const raw = rng.exponential([9], "f64").data;
    const total = raw.reduce((a, b) => a + b, 0);
    for (const scheme of [systematic, residual]) {
      const counts = new Array<number>(9).fill(0);
      for (const k of resample(scheme, raw, rng)) counts[k]++;
      counts.forEach((count, k) => void expect(count).toBeGreaterThanOrEqual(Math.floor((9 * raw[k]) / total - 1e-9)));
      if (scheme === systematic)
        counts.forEach((count, k) => void expect(count).toBeLessThanOrEqual(Math.ceil((9 * raw[k]) / total + 1e-9)));
    }
  }
});

test("equal weights keep everyone; weights of 0 are never chosen, not even by rounding", () => {
  for (const scheme of [systematic, stratified, residual])
    expect([...resample(scheme, [2, 2, 2, 2], randomStream(2))]).toEqual([0, 1, 2, 3]);
  for (const scheme of [systematic, stratified, residual, multinomial])
    for (const u of [1e-17, 0.5, 1 - 2 ** -53]) {
      expect([...scheme.ancestors([0, 0.1, 0.2, 0.3, 0.4, 0], 4, [u, u, u, u])]).not.toContain(0);
      expect([...scheme.ancestors([0, 0.1, 0.2, 0.3, 0.4, 0], 4, [u, u, u, u])]).not.toContain(5);
      expect(scheme.conditional([0, 0.1, 0.2, 0.3, 0.4, 0], 4, 4, [u, u, u, u, u])[0]).toBe(4);
    }
});

test("more or fewer slots than weights; a reference anywhere", () => {
  const rng = randomStream(3);
  for (const [, scheme] of schemes) {
    expect(resample(scheme, [1, 2, 3], rng, { slots: 7 }).length).toBe(7);
    const kept = resample(scheme, [1, 2, 3], rng, { slots: 5, reference: 1 });
    expect([kept[0], kept.length]).toEqual([1, 5]);
    expect([...resample(scheme, [4], rng, { slots: 1, reference: 0 })]).toEqual([0]);
  }
});

test("weights that are none are refused", () => {
  for (const [, scheme] of schemes) {
    expect(() => resample(scheme, [0, 0], randomStream(4))).toThrow(/add up to 0/);
    expect(() => resample(scheme, [1, -1], randomStream(4))).toThrow(/weight 1 is -1/);
    expect(() => resample(scheme, [1, Number.NaN], randomStream(4))).toThrow(/weight 1 is NaN/);
    expect(() => resample(scheme, [0, 1], randomStream(4), { reference: 0 })).toThrow(/the reference \(particle 0\) has weight 0/);
  }
});
