/** Means over rows. */

/** A mean and its standard error over the rows. */
export interface RowMean {
  readonly mean: number;
  readonly se: number;
}

/** Mean of independent values. One value has no error to show: NaN. */
export function rowMean(values: readonly number[]): RowMean {
  const n = values.length;
  const mean = values.reduce((s, v) => s + v, 0) / n;
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1);
  return { mean, se: Math.sqrt(variance / n) };
}
