/** The entropic multi-marginal problem of least acceleration, and chains drawn from its law. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { normalise, optimalPairing, sinkhorn } from "../../../src/distances/index.ts";
import {
  type ChainLaw,
  type Cloud,
  chainLaw,
  chainParts,
  chainsThrough,
  checkCurve,
  drawChains,
  drawPath,
  fittedChains,
  pathThrough,
} from "../../../src/transport/index.ts";
import { curveNotes } from "../../../src/transport/learning/check-curve.ts";
import fc from "../../property.ts";

const cloudOf = (points: NdArray<"f32">, weights?: readonly number[]): Cloud => ({ points, mass: 1, ...(weights && { weights }) });
const line = (...x: number[]): Cloud => cloudOf(ndarray(Float32Array.from(x), [x.length, 1], "f32"));
const row = ({ points: { data, shape } }: Cloud, i: number): number[] => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1]));

/** All chains of rows. */
const chainsOf = (sizes: readonly number[]): number[][] =>
  sizes.reduce<number[][]>((chains, n) => chains.flatMap((c) => Array.from({ length: n }, (_, i) => [...c, i])), [[]]);

/** Σ |v_k - v_{k-1}|² / h_k + τ Σ |x_{k+1} - x_k|² / gap_k of a chain, by its definition. */
function costOf(times: readonly number[], clouds: readonly Cloud[], chain: readonly number[], tension: number): number {
  const x = chain.map((i, k) => row(clouds[k], i));
  const gaps = times.slice(1).map((t, k) => t - times[k]);
  const v = gaps.map((gap, k) => x[k].map((a, j) => (x[k + 1][j] - a) / gap));
  const square = (a: readonly number[]): number => a.reduce((s, e) => s + e * e, 0);
  const turns = v.slice(1).map((w, k) => (2 * square(w.map((a, j) => a - v[k][j]))) / (gaps[k] + gaps[k + 1]));
  return [...turns, ...v.map((w, k) => tension * gaps[k] * square(w))].reduce((a, b) => a + b, 0);
}

/** Probabilities of chains by the potentials of a law. */
const lawOf = ({ snapshots: { times, mass }, potentials, epsilon, tension }: ChainLaw, clouds: readonly Cloud[]): number[] =>
  chainsOf(mass.map((m) => m.shape[0])).map((chain) =>
    chain.reduce(
      (p, i, k) => p * mass[k].data[i] * Math.exp(potentials[k].data[i]),
      Math.exp(-costOf(times, clouds, chain, tension) / epsilon),
    ),
  );

/** The same by scaling the margins of the full tensor one after the other. */
function denseLaw(times: readonly number[], clouds: readonly Cloud[], epsilon: number, tension: number): number[] {
  const masses = clouds.map(({ points, weights }) => normalise(weights, points.shape[0]));
  const chains = chainsOf(masses.map((m) => m.length));
  const law = chains.map((chain) =>
    chain.reduce((p, i, k) => p * masses[k][i], Math.exp(-costOf(times, clouds, chain, tension) / epsilon)),
  );
  for (let round = 0; round < 3000; round++)
    for (const [k, mass] of masses.entries()) {
      const margin = new Float64Array(mass.length);
      for (const [c, chain] of chains.entries()) margin[chain[k]] += law[c];
      for (const [c, chain] of chains.entries()) law[c] *= mass[chain[k]] / margin[chain[k]];
    }
  return law;
}

const gapsAndSizes = fc.tuple(
  fc.array(fc.tuple(fc.double({ min: 0.7, max: 2, noNaN: true }), fc.integer({ min: 2, max: 4 })), { minLength: 3, maxLength: 4 }),
  fc.integer({ min: 1, max: 2 }),
  fc.integer({ min: 0, max: 1000 }),
);

test("the law is that of Sinkhorn's iteration on the full tensor of all chains, for any times, sizes, weights and tension", async () => {
  await fc.assert(
    fc.asyncProperty(gapsAndSizes, async ([snapshots, d, seed]) => {
      const rng = randomStream(seed);
      const times = snapshots.map((_, k) => snapshots.slice(0, k).reduce((s, [gap]) => s + gap, 0));
      const clouds = snapshots.map(([, n], k) =>
        cloudOf(
          rng.normal([n, d]),
          Array.from({ length: n }, (_, i) => 1 + ((i + k) % 3)),
        ),
      );
      const law = await chainLaw(times, clouds, { epsilon: 8, tension: 0.2, tolerance: 1e-13, most: 2000 });
      const wanted = denseLaw(times, clouds, 8, 0.2);
      lawOf(law, clouds).forEach((p, c) => void expect(p).toBeCloseTo(wanted[c], 10));
    }),
    { numRuns: 8, seed: 1 },
  );
});

test("two snapshots have the entropic plan of their places", async () => {
  const rng = randomStream(4);
  const clouds = [cloudOf(rng.normal([5, 2]), [1, 2, 1, 3, 1]), cloudOf(rng.normal([4, 2]))];
  const law = await chainLaw([0, 0.5], clouds, { epsilon: 0.8, tension: 0.3, tolerance: 1e-13 });
  // τ / gap = 0.6 of the squared distance
  const { plan } = sinkhorn(clouds[0].points, clouds[1].points, {
    epsilon: 0.8 / 0.6,
    weights: { x: clouds[0].weights },
    tolerance: 1e-13,
  });
  lawOf(law, clouds).forEach((p, e) => void expect(p).toBeCloseTo(plan.data[e], 9));
});

test("the law neither knows the order of the particles nor the unit of time", async () => {
  const rng = randomStream(5);
  const times = [0, 1, 1.8, 3];
  const clouds = times.map(() => cloudOf(rng.normal([6, 2])));
  const exact = { tolerance: 1e-13, most: 4000 };
  const { potentials } = await chainLaw(times, clouds, exact);
  const orders = clouds.map(() => Array.from(rng.permutation(6).data));
  const shuffled = clouds.map((c, k) => cloudOf(ndarray(Float32Array.from(orders[k].flatMap((i) => row(c, i))), [6, 2], "f32")));
  // a time s times as long makes costs s⁻³ of what they were, and so ε
  const scaled = await chainLaw(
    times.map((t) => 7 * t),
    shuffled,
    exact,
  );
  // potentials are known up to constants
  const centred = (f: ArrayLike<number>): number[] => Array.from(f, (v) => v - f[0]);
  for (const [k, order] of orders.entries()) {
    const there = Float64Array.from({ length: 6 }, (_, i) => scaled.potentials[k].data[order.indexOf(i)]);
    centred(there).forEach((v, i) => void expect(v).toBeCloseTo(centred(potentials[k].data)[i], 6));
  }
});

test("particles on lines that cross are found again as ε falls, where plain transport takes one for the other", async () => {
  const rng = randomStream(6);
  const [start, velocity] = [rng.normal([6, 2]), rng.normal([6, 2]).data];
  const times = [0, 0.8, 2, 3];
  const clouds = times.map((t) => cloudOf({ ...start, data: start.data.map((x, i) => x + t * velocity[i]) }));
  const own = async (epsilon: number): Promise<number> => {
    const law = await chainLaw(times, clouds, { epsilon, tension: 0, tolerance: 1e-6, most: 4000 });
    const p = lawOf(law, clouds);
    return chainsOf([6, 6, 6, 6]).reduce((s, chain, c) => s + (chain.every((i) => i === chain[0]) ? p[c] : 0), 0);
  };
  const [wide, middle, narrow] = [await own(1), await own(0.2), await own(0.05)];
  expect(middle).toBeGreaterThan(1.5 * wide);
  expect(narrow).toBeGreaterThan(0.99);
  const found = clouds.slice(1).flatMap((c, k) => Array.from(optimalPairing(clouds[k].points, c.points)).filter((j, i) => i === j));
  expect(found.length).toBeLessThan(18);
});

test("chains are drawn by the law, as many from every row of the first snapshot", async () => {
  const rng = randomStream(7);
  const times = [0, 1, 2.5, 3];
  const sizes = [3, 4, 3, 4];
  const clouds = sizes.map((n) => cloudOf(rng.normal([n, 2])));
  const law = await chainLaw(times, clouds, { tolerance: 1e-10, most: 2000 });
  const each = 4000;
  const { rows, weights } = await drawChains(law, each, randomStream(8));
  expect(weights.every((w) => Math.abs(w - 1 / (3 * each)) < 1e-12)).toBe(true);
  for (let i = 0; i < 3; i++) expect(rows[0].filter((r) => r === i).length).toBe(each);
  const counts = new Map<string, number>();
  for (let c = 0; c < 3 * each; c++) {
    const key = rows.map((r) => r[c]).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const p = lawOf(law, clouds);
  const expected = chainsOf(sizes).map((chain, c) => ({ mean: p[c] * 3 * each, count: counts.get(chain.join()) ?? 0 }));
  // χ² of the chains that are met often enough; strata only make it smaller; 6 σ above its mean
  const often = expected.filter(({ mean }) => mean >= 5);
  const chi = often.reduce((s, { mean, count }) => s + (count - mean) ** 2 / mean, 0);
  expect(often.length).toBeGreaterThan(20);
  expect(chi).toBeLessThan(often.length + 6 * Math.sqrt(2 * often.length));
});

test("fitted weights give chains the margins that are wanted, and change no odds within them", () => {
  const rng = randomStream(9);
  const [a, b] = [0, 1].map(() => Int32Array.from(rng.integers(0, 5, [400]).data));
  const mass = [
    [0.1, 0.2, 0.3, 0.2, 0.2],
    [0.3, 0.1, 0.2, 0.2, 0.2],
  ];
  const { weights, error } = fittedChains({ rows: [a, b], weights: new Float64Array(400).fill(1 / 400) }, mass);
  expect(error).toBeLessThan(1e-6);
  for (const [k, rows] of [a, b].entries())
    mass[k].forEach((m, i) => void expect(weights.reduce((s, w, c) => s + (rows[c] === i ? w : 0), 0)).toBeCloseTo(m, 6));
  // chains of the same rows weigh the same, and odds ratios of cells are those of the counts: iterative proportional fitting keeps them
  const cell = (i: number, j: number): number => weights[a.findIndex((r, c) => r === i && b[c] === j)];
  expect((cell(0, 0) * cell(1, 1)) / (cell(0, 1) * cell(1, 0))).toBeCloseTo(1, 8);
});

test("a path draws whole chains, whose margins are the weights of the particles", async () => {
  const rng = randomStream(10);
  const times = [0, 1, 2];
  const sizes = [40, 30, 35];
  const clouds = sizes.map((n) =>
    cloudOf(
      rng.normal([n, 2]),
      Array.from({ length: n }, (_, i) => 1 + (i % 3)),
    ),
  );
  const path = await pathThrough(times, clouds, { coupling: "multimarginal", curve: "spline" });
  const { rows, cumulated } = path.chains ?? { rows: [], cumulated: new Float64Array() };
  const chains = new Set(Array.from(cumulated, (_, c) => rows.map((r, k) => r[c] + path.offsets[k]).join()));
  const drawn = toNumbers(drawPath(path, randomStream(11), 500).chain as NdArray);
  for (let i = 0; i < 500; i++) expect(chains.has(drawn.slice(3 * i, 3 * i + 3).join())).toBe(true);
  for (const [k, cloud] of clouds.entries()) {
    const margin = new Float64Array(sizes[k]);
    rows[k].forEach((r, c) => void (margin[r] += cumulated[c] - (c > 0 ? cumulated[c - 1] : 0)));
    normalise(cloud.weights, sizes[k]).forEach((m, i) => void expect(margin[i]).toBeCloseTo(m, 5));
  }
  // pairs are those of the chains
  for (const [k, pairs] of path.couplings.entries()) {
    const met = new Set(Array.from(rows[k], (i, c) => `${i},${rows[k + 1][c]}`));
    expect(new Set(Array.from(pairs?.from ?? [], (i, e) => `${i},${pairs?.to[e]}`))).toEqual(met);
  }
});

test("large snapshots are dealt into parts, and chains stay within theirs", async () => {
  const rng = randomStream(12);
  const clouds = [610, 605, 620].map((n) => cloudOf(rng.normal([n, 1])));
  const { rows, weights } = await chainsThrough([0, 1, 2], clouds);
  expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
  // rows that chains join form two classes
  const root = new Map<string, string>();
  const find = (x: string): string => {
    const up = root.get(x) ?? x;
    return up === x ? x : find(up);
  };
  for (let c = 0; c < rows[0].length; c++) for (const k of [1, 2]) root.set(find(`${k} ${rows[k][c]}`), find(`0 ${rows[0][c]}`));
  const all = [610, 605, 620].flatMap((n, k) => Array.from({ length: n }, (_, i) => find(`${k} ${i}`)));
  expect(new Set(all).size).toBe(2);
});

test("what is too large, too unlike, or too cold is refused", async () => {
  expect(chainParts([600, 250])).toBe(1);
  expect(chainParts([601, 250])).toBe(2);
  expect(chainParts([6001, 6001])).toBeUndefined();
  expect(chainParts([1500, 2])).toBeUndefined();
  expect(() => checkCurve({ coupling: "multimarginal" }, "am", [7000, 10, 20])).toThrow(/snapshots of 10 to 7000 particles are too large/);
  expect(curveNotes({ coupling: "multimarginal" }, [200, 300, 399])).toEqual([]);
  expect(curveNotes({ coupling: "smooth" }, [2000, 2000, 2000])).toEqual([]);
  expect(curveNotes({ coupling: "multimarginal" }, [200, 1300, 700])).toEqual([
    expect.stringMatching(/1300 particles .* in 3 parts, .* minute each/),
  ]);
  await expect(chainsThrough([0, 1, 2], [line(1), line(...new Array(1201).fill(0)), line(1, 2)])).rejects.toThrow(/too unlike in size/);
  const far = [0, 1, 2].map((k) => line(-30, 40, 10 * k));
  await expect(chainLaw([0, 1, 2], far, { epsilon: 0.01 })).rejects.toThrow(/epsilon 0.01 is too small/);
});

test("an iteration that ends before its margins are right is told, its weights are right", async () => {
  const rng = randomStream(3);
  const snapshots = [0, 1, 2, 3].map((k) => line(...Array.from(rng.fold(k).normal([60]).data, (z, i) => (i === 0 ? z + 100 : z))));
  expect(await chainsThrough([0, 1, 2, 3], snapshots)).not.toHaveProperty("note");
  const { rows, weights, note } = await chainsThrough([0, 1, 2, 3], snapshots, { most: 10, tolerance: 1e-9 });
  expect(note).toMatch(/^--coupling multimarginal: after \d+ sweeps [\d.]+ % of the mass/);
  for (const k of [0, 1, 2, 3]) {
    const margin = new Float64Array(60);
    for (const [c, i] of rows[k].entries()) margin[i] += weights[c];
    expect(Math.max(...margin.map((m) => Math.abs(m - 1 / 60)))).toBeLessThan(0.05);
  }
});
