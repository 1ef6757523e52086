/** What lies between two clouds along optimal transport, without learning. */

import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import { optimalTransport, type Weighted } from "../../distances/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import type { Cloud } from "../paths/cloud.ts";
import { coneGeodesic, reachPlan } from "../paths/unbalanced.ts";
import { subsampled, systematic, thin } from "./thinning.ts";

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
 * The weighted particles `fraction` of the way along unbalanced transport from x to y: every pair of the discrete plan on its geodesic of
 * the cone. At most 1,000 random particles of each cloud; of the pairs, at most 2,000 by mass.
 *
 * @param growth  λ > 0, of the path in unit time
 * @param duration  of the growth of x that is known beforehand
 * @returns  the cloud, and its total mass in the units of the clouds'
 */
export async function unbalancedDisplacement(x: Cloud, y: Cloud, fraction: number, growth: number, rng: Random, duration = 0) {
  const [a, b] = [x, y].map((c) => subsampled(c, rng, largestPlan));
  const scaled = (c: Cloud): Cloud => ({ ...c, mass: c.mass / x.mass });
  const { plan, mass0, mass1 } = await reachPlan(scaled(a), scaled(b), growth, { duration });
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
