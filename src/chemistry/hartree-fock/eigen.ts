/** Eigenvalues of small symmetric matrices. */
import { type Matrix, zeros } from "./matrix.ts";

interface Eigen {
  /** From the lowest on. */
  readonly values: Float64Array;
  /** In columns. */
  readonly vectors: Matrix;
}

/**
 * a = V diag(λ) Vᵀ by cyclic Jacobi rotations: each makes one entry off the diagonal zero, and their sum of squares falls quadratically
 * once it is small.
 *
 * @source  Golub & Van Loan, Matrix Computations, 8.5
 */
export function symmetricEigen({ rows: n, data }: Matrix): Eigen {
  const a = Float64Array.from(data);
  const v = zeros(n, n).data;
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const size = Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
  for (let sweep = 0; sweep < 60 && offDiagonal(a, n) > 1e-15 * size; sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  const order = Array.from({ length: n }, (_, i) => i).toSorted((i, j) => a[i * n + i] - a[j * n + j]);
  return {
    values: Float64Array.from(order, (i) => a[i * n + i]),
    vectors: { rows: n, columns: n, data: v.map((_, k) => v[Math.floor(k / n) * n + order[k % n]]) },
  };
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += 2 * a[i * n + j] ** 2;
  return Math.sqrt(sum);
}

/** Turns coordinates p and q so that a_pq = 0; the smaller of the two angles. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const off = a[p * n + q];
  if (off === 0) return;
  const tau = (a[q * n + q] - a[p * n + p]) / (2 * off);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p], a[k * n + q]];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const [w, z] = [v[k * n + p], v[k * n + q]];
    v[k * n + p] = c * w - s * z;
    v[k * n + q] = s * w + c * z;
  }
}
