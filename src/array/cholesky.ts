/** Systems with symmetric positive definite matrices, solved on the host in doubles. */
import kernelBytes from "./cholesky.wasm.ts";
import { growingKernel } from "./wasm.ts";

interface Functions {
  layout(n: number, m: number): number;
  addressOfMatrix(): number;
  addressOfRight(): number;
  factor(): number;
  solve(): void;
}

const kernel = growingKernel<Functions>(kernelBytes);

/** A factored matrix. */
export interface Factored {
  /** Rows of L, each of `stride` numbers, what lies above the diagonal without meaning. */
  readonly lower: Float64Array;
  readonly stride: number;
  readonly n: number;
}

const even = (n: number): number => (n + 1) & ~1;

/**
 * L with L Lᵀ = A + ridge I, in doubles.
 *
 * @param a  [n, n], of which the lower triangle is read
 * @returns  nothing where the matrix is not positive definite to working precision, or not finite
 */
export function choleskyFactor(a: ArrayLike<number>, n: number, ridge = 0): Factored | undefined {
  const { call, memory } = kernel((functions) => functions.layout(n, 0));
  const stride = even(n);
  const rows = new Float64Array(memory.buffer, call.addressOfMatrix(), n * stride);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) rows[i * stride + j] = a[i * n + j];
    rows[i * stride + i] += ridge;
  }
  return call.factor() < 0 ? { lower: rows.slice(), stride, n } : undefined;
}

/**
 * X with L Lᵀ X = B.
 *
 * @param b  [n, m]
 * @returns  [n, m]
 */
export function choleskySolve({ lower, n }: Factored, b: ArrayLike<number>, m = 1): Float64Array {
  const { call, memory } = kernel((functions) => functions.layout(n, m));
  new Float64Array(memory.buffer, call.addressOfMatrix(), lower.length).set(lower);
  const stride = even(m);
  const right = new Float64Array(memory.buffer, call.addressOfRight(), n * stride).fill(0);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) right[i * stride + j] = b[i * m + j];
  call.solve();
  const x = new Float64Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) x[i * m + j] = right[i * stride + j];
  return x;
}
