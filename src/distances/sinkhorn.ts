/** Entropic optimal transport by Sinkhorn's iteration in the log domain. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { normalise, type Points, type Weights } from "./clouds.ts";
import { loadClouds } from "./gibbs.ts";

/** The cost, its regularisation, and when to stop. */
export interface SinkhornOptions {
  /** Cost |x - y| (1) or |x - y|² (2, the default). */
  power?: 1 | 2;
  /** Entropic regularisation, in units of the cost; default a twentieth of the mean cost. */
  epsilon?: number;
  weights?: Weights;
  /** Stop when the row sums of the plan are off by less than this in total (default 1e-6). */
  tolerance?: number;
  /** At most this many iterations at the final epsilon (default 10,000). */
  maxIterations?: number;
}

/** A plan of least cost and entropy, and how far the iteration came. */
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
 * Sinkhorn's iteration: f_i = -ε log Σ_j b_j exp((g_j - c_ij) / ε), the same for g. As in Schmitzer, SIAM J. Sci. Comput. 41 (2019), ε
 * is halved down to the wanted one, the potentials are kept as logarithms, and most iterations scale the rows and columns of
 * K_ij = exp((f_i + g_j - c_ij) / ε), into which the potentials are absorbed again when the scales grow large.
 *
 * @throws RangeError  for clouds of other shapes, coordinates or weights that are no finite numbers, ε <= 0
 */
export function sinkhorn(x: Points, y: Points, options: SinkhornOptions = {}): EntropicPlan {
  const { power = 2, weights = {}, tolerance = 1e-6, maxIterations = 10_000 } = options;
  const clouds = loadClouds(x, y, power, true);
  const { call, n, m, row, costs, gibbs } = clouds;
  clouds.a.set(normalise(weights.x, n));
  clouds.b.set(normalise(weights.y, m));
  const { mean, most } = summary(costs, n, m, row);
  const target = options.epsilon ?? (mean > 0 ? mean / 20 : 1);
  if (!(target > 0)) throw new RangeError(`sinkhorn: epsilon must be positive, got ${target}`);

  const potentials = { f: new Float64Array(n), g: new Float64Array(m) };
  let iterations = 0;
  for (let epsilon = most; epsilon > target; epsilon /= 2) iterations += iterate(clouds, potentials, epsilon, 0, 5).iterations;
  const last = iterate(clouds, potentials, target, tolerance, maxIterations);
  exponents(clouds, potentials, target);
  const cost = call.absorb(1 / target);
  const plan = new Float64Array(n * m);
  for (let i = 0; i < n; i++) plan.set(gibbs.subarray(i * row, i * row + m), i * m);
  return {
    plan: ndarray(plan, [n, m], "f64"),
    cost,
    potentials: { x: potentials.f, y: potentials.g },
    epsilon: target,
    iterations: iterations + last.iterations,
    error: last.error,
    converged: last.error <= tolerance,
  };
}

type Clouds = ReturnType<typeof loadClouds>;
interface Potentials {
  f: Float64Array;
  g: Float64Array;
}

/** Sinkhorn iterations at one ε, until the row sums are off by no more than `tolerance`. They contract: the error is a bound. */
function iterate(clouds: Clouds, potentials: Potentials, epsilon: number, tolerance: number, most: number) {
  const { call, rowScales, columnScales } = clouds;
  let error = Number.POSITIVE_INFINITY;
  let iterations = 0;
  while (iterations < most && error > tolerance) {
    logIteration(clouds, potentials, epsilon);
    exponents(clouds, potentials, epsilon);
    call.absorb(1 / epsilon);
    iterations++;
    while (iterations < most && error > tolerance && moderate(rowScales) && moderate(columnScales)) {
      error = call.scale();
      iterations++;
    }
    if (usable(rowScales) && usable(columnScales)) {
      potentials.f.forEach((_, i) => void (potentials.f[i] += epsilon * Math.log(rowScales[i])));
      potentials.g.forEach((_, j) => void (potentials.g[j] += epsilon * Math.log(columnScales[j])));
    } else error = Number.POSITIVE_INFINITY;
  }
  return { error, iterations };
}

const moderate = (scales: Float64Array): boolean => scales.every((s) => s > 1e-50 && s < 1e50);
const usable = (scales: Float64Array): boolean => scales.every((s) => s > 0 && s < Number.POSITIVE_INFINITY);

/** One iteration on logarithms, which cannot overflow. */
function logIteration({ call, n, m, a, b, rows, columns, highest, sums }: Clouds, { f, g }: Potentials, epsilon: number): void {
  for (let j = 0; j < m; j++) columns[j] = g[j] / epsilon + Math.log(b[j]);
  call.sumRows(1 / epsilon);
  for (let i = 0; i < n; i++) {
    f[i] = -epsilon * (highest[i] + Math.log(sums[i]));
    rows[i] = f[i] / epsilon + Math.log(a[i]);
  }
  call.sumColumns(1 / epsilon);
  for (let j = 0; j < m; j++) g[j] = -epsilon * (highest[j] + Math.log(sums[j]));
}

/** Logarithms of the plan without its costs: f / ε + log a and g / ε + log b. */
function exponents({ n, m, a, b, rows, columns }: Clouds, { f, g }: Potentials, epsilon: number): void {
  for (let i = 0; i < n; i++) rows[i] = f[i] / epsilon + Math.log(a[i]);
  for (let j = 0; j < m; j++) columns[j] = g[j] / epsilon + Math.log(b[j]);
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
