/** Sequential Monte Carlo on a hidden Markov chain whose paths are enumerated, and along an annealing path. */
import { expect, test } from "vitest";
import { array, ndarray, type Random, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  annealedModel,
  annealedReference,
  gatherRows,
  hmc,
  type LogDensity,
  lineages,
  linearSchedule,
  type NoData,
  type ResamplingRule,
  replaceRows,
  resamplingSchemes,
  type SmcModel,
  smc,
  smcStart,
  smcStep,
  temperedPath,
} from "../../src/sampling/index.ts";
import { expectMean, meanAndError } from "./statistics.ts";

// Two hidden states, four steps, potentials φ_t(x): Z = Σ over 16 paths.
const steps = 4;
const move = [
  [0.8, 0.2],
  [0.3, 0.7],
];
const potential = [
  [0.2, 1.5],
  [2, 0.1],
  [0.5, 1],
  [0.05, 3],
];
const paths = Array.from({ length: 2 ** steps }, (_, code) => Array.from({ length: steps }, (_, t) => (code >> t) & 1));
const weightOf = (path: readonly number[]) => path.reduce((p, x, t) => p * move[t === 0 ? 0 : path[t - 1]][x] * potential[t][x], 1);
const Z = paths.reduce((sum, path) => sum + weightOf(path), 0);

interface Hidden {
  readonly state: ReturnType<typeof ints>;
  /** The path so far, [particles, steps]: any other leaves come along. */
  readonly path: ReturnType<typeof ints>;
}
const ints = (values: ArrayLike<number>, shape: readonly number[]) => ndarray(Int32Array.from(values), shape, "i32");

/** The chain as its own proposal ("blind"), or the best one step ahead. */
function hidden(rows: number, look: "blind" | "ahead"): SmcModel<Hidden> {
  const odds = (from: number, t: number) => move[from].map((p, x) => (look === "ahead" ? p * potential[t - 1][x] : p));
  return {
    steps,
    init: () => ({ state: ints(new Int32Array(rows), [rows]), path: ints(new Int32Array(rows * steps), [rows, steps]) }),
    propagate({ state, path }, t, rng: Random) {
      const u = rng.uniform([rows], "f64").data;
      const next = Int32Array.from(state.data, (from, i) => {
        const [a, b] = odds(from, t);
        return Number(u[i] * (a + b) >= a);
      });
      const data = path.data.slice();
      next.forEach((x, i) => void (data[i * steps + t - 1] = x));
      return { state: ints(next, [rows]), path: ints(data, [rows, steps]) };
    },
    weigh: ({ state }, previous, t) =>
      Float64Array.from(state.data, (x, i) => {
        const [a, b] = odds(previous.state.data[i], t);
        return Math.log(look === "ahead" ? a + b : potential[t - 1][x]);
      }),
  };
}

/** The same with exact draws of the target as references, one a population. */
function given(model: SmcModel<Hidden>, particles: number, populations: number, rng: Random): SmcModel<Hidden> {
  const drawn = [...rng.categorical(paths.map(weightOf), [populations]).data].map((i) => paths[i]);
  const firsts = Int32Array.from({ length: populations }, (_, g) => g * particles);
  return {
    ...model,
    reference: (all, t) =>
      replaceRows(all, firsts, {
        state: ints(
          drawn.map((path) => (t === 0 ? 0 : path[t - 1])),
          [populations],
        ),
        path: ints(
          drawn.flatMap((path) => path.map((x, s) => (s < t ? x : 0))),
          [populations, steps],
        ),
      }),
  };
}

const populations = 6000;
const rules: [string, ResamplingRule][] = [
  ["never", "never"],
  ["always", "always"],
  ["below 0.7", { below: 0.7 }],
  ["every 2", { every: 2 }],
];
const cases = rules.flatMap(([rule, resampling]) =>
  Object.values(resamplingSchemes).map((scheme) => [rule, scheme.name, resampling, scheme] as const),
);

test.each(cases)(
  "resampled %s, %s: E[Ẑ] = Z, and given an exact draw E[1/Ẑ] = 1/Z; the logs enclose log Z",
  async (_, __, resampling, scheme) => {
    const options = { particles: 3, populations, scheme, resampling };
    const model = hidden(3 * populations, "blind");
    const free = await smc(model, options, randomStream(1));
    expectMean(
      [...free.logZ].map((l) => Math.exp(l) / Z),
      1,
    );
    const conditional = await smc(given(model, 3, populations, randomStream(2)), options, randomStream(3));
    expectMean(
      [...conditional.logZ].map((l) => Z / Math.exp(l)),
      1,
    );
    const [lower, upper] = [meanAndError([...free.logZ]), meanAndError([...conditional.logZ])];
    expect(lower.mean).toBeLessThan(Math.log(Z));
    expect(upper.mean).toBeGreaterThan(Math.log(Z));
  },
);

test("looking a step ahead tightens both bounds, and so do more particles", async () => {
  const gaps: number[] = [];
  for (const [particles, look] of [
    [3, "blind"],
    [3, "ahead"],
    [12, "ahead"],
  ] as const) {
    const options = { particles, populations: 3000, resampling: "always" as const };
    const model = hidden(particles * 3000, look);
    const free = await smc(model, options, randomStream(4));
    const conditional = await smc(given(model, particles, 3000, randomStream(5)), options, randomStream(6));
    gaps.push(meanAndError([...conditional.logZ]).mean - meanAndError([...free.logZ]).mean);
  }
  expect(gaps[1]).toBeLessThan(0.7 * gaps[0]);
  expect(gaps[2]).toBeLessThan(0.5 * gaps[1]);
});

test("conditional SMC leaves the target invariant: one weighted draw of its particles is again exact", async () => {
  const options = { particles: 3, populations, scheme: resamplingSchemes.systematic, resampling: "always" as const };
  const run = await smc(given(hidden(3 * populations, "blind"), 3, populations, randomStream(7)), options, randomStream(8));
  const u = randomStream(9).uniform([populations], "f64").data;
  const codes = Array.from({ length: populations }, (_, g) => {
    const w = [0, 1, 2].map((k) => Math.exp(run.logWeights[3 * g + k]));
    const goal = u[g] * (w[0] + w[1] + w[2]);
    const chosen = goal < w[0] ? 0 : goal < w[0] + w[1] ? 1 : 2;
    const row = 3 * g + chosen;
    return run.particles.path.data.slice(row * steps, (row + 1) * steps).join();
  });
  for (const path of paths) {
    const p = weightOf(path) / Z;
    if (p > 0.005)
      expectMean(
        codes.map((code) => Number(code === path.join())),
        p,
      );
  }
});

test("ancestry: the path a particle carries is the one its lineage tells", async () => {
  const rows = 40;
  const states: number[][] = [];
  const base = hidden(rows, "blind");
  const model: SmcModel<Hidden> = {
    ...base,
    weigh(particles, previous, t) {
      states.push(toNumbers(particles.state));
      return base.weigh(particles, previous, t);
    },
  };
  const run = await smc(model, { particles: 10, populations: 4, resampling: "always" }, randomStream(10));
  const lines = lineages(run.records, rows);
  for (let i = 0; i < rows; i++)
    expect(lines.map((line, t) => states[t][line[i]])).toEqual([...run.particles.path.data.slice(i * steps, (i + 1) * steps)]);
  expect(run.records.map(({ ancestors }) => ancestors !== undefined)).toEqual([true, true, true, false]);
  expect(lines[0].every((from, i) => Math.floor(from / 10) === Math.floor(i / 10))).toBe(true); // populations do not mix
});

test("blocks of three steps are resampled at their ends, but not at the last", async () => {
  const run = await smc(
    { ...hidden(20, "blind"), steps: 4 },
    { particles: 10, populations: 2, resampling: { every: 3 } },
    randomStream(10),
  );
  expect(run.records.map(({ ancestors }) => ancestors !== undefined)).toEqual([false, false, true, false]);
});

test("a population without weights ends with log Z = -∞, the others go on", async () => {
  const base = hidden(6, "blind");
  const model: SmcModel<Hidden> = {
    ...base,
    weigh: (particles, previous, t) =>
      Float64Array.from(base.weigh(particles, previous, t) as ArrayLike<number>, (w, i) =>
        t === 2 && i < 3 ? Number.NEGATIVE_INFINITY : w,
      ),
  };
  const run = await smc(model, { particles: 3, populations: 2, resampling: "always" }, randomStream(11));
  expect(run.logZ[0]).toBe(Number.NEGATIVE_INFINITY);
  expect(Number.isFinite(run.logZ[1])).toBe(true);
  expect(run.records.map(({ dead }) => dead)).toEqual([[], [0], [0], [0]]);
  const broken = { ...base, weigh: () => new Float64Array(6).fill(Number.NaN) };
  await expect(smc(broken, { particles: 3, populations: 2 }, randomStream(12))).rejects.toThrow(/particle 0 at step 1 is NaN/);
  await expect(smc(base, { particles: 4, populations: 2 }, randomStream(12))).rejects.toThrow(/6 particles, not 2 populations of 4/);
});

test("a run goes on from its state to the same bits", async () => {
  const options = { particles: 5, populations: 4 };
  const model = hidden(20, "blind");
  const whole = await smc(model, options, randomStream(13));
  let state = await smcStart(model, options, randomStream(13));
  for (let t = 1; t <= steps; t++) ({ state } = await smcStep(model, structuredClone(state), options, randomStream(13)));
  expect([...state.logWeights]).toEqual([...whole.logWeights]);
  expect(toNumbers(state.particles.path)).toEqual(toNumbers(whole.particles.path));
});

test("rows of any tree are gathered and replaced", () => {
  const tree = {
    a: array([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    b: [array([7, 8, 9], "i32")],
  };
  const gathered = gatherRows(tree, [2, 0, 2, 2]);
  expect(toNumbers(gathered.a)).toEqual([5, 6, 1, 2, 5, 6, 5, 6]);
  expect(toNumbers(gathered.b[0])).toEqual([9, 7, 9, 9]);
  const replaced = replaceRows(tree, [1], { a: array([[0, -1]]), b: [array([-2], "i32")] });
  expect(toNumbers(replaced.a)).toEqual([1, 2, 0, -1, 5, 6]);
  expect(toNumbers(replaced.b[0])).toEqual([7, -2, 9]);
  expect(toNumbers(tree.a)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(() => replaceRows(tree, [1], { a: array([[0]]), b: [array([1], "i32")] })).toThrow(/does not give 1 rows/);
});

test("annealing with resampling: E[Ẑ] is the evidence, the particles are those of the posterior", async () => {
  // z ~ N(0, 1), x = 3 z + ε observed at 1.5
  const prior: LogDensity<NoData> = (z) => z.square().sum(1).mul(-0.5);
  const likelihood: LogDensity<NoData> = (z) =>
    z
      .mul(3)
      .sub(1.5)
      .square()
      .sum(1)
      .mul(-0.5)
      .sub(0.5 * Math.log(2 * Math.PI));
  const [particles, groups] = [20, 500];
  const start = randomStream(14).normal([particles * groups, 1], "f64");
  const kernel = hmc<NoData>([prior, likelihood], 3);
  const parameters = () => ({ stepSize: array(0.3, "f64", []) });
  const model = annealedModel({ kernel, path: temperedPath, betas: linearSchedule(10), parameters, data: {} }, start);
  const run = await smc(model, { particles, populations: groups }, randomStream(15));
  expectMean(
    [...run.logZ].map((l) => Math.exp(l + 2.1827310797)),
    1,
  );
  // self-normalised means of populations: posterior mean 0.45, biased by O(1 / particles)
  const x = toNumbers(run.particles.x);
  const means = Array.from({ length: groups }, (_, g) => {
    const w = [...run.logWeights.slice(g * particles, (g + 1) * particles)].map(Math.exp);
    return w.reduce((sum, v, k) => sum + v * x[g * particles + k], 0) / w.reduce((a, b) => a + b, 0);
  });
  const { mean, error } = meanAndError(means);
  expect(Math.abs(mean - 0.45)).toBeLessThan(4.5 * error + 0.01);
});

test("annealing with resampling, given an exact draw: E[1/Ẑ] is that of the evidence, and the bounds enclose it", async () => {
  // z ~ N(0, 1), x = z + ε observed at 1.5: the posterior is N(0.75, 1/2)
  const prior: LogDensity<NoData> = (z) => z.square().sum(1).mul(-0.5);
  const likelihood: LogDensity<NoData> = (z) =>
    z
      .sub(1.5)
      .square()
      .sum(1)
      .mul(-0.5)
      .sub(0.5 * Math.log(2 * Math.PI));
  const evidence = -0.5 * Math.log(4 * Math.PI) - 1.5 ** 2 / 4;
  const [particles, groups] = [4, 2000];
  // weak kernels that differ by temperature: the reference must come back by each in its turn
  const parameters = (t: number) => ({ stepSize: array(0.15 * t, "f64", []) });
  const options = { kernel: hmc<NoData>([prior, likelihood], 2), path: temperedPath, betas: linearSchedule(4), parameters, data: {} };
  const model = annealedModel(options, randomStream(16).normal([particles * groups, 1], "f64"));
  const posterior = randomStream(17)
    .normal([groups, 1], "f64")
    .data.map((z) => 0.75 + Math.SQRT1_2 * z);
  const exact = ndarray(posterior, [groups, 1], "f64");
  const conditional = await annealedReference(model, options, { exact, particles }, randomStream(18));
  const choice = { particles, populations: groups, resampling: "always" as const };
  const [free, given] = [await smc(model, choice, randomStream(19)), await smc(conditional, choice, randomStream(20))];
  expectMean(
    [...free.logZ].map((l) => Math.exp(l - evidence)),
    1,
  );
  expectMean(
    [...given.logZ].map((l) => Math.exp(evidence - l)),
    1,
  );
  expect(meanAndError([...free.logZ]).mean).toBeLessThan(evidence);
  expect(meanAndError([...given.logZ]).mean).toBeGreaterThan(evidence);
});
