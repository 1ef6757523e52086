/** Eigenvalues of symmetric matrices, on the host in doubles. */

/** What a symmetric matrix does along its axes. */
export interface Eigen {
  /** From the lowest on. */
  readonly values: Float64Array;
  /** [n, n], orthonormal, in columns. */
  readonly vectors: Float64Array;
}

/**
 * A = V diag(λ) Vᵀ by cyclic Jacobi rotations: each makes one entry off the diagonal zero, and their sum of squares falls quadratically
 * once it is small. About 10 sweeps of 3 n³ products.
 *
 * @param matrix  [n, n], symmetric
 * @source  Golub & Van Loan, Matrix Computations, 8.5
 */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const rows = new Float64Array(n * n); // of Vᵀ, so that a rotation runs along them
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  const size = Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
  for (let sweep = 0; sweep < 60 && offDiagonal(a, n) > 1e-15 * size; sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, rows, n, p, q);
  const order = Array.from({ length: n }, (_, i) => i).toSorted((i, j) => a[i * n + i] - a[j * n + j]);
  return {
    values: Float64Array.from(order, (i) => a[i * n + i]),
    vectors: Float64Array.from(rows, (_, k) => rows[order[k % n] * n + Math.floor(k / n)]),
  };
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += 2 * a[i * n + j] ** 2;
  return Math.sqrt(sum);
}

/** Turns coordinates p and q so that a_pq = 0; the smaller of the two angles. */
function rotate(a: Float64Array, rows: Float64Array, n: number, p: number, q: number): void {
  const off = a[p * n + q];
  if (off === 0) return;
  const tau = (a[q * n + q] - a[p * n + p]) / (2 * off);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  turn(a, n, c, s, p, q, n);
  turn(a, 1, c, s, p * n, q * n, n);
  turn(rows, 1, c, s, p * n, q * n, n);
}

/** (x, y) ← (c x - s y, s x + c y) for n numbers x from i and y from j, `step` apart. */
function turn(m: Float64Array, step: number, c: number, s: number, i: number, j: number, n: number): void {
  for (let k = 0; k < n; k++, i += step, j += step) {
    const x = m[i];
    const y = m[j];
    m[i] = c * x - s * y;
    m[j] = s * x + c * y;
  }
}
