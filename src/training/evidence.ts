/**
 * How well trainings with several seeds tell two optimizers apart. Scores vary with the seed, and with the examples that the test part
 * happens to hold: both are counted, and examples and seeds are paired, since both optimizers saw the same.
 */

/** Score contributions of the test examples, one row a seed: the score of a seed is the mean of its row. */
export type Contributions = readonly (readonly number[])[];

/** A mean with the standard error of seeds and examples together. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
  /** Degrees of freedom of the error, for Student's t. */
  readonly freedom: number;
}

const mean = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

/** Squared standard error of a mean; NaN of fewer than two values. */
function squaredError(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((s, v) => s + (v - middle) ** 2, 0) / (values.length - 1) / values.length;
}

/**
 * The mean over S seeds and n examples, with
 *
 *   error² = var(means of seeds) / S + var(means of examples) / n
 *
 * (a little too large: noise of single trainings on single examples counts in both). Degrees of freedom by Welch and Satterthwaite. One
 * seed has no spread to show: then the error is NaN.
 */
export function estimate(rows: Contributions): Estimate {
  const bySeed = rows.map(mean);
  const byExample = rows[0].map((_, i) => mean(rows.map((row) => row[i])));
  const [seeds, examples] = [squaredError(bySeed), squaredError(byExample)];
  const total = seeds + examples;
  const freedom = total ** 2 / (seeds ** 2 / (bySeed.length - 1) + examples ** 2 / (byExample.length - 1));
  return { mean: mean(bySeed), error: Math.sqrt(total), freedom: total > 0 ? freedom : Number.NaN };
}

/** The mean difference a - b of paired contributions. */
export const difference = (a: Contributions, b: Contributions): Estimate =>
  estimate(a.slice(0, b.length).map((row, s) => row.map((v, i) => v - b[s][i])));

/** 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const quantiles = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];

/** The quantile of so many degrees of freedom, rounded down; infinite where nothing is known of the spread. */
export const studentQuantile = (freedom: number): number =>
  Number.isNaN(freedom) ? Number.POSITIVE_INFINITY : (quantiles[Math.max(1, Math.floor(freedom)) - 1] ?? (freedom < 30 ? 2.12 : 2.05));

/** Is a difference of means more than 95 % of such noise would be? */
export const isClear = ({ mean, error, freedom }: Estimate): boolean => Math.abs(mean) > studentQuantile(freedom) * error;
