/** Sequential Monte Carlo for any tree of states: propagate, weigh, resample. */
import type { Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { logMeanExp, normalisedWeights } from "../bounds/log-mean-exp.ts";
import { kishSize } from "../diagnostics/kish.ts";
import { resample } from "../resampling/resample.ts";
import type { ResamplingScheme } from "../resampling/scheme.ts";
import { systematic } from "../resampling/systematic.ts";
import { gatherRows, rowCount } from "../rows.ts";

/** A sequence of targets π̃_0 = the law of `init`, π̃_1, …, π̃_T, and how particles reach them. Leaves of X have a row a particle. */
export interface SmcModel<X> {
  readonly steps: number;
  /** All particles at t = 0. */
  readonly init: (rng: Random) => X | Promise<X>;
  /** x_t ~ q_t(. | x_{t-1}), for t = 1 … T. */
  readonly propagate: (particles: X, t: number, rng: Random) => X | Promise<X>;
  /** log w_t = log π̃_t(x_{0:t}) - log π̃_{t-1}(x_{0:t-1}) - log q_t(x_t | x_{t-1}), one a particle. */
  readonly weigh: (particles: X, previous: X, t: number) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /**
   * Conditional SMC: puts the reference, one exact draw of the final target, into the first particle of each population (`replaceRows`);
   * called for t = 0 … T.
   */
  readonly reference?: (particles: X, t: number) => X | Promise<X>;
}

/**
 * When to resample: never (sequential importance sampling, IWAE), always, when Kish's size falls below a share of the particles, or at every
 * so many steps: then weights are those of blocks of steps.
 */
export type ResamplingRule = "never" | "always" | { readonly below: number } | { readonly every: number };

/** Is it time, at step t? @param share  Kish's size over K */
function isDue(rule: ResamplingRule, t: number, share: number): boolean {
  if (rule === "never" || rule === "always") return rule === "always";
  return "every" in rule ? t % rule.every === 0 : share < rule.below;
}

export interface SmcOptions {
  /** K, particles of one population. */
  readonly particles: number;
  /** Independent populations that run as one batch, population g in rows g K … g K + K - 1. Default 1. */
  readonly populations?: number;
  /** Default systematic. */
  readonly scheme?: ResamplingScheme;
  /** Default: below half of the particles. */
  readonly resampling?: ResamplingRule;
}

/** State of a run. */
export interface SmcState<X> {
  readonly t: number;
  readonly particles: X;
  /** log weights since the last resampling, one a particle. */
  readonly logWeights: Float64Array;
  /** log Ẑ up to the last resampling, one a population. */
  readonly logZ: Float64Array;
}

/** What a step tells. */
export interface SmcRecord {
  readonly t: number;
  /** Kish's effective size and the largest weight before resampling, one a population. */
  readonly effectiveSize: Float64Array;
  readonly largestWeight: Float64Array;
  /** Rows from which the particles that go on descend; absent if no population was resampled. */
  readonly ancestors?: Int32Array;
  /** Populations all of whose weights are 0: they are kept as they are, with log Ẑ = -∞. */
  readonly dead: readonly number[];
}

/** One step t - 1 → t. The noise of step t is a function of the stream's name and t. */
export async function smcStep<X>(model: SmcModel<X>, state: SmcState<X>, options: SmcOptions, rng: Random) {
  const t = state.t + 1;
  const stream = rng.fold(t);
  const proposed = await model.propagate(state.particles, t, stream.fold("propagate"));
  const particles = model.reference ? await model.reference(proposed, t) : proposed;
  const logWeights = accumulate(state.logWeights, await model.weigh(particles, state.particles, t), t);
  const { next, record } = select(
    logWeights,
    state.logZ,
    { t, last: t === model.steps, conditional: model.reference !== undefined },
    options,
    stream,
  );
  const gathered = record.ancestors ? gatherRows(particles, record.ancestors) : particles;
  return { state: { t, particles: gathered, ...next }, record, logWeights };
}

/** All particles at t = 0, with weights 1. */
export async function smcStart<X>(model: SmcModel<X>, { particles, populations = 1 }: SmcOptions, rng: Random): Promise<SmcState<X>> {
  const drawn = await model.init(rng.fold(0));
  const start = model.reference ? await model.reference(drawn, 0) : drawn;
  const rows = rowCount(start);
  if (rows !== particles * populations)
    throw new UserError(`smc: init gives ${rows} particles, not ${populations} populations of ${particles}`);
  return { t: 0, particles: start, logWeights: new Float64Array(rows), logZ: new Float64Array(populations) };
}

/** Particles, their weights since the last resampling, and log Ẑ of each population. */
export interface SmcResult<X> extends SmcState<X> {
  readonly records: readonly SmcRecord[];
}

/**
 * Sequential Monte Carlo. E[Ẑ] = Z for every proposal, rule and scheme; E[log Ẑ] ≤ log Z. With a reference (conditional SMC)
 * E[1/Ẑ] = 1/Z and E[log Ẑ] ≥ log Z. Never resampled at T: the last weights say what the particles are worth.
 *
 * @param watch  sees every step, and the log weights before it was resampled
 * @source  Del Moral, Doucet & Jasra, JRSS B 68 (2006); Andrieu, Doucet & Holenstein, JRSS B 72 (2010), section 4
 */
export async function smc<X>(
  model: SmcModel<X>,
  options: SmcOptions,
  rng: Random,
  watch: (record: SmcRecord, state: SmcState<X>, before: Float64Array) => void = () => {},
): Promise<SmcResult<X>> {
  let state = await smcStart(model, options, rng);
  const records: SmcRecord[] = [];
  for (let t = 1; t <= model.steps; t++) {
    const step = await smcStep(model, state, options, rng);
    state = step.state;
    records.push(step.record);
    watch(step.record, state, step.logWeights);
  }
  const logZ = state.logZ.map((log, g) => log + logMeanExp(populationOf(state.logWeights, g, options.particles)));
  return { ...state, logZ, records };
}

/**
 * The row at each t = 1 … T from which each final particle descends.
 *
 * @param rows  particles of all populations
 */
export function lineages(records: readonly SmcRecord[], rows: number): Int32Array[] {
  const lines: Int32Array[] = [];
  let line = Int32Array.from({ length: rows }, (_, i) => i);
  for (const { ancestors } of records.toReversed()) {
    if (ancestors) line = line.map((i) => ancestors[i]);
    lines.unshift(line);
  }
  return lines;
}

const populationOf = (values: Float64Array, g: number, K: number): Float64Array => values.subarray(g * K, (g + 1) * K);

/** Adds increments; a weight of 0 stays 0. */
function accumulate(logWeights: Float64Array, increments: ArrayLike<number>, t: number): Float64Array {
  if (increments.length !== logWeights.length)
    throw new UserError(`smc: ${increments.length} weights for ${logWeights.length} particles at step ${t}`);
  return logWeights.map((log, i) => {
    if (log === Number.NEGATIVE_INFINITY) return log;
    if (Number.isNaN(increments[i]) || increments[i] === Number.POSITIVE_INFINITY)
      throw new UserError(
        `smc: the log weight of particle ${i} at step ${t} is ${increments[i]}`,
        "check the densities of target and proposal there",
      );
    return log + increments[i];
  });
}

/** Resamples the populations that need it. */
function select(
  logWeights: Float64Array,
  logZ: Float64Array,
  { t, last, conditional }: { readonly t: number; readonly last: boolean; readonly conditional: boolean },
  { particles: K, populations = 1, scheme = systematic, resampling = { below: 0.5 } }: SmcOptions,
  rng: Random,
) {
  const next = { logWeights: logWeights.slice(), logZ: logZ.slice() };
  const [effectiveSize, largestWeight] = [new Float64Array(populations), new Float64Array(populations)];
  const ancestors = Int32Array.from(logWeights, (_, i) => i);
  const dead: number[] = [];
  let any = false;
  for (let g = 0; g < populations; g++) {
    const logs = populationOf(logWeights, g, K);
    const mean = logMeanExp(logs);
    if (mean === Number.NEGATIVE_INFINITY) {
      dead.push(g);
      continue;
    }
    const weights = normalisedWeights(logs);
    effectiveSize[g] = kishSize(logs);
    largestWeight[g] = weights.reduce((a, b) => Math.max(a, b));
    if (last || !isDue(resampling, t, effectiveSize[g] / K)) continue;
    const chosen = resample(scheme, weights, rng.fold("resample").fold(g), conditional ? { reference: 0 } : {});
    chosen.forEach((k, i) => void (ancestors[g * K + i] = g * K + k));
    next.logWeights.fill(0, g * K, (g + 1) * K);
    next.logZ[g] += mean;
    any = true;
  }
  const record: SmcRecord = { t, effectiveSize, largestWeight, dead, ...(any ? { ancestors } : {}) };
  return { next, record };
}
