/** The Fréchet distance between normal laws fitted to two clouds of features. */
import { type NdArray, ndarray, type Random, symmetricEigen, toNumbers } from "../array/index.ts";
import { jit, type Tensor } from "../tensor/index.ts";
import { rowsOf } from "./clouds.ts";
import { memo } from "./memo.ts";
import type { Withheld } from "./withheld.ts";

/** Mean and unbiased covariance of rows. */
export interface Moments {
  readonly mean: Float64Array<ArrayBuffer>;
  /** [d, d] */
  readonly covariance: Float64Array<ArrayBuffer>;
}

/** A mean over splits of the data and its standard error; splits share rows, so that the error is a little too small. */
interface OverSplits {
  readonly mean: number;
  readonly se: number;
}

/** Samples beside real rows, and real rows beside others. */
export interface Frechet {
  /** Of as many samples from as many real rows. */
  readonly value: OverSplits;
  /** Of two halves of the real rows: what the number of rows alone makes of it. */
  readonly reference: OverSplits;
  /** Trace of the covariance of the real rows: the unit in which a distance is large or small, whatever the number of rows. */
  readonly spread: number;
  /** In each cloud. */
  readonly rows: number;
}

const momentsProgram = jit((x: Tensor) => {
  const rows = x.cast("f64");
  const mean = rows.mean(0);
  const centred = rows.sub(mean);
  return {
    mean,
    covariance: centred
      .transpose()
      .matmul(centred)
      .div(x.shape[0] - 1),
  };
});

/** Of rows [n, d], n > 1. */
export async function moments(x: NdArray<"f32">): Promise<Moments> {
  const { mean, covariance } = await momentsProgram(x);
  return { mean: Float64Array.from(toNumbers(mean)), covariance: Float64Array.from(toNumbers(covariance)) };
}

const sandwich = jit((b: Tensor, s: Tensor) => b.matmul(s).matmul(b.transpose()));

/** A law with the rows D Vᵀ of a root of its covariance V D² Vᵀ. */
interface Rooted extends Moments {
  readonly half: NdArray<"f64">;
}

function rooted(law: Moments): Rooted {
  const d = law.mean.length;
  const { values, vectors } = symmetricEigen(law.covariance, d);
  const half = Float64Array.from({ length: d * d }, (_, k) => {
    const [i, j] = [Math.floor(k / d), k % d];
    return Math.sqrt(Math.max(0, values[i])) * vectors[j * d + i];
  });
  return { ...law, half: ndarray(half, [d, d], "f64") };
}

/**
 * |m₁ - m₂|² + tr(S₁ + S₂ - 2 (S₁ S₂)^½), the squared Wasserstein-2 distance of N(m₁, S₁) and N(m₂, S₂). The root's trace is the sum of
 * roots of the eigenvalues of S₁^½ S₂ S₁^½, which stays symmetric; with S₁ = V D² Vᵀ they are those of D Vᵀ S₂ V D.
 *
 * @source  Dowson & Landau, J. Multivariate Analysis 12 (1982)
 */
export const frechetDistance = (a: Moments, b: Moments): Promise<number> => distanceFrom(rooted(a), b);

async function distanceFrom({ mean, covariance, half }: Rooted, b: Moments): Promise<number> {
  const d = mean.length;
  const product = await sandwich(half, ndarray(b.covariance, [d, d], "f64"));
  const roots = symmetricEigen(toNumbers(product), d).values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const shift = mean.reduce((sum, m, i) => sum + (m - b.mean[i]) ** 2, 0);
  return Math.max(0, shift + trace({ mean, covariance }) + trace(b) - 2 * roots); // below 0 by rounding alone
}

const trace = ({ mean, covariance }: Moments): number => mean.reduce((sum, _, i) => sum + covariance[i * mean.length + i], 0);

/** Splits of the real rows into halves. */
const splits = 5;

/**
 * The distance of samples from real rows, beside that of real rows from other real rows of the same number: with few rows either is far
 * above 0 (0.7 for two draws of 100 from N(0, I₁₀)), and only their difference says something.
 *
 * @param real  features [n, d]
 * @returns  of samples [m, d]; none where covariances of n / 2 or m rows would be singular
 */
export function frechet(real: NdArray<"f32">, rng: Random): (samples: NdArray<"f32">) => Promise<Frechet | Withheld> {
  const [n, d] = real.shape;
  let whole: Promise<Moments> | undefined;
  const halves = memo((rows: number) =>
    Promise.all(
      Array.from({ length: splits }, async (_, s) => {
        const order = rng.fold("real").fold(s).permutation(n).data;
        const one = rooted(await moments(rowsOf(real, order.slice(0, rows))));
        return { one, reference: await distanceFrom(one, await moments(rowsOf(real, order.slice(rows, 2 * rows)))) };
      }),
    ),
  );
  return async (samples) => {
    const m = samples.shape[0];
    const rows = Math.min(m, Math.floor(n / 2));
    if (rows <= d)
      return { none: `${m} samples and half of ${n} real rows: covariances of ${d} features need more than ${d} rows in each cloud` };
    const values: number[] = [];
    for (const [s, { one }] of (await halves(rows)).entries()) {
      const drawn = rng.fold("samples").fold(s).permutation(m).data.slice(0, rows);
      values.push(await distanceFrom(one, await moments(rowsOf(samples, drawn))));
    }
    const references = (await halves(rows)).map(({ reference }) => reference);
    whole ??= moments(real);
    return { value: overSplits(values), reference: overSplits(references), spread: trace(await whole), rows };
  };
}

function overSplits(values: readonly number[]): OverSplits {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return { mean, se: Math.sqrt(variance / values.length) };
}
