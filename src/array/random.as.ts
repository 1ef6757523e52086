/**
 * Philox4x32-10 (Salmon et al., SC 2011) on four counters at once, and the transformations of its words into uniforms,
 * normals, exponentials and Gumbels. Only IEEE additions, multiplications, divisions and square roots: the same bits on every machine.
 *
 * A block is 16 words (64 bytes): word 4 j + l is output word j of counter 4 b + l. Two words make one 52-bit uniform.
 */

/** Blocks in the buffer; a call makes at most this many. */
export const capacity: i32 = 512;
/** Address of the buffer (this module has no static data). Words, doubles and singles are all written from here. */
export const buffer: usize = 0;

// @ts-ignore: decorator
@inline
function high(p: v128, q: v128): v128 {
  return v128.shuffle<i32>(p, q, 1, 3, 5, 7);
}

// @ts-ignore: decorator
@inline
function low(p: v128, q: v128): v128 {
  return v128.shuffle<i32>(p, q, 0, 2, 4, 6);
}

/** Fills the buffer with blocks of raw words: key (k0, k1), counter words (first + i, c1, c2, c3) for i = 0 .. 4 blocks - 1. */
export function bits(k0: i32, k1: i32, first: i32, c1: i32, c2: i32, c3: i32, blocks: i32): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  const lanes = i32x4(0, 1, 2, 3);
  for (let b = 0; b < blocks; b++) {
    let x0 = v128.add<i32>(i32x4.splat(first + 4 * b), lanes);
    let x1 = i32x4.splat(c1);
    let x2 = i32x4.splat(c2);
    let x3 = i32x4.splat(c3);
    let r0 = k0;
    let r1 = k1;
    for (let round = 0; round < 10; round++) {
      const p0 = i64x2.extmul_low_i32x4_u(x0, m0);
      const q0 = i64x2.extmul_high_i32x4_u(x0, m0);
      const p1 = i64x2.extmul_low_i32x4_u(x2, m1);
      const q1 = i64x2.extmul_high_i32x4_u(x2, m1);
      x0 = v128.xor(v128.xor(high(p1, q1), x1), i32x4.splat(r0));
      x2 = v128.xor(v128.xor(high(p0, q0), x3), i32x4.splat(r1));
      x1 = low(p1, q1);
      x3 = low(p0, q0);
      r0 += 0x9e3779b9;
      r1 += 0xbb67ae85;
    }
    const at = buffer + (<usize>b << 6);
    v128.store(at, x0);
    v128.store(at, x1, 16);
    v128.store(at, x2, 32);
    v128.store(at, x3, 48);
  }
}

/** 16 singles a block, (k + 1/2) 2^-23 strictly inside (0, 1), from the upper 23 bits of each word. */
export function uniform32(blocks: i32): void {
  const end = buffer + (<usize>blocks << 6);
  for (let at = buffer; at < end; at += 16) {
    const oneTo2 = v128.or(v128.shr<u32>(v128.load(at), 9), i32x4.splat(0x3f800000));
    v128.store(at, v128.sub<f32>(oneTo2, f32x4.splat(<f32>(1.0 - 5.9604644775390625e-8))));
  }
}

/** 8 doubles a block, (k + 1/2) 2^-52 strictly inside (0, 1), exact. */
export function uniform64(blocks: i32): void {
  const end = buffer + (<usize>blocks << 6);
  for (let at = buffer; at < end; at += 16) {
    const oneTo2 = v128.or(v128.shr<u64>(v128.load(at), 12), i64x2.splat(0x3ff0000000000000));
    v128.store(at, v128.sub<f64>(oneTo2, f64x2.splat(1.0 - 1.1102230246251565e-16)));
  }
}

/** Natural logarithm of positive normal doubles, error below 1 ulp (fdlibm's reduction and polynomial, two lanes). */
// @ts-ignore: decorator
@inline
function log(x: v128): v128 {
  // x = 2^k z with z in [sqrt(1/2), sqrt(2)); 0x3fe6a09e... are the upper bits of sqrt(1/2)
  const t = v128.sub<i64>(x, i64x2.splat(0x3fe6a09e00000000));
  const z = v128.sub<i64>(x, v128.and(t, i64x2.splat(0xfff0000000000000)));
  // the integer k becomes a double by placing it in the mantissa of 3 2^51
  const k = v128.sub<f64>(v128.add<i64>(v128.shr<i64>(t, 52), i64x2.splat(0x4338000000000000)), f64x2.splat(6755399441055744.0));
  const f = v128.sub<f64>(z, f64x2.splat(1.0));
  const s = v128.div<f64>(f, v128.add<f64>(z, f64x2.splat(1.0)));
  const s2 = v128.mul<f64>(s, s);
  let r = f64x2.splat(1.479819860511658591e-1);
  r = v128.add<f64>(v128.mul<f64>(r, s2), f64x2.splat(1.531383769920937332e-1));
  r = v128.add<f64>(v128.mul<f64>(r, s2), f64x2.splat(1.818357216161805012e-1));
  r = v128.add<f64>(v128.mul<f64>(r, s2), f64x2.splat(2.222219843214978396e-1));
  r = v128.add<f64>(v128.mul<f64>(r, s2), f64x2.splat(2.857142874366239149e-1));
  r = v128.add<f64>(v128.mul<f64>(r, s2), f64x2.splat(3.999999999940941908e-1));
  r = v128.add<f64>(v128.mul<f64>(r, s2), f64x2.splat(6.666666666666735130e-1));
  r = v128.mul<f64>(r, s2);
  const half = v128.mul<f64>(v128.mul<f64>(f, f), f64x2.splat(0.5));
  const tail = v128.add<f64>(v128.mul<f64>(s, v128.add<f64>(half, r)), v128.mul<f64>(k, f64x2.splat(1.90821492927058770002e-10)));
  return v128.sub<f64>(v128.mul<f64>(k, f64x2.splat(6.93147180369123816490e-1)), v128.sub<f64>(v128.sub<f64>(half, tail), f));
}

/** x -> -log x on 8 doubles a block: uniforms become exponentials, exponentials become Gumbels. */
export function negativeLog(blocks: i32): void {
  const end = buffer + (<usize>blocks << 6);
  for (let at = buffer; at < end; at += 16) v128.store(at, v128.neg<f64>(log(v128.load(at))));
}

/** Box-Muller on 8 uniforms a block: of four, the first two give the radius, the others the angle. */
export function boxMuller(blocks: i32): void {
  const end = buffer + (<usize>blocks << 6);
  for (let at = buffer; at < end; at += 32) {
    const radius = v128.sqrt<f64>(v128.mul<f64>(log(v128.load(at)), f64x2.splat(-2.0)));
    const v = v128.load(at, 16);
    // angle = 2 pi (q / 4 + r), |r| <= 1/8: q picks the quadrant, r is exact
    const q = v128.nearest<f64>(v128.mul<f64>(v, f64x2.splat(4.0)));
    const y = v128.mul<f64>(v128.sub<f64>(v, v128.mul<f64>(q, f64x2.splat(0.25))), f64x2.splat(6.283185307179586));
    const y2 = v128.mul<f64>(y, y);
    let sine = f64x2.splat(1.58969099521155010221e-10);
    sine = v128.add<f64>(v128.mul<f64>(sine, y2), f64x2.splat(-2.50507602534068634195e-8));
    sine = v128.add<f64>(v128.mul<f64>(sine, y2), f64x2.splat(2.75573137070700676789e-6));
    sine = v128.add<f64>(v128.mul<f64>(sine, y2), f64x2.splat(-1.98412698298579493134e-4));
    sine = v128.add<f64>(v128.mul<f64>(sine, y2), f64x2.splat(8.33333333332248946124e-3));
    sine = v128.add<f64>(v128.mul<f64>(sine, y2), f64x2.splat(-1.66666666666666324348e-1));
    sine = v128.add<f64>(v128.mul<f64>(v128.mul<f64>(sine, y2), y), y);
    let cosine = f64x2.splat(-1.13596475577881948265e-11);
    cosine = v128.add<f64>(v128.mul<f64>(cosine, y2), f64x2.splat(2.08757232129817482790e-9));
    cosine = v128.add<f64>(v128.mul<f64>(cosine, y2), f64x2.splat(-2.75573143513906633035e-7));
    cosine = v128.add<f64>(v128.mul<f64>(cosine, y2), f64x2.splat(2.48015872894767294178e-5));
    cosine = v128.add<f64>(v128.mul<f64>(cosine, y2), f64x2.splat(-1.38888888888741095749e-3));
    cosine = v128.add<f64>(v128.mul<f64>(cosine, y2), f64x2.splat(4.16666666666666019037e-2));
    cosine = v128.add<f64>(v128.mul<f64>(cosine, y2), f64x2.splat(-0.5));
    cosine = v128.add<f64>(v128.mul<f64>(cosine, y2), f64x2.splat(1.0));
    // the low bits of q + 2^52 are the integer q: bit 0 swaps sine and cosine, bits of q and q + 1 carry the signs
    const n = v128.add<f64>(q, f64x2.splat(4503599627370496.0));
    const swap = v128.neg<i64>(v128.and(n, i64x2.splat(1)));
    const sign = v128.shl<i64>(v128.and(n, i64x2.splat(2)), 62);
    const signCos = v128.shl<i64>(v128.and(v128.add<i64>(n, i64x2.splat(1)), i64x2.splat(2)), 62);
    v128.store(at, v128.mul<f64>(radius, v128.xor(v128.bitselect(sine, cosine, swap), signCos)));
    v128.store(at, v128.mul<f64>(radius, v128.xor(v128.bitselect(cosine, sine, swap), sign)), 16);
  }
}

/** 8 doubles a block to 8 singles, rounded to nearest. */
export function narrow(blocks: i32): void {
  const end = buffer + (<usize>blocks << 6);
  let out = buffer;
  for (let at = buffer; at < end; at += 32, out += 16) {
    const low = f32x4.demote_f64x2_zero(v128.load(at));
    v128.store(out, v128.shuffle<i64>(low, f32x4.demote_f64x2_zero(v128.load(at, 16)), 0, 2));
  }
}
