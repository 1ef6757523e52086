/** Rate-distortion curves of a decoder: what a channel from x to z would need, at every distortion, in one annealed run. */
import { array, type NdArray, type Random, sizeOf } from "../array/index.ts";
import type { Column } from "../data/index.ts";
import { type AnnealingState, annealing, byDatum, estimate, mixtureLower, normalisedWeights } from "../sampling/index.ts";
import type { Frozen } from "./annealed/frozen.ts";
import { fromPrior, kernelOf } from "./annealed/target.ts";
import type { Joint } from "./models/joint.ts";
import { likelihoodOf } from "./models/likelihood.ts";

export const distortions = ["likelihood", "squared"] as const;
export type Distortion = (typeof distortions)[number];

/** The joint model with e^{-most D} for its likelihood, D up to a constant: β of its path times `most` is β of the curve. */
export function distortionJoint(joint: Joint, distortion: Distortion, most: number): Joint {
  const { likelihood } = joint;
  // a Gaussian of variance ½ has log density -|x - mean|²
  const squared = likelihoodOf("gaussian", "mean", [0.5], joint.dtype);
  const logDensity: typeof likelihood.logDensity =
    distortion === "likelihood" ? likelihood.logDensity : (y, x) => squared.logDensity(likelihood.mean(y), x);
  return { ...joint, likelihood: { ...likelihood, logDensity: (y, x) => logDensity(y, x).mul(most) } };
}

/** State of a run: the chains, and R and D of every temperature and data point so far, [T, B] each. */
export interface RateState {
  readonly chains: AnnealingState;
  readonly rates: NdArray<"f64">;
  readonly distortions: NdArray<"f64">;
}

export interface RatePlan {
  readonly frozen: Frozen;
  readonly x: NdArray;
  readonly chains: number;
  readonly distortion: Distortion;
  readonly most: number;
}

/**
 * At each β of the path, with self-normalised weights w̄ of the chains of a data point,
 *
 *   log Ẑ = lme log w,   D̂ = Σ w̄ D,   R̂ = -log Ẑ - β D̂.
 *
 * π_β ∝ p(z) e^{-β D} minimises KL(q‖p) + β D; E log Ẑ ≤ log Z, so that R̂ + β D̂ lies above its least value, and the curve above the
 * true one. With D = -log p(x|z) and β = 1 the rate of drawn x is I(X;Z), and R + D their entropy.
 *
 * @source  Huang, Makhzani, Cao & Grosse, ICML 2020
 */
export function rateCurve(joint: Joint, { frozen, x, chains, distortion, most }: RatePlan, rng: Random) {
  const { betas, stepSizes, leapfrogs } = frozen;
  const route = fromPrior(distortionJoint(joint, distortion, most));
  const parameters = (t: number) => ({ stepSize: array(stepSizes[t - 1], joint.dtype, []) });
  const starts = { forward: route.starts({ x }, chains, rng.fold("starts")) };
  const run = annealing({ kernel: kernelOf(route, leapfrogs), path: route.path, betas, parameters, data: { x } }, starts);
  const B = x.shape[0];
  // -log p(x|z) has a constant that the programs leave out
  const constant = distortion === "likelihood" ? joint.likelihood.constant(sizeOf(joint.observed)) : 0;
  const record = (state: AnnealingState, t: number, { rates, distortions }: RateState): void => {
    const values = state.chain.values.data as ArrayLike<number>;
    const fits = byDatum(
      Float64Array.from({ length: chains * B }, (_, row) => values[2 * row + 1] / most),
      B,
    );
    byDatum(state.logWeights.data as Float64Array, B).forEach((logs, b) => {
      const weights = normalisedWeights(logs);
      const D = -fits[b].reduce((sum, l, k) => sum + weights[k] * l, 0);
      rates.data[(t - 1) * B + b] = -mixtureLower(logs) - most * betas[t] * D;
      distortions.data[(t - 1) * B + b] = D - constant;
    });
  };
  const empty = (): NdArray<"f64"> => ({ dtype: "f64", shape: [run.steps, B], data: new Float64Array(run.steps * B) });
  return {
    steps: run.steps,
    init: async (): Promise<RateState> => ({ chains: await run.init(), rates: empty(), distortions: empty() }),
    async step(state: RateState, stream: Random) {
      const { state: next, record: told } = await run.step(state.chains, stream);
      record(next, told.step, state); // rows of its own, written once: no copy of the whole table a step
      const metrics = { beta: most * betas[told.step], acceptance: told.acceptance.forward, invalid: told.invalid };
      return { state: { ...state, chains: next }, metrics };
    },
  };
}

/** A point of the curve: means over data, with standard errors. */
export interface RatePoint {
  readonly beta: number;
  readonly distortion: number;
  readonly distortionError: number;
  readonly rate: number;
  readonly rateError: number;
}

/** The curve of a finished run, from small β to large. */
export function ratePoints({ rates, distortions }: RateState, { frozen: { betas }, most }: Pick<RatePlan, "frozen" | "most">): RatePoint[] {
  const [T, B] = rates.shape;
  return Array.from({ length: T }, (_, i) => {
    const [R, D] = [rates, distortions].map(({ data }) => estimate(data.subarray(i * B, (i + 1) * B)));
    return { beta: most * betas[i + 1], distortion: D.mean, distortionError: D.error, rate: R.mean, rateError: R.error };
  });
}

export const rateColumns = (points: readonly RatePoint[]): Column[] =>
  (["beta", "distortion", "distortionError", "rate", "rateError"] as const).map((name) => ({
    name: name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
    values: Float64Array.from(points, (p) => p[name]),
  }));
