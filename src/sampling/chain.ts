/** Markov chains: a kernel, step by step. */
import { type NdArray, ndarray, type Random } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { type Feeds, jit, type Tensor } from "../tensor/index.ts";
import type { Kernel } from "./kernels/kernel.ts";
import type { ChainArrays, ChainState } from "./target.ts";

/** A kernel as two programs, compiled once a shape. */
export function compileKernel<P, N, D>(kernel: Kernel<P, N, D>) {
  return {
    noise: kernel.noise,
    init: jit((x: Tensor, data: D) => kernel.init(x, data)),
    step: jit((state: ChainState, noise: N, parameters: P, coefficients: Tensor, data: D) =>
      kernel.step(state, noise, parameters, coefficients, data),
    ),
  };
}

export type CompiledKernel<P, N, D> = ReturnType<typeof compileKernel<P, N, D>>;

/** What steps of chains are given. */
export interface ChainOptions<P, D> {
  /** [chains, d], or [chains] for discrete states. */
  readonly start: NdArray;
  /** Frozen parameters, or those of step i (from 0) where they differ, as jittered step sizes do. */
  readonly parameters: Feeds<P> | ((step: number) => Feeds<P>);
  /** λ of the target's terms; 1 for every term if absent. */
  readonly coefficients?: readonly number[];
  readonly data: Feeds<D>;
  readonly steps: number;
  /** Keep the state after every so many steps. Default 1. */
  readonly every?: number;
}

export interface Draws {
  /** [kept, chains, ...], in the precision of the start. */
  readonly draws: NdArray;
  /** Mean acceptance of each step. */
  readonly acceptance: Float64Array;
  /** Proposals rejected because they were not finite, over all chains and steps. */
  readonly invalid: number;
  readonly state: ChainArrays;
}

/** Evaluates the target at the start and refuses starts whose density is no number: no kernel leaves them in a known way. */
export async function startAt<P, N, D>(kernel: CompiledKernel<P, N, D>, x: NdArray, data: Feeds<D>): Promise<ChainArrays> {
  const state = await kernel.init(x, data);
  const values = state.values.data as ArrayLike<number>;
  const terms = state.values.shape[1];
  for (let i = 0; i < values.length; i++)
    if (Number.isNaN(values[i]) || values[i] === Number.POSITIVE_INFINITY)
      throw new UserError(
        `sampling: term ${i % terms} of the target is ${values[i]} at the start of chain ${Math.floor(i / terms)}`,
        "check the log density there, or start the chain elsewhere",
      );
  return state;
}

/** λ as an array [1, terms] in the precision of the values. */
export const coefficientArray = (coefficients: readonly number[], like: NdArray): NdArray =>
  like.dtype === "f64"
    ? ndarray(Float64Array.from(coefficients), [1, coefficients.length], "f64")
    : ndarray(Float32Array.from(coefficients), [1, coefficients.length], "f32");

/** Runs independent chains of a kernel. The same stream gives the same draws. */
export async function sampleChains<P, N, D>(kernel: Kernel<P, N, D>, options: ChainOptions<P, D>, rng: Random): Promise<Draws> {
  const { start, data, steps, every = 1, parameters } = options;
  const compiled = compileKernel(kernel);
  let state = await startAt(compiled, start, data);
  const terms = state.values.shape[1];
  const lambda = coefficientArray(options.coefficients ?? new Array(terms).fill(1), state.values);
  const at = typeof parameters === "function" ? (parameters as (step: number) => Feeds<P>) : () => parameters;
  const count = Math.floor(steps / every);
  const draws = new (start.data.constructor as new (n: number) => typeof start.data)(count * start.data.length);
  const acceptance = new Float64Array(steps);
  let invalid = 0;
  for (let i = 0; i < steps; i++) {
    const step = await compiled.step(state, compiled.noise(rng, start), at(i), lambda, data);
    state = step.state;
    acceptance[i] = meanOf(step.acceptance.data as ArrayLike<number>);
    invalid += sumOf(step.invalid.data as ArrayLike<number>);
    if ((i + 1) % every === 0) (draws as Float64Array).set(state.x.data as Float64Array, ((i + 1) / every - 1) * start.data.length);
  }
  return { draws: ndarray(draws, [count, ...start.shape], start.dtype), acceptance, invalid, state };
}

export function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

export const meanOf = (values: ArrayLike<number>): number => sumOf(values) / values.length;
