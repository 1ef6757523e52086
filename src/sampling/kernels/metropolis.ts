/** Metropolis and Hastings with proposals of any kind; the random walk, in all coordinates or block by block. */
import { array, type Random } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { constant, type Feeds, type Tensor, take } from "../../tensor/index.ts";
import { evaluate, logDensityChange, type Target } from "../target.ts";
import { column, decide, floatOf, type Kernel, type Like } from "./kernel.ts";
import { scaleBy } from "./scale.ts";

/** A proposal y ~ q(.|x) and what its asymmetry costs. */
export interface Proposal<P, N, D> {
  readonly noise: (rng: Random, like: Like) => Feeds<N>;
  /** y, and log q(x|y) - log q(y|x) of shape [chains], absent where q is symmetric. */
  readonly propose: (x: Tensor, noise: N, parameters: P, data: D) => { readonly y: Tensor; readonly logRatio?: Tensor };
}

/** The noise of a proposal and the uniforms of its acceptance. */
export interface Judged<N> {
  readonly proposal: N;
  /** [chains]. */
  readonly u: Tensor;
}

/**
 * The kernel of Metropolis and Hastings: accept y with probability min(1, π(y) q(x|y) / (π(x) q(y|x))).
 *
 * @source  Hastings, Biometrika 57 (1970), eq. 2.7
 */
export function metropolisHastings<P, N, D>(target: Target<D>, proposal: Proposal<P, N, D>): Kernel<P, Judged<N>, D> {
  return {
    // what the type system cannot: Feeds of a generic tree is the tree of its parts
    noise: (rng, like) => ({ proposal: proposal.noise(rng, like), u: uniforms(rng, like) }) as Feeds<Judged<N>>,
    init: (x, data) => evaluate(target, x, data),
    step(state, { proposal: noise, u }, parameters, coefficients, data) {
      const { y, logRatio } = proposal.propose(state.x, noise, parameters, data);
      const next = evaluate(target, y, data);
      const change = logDensityChange(coefficients, state, next);
      return decide(state, next, logRatio ? change.add(logRatio.cast(change.dtype)) : change, u, coefficients);
    },
  };
}

/** Uniforms for `decide`, in the precision of the states. */
export const uniforms = (rng: Random, like: Like) => rng.uniform([like.shape[0]], floatOf(like));

export interface WalkParameters {
  /** ε, in units of x (of the scale, if there is one): [] or [1 or chains]. */
  readonly stepSize: Tensor;
  /** L of the proposal's covariance ε² L Lᵀ. */
  readonly scale?: Tensor;
}

export interface WalkNoise {
  /** ξ ~ N(0, I): [chains, d]. */
  readonly xi: Tensor;
  /** Which block moves: [chains], only with blocks. */
  readonly block?: Tensor;
}

/**
 * Random walk: y = x + ε L ξ. With `blocks` (lists of coordinates), each step moves one block of each chain, drawn at random: unlike a
 * sweep in fixed order, that is reversible.
 *
 * @source  Metropolis et al., J. Chem. Phys. 21 (1953)
 */
export function randomWalk<D>(target: Target<D>, { blocks }: { readonly blocks?: readonly (readonly number[])[] } = {}) {
  if (blocks && (blocks.length === 0 || blocks.some((block) => block.length === 0)))
    throw new UserError("randomWalk: a block has no coordinates", "give each block the indices of the coordinates that move together");
  const proposal: Proposal<WalkParameters, WalkNoise, D> = {
    noise(rng, like) {
      const xi = rng.normal(like.shape, floatOf(like));
      return blocks ? { xi, block: rng.integers(0, blocks.length, [like.shape[0]]) } : { xi };
    },
    propose(x, { xi, block }, { stepSize, scale }) {
      const mask = block && blocks ? take(constant(maskOf(blocks, x.shape[1], floatOf(x))), block) : undefined;
      const move = scaleBy(scale, mask ? xi.mul(mask) : xi).mul(column(stepSize));
      return { y: x.add(mask && scale?.rank === 3 ? move.mul(mask) : move) };
    },
  };
  return metropolisHastings(target, proposal);
}

function maskOf(blocks: readonly (readonly number[])[], d: number, dtype: "f32" | "f64") {
  const wrong = blocks.flat().find((i) => !(Number.isInteger(i) && i >= 0 && i < d));
  if (wrong !== undefined) throw new UserError(`randomWalk: a block names coordinate ${wrong} of states of ${d} coordinates`);
  const still = Array.from({ length: d }, (_, i) => i).filter((i) => !blocks.some((block) => block.includes(i)));
  if (still.length) throw new UserError(`randomWalk: coordinates ${still.join(", ")} are in no block and would never move`);
  return array(
    blocks.map((block) => Array.from({ length: d }, (_, i) => Number(block.includes(i)))),
    dtype,
  );
}
