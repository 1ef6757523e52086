/** How far distances between two clouds vary with the sampling of both. */
import type { Random } from "../array/random.ts";
import { type Points, rowsOf, type Weighted, type Weights } from "./clouds.ts";
import { wasserstein } from "./exact.ts";
import { mmd, mmdOfWeights } from "./mmd.ts";

/** Wasserstein distances of order 1 and 2, and the unbiased squared MMD. */
export interface Distances {
  readonly w1: number;
  readonly w2: number;
  /** NaN for a cloud of one point. */
  readonly mmd: number;
}

/** All three distances between two clouds. */
export function distances(a: Weighted, b: Weighted): Distances {
  const weights = { x: a.weights, y: b.weights };
  const single = effective(a) < 2 || effective(b) < 2;
  return {
    w1: wasserstein(a.x, b.x, { power: 1, weights }),
    w2: wasserstein(a.x, b.x, { power: 2, weights }),
    mmd: single ? Number.NaN : mmd(a.x, b.x, { weights }),
  };
}

/** Points of positive weight. */
const effective = ({ x, weights }: Weighted): number => (weights ? Array.from(weights).filter((w) => w > 0).length : x.shape[0]);

/** Resamples; most points of a cloud in each; and points that a cloud needs for its sampling to be told. */
export const replicates = 50;
const most = 250;
const fewest = 5;

/**
 * Deviations of the distances from their bootstrap mean, over resamples of both clouds with replacement.
 *
 * The mean itself says nothing: a resample is a noisier copy of its cloud, so its distances are larger by about the sampling floor. The
 * spread is right (measured: docs/measurements/trajectories.md). Larger clouds are resampled 250 points at a time and the deviations shrunk by
 * √((1/n + 1/m) / (1/n' + 1/m')). The second cloud is resampled by the stream alone, so that two predictions of one snapshot with the same
 * stream have paired deviations.
 *
 * @returns  50 deviations each; NaN for clouds of fewer than five points
 * @source   Efron, Annals of Statistics 7 (1979); shrinking: Bickel, Götze & van Zwet, Statistica Sinica 7 (1997)
 */
export function deviations(x: Weighted, y: Weighted, rng: Random): Record<keyof Distances, Float64Array> {
  const [w1, w2, mmd] = deviationsOf(x, y, rng, 3, (a, b) => {
    const byKernels = mmdOfWeights(a, b);
    return (weights) => [
      wasserstein(a, b, { power: 1, weights }),
      wasserstein(a, b, { power: 2, weights }),
      byKernels(weights), // a resample has two points or more
    ];
  });
  return { w1, w2, mmd };
}

/** Those of W1 alone, which take a third of the time. */
export const w1Deviations = (x: Weighted, y: Weighted, rng: Random): Float64Array =>
  deviationsOf(x, y, rng, 1, (a, b) => (weights) => [wasserstein(a, b, { power: 1, weights })])[0];

/** Those of any numbers of two clouds as functions of their weights, a row for each number. */
function deviationsOf(
  x: Weighted,
  y: Weighted,
  rng: Random,
  numbers: number,
  between: (a: Points, b: Points) => (weights: Weights) => readonly number[],
): Float64Array[] {
  const result = Array.from({ length: numbers }, () => new Float64Array(replicates).fill(Number.NaN));
  const sizes = [x.x.shape[0], y.x.shape[0]];
  if (Math.min(effective(x), effective(y)) < fewest) return result;
  const [first, second] = [rng.fold("first"), rng.fold("second")];
  const [a, b] = [few(x, first), few(y, second)];
  const measure = between(a.x, b.x);
  for (let r = 0; r < replicates; r++)
    for (const [k, value] of measure({ x: resampled(a, first), y: resampled(b, second) }).entries()) result[k][r] = value;
  const inverse = (ns: readonly number[]): number => ns.reduce((s, n) => s + 1 / n, 0);
  const shrink = Math.sqrt(inverse(sizes) / inverse([a.x.shape[0], b.x.shape[0]]));
  for (const values of result) {
    const mean = values.reduce((s, v) => s + v, 0) / replicates;
    for (let r = 0; r < replicates; r++) values[r] = (values[r] - mean) * shrink;
  }
  return result;
}

/** Root mean square of deviations: a standard error. */
export const spread = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((s, v) => s + v * v, 0) / (values.length - 1));

/** At most 250 random rows. */
function few({ x, weights }: Weighted, rng: Random): Weighted {
  const [n] = x.shape;
  if (n <= most) return { x, weights };
  const rows = rng.permutation(n).data.subarray(0, most);
  return { x: rowsOf(x, rows), ...(weights && { weights: Array.from(rows, (r) => weights[r]) }) };
}

/** Weights of the same points, each counted as often as it was drawn; a resample of a single point is drawn again. */
function resampled(cloud: Weighted, rng: Random): Float64Array {
  const n = cloud.x.shape[0];
  for (;;) {
    const counts = new Float64Array(n);
    for (const u of rng.uniform([n], "f64").data) counts[Math.floor(u * n)] += 1;
    const weights = counts.map((c, i) => c * (cloud.weights ? cloud.weights[i] : 1));
    if (effective({ x: cloud.x, weights }) > 1) return weights;
  }
}
