/**
 * Cholesky's factorisation of a symmetric positive definite matrix in doubles, and solutions for many right-hand sides. Rows are padded to
 * an even length, two lanes at a time.
 */

let n: i32 = 0;
let m: i32 = 0;
let down: usize = 0; // bytes of a row of the matrix
let across: usize = 0; // bytes of a row of right-hand sides
let matrix: usize = 0; // f64 [n, n], the lower triangle is read and overwritten
let right: usize = 0; // f64 [n, m], overwritten by the solution

/** Sets the sizes; returns the bytes of memory needed. */
export function layout(order: i32, sides: i32): usize {
  n = order;
  m = sides;
  down = <usize>((n + 1) & ~1) << 3;
  across = <usize>((m + 1) & ~1) << 3;
  matrix = 64;
  right = matrix + <usize>n * down;
  return right + <usize>n * across;
}

export function addressOfMatrix(): usize {
  return matrix;
}

export function addressOfRight(): usize {
  return right;
}

/** Σ_{k < count} p_k q_k. */
@inline
function dot(p: usize, q: usize, count: i32): f64 {
  let s = f64x2.splat(0);
  let t = f64x2.splat(0);
  let k: usize = 0;
  const four = <usize>(count & ~3) << 3;
  for (; k < four; k += 32) {
    s = f64x2.add(s, f64x2.mul(v128.load(p + k), v128.load(q + k)));
    t = f64x2.add(t, f64x2.mul(v128.load(p + k, 16), v128.load(q + k, 16)));
  }
  s = f64x2.add(s, t);
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  const end = <usize>count << 3;
  for (; k < end; k += 8) sum += load<f64>(p + k) * load<f64>(q + k);
  return sum;
}

/** L Lᵀ = A in place. Returns -1, or the first row whose pivot is not positive. */
export function factor(): i32 {
  for (let i = 0; i < n; i++) {
    const row = matrix + <usize>i * down;
    for (let j = 0; j < i; j++) {
      const other = matrix + <usize>j * down;
      const at = <usize>j << 3;
      store<f64>(row + at, (load<f64>(row + at) - dot(row, other, j)) / load<f64>(other + at));
    }
    const pivot = load<f64>(row + (<usize>i << 3)) - dot(row, row, i);
    if (!(pivot > 0) || pivot == Infinity) return i;
    store<f64>(row + (<usize>i << 3), Math.sqrt(pivot));
  }
  return -1;
}

/** y -= a x, rows of right-hand sides. */
@inline
function subtract(y: usize, x: usize, a: f64): void {
  const factor = f64x2.splat(a);
  for (let k: usize = 0; k < across; k += 16) v128.store(y + k, f64x2.sub(v128.load(y + k), f64x2.mul(factor, v128.load(x + k))));
}

@inline
function divide(y: usize, a: f64): void {
  const factor = f64x2.splat(1 / a);
  for (let k: usize = 0; k < across; k += 16) v128.store(y + k, f64x2.mul(v128.load(y + k), factor));
}

/** B ← (L Lᵀ)⁻¹ B in place: forward, then backward substitution. */
export function solve(): void {
  for (let i = 0; i < n; i++) {
    const row = matrix + <usize>i * down;
    const own = right + <usize>i * across;
    for (let j = 0; j < i; j++) subtract(own, right + <usize>j * across, load<f64>(row + (<usize>j << 3)));
    divide(own, load<f64>(row + (<usize>i << 3)));
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = matrix + <usize>i * down;
    const own = right + <usize>i * across;
    divide(own, load<f64>(row + (<usize>i << 3)));
    for (let j = 0; j < i; j++) subtract(right + <usize>j * across, own, load<f64>(row + (<usize>j << 3)));
  }
}
