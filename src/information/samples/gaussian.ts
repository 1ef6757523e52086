/** Mutual information as if the pairs were jointly normal: canonical correlations. */
import { ndarray, symmetricEigen, toNumbers } from "../../array/index.ts";
import { cholesky, jit, type Tensor, triangularSolve } from "../../tensor/index.ts";
import { digamma } from "./digamma.ts";
import { meanOf } from "./ksg.ts";
import type { Side } from "./side.ts";

/** What the covariance of the pairs says. */
export interface Canonical {
  /** Canonical correlations, falling. */
  readonly correlations: readonly number[];
  /** First pair of canonical variables, of unit variance. */
  readonly first: { readonly x: Float64Array; readonly z: Float64Array };
  /** -½ Σ log(1 - ρ²), without correction; nats. */
  readonly plugin: number;
  /** With the bias for normal pairs taken out. */
  readonly value: number;
  readonly se: number;
  /** Mardia's kurtosis of (x, z) in standard errors from that of a normal law. */
  readonly kurtosis: number;
}

/** x [n, d], z [n, e], centred, to whitened columns and their cross-covariance: A = x L⁻ᵀ, M = Aᵀ B / n. */
const whiten = jit((x: Tensor, z: Tensor) => {
  const white = (v: Tensor): Tensor => triangularSolve(cholesky(v.transpose().matmul(v).div(v.shape[0])), v.transpose());
  const [a, b] = [white(x), white(z)];
  return { a, b, m: a.matmul(b.transpose()).div(x.shape[0]) };
});

/**
 * The bias of ½ (log|S_x| + log|S_z| - log|S|) for N normal pairs: E log|S| - log|Σ| = Σ_j ψ((N - j) / 2) + const over j = 1 … d.
 * About d_x d_z / (2N).
 *
 * @source  Anderson, An Introduction to Multivariate Statistical Analysis (2003), section 7.5
 */
export function gaussianBias(n: number, dx: number, dz: number): number {
  const part = (d: number): number => Array.from({ length: d }, (_, j) => digamma((n - j - 1) / 2)).reduce((a, b) => a + b, 0);
  return (part(dx) + part(dz) - part(dx + dz)) / 2;
}

/**
 * I = -½ Σ_j log(1 - ρ_j²) over canonical correlations ρ_j, exact for jointly normal pairs. The error is that of the mean of the
 * pointwise i(x, z), which holds for other laws too.
 *
 * @returns  undefined where a covariance has no inverse: columns that depend linearly on others, or too few rows
 */
export async function canonical(x: Side, z: Side): Promise<Canonical | undefined> {
  const [n, d, e] = [x.rows, x.columns.length, z.columns.length];
  if (n < d + e + 3) return undefined;
  const white = await whiten(centred(x), centred(z));
  const [a, b, m] = [toNumbers(white.a), toNumbers(white.b), toNumbers(white.m)];
  if (!m.every(Number.isFinite)) return undefined;
  const { rho, u, v } = singular(m, d, e);
  const pairs = rho.map((_, j) => ({ x: combine(a, u[j], n), z: combine(b, v[j], n) }));
  const squares = new Float64Array(n);
  for (const list of [a, b]) list.forEach((value, at) => (squares[at % n] += value * value));
  const local = new Float64Array(n);
  pairs.forEach(({ x: p, z: q }, j) => {
    const r = rho[j];
    for (let i = 0; i < n; i++) local[i] += p[i] ** 2 + q[i] ** 2 - (p[i] ** 2 - 2 * r * p[i] * q[i] + q[i] ** 2) / (1 - r * r);
  });
  const plugin = -rho.reduce((sum, r) => sum + Math.log1p(-r * r), 0) / 2;
  const spread = meanOf(local.map((w) => (w / 2) ** 2)) - meanOf(local.map((w) => w / 2)) ** 2;
  const D = d + e;
  const fourth = meanOf(squares.map((s, i) => (s - local[i]) ** 2));
  return {
    ...{ correlations: rho, first: pairs[0], plugin, value: plugin - gaussianBias(n, d, e), se: Math.sqrt(spread / n) },
    kurtosis: (fourth - D * (D + 2)) / Math.sqrt((8 * D * (D + 2)) / n),
  };
}

function centred(side: Side) {
  const [n, d] = [side.rows, side.columns.length];
  const data = new Float64Array(n * d);
  side.columns.forEach((values, c) => {
    const mean = meanOf(values);
    const scale = Math.sqrt(meanOf(values.map((v) => (v - mean) ** 2))) || 1;
    for (let i = 0; i < n; i++) data[i * d + c] = (values[i] - mean) / scale;
  });
  return ndarray(data, [n, d], "f64");
}

/** Singular values and vectors of M [d, e], from the eigenvectors of the smaller of M Mᵀ and Mᵀ M. */
function singular(m: readonly number[], d: number, e: number): { rho: number[]; u: number[][]; v: number[][] } {
  const wide = d <= e;
  const [r, c] = wide ? [d, e] : [e, d];
  const at = (i: number, j: number): number => (wide ? m[i * e + j] : m[j * e + i]);
  const square = new Float64Array(r * r);
  for (let i = 0; i < r; i++) for (let k = 0; k < r; k++) for (let j = 0; j < c; j++) square[i * r + k] += at(i, j) * at(k, j);
  const { values, vectors } = symmetricEigen(square, r);
  const rho = Array.from(values.toReversed(), (value) => Math.sqrt(Math.min(1, Math.max(0, value))));
  const short = rho.map((_, k) => Array.from({ length: r }, (_, i) => vectors[i * r + r - 1 - k]));
  const long = short.map((row, k) => Array.from({ length: c }, (_, j) => row.reduce((s, w, i) => s + w * at(i, j), 0) / (rho[k] || 1)));
  return { rho, u: wide ? short : long, v: wide ? long : short };
}

/** Σ_c w_c a_c of columns a [d, n]. */
function combine(a: readonly number[], weights: readonly number[], n: number): Float64Array {
  const sum = new Float64Array(n);
  weights.forEach((w, c) => {
    for (let i = 0; i < n; i++) sum[i] += w * a[c * n + i];
  });
  return sum;
}
