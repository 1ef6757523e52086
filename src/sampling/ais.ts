/** Annealed importance sampling, forward and reverse, one compiled run a temperature. */
import { array, item, type NdArray, ndarray, type Random } from "../array/index.ts";
import { UserError } from "../errors.ts";
import type { Feeds } from "../tensor/index.ts";
import { compileKernel, meanOf, startAt, sumOf } from "./chain.ts";
import { kishSize } from "./diagnostics/kish.ts";
import type { Kernel } from "./kernels/kernel.ts";
import { type AnnealingPath, logIncrement } from "./paths.ts";
import { concatRows, joinParameters } from "./rows.ts";
import type { ChainArrays } from "./target.ts";

export interface AnnealingOptions<P, N, D> {
  readonly kernel: Kernel<P, N, D>;
  readonly path: AnnealingPath;
  /** 0 = β_0 < … < β_T = 1. */
  readonly betas: ArrayLike<number>;
  /** Frozen parameters of the kernel at temperature t = 1 … T, the same in both directions; leaves have a leading axis of 1, or none. */
  readonly parameters: (t: number) => Feeds<P>;
  /** Data of the target, for all chains, forward ones first. */
  readonly data: Feeds<D>;
  /**
   * Whether 𝒯_T, which leaves the last density invariant, is done. It does not change what one chain expects, but without it reverse
   * chains from one start share their first weight. Default true.
   */
  readonly finalTransition?: boolean;
}

/** Where chains start: draws of π_0 forward, exact draws of π_1 in reverse; [chains, d] each. */
export interface AnnealingStarts {
  readonly forward?: NdArray;
  readonly reverse?: NdArray;
}

/** State of a run: plain arrays, to be kept and continued. Forward chains are the first rows. */
export interface AnnealingState {
  /** Steps done. */
  readonly step: NdArray;
  readonly chain: ChainArrays;
  /** log w so far, f64 [chains]; the same sign in both directions. */
  readonly logWeights: NdArray<"f64">;
}

/** What a step tells. NaN for a direction without chains. */
export interface AnnealingRecord {
  readonly step: number;
  /** Temperature indices of the two directions. */
  readonly temperatures: { readonly forward: number; readonly reverse: number };
  readonly acceptance: { readonly forward: number; readonly reverse: number };
  /** Proposals rejected because they were not finite. */
  readonly invalid: number;
  /** Kish's effective size of the forward weights so far. */
  readonly effectiveSize: number;
}

/**
 * Annealed importance sampling along π̃_t = exp Σ_j λ_j(β_t) f_j with kernels 𝒯_t that are reversible with respect to π_t:
 *
 *   forward:  z_0 ~ π_0;  for t = 1 … T:  log w += log π̃_t(z_{t-1}) - log π̃_{t-1}(z_{t-1});  z_t ~ 𝒯_t(.|z_{t-1})
 *   reverse:  z_T ~ π_T;  for t = T … 1:  z_{t-1} ~ 𝒯_t(.|z_t);  log w += log π̃_t(z_{t-1}) - log π̃_{t-1}(z_{t-1})
 *
 * E[w] = Z_1/Z_0 forward, E[1/w] = Z_0/Z_1 in reverse, for any kernels; so E log w is below log Z_1/Z_0 forward and above it in reverse.
 * Both directions run as one batch, temperature t of one beside T + 1 - t of the other. The noise of step i is a function of the stream's
 * name and i: a run that is continued from a state gives the same bits.
 *
 * @source  Neal, Statistics and Computing 11 (2001); Grosse, Ghahramani & Adams, Sandwiching the marginal likelihood (2015)
 */
export function annealing<P, N, D>(options: AnnealingOptions<P, N, D>, starts: AnnealingStarts) {
  const { path, betas, parameters, data, finalTransition = true } = options;
  checkSchedule(betas);
  const kernel = compileKernel(options.kernel);
  const [x, counts] = joinStarts(starts);
  const last = betas.length - 1;
  const steps = finalTransition ? last : last - 1;
  const weigh = incrementsOf(path, betas);

  async function init(): Promise<AnnealingState> {
    const chain = await startAt(kernel, x, data);
    const logWeights = new Float64Array(counts[0] + counts[1]);
    if (!finalTransition) weigh(logWeights, chain.values, last, [counts[0], counts[0] + counts[1]]);
    if (steps === 0) weigh(logWeights, chain.values, 1, [0, counts[0]]);
    return { step: array(0, "i32", []), chain, logWeights: ndarray(logWeights, [logWeights.length], "f64") };
  }

  async function step(state: AnnealingState, rng: Random): Promise<{ state: AnnealingState; record: AnnealingRecord }> {
    const i = item(state.step) + 1;
    if (i > steps) throw new UserError(`annealing: the run is over after ${steps} steps`);
    const at = { forward: i, reverse: steps + 1 - i };
    const logWeights = (state.logWeights.data as Float64Array).slice();
    weigh(logWeights, state.chain.values, at.forward, [0, counts[0]]);
    const lambda = rowsOfCoefficients([path(betas[at.forward]), path(betas[at.reverse])], counts, state.chain.values);
    const given = parametersOf(parameters, at, counts);
    const moved = await kernel.step(state.chain, kernel.noise(rng.fold(i), x), given, lambda, data);
    weigh(logWeights, moved.state.values, at.reverse, [counts[0], logWeights.length]);
    if (i === steps && !finalTransition) weigh(logWeights, moved.state.values, last, [0, counts[0]]);
    const acceptance = moved.acceptance.data as Float64Array;
    const record = {
      step: i,
      temperatures: at,
      acceptance: { forward: meanOf(acceptance.subarray(0, counts[0])), reverse: meanOf(acceptance.subarray(counts[0])) },
      invalid: sumOf(moved.invalid.data as ArrayLike<number>),
      effectiveSize: counts[0] ? kishSize(logWeights.subarray(0, counts[0])) : Number.NaN,
    };
    const next = { step: array(i, "i32", []), chain: moved.state, logWeights: ndarray(logWeights, [logWeights.length], "f64") };
    return { state: next, record };
  }
  return { steps, counts, init, step };
}

/** Log weights and ends of both directions. */
export interface Annealed {
  readonly forward: { readonly logWeights: Float64Array; readonly ends: NdArray };
  readonly reverse: { readonly logWeights: Float64Array; readonly ends: NdArray };
  readonly records: readonly AnnealingRecord[];
}

/**
 * Runs `annealing` to its end. Runs on one stream have the same noise: give each its own (`fold`).
 *
 * @param watch  told of every step; what it throws stops the run
 */
export async function anneal<P, N, D>(
  options: AnnealingOptions<P, N, D>,
  starts: AnnealingStarts,
  rng: Random,
  watch: (record: AnnealingRecord, state: AnnealingState) => void = () => {},
): Promise<Annealed> {
  const run = annealing(options, starts);
  const records: AnnealingRecord[] = [];
  let state = await run.init();
  for (let i = 0; i < run.steps; i++) {
    const next = await run.step(state, rng);
    state = next.state;
    records.push(next.record);
    watch(next.record, state);
  }
  const [m, n] = run.counts;
  const weights = state.logWeights.data as Float64Array;
  const { x } = state.chain;
  const size = x.data.length / (m + n);
  const rows = (from: number, count: number): NdArray =>
    ndarray((x.data as Float64Array).slice(from * size, (from + count) * size), [count, ...x.shape.slice(1)], x.dtype as "f64");
  return {
    forward: { logWeights: weights.slice(0, m), ends: rows(0, m) },
    reverse: { logWeights: weights.slice(m), ends: rows(m, n) },
    records,
  };
}

function checkSchedule(betas: ArrayLike<number>): void {
  const last = betas.length - 1;
  if (!(last >= 1 && betas[0] === 0 && betas[last] === 1)) throw new UserError("annealing: a schedule goes from 0 to 1");
  for (let t = 1; t <= last; t++)
    if (!(betas[t] > betas[t - 1]))
      throw new UserError(`annealing: the schedule does not rise from step ${t - 1} (${betas[t - 1]}) to ${t} (${betas[t]})`);
}

function joinStarts({ forward, reverse }: AnnealingStarts): [NdArray, readonly [number, number]] {
  const [first, second] = [forward ?? reverse, reverse ?? forward];
  if (!first || !second) throw new UserError("annealing: no chains to start");
  if (first.dtype !== second.dtype || first.shape.slice(1).join() !== second.shape.slice(1).join())
    throw new UserError(
      `annealing: forward and reverse starts differ: ${first.dtype}[${first.shape}] and ${second.dtype}[${second.shape}]`,
    );
  const counts = [forward?.shape[0] ?? 0, reverse?.shape[0] ?? 0] as const;
  if (!forward || !reverse) return [first, counts];
  return [concatRows(first, second), counts];
}

/** Adds log π̃_t - log π̃_{t-1} at the given terms to the log weights of some rows, in f64. */
function incrementsOf(path: AnnealingPath, betas: ArrayLike<number>) {
  return (logWeights: Float64Array, values: NdArray, t: number, [from, to]: readonly [number, number]): void => {
    const increment = logIncrement(path, betas, t);
    for (let row = from; row < to; row++) {
      if (!Number.isFinite(logWeights[row])) continue; // a weight of 0 or infinity stays
      logWeights[row] += increment(values, row);
      if (Number.isNaN(logWeights[row]))
        throw new UserError(`annealing: a chain's density is no number at temperature ${t}`, "the two ends of the path both vanish there");
    }
  };
}

/** λ of each row, [1, terms] for one direction. */
function rowsOfCoefficients(lambdas: readonly (readonly number[])[], [m, n]: readonly [number, number], like: NdArray): NdArray {
  const flat = m === 0 ? lambdas[1] : n === 0 ? lambdas[0] : Array.from({ length: m + n }, (_, row) => lambdas[row < m ? 0 : 1]).flat();
  return array(flat, like.dtype, [flat.length / lambdas[0].length, lambdas[0].length]);
}

function parametersOf<P>(
  parameters: (t: number) => Feeds<P>,
  at: { readonly forward: number; readonly reverse: number },
  counts: readonly [number, number],
): Feeds<P> {
  if (counts[0] === 0) return parameters(at.reverse);
  if (counts[1] === 0) return parameters(at.forward);
  return joinParameters(parameters(at.forward), parameters(at.reverse), counts);
}
