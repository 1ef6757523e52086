/** Piecewise linear paths through snapshots: x_t = (1 - u) x_k + u x_{k+1}, over pairs of a coupling of neighbouring snapshots. */
import { type NdArray, ndarray, type Random, type Tensor, take } from "../tensor/index.ts";
import { optimalTransport, sinkhorn } from "./distances/index.ts";

export type Coupling = "independent" | "ot" | "sinkhorn";

/** Pairs of rows of neighbouring snapshots and the cumulated probability of each. Independent couplings need no list. */
interface Pairs {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly cumulated: Float64Array;
}

export interface Interpolant {
  /** Times of the snapshots, ascending. */
  readonly times: readonly number[];
  /** All snapshots one below the other, [N, d], and where each begins. */
  readonly points: NdArray<"f32">;
  readonly offsets: readonly number[];
  readonly couplings: readonly (Pairs | undefined)[];
}

/** A batch of a path as indices: programs gather the points themselves. */
export interface PathBatch<T = NdArray> {
  /** Rows of `points`, i32 [B]. */
  readonly from: T;
  readonly to: T;
  /** Place between the two snapshots, [B, 1], their distance in time, and the time itself. */
  readonly u: T;
  readonly gap: T;
  readonly t: T;
}

/**
 * @param times      ascending, one per snapshot
 * @param snapshots  [n_k, d]
 * @param coupling   "ot": exact optimal transport of neighbours; "sinkhorn": entropic, ε = mean cost / 20; "independent": any row with any
 */
export function interpolant(times: readonly number[], snapshots: readonly NdArray<"f32">[], coupling: Coupling): Interpolant {
  const d = snapshots[0].shape[1];
  const offsets = snapshots.map((_, k) => snapshots.slice(0, k).reduce((n, s) => n + s.shape[0], 0));
  const total = snapshots.reduce((n, s) => n + s.shape[0], 0);
  const data = new Float32Array(total * d);
  snapshots.forEach((s, k) => data.set(s.data, offsets[k] * d));
  const couplings = snapshots.slice(1).map((next, k) => pairsOf(snapshots[k], next, coupling));
  return { times, points: ndarray(data, [total, d], "f32"), offsets: [...offsets, total], couplings };
}

function pairsOf(x: NdArray<"f32">, y: NdArray<"f32">, coupling: Coupling): Pairs | undefined {
  if (coupling === "independent") return undefined;
  if (coupling === "ot") {
    const plan = optimalTransport(x, y);
    return { from: plan.from, to: plan.to, cumulated: cumulate(plan.mass) };
  }
  const plan = sinkhorn(x, y).plan.data;
  const m = y.shape[0];
  const entries = Int32Array.from({ length: plan.length }, (_, e) => e);
  return { from: entries.map((e) => Math.floor(e / m)), to: entries.map((e) => e % m), cumulated: cumulate(plan) };
}

function cumulate(mass: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(mass.length);
  for (let i = 0, s = 0; i < mass.length; i++) sums[i] = s += mass[i];
  return sums;
}

/** First entry whose cumulated mass exceeds `level`. */
function find(cumulated: Float64Array, level: number): number {
  let [low, high] = [0, cumulated.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle] > level) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * A batch of rows of the path at times spread evenly over it: u_i = frac(u_0 + √2 i), a sequence of low discrepancy from a random start.
 */
export function drawPath({ times, offsets, couplings }: Interpolant, rng: Random, batch: number): PathBatch {
  const columns = (): NdArray<"f32"> => ndarray(new Float32Array(batch), [batch, 1], "f32");
  const [u, gap, t] = [columns(), columns(), columns()];
  const [from, to] = [new Int32Array(batch), new Int32Array(batch)];
  const draws = rng.uniform([2 * batch + 1], "f64").data;
  const [start, end] = [times[0], times[times.length - 1]];
  for (let i = 0; i < batch; i++) {
    const time = start + (end - start) * ((draws[2 * batch] + Math.SQRT2 * i) % 1);
    let k = 0;
    while (k < times.length - 2 && time >= times[k + 1]) k++;
    const pairs = couplings[k];
    const count = (j: number): number => offsets[j + 1] - offsets[j];
    const entry = pairs ? find(pairs.cumulated, draws[i] * pairs.cumulated[pairs.cumulated.length - 1]) : 0;
    from[i] = offsets[k] + (pairs ? pairs.from[entry] : Math.floor(draws[i] * count(k)));
    to[i] = offsets[k + 1] + (pairs ? pairs.to[entry] : Math.floor(draws[batch + i] * count(k + 1)));
    gap.data[i] = times[k + 1] - times[k];
    t.data[i] = time;
    u.data[i] = (time - times[k]) / gap.data[i];
  }
  return { from: ndarray(from, [batch], "i32"), to: ndarray(to, [batch], "i32"), u, gap, t };
}

/** Points x_t and velocities dx_t/dt of a batch. */
export function pathPoints(points: Tensor, { from, to, u, gap }: PathBatch<Tensor>): { x: Tensor; v: Tensor } {
  const [a, b] = [take(points, from), take(points, to)];
  const way = b.sub(a);
  return { x: a.add(way.mul(u)), v: way.div(gap) };
}
