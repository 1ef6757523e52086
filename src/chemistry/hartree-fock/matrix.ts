/** Small dense matrices, row after row. */

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export const zeros = (rows: number, columns: number): Matrix => ({ rows, columns, data: new Float64Array(rows * columns) });

/** α a + β b. */
export const combine = (alpha: number, a: Matrix, beta: number, b: Matrix): Matrix => ({
  ...a,
  data: a.data.map((value, k) => alpha * value + beta * b.data[k]),
});

export const transposed = ({ rows, columns, data }: Matrix): Matrix => ({
  rows: columns,
  columns: rows,
  data: Float64Array.from(data, (_, k) => data[(k % rows) * columns + Math.floor(k / rows)]),
});

/** The product of all, from left to right. */
export const product = (first: Matrix, ...others: readonly Matrix[]): Matrix => others.reduce(times, first);

function times(a: Matrix, b: Matrix): Matrix {
  const out = zeros(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++) {
      const left = a.data[i * a.columns + k];
      if (left !== 0) for (let j = 0; j < b.columns; j++) out.data[i * b.columns + j] += left * b.data[k * b.columns + j];
    }
  return out;
}

/** Σ_ij a_ij b_ij, which is tr(a bᵀ). */
export const inner = (a: Matrix, b: Matrix): number => a.data.reduce((sum, value, k) => sum + value * b.data[k], 0);

/** The first `count` columns. */
export const firstColumns = ({ rows, columns, data }: Matrix, count: number): Matrix => ({
  rows,
  columns: count,
  data: Float64Array.from({ length: rows * count }, (_, k) => data[Math.floor(k / count) * columns + (k % count)]),
});

/**
 * Solves a x = b by elimination with row pivoting. Undefined if a is singular to working precision.
 */
export function solveLinear({ rows: n, data }: Matrix, b: readonly number[]): Float64Array | undefined {
  const a = Float64Array.from(data);
  const x = Float64Array.from(b);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[pivot * n + k])) pivot = i;
    if (!(Math.abs(a[pivot * n + k]) > 1e-14)) return undefined;
    for (let j = 0; j < n; j++) [a[k * n + j], a[pivot * n + j]] = [a[pivot * n + j], a[k * n + j]];
    [x[k], x[pivot]] = [x[pivot], x[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] / a[k * n + k];
      for (let j = k; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
      x[i] -= factor * x[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) x[k] -= a[k * n + j] * x[j];
    x[k] /= a[k * n + k];
  }
  return x;
}
