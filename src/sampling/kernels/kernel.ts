/** What a Markov kernel is, and how a proposal is accepted. */
import type { Random, Shape } from "../../array/index.ts";
import { and, exp, type Feeds, isFinite, isNaN, less, log, minimum, not, or, type Tensor, where } from "../../tensor/index.ts";
import { type ChainState, logDensityOf } from "../target.ts";

/** Shape and dtype of the states that noise is for. */
export interface Like {
  readonly dtype: string;
  readonly shape: Shape;
}

/** Result of a step. */
export interface Transition {
  readonly state: ChainState;
  /** Probability with which the proposal is accepted: [chains]. */
  readonly acceptance: Tensor;
  /** 1 where the proposal was rejected because its density or energy is not finite: [chains]. */
  readonly invalid: Tensor;
}

/**
 * A kernel that leaves π_λ invariant and is reversible with respect to it, for batches of chains. Randomness, parameters, λ and data are
 * inputs of `step`, so that one compiled program serves all temperatures; nothing in it adapts. Every leaf of the parameters has a leading
 * axis of 1 (shared) or of the chains, except step sizes, which may be scalars.
 *
 * @typeParam P  parameters, @typeParam N  noise, @typeParam D  data of the target: trees of tensors
 */
export interface Kernel<P, N, D> {
  /** The noise of one step, drawn on the host. */
  readonly noise: (rng: Random, like: Like) => Feeds<N>;
  /** Evaluates the target at x. */
  readonly init: (x: Tensor, data: D) => ChainState;
  /** One step; coefficients λ: [1 or chains, terms]. */
  readonly step: (state: ChainState, noise: N, parameters: P, coefficients: Tensor, data: D) => Transition;
}

/** Floats of the precision of the states; f32 for discrete ones. */
export const floatOf = ({ dtype }: Like): "f32" | "f64" => (dtype === "f64" ? "f64" : "f32");

/**
 * Metropolis and Hastings: the proposal where log u < log ratio, else the old state. Chosen by `where`: a product with 0 or 1 would let one
 * NaN poison the chain. Proposals of density 0, infinite density or NaN are rejected and counted.
 *
 * @param logRatio  log π(y) q(x|y) / (π(x) q(y|x)): [chains]
 * @param u         uniforms on (0, 1): [chains]
 */
export function decide(old: ChainState, proposal: ChainState, logRatio: Tensor, u: Tensor, coefficients: Tensor): Transition {
  const invalid = or(not(isFinite(logDensityOf(coefficients, proposal.values))), isNaN(logRatio));
  const accept = and(not(invalid), less(log(u.cast(logRatio.dtype)), logRatio));
  return {
    state: select(accept, proposal, old),
    acceptance: where(invalid, 0, exp(minimum(logRatio, 0))),
    invalid: invalid.cast("f32"),
  };
}

function select(accept: Tensor, yes: ChainState, no: ChainState): ChainState {
  const choose = (a: Tensor, b: Tensor): Tensor => where(accept.reshape([accept.size, ...new Array(a.rank - 1).fill(1)]), a, b);
  const state = { x: choose(yes.x, no.x), values: choose(yes.values, no.values) };
  return yes.gradients && no.gradients ? { ...state, gradients: choose(yes.gradients, no.gradients) } : state;
}

/** A parameter [] or [1 or chains] as a column, to multiply with [chains, d]. */
export const column = (parameter: Tensor): Tensor => (parameter.rank === 0 ? parameter : parameter.expandDims(-1));
