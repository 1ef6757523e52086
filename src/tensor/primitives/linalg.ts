/**
 * Linear algebra of small matrices (batched, n up to 64 or so). Each routine is a tensor program of n steps inside the run; derivatives are
 * stated by matrix identities, so that nothing differentiates through pivoting.
 */
import { apply, apply1 } from "../primitive.ts";
import { broadcastShapes, fail, floatType, range } from "../shapes.ts";
import { isFloat, type Primitive, type Tensor } from "../tensor.ts";
import { abs, add, div, equal, greater, greaterEqual, less, mul, neg, sign, sqrt, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { iota, lift, liftOne, type Value } from "./constant.ts";
import { exp, log } from "./elementary.ts";
import { diagonal, eye, oneHot, tril } from "./gather.ts";
import { kernelArgmax, kernelMax } from "./kernels.ts";
import { matmul, outer, stackOf } from "./product.ts";
import { expandDims, reshape, transpose } from "./reshape.ts";
import { scan } from "./scan.ts";
import { concat, sliceAxis } from "./slice.ts";
import { broadcastTo, sum } from "./sum.ts";

function squareMatrices(operation: string, a: Tensor): number {
  const n = a.shape[a.rank - 1];
  if (a.rank < 2 || a.shape[a.rank - 2] !== n || !isFloat(a.dtype)) fail(operation, "needs square matrices of floats", [a]);
  return n;
}

const column = (x: Tensor, j: Tensor, axis: -1 | -2): Tensor => sum(mul(x, axis === -1 ? j : expandDims(j, -1)), axis);

/**
 * Gauss–Jordan elimination with partial pivoting of [A | B], all right-hand sides at once. Rows are scaled to largest element 1 first, so
 * that badly scaled matrices neither overflow nor choose bad pivots. A pivot of zero is divided by: the solution of a singular matrix is
 * not finite. Its sign is 0 and its logarithm -∞, whatever the rest of the elimination gives.
 *
 * @returns  solution A⁻¹ B, sign of det A and log |det A|
 */
function eliminate(a: Tensor, b: Tensor): { solution: Tensor; sign: Tensor; logAbs: Tensor } {
  const n = a.shape[a.rank - 1];
  const head = a.shape.slice(0, -2);
  const peak = kernelMax(abs(a), -1, true);
  const scale = where(equal(peak, 0), 1, peak);
  const dtype = floatType("solve", a);
  const start = concat([div(a, scale), div(b, scale)], -1);
  const width = start.shape[start.rank - 1];
  const one = broadcastTo(liftOne("solve", 1, dtype), head);
  const step = ({ m, s, l }: { m: Tensor; s: Tensor; l: Tensor }, k: Tensor) => {
    const here = cast(equal(iota(n), k), dtype);
    const pivots = column(sliceAxis(m, -1, 0, n), here, -1);
    const free = greaterEqual(iota(n), k);
    const p = apply1(kernelArgmax, [where(free, abs(pivots), -1)], { axis: -1 });
    const there = oneHot(p, n, dtype);
    const rowK = column(m, here, -2);
    const rowP = column(m, there, -2);
    const pivot = sum(mul(pivots, there), -1);
    // Swap rows k and p, divide the pivot row, subtract it from the others.
    const swapped = add(m, outer(sub(here, there), sub(rowP, rowK)));
    const row = div(rowP, expandDims(pivot, -1));
    const below = column(sliceAxis(swapped, -1, 0, n), here, -1);
    const next = sub(swapped, outer(sub(below, here), row));
    const flip = where(equal(p, k), 1, -1);
    const singular = equal(s, 0);
    const nextSign = where(singular, 0, mul(s, mul(cast(flip, dtype), sign(pivot))));
    return { carry: { m: next, s: nextSign, l: where(singular, Number.NEGATIVE_INFINITY, add(l, log(abs(pivot)))) } };
  };
  const { carry } = scan(step, { m: start, s: one, l: sum(log(scale), [-1, -2]) }, iota(n), { unroll: n <= 4 });
  return { solution: sliceAxis(carry.m, -1, n, width), sign: carry.s, logAbs: carry.l };
}

const solvePrimitive: Primitive = {
  name: "solve",
  infer: ([a, b]) => [{ dtype: a.dtype, shape: [...a.shape.slice(0, -1), b.shape[b.rank - 1]] }],
  expand: ([a, b]) => [eliminate(a, b).solution],
  // A X = B: dX = A⁻¹ (dB - dA X).
  jvp([a], [da, db], [x]) {
    const right = da && db ? sub(db, matmul(da, x)) : da ? neg(matmul(da, x)) : db;
    return [right && apply1(solvePrimitive, [a, right])];
  },
  // B̄ = A⁻ᵀ X̄, Ā = -B̄ Xᵀ.
  vjp([a], [ct], [x]) {
    const bBar = apply1(solvePrimitive, [transpose(a), ct as Tensor]);
    return [neg(matmul(bBar, transpose(x))), bBar];
  },
  batch: "every",
};

/** Gives a and b the same batch axes. */
function together(operation: string, a: Value, b: Value): { a: Tensor; b: Tensor; vector: boolean } {
  const [x, y] = lift(operation, [a, b]);
  const n = squareMatrices(operation, x);
  const vector = y.rank === x.rank - 1 || y.rank === 1;
  const right = vector ? expandDims(y, -1) : y;
  if (right.rank < 2 || right.shape[right.rank - 2] !== n || x.dtype !== y.dtype)
    fail(operation, "right-hand sides do not fit the matrices", [x, y]);
  const head = broadcastShapes(operation, [x, right].map(stackOf));
  return { a: broadcastTo(x, [...head, n, n]), b: broadcastTo(right, [...head, ...right.shape.slice(-2)]), vector };
}

/** Solution of A X = B. A [..., n, n]; B [..., n, m], or vectors [..., n]. Singular: not finite. */
export function solve(a: Value, b: Value): Tensor {
  const t = together("solve", a, b);
  const x = apply1(solvePrimitive, [t.a, t.b]);
  return t.vector ? reshape(x, x.shape.slice(0, -1)) : x;
}

const slogdetPrimitive: Primitive = {
  name: "slogdet",
  infer: ([a]) => {
    const shape = a.shape.slice(0, -2);
    return [{ dtype: a.dtype, shape }, { dtype: a.dtype, shape }, a];
  },
  expand([a]) {
    const n = a.shape[a.rank - 1];
    const { solution, sign: s, logAbs } = eliminate(a, broadcastTo(eye(n, floatType("slogdet", a)), a.shape));
    return [s, logAbs, solution];
  },
  // d log|det A| = tr(A⁻¹ dA), dA⁻¹ = -A⁻¹ dA A⁻¹.
  jvp(_, [da], [, , inverse]) {
    if (!da) return [undefined, undefined, undefined];
    return [undefined, sum(mul(transpose(inverse), da), [-1, -2]), neg(matmul(matmul(inverse, da), inverse))];
  },
  vjp(_, [, ctLog, ctInverse], [, , inverse]) {
    const t = transpose(inverse);
    const fromLog = ctLog && mul(expandDims(expandDims(ctLog, -1), -1), t);
    const fromInverse = ctInverse && neg(matmul(matmul(t, ctInverse), t));
    return [fromLog && fromInverse ? add(fromLog, fromInverse) : (fromLog ?? fromInverse)];
  },
};

/** Sign and logarithm of the absolute determinant. [..., n, n] -> [...]. Singular: sign 0, log -∞. */
export function slogdet(a: Value): { sign: Tensor; logAbs: Tensor } {
  const t = liftOne("slogdet", a);
  squareMatrices("slogdet", t);
  const [s, logAbs] = apply(slogdetPrimitive, [t]);
  return { sign: s, logAbs };
}

/**
 * Determinant. Up to 4 x 4 by Laplace's expansion, a polynomial, whose derivative (the matrix of cofactors) holds for singular matrices
 * too. Larger ones by elimination; the derivative det(A) A⁻ᵀ of a singular one is not finite.
 */
export function det(a: Value): Tensor {
  const t = liftOne("det", a);
  const n = squareMatrices("det", t);
  if (n > 0 && n <= 4) return expansion(t);
  const { sign: s, logAbs } = slogdet(t);
  return mul(s, exp(logAbs));
}

/** Σ_j ± a_0j det(without row 0 and column j), each minor computed once. */
function expansion(a: Tensor): Tensor {
  const [n, head] = [a.shape[a.rank - 1], a.shape.slice(0, -2)];
  const flat = reshape(a, [...head, n * n]);
  const entry = (row: number, column: number): Tensor => reshape(sliceAxis(flat, -1, row * n + column, row * n + column + 1), head);
  const minors = new Map<string, Tensor>();
  const minor = (row: number, columns: readonly number[]): Tensor => {
    const known = minors.get(columns.join());
    if (known) return known;
    const terms = columns.map((j, k) => {
      const first = entry(row, j);
      return columns.length === 1 ? first : mul(first, minor(row + 1, columns.toSpliced(k, 1)));
    });
    const value = terms.reduce((sum, term, k) => (k % 2 ? sub(sum, term) : add(sum, term)));
    minors.set(columns.join(), value);
    return value;
  };
  return minor(0, range(n));
}

/** Inverse matrices; not finite for singular ones. Shares its work with `slogdet` of the same matrix. */
export function inverse(a: Value): Tensor {
  const t = liftOne("inverse", a);
  squareMatrices("inverse", t);
  return apply(slogdetPrimitive, [t])[2];
}

const choleskyPrimitive: Primitive = {
  name: "cholesky",
  infer: ([a]) => [a],
  // Outer-product form: column j of L is the j-th column of what remains over the root of its pivot.
  expand([a]) {
    const n = a.shape[a.rank - 1];
    const dtype = floatType("cholesky", a);
    const step = ({ rest }: { rest: Tensor }, k: Tensor) => {
      const here = cast(equal(iota(n), k), dtype);
      const c = column(rest, here, -1);
      const below = where(less(iota(n), k), 0, c);
      const l = div(below, expandDims(sqrt(sum(mul(c, here), -1)), -1));
      return { carry: { rest: sub(rest, outer(l, l)) }, y: l };
    };
    const { ys } = scan(step, { rest: a }, iota(n), { unroll: n <= 4 });
    const order = [...a.shape.slice(0, -1).map((_, i) => i + 1), 0];
    const l = transpose(ys as Tensor, order);
    const positive = equal(sum(cast(greater(diagonal(l), 0), "i32"), -1), n);
    return [tril(where(expandDims(expandDims(positive, -1), -1), l, Number.NaN))];
  },
  // L Φ(L⁻¹ dA L⁻ᵀ), where Φ takes the lower triangle and halves the diagonal.
  jvp([a], [da], [l]) {
    if (!da) return [undefined];
    const n = a.shape[a.rank - 1];
    const symmetric = mul(add(da, transpose(da)), 0.5);
    const inner = triangularSolve(l, transpose(triangularSolve(l, symmetric)));
    const halved = sub(tril(inner), mul(inner, mul(eye(n, floatType("cholesky", a)), 0.5)));
    return [matmul(l, halved)];
  },
};

/**
 * Lower triangular L with L Lᵀ = A for symmetric positive definite A (its symmetric part is meant in derivatives). Not positive definite:
 * NaN in all of the triangle.
 */
export function cholesky(a: Value): Tensor {
  const t = liftOne("cholesky", a);
  squareMatrices("cholesky", t);
  return apply1(choleskyPrimitive, [t]);
}

const triangularPrimitive: Primitive = {
  name: "triangularSolve",
  infer: ([, b]) => [b],
  // Substitution: row k of X is (b_k - Σ_j a_kj x_j) / a_kk over the rows j already known.
  expand([a, b], { lower }) {
    const n = a.shape[a.rank - 1];
    const dtype = floatType("triangularSolve", a);
    const pivots = diagonal(a);
    const step = ({ x }: { x: Tensor }, k: Tensor) => {
      const here = cast(equal(iota(n), k), dtype);
      const row = expandDims(column(a, here, -2), -2);
      const right = sub(column(b, here, -2), reshape(matmul(row, x), [...b.shape.slice(0, -2), b.shape[b.rank - 1]]));
      const value = div(right, expandDims(sum(mul(pivots, here), -1), -1));
      return { carry: { x: where(expandDims(equal(iota(n), k), -1), expandDims(value, -2), x) } };
    };
    return [scan(step, { x: mul(b, 0) }, iota(n), { reverse: !lower, unroll: n <= 4 }).carry.x];
  },
  jvp([a], [da, db], [x], params) {
    const part = da && (params.lower ? tril(da) : transpose(tril(transpose(da))));
    const right = part && db ? sub(db, matmul(part, x)) : part ? neg(matmul(part, x)) : db;
    return [right && apply1(triangularPrimitive, [a, right], params)];
  },
  vjp([a], [ct], [x], params) {
    const bBar = apply1(triangularPrimitive, [transpose(a), ct as Tensor], { lower: !params.lower });
    const full = neg(matmul(bBar, transpose(x)));
    return [params.lower ? tril(full) : transpose(tril(transpose(full))), bBar];
  },
  batch: "every",
};

/** Solution of L X = B for lower triangular L (upper with `lower: false`); the other triangle is not read. B [..., n, m] or [..., n]. */
export function triangularSolve(a: Value, b: Value, { lower = true } = {}): Tensor {
  const t = together("triangularSolve", a, b);
  const own = lower ? tril(t.a) : transpose(tril(transpose(t.a)));
  const x = apply1(triangularPrimitive, [own, t.b], { lower });
  return t.vector ? reshape(x, x.shape.slice(0, -1)) : x;
}
