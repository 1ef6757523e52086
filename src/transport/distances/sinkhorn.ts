/** Entropic optimal transport by Sinkhorn's iteration in the log domain. */
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { normalise, type Points, type Weights } from "./clouds.ts";
import { loadClouds } from "./gibbs.ts";

export interface SinkhornOptions {
  /** Cost |x - y| (1) or |x - y|² (2, the default). */
  power?: 1 | 2;
  /** Entropic regularisation, in units of the cost; default a hundredth of the mean cost. */
  epsilon?: number;
  weights?: Weights;
  /** Stop when the row sums of the plan are off by less than this in total (default 1e-6). */
  tolerance?: number;
  /** At most this many iterations at the final epsilon (default 10,000). */
  maxIterations?: number;
}

export interface EntropicPlan {
  /** π [n, m], of mass one; its column sums are exact, its row sums within `error`. */
  readonly plan: NdArray<"f64">;
  /** Σ c_ij π_ij, without the entropy. */
  readonly cost: number;
  /** π_ij = a_i b_j exp((x_i + y_j - c_ij) / ε) */
  readonly potentials: { readonly x: Float64Array; readonly y: Float64Array };
  readonly epsilon: number;
  readonly iterations: number;
  /** A bound on Σ_i |Σ_j π_ij - a_i|. */
  readonly error: number;
  readonly converged: boolean;
}

/**
 * minimise Σ c_ij π_ij + ε KL(π | a ⊗ b) over plans π of the weights a, b.
 *
 * Alternating f_i = -ε log Σ_j b_j exp((g_j - c_ij) / ε) and the same for g, from a large ε that is halved down to the wanted one
 * (Schmitzer, SIAM J. Sci. Comput. 41, 2019), so that few iterations are needed at small ε; nothing overflows.
 */
export function sinkhorn(x: Points, y: Points, options: SinkhornOptions = {}): EntropicPlan {
  const { power = 2, weights = {}, tolerance = 1e-6, maxIterations = 10_000 } = options;
  const clouds = loadClouds(x, y, power);
  const { call, n, m, row, costs, rows, columns, highest, sums } = clouds;
  const a = normalise(weights.x, n);
  const b = normalise(weights.y, m);
  const { mean, most } = summary(costs, n, m, row);
  const target = options.epsilon ?? (mean > 0 ? mean / 100 : 1);
  if (!(target > 0)) throw new RangeError(`sinkhorn: epsilon must be positive, got ${target}`);

  const f = new Float64Array(n);
  const g = new Float64Array(m);
  const logA = a.map(Math.log);
  const logB = b.map(Math.log);

  /** Updates f, then g; returns how far the row sums were off before. They contract, so this bounds the error afterwards. */
  function iterate(epsilon: number): number {
    let off = 0;
    for (let j = 0; j < m; j++) columns[j] = g[j] / epsilon + logB[j];
    call.sumRows(1 / epsilon);
    for (let i = 0; i < n; i++) {
      const updated = -epsilon * (highest[i] + Math.log(sums[i]));
      if (a[i] > 0) off += a[i] * Math.abs(1 - Math.exp((f[i] - updated) / epsilon));
      f[i] = updated;
      rows[i] = f[i] / epsilon + logA[i];
    }
    call.sumColumns(1 / epsilon);
    for (let j = 0; j < m; j++) g[j] = -epsilon * (highest[j] + Math.log(sums[j]));
    return off;
  }

  let iterations = 0;
  for (let epsilon = most; epsilon > target; epsilon /= 2) for (let k = 0; k < 5; k++, iterations++) iterate(epsilon);
  let error = Number.POSITIVE_INFINITY;
  for (let k = 0; k < maxIterations && error > tolerance; k++, iterations++) error = iterate(target);
  for (let j = 0; j < m; j++) columns[j] = g[j] / target + logB[j];
  const cost = call.plan(1 / target);
  const plan = new Float64Array(n * m);
  for (let i = 0; i < n; i++) plan.set(costs.subarray(i * row, i * row + m), i * m);
  return {
    plan: ndarray(plan, [n, m], "f64"),
    cost,
    potentials: { x: f, y: g },
    epsilon: target,
    iterations,
    error,
    converged: error <= tolerance,
  };
}

function summary(costs: Float64Array, n: number, m: number, row: number): { mean: number; most: number } {
  let sum = 0;
  let most = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      sum += costs[i * row + j];
      most = Math.max(most, costs[i * row + j]);
    }
  return { mean: sum / (n * m), most };
}
