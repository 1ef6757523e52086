/**
 * Phases of a row of RZ and the permutation of a row of CX in one pass. The permutation k ^ ((k & mask) << 1) is its own inverse, for no
 * target is a control: amplitudes are swapped in place. Indices are (high, low) with no control on the topmost low bit. Tables stand
 * `across` bytes apart: low re, low im, high re, high im, sums by low, sums by high, two of others, and sums by low of odd rows. Even rows
 * swap with even ones, odd with odd: they are the two halves.
 */

@inline
function partner(index: i32, mask: i32): i32 {
  return index ^ ((index & mask) << 1);
}

@inline
function splat<T>(at: usize): v128 {
  return sizeof<T>() == 8 ? v128.load64_splat(at) : v128.load32_splat(at);
}

/** (x0, x1) with their upper halves swapped: CX of the topmost qubit within vectors on the next. */
@inline
function even<T>(x0: v128, x1: v128): v128 {
  return v128.shuffle<f64>(x0, x1, 0, 3);
}
@inline
function odd<T>(x0: v128, x1: v128): v128 {
  return v128.shuffle<f64>(x1, x0, 0, 3);
}

/** CX of qubit 0 on qubit 1 where both are within vectors of four. */
@inline
function inside<T>(v: v128, swaps: bool): v128 {
  if (sizeof<T>() == 8) return v;
  return swaps ? v128.shuffle<f32>(v, v, 0, 3, 2, 1) : v;
}

/** ψ at `from` times low · high, real or imaginary part. */
@inline
function re<T>(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.sub<T>(v128.mul<T>(a, c), v128.mul<T>(b, d));
}
@inline
function im<T>(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.add<T>(v128.mul<T>(a, d), v128.mul<T>(b, c));
}

export function diagonalTurn<T>(psi: usize, part: usize, tables: usize, across: usize, n: i32, bits: i32, mask: i32, half: i32): void {
  const lows = 1 << bits;
  const highs = 1 << (n - bits);
  const low = mask & (lows - 1);
  const high = mask >> bits;
  const width = <i32>(16 / sizeof<T>());
  const crossing = (mask & (width >> 1)) != 0;
  const swaps = width == 4 && (mask & 1) != 0;
  const step = crossing ? 2 * width : width;
  const within = low & ~(step - 1);
  for (let i = half; i < highs; i += 2) {
    const j = partner(i, high);
    if (j < i) continue;
    const rowI = psi + (<usize>i << bits) * sizeof<T>();
    const rowJ = psi + (<usize>j << bits) * sizeof<T>();
    const hi = tables + 2 * across + <usize>i * sizeof<T>();
    const hj = tables + 2 * across + <usize>j * sizeof<T>();
    const hiRe = splat<T>(hi);
    const hiIm = splat<T>(hi + across);
    const hjRe = splat<T>(hj);
    const hjIm = splat<T>(hj + across);
    for (let k = 0; k < lows; k += step) {
      const l = partner(k, within);
      if (i == j && l < k) continue;
      const atK = <usize>k * sizeof<T>();
      const atL = <usize>l * sizeof<T>();
      const x = rowI + atK;
      const y = rowJ + atL;
      if (!crossing) {
        const xRe = turnedRe<T>(x, part, tables + atK, across, hiRe, hiIm);
        const xIm = turnedIm<T>(x, part, tables + atK, across, hiRe, hiIm);
        const yRe = turnedRe<T>(y, part, tables + atL, across, hjRe, hjIm);
        const yIm = turnedIm<T>(y, part, tables + atL, across, hjRe, hjIm);
        v128.store(x, inside<T>(yRe, swaps));
        v128.store(x + part, inside<T>(yIm, swaps));
        v128.store(y, inside<T>(xRe, swaps));
        v128.store(y + part, inside<T>(xIm, swaps));
      } else {
        const xRe = turnedRe<T>(x, part, tables + atK, across, hiRe, hiIm);
        const xIm = turnedIm<T>(x, part, tables + atK, across, hiRe, hiIm);
        const yRe = turnedRe<T>(y, part, tables + atL, across, hjRe, hjIm);
        const yIm = turnedIm<T>(y, part, tables + atL, across, hjRe, hjIm);
        const xRe1 = turnedRe<T>(x + 16, part, tables + atK + 16, across, hiRe, hiIm);
        const xIm1 = turnedIm<T>(x + 16, part, tables + atK + 16, across, hiRe, hiIm);
        const yRe1 = turnedRe<T>(y + 16, part, tables + atL + 16, across, hjRe, hjIm);
        const yIm1 = turnedIm<T>(y + 16, part, tables + atL + 16, across, hjRe, hjIm);
        v128.store(x, even<T>(yRe, yRe1));
        v128.store(x + 16, odd<T>(yRe, yRe1));
        v128.store(x + part, even<T>(yIm, yIm1));
        v128.store(x + part + 16, odd<T>(yIm, yIm1));
        v128.store(y, even<T>(xRe, xRe1));
        v128.store(y + 16, odd<T>(xRe, xRe1));
        v128.store(y + part, even<T>(xIm, xIm1));
        v128.store(y + part + 16, odd<T>(xIm, xIm1));
      }
    }
  }
}

@inline
function turnedRe<T>(at: usize, part: usize, low: usize, across: usize, hRe: v128, hIm: v128): v128 {
  const lRe = v128.load(low);
  const lIm = v128.load(low + across);
  return re<T>(v128.load(at), v128.load(at + part), re<T>(lRe, lIm, hRe, hIm), im<T>(lRe, lIm, hRe, hIm));
}
@inline
function turnedIm<T>(at: usize, part: usize, low: usize, across: usize, hRe: v128, hIm: v128): v128 {
  const lRe = v128.load(low);
  const lIm = v128.load(low + across);
  return im<T>(v128.load(at), v128.load(at + part), re<T>(lRe, lIm, hRe, hIm), im<T>(lRe, lIm, hRe, hIm));
}

/** Adds Im(λ̄ψ) to the sums of its low bits, and returns it. */
@inline
function summed<T>(at: usize, aRe: v128, aIm: v128, lRe: v128, lIm: v128): v128 {
  const d = v128.sub<T>(v128.mul<T>(lRe, aIm), v128.mul<T>(lIm, aRe));
  v128.store(at, v128.add<T>(v128.load(at), d));
  return d;
}

@inline
function put<T>(at: usize, part: usize, aRe: v128, aIm: v128, c: v128, d: v128): void {
  v128.store(at, re<T>(aRe, aIm, c, d));
  v128.store(at + part, im<T>(aRe, aIm, c, d));
}

/** Four amplitudes of both states from y to x, CX of qubit 0 on qubit 1, then phases. */
@inline
function four<T>(x: usize, y: usize, part: usize, to: usize, low: usize, across: usize, hRe: v128, hIm: v128, sums: usize): v128 {
  const re0 = v128.load(y);
  const re1 = v128.load(y + 16);
  const im0 = v128.load(y + part);
  const im1 = v128.load(y + part + 16);
  const lRe0 = v128.load(y + to);
  const lRe1 = v128.load(y + to + 16);
  const lIm0 = v128.load(y + to + part);
  const lIm1 = v128.load(y + to + part + 16);
  const first = two<T>(x, part, to, low, across, hRe, hIm, sums, even<T>(re0, re1), even<T>(im0, im1), even<T>(lRe0, lRe1), even<T>(lIm0, lIm1));
  const next = two<T>(x + 16, part, to, low + 16, across, hRe, hIm, sums + 16, odd<T>(re0, re1), odd<T>(im0, im1), odd<T>(lRe0, lRe1), odd<T>(lIm0, lIm1));
  return v128.add<T>(first, next);
}

@inline
function two<T>(
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
  const c = re<T>(lRe, lIm, hRe, hIm);
  const d = im<T>(lRe, lIm, hRe, hIm);
  put<T>(x, part, aRe, aIm, c, d);
  put<T>(x + to, part, bRe, bIm, c, d);
  return summed<T>(sums, aRe, aIm, bRe, bIm);
}

/** Phases in the tables are conjugate already. */
export function diagonalBack<T>(psi: usize, lambda: usize, part: usize, tables: usize, across: usize, n: i32, bits: i32, mask: i32, half: i32): void {
  const lows = 1 << bits;
  const highs = 1 << (n - bits);
  const low = mask & (lows - 1);
  const high = mask >> bits;
  const width = <i32>(16 / sizeof<T>());
  const crossing = (mask & (width >> 1)) != 0;
  const swaps = width == 4 && (mask & 1) != 0;
  const step = crossing ? 2 * width : width;
  const within = low & ~(step - 1);
  const to = lambda - psi;
  const sums = tables + (half == 0 ? 4 : 8) * across;
  const highSums = tables + 5 * across;
  memory.fill(sums, 0, across);
  for (let i = half; i < highs; i += 2) store<T>(highSums + <usize>i * sizeof<T>(), 0);
  for (let i = half; i < highs; i += 2) {
    const j = partner(i, high);
    if (j < i) continue;
    const rowI = psi + (<usize>i << bits) * sizeof<T>();
    const rowJ = psi + (<usize>j << bits) * sizeof<T>();
    const hi = tables + 2 * across + <usize>i * sizeof<T>();
    const hj = tables + 2 * across + <usize>j * sizeof<T>();
    const hiRe = splat<T>(hi);
    const hiIm = splat<T>(hi + across);
    const hjRe = splat<T>(hj);
    const hjIm = splat<T>(hj + across);
    let sumI = v128.splat<T>(0);
    let sumJ = v128.splat<T>(0);
    for (let k = 0; k < lows; k += step) {
      const l = partner(k, within);
      if (i == j && l < k) continue;
      const alone = i == j && l == k;
      const atK = <usize>k * sizeof<T>();
      const atL = <usize>l * sizeof<T>();
      if (!crossing) {
        const x = rowI + atK;
        const y = rowJ + atL;
        const xRe = inside<T>(v128.load(x), swaps);
        const xIm = inside<T>(v128.load(x + part), swaps);
        const yRe = inside<T>(v128.load(y), swaps);
        const yIm = inside<T>(v128.load(y + part), swaps);
        const lxRe = inside<T>(v128.load(x + to), swaps);
        const lxIm = inside<T>(v128.load(x + to + part), swaps);
        const lyRe = inside<T>(v128.load(y + to), swaps);
        const lyIm = inside<T>(v128.load(y + to + part), swaps);
        const lkRe = v128.load(tables + atK);
        const lkIm = v128.load(tables + atK + across);
        const kRe = re<T>(lkRe, lkIm, hiRe, hiIm);
        const kIm = im<T>(lkRe, lkIm, hiRe, hiIm);
        sumI = v128.add<T>(sumI, summed<T>(sums + atK, yRe, yIm, lyRe, lyIm));
        put<T>(x, part, yRe, yIm, kRe, kIm);
        put<T>(x + to, part, lyRe, lyIm, kRe, kIm);
        if (alone) continue;
        const llRe = v128.load(tables + atL);
        const llIm = v128.load(tables + atL + across);
        const lRe = re<T>(llRe, llIm, hjRe, hjIm);
        const lIm = im<T>(llRe, llIm, hjRe, hjIm);
        sumJ = v128.add<T>(sumJ, summed<T>(sums + atL, xRe, xIm, lxRe, lxIm));
        put<T>(y, part, xRe, xIm, lRe, lIm);
        put<T>(y + to, part, lxRe, lxIm, lRe, lIm);
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
        sumI = v128.add<T>(sumI, four<T>(x, y, part, to, tables + atK, across, hiRe, hiIm, sums + atK));
        if (alone) continue;
        v128.store(y, a0);
        v128.store(y + 16, a1);
        v128.store(y + part, b0);
        v128.store(y + part + 16, b1);
        v128.store(y + to, c0);
        v128.store(y + to + 16, c1);
        v128.store(y + to + part, d0);
        v128.store(y + to + part + 16, d1);
        sumJ = v128.add<T>(sumJ, four<T>(y, y, part, to, tables + atL, across, hjRe, hjIm, sums + atL));
      }
    }
    addSum<T>(highSums + <usize>i * sizeof<T>(), sumI);
    addSum<T>(highSums + <usize>j * sizeof<T>(), sumJ);
  }
}

@inline
function addSum<T>(at: usize, sum: v128): void {
  if (sizeof<T>() == 8) store<f64>(at, load<f64>(at) + f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  else {
    const pairs = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    store<f32>(at, load<f32>(at) + f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
  }
}
