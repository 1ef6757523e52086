/** What the tests of this room share: Gaussian targets and means with their errors. */
import { expect } from "vitest";
import { array, type NdArray, ndarray, type Random, toNumbers } from "../../src/array/index.ts";
import type { LogDensity, NoData } from "../../src/sampling/index.ts";
import { matmul } from "../../src/tensor/index.ts";

/** Mean over independent values and its standard error. */
export function meanAndError(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

/** Distance of a mean from what it should be, in its standard errors. */
export function deviation(values: readonly number[], expected: number): number {
  const { mean, error } = meanAndError(values);
  return Math.abs(mean - expected) / error;
}

/** The mean is what it should be, within 4.5 standard errors of independent values: one false alarm in 150,000. */
export function expectMean(values: readonly number[], expected: number): void {
  expect(deviation(values, expected)).toBeLessThan(4.5);
}

/** The plane's Gaussian that kernels are tried on: mean (1, -2), covariance L Lᵀ = (2, 0.9; 0.9, 1). */
export const plane = {
  mean: [1, -2],
  covariance: [
    [2, 0.9],
    [0.9, 1],
  ],
  factor: [
    [Math.SQRT2, 0],
    [0.9 / Math.SQRT2, Math.sqrt(1 - 0.81 / 2)],
  ],
};

const precision = array(
  [
    [1 / 1.19, -0.9 / 1.19],
    [-0.9 / 1.19, 2 / 1.19],
  ],
  "f64",
);

/** Its log density up to a constant. */
export const planeDensity: LogDensity<NoData> = (x) => {
  const centred = x.sub(array(plane.mean, "f64"));
  return matmul(centred, precision).mul(centred).sum(1).mul(-0.5);
};

/** Exact draws of it, [n, 2] in f64. */
export function planeDraws(rng: Random, n: number): NdArray<"f64"> {
  const z = rng.normal([n, 2], "f64").data;
  const { mean, factor } = plane;
  const data = Float64Array.from(z, (_, e) => {
    const [row, i] = [e - (e % 2), e % 2];
    return mean[i] + factor[i][0] * z[row] + factor[i][1] * z[row + 1];
  });
  return ndarray(data, [n, 2], "f64");
}

/** Column i of a matrix. */
export const columnOf = (x: NdArray, i: number): number[] => toNumbers(x).filter((_, e) => e % x.shape[1] === i);
