/** Maximum mean discrepancy. */
import { normalise, type Points, type Weights } from "./clouds.ts";
import { loadClouds } from "./gibbs.ts";

export interface MmdOptions {
  /** Widths γ of the kernels exp(-γ |x - y|²), over which the result is averaged. */
  gammas?: readonly number[];
  weights?: Weights;
}

/** The usual set for single-cell data (Bunne et al., Nature Methods 20, 2023). */
export const defaultGammas = [2, 1, 0.5, 0.1, 0.01, 0.005] as const;

/**
 * Squared maximum mean discrepancy by the unbiased U-statistic (Gretton et al., JMLR 13, 2012, eq. 3): it may be negative.
 *
 *   Σ_{i≠j} a_i a_j k(x_i, x_j) / (1 - Σ a²) + Σ_{i≠j} b_i b_j k(y_i, y_j) / (1 - Σ b²) - 2 Σ_ij a_i b_j k(x_i, y_j)
 *
 * with a = 1/n, b = 1/m unless weights are given.
 */
export function mmd(x: Points, y: Points, { gammas = defaultGammas, weights = {} }: MmdOptions = {}): number {
  const a = normalise(weights.x, x.shape[0]);
  const b = normalise(weights.y, y.shape[0]);
  const within = (points: Points, w: Float64Array): number => {
    // the diagonal of the kernel is 1
    const diagonal = w.reduce((sum, v) => sum + v * v, 0);
    if (!(diagonal < 1)) throw new RangeError("mmd: a cloud needs at least two points of positive weight");
    return (average(points, points, w, w, gammas) - diagonal) / (1 - diagonal);
  };
  return within(x, a) + within(y, b) - 2 * average(x, y, a, b, gammas);
}

/** Σ_ij a_i b_j exp(-γ |x_i - y_j|²), averaged over γ. */
function average(x: Points, y: Points, a: Float64Array, b: Float64Array, gammas: readonly number[]): number {
  const { call, rows, columns } = loadClouds(x, y, 2);
  rows.set(a);
  columns.set(b);
  return gammas.reduce((sum, gamma) => sum + call.kernelSum(gamma), 0) / gammas.length;
}
