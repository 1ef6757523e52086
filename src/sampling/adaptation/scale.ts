/** Scales of kernels from pilot draws. */
import { choleskyFactor, type NdArray, ndarray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";

/** Draws pull the estimated covariance towards its diagonal with the weight of so many: few of many coordinates are nearly singular. */
const shrinkage = 5;

/**
 * The factor L of the covariance within data points of pilot draws: [1, d] standard deviations, or [1, d, d], lower triangular. Masses of
 * HMC are its inverse. The dense covariance is pulled towards its diagonal with the weight of 5 draws.
 *
 * @param draws  [n, d], chain k of data point b in row k · data + b
 * @param data   number of data points
 */
export function pilotScale(draws: NdArray, shape: "diagonal" | "dense", data = 1): NdArray {
  const [n, d] = draws.shape;
  if (!(Number.isInteger(n / data) && n / data >= 2))
    throw new UserError(`pilotScale: ${n} draws are not two or more for each of ${data} data points`);
  const covariance = within(draws, data);
  const still = Array.from({ length: d }, (_, i) => i).find((i) => !(covariance[i * d + i] > 0));
  if (still !== undefined)
    throw new UserError(`pilotScale: coordinate ${still} did not move in the pilot`, "run the pilot longer, or with smaller steps");
  const factor: ArrayLike<number> =
    shape === "diagonal"
      ? Float64Array.from({ length: d }, (_, i) => Math.sqrt(covariance[i * d + i]))
      : lowerFactor(shrunk(covariance, d, n - data), d);
  const dims = shape === "diagonal" ? [1, d] : [1, d, d];
  return draws.dtype === "f64" ? ndarray(Float64Array.from(factor), dims, "f64") : ndarray(Float32Array.from(factor), dims, "f32");
}

/** Covariance of deviations from the means of data points, [d, d]. */
function within({ data: values, shape: [n, d] }: NdArray, data: number): Float64Array {
  const x = values as ArrayLike<number>;
  const means = new Float64Array(data * d);
  for (let row = 0; row < n; row++) for (let i = 0; i < d; i++) means[(row % data) * d + i] += (x[row * d + i] * data) / n;
  const covariance = new Float64Array(d * d);
  for (let row = 0; row < n; row++) {
    const at = (row % data) * d;
    for (let i = 0; i < d; i++)
      for (let j = 0; j <= i; j++)
        covariance[i * d + j] += ((x[row * d + i] - means[at + i]) * (x[row * d + j] - means[at + j])) / (n - data);
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) covariance[j * d + i] = covariance[i * d + j];
  return covariance;
}

const shrunk = (covariance: Float64Array, d: number, freedom: number): Float64Array =>
  covariance.map((c, e) => (e % (d + 1) === 0 ? c : (c * freedom) / (freedom + shrinkage)));

/** Lower factor of a covariance, [d, d]. */
function lowerFactor(a: Float64Array, d: number): Float64Array {
  const factored = choleskyFactor(a, d);
  if (!factored) throw new UserError("pilotScale: the covariance of the pilot's draws is not positive definite", "run the pilot longer");
  const { lower, stride } = factored;
  return Float64Array.from({ length: d * d }, (_, e) => (e % d <= Math.floor(e / d) ? lower[Math.floor(e / d) * stride + (e % d)] : 0));
}
