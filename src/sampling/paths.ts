/** Paths of densities from one that is known to one that is wanted: the coefficients λ(β) of a target's terms. */

import type { NdArray } from "../array/index.ts";

/** λ at the inverse temperature β in [0, 1]. */
export type AnnealingPath = (beta: number) => readonly number[];

/** Between two log densities: log π_β = (1 - β) f_0 + β f_1. */
export const geometricPath: AnnealingPath = (beta) => [1 - beta, beta];

/** From a prior to a posterior: log π_β = log prior + β log likelihood. */
export const temperedPath: AnnealingPath = (beta) => [1, beta];

/** log π̃_t - log π̃_{t-1} at row `row` of the values [rows, terms] of a target's terms, in f64. */
export function logIncrement(path: AnnealingPath, betas: ArrayLike<number>, t: number): (values: NdArray, row: number) => number {
  const before = path(betas[t - 1]);
  const change = path(betas[t]).map((lambda, j) => lambda - before[j]);
  return ({ data, shape }, row) => {
    const v = data as ArrayLike<number>;
    let sum = 0;
    // a term whose coefficient does not change has no say, even if it is infinite
    for (let j = 0; j < change.length; j++) if (change[j] !== 0) sum += change[j] * v[row * shape[1] + j];
    return sum;
  };
}
