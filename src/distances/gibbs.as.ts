/**
 * Sums of exponentials over all pairs of two clouds: what Sinkhorn's iteration and kernel mean discrepancies are made of.
 * Two lanes of doubles; matrices have rows of `stride` columns, m rounded up to even.
 */

let n: i32 = 0;
let m: i32 = 0;
let d: i32 = 0;
let stride: i32 = 0;
let costs: usize = 0; // f64 [n, stride]
let x: usize = 0; // f64 [n, d]
let y: usize = 0; // f64 [d, stride]
let rows: usize = 0; // f64 [n]
let columns: usize = 0; // f64 [stride]
let a: usize = 0; // f64 [n]
let b: usize = 0; // f64 [stride]
let rowScales: usize = 0; // f64 [n]
let columnScales: usize = 0; // f64 [stride]
let gibbs: usize = 0; // f64 [n, stride], the last: only Sinkhorn's iteration needs it
let highest: usize = 0; // f64 [max(n, stride)]
let sums: usize = 0; // f64 [max(n, stride)]

/** Sets the sizes; returns the bytes of memory needed, with or without room for the matrix K. */
export function layout(sources: i32, sinks: i32, dimension: i32, withGibbs: bool): usize {
  n = sources;
  m = sinks;
  d = dimension;
  stride = (m + 1) & ~1;
  const down = <usize>stride << 3;
  const across = <usize>((n + 1) & ~1) << 3;
  const longest = max(down, across);
  costs = 64;
  x = costs + <usize>n * down;
  y = x + (<usize>((n * d + 1) & ~1) << 3);
  rows = y + <usize>d * down;
  columns = rows + across;
  highest = columns + down;
  sums = highest + longest;
  a = sums + longest;
  b = a + across;
  rowScales = b + down;
  columnScales = rowScales + across;
  gibbs = columnScales + down;
  return gibbs + (withGibbs ? <usize>n * down : 0);
}

export function addressOfX(): usize {
  return x;
}
export function addressOfY(): usize {
  return y;
}
export function addressOfCosts(): usize {
  return costs;
}
export function addressOfRows(): usize {
  return rows;
}
export function addressOfColumns(): usize {
  return columns;
}
export function addressOfHighest(): usize {
  return highest;
}
export function addressOfSums(): usize {
  return sums;
}
export function addressOfA(): usize {
  return a;
}
export function addressOfB(): usize {
  return b;
}
export function addressOfRowScales(): usize {
  return rowScales;
}
export function addressOfColumnScales(): usize {
  return columnScales;
}
export function addressOfGibbs(): usize {
  return gibbs;
}
export function rowLength(): i32 {
  return stride;
}

// @ts-ignore: decorator
@inline
function real(base: usize, i: i32): f64 {
  return load<f64>(base + (<usize>i << 3));
}

/** c_ij = |x_i - y_j|², or its square root if `power` is 1; infinity in the column that only fills the stride. */
export function distances(power: i32): void {
  const down = <usize>stride << 3;
  for (let i = 0; i < n; i++) {
    const from = x + (<usize>(i * d) << 3);
    const to = costs + <usize>i * down;
    for (let at: usize = 0; at < down; at += 16) {
      let sum = f64x2.splat(0);
      let column = y + at;
      for (let k = 0; k < d; k++, column += down) {
        const difference = v128.sub<f64>(f64x2.splat(real(from, k)), v128.load(column));
        sum = v128.add<f64>(sum, v128.mul<f64>(difference, difference));
      }
      v128.store(to + at, power == 1 ? v128.sqrt<f64>(sum) : sum);
    }
    if (m < stride) store<f64>(to + (<usize>m << 3), Infinity);
  }
}

/**
 * exp on two lanes for x <= 0 (0 below -708), relative error below 3e-16: 2^k exp(r) with |r| <= ln 2 / 2 and the Taylor polynomial of
 * degree 13, whose rest is (0.3466)^14 / 14! = 4e-18.
 */
function exp(t: v128): v128 {
  const k = v128.nearest<f64>(v128.mul<f64>(v128.max<f64>(t, f64x2.splat(-708.0)), f64x2.splat(1.4426950408889634)));
  let r = v128.sub<f64>(v128.max<f64>(t, f64x2.splat(-708.0)), v128.mul<f64>(k, f64x2.splat(6.93147180369123816490e-1)));
  r = v128.sub<f64>(r, v128.mul<f64>(k, f64x2.splat(1.90821492927058770002e-10)));
  let p = f64x2.splat(1.6059043836821613e-10);
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(2.08767569878681e-9));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(2.505210838544172e-8));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(2.755731922398589e-7));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(2.7557319223985893e-6));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(2.48015873015873e-5));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(1.984126984126984e-4));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(1.388888888888889e-3));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(8.333333333333333e-3));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(4.1666666666666664e-2));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(1.6666666666666666e-1));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(0.5));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(1.0));
  p = v128.add<f64>(v128.mul<f64>(p, r), f64x2.splat(1.0));
  // k + 1023 moves into the exponent through the mantissa of 2^52
  const scale = v128.shl<i64>(v128.add<f64>(k, f64x2.splat(4503599627370496.0 + 1023.0)), 52);
  return v128.and(v128.mul<f64>(p, scale), v128.gt<f64>(t, f64x2.splat(-708.0)));
}

/** Row i: the maximum over j of columns_j - inverse · c_ij, and the sum of the exponentials of the rest. */
export function sumRows(inverse: f64): void {
  const down = <usize>stride << 3;
  const scale = f64x2.splat(inverse);
  for (let i = 0; i < n; i++) {
    const from = costs + <usize>i * down;
    let top = f64x2.splat(-Infinity);
    for (let at: usize = 0; at < down; at += 16)
      top = v128.max<f64>(top, v128.sub<f64>(v128.load(columns + at), v128.mul<f64>(v128.load(from + at), scale)));
    const most = max(f64x2.extract_lane(top, 0), f64x2.extract_lane(top, 1));
    const shift = f64x2.splat(most);
    let sum = f64x2.splat(0);
    for (let at: usize = 0; at < down; at += 16) {
      const t = v128.sub<f64>(v128.load(columns + at), v128.mul<f64>(v128.load(from + at), scale));
      sum = v128.add<f64>(sum, exp(v128.sub<f64>(t, shift)));
    }
    store<f64>(highest + (<usize>i << 3), most);
    store<f64>(sums + (<usize>i << 3), f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  }
}

/** The same for columns: over i, of rows_i - inverse · c_ij. */
export function sumColumns(inverse: f64): void {
  const down = <usize>stride << 3;
  const scale = f64x2.splat(inverse);
  for (let at: usize = 0; at < down; at += 16) {
    v128.store(highest + at, f64x2.splat(-Infinity));
    v128.store(sums + at, f64x2.splat(0));
  }
  for (let i = 0; i < n; i++) {
    const from = costs + <usize>i * down;
    const row = f64x2.splat(real(rows, i));
    for (let at: usize = 0; at < down; at += 16) {
      const t = v128.sub<f64>(row, v128.mul<f64>(v128.load(from + at), scale));
      v128.store(highest + at, v128.max<f64>(v128.load(highest + at), t));
    }
  }
  for (let i = 0; i < n; i++) {
    const from = costs + <usize>i * down;
    const row = f64x2.splat(real(rows, i));
    for (let at: usize = 0; at < down; at += 16) {
      const t = v128.sub<f64>(row, v128.mul<f64>(v128.load(from + at), scale));
      v128.store(sums + at, v128.add<f64>(v128.load(sums + at), exp(v128.sub<f64>(t, v128.load(highest + at)))));
    }
  }
}

/** K_ij = exp(rows_i + columns_j - inverse · c_ij), with unit scales; returns the sum of c_ij K_ij. */
export function absorb(inverse: f64): f64 {
  const down = <usize>stride << 3;
  const scale = f64x2.splat(inverse);
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const from = costs + <usize>i * down;
    const to = gibbs + <usize>i * down;
    const row = f64x2.splat(real(rows, i));
    let sum = f64x2.splat(0);
    for (let at: usize = 0; at < down; at += 16) {
      const cost = v128.load(from + at);
      const mass = exp(v128.sub<f64>(v128.add<f64>(row, v128.load(columns + at)), v128.mul<f64>(cost, scale)));
      v128.store(to + at, mass);
      // infinity times zero, in the column that only fills the stride, is not added
      sum = v128.add<f64>(sum, v128.and(v128.mul<f64>(cost, mass), v128.gt<f64>(mass, f64x2.splat(0))));
    }
    total += f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
    store<f64>(rowScales + (<usize>i << 3), 1);
  }
  for (let j = 0; j < stride; j++) store<f64>(columnScales + (<usize>j << 3), 1);
  return total;
}

/**
 * One Sinkhorn iteration on diag(u) K diag(v), in a single pass over K: u_i = a_i / Σ_j K_ij v_j, then v_j = b_j / Σ_i K_ij u_i. Returns
 * how far the row sums were off before.
 */
export function scale(): f64 {
  const down = <usize>stride << 3;
  let off: f64 = 0;
  for (let at: usize = 0; at < down; at += 16) v128.store(sums + at, f64x2.splat(0));
  for (let i = 0; i < n; i++) {
    const from = gibbs + <usize>i * down;
    const wanted = real(a, i);
    if (wanted == 0) continue;
    let even = f64x2.splat(0);
    for (let at: usize = 0; at < down; at += 16)
      even = v128.add<f64>(even, v128.mul<f64>(v128.load(from + at), v128.load(columnScales + at)));
    const sum = f64x2.extract_lane(even, 0) + f64x2.extract_lane(even, 1);
    off += abs(wanted - real(rowScales, i) * sum);
    const u = wanted / sum;
    store<f64>(rowScales + (<usize>i << 3), u);
    const ui = f64x2.splat(u);
    for (let at: usize = 0; at < down; at += 16)
      v128.store(sums + at, v128.add<f64>(v128.load(sums + at), v128.mul<f64>(v128.load(from + at), ui)));
  }
  for (let j = 0; j < m; j++) if (real(b, j) > 0) store<f64>(columnScales + (<usize>j << 3), real(b, j) / real(sums, j));
  return off;
}

/** Σ_ij rows_i columns_j exp(-gamma c_ij). */
export function kernelSum(gamma: f64): f64 {
  const down = <usize>stride << 3;
  const scale = f64x2.splat(-gamma);
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const from = costs + <usize>i * down;
    let sum = f64x2.splat(0);
    for (let at: usize = 0; at < down; at += 16)
      sum = v128.add<f64>(sum, v128.mul<f64>(v128.load(columns + at), exp(v128.mul<f64>(v128.load(from + at), scale))));
    total += real(rows, i) * (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  }
  return total;
}
