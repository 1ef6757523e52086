/** Certified bounds: degenerate models exactly, enclosed truths by datum, enumerated models through the code of real runs, precision, frozen kernels. */
import { expect, test } from "vitest";
import { array, type NdArray, ndarray, type Random, randomStream } from "../../src/array/index.ts";
import {
  annealedBounds,
  type Encoder,
  fromPrior,
  fromProposal,
  importanceBounds,
  importanceWeights,
  informationOf,
  intervalCautions,
  type LinearModel,
  likelihoodOf,
  linearInformation,
  linearJoint,
  type PointBounds,
  pilot,
  pointBounds,
  readFrozen,
  shorterRuns,
  simulate,
  sineWeights,
  thinned,
  writeFrozen,
} from "../../src/information/index.ts";
import { logMeanExp, mixtureUpper, transitionTable } from "../../src/sampling/index.ts";
import { constant, matmul, sin, tanh } from "../../src/tensor/index.ts";
import { pxz, pz, qzx, states } from "../three-states.ts";
import {
  annealed,
  columns,
  expectAtLeast,
  expectAtMost,
  expectMean,
  f64,
  frozenAt,
  integral,
  jointOf,
  linearEvidence,
  minus,
  normalDensity,
  type Run,
  rowsOf,
} from "./measure.ts";

const mean = (v: ArrayLike<number>): number => Array.from(v).reduce((a, b) => a + b, 0) / v.length;
const points = [
  "oneLower",
  "oneUpper",
  "mixtureLower",
  "mixtureUpper",
  "reverseUpper",
  "bennett",
] as const satisfies readonly (keyof PointBounds)[];

/** β_t = t/4: in halves of halves, so that sums of weights are exact. */
const quarters = [0, 0.25, 0.5, 0.75, 1];

test.each([
  ["one temperature, one chain", [0, 1], 1, "f32"],
  ["one temperature, eight chains", [0, 1], 8, "f64"],
  ["four temperatures, one chain", quarters, 1, "f64"],
  ["four temperatures, eight chains", quarters, 8, "f32"],
] as const)("x that does not depend on z: every bound is 0 (%s)", async (_, betas, chains, dtype) => {
  const joint = linearJoint({ weights: { data: [0, 0, 0, 0], shape: [2, 2] }, bias: [1, -1], variance: [0.5] }, dtype);
  const { weights, pairs } = await annealed(joint, { pairs: 5, chains, temperatures: 1, frozen: frozenAt(betas, 0.4) });
  const bounds = pointBounds(weights);
  for (const name of points) {
    const { mean: information, error } = informationOf(weights.fit, bounds[name]);
    // logs of one number: 0 but for the rounding of sums of up to eight of about 3, and of Bennett's bisection
    const rounding = name === "bennett" ? 1e-12 : 4e-15;
    expect(Math.abs(information)).toBeLessThan(rounding);
    expect(error).toBeLessThan(rounding);
  }
  const importance = await importanceWeights(fromPrior(joint), pairs, 7, randomStream(1));
  for (const bound of importanceBounds("prior", weights.fit, importance)) expect(Math.abs(bound.mean)).toBeLessThan(1e-14);
});

const small: LinearModel = { weights: sineWeights(3, 2), variance: [0.5] };

test("with one chain the mixture and the reverse chains are the bounds of that chain", async () => {
  const joint = linearJoint(small, "f64");
  const { weights } = await annealed(joint, { pairs: 20, chains: 1, temperatures: 1, frozen: frozenAt(quarters, 0.3) });
  const bounds = pointBounds(weights);
  for (let b = 0; b < 20; b++) {
    expect(bounds.mixtureLower[b]).toBeCloseTo(bounds.oneLower[b], 12);
    expect(bounds.mixtureUpper[b]).toBeCloseTo(bounds.oneUpper[b], 12);
    expect(bounds.reverseUpper[b]).toBeCloseTo(bounds.oneUpper[b], 12);
  }
  // weights of one chain among many give the same as that chain alone
  const many = await annealed(joint, { pairs: 20, chains: 3, temperatures: 1, frozen: frozenAt(quarters, 0.3) });
  const first = pointBounds(many.weights, 1);
  const alone = { fit: many.weights.fit, forward: many.weights.forward.subarray(0, 20), reverse: many.weights.reverse.subarray(0, 20) };
  expect(first).toEqual(pointBounds(alone));
});

test("one temperature is importance sampling: the same draws give the same weights, and the lower bounds expect the same", async () => {
  const joint = linearJoint(small, "f64");
  const chains = 6;
  const rng = randomStream(2);
  const { weights, pairs } = await annealed(joint, { pairs: 500, chains, temperatures: 1, frozen: frozenAt([0, 1], 0.5), rng });
  const starts = fromPrior(joint).starts({ x: pairs.x }, chains, rng.fold("chains").fold("starts"));
  const { data: W } = small.weights;
  const x = rowsOf(pairs.x);
  rowsOf(starts).forEach((z, row) => {
    const seen = x[row % 500];
    const squares = seen.reduce((sum, v, i) => sum + (v - W[2 * i] * z[0] - W[2 * i + 1] * z[1]) ** 2, 0);
    expect(weights.forward[row]).toBeCloseTo(-squares / (2 * 0.5), 10);
  });
  const bounds = pointBounds(weights);
  const other = await importanceWeights(fromPrior(joint), pairs, chains, randomStream(3));
  // the exact draw itself, or where one kernel has brought it: both are draws of the posterior
  const exact = Float64Array.from(weights.fit, (_, b) =>
    mixtureUpper(
      Array.from({ length: chains }, (_, k) => other.forward[k * 500 + b]),
      [other.exact[b]],
    ),
  );
  expectMean(minus(bounds.mixtureUpper, exact), 0);
  expect(minus(other.exact, weights.fit).every((v) => Math.abs(v) < 1e-12)).toBe(true);
});

/** A linear model with orthogonal columns: its posterior is a diagonal Gaussian, and an encoder gives it. */
function diagonalModel(dtype: "f32" | "f64") {
  const [c, s] = [Math.cos(0.6), Math.sin(0.6)];
  const W = [2 * c, -0.5 * s, 2 * s, 0.5 * c];
  const variance = 0.3;
  const model: LinearModel = { weights: { data: W, shape: [2, 2] }, bias: [0.7, -2], variance: [variance] };
  const posterior = [4, 0.25].map((square) => 1 / (1 + square / variance));
  const encoder: Encoder = {
    name: "the posterior",
    encode(x) {
      const projected = matmul(
        x.sub(constant(array([0.7, -2], dtype))),
        constant(
          array(
            [
              [W[0], W[1]],
              [W[2], W[3]],
            ],
            dtype,
          ),
        ),
      );
      const m = projected.mul(constant(array([posterior.map((v) => v / variance)], dtype)));
      return [m, m.mul(0).add(constant(array([posterior.map(Math.log)], dtype)))];
    },
  };
  return { model, joint: linearJoint(model, dtype), encoder };
}

test("the exact posterior as a proposal: all weights are log p(x), with importance and with annealing", async () => {
  const { model, joint, encoder } = diagonalModel("f64");
  const run: Run = { pairs: 40, chains: 5, temperatures: 1, encoder, frozen: frozenAt(quarters, 0.6, { route: "proposal" }) };
  const { weights, pairs } = await annealed(joint, run);
  const exact = linearEvidence(model, pairs.x);
  weights.forward.forEach((f, row) => void expect(f).toBeCloseTo(exact[row % 40], 9));
  weights.reverse.forEach((r, row) => void expect(r).toBeCloseTo(exact[row % 40], 9));
  const importance = await importanceWeights(fromProposal(joint, encoder), pairs, 5, randomStream(4));
  importance.forward.forEach((f, row) => void expect(f).toBeCloseTo(exact[row % 40], 9));
  importance.exact.forEach((f, b) => void expect(f).toBeCloseTo(exact[b], 9));
  // both bounds are then the sample mean of log p(x|z) / p(x)
  const sample = informationOf(weights.fit, exact);
  for (const bound of importanceBounds("proposal", weights.fit, importance)) {
    expect(bound.mean).toBeCloseTo(sample.mean, 9);
    expect(bound.se).toBeCloseTo(sample.error, 9);
  }
});

/** Bounds of a run beside what log p(x_b) really is: the paired differences have the chains' noise alone. */
function enclose(bounds: PointBounds, exact: ArrayLike<number>, gap: number): void {
  const [oneLower, mixtureLower] = [minus(bounds.oneLower, exact), minus(bounds.mixtureLower, exact)];
  const uppers = [minus(bounds.mixtureUpper, exact), minus(bounds.reverseUpper, exact), minus(bounds.oneUpper, exact)];
  // log p(x) from below: one chain, then the mixture
  expectAtMost(mixtureLower, 0);
  for (const upper of uppers) expectAtLeast(upper, 0);
  expect(mean(oneLower)).toBeLessThanOrEqual(mean(mixtureLower));
  expect(mean(uppers[2])).toBeGreaterThanOrEqual(mean(uppers[0]));
  expect(mean(uppers[2])).toBeGreaterThanOrEqual(mean(uppers[1]));
  // what keeps the inequalities from being idle
  expect(mean(uppers[1]) - mean(mixtureLower)).toBeLessThan(gap);
}

test.each([
  [3, 2, 1, 40, 0.05],
  [5, 3, 0.25, 60, 0.4],
  [20, 10, 0.01, 120, 8],
])("W_ij = sin(ij) of %i x %i, noise %d: lower ≤ lower by K ≤ I ≤ upper by K ≤ upper", async (D, d, variance, temperatures, gap) => {
  const model: LinearModel = { weights: sineWeights(D, d), variance: [variance] };
  const { weights, pairs } = await annealed(linearJoint(model), { pairs: 200, chains: 6, temperatures, rng: randomStream(5) });
  const bounds = pointBounds(weights);
  enclose(bounds, linearEvidence(model, pairs.x), gap);
  const [reverse, mixture, one, upper, upperOne] = annealedBounds(weights, bounds, "reverse");
  expect([reverse, mixture, one, upper, upperOne].map((b) => b.kind)).toEqual(["lower", "lower", "lower", "upper", "upper"]);
  const truth = linearInformation(model);
  for (const b of [reverse, mixture, one]) expect(b.mean).toBeLessThan(truth + 4 * b.se);
  for (const b of [upper, upperOne]) expect(b.mean).toBeGreaterThan(truth - 4 * b.se);
  expect(annealedBounds(weights, bounds, "mixture")[0].name).toBe("annealed, mixture");
});

/** log p(x_b) - C by Simpson's rule over one latent; the integrand is below 1e-17 of its top outside. */
function evidenceByQuadrature(x: NdArray, logDensity: (z: number, seen: readonly number[]) => number): Float64Array {
  return Float64Array.from(rowsOf(x), (seen) => Math.log(integral((z) => normalDensity(z) * Math.exp(logDensity(z, seen)), -9, 9, 6000)));
}

test.each([
  [0.5, 1.35178583, 0.1],
  [0.2, 2.31878871, 0.5],
])("z -> (2 tanh z, sin 3z) with noise %d: both sides of I = %d", async (sigma, truth, gap) => {
  const joint = jointOf((z) => columns(tanh(z).mul(2), sin(z.mul(3))), 1, 2, {
    likelihood: likelihoodOf("gaussian", "mean", [sigma * sigma], "f64"),
  });
  const { weights, pairs } = await annealed(joint, { pairs: 300, chains: 6, temperatures: 100, rng: randomStream(6) });
  const squares = (z: number, [a, b]: readonly number[]) => (a - 2 * Math.tanh(z)) ** 2 + (b - Math.sin(3 * z)) ** 2;
  const exact = evidenceByQuadrature(pairs.x, (z, seen) => -squares(z, seen) / (2 * sigma * sigma));
  enclose(pointBounds(weights), exact, gap);
  expectMean(minus(weights.fit, exact), truth);
});

test.each([
  [1, 0.3285862156],
  [3, 0.8370244308],
])("eight Bernoulli pixels with logits %d sin(i) z + cos(i): both sides of I = %d", async (c, truth) => {
  const pixels = Array.from({ length: 8 }, (_, i) => i + 1);
  const [slope, bias] = [f64([pixels.map((i) => c * Math.sin(i))]), f64([pixels.map((i) => Math.cos(i))])];
  const joint = jointOf((z) => matmul(z, constant(slope)).add(constant(bias)), 1, 8, {
    likelihood: likelihoodOf("bernoulli", "logits", [1], "f64"),
  });
  const { weights, pairs } = await annealed(joint, { pairs: 300, chains: 6, temperatures: 40, rng: randomStream(7) });
  const exact = evidenceByQuadrature(pairs.x, (z, seen) =>
    pixels.reduce((sum, i) => {
      const a = c * Math.sin(i) * z + Math.cos(i);
      return sum + seen[i - 1] * a - Math.log1p(Math.exp(-Math.abs(a))) - Math.max(a, 0);
    }, 0),
  );
  enclose(pointBounds(weights), exact, 0.1);
  expectMean(minus(weights.fit, exact), truth);
});

// A model of three states and three observations, whose draws are all enumerated.

interface Draw {
  readonly p: number;
  readonly values: readonly number[];
}

/** All lists of n independent draws. */
function lists(draws: readonly Draw[], n: number): Draw[] {
  if (n === 0) return [{ p: 1, values: [] }];
  return lists(draws, n - 1).flatMap((before) => draws.map((d) => ({ p: before.p * d.p, values: [...before.values, ...d.values] })));
}

/** Draws of one value counted once. */
function merged(draws: readonly Draw[]): Draw[] {
  const found = new Map<number, number>();
  for (const { p, values } of draws) found.set(values[0], (found.get(values[0]) ?? 0) + p);
  return [...found].map(([value, p]) => ({ p, values: [value] }));
}

test.each([
  ["q", 1, 0.16693761583, 0.321572130054],
  ["q", 2, 0.203872182906, 0.276498018956],
  ["q", 3, 0.215761866258, 0.262452829227],
  ["q", 5, 0.224978919539, 0.252095855111],
  ["prior", 1, 0, 0.496981617152],
  ["prior", 2, 0.112622416931, 0.376473707617],
  ["prior", 3, 0.153711034653, 0.329953551944],
  ["prior", 5, 0.187420769535, 0.292100318508],
] as const)(
  "importance from %s, K = %i: the bounds of a run are IWAE's and structured InfoNCE's, by enumeration",
  (from, K, lower, upper) => {
    let [below, above, barberAgakov] = [0, 0, 0];
    for (const x of states) {
      const weight = (z: number): number => (from === "prior" ? Math.log(pxz[z][x]) : Math.log((pz[z] * pxz[z][x]) / qzx[x][z]));
      const draws = states.map((z) => ({ p: from === "prior" ? pz[z] : qzx[x][z], values: [weight(z)] }));
      for (const z of states)
        for (const { p, values } of lists(draws, K)) {
          const bounds = importanceBounds(from, [Math.log(pxz[z][x])], {
            forward: Float64Array.from(values),
            exact: Float64Array.of(weight(z)),
          });
          const all = pz[z] * pxz[z][x] * p;
          below += all * bounds[0].mean;
          above += all * bounds[1].mean;
          barberAgakov += all * (bounds.find((b) => b.name.startsWith("Barber-Agakov"))?.mean ?? 0);
          expect([bounds[0].kind, bounds[1].kind]).toEqual(["lower", "upper"]);
        }
    }
    expect(below).toBeCloseTo(lower, 10);
    expect(above).toBeCloseTo(upper, 10);
    expect(barberAgakov).toBeCloseTo(from === "prior" ? 0 : 0.16693761583, 10);
  },
);

test.each([
  ["prior", [0, 1], [0.112622416931, 0.376473707617], 0.088836451895, [0, 0.496981617152]],
  ["prior", [0, 0.5, 1], [0.178033604591, 0.30192936552], 0.169630014745, [0.120261600029, 0.363955141009]],
  ["q", [0, 0.5, 1], [0.217181345213, 0.260608147307], 0.212950960763, [0.195312285743, 0.285237912674]],
] as const)(
  "two annealed chains each way from %s along %j: `pointBounds` has the enumerated values",
  (from, betas, mixture, reverseLower, one) => {
    const T = betas.length - 1;
    const jump = array([0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0], "f64", [3, 3]);
    const px = states.map((x) => states.reduce((sum, z) => sum + pz[z] * pxz[z][x], 0));
    const total = { oneLower: 0, oneUpper: 0, mixtureLower: 0, mixtureUpper: 0, reverseUpper: 0 };
    for (const x of states) {
      const first = from === "prior" ? pz : qzx[x];
      const logPi = (z: number, t: number) => (1 - betas[t]) * Math.log(first[z]) + betas[t] * Math.log(pz[z] * pxz[z][x]);
      const tables = betas.map((_, t) =>
        transitionTable(
          states.map((z) => logPi(z, t)),
          jump,
        ),
      );
      const paths = (z: number, p: number, order: readonly number[], before: boolean): Draw[] => {
        let open = [{ p, z, logWeight: 0 }];
        for (const t of order) {
          open = open.flatMap((o) =>
            states.map((next) => {
              const at = before ? o.z : next;
              return { p: o.p * tables[t][o.z * 3 + next], z: next, logWeight: o.logWeight + logPi(at, t) - logPi(at, t - 1) };
            }),
          );
        }
        return open.filter((o) => o.p > 0).map((o) => ({ p: o.p, values: [Number(o.logWeight.toFixed(13))] }));
      };
      const up = Array.from({ length: T }, (_, i) => i + 1);
      const forward = lists(merged(states.flatMap((z) => paths(z, first[z], up, true))), 2);
      for (const z of states) {
        const posterior = (pz[z] * pxz[z][x]) / px[x];
        // both reverse chains begin at the one exact draw z
        const reverse = lists(merged(paths(z, 1, [...up].reverse(), false)), 2);
        const all = forward.flatMap((f) => reverse.map((r) => ({ p: f.p * r.p, f: f.values, r: r.values })));
        // every outcome is a data point of its own: rows k · B + b
        const chain = (which: "f" | "r") => Float64Array.from([...all.map((o) => o[which][0]), ...all.map((o) => o[which][1])]);
        const bounds = pointBounds({ fit: new Float64Array(all.length), forward: chain("f"), reverse: chain("r") });
        for (const name of Object.keys(total) as (keyof typeof total)[])
          all.forEach((o, b) => void (total[name] += px[x] * posterior * o.p * (Math.log(pxz[z][x]) - bounds[name][b])));
      }
    }
    expect(total.mixtureUpper).toBeCloseTo(mixture[0], 10);
    expect(total.mixtureLower).toBeCloseTo(mixture[1], 10);
    expect(total.reverseUpper).toBeCloseTo(reverseLower, 10);
    expect(total.oneUpper).toBeCloseTo(one[0], 10);
    expect(total.oneLower).toBeCloseTo(one[1], 10);
  },
);

test("the prior's importance bound is at most log K for every single pair, whatever its weights", () => {
  const rng = randomStream(14);
  for (const K of [2, 5, 30])
    for (let i = 0; i < 40; i++) {
      const [fit, ...others] = rng.normal([K + 1], "f64").data.map((v) => 300 * v);
      const [lower] = importanceBounds("prior", [fit], { forward: Float64Array.from(others), exact: Float64Array.of(fit) });
      expect(lower.mean).toBeLessThanOrEqual(Math.log(K) + 1e-9);
    }
});

test("in f32 the bounds are those of f64 with the same noise", async () => {
  const model: LinearModel = { weights: sineWeights(20, 10), variance: [0.01] };
  const single = linearJoint(model, "f32");
  const double = linearJoint(model, "f64");
  const pairs = await simulate(single, 64, randomStream(8));
  const widened = (a: NdArray): NdArray => ndarray(Float64Array.from(a.data as Float32Array), a.shape, "f64");
  /** Draws in f32, kept in f64. */
  const rounded = (rng: Random): Random => ({
    ...rng,
    normal: ((shape: number[]) => widened(rng.normal(shape, "f32"))) as unknown as Random["normal"], // of f64 for whoever asks
    uniform: ((shape: number[]) => widened(rng.uniform(shape, "f32"))) as unknown as Random["uniform"],
    fold: (label) => rounded(rng.fold(label)),
  });
  const options = { temperatures: 120, leapfrogs: 10, acceptance: 0.65, watch: () => {} };
  const frozen = await pilot(fromPrior(single), (await simulate(single, 32, randomStream(8).fold("pilot"))).x, options, randomStream(9));
  const run = { chains: 4, temperatures: 120, frozen };
  const one = await annealed(single, { ...run, pairs, rng: randomStream(10) });
  const two = await annealed(double, { ...run, pairs: { u: widened(pairs.u), x: widened(pairs.x) }, rng: rounded(randomStream(10)) });
  const bounds = [one, two].map(({ weights }) => annealedBounds(weights, pointBounds(weights), "reverse"));
  bounds[0].forEach((b, i) => void expect(Math.abs(b.mean - bounds[1][i].mean)).toBeLessThan(0.01 * b.se + 1e-3));
});

test("a schedule that was written and read gives the same run to the bit", async () => {
  const joint = linearJoint(small);
  const rng = randomStream(11);
  const first = await annealed(joint, { pairs: 8, chains: 3, temperatures: 20, rng });
  const again = await annealed(joint, {
    pairs: 8,
    chains: 3,
    temperatures: 20,
    frozen: readFrozen(writeFrozen(first.frozen), "schedule.json"),
    rng,
  });
  expect(again.weights).toEqual(first.weights);
  expect(first.frozen.betas.length).toBe(21);
});

test("frozen kernels: E[w] = p(x) in five dimensions, by Hamiltonian chains whose pilot saw other data", async () => {
  const [d, w, variance] = [5, 3, 0.3];
  const weights = { data: Float64Array.from({ length: d * d }, (_, e) => (Math.floor(e / d) === e % d ? w : 0)), shape: [d, d] };
  const model: LinearModel = { weights, variance: [variance] };
  const joint = linearJoint(model);
  const chains = 3000;
  const x = array([new Array(d).fill(1.5)], "f32");
  const [exact] = linearEvidence(model, x);
  // one draw of its posterior, for the reverse chains
  const v = 1 / (1 + (w * w) / variance);
  const z = randomStream(12).normal([1, d], "f64").data;
  const u = array([Array.from(z, (n) => (v * w * 1.5) / variance + Math.sqrt(v) * n)], "f32");
  const { weights: found, acceptance } = await annealed(joint, { pairs: { u, x }, chains, temperatures: 100, rng: randomStream(13) });
  const ratios = found.forward.map((f) => Math.exp(f - exact));
  expectMean(ratios, 1);
  expect(acceptance).toBeGreaterThan(0.5);
  expect(Math.sqrt(mean(ratios.map((r) => (r - 1) ** 2)) / chains)).toBeLessThan(0.08);
});

test("pictures of pointwise bounds agree with the mean over pairs", () => {
  const weights = { fit: [0, 1], forward: [-1, 0, -2, -1], reverse: [0.5, 2, 1, 3] };
  const bounds = pointBounds(weights);
  expect(bounds.oneLower).toEqual(Float64Array.of(-1.5, -0.5));
  expect(bounds.mixtureLower[0]).toBeCloseTo(logMeanExp([-1, -2]), 14);
  expect(informationOf(weights.fit, bounds.oneUpper)).toEqual({ mean: (0 - 0.75 + (1 - 2.5)) / 2, error: expect.closeTo(0.375, 12) });
  expect(() => pointBounds({ ...weights, reverse: [1, 2] })).toThrow("4 forward weights and 2 reverse ones");
});

test("a schedule made thinner keeps its ends, its order, and the step sizes of the temperatures that stay", () => {
  const frozen = { betas: [0, 0.1, 0.2, 0.4, 0.7, 0.9, 1], stepSizes: [6, 5, 4, 3, 2, 1], leapfrogs: 3, route: "prior" } as const;
  expect(thinned(frozen, 3)).toEqual({ ...frozen, betas: [0, 0.2, 0.7, 1], stepSizes: [5, 3, 1] });
  expect(thinned(frozen, 6)).toEqual(frozen);
  expect(shorterRuns(100)).toEqual([12, 25, 50]);
  expect(shorterRuns(7)).toEqual([3]);
});

test("what a longer run is promised to bring: as 1 / T where the gap is that of all pairs, more slowly where a few make it", () => {
  const pairs = 20;
  const told = (gaps: readonly number[]): string => {
    const zero = new Float64Array(pairs);
    const lower = Float64Array.from(gaps, (g) => -g);
    const points: PointBounds = {
      oneUpper: zero,
      mixtureUpper: zero,
      reverseUpper: zero,
      bennett: lower,
      oneLower: lower,
      mixtureLower: lower,
    };
    const bound = (kind: "lower" | "upper", mean: number) => ({ name: "", kind, mean, se: 0.1, valid: true, why: "" });
    const width = gaps.reduce((a, b) => a + b) / pairs;
    const frozen = { betas: [0, 0.5, 1], stepSizes: [1, 1], leapfrogs: 1, route: "prior", length: 3 } as const;
    const circumstances = { frozen, chains: 2, acceptance: [0.8], invalid: 0, proposals: 10, fit: zero };
    return intervalCautions(points, bound("lower", 10), bound("upper", 10 + width), circumstances).join("\n");
  };
  expect(told(new Array(pairs).fill(5))).toMatch(/5 nats wide; the gap falls like 1 \/ T: --temperatures 10 should bring it to 1$/m);
  expect(told([100, ...new Array(pairs - 1).fill(0)])).toMatch(
    /5 nats wide; it falls more slowly than 1 \/ T where some chains do not arrive/,
  );
});
