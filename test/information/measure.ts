/** What the tests of this room share: models with known answers, runs of chains, means with their errors. */
import { expect } from "vitest";
import { array, type NdArray, type Random, randomStream, toNumbers } from "../../src/array/index.ts";
import {
  type AnnealedWeights,
  annealedChains,
  type Encoder,
  endsOf,
  type Frozen,
  fitOf,
  fromPrior,
  fromProposal,
  type Joint,
  type JointPairs,
  type LinearModel,
  pilot,
  pilotPoints,
  type ScheduleRule,
  simulate,
} from "../../src/information/index.ts";
import { likelihoodOf } from "../../src/information/models/likelihood.ts";
import { priorOf } from "../../src/information/models/prior.ts";
import { estimate } from "../../src/sampling/index.ts";
import { concat, configure, type Tensor } from "../../src/tensor/index.ts";

configure({ threads: 1 });

export const f64 = (values: Parameters<typeof array>[0]): NdArray => array(values, "f64");

/** How far a mean of independent values is from what it should be, in standard errors. */
function errorsFrom(values: ArrayLike<number>, expected: number): number {
  const { mean, error } = estimate(values);
  return Math.abs(mean - expected) / error;
}

/** Within 4.5 standard errors of independent values: one false alarm in 150,000. */
export const expectMean = (values: ArrayLike<number>, expected: number): void => expect(errorsFrom(values, expected)).toBeLessThan(4.5);

/** E of the values is at most `limit`: at 4 standard errors one false alarm in 30,000 where it is reached. */
export function expectAtMost(values: ArrayLike<number>, limit: number): void {
  const { mean, error } = estimate(values);
  expect(mean).toBeLessThan(limit + 4 * error);
}

export const expectAtLeast = (values: ArrayLike<number>, limit: number): void =>
  expectAtMost(
    Float64Array.from(values, (v) => -v),
    -limit,
  );

export const minus = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array => Float64Array.from(a, (v, i) => v - b[i]);

/** Kolmogorov and Smirnov's √n sup |F_n - F|: above 2.5 once in 130,000 samples. */
export function kolmogorov(values: readonly number[], distribution: (v: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const miss = sorted.reduce((most, v, i) => Math.max(most, distribution(v) - i / n, (i + 1) / n - distribution(v)), 0);
  return Math.sqrt(n) * miss;
}

/** Simpson's rule with n intervals, n even. */
export function integral(f: (x: number) => number, from: number, to: number, n = 2000): number {
  const h = (to - from) / n;
  let sum = f(from) + f(to);
  for (let i = 1; i < n; i++) sum += f(from + i * h) * (i % 2 ? 4 : 2);
  return (sum * h) / 3;
}

export const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Rows of a matrix as lists. */
export function rowsOf(a: NdArray): number[][] {
  const [values, width] = [toNumbers(a), a.shape[1]];
  return Array.from({ length: a.shape[0] }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** log p(x) of rows of x for a linear model, without the constant of p(x|z), by the matrix lemmas and Gaussian elimination. */
export function linearEvidence({ weights, bias, variance }: LinearModel, x: NdArray): Float64Array {
  const [D, d] = weights.shape;
  const noise = (i: number): number => (variance.length === 1 ? variance[0] : variance[i]);
  const w = (i: number, j: number): number => weights.data[i * d + j];
  const sumOver = (f: (i: number) => number): number => Array.from({ length: D }, (_, i) => f(i)).reduce((a, b) => a + b, 0);
  const each = Array.from({ length: d }, (_, j) => j);
  const precision = each.map((j) => each.map((k) => Number(j === k) + sumOver((i) => (w(i, j) * w(i, k)) / noise(i))));
  return Float64Array.from(rowsOf(x), (row) => {
    const centred = row.map((v, i) => v - (bias?.[i] ?? 0));
    const h = each.map((j) => sumOver((i) => (w(i, j) * centred[i]) / noise(i)));
    const { solution, logDeterminant } = solve(precision, h);
    // p(x) / p(x|z = 0) = E_z exp(hᵀz - ½ zᵀ(P - I) z)
    return -0.5 * sumOver((i) => centred[i] ** 2 / noise(i)) + 0.5 * each.reduce((s, j) => s + h[j] * solution[j], 0) - logDeterminant / 2;
  });
}

/** A⁻¹ b and log det A of a positive definite A. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]) {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]]);
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) {
    logDeterminant += Math.log(rows[i][i]);
    for (let k = 0; k < n; k++)
      if (k !== i) {
        const share = rows[k][i] / rows[i][i];
        rows[k] = rows[k].map((v, j) => v - share * rows[i][j]);
      }
  }
  return { solution: rows.map((row, i) => row[n] / row[i]), logDeterminant };
}

/** A model by its decoder, in f64 unless said otherwise. */
export function jointOf(decode: (z: Tensor) => Tensor, latent: number, observed: number, more: Partial<Joint> = {}): Joint {
  const dtype = more.dtype ?? "f64";
  const prior = more.prior ?? priorOf("normal");
  const likelihood = more.likelihood ?? likelihoodOf("gaussian", "mean", [1], dtype);
  return { name: "test model", prior, latent, observed: [observed], dtype, likelihood, decode: (u) => decode(prior.toLatent(u)) };
}

/** Columns side by side. */
export const columns = (...parts: Tensor[]): Tensor => concat(parts, 1);

export interface Run {
  readonly pairs?: number | JointPairs;
  readonly chains: number;
  readonly temperatures: number;
  readonly leapfrogs?: number;
  readonly rule?: ScheduleRule;
  readonly encoder?: Encoder;
  readonly frozen?: Frozen;
  readonly rng?: Random;
}

interface Measured {
  readonly weights: Readonly<Record<keyof AnnealedWeights, Float64Array>>;
  readonly pairs: JointPairs;
  readonly frozen: Frozen;
  readonly acceptance: number;
}

/** A whole run: pairs, pilot, chains both ways; what `pushforward information bounds` does between its options and its report. */
export async function annealed(joint: Joint, run: Run): Promise<Measured> {
  const { chains, temperatures, leapfrogs = 10, rule, encoder, rng = randomStream(0) } = run;
  const route = encoder ? fromProposal(joint, encoder) : fromPrior(joint);
  const { pairs: wanted = 256 } = run;
  const pairs = typeof wanted === "number" ? await simulate(joint, wanted, rng.fold("pairs")) : wanted;
  const seen = rng.fold("pilot pairs");
  const options = { temperatures, leapfrogs, rule, acceptance: 0.65, watch: () => {} };
  const frozen = run.frozen ?? (await pilot(route, (await simulate(joint, pilotPoints, seen)).x, options, rng.fold("pilot")));
  const learner = await annealedChains(route, { frozen, ...pairs, chains }, rng.fold("chains"));
  let state = await learner.init();
  let acceptance = 0;
  for (let i = 0; i < learner.steps; i++) {
    const { state: next, metrics } = await learner.step(state, rng.fold("steps"));
    state = next;
    acceptance += metrics.acceptance / learner.steps;
  }
  const { forward, reverse } = endsOf(state, chains * pairs.x.shape[0]);
  const weights = { fit: await fitOf(joint, pairs), forward: forward.logWeights, reverse: reverse.logWeights };
  return { weights, pairs, frozen, acceptance };
}

/** A schedule and step sizes by hand. */
export const frozenAt = (betas: ArrayLike<number>, stepSize: number, more: Partial<Frozen> = {}): Frozen => ({
  betas,
  stepSizes: new Float64Array(betas.length - 1).fill(stepSize),
  ...{ leapfrogs: 5, route: "prior" as const, ...more },
});
