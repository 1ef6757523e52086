/** Products of matrices: panels of B, four rows of A at a time. */

/** Columns of a tile: two vectors. */
@inline
function columnsOf<T>(): i32 {
  return sizeof<T>() == 4 ? 8 : 4;
}

/**
 * Four rows of A times a panel of B, one tile of C. What lies behind the last row or column is computed and not stored.
 *
 * @param row      bytes from one row of A to the next; elements of a row lie `across` apart
 * @param step     bytes from one row of the panel to the next
 */
@inline
function tile<T>(
  count: i32, a: usize, row: usize, across: usize, b: usize, step: usize, c: usize, rc: usize, rows: i32, columns: i32, add: bool,
): void {
  let c00 = v128.splat<T>(0);
  let c01 = v128.splat<T>(0);
  let c10 = v128.splat<T>(0);
  let c11 = v128.splat<T>(0);
  let c20 = v128.splat<T>(0);
  let c21 = v128.splat<T>(0);
  let c30 = v128.splat<T>(0);
  let c31 = v128.splat<T>(0);
  let a0 = a;
  let a1 = rows > 1 ? a + row : a;
  let a2 = rows > 2 ? a + 2 * row : a;
  let a3 = rows > 3 ? a + 3 * row : a;
  for (let p = 0; p < count; p++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<T>(a0);
    c00 = v128.add<T>(c00, v128.mul<T>(x0, b0));
    c01 = v128.add<T>(c01, v128.mul<T>(x0, b1));
    const x1 = v128.load_splat<T>(a1);
    c10 = v128.add<T>(c10, v128.mul<T>(x1, b0));
    c11 = v128.add<T>(c11, v128.mul<T>(x1, b1));
    const x2 = v128.load_splat<T>(a2);
    c20 = v128.add<T>(c20, v128.mul<T>(x2, b0));
    c21 = v128.add<T>(c21, v128.mul<T>(x2, b1));
    const x3 = v128.load_splat<T>(a3);
    c30 = v128.add<T>(c30, v128.mul<T>(x3, b0));
    c31 = v128.add<T>(c31, v128.mul<T>(x3, b1));
    a0 += across;
    a1 += across;
    a2 += across;
    a3 += across;
    b += step;
  }
  put<T>(c, c00, c01, columns, add);
  if (rows > 1) put<T>(c + rc, c10, c11, columns, add);
  if (rows > 2) put<T>(c + 2 * rc, c20, c21, columns, add);
  if (rows > 3) put<T>(c + 3 * rc, c30, c31, columns, add);
}

/** The same of packed A: four elements of a column one behind another, column after column. Few instructions besides the products. */
@inline
function packedTile<T>(count: i32, a: usize, b: usize, step: usize, c: usize, rc: usize, rows: i32, columns: i32, add: bool): void {
  let c00 = v128.splat<T>(0);
  let c01 = v128.splat<T>(0);
  let c10 = v128.splat<T>(0);
  let c11 = v128.splat<T>(0);
  let c20 = v128.splat<T>(0);
  let c21 = v128.splat<T>(0);
  let c30 = v128.splat<T>(0);
  let c31 = v128.splat<T>(0);
  const end = a + <usize>count * 4 * sizeof<T>();
  for (; a < end; a += 4 * sizeof<T>(), b += step) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<T>(a);
    c00 = v128.add<T>(c00, v128.mul<T>(x0, b0));
    c01 = v128.add<T>(c01, v128.mul<T>(x0, b1));
    const x1 = v128.load_splat<T>(a, sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(x1, b0));
    c11 = v128.add<T>(c11, v128.mul<T>(x1, b1));
    const x2 = v128.load_splat<T>(a, 2 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(x2, b0));
    c21 = v128.add<T>(c21, v128.mul<T>(x2, b1));
    const x3 = v128.load_splat<T>(a, 3 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(x3, b0));
    c31 = v128.add<T>(c31, v128.mul<T>(x3, b1));
  }
  put<T>(c, c00, c01, columns, add);
  if (rows > 1) put<T>(c + rc, c10, c11, columns, add);
  if (rows > 2) put<T>(c + 2 * rc, c20, c21, columns, add);
  if (rows > 3) put<T>(c + 3 * rc, c30, c31, columns, add);
}

@inline
function put<T>(c: usize, low: v128, high: v128, columns: i32, add: bool): void {
  if (columns == columnsOf<T>()) {
    v128.store(c, add ? v128.add<T>(v128.load(c), low) : low);
    v128.store(c, add ? v128.add<T>(v128.load(c, 16), high) : high, 16);
    return;
  }
  v128.store(edge, low);
  v128.store(edge, high, 16);
  for (let j: usize = 0; j < <usize>columns * sizeof<T>(); j += sizeof<T>()) {
    const x = load<T>(edge + j);
    store<T>(c + j, add ? load<T>(c + j) + x : x);
  }
}

/** Room for what does not fill a tile; of each thread its own. */
let edge: usize = 32;

export function own(room: usize): void {
  edge = room;
}

/** Turns a square of as many vectors as they have lanes: what lies along `from`'s vectors lies across `to`'s. */
@inline
function turned<T>(from: usize, apart: usize, to: usize, step: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + apart);
  if (sizeof<T>() == 8) {
    v128.store(to, v128.shuffle<i64>(r0, r1, 0, 2));
    v128.store(to + step, v128.shuffle<i64>(r0, r1, 1, 3));
    return;
  }
  const r2 = v128.load(from + 2 * apart);
  const r3 = v128.load(from + 3 * apart);
  const low = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const high = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high2 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low, low2, 0, 2));
  v128.store(to + step, v128.shuffle<i64>(low, low2, 1, 3));
  v128.store(to + 2 * step, v128.shuffle<i64>(high, high2, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<i64>(high, high2, 1, 3));
}

/** Rows of B of one pass, and rows of A that stay near the processor. */
const depth: i32 = 256;
const height: i32 = 96;

/** Panels of B: the columns of a tile side by side, row after row, zeros where there are none. */
@inline
function packed<T>(b: usize, rb: usize, cb: usize, count: i32, n: i32, to: usize): void {
  const wide = columnsOf<T>();
  const lanes = wide >> 1;
  for (let j = 0; j < n; j += wide) {
    const columns = min(wide, n - j);
    const from = b + <usize>j * cb;
    let p = 0;
    if (columns == wide && cb == sizeof<T>()) {
      for (; p < count; p++, to += 32) {
        v128.store(to, v128.load(from + <usize>p * rb));
        v128.store(to, v128.load(from + <usize>p * rb, 16), 16);
      }
      continue;
    }
    if (columns == wide && rb == sizeof<T>()) {
      for (; p + lanes <= count; p += lanes, to += <usize>lanes * 32) {
        turned<T>(from + <usize>p * rb, cb, to, 32);
        turned<T>(from + <usize>p * rb + <usize>lanes * cb, cb, to + 16, 32);
      }
    }
    for (; p < count; p++, to += 32)
      for (let k = 0; k < wide; k++)
        store<T>(to + <usize>k * sizeof<T>(), k < columns ? load<T>(from + <usize>p * rb + <usize>k * cb) : <T>0);
  }
}

/** Four rows of A after another, as packedTile wants them; the last ones again where there are no four. */
@inline
function packedRows<T>(a: usize, ra: usize, ca: usize, count: i32, rows: i32, to: usize): void {
  for (let i = 0; i < rows; i += 4) {
    const from = a + <usize>i * ra;
    const left = rows - i;
    const b: usize = left > 1 ? ra : 0;
    const c: usize = left > 2 ? ra + ra : 0;
    const d: usize = left > 3 ? ra + ra + ra : 0;
    let first = 0;
    if (ca == sizeof<T>() && left > 3) {
      const lanes = columnsOf<T>() >> 1;
      for (; first + lanes <= count; first += lanes, to += <usize>lanes * 4 * sizeof<T>()) {
        turned<T>(from + <usize>first * ca, ra, to, 4 * sizeof<T>());
        if (sizeof<T>() == 8) turned<T>(from + <usize>first * ca + 2 * ra, ra, to + 16, 32);
      }
    }
    for (let p = first; p < count; p++) {
      const at = from + <usize>p * ca;
      if (ra == sizeof<T>() && left > 3) {
        v128.store(to, v128.load(at));
        if (sizeof<T>() == 8) v128.store(to, v128.load(at, 16), 16);
      } else {
        store<T>(to, load<T>(at));
        store<T>(to, load<T>(at + b), sizeof<T>());
        store<T>(to, load<T>(at + c), 2 * sizeof<T>());
        store<T>(to, load<T>(at + d), 3 * sizeof<T>());
      }
      to += 4 * sizeof<T>();
    }
  }
}

/**
 * C = A B with A [m, k], B [k, n], C [m, n] row after row. `pack`: room for min(k, 256) rows of panels, and min(k, 256) columns of 96 rows
 * behind it.
 */
@inline
function product<T>(
  m: i32, n: i32, k: i32, a: usize, rowA: i32, columnA: i32, b: usize, rowB: i32, columnB: i32, c: usize, pack: usize,
): void {
  const size = sizeof<T>();
  const ra = <usize>rowA * size;
  const ca = <usize>columnA * size;
  const rb = <usize>rowB * size;
  const cb = <usize>columnB * size;
  const rc = <usize>n * size;
  if ((m < 4 || n < 4) && ca == size && rb == size) return dots<T>(m, n, k, a, ra, b, cb, c);
  const wide = columnsOf<T>();
  // few rows do not pay for packing B, few columns not for packing A
  const asIs = cb == size && (m <= 16 || <i64>k * n <= 4096);
  const packs = n >= 32 && m >= 4;
  const step = asIs ? rb : 32;
  const packA = pack + <usize>min(k, depth) * <usize>((n + wide - 1) / wide) * 32;
  for (let p = 0; p < k; p += depth) {
    const count = min(depth, k - p);
    const from = b + <usize>p * rb;
    if (!asIs) packed<T>(from, rb, cb, count, n, pack);
    for (let top = 0; top < m; top += height) {
      const end = min(m, top + height);
      const block = a + <usize>top * ra + <usize>p * ca;
      if (packs) packedRows<T>(block, ra, ca, count, end - top, packA);
      for (let j = 0; j < n; j += wide) {
        const panel = asIs ? from + <usize>j * size : pack + <usize>j * <usize>count * size;
        const columns = min(wide, n - j);
        for (let i = top; i < end; i += 4) {
          const to = c + <usize>i * rc + <usize>j * size;
          const rows = min(4, end - i);
          if (packs) packedTile<T>(count, packA + <usize>(i - top) * <usize>count * size, panel, step, to, rc, rows, columns, p > 0);
          else tile<T>(count, block + <usize>(i - top) * ra, ra, ca, panel, step, to, rc, rows, columns, p > 0);
        }
      }
    }
  }
}

/** Rows of A times columns of B, both one behind another. */
@inline
function dots<T>(m: i32, n: i32, k: i32, a: usize, ra: usize, b: usize, cb: usize, c: usize): void {
  const lanes = <i32>(16 / sizeof<T>());
  const whole = <usize>(k - (k % lanes)) * sizeof<T>();
  const all = <usize>k * sizeof<T>();
  for (let i = 0; i < m; i++) {
    const x = a + <usize>i * ra;
    for (let j = 0; j < n; j++) {
      const y = b + <usize>j * cb;
      let s0 = v128.splat<T>(0);
      let s1 = v128.splat<T>(0);
      let p: usize = 0;
      for (; p + 32 <= whole; p += 32) {
        s0 = v128.add<T>(s0, v128.mul<T>(v128.load(x + p), v128.load(y + p)));
        s1 = v128.add<T>(s1, v128.mul<T>(v128.load(x + p, 16), v128.load(y + p, 16)));
      }
      for (; p < whole; p += 16) s0 = v128.add<T>(s0, v128.mul<T>(v128.load(x + p), v128.load(y + p)));
      v128.store(edge, v128.add<T>(s0, s1));
      let sum: T = 0;
      for (let lane = 0; lane < lanes; lane++) sum += load<T>(edge + <usize>lane * sizeof<T>());
      for (; p < all; p += sizeof<T>()) sum += load<T>(x + p) * load<T>(y + p);
      store<T>(c, sum);
      c += sizeof<T>();
    }
  }
}

export function productF32(m: i32, n: i32, k: i32, a: usize, ra: i32, ca: i32, b: usize, rb: i32, cb: i32, c: usize, pack: usize): void {
  product<f32>(m, n, k, a, ra, ca, b, rb, cb, c, pack);
}
export function productF64(m: i32, n: i32, k: i32, a: usize, ra: i32, ca: i32, b: usize, rb: i32, cb: i32, c: usize, pack: usize): void {
  product<f64>(m, n, k, a, ra, ca, b, rb, cb, c, pack);
}
export function productI32(m: i32, n: i32, k: i32, a: usize, ra: i32, ca: i32, b: usize, rb: i32, cb: i32, c: usize, pack: usize): void {
  product<i32>(m, n, k, a, ra, ca, b, rb, cb, c, pack);
}
export function productI64(m: i32, n: i32, k: i32, a: usize, ra: i32, ca: i32, b: usize, rb: i32, cb: i32, c: usize, pack: usize): void {
  product<i64>(m, n, k, a, ra, ca, b, rb, cb, c, pack);
}
