/**
 * Fields from data: a velocity measured at particles, and the density of particles, as smooth functions of a place. Both are sums of
 * Gaussian kernels over at most `mostCentres` particles X_i, whose width h is chosen by leaving one particle out at a time.
 */

import { item, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { rowsOf } from "../../distances/index.ts";
import { constant, equal, iota, jit, log, logsumexp, softmax, type Tensor } from "../../tensor/index.ts";
import type { ScalarField, VectorField } from "../lagrangian/lagrangian.ts";
import { type Cloud, weightedMean } from "../paths/cloud.ts";

/** Most particles that a field is a sum over. */
export const mostCentres = 2000;

/**
 * A field b(x), the width h of its kernels, and the share of the variance of left-out velocities that it explains
 * (negative: worse than their mean).
 */
export interface KernelVelocity {
  readonly field: VectorField;
  readonly width: number;
  readonly explained: number;
}

/**
 * Kernel regression of a velocity: b(x) = Σ w_i V_i with w = softmax(-|x - X_i|² / 2h²). Far from all particles it is that of the nearest
 * one.
 *
 * @param points      X [n, d]
 * @param velocities  V [n, d]
 * @param rng         chooses particles if there are more than `mostCentres`
 * @source  Nadaraya, Theory Prob. Appl. 9 (1964); h minimises the leave-one-out error over a grid
 */
export async function kernelVelocity(points: NdArray<"f32">, velocities: NdArray<"f32">, rng: Random): Promise<KernelVelocity> {
  const [x, v] = chosenRows([points, velocities], rng);
  const errors = await acrossWidths(x, (h) => leftOutVelocity(x, v, h));
  const { width, value } = errors.reduce((a, b) => (b.value < a.value ? b : a));
  const field: VectorField = (_, z) => softmax(exponents(z, like(x, z), width), 1).matmul(like(v, z));
  return { field, width, explained: value > 0 ? 1 - value / variance(v) : 1 };
}

/**
 * A potential that keeps paths near the particles: V(x) = strength · log (1/n) Σ exp(-|x - X_i|² / 2h²). The action is kinetic energy minus
 * V, so it costs a path to be where V is low; far away V is -strength |x|² / 2h², an inverted parabola, and the action is bounded below for
 * every strength > 0.
 *
 * @source  h maximises the leave-one-out log likelihood over a grid (Duin, IEEE Trans. Computers 25, 1976)
 */
export async function densityPotential(
  points: NdArray<"f32">,
  strength: number,
  rng: Random,
): Promise<{ readonly field: ScalarField; readonly width: number }> {
  const [x] = chosenRows([points], rng);
  const [n] = x.shape;
  const scores = await acrossWidths(x, (h) => leftOutDensity(x, h));
  const { width } = scores.reduce((a, b) => (b.value > a.value ? b : a));
  const field: ScalarField = (_, z) =>
    logsumexp(exponents(z, like(x, z), width), 1)
      .sub(Math.log(n))
      .mul(strength);
  return { field, width };
}

/**
 * The factor of a velocity field that fits the motion of the snapshots' means best, Σ <Δm_k, b_k> / Σ |b_k|² with b_k = Δt_k (E_k[b] +
 * E_{k+1}[b]) / 2, and the cosine of the two. Where the motion turns, velocities at one end alone would point off the way. Measured velocities
 * may have a unit of time of their own.
 *
 * @param times, clouds  snapshots that are learned from
 */
export async function fittedScale(
  field: VectorField,
  times: readonly number[],
  clouds: readonly Cloud[],
): Promise<{ readonly scale: number; readonly cosine: number }> {
  const [dot, square, moved] = [0, 0, 0].map(() => [] as number[]);
  const means = clouds.map(({ points, weights }) => weightedMean(points, weights));
  const program = jit(field);
  const drifts: number[][] = [];
  for (const [k, { points, weights }] of clouds.entries()) {
    const t = ndarray(new Float32Array(points.shape[0]).fill(times[k]), [points.shape[0], 1], "f32");
    drifts.push(weightedMean((await program(t, points)) as NdArray<"f32">, weights));
  }
  for (let k = 0; k + 1 < clouds.length; k++) {
    const drift = drifts[k].map((v, j) => ((v + drifts[k + 1][j]) / 2) * (times[k + 1] - times[k]));
    const way = means[k + 1].map((m, j) => m - means[k][j]);
    dot.push(inner(way, drift));
    square.push(inner(drift, drift));
    moved.push(inner(way, way));
  }
  const [a, b, c] = [dot, square, moved].map((xs) => xs.reduce((s, v) => s + v, 0));
  return { scale: a / b, cosine: a / Math.sqrt(b * c) };
}

const inner = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, j) => s + v * b[j], 0);

/** -|z - X_i|² / 2h², [B, n]. */
function exponents(z: Tensor, x: Tensor, h: number | Tensor): Tensor {
  const square = z.square().sum(1, true).add(x.square().sum(1)).sub(z.matmul(x.transpose()).mul(2));
  return square.div(typeof h === "number" ? -2 * h * h : h.square().mul(-2));
}

const like = (x: NdArray, z: Tensor): Tensor => constant(x).cast(z.dtype as "f32");

/** The exponents between particles, without those of a particle and itself. */
function leftOut(x: Tensor, h: Tensor): Tensor {
  const i = iota(x.shape[0], "f32");
  return exponents(x, x, h).sub(equal(i.expandDims(1), i).cast("f32").mul(1e30));
}

/** Mean squared error of each particle's velocity from the others. */
const leftOutVelocity = jit((x: Tensor, v: Tensor, h: Tensor) => softmax(leftOut(x, h), 1).matmul(v).sub(v).square().sum(1).mean());

/** Mean log density of each particle under the kernels of the others. */
const leftOutDensity = jit((x: Tensor, h: Tensor) => logsumexp(leftOut(x, h), 1).mean().sub(log(h).mul(x.shape[1])));

/** A score at widths from a 16th to the fourfold of the particles' own spread, in steps of √2. */
async function acrossWidths(x: NdArray<"f32">, score: (h: NdArray) => Promise<NdArray>) {
  const scale = Math.sqrt(variance(x) / x.shape[1]);
  const results: { width: number; value: number }[] = [];
  for (let k = -8; k <= 4; k++) {
    const width = scale * 2 ** (k / 2);
    const value = item(await score(ndarray(Float32Array.of(width), [], "f32")));
    if (Number.isFinite(value)) results.push({ width, value });
  }
  if (results.length === 0) throw new RangeError("kernels: a field needs at least two different particles with finite values");
  return results;
}

/** Mean squared distance of rows from their mean. */
function variance({ data, shape: [n, d] }: NdArray<"f32">): number {
  let total = 0;
  for (let j = 0; j < d; j++) {
    let [sum, square] = [0, 0];
    for (let i = 0; i < n; i++) {
      sum += data[i * d + j];
      square += data[i * d + j] ** 2;
    }
    total += square / n - (sum / n) ** 2;
  }
  return total;
}

/** The same rows of several matrices: all, or `mostCentres` of them at random. */
function chosenRows(matrices: readonly NdArray<"f32">[], rng: Random): NdArray<"f32">[] {
  const n = matrices[0].shape[0];
  if (n <= mostCentres) return [...matrices];
  const rows = rng.permutation(n).data.subarray(0, mostCentres);
  return matrices.map((x) => rowsOf(x, rows));
}
