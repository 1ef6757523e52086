/** Couplings of neighbouring snapshots, as lists of pairs of rows from which batches are drawn. */
import { type Random, randomStream } from "../../array/index.ts";
import { optimalTransport, rowsOf, sinkhorn, transportForCosts } from "../../distances/index.ts";
import { quadraticCost } from "../lagrangian/costs.ts";
import type { Cloud } from "./cloud.ts";
import { carriedToMiddle, type PairMotion, pairCosts } from "./pair-costs.ts";
import { reachPlan } from "./unbalanced.ts";

/**
 * "ot": exact optimal transport; "sinkhorn": entropic; "independent": any row with any; "unbalanced": optimal transport with growth
 * (Wasserstein–Fisher–Rao), whose pairs change their mass on the way; "smooth": exact optimal transport of places and motions, whose chains
 * through all snapshots turn least; "multimarginal": chains through all snapshots by the entropic law of least acceleration.
 */
export type Coupling = "independent" | "ot" | "sinkhorn" | "unbalanced" | "smooth" | "multimarginal";

/** Pairs of all snapshots together, along whose chains velocities change least. */
export const isJoint = (coupling: Coupling | undefined): coupling is "smooth" | "multimarginal" =>
  coupling === "smooth" || coupling === "multimarginal";

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

/** Under a free drift, "ot" and "sinkhorn" pair particles where the drift has carried them; under a convex cost, "ot" pairs them by it. */
export interface CouplingOptions extends PairMotion {
  /** Others are those of all snapshots together. */
  readonly coupling: Exclude<Coupling, "smooth" | "multimarginal">;
  /** σ: entropic plans get ε = 2 σ² gap, that of the Schrödinger bridge; 0: a twentieth of the mean cost. */
  readonly noise?: number;
  /** λ of unbalanced plans. */
  readonly growth?: number;
  /** Times of the two snapshots. */
  readonly start: number;
  readonly end: number;
}

/** Most entries of a plan that is solved at once. Exact plans take seconds then, unbalanced ones too, and half a gigabyte. */
const most = { ot: 25_000_000, sinkhorn: 25_000_000, unbalanced: 4_000_000 } as const;

/**
 * Pairs of two snapshots; undefined: independent. Snapshots too large for one plan are dealt at random into equally many parts, and part is
 * paired with part: every particle has its partners, and what they cost more than those of one plan is the sampling of the parts, which
 * have thousands of particles.
 */
export async function pairsOf(x: Cloud, y: Cloud, options: CouplingOptions): Promise<Pairs | undefined> {
  const { coupling } = options;
  if (coupling === "independent") return undefined;
  const [n, m] = [x.points.shape[0], y.points.shape[0]];
  const count = Math.min(n, m, Math.ceil(Math.sqrt((n * m) / most[coupling])));
  const [of, others] = [x, y].map((cloud, side) => dealt(cloud, count, randomStream(1).fold(side)));
  const plans: Entries[] = [];
  for (let b = 0; b < count; b++) plans.push(await entriesOf(of[b].cloud, others[b].cloud, options));
  const rows = plans.map((_, b) => ({ from: of[b].rows, to: others[b].rows }));
  const pairs = sortedPairs(count === 1 ? plans[0] : together(plans, rows), n);
  return coupling === "unbalanced" ? { ...pairs, overlap: overlapOf(x, y, pairs, options.growth ?? 1) } : pairs;
}

/** The entries of all parts, each part with the same mass. */
function together(plans: readonly Entries[], rows: readonly { from: Int32Array; to: Int32Array }[]): Entries {
  const size = plans.reduce((s, p) => s + p.from.length, 0);
  const [from, to] = [new Int32Array(size), new Int32Array(size)];
  const [mass, mass0, mass1] = Array.from({ length: 3 }, () => new Float64Array(size));
  let at = 0;
  for (const [b, plan] of plans.entries()) {
    const total = Array.from(plan.mass).reduce((s, w) => s + w, 0) * plans.length;
    for (let e = 0; e < plan.from.length; e++, at++) {
      from[at] = rows[b].from[plan.from[e]];
      to[at] = rows[b].to[plan.to[e]];
      mass[at] = plan.mass[e] / total;
      mass0[at] = plan.mass0?.[e] ?? 1;
      mass1[at] = plan.mass1?.[e] ?? 1;
    }
  }
  return { from, to, mass, ...(plans[0].mass0 && { mass0, mass1 }) };
}

/** `count` random parts of a cloud, each with the mass of all, and their rows. */
export function dealt(cloud: Cloud, count: number, rng: Random): { cloud: Cloud; rows: Int32Array }[] {
  const [n] = cloud.points.shape;
  if (count === 1) return [{ cloud, rows: Int32Array.from({ length: n }, (_, i) => i) }];
  const order = rng.permutation(n).data as Int32Array;
  return Array.from({ length: count }, (_, b) => {
    const rows = order.filter((_v, i) => i % count === b).sort();
    const weights = cloud.weights && Array.from(rows, (r) => cloud.weights![r]);
    const rates = cloud.rates && Array.from(rows, (r) => cloud.rates![r]);
    return { cloud: { ...cloud, points: rowsOf(cloud.points, rows), ...(weights && { weights }), ...(rates && { rates }) }, rows };
  });
}

/** Entries of a plan. */
interface Entries {
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  readonly mass: ArrayLike<number>;
  readonly mass0?: ArrayLike<number>;
  readonly mass1?: ArrayLike<number>;
}

async function entriesOf(
  x: Cloud,
  y: Cloud,
  { coupling, noise = 0, growth = 1, start, end, drift, cost = quadraticCost }: CouplingOptions,
): Promise<Entries> {
  const weights = { x: x.weights, y: y.weights };
  const n = x.points.shape[0];
  const m = y.points.shape[0];
  const gap = end - start;
  if (coupling === "unbalanced") {
    // 1/λ is a squared length, so the geodesic in time T is that of unit time, slowed down
    const { plan, mass0, mass1 } = await reachPlan(x, y, growth, { duration: gap });
    const entries = dense(plan.data, n, m);
    return { ...entries, mass0: Float64Array.from(entries.from, (i) => mass0[i]), mass1: Float64Array.from(entries.to, (j) => mass1[j]) };
  }
  const [a, b] = drift ? await carriedToMiddle(x.points, y.points, drift, start, end) : [x.points, y.points];
  if (coupling === "sinkhorn") {
    const { plan } = sinkhorn(a, b, { weights, ...(noise > 0 && { epsilon: 2 * noise ** 2 * gap }) });
    return dense(plan.data, n, m);
  }
  return cost === quadraticCost ? optimalTransport(a, b, { weights }) : transportForCosts(await pairCosts(a, b, cost, gap), n, m, weights);
}

/** C of pairs that change their mass, see `Pairs`; with λ = 0 the cosines are 1. */
export function overlapOf(x: Cloud, y: Cloud, { from, to, cumulated, mass0, mass1 }: Pairs, growth: number): number {
  const d = x.points.shape[1];
  let sum = 0;
  for (let e = 0; e < from.length; e++) {
    let square = 0;
    for (let k = 0; k < d; k++) square += (x.points.data[from[e] * d + k] - y.points.data[to[e] * d + k]) ** 2;
    const angle = Math.min(Math.sqrt(growth * square) / 2, 0.499 * Math.PI);
    sum += (cumulated[e] - (e > 0 ? cumulated[e - 1] : 0)) * Math.sqrt(mass0![e] * mass1![e]) * Math.cos(angle);
  }
  return sum / cumulated[cumulated.length - 1];
}

/** The same pairs from the later snapshot, of m rows, to the earlier one; without masses. */
export function backward({ from, to, cumulated }: Pairs, m: number): Pairs {
  return sortedPairs({ from: to, to: from, mass: cumulated.map((sum, e) => sum - (e > 0 ? cumulated[e - 1] : 0)) }, m);
}

/** Pairs of n rows from entries in any order. */
export function sortedPairs({ from, to, mass, mass0, mass1 }: Entries, n: number): Pairs {
  const starts = new Int32Array(n + 1);
  for (let e = 0; e < from.length; e++) starts[from[e] + 1]++;
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  const free = starts.slice();
  const order = new Int32Array(from.length);
  for (let e = 0; e < order.length; e++) order[free[from[e]]++] = e;
  const numbers = (values: ArrayLike<number>): Float64Array => Float64Array.from(order, (e) => values[e]);
  const rows = (values: ArrayLike<number>): Int32Array => order.map((e) => values[e]);
  return {
    ...{ from: rows(from), to: rows(to), cumulated: cumulate(numbers(mass)), starts },
    ...(mass0 && mass1 && { mass0: numbers(mass0), mass1: numbers(mass1) }),
  };
}

/** Entries of a dense plan without those of no weight (all together below 1e-6 of a row). */
function dense(plan: Float64Array, n: number, m: number): Entries {
  const entries: number[] = [];
  for (let i = 0; i < n; i++) {
    const row = plan.subarray(i * m, (i + 1) * m);
    const least = (row.reduce((a, b) => a + b, 0) / m) * 1e-6;
    for (let j = 0; j < m; j++) if (row[j] > least) entries.push(i * m + j);
  }
  return {
    from: Int32Array.from(entries, (e) => Math.floor(e / m)),
    to: Int32Array.from(entries, (e) => e % m),
    mass: Float64Array.from(entries, (e) => plan[e]),
  };
}

/** Running sums. */
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
