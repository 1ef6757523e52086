/**
 * Rows of RY, two qubits a sweep. A turn by t is [[c, -s], [s, c]]; a common factor is left out, to be multiplied back with later phases:
 *
 *   |c| >= |s|:  (x - t y, y + t x), t = s / c, factor c        |c| < |s|:  (t x - y, t y + x), t = c / s, factor s
 *
 * which takes two multiplications and two additions for a pair instead of four and two, and never divides by what is small.
 */

@inline
function first<T>(x: v128, y: v128, t: v128, steep: bool): v128 {
  return steep ? v128.sub<T>(v128.mul<T>(t, x), y) : v128.sub<T>(x, v128.mul<T>(t, y));
}

@inline
function second<T>(x: v128, y: v128, t: v128, steep: bool): v128 {
  return steep ? v128.add<T>(v128.mul<T>(t, y), x) : v128.add<T>(y, v128.mul<T>(t, x));
}

@inline
function pair<T>(at: usize, a: usize, b: usize, ta: v128, tb: v128, steepA: bool, steepB: bool): void {
  const v0 = v128.load(at);
  const v1 = v128.load(at + a);
  const v2 = v128.load(at + b);
  const v3 = v128.load(at + a + b);
  const x0 = first<T>(v0, v1, ta, steepA);
  const x1 = second<T>(v0, v1, ta, steepA);
  const x2 = first<T>(v2, v3, ta, steepA);
  const x3 = second<T>(v2, v3, ta, steepA);
  v128.store(at, first<T>(x0, x2, tb, steepB));
  v128.store(at + b, second<T>(x0, x2, tb, steepB));
  v128.store(at + a, first<T>(x1, x3, tb, steepB));
  v128.store(at + a + b, second<T>(x1, x3, tb, steepB));
}

@inline
function sweep<T>(state: usize, bytes: usize, a: usize, b: usize, ta: v128, tb: v128, steepA: bool, steepB: bool): void {
  for (let x = state; x < state + bytes; x += 2 * b)
    for (let y = x; y < x + b; y += 2 * a) for (let z = y; z < y + a; z += 16) pair<T>(z, a, b, ta, tb, steepA, steepB);
}

/** Both turns on all pairs of real numbers of a state; `kind` is 1 if the turn of a is steep, plus 2 if that of b is. */
export function pairTurn<T>(state: usize, bytes: usize, a: i32, b: i32, ta: f64, tb: f64, kind: i32): void {
  const strideA = sizeof<T>() << a;
  const strideB = sizeof<T>() << b;
  const u = v128.splat<T>(<T>ta);
  const v = v128.splat<T>(<T>tb);
  if (kind == 0) sweep<T>(state, bytes, strideA, strideB, u, v, false, false);
  else if (kind == 1) sweep<T>(state, bytes, strideA, strideB, u, v, true, false);
  else if (kind == 2) sweep<T>(state, bytes, strideA, strideB, u, v, false, true);
  else sweep<T>(state, bytes, strideA, strideB, u, v, true, true);
}

/** Lanes whose qubit within a vector differs: neighbours for qubit 0; of four lanes, those two apart for qubit 1. */
@inline
function swapped<T>(v: v128, apart: bool): v128 {
  if (sizeof<T>() == 8) return v128.shuffle<f64>(v, v, 1, 0);
  return apart ? v128.shuffle<f32>(v, v, 2, 3, 0, 1) : v128.shuffle<f32>(v, v, 1, 0, 3, 2);
}

/** x where the lane's qubit is 0, y where it is 1. */
@inline
function alternating<T>(x: f64, y: f64, apart: bool): v128 {
  if (sizeof<T>() == 8) return v128.replace_lane<f64>(f64x2.splat(x), 1, y);
  const v = f32x4.replace_lane(f32x4.splat(<f32>x), 3, <f32>y);
  return apart ? f32x4.replace_lane(v, 2, <f32>y) : f32x4.replace_lane(v, 1, <f32>y);
}

/** A turn within vectors: v c + swapped(v) (-s, s). */
@inline
function lanes<T>(v: v128, c: v128, s: v128, apart: bool): v128 {
  return v128.add<T>(v128.mul<T>(v, c), v128.mul<T>(swapped<T>(v, apart), s));
}

@inline
function lanePair<T>(at: usize, b: usize, c: v128, s: v128, t: v128, steep: bool, apart: bool): void {
  const v0 = lanes<T>(v128.load(at), c, s, apart);
  const v1 = lanes<T>(v128.load(at + b), c, s, apart);
  v128.store(at, first<T>(v0, v1, t, steep));
  v128.store(at + b, second<T>(v0, v1, t, steep));
}

@inline
function laneSweep<T>(state: usize, bytes: usize, b: usize, c: v128, s: v128, t: v128, steep: bool, apart: bool): void {
  for (let x = state; x < state + bytes; x += 2 * b) for (let y = x; y < x + b; y += 16) lanePair<T>(y, b, c, s, t, steep, apart);
}

/** The turn of a qubit a within vectors, and of b. */
export function lanePairTurn<T>(state: usize, bytes: usize, a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32): void {
  const stride = sizeof<T>() << b;
  const cosine = v128.splat<T>(<T>c);
  const sine = alternating<T>(-s, s, a == 1);
  const t = v128.splat<T>(<T>tb);
  if (a == 1) {
    if (kind == 0) laneSweep<T>(state, bytes, stride, cosine, sine, t, false, true);
    else laneSweep<T>(state, bytes, stride, cosine, sine, t, true, true);
  } else if (kind == 0) laneSweep<T>(state, bytes, stride, cosine, sine, t, false, false);
  else laneSweep<T>(state, bytes, stride, cosine, sine, t, true, false);
}

/** Two sums in doubles, plus all lanes. */
@inline
function added<T>(sum: v128, v: v128): v128 {
  if (sizeof<T>() == 8) return f64x2.add(sum, v);
  const low = f64x2.promote_low_f32x4(v);
  const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f64x2.add(sum, f64x2.add(low, high));
}

@inline
function both(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

@inline
function backSweep<T>(psi: usize, to: usize, bytes: usize, sums: usize, a: usize, b: usize, ta: v128, tb: v128, sA: bool, sB: bool, turns: bool): void {
  let sa = f64x2.splat(0);
  let sb = f64x2.splat(0);
  for (let x = psi; x < psi + bytes; x += 2 * b)
    for (let y = x; y < x + b; y += 2 * a)
      for (let z = y; z < y + a; z += 16) {
        const v0 = v128.load(z);
        const v1 = v128.load(z + a);
        const v2 = v128.load(z + b);
        const v3 = v128.load(z + a + b);
        const l0 = v128.load(z + to);
        const l1 = v128.load(z + to + a);
        const l2 = v128.load(z + to + b);
        const l3 = v128.load(z + to + a + b);
        const a01 = v128.sub<T>(v128.mul<T>(l1, v0), v128.mul<T>(l0, v1));
        const a23 = v128.sub<T>(v128.mul<T>(l3, v2), v128.mul<T>(l2, v3));
        const b02 = v128.sub<T>(v128.mul<T>(l2, v0), v128.mul<T>(l0, v2));
        const b13 = v128.sub<T>(v128.mul<T>(l3, v1), v128.mul<T>(l1, v3));
        sa = added<T>(sa, v128.add<T>(a01, a23));
        sb = added<T>(sb, v128.add<T>(b02, b13));
        if (turns) {
          pair<T>(z, a, b, ta, tb, sA, sB);
          pair<T>(z + to, a, b, ta, tb, sA, sB);
        }
      }
  store<f64>(sums, both(sa));
  store<f64>(sums + 8, both(sb));
}

/** Leaves Σ λ₁ψ₀ - λ₀ψ₁ over real and imaginary parts of both qubits in `sums`, then turns both states; `kind` 4: does not turn them. */
export function pairBack<T>(psi: usize, lambda: usize, bytes: usize, sums: usize, a: i32, b: i32, ta: f64, tb: f64, kind: i32): void {
  const A = sizeof<T>() << a;
  const B = sizeof<T>() << b;
  const u = v128.splat<T>(<T>ta);
  const v = v128.splat<T>(<T>tb);
  const to = lambda - psi;
  if (kind == 0) backSweep<T>(psi, to, bytes, sums, A, B, u, v, false, false, true);
  else if (kind == 1) backSweep<T>(psi, to, bytes, sums, A, B, u, v, true, false, true);
  else if (kind == 2) backSweep<T>(psi, to, bytes, sums, A, B, u, v, false, true, true);
  else if (kind == 3) backSweep<T>(psi, to, bytes, sums, A, B, u, v, true, true, true);
  else backSweep<T>(psi, to, bytes, sums, A, B, u, v, false, false, false);
}

@inline
function laneBackSweep<T>(psi: usize, to: usize, bytes: usize, sums: usize, b: usize, c: v128, s: v128, t: v128, kind: i32, apart: bool): void {
  const signs = alternating<T>(1, -1, apart);
  let sa = f64x2.splat(0);
  let sb = f64x2.splat(0);
  for (let x = psi; x < psi + bytes; x += 2 * b)
    for (let y = x; y < x + b; y += 16) {
      const v0 = v128.load(y);
      const v1 = v128.load(y + b);
      const l0 = v128.load(y + to);
      const l1 = v128.load(y + to + b);
      const a0 = v128.mul<T>(swapped<T>(l0, apart), v0);
      const a1 = v128.mul<T>(swapped<T>(l1, apart), v1);
      sa = added<T>(sa, v128.mul<T>(signs, v128.add<T>(a0, a1)));
      sb = added<T>(sb, v128.sub<T>(v128.mul<T>(l1, v0), v128.mul<T>(l0, v1)));
      if (kind == 4) continue;
      if (kind == 0) {
        lanePair<T>(y, b, c, s, t, false, apart);
        lanePair<T>(y + to, b, c, s, t, false, apart);
      } else {
        lanePair<T>(y, b, c, s, t, true, apart);
        lanePair<T>(y + to, b, c, s, t, true, apart);
      }
    }
  store<f64>(sums, both(sa));
  store<f64>(sums + 8, both(sb));
}

export function lanePairBack<T>(psi: usize, lambda: usize, bytes: usize, sums: usize, a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32): void {
  const stride = sizeof<T>() << b;
  const cosine = v128.splat<T>(<T>c);
  const sine = alternating<T>(-s, s, a == 1);
  const t = v128.splat<T>(<T>tb);
  if (a == 1) laneBackSweep<T>(psi, lambda - psi, bytes, sums, stride, cosine, sine, t, kind, true);
  else laneBackSweep<T>(psi, lambda - psi, bytes, sums, stride, cosine, sine, t, kind, false);
}
