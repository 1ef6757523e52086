/**
 * Phases of a row of RZ and the permutation of a row of CX in one pass. The permutation k ^ ((k & mask) << 1) is its own inverse, for no
 * target is a control: amplitudes are swapped in place. Indices are (high, low) with no control on the topmost low bit.
 */

/** Tables, each `across` bytes after the other: low re, low im, high re, high im, sums by low, sums by high. */
@inline
function partner(index: i32, mask: i32): i32 {
  return index ^ ((index & mask) << 1);
}

/** (x0, x1) with their second lanes swapped: CX of qubit 0 on qubit 1. */
@inline
function even(x0: v128, x1: v128): v128 {
  return v128.shuffle<f64>(x0, x1, 0, 3);
}
@inline
function odd(x0: v128, x1: v128): v128 {
  return v128.shuffle<f64>(x1, x0, 0, 3);
}

/** ψ at `from` times low · high, real or imaginary part. */
@inline
function re(a: v128, b: v128, c: v128, d: v128): v128 {
  return f64x2.sub(f64x2.mul(a, c), f64x2.mul(b, d));
}
@inline
function im(a: v128, b: v128, c: v128, d: v128): v128 {
  return f64x2.add(f64x2.mul(a, d), f64x2.mul(b, c));
}

export function diagonalTurn(psi: usize, part: usize, tables: usize, across: usize, n: i32, bits: i32, mask: i32): void {
  const lows = 1 << bits;
  const highs = 1 << (n - bits);
  const low = mask & (lows - 1);
  const high = mask >> bits;
  const crossing = (mask & 1) != 0;
  const step = crossing ? 4 : 2;
  const within = crossing ? low & ~3 : low;
  for (let i = 0; i < highs; i++) {
    const j = partner(i, high);
    if (j < i) continue;
    const rowI = psi + ((<usize>i << bits) << 3);
    const rowJ = psi + ((<usize>j << bits) << 3);
    const hi = tables + 2 * across + (<usize>i << 3);
    const hj = tables + 2 * across + (<usize>j << 3);
    const hiRe = v128.load64_splat(hi);
    const hiIm = v128.load64_splat(hi + across);
    const hjRe = v128.load64_splat(hj);
    const hjIm = v128.load64_splat(hj + across);
    for (let k = 0; k < lows; k += step) {
      const l = partner(k, within);
      if (i == j && l < k) continue;
      const atK = <usize>k << 3;
      const atL = <usize>l << 3;
      const x = rowI + atK;
      const y = rowJ + atL;
      if (!crossing) {
        const xRe = turnedRe(x, part, tables + atK, across, hiRe, hiIm);
        const xIm = turnedIm(x, part, tables + atK, across, hiRe, hiIm);
        const yRe = turnedRe(y, part, tables + atL, across, hjRe, hjIm);
        const yIm = turnedIm(y, part, tables + atL, across, hjRe, hjIm);
        v128.store(x, yRe);
        v128.store(x + part, yIm);
        v128.store(y, xRe);
        v128.store(y + part, xIm);
      } else {
        const xRe = turnedRe(x, part, tables + atK, across, hiRe, hiIm);
        const xIm = turnedIm(x, part, tables + atK, across, hiRe, hiIm);
        const yRe = turnedRe(y, part, tables + atL, across, hjRe, hjIm);
        const yIm = turnedIm(y, part, tables + atL, across, hjRe, hjIm);
        const xRe1 = turnedRe(x + 16, part, tables + atK + 16, across, hiRe, hiIm);
        const xIm1 = turnedIm(x + 16, part, tables + atK + 16, across, hiRe, hiIm);
        const yRe1 = turnedRe(y + 16, part, tables + atL + 16, across, hjRe, hjIm);
        const yIm1 = turnedIm(y + 16, part, tables + atL + 16, across, hjRe, hjIm);
        v128.store(x, even(yRe, yRe1));
        v128.store(x + 16, odd(yRe, yRe1));
        v128.store(x + part, even(yIm, yIm1));
        v128.store(x + part + 16, odd(yIm, yIm1));
        v128.store(y, even(xRe, xRe1));
        v128.store(y + 16, odd(xRe, xRe1));
        v128.store(y + part, even(xIm, xIm1));
        v128.store(y + part + 16, odd(xIm, xIm1));
      }
    }
  }
}

@inline
function turnedRe(at: usize, part: usize, low: usize, across: usize, hRe: v128, hIm: v128): v128 {
  const lRe = v128.load(low);
  const lIm = v128.load(low + across);
  return re(v128.load(at), v128.load(at + part), re(lRe, lIm, hRe, hIm), im(lRe, lIm, hRe, hIm));
}
@inline
function turnedIm(at: usize, part: usize, low: usize, across: usize, hRe: v128, hIm: v128): v128 {
  const lRe = v128.load(low);
  const lIm = v128.load(low + across);
  return im(v128.load(at), v128.load(at + part), re(lRe, lIm, hRe, hIm), im(lRe, lIm, hRe, hIm));
}

/** Adds Im(λ̄ψ) to the sums of its low bits, and returns it. */
@inline
function summed(at: usize, aRe: v128, aIm: v128, lRe: v128, lIm: v128): v128 {
  const d = f64x2.sub(f64x2.mul(lRe, aIm), f64x2.mul(lIm, aRe));
  v128.store(at, f64x2.add(v128.load(at), d));
  return d;
}

@inline
function put(at: usize, part: usize, aRe: v128, aIm: v128, c: v128, d: v128): void {
  v128.store(at, re(aRe, aIm, c, d));
  v128.store(at + part, im(aRe, aIm, c, d));
}

/** Four amplitudes of both states from y to x, CX of qubit 0 on qubit 1, then phases. */
@inline
function four(x: usize, y: usize, part: usize, to: usize, low: usize, across: usize, hRe: v128, hIm: v128, sums: usize): v128 {
  const re0 = v128.load(y);
  const re1 = v128.load(y + 16);
  const im0 = v128.load(y + part);
  const im1 = v128.load(y + part + 16);
  const lRe0 = v128.load(y + to);
  const lRe1 = v128.load(y + to + 16);
  const lIm0 = v128.load(y + to + part);
  const lIm1 = v128.load(y + to + part + 16);
  const first = two(x, part, to, low, across, hRe, hIm, sums, even(re0, re1), even(im0, im1), even(lRe0, lRe1), even(lIm0, lIm1));
  const next = two(x + 16, part, to, low + 16, across, hRe, hIm, sums + 16, odd(re0, re1), odd(im0, im1), odd(lRe0, lRe1), odd(lIm0, lIm1));
  return f64x2.add(first, next);
}

@inline
function two(
  x: usize,
  part: usize,
  to: usize,
  low: usize,
  across: usize,
  hRe: v128,
  hIm: v128,
  sums: usize,
  aRe: v128,
  aIm: v128,
  bRe: v128,
  bIm: v128,
): v128 {
  const lRe = v128.load(low);
  const lIm = v128.load(low + across);
  const c = re(lRe, lIm, hRe, hIm);
  const d = im(lRe, lIm, hRe, hIm);
  put(x, part, aRe, aIm, c, d);
  put(x + to, part, bRe, bIm, c, d);
  return summed(sums, aRe, aIm, bRe, bIm);
}

/** Phases in the tables are conjugate already. */
export function diagonalBack(psi: usize, lambda: usize, part: usize, tables: usize, across: usize, n: i32, bits: i32, mask: i32): void {
  const lows = 1 << bits;
  const highs = 1 << (n - bits);
  const low = mask & (lows - 1);
  const high = mask >> bits;
  const crossing = (mask & 1) != 0;
  const step = crossing ? 4 : 2;
  const within = crossing ? low & ~3 : low;
  const to = lambda - psi;
  const sums = tables + 4 * across;
  memory.fill(sums, 0, 2 * across);
  for (let i = 0; i < highs; i++) {
    const j = partner(i, high);
    if (j < i) continue;
    const rowI = psi + ((<usize>i << bits) << 3);
    const rowJ = psi + ((<usize>j << bits) << 3);
    const hi = tables + 2 * across + (<usize>i << 3);
    const hj = tables + 2 * across + (<usize>j << 3);
    const hiRe = v128.load64_splat(hi);
    const hiIm = v128.load64_splat(hi + across);
    const hjRe = v128.load64_splat(hj);
    const hjIm = v128.load64_splat(hj + across);
    let sumI = f64x2.splat(0);
    let sumJ = f64x2.splat(0);
    for (let k = 0; k < lows; k += step) {
      const l = partner(k, within);
      if (i == j && l < k) continue;
      const alone = i == j && l == k;
      const atK = <usize>k << 3;
      const atL = <usize>l << 3;
      if (!crossing) {
        const x = rowI + atK;
        const y = rowJ + atL;
        const xRe = v128.load(x);
        const xIm = v128.load(x + part);
        const yRe = v128.load(y);
        const yIm = v128.load(y + part);
        const lxRe = v128.load(x + to);
        const lxIm = v128.load(x + to + part);
        const lyRe = v128.load(y + to);
        const lyIm = v128.load(y + to + part);
        const lkRe = v128.load(tables + atK);
        const lkIm = v128.load(tables + atK + across);
        const kRe = re(lkRe, lkIm, hiRe, hiIm);
        const kIm = im(lkRe, lkIm, hiRe, hiIm);
        sumI = f64x2.add(sumI, summed(sums + atK, yRe, yIm, lyRe, lyIm));
        put(x, part, yRe, yIm, kRe, kIm);
        put(x + to, part, lyRe, lyIm, kRe, kIm);
        if (alone) continue;
        const llRe = v128.load(tables + atL);
        const llIm = v128.load(tables + atL + across);
        const lRe = re(llRe, llIm, hjRe, hjIm);
        const lIm = im(llRe, llIm, hjRe, hjIm);
        sumJ = f64x2.add(sumJ, summed(sums + atL, xRe, xIm, lxRe, lxIm));
        put(y, part, xRe, xIm, lRe, lIm);
        put(y + to, part, lxRe, lxIm, lRe, lIm);
      } else {
        const x = rowI + atK;
        const y = rowJ + atL;
        const a0 = v128.load(x);
        const a1 = v128.load(x + 16);
        const b0 = v128.load(x + part);
        const b1 = v128.load(x + part + 16);
        const c0 = v128.load(x + to);
        const c1 = v128.load(x + to + 16);
        const d0 = v128.load(x + to + part);
        const d1 = v128.load(x + to + part + 16);
        sumI = f64x2.add(sumI, four(x, y, part, to, tables + atK, across, hiRe, hiIm, sums + atK));
        if (alone) continue;
        v128.store(y, a0);
        v128.store(y + 16, a1);
        v128.store(y + part, b0);
        v128.store(y + part + 16, b1);
        v128.store(y + to, c0);
        v128.store(y + to + 16, c1);
        v128.store(y + to + part, d0);
        v128.store(y + to + part + 16, d1);
        sumJ = f64x2.add(sumJ, four(y, y, part, to, tables + atL, across, hjRe, hjIm, sums + atL));
      }
    }
    addSum(sums + across + (<usize>i << 3), sumI);
    addSum(sums + across + (<usize>j << 3), sumJ);
  }
}

@inline
function addSum(at: usize, sum: v128): void {
  store<f64>(at, load<f64>(at) + f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
}
