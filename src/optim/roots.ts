/** Matrix functions made of products: roots, inverses, orthonormal bases. No decomposition of the runtime is needed. */
import {
  abs,
  all,
  and,
  eye,
  iota,
  isFinite,
  less,
  max,
  maximum,
  oneHot,
  outer,
  scan,
  sqrt,
  type Tensor,
  where,
  whileLoop,
} from "../tensor/index.ts";
import type { Float } from "./structures/structure.ts";

const identity = (a: Tensor): Tensor => eye(a.shape[a.rank - 1], a.dtype as Float);
const frobenius = (a: Tensor): Tensor => a.square().sum().sqrt();

/** A^n for n ≥ 1, by repeated squaring. */
function power(a: Tensor, n: number): Tensor {
  if (n === 1) return a;
  const half = power(a, n >> 1);
  const even = half.matmul(half);
  return n % 2 ? even.matmul(a) : even;
}

/**
 * A^(-1/p) of a symmetric positive definite matrix by the coupled Newton iteration
 *
 *   z = (1 + p) / (2 |A|_F),  M = z A,  H = z^(1/p) I;   M₁ = ((p + 1) I - M) / p,  H ← H M₁,  M ← M₁^p M
 *
 * until max |M - I| < tolerance or it grows. Singular matrices need a ridge.
 *
 * @source  Guo & Higham, SIAM J. Matrix Anal. 28 (2006); used for Shampoo by Anil et al., 2020
 */
export function inverseRoot(a: Tensor, p: number, tolerance = a.dtype === "f64" ? 1e-12 : 1e-6): Tensor {
  const i = identity(a);
  const z = frobenius(a)
    .pow(-1)
    .mul((1 + p) / 2);
  const m = a.mul(z);
  const error = (m: Tensor): Tensor => max(abs(m.sub(i)));
  const start = { m, h: i.mul(z.pow(1 / p)), error: error(m), last: error(m).mul(2).add(1), count: iota(1).slice(0) };
  const { h } = whileLoop(
    // It may grow by a little at first; f32 stops where rounding makes it grow again.
    ({ error, last, count }) => and(and(less(tolerance, error), less(count, 100)), less(error, last.mul(1.2))),
    ({ m, h, error: before, count }) => {
      const step = i.mul((p + 1) / p).sub(m.mul(1 / p));
      const next = power(step, p).matmul(m);
      return { m: next, h: h.matmul(step), error: error(next), last: before, count: count.add(1) };
    },
    start,
  );
  return h;
}

/**
 * A⁻¹ by Newton's iteration X ← X (2 I - A X) from X = I / |A|_F, until |I - A X|_F < tolerance √d or it grows.
 *
 * @source  Schulz, ZAMM 13 (1933)
 */
export function newtonInverse(a: Tensor, tolerance = a.dtype === "f64" ? 1e-12 : 1e-5): Tensor {
  const i = identity(a);
  const residual = (x: Tensor): Tensor => i.sub(a.matmul(x));
  const x = i.mul(frobenius(a).pow(-1));
  const r = residual(x);
  const bound = tolerance * Math.sqrt(a.shape[a.rank - 1]);
  const start = { x, r, error: frobenius(r), last: frobenius(r).mul(2), count: iota(1).slice(0) };
  return whileLoop(
    ({ error, last, count }) => and(and(less(bound, error), less(count, 100)), less(error, last)),
    ({ x, r, error, count }) => {
      const next = x.add(x.matmul(r));
      const rest = residual(next);
      return { x: next, r: rest, error: frobenius(rest), last: error, count: count.add(1) };
    },
    start,
  ).x;
}

/** The new matrix where all of it is finite, else the old one. */
export const ifFinite = (next: Tensor, old: Tensor): Tensor => where(all(isFinite(next)), next, old);

/**
 * U Vᵀ of a matrix U Σ Vᵀ, nearly: singular values are driven into about [0.7, 1.2] by five steps of a quintic Newton–Schulz iteration.
 *
 * @param x  [m, n]; the smaller side is iterated on
 * @source  Jordan et al., Muon, 2024
 */
export function orthogonalized(x: Tensor, steps = 5): Tensor {
  const [m, n] = x.shape;
  if (m > n) return orthogonalized(x.transpose(), steps).transpose();
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  let y = x.mul(maximum(frobenius(x), 1e-7).pow(-1));
  for (let k = 0; k < steps; k++) {
    const s = y.matmul(y.transpose());
    y = y.mul(a).add(s.mul(b).add(s.matmul(s).mul(c)).matmul(y));
  }
  return y;
}

/**
 * Orthonormal columns that span those of A, in order (the Q of a QR decomposition), by Gram–Schmidt, each column projected twice. A column
 * that depends on those before it is replaced by the unit vector of its number, projected.
 */
export function orthonormalColumns(a: Tensor): Tensor {
  const n = a.shape[1];
  const dtype = a.dtype as Float;
  const tiny = dtype === "f64" ? 1e-13 : 1e-5;
  const project = (v: Tensor, q: Tensor): Tensor => v.sub(q.matmul(v.expandDims(0).matmul(q).reshape([n])));
  const { carry } = scan(
    (q: Tensor, { v, k }: { v: Tensor; k: Tensor }) => {
      const here = oneHot(k, n, dtype);
      const size = sqrt(v.square().sum());
      const once = project(v.div(maximum(size, Number.MIN_VALUE)), q);
      const unit = once.div(maximum(sqrt(once.square().sum()), tiny));
      const spare = project(project(here, q), q);
      const w = where(less(tiny, sqrt(once.square().sum())), project(unit, q), spare);
      return { carry: q.add(outer(w.div(sqrt(w.square().sum())), here)) };
    },
    a.mul(0),
    { v: a.transpose(), k: iota(n) },
  );
  return carry;
}

/** One step of orthogonal iteration towards the eigenvectors of S, largest first: Q ← orth(S Q). */
export const eigenStep = (s: Tensor, q: Tensor): Tensor => orthonormalColumns(s.matmul(q));
