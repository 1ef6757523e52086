/** Fewer particles of a cloud, where distances would take too long. */
import type { NdArray, Random } from "../../array/index.ts";
import { rowsOf, type Weighted } from "../../distances/index.ts";
import type { Cloud } from "../paths/cloud.ts";

/** Most points of a cloud that enter exact distances. */
export const largestCloud = 2000;

/** At most `most` random rows. */
export function subsample(x: NdArray<"f32">, rng: Random, most = largestCloud): NdArray<"f32"> {
  const [n] = x.shape;
  return n <= most ? x : rowsOf(x, rng.permutation(n).data.subarray(0, most));
}

/** At most `most` random particles of a cloud, with their weights and the mass of all. */
export function subsampled(cloud: Cloud, rng: Random, most: number): Cloud {
  const [n] = cloud.points.shape;
  if (n <= most) return cloud;
  const kept = rng.permutation(n).data.subarray(0, most);
  const { weights, rates, velocities } = cloud;
  return {
    points: rowsOf(cloud.points, kept),
    mass: cloud.mass,
    ...(weights && { weights: Array.from(kept, (r) => weights[r]) }),
    ...(rates && { rates: Array.from(kept, (r) => rates[r]) }),
    ...(velocities && { velocities: rowsOf(velocities, kept) }),
  };
}

/** A cloud of at most `largestCloud` points: all of them with their weights, or a systematic draw by weight. */
export function thin({ x, weights }: Weighted, rng: Random): Weighted {
  if (x.shape[0] <= largestCloud) return { x, weights };
  return { x: weights ? rowsOf(x, systematic(weights, largestCloud, rng)) : subsample(x, rng) };
}

/** The particles of positive weight. */
export function withoutEmpty({ x, weights }: Weighted): Weighted {
  if (!weights) return { x };
  const rows = Array.from({ length: x.shape[0] }, (_, i) => i).filter((i) => weights[i] > 0);
  return { x: rowsOf(x, rows), weights: rows.map((r) => weights[r]) };
}

/** n indices with probability proportional to weight, at evenly spaced levels from one random start. */
export function systematic(weight: ArrayLike<number>, n: number, rng: Random): number[] {
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
