/** Exact optimal transport between weighted point clouds, with its certificate. */
import { growingKernel, type Kernel } from "../array/wasm.ts";
import { normalise, type Points, sizes, type Weights } from "./clouds.ts";
import kernelBytes from "./simplex.wasm.ts";

/** An optimal plan, in at most n + m - 1 entries, and the proof that it is optimal. */
export interface Plan {
  /** Σ c_ij π_ij, where π has mass one. */
  readonly cost: number;
  /** Entry k moves mass[k] from point from[k] of X to point to[k] of Y. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly mass: Float64Array;
  /** Dual potentials: u_i + v_j <= c_ij, with equality where mass moves; Σ b_j v_j = 0, hence Σ a_i u_i = cost. */
  readonly potentials: { readonly x: Float64Array; readonly y: Float64Array };
}

/** The cost of a pair, and the weights of the points. */
export interface TransportOptions {
  /** Cost |x - y| (1) or |x - y|² (2, the default). */
  power?: 1 | 2;
  weights?: Weights;
}

interface Simplex {
  layout(n: number, m: number, d: number): number;
  addressOfX(): number;
  addressOfY(): number;
  addressOfCosts(): number;
  addressOfPotentials(): number;
  addressOfFlows(): number;
  addressOfParents(): number;
  rowLength(): number;
  distances(power: number): void;
  solve(limit: number): number;
}

const simplex = growingKernel<Simplex>(kernelBytes);

/**
 * Optimal transport of the cloud X to the cloud Y by the network simplex method on exact integer masses (weights are rounded to 2^-48).
 *
 * @param x  [n, d]
 * @param y  [m, d]
 * @throws RangeError  for clouds of other shapes, coordinates or weights that are no finite numbers, or more pairs than fit into 2 GiB
 */
export function optimalTransport(x: Points, y: Points, { power = 2, weights = {} }: TransportOptions = {}): Plan {
  const { n, m, d } = sizes(x, y);
  if (n * m > 2 ** 27) throw new RangeError(`optimalTransport: ${n} x ${m} points are too many for an exact plan`);
  const masses = integerMasses(weights.x, weights.y, n, m);
  const kernel = simplex((call) => call.layout(n, m, d));
  const { call, memory } = kernel;
  new Float64Array(memory.buffer, call.addressOfX(), n * d).set(x.data);
  const row = call.rowLength();
  const columns = new Float64Array(memory.buffer, call.addressOfY(), d * row);
  columns.fill(0);
  for (let k = 0; k < d; k++) for (let j = 0; j < m; j++) columns[k * row + j] = y.data[j * d + k];
  call.distances(power);
  return solve(kernel, masses, n, m);
}

/** Optimal transport for any costs c [n, m], row-major, between weights a and b (left out: all equal). */
export function transportForCosts(costs: ArrayLike<number>, n: number, m: number, weights: Weights = {}): Plan {
  if (costs.length !== n * m || n === 0 || m === 0) throw new RangeError(`transportForCosts: ${costs.length} costs for ${n} x ${m} pairs`);
  const masses = integerMasses(weights.x, weights.y, n, m);
  const kernel = simplex((call) => call.layout(n, m, 0));
  const row = kernel.call.rowLength();
  const to = new Float64Array(kernel.memory.buffer, kernel.call.addressOfCosts(), n * row);
  let lowest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < costs.length; k++) {
    if (!Number.isFinite(costs[k])) throw new RangeError(`transportForCosts: cost [${Math.floor(k / m)}, ${k % m}] is ${costs[k]}`);
    lowest = Math.min(lowest, costs[k]);
  }
  // the kernel takes costs >= 0; a constant added to all of them changes the potentials only
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) to[i * row + j] = costs[i * m + j] - lowest;
  const plan = solve(kernel, masses, n, m);
  return { ...plan, cost: plan.cost + lowest, potentials: { ...plan.potentials, x: plan.potentials.x.map((u) => u + lowest) } };
}

/** p-Wasserstein distance W_p = (min Σ |x_i - y_j|^p π_ij)^(1/p); p is `power`, 1 or 2. */
export function wasserstein(x: Points, y: Points, options: TransportOptions = {}): number {
  const { cost } = optimalTransport(x, y, options);
  return options.power === 1 ? cost : Math.sqrt(cost);
}

/**
 * The optimal pairing of clouds of the same size: point i of X goes to point `pairing[i]` of Y.
 *
 * @throws RangeError  for clouds of different sizes
 */
export function optimalPairing(x: Points, y: Points, power: 1 | 2 = 2): Int32Array {
  if (x.shape[0] !== y.shape[0]) throw new RangeError(`optimalPairing: clouds of ${x.shape[0]} and ${y.shape[0]} points`);
  const { from, to } = optimalTransport(x, y, { power });
  const pairing = new Int32Array(x.shape[0]);
  from.forEach((i, k) => {
    pairing[i] = to[k];
  });
  return pairing;
}

interface Masses {
  /** Integers of equal total. */
  a: Float64Array;
  b: Float64Array;
  total: number;
}

function integerMasses(x: ArrayLike<number> | undefined, y: ArrayLike<number> | undefined, n: number, m: number): Masses {
  if (x || y) {
    const total = 2 ** 48;
    return { a: rounded(normalise(x, n), total), b: rounded(normalise(y, m), total), total };
  }
  const common = greatestCommonDivisor(n, m);
  return { a: new Float64Array(n).fill(m / common), b: new Float64Array(m).fill(n / common), total: (n * m) / common };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Integers of exactly the given total, each within 1 of weight · total. */
function rounded(weights: Float64Array, total: number): Float64Array {
  let sum = 0;
  let before = 0;
  const last = weights.findLastIndex((w) => w > 0);
  return weights.map((w, i) => {
    sum += w;
    const after = i >= last ? total : Math.min(total, Math.round(sum * total));
    const mass = after - before;
    before = after;
    return mass;
  });
}

function solve({ call, memory }: Kernel<Simplex>, { a, b, total }: Masses, n: number, m: number): Plan {
  const flows = new Float64Array(memory.buffer, call.addressOfFlows(), n + m);
  flows.set(a);
  flows.set(b, n);
  // far above what is ever needed (about 50 pivots a point), to end rather than to hang if a bug should make it cycle
  if (call.solve(1_000_000 + 10_000 * (n + m)) < 0) throw new Error(`optimalTransport: no optimum found for ${n} x ${m} points`);
  const parents = new Int32Array(memory.buffer, call.addressOfParents(), n + m);
  const costs = new Float64Array(memory.buffer, call.addressOfCosts());
  const potentials = new Float64Array(memory.buffer, call.addressOfPotentials(), n + m);
  const row = call.rowLength();
  const moving = Array.from({ length: n + m }, (_, u) => u).filter((u) => flows[u] > 0);
  const from = Int32Array.from(moving, (u) => (u < n ? u : parents[u]));
  const to = Int32Array.from(moving, (u) => (u < n ? parents[u] : u) - n);
  const mass = Float64Array.from(moving, (u) => flows[u] / total);
  const cost = mass.reduce((sum, w, k) => sum + w * costs[from[k] * row + to[k]], 0);
  const mean = b.reduce((sum, w, j) => sum + (w / total) * potentials[n + j], 0);
  const dual = { x: potentials.slice(0, n).map((u) => u + mean), y: potentials.slice(n).map((v) => v - mean) };
  return { cost, from, to, mass, potentials: dual };
}
