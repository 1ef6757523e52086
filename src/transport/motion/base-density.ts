/** Densities of a first snapshot: a Gaussian, or one Gaussian kernel at each point. Both are mixtures of Gaussians of one shape. */

import { type NdArray, ndarray } from "../../array/index.ts";
import { normalise } from "../../distances/index.ts";
import * as t from "../../tensor/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import type { Cloud } from "../paths/cloud.ts";

/** Σ_j w_j N(x; c_j, L Lᵀ): centres [m, d], log w [m] of sum of w one, L [d, d] lower triangular. */
export interface GaussianMixture<T = NdArray> {
  readonly centres: T;
  readonly logWeights: T;
  readonly factor: T;
}

/** Log density of rows x [n, d], [n]. */
export function logMixture({ centres, logWeights, factor }: GaussianMixture<Tensor>, x: Tensor): Tensor {
  // distances are taken from the middle of the centres, where they lose fewest digits
  const middle = centres.mean(0);
  const white = (points: Tensor): Tensor => t.triangularSolve(factor, points.sub(middle).transpose()).transpose();
  const [a, c] = [white(x), white(centres)];
  const square = a.square().sum(1, true).add(c.square().sum(1)).sub(a.matmul(c.transpose()).mul(2));
  const volume = t
    .log(t.diagonal(factor))
    .sum()
    .add((x.shape[1] / 2) * Math.log(2 * Math.PI));
  return t.logsumexp(t.maximum(square, 0).mul(-0.5).add(logWeights), 1).sub(volume);
}

/** Mean and Cholesky factor of the covariance of weighted points. */
const shapeOf = jit((x: Tensor, w: Tensor) => {
  const mean = x.mul(w.expandDims(1)).sum(0);
  const centred = x.sub(mean);
  return { mean, factor: t.cholesky(centred.transpose().matmul(centred.mul(w.expandDims(1)))) };
});

async function moments(name: string, { points, weights }: Cloud) {
  const [n, d] = points.shape;
  const w = normalise(weights, n);
  const { mean, factor } = await shapeOf(ndarray(Float64Array.from(points.data), [n, d], "f64"), ndarray(Float64Array.from(w), [n], "f64"));
  if (!(factor.data as Float64Array).every(Number.isFinite))
    throw new RangeError(`${name}: ${n} points that lie in a plane have no density in ${d} dimensions`);
  return { w, mean: mean.data as Float64Array, factor: factor.data as Float64Array, d };
}

const single = (data: ArrayLike<number>, shape: readonly number[]): NdArray => ndarray(Float32Array.from(data), shape, "f32");

/**
 * The Gaussian of a cloud's mean and covariance.
 *
 * @throws RangeError  for a cloud that spans no volume
 */
export async function gaussianDensity(cloud: Cloud): Promise<GaussianMixture> {
  const { mean, factor, d } = await moments("gaussianDensity", cloud);
  return { centres: single(mean, [1, d]), logWeights: single([0], [1]), factor: single(factor, [d, d]) };
}

/**
 * A Gaussian kernel at each point, of the cloud's covariance times h², h = (effective n)^(-1/(d+4)) by Scott's rule.
 *
 * @source  Scott, Multivariate Density Estimation (2015), eq. 6.44
 * @throws RangeError  for a cloud that spans no volume
 */
export async function kernelDensity(cloud: Cloud): Promise<GaussianMixture> {
  const { w, factor, d } = await moments("kernelDensity", cloud);
  const effective = 1 / w.reduce((s, v) => s + v * v, 0);
  const h = effective ** (-1 / (d + 4));
  const kept = Array.from(w.keys()).filter((i) => w[i] > 0);
  const centres = kept.flatMap((i) => Array.from(cloud.points.data.subarray(i * d, (i + 1) * d)));
  return {
    centres: single(centres, [kept.length, d]),
    logWeights: single(
      kept.map((i) => Math.log(w[i])),
      [kept.length],
    ),
    factor: single(
      factor.map((v) => h * v),
      [d, d],
    ),
  };
}
