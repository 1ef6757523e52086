/** How well a predicted cloud agrees with a held-out snapshot, beside what is reached without learning and what can be reached at all. */

import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import {
  type Distances,
  deviations,
  distances,
  optimalTransport,
  rowsOf,
  samplingFloor,
  type Weighted,
  wasserstein,
} from "../../distances/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import type { Cloud } from "../paths/cloud.ts";
import { coneGeodesic, reachPlan } from "../paths/unbalanced.ts";

export interface Score extends Distances {
  readonly name: string;
  /** Deviations of each distance over resamples of both clouds; those of scores against one snapshot are paired. */
  readonly deviations: Readonly<Record<keyof Distances, Float64Array>>;
}

/** Most points of a cloud that enter exact distances. */
export const largestCloud = 2000;

/** At most `most` random rows. */
export function subsample(x: NdArray<"f32">, rng: Random, most = largestCloud): NdArray<"f32"> {
  const [n] = x.shape;
  return n <= most ? x : rowsOf(x, rng.permutation(n).data.subarray(0, most));
}

/** A cloud of at most `largestCloud` points: all of them with their weights, or a systematic draw by weight. */
export function thin({ x, weights }: Weighted, rng: Random): Weighted {
  if (x.shape[0] <= largestCloud) return { x, weights };
  return { x: weights ? rowsOf(x, systematic(weights, largestCloud, rng)) : subsample(x, rng) };
}

/** Distances of a predicted cloud to a snapshot; both are normalised to mass one. */
export function score(name: string, predicted: Weighted, truth: Weighted, rng: Random): Score {
  const [a, b] = [thin(predicted, rng.fold("predicted")), thin(truth, rng.fold("truth"))];
  return { name, ...distances(a, b), deviations: deviations(predicted, truth, rng.fold("bootstrap")) };
}

/** The cloud `fraction` of the way along the optimal transport from x to y (McCann's interpolation); its rows are points of equal mass. */
export function displacement(x: Weighted, y: Weighted, fraction: number, rng: Random): NdArray<"f32"> {
  const [n, d] = [Math.max(x.x.shape[0], y.x.shape[0]), x.x.shape[1]];
  const { from, to, mass } = optimalTransport(x.x, y.x, { weights: { x: x.weights, y: y.weights } });
  // Clouds of equal size and weights have one entry of equal mass a point; otherwise points are drawn by mass, systematically.
  const entries = systematic(mass, n, rng);
  const data = new Float32Array(n * d);
  entries.forEach((e, i) => {
    for (let j = 0; j < d; j++) data[i * d + j] = (1 - fraction) * x.x.data[from[e] * d + j] + fraction * y.x.data[to[e] * d + j];
  });
  return ndarray(data, [n, d], "f32");
}

/** Most particles a side of a plan with growth, which is dense and iterated. */
const largestPlan = 1000;

/**
 * The weighted particles `fraction` of the way along unbalanced transport from x to y: every pair of the discrete plan on its geodesic of the cone. At most
 * 1,000 random particles of each cloud; of the pairs, at most 2,000 by mass.
 *
 * @param growth  λ > 0, of the path in unit time
 * @returns  the cloud, and its total mass in the units of the clouds'
 */
export async function unbalancedDisplacement(x: Cloud, y: Cloud, fraction: number, growth: number, rng: Random) {
  const [a, b] = [x, y].map((c) => fewer(c, rng));
  const scaled = (c: Cloud): Cloud => ({ ...c, mass: c.mass / x.mass });
  const { plan, mass0, mass1 } = await reachPlan(scaled(a), scaled(b), growth);
  const [n, m] = plan.shape;
  const total = plan.data.reduce((s, v) => s + v, 0);
  // pairs that together hold less than a millionth of the plan are left out
  const least = (1e-6 * total) / (n * m);
  const pairs = Array.from({ length: n * m }, (_, e) => e).filter((e) => plan.data[e] > least);
  const d = a.points.shape[1];
  const rows = (c: Cloud, index: (e: number) => number): NdArray<"f32"> => {
    const data = new Float32Array(pairs.length * d);
    pairs.forEach((e, i) => void data.set(c.points.data.subarray(index(e) * d, (index(e) + 1) * d), i * d));
    return ndarray(data, [pairs.length, d], "f32");
  };
  const column = (value: (e: number) => number): NdArray<"f32"> => ndarray(Float32Array.from(pairs, value), [pairs.length, 1], "f32");
  const [row, columnOf] = [(e: number) => Math.floor(e / m), (e: number) => e % m];
  const along = jit((p: Tensor, q: Tensor, from: Tensor, to: Tensor, u: Tensor) => coneGeodesic(p, q, from, to, u, growth));
  const moved = await along(
    rows(a, row),
    rows(b, columnOf),
    column((e) => mass0[row(e)]),
    column((e) => mass1[columnOf(e)]),
    column(() => fraction),
  );
  const weights = Float64Array.from(pairs, (e, i) => (plan.data[e] / total) * (moved.mass.data as Float32Array)[i]);
  const cloud = thin({ x: moved.x as NdArray<"f32">, weights }, rng);
  return { ...cloud, mass: weights.reduce((s, v) => s + v, 0) * x.mass };
}

/** At most `largestPlan` random particles, with their weights and the mass of all. */
function fewer(cloud: Cloud, rng: Random): Cloud {
  const [n] = cloud.points.shape;
  if (n <= largestPlan) return cloud;
  const kept = rng.permutation(n).data.subarray(0, largestPlan);
  const { weights } = cloud;
  return {
    points: rowsOf(cloud.points, kept),
    mass: cloud.mass,
    ...(weights && { weights: Array.from(kept, (r) => weights[r]) }),
  };
}

/** n indices with probability proportional to weight, at evenly spaced levels from one random start. */
function systematic(weight: ArrayLike<number>, n: number, rng: Random): number[] {
  const total = Array.from(weight).reduce((a, b) => a + b, 0);
  const start = rng.uniform([1], "f64").data[0];
  const picks: number[] = [];
  let at = 0;
  let sum = weight[0];
  for (let i = 0; i < n; i++) {
    const level = ((i + start) / n) * total;
    while (sum <= level && at < weight.length - 1) sum += weight[++at];
    picks.push(at);
  }
  return picks;
}

/**
 * Scores of what needs no learning: the snapshot before, the one after, and the point between them along optimal transport; or, with no snapshot after
 * it, the one before and the point straight on from the last two. And the sampling floor, the W1 between two halves of the held-out snapshot.
 *
 * @param fraction  place of the held-out time between its neighbours, in (0, 1), or beyond them, above 1
 */
export function baselines(
  previous: Weighted,
  next: Weighted,
  truth: Weighted,
  fraction: number,
  rng: Random,
): { scores: Score[]; floor: number } {
  const [before, after, held] = [previous, next, truth].map((cloud) => thin(cloud, rng));
  const between = { x: displacement(before, after, fraction, rng) };
  const scores =
    fraction > 1
      ? [score("copy previous", after, held, rng), score("straight on from the last two", between, held, rng)]
      : [
          score("copy previous", before, held, rng),
          score("copy next", after, held, rng),
          score("optimal-transport midpoint", between, held, rng),
        ];
  return { scores, floor: floorOf(truth, rng) };
}

/** Mean W1 of random halves, or of parts as large as the clouds of the scores; NaN for a single particle. */
function floorOf(cloud: Weighted, rng: Random): number {
  const { x, weights } = withoutEmpty(cloud);
  const half = Math.min(largestCloud, x.shape[0] >> 1);
  if (half === 0) return Number.NaN;
  const w1 = (a: NdArray<"f32">, b: NdArray<"f32">, rows: readonly [Int32Array, Int32Array]): number => {
    const [of, others] = rows.map((part) => weights && Array.from(part, (r) => weights[r]));
    return wasserstein(a, b, { power: 1, weights: { x: of, y: others } });
  };
  return samplingFloor(w1, x, [half, half], rng).mean;
}

/** The particles of positive weight. */
export function withoutEmpty({ x, weights }: Weighted): Weighted {
  if (!weights) return { x };
  const rows = Array.from({ length: x.shape[0] }, (_, i) => i).filter((i) => weights[i] > 0);
  return { x: rowsOf(x, rows), weights: rows.map((r) => weights[r]) };
}
