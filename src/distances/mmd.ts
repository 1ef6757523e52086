/** Maximum mean discrepancy. */
import { normalise, type Points, type Weights } from "./clouds.ts";
import { loadClouds } from "./gibbs.ts";

/** Which kernels, and the weights of the points. */
export interface MmdOptions {
  /** Widths γ of the kernels exp(-γ |x - y|²). */
  gammas?: readonly number[];
  /** The mean over the kernels, or their sum; default: mean. */
  combine?: "mean" | "sum";
  weights?: Weights;
  /** "biased": pairs of a point with itself count too, which keeps it from falling below 0; default: unbiased. */
  estimate?: "unbiased" | "biased";
}

/** The usual set for single-cell data (Bunne et al., Nature Methods 20, 2023). */
const defaultGammas = [2, 1, 0.5, 0.1, 0.01, 0.005] as const;

/** The hydrogen atom of Neklyudov et al. (ICML 2023): three times one kernel, of width 1e-4 in its units. */
export const hydrogenKernels: MmdOptions = { gammas: [1e-4, 1e-4, 1e-4], combine: "sum" };

/**
 * Squared maximum mean discrepancy by the unbiased U-statistic (Gretton et al., JMLR 13, 2012, eq. 3): it may be negative.
 *
 *   Σ_{i≠j} a_i a_j k(x_i, x_j) / (1 - Σ a²) + Σ_{i≠j} b_i b_j k(y_i, y_j) / (1 - Σ b²) - 2 Σ_ij a_i b_j k(x_i, y_j)
 *
 * with a = 1/n, b = 1/m unless weights are given. Biased (their eq. 5), the first two sums are over all pairs and divided by nothing: the
 * squared distance of the two samples' own mean embeddings, greater than that of their populations by the sampling.
 */
export function mmd(
  x: Points,
  y: Points,
  { gammas = defaultGammas, combine = "mean", weights = {}, estimate = "unbiased" }: MmdOptions = {},
): number {
  const a = normalise(weights.x, x.shape[0]);
  const b = normalise(weights.y, y.shape[0]);
  const within = (points: Points, w: Float64Array): number => withoutDiagonal(average(points, points, w, w, gammas), w, estimate);
  const mean = within(x, a) + within(y, b) - 2 * average(x, y, a, b, gammas);
  return combine === "sum" ? mean * gammas.length : mean;
}

/** The unbiased mean over the usual kernels as a function of the weights of both clouds: the kernels of all pairs are computed once. */
export function mmdOfWeights(x: Points, y: Points): (weights: Weights) => number {
  const [xx, yy, xy] = [kernelMeans(x, x), kernelMeans(y, y), kernelMeans(x, y)];
  return (weights) => {
    const a = normalise(weights.x, x.shape[0]);
    const b = normalise(weights.y, y.shape[0]);
    return withoutDiagonal(xx(a, a), a, "unbiased") + withoutDiagonal(yy(b, b), b, "unbiased") - 2 * xy(a, b);
  };
}

/** The mean kernel within a cloud of weights w from its sum over all pairs; the diagonal of the kernel is 1. */
function withoutDiagonal(all: number, w: Float64Array, estimate: MmdOptions["estimate"]): number {
  if (estimate === "biased") return all;
  const diagonal = w.reduce((sum, v) => sum + v * v, 0);
  if (!(diagonal < 1)) throw new RangeError("mmd: a cloud needs at least two points of positive weight");
  return (all - diagonal) / (1 - diagonal);
}

/** The sum of `average` with the usual kernels, whose values are kept. */
function kernelMeans(x: Points, y: Points): (a: Float64Array, b: Float64Array) => number {
  const { costs, n, m, row } = loadClouds(x, y, 2);
  const means = costs.map((square) => defaultGammas.reduce((sum, gamma) => sum + Math.exp(-gamma * square), 0) / defaultGammas.length);
  return (a, b) => {
    let total = 0;
    for (let i = 0; i < n; i++) {
      if (a[i] === 0) continue; // a third of a resample
      let sum = 0;
      for (let j = 0; j < m; j++) sum += means[i * row + j] * b[j];
      total += a[i] * sum;
    }
    return total;
  };
}

/** Σ_ij a_i b_j exp(-γ |x_i - y_j|²), averaged over γ. */
function average(x: Points, y: Points, a: Float64Array, b: Float64Array, gammas: readonly number[]): number {
  const { call, rows, columns } = loadClouds(x, y, 2);
  rows.set(a);
  columns.set(b);
  return gammas.reduce((sum, gamma) => sum + call.kernelSum(gamma), 0) / gammas.length;
}
