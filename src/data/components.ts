/** Principal components by randomised subspace iteration, and the way back. */

import { type NdArray, ndarray, randomStream, symmetricEigen, toNumbers } from "../array/index.ts";
import { jit, type Tensor } from "../tensor/index.ts";

/** Principal components of a cloud. */
export interface Components {
  /** Means of the features, [d]. */
  readonly mean: Float64Array;
  /** Orthonormal directions, [count, d] row-major, by falling variance; the largest entry of each is positive. */
  readonly directions: Float64Array;
  /** Share of the variance along each. */
  readonly explained: readonly number[];
  /** Names of the features they are made from. */
  readonly features: readonly string[];
}

/**
 * The first components of the rows of x [n, d].
 *
 * @source  Halko, Martinsson & Tropp, SIAM Review 53 (2011), algorithm 4.4, with ten passes and ten more directions than asked for
 */
export async function principalComponents(x: NdArray<"f32">, count: number, passes = 10): Promise<Components> {
  const [n, d] = x.shape;
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j] += x.data[i * d + j] / n;
  const width = Math.min(count + 10, d, n);
  let basis = orthonormal(randomStream("components").normal([width, d], "f64").data, width, d);
  const single = (data: Float64Array, shape: readonly number[]): NdArray => ndarray(Float32Array.from(data), shape, "f32");
  const times = async (): Promise<Float64Array> =>
    Float64Array.from(toNumbers(await covarianceTimes(x, single(mean, [d]), single(basis, [width, d]))));
  for (let k = 0; k < passes; k++) basis = orthonormal(await times(), width, d);
  // eigenvectors of the small matrix B C Bᵀ turn the basis into components
  const image = await times();
  const small = new Float64Array(width * width);
  for (let a = 0; a < width; a++)
    for (let b = 0; b < width; b++) for (let j = 0; j < d; j++) small[a * width + b] += basis[a * d + j] * image[b * d + j];
  const { values, vectors } = symmetricEigen(small, width);
  const directions = new Float64Array(count * d);
  for (let k = 0; k < count; k++) {
    const column = width - 1 - k; // of the k-th largest eigenvalue
    for (let a = 0; a < width; a++) for (let j = 0; j < d; j++) directions[k * d + j] += vectors[a * width + column] * basis[a * d + j];
    const row = directions.subarray(k * d, (k + 1) * d);
    const largest = row.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0);
    if (largest < 0) for (let j = 0; j < d; j++) row[j] = -row[j];
  }
  let total = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) total += (x.data[i * d + j] - mean[j]) ** 2 / n;
  return { mean, directions, explained: Array.from(values.toReversed().slice(0, count), (v) => v / total), features: [] };
}

/** Rows b of the basis to C b with the covariance C of the rows of x, without forming C. */
const covarianceTimes = jit((x: Tensor, mean: Tensor, basis: Tensor) => {
  const centred = x.sub(mean);
  return centred.matmul(basis.transpose()).transpose().matmul(centred).div(x.shape[0]);
});

/** Gram–Schmidt, twice; rows without a direction of their own become zero. */
function orthonormal(rows: Float64Array, count: number, d: number): Float64Array {
  const q = Float64Array.from(rows);
  for (let a = 0; a < count; a++) {
    const row = q.subarray(a * d, (a + 1) * d);
    const before = Math.hypot(...norms(row));
    for (let twice = 0; twice < 2; twice++)
      for (let b = 0; b < a; b++) {
        const other = q.subarray(b * d, (b + 1) * d);
        let dot = 0;
        for (let j = 0; j < d; j++) dot += row[j] * other[j];
        for (let j = 0; j < d; j++) row[j] -= dot * other[j];
      }
    const length = Math.hypot(...norms(row));
    for (let j = 0; j < d; j++) row[j] = length > 1e-12 * before ? row[j] / length : 0;
  }
  return q;
}

/** Partial lengths, so that a long row is not spread into as many arguments. */
function norms(row: Float64Array): number[] {
  const parts: number[] = [];
  for (let j = 0; j < row.length; j += 1024) parts.push(Math.sqrt(row.subarray(j, j + 1024).reduce((s, v) => s + v * v, 0)));
  return parts;
}

/** Coordinates of rows in the components: [n, d] -> [n, count]. */
export function project({ mean, directions }: Components, x: NdArray<"f32">): NdArray<"f32"> {
  const [n, d] = x.shape;
  const count = directions.length / d;
  const result = new Float32Array(n * count);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < count; k++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (x.data[i * d + j] - mean[j]) * directions[k * d + j];
      result[i * count + k] = sum;
    }
  return ndarray(result, [n, count], "f32");
}
