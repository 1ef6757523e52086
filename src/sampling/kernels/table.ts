/** Discrete states: proposals by a table of probabilities, and the table of the kernel that they make. */
import type { NdArray } from "../../array/index.ts";
import { argmax, log, oneHot, type Tensor } from "../../tensor/index.ts";
import type { Target } from "../target.ts";
import { floatOf, type Like } from "./kernel.ts";
import { metropolisHastings } from "./metropolis.ts";
import { spread } from "./scale.ts";

export interface TableParameters {
  /** q(y|x): [1 or chains, states, states], rows x, columns y, rows add up to 1. */
  readonly proposal: Tensor;
}

/**
 * Metropolis and Hastings on states 0 … n - 1 with the proposal table q: y ~ q(.|x) by the largest of log q + Gumbel noise, so that what
 * has probability 0 is never proposed. States are integers of shape [chains].
 */
export function tableMetropolis<D>(target: Target<D>, states: number) {
  return metropolisHastings<TableParameters, { readonly gumbel: Tensor }, D>(target, {
    noise: (rng, like: Like) => ({ gumbel: rng.gumbel([like.shape[0], states], floatOf(like)) }),
    propose(x, { gumbel }, { proposal }) {
      const precision = floatOf(proposal);
      const row = (state: Tensor): Tensor => oneHot(state, states, precision).expandDims(-1).mul(spread(proposal, x.shape[0])).sum(1);
      const forward = row(x);
      const y = argmax(log(forward).add(gumbel.cast(precision))).cast("i32");
      const chance = (probabilities: Tensor, state: Tensor): Tensor => probabilities.mul(oneHot(state, states, precision)).sum(1);
      return { y, logRatio: log(chance(row(y), x)).sub(log(chance(forward, y))) };
    },
  });
}

/**
 * The transition probabilities P_xy of `tableMetropolis` for a target given as log densities: what enumerations multiply. Rows add up to 1,
 * π_x P_xy = π_y P_yx.
 */
export function transitionTable(logDensities: ArrayLike<number>, proposal: NdArray): Float64Array {
  const n = logDensities.length;
  const q = proposal.data as ArrayLike<number>;
  const table = new Float64Array(n * n);
  for (let x = 0; x < n; x++) {
    let left = 0;
    for (let y = 0; y < n; y++) {
      if (y === x || !(q[x * n + y] > 0)) continue;
      const ratio = Math.exp(logDensities[y] - logDensities[x]) * (q[y * n + x] / q[x * n + y]);
      left += table[x * n + y] = q[x * n + y] * Math.min(1, ratio);
    }
    table[x * n + x] = 1 - left;
  }
  return table;
}
