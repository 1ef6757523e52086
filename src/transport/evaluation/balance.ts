/** How well learned dynamics satisfy the continuity equation of the data, without solving it. */

import { type NdArray, ndarray } from "../../array/index.ts";
import { concat, type Feeds, jit, jvp, type Tensor } from "../../tensor/index.ts";
import type { Mover } from "../learning/model.ts";
import type { Cloud } from "../paths/cloud.ts";

/** The change of the mean of a test function at a snapshot. */
export interface Balance {
  /** Name of the test function. */
  readonly test: string;
  /** Time of the snapshot. */
  readonly time: number;
  /** d/dt E[φ] of the data by central differences of the snapshots, and what the dynamics say, in standard errors of their difference. */
  readonly observed: number;
  readonly predicted: number;
  readonly z: number;
  /**
   * How far what the dynamics say lies outside of the changes to the snapshots before and after, which a bend in time lies between, and the
   * standard error of that.
   */
  readonly outside: number;
  readonly error: number;
}

/**
 * d/dt ∫ φ dρ = ∫ <∇φ, v> + g φ + (σ²/2) Δφ dρ at the inner snapshots, for φ = 1, x_j and x_j². The left side is a difference of
 * neighbouring snapshots, so curvature in time shows as well as errors of the dynamics.
 *
 * @param times, clouds  in units of the training, masses included
 */
export async function balances<P>(
  model: Mover<P>,
  params: Feeds<P>,
  times: readonly number[],
  clouds: readonly Cloud[],
): Promise<Balance[]> {
  const d = clouds[0].points.shape[1];
  const tests = (x: Tensor): Tensor => concat([x.slice(null, [0, 1]).mul(0).add(1), x, x.square()], 1);
  const names = ["mass", ...Array.from({ length: d }, (_, j) => `x${j + 1}`), ...Array.from({ length: d }, (_, j) => `x${j + 1}²`)];
  const run = jit((p: P, t: Tensor, x: Tensor, hot: Tensor) => {
    const { drift, growth, noise, noiseShape } = model.dynamics(p, model.knots && hot);
    const [phi, moved] = jvp(tests, [x], [drift(t, x)]);
    let rate = moved;
    if (growth) rate = rate.add(phi.mul(growth(t, x).expandDims(1)));
    // Δ of 1, x_j, x_j² is 0, 0, 2; noise spreads what it carries backward as time falls
    const spread = model.backward ? -(noise ** 2) : noise ** 2;
    if (noise > 0) {
      const squares = rate.slice(null, [d + 1, 2 * d + 1]);
      rate = concat([rate.slice(null, [0, d + 1]), squares.add(noiseShape ? noiseShape(t).square().mul(spread) : spread)], 1);
    }
    return { phi, rate };
  });
  const evaluated: { phi: NdArray; rate: NdArray }[] = [];
  for (const [k, { points }] of clouds.entries()) {
    const n = points.shape[0];
    const hot = new Float32Array(Math.max(1, times.length - 1));
    hot[Math.min(k, hot.length - 1)] = 1;
    const t = ndarray(new Float32Array(n).fill(times[k]), [n, 1], "f32");
    evaluated.push(await run(params, t, points, ndarray(hot, [1, hot.length], "f32")));
  }
  const mean = (a: NdArray, k: number, c: number): { mean: number; variance: number } => {
    const w = clouds[k].weights ?? new Float64Array(a.shape[0]).fill(1);
    const [n, width] = a.shape;
    const total = Array.from(w).reduce((x, y) => x + y, 0);
    const scale = clouds[k].mass / clouds[0].mass;
    let m = 0;
    for (let i = 0; i < n; i++) m += (w[i] * Number(a.data[i * width + c])) / total;
    let variance = 0;
    for (let i = 0; i < n; i++) variance += ((w[i] * (Number(a.data[i * width + c]) - m)) / total) ** 2;
    return { mean: m * scale, variance: variance * scale ** 2 };
  };
  const result: Balance[] = [];
  for (let k = 1; k + 1 < times.length; k++)
    names.forEach((test, c) => {
      const gaps = [times[k] - times[k - 1], times[k + 1] - times[k], times[k + 1] - times[k - 1]];
      const [before, now, after] = [k - 1, k, k + 1].map((j) => mean(evaluated[j].phi, j, c));
      const rate = mean(evaluated[k].rate, k, c);
      const sides = [(now.mean - before.mean) / gaps[0], (after.mean - now.mean) / gaps[1]];
      const outside = Math.max(0, rate.mean - Math.max(...sides), Math.min(...sides) - rate.mean);
      const observed = (after.mean - before.mean) / gaps[2];
      const error = Math.sqrt((before.variance + after.variance) / gaps[2] ** 2 + rate.variance);
      const sideError = Math.sqrt(
        (now.variance + Math.max(before.variance, after.variance)) / Math.min(gaps[0], gaps[1]) ** 2 + rate.variance,
      );
      const z = (observed - rate.mean) / Math.max(error, 1e-12);
      result.push({ test, time: times[k], observed, predicted: rate.mean, z, outside, error: sideError });
    });
  return result;
}
