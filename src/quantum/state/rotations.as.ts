/**
 * Rows of RY, two qubits a sweep. A turn by t is [[c, -s], [s, c]]; a common factor is left out, to be multiplied back with later phases:
 *
 *   |c| >= |s|:  (x - t y, y + t x), t = s / c, factor c        |c| < |s|:  (t x - y, t y + x), t = c / s, factor s
 *
 * which takes two multiplications and two additions for a pair instead of four and two, and never divides by what is small.
 */

@inline
function first(x: v128, y: v128, t: v128, steep: bool): v128 {
  return steep ? f64x2.sub(f64x2.mul(t, x), y) : f64x2.sub(x, f64x2.mul(t, y));
}

@inline
function second(x: v128, y: v128, t: v128, steep: bool): v128 {
  return steep ? f64x2.add(f64x2.mul(t, y), x) : f64x2.add(y, f64x2.mul(t, x));
}

@inline
function pair(at: usize, a: usize, b: usize, ta: v128, tb: v128, steepA: bool, steepB: bool): void {
  const v0 = v128.load(at);
  const v1 = v128.load(at + a);
  const v2 = v128.load(at + b);
  const v3 = v128.load(at + a + b);
  const x0 = first(v0, v1, ta, steepA);
  const x1 = second(v0, v1, ta, steepA);
  const x2 = first(v2, v3, ta, steepA);
  const x3 = second(v2, v3, ta, steepA);
  v128.store(at, first(x0, x2, tb, steepB));
  v128.store(at + b, second(x0, x2, tb, steepB));
  v128.store(at + a, first(x1, x3, tb, steepB));
  v128.store(at + a + b, second(x1, x3, tb, steepB));
}

@inline
function sweep(state: usize, bytes: usize, a: usize, b: usize, ta: v128, tb: v128, steepA: bool, steepB: bool): void {
  for (let x = state; x < state + bytes; x += 2 * b)
    for (let y = x; y < x + b; y += 2 * a) for (let z = y; z < y + a; z += 16) pair(z, a, b, ta, tb, steepA, steepB);
}

/** Both turns on all pairs of real numbers of a state; `kind` is 1 if the turn of a is steep, plus 2 if that of b is. */
export function pairTurn(state: usize, bytes: usize, a: i32, b: i32, ta: f64, tb: f64, kind: i32): void {
  const strideA = (<usize>8) << a;
  const strideB = (<usize>8) << b;
  const u = f64x2.splat(ta);
  const v = f64x2.splat(tb);
  if (kind == 0) sweep(state, bytes, strideA, strideB, u, v, false, false);
  else if (kind == 1) sweep(state, bytes, strideA, strideB, u, v, true, false);
  else if (kind == 2) sweep(state, bytes, strideA, strideB, u, v, false, true);
  else sweep(state, bytes, strideA, strideB, u, v, true, true);
}

/** A turn of neighbouring lanes: v c + swapped(v) (-s, s). */
@inline
function lanes(v: v128, c: v128, s: v128): v128 {
  return f64x2.add(f64x2.mul(v, c), f64x2.mul(v128.shuffle<f64>(v, v, 1, 0), s));
}

@inline
function lanePair(at: usize, b: usize, c: v128, s: v128, t: v128, steep: bool): void {
  const v0 = lanes(v128.load(at), c, s);
  const v1 = lanes(v128.load(at + b), c, s);
  v128.store(at, first(v0, v1, t, steep));
  v128.store(at + b, second(v0, v1, t, steep));
}

export function lanePairTurn(state: usize, bytes: usize, b: i32, c: f64, s: f64, tb: f64, kind: i32): void {
  const stride = (<usize>8) << b;
  const cosine = f64x2.splat(c);
  const sine = f64x2(-s, s);
  const t = f64x2.splat(tb);
  for (let x = state; x < state + bytes; x += 2 * stride)
    if (kind == 0) for (let y = x; y < x + stride; y += 16) lanePair(y, stride, cosine, sine, t, false);
    else for (let y = x; y < x + stride; y += 16) lanePair(y, stride, cosine, sine, t, true);
}


@inline
function backSweep(psi: usize, to: usize, bytes: usize, sums: usize, a: usize, b: usize, ta: v128, tb: v128, sA: bool, sB: bool, turns: bool): void {
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
        sa = f64x2.add(sa, f64x2.sub(f64x2.mul(l1, v0), f64x2.mul(l0, v1)));
        sa = f64x2.add(sa, f64x2.sub(f64x2.mul(l3, v2), f64x2.mul(l2, v3)));
        sb = f64x2.add(sb, f64x2.sub(f64x2.mul(l2, v0), f64x2.mul(l0, v2)));
        sb = f64x2.add(sb, f64x2.sub(f64x2.mul(l3, v1), f64x2.mul(l1, v3)));
        if (turns) {
          pair(z, a, b, ta, tb, sA, sB);
          pair(z + to, a, b, ta, tb, sA, sB);
        }
      }
  store<f64>(sums, f64x2.extract_lane(sa, 0) + f64x2.extract_lane(sa, 1));
  store<f64>(sums + 8, f64x2.extract_lane(sb, 0) + f64x2.extract_lane(sb, 1));
}

/** Leaves Σ λ₁ψ₀ - λ₀ψ₁ over real and imaginary parts of both qubits in `sums`, then turns both states; `kind` 4: does not turn them. */
export function pairBack(psi: usize, lambda: usize, bytes: usize, sums: usize, a: i32, b: i32, ta: f64, tb: f64, kind: i32): void {
  const A = (<usize>8) << a;
  const B = (<usize>8) << b;
  const u = f64x2.splat(ta);
  const v = f64x2.splat(tb);
  const to = lambda - psi;
  if (kind == 0) backSweep(psi, to, bytes, sums, A, B, u, v, false, false, true);
  else if (kind == 1) backSweep(psi, to, bytes, sums, A, B, u, v, true, false, true);
  else if (kind == 2) backSweep(psi, to, bytes, sums, A, B, u, v, false, true, true);
  else if (kind == 3) backSweep(psi, to, bytes, sums, A, B, u, v, true, true, true);
  else backSweep(psi, to, bytes, sums, A, B, u, v, false, false, false);
}

export function lanePairBack(psi: usize, lambda: usize, bytes: usize, sums: usize, b: i32, c: f64, s: f64, tb: f64, kind: i32): void {
  const stride = (<usize>8) << b;
  const cosine = f64x2.splat(c);
  const sine = f64x2(-s, s);
  const t = f64x2.splat(tb);
  const to = lambda - psi;
  let sa = f64x2.splat(0);
  let sb = f64x2.splat(0);
  for (let x = psi; x < psi + bytes; x += 2 * stride)
    for (let y = x; y < x + stride; y += 16) {
      const v0 = v128.load(y);
      const v1 = v128.load(y + stride);
      const l0 = v128.load(y + to);
      const l1 = v128.load(y + to + stride);
      // (λ₁ψ₀, λ₀ψ₁) in the two lanes
      sa = f64x2.add(sa, f64x2.mul(v128.shuffle<f64>(l0, l0, 1, 0), v0));
      sa = f64x2.add(sa, f64x2.mul(v128.shuffle<f64>(l1, l1, 1, 0), v1));
      sb = f64x2.add(sb, f64x2.sub(f64x2.mul(l1, v0), f64x2.mul(l0, v1)));
      if (kind == 4) continue;
      if (kind == 0) {
        lanePair(y, stride, cosine, sine, t, false);
        lanePair(y + to, stride, cosine, sine, t, false);
      } else {
        lanePair(y, stride, cosine, sine, t, true);
        lanePair(y + to, stride, cosine, sine, t, true);
      }
    }
  store<f64>(sums, f64x2.extract_lane(sa, 0) - f64x2.extract_lane(sa, 1));
  store<f64>(sums + 8, f64x2.extract_lane(sb, 0) + f64x2.extract_lane(sb, 1));
}
