/** Couplings of neighbouring snapshots, as lists of pairs of rows from which batches are drawn. */
import type { NdArray } from "../tensor/index.ts";
import { quadraticCost } from "./costs.ts";
import { optimalTransport, sinkhorn, transportForCosts } from "./distances/index.ts";
import { carriedToMiddle, type PairMotion, pairCosts } from "./pair-costs.ts";
import { reachPlan } from "./unbalanced.ts";

/**
 * "ot": exact optimal transport; "sinkhorn": entropic; "independent": any row with any; "unbalanced": optimal transport with growth (Wasserstein–Fisher–Rao),
 * whose pairs change their mass on the way.
 */
export type Coupling = "independent" | "ot" | "sinkhorn" | "unbalanced";

/** Pairs sorted by `from`; entry e has probability (cumulated[e] - cumulated[e - 1]) / cumulated.at(-1). */
export interface Pairs {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly cumulated: Float64Array;
  /** First entry of each row of the snapshot before; one more at the end. */
  readonly starts: Int32Array;
  /** Masses of each pair at both ends, whose means over the pairs are the masses of the snapshots; only if pairs change their mass. */
  readonly mass0?: Float64Array;
  readonly mass1?: Float64Array;
  /** C = E √(m0 m1) cos θ over the pairs at angle θ: their mass at u is (1-u)² Z_0 + u² Z_1 + 2 u (1-u) C. */
  readonly overlap?: number;
}

/** A snapshot: points [n, d], the weights of its particles (absent: equal) and their total mass. */
export interface Cloud {
  readonly points: NdArray<"f32">;
  readonly weights?: ArrayLike<number>;
  readonly mass: number;
}

/** Under a free drift, "ot" and "sinkhorn" pair particles where the drift has carried them; under a convex cost, "ot" pairs them by it. */
export interface CouplingOptions extends PairMotion {
  readonly coupling: Coupling;
  /** σ: entropic plans get ε = 2 σ² gap, that of the Schrödinger bridge; 0: a twentieth of the mean cost. */
  readonly noise?: number;
  /** λ of unbalanced plans. */
  readonly growth?: number;
  /** Times of the two snapshots. */
  readonly start: number;
  readonly end: number;
}

/** Pairs of two snapshots; undefined: independent. */
export async function pairsOf(
  x: Cloud,
  y: Cloud,
  { coupling, noise = 0, growth = 1, start, end, drift, cost = quadraticCost }: CouplingOptions,
): Promise<Pairs | undefined> {
  const weights = { x: x.weights, y: y.weights };
  const n = x.points.shape[0];
  const m = y.points.shape[0];
  const gap = end - start;
  if (coupling === "independent") return undefined;
  if (coupling !== "unbalanced") {
    const [a, b] = drift ? await carriedToMiddle(x.points, y.points, drift, start, end) : [x.points, y.points];
    if (coupling === "sinkhorn") {
      const { plan } = sinkhorn(a, b, { weights, ...(noise > 0 && { epsilon: 2 * noise ** 2 * gap }) });
      return dense(plan.data, n, m);
    }
    const plan = cost === quadraticCost ? optimalTransport(a, b, { weights }) : transportForCosts(await pairCosts(a, b, cost, gap), n, m, weights); // biome-ignore format: one line
    return sorted(plan.from, plan.to, plan.mass, n);
  }
  // 1/λ is a squared length, so the geodesic in time T is that of unit time, slowed down
  const { plan, mass0, mass1 } = await reachPlan(x, y, growth);
  const pairs = dense(plan.data, n, m);
  const carried = {
    mass0: Float64Array.from(pairs.from, (i) => mass0[i]),
    mass1: Float64Array.from(pairs.to, (j) => mass1[j]),
  };
  return { ...pairs, ...carried, overlap: overlapOf(x, y, pairs, carried.mass0, carried.mass1, growth) };
}

function overlapOf(x: Cloud, y: Cloud, pairs: Pairs, mass0: Float64Array, mass1: Float64Array, growth: number): number {
  const d = x.points.shape[1];
  const { from, to, cumulated } = pairs;
  let sum = 0;
  for (let e = 0; e < from.length; e++) {
    let square = 0;
    for (let k = 0; k < d; k++) square += (x.points.data[from[e] * d + k] - y.points.data[to[e] * d + k]) ** 2;
    const angle = Math.min(Math.sqrt(growth * square) / 2, 0.499 * Math.PI);
    sum += (cumulated[e] - (e > 0 ? cumulated[e - 1] : 0)) * Math.sqrt(mass0[e] * mass1[e]) * Math.cos(angle);
  }
  return sum / cumulated[cumulated.length - 1];
}

function sorted(from: Int32Array, to: Int32Array, mass: Float64Array, n: number): Pairs {
  const order = Array.from(from.keys()).sort((a, b) => from[a] - from[b]);
  const pick = (values: Int32Array): Int32Array => Int32Array.from(order, (e) => values[e]);
  return finish(
    pick(from),
    pick(to),
    Float64Array.from(order, (e) => mass[e]),
    n,
  );
}

/** Entries of a dense plan without those of no weight (all together below 1e-6 of a row). */
function dense(plan: Float64Array, n: number, m: number): Pairs {
  const entries: number[] = [];
  for (let i = 0; i < n; i++) {
    const row = plan.subarray(i * m, (i + 1) * m);
    const least = (row.reduce((a, b) => a + b, 0) / m) * 1e-6;
    for (let j = 0; j < m; j++) if (row[j] > least) entries.push(i * m + j);
  }
  const from = Int32Array.from(entries, (e) => Math.floor(e / m));
  return finish(
    from,
    Int32Array.from(entries, (e) => e % m),
    Float64Array.from(entries, (e) => plan[e]),
    n,
  );
}

function finish(from: Int32Array, to: Int32Array, mass: Float64Array, n: number): Pairs {
  const cumulated = cumulate(mass);
  const starts = new Int32Array(n + 1);
  for (const i of from) starts[i + 1]++;
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  return { from, to, cumulated, starts };
}

export function cumulate(mass: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(mass.length);
  for (let i = 0, s = 0; i < mass.length; i++) sums[i] = s += mass[i];
  return sums;
}

/** First entry in [low, high) whose cumulated mass exceeds `level`; the last one if none does. */
export function findLevel(cumulated: Float64Array, level: number, low = 0, high = cumulated.length): number {
  high--;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle] > level) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** An entry among those of row i, by its mass; u in (0, 1). */
export function partnerOf({ cumulated, starts }: Pairs, i: number, u: number): number {
  const [low, high] = [starts[i], starts[i + 1]];
  if (low === high) return Math.min(low, cumulated.length - 1); // a row without mass: its neighbour's
  const before = low > 0 ? cumulated[low - 1] : 0;
  return findLevel(cumulated, before + u * (cumulated[high - 1] - before), low, high);
}
