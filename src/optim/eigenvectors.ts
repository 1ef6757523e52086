/** Eigenvectors of symmetric matrices as tensor programs: all at once by rotations, or a basis that follows a matrix that moves. */
import { array } from "../array/index.ts";
import {
  abs,
  and,
  concat,
  constant,
  diagonal,
  equal,
  eye,
  iota,
  less,
  max,
  pad,
  scan,
  sign,
  sqrt,
  type Tensor,
  take,
  topK,
  where,
  whileLoop,
} from "../tensor/index.ts";
import { eigenStep, ifFinite } from "./roots.ts";
import type { Float } from "./structures/structure.ts";

/** Sides up to which a basis is made by rotations: their rounds are as many as the side, each over the whole matrix. */
const mostRotated = 256;

/** Steps of orthogonal iteration in place of rotations, for longer sides. */
const firstRounds = 10;

/** Sweeps after which rotations stop in any case; they converge quadratically, and 6 to 10 are usual. */
const mostSweeps = 30;

interface Rotated {
  /** The matrix in the basis, and the basis; columns in an order that a round changes. */
  readonly a: Tensor;
  readonly v: Tensor;
}

/** The order after a round of a tournament of n players, in which i plays i + n/2: the first stays, the others move on. */
function nextRound(n: number): number[] {
  const h = n / 2;
  const top = Array.from({ length: h }, (_, i) => i);
  const bottom = top.map((i) => i + h);
  return n === 2 ? [0, 1] : [0, h, ...top.slice(1, h - 1), ...bottom.slice(1), h - 1];
}

/** All pairs of a round turned so that their entries off the diagonal vanish. */
function rotatePairs({ a, v }: Rotated): Rotated {
  const n = a.shape[0];
  const h = n / 2;
  const [p, q, o] = [a.slice([0, h], [0, h]), a.slice([h, n], [h, n]), a.slice([0, h], [h, n])].map((x) => diagonal(x));
  const tau = q.sub(p).div(where(equal(o, 0), 1, o.mul(2)));
  const tangent = where(equal(tau, 0), 1, sign(tau)).div(abs(tau).add(sqrt(tau.square().add(1))));
  const t = where(equal(o, 0), 0, tangent);
  const c = sqrt(t.square().add(1)).pow(-1);
  const s = t.mul(c);
  const columns = (x: Tensor): Tensor => {
    const [left, right] = [x.slice(null, [0, h]), x.slice(null, [h, n])];
    return concat([left.mul(c).sub(right.mul(s)), left.mul(s).add(right.mul(c))], 1);
  };
  return { a: columns(columns(a).transpose()), v: columns(v) };
}

/**
 * Orthonormal eigenvectors of a symmetric matrix as columns, in any order: Jacobi's rotations, n/2 disjoint pairs at a time, every pair
 * once a sweep.
 *
 * @source  Brent & Luk, SIAM J. Sci. Stat. Comput. 6 (1985)
 */
export function eigenvectors(s: Tensor): Tensor {
  const d = s.shape[0];
  if (d === 1) return s.mul(0).add(1);
  const n = d + (d % 2);
  const dtype = s.dtype as Float;
  const even =
    n === d
      ? s
      : pad(s, [
          [0, 1],
          [0, 1],
        ]);
  const order = constant(array(nextRound(n), "i32"));
  const round = ({ a, v }: Rotated): Rotated => {
    const turned = rotatePairs({ a, v });
    return { a: take(take(turned.a, order, 0), order, 1), v: take(turned.v, order, 1) };
  };
  const off = (a: Tensor): Tensor => max(abs(a.mul(eye(n, dtype).neg().add(1))));
  const small = max(abs(s)).mul(dtype === "f64" ? 1e-15 : 1e-7);
  const start = { a: even, v: eye(n, dtype), off: off(even), sweeps: iota(1).slice(0) };
  const { v } = whileLoop(
    ({ off, sweeps }: typeof start) => and(less(small, off), less(sweeps, mostSweeps)),
    ({ a, v, sweeps }) => {
      const { carry } = scan((x: Rotated) => ({ carry: round(x) }), { a, v }, n - 1);
      return { ...carry, off: off(carry.a), sweeps: sweeps.add(1) };
    },
    start,
  );
  // The row and column that made the side even are an eigenvector of their own, which no rotation touches: where it is, others have a 0.
  if (n === d) return v;
  return v.slice([0, d], [0, d]);
}

/** A first basis: eigenvectors, or for long sides some steps of orthogonal iteration from the identity. */
export function firstBasis(s: Tensor): Tensor {
  const identity = eye(s.shape[0], s.dtype as Float);
  if (s.shape[0] <= mostRotated) return ifFinite(eigenvectors(s), identity);
  const start = { q: identity, i: iota(1).slice(0) };
  const { q } = whileLoop(
    ({ i }: typeof start) => less(i, firstRounds),
    ({ q, i }) => ({ q: eigenStep(s, q), i: i.add(1) }),
    start,
  );
  return ifFinite(q, identity);
}

/** The next basis by one step of orthogonal iteration, with the largest Rayleigh quotients first, and the order that put them there. */
export function nextBasis(s: Tensor, q: Tensor): { readonly q: Tensor; readonly order: Tensor } {
  const quotients = s.matmul(q).mul(q).sum(0);
  const { indices } = topK(quotients, q.shape[1]);
  const sorted = take(q, indices, 1);
  return { q: ifFinite(eigenStep(s, sorted), q), order: indices };
}
