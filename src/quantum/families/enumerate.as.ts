/**
 * Mean losses of all combinations of factors. The points' signed logits are sums of rows, one of each group,
 *
 *   a_i = Σ_g row_{g, setting of g, i},   loss = Σ_i w_i log(1 + e^{a_i})  or  Σ_i w_i σ(a_i)²,
 *
 * so that e^{a_i} is a product of exponentials that were taken once: a combination costs one product a point and no exponential. The
 * logarithm is taken once a run of points of equal weight, of the product of all 1 + e^{a_i}, whose exponents are counted apart.
 */

let points: i32 = 0; // a multiple of four; what fills up has e^a = 0
let levels: i32 = 0;
let rowBytes: usize = 0;
let sizes: usize = 0; // i32 [levels]: settings of a group
let runs: usize = 0; // i32 [runs + 1]: where runs begin, multiples of four
let runCount: i32 = 0;
let weights: usize = 0; // f64 [runs]
let partial: usize = 0; // f64 [levels, points]: products of the groups before
let rows: usize = 0; // f64 [settings of all groups, points]
let losses: usize = 0; // f64 [combinations]: the settings of the last group change first
let squared: bool = false;
let next: usize = 0; // where the next loss goes

/** Sets the sizes; returns the bytes of memory needed. */
export function layout(pointCount: i32, groupCount: i32, settings: i32, runTotal: i32, combinations: i32): usize {
  points = pointCount;
  levels = groupCount;
  runCount = runTotal;
  rowBytes = <usize>points << 3;
  sizes = (__heap_base + 63) & ~63; // below are the tables of Math.log
  runs = sizes + (((<usize>levels << 2) + 63) & ~63);
  weights = (runs + (<usize>(runTotal + 1) << 2) + 63) & ~63;
  partial = weights + (((<usize>runTotal << 3) + 63) & ~63);
  rows = partial + <usize>(levels + 1) * rowBytes;
  losses = rows + <usize>settings * rowBytes;
  return losses + (<usize>combinations << 3);
}

export function addressOf(what: i32): usize {
  if (what == 0) return sizes;
  if (what == 1) return runs;
  if (what == 2) return weights;
  if (what == 3) return partial;
  if (what == 4) return rows;
  return losses;
}

/** Σ_i w_i σ(a_i)², of e^a = left · right. */
function squaredLoss(left: usize, right: usize): f64 {
  const one = f64x2.splat(1);
  let total: f64 = 0;
  for (let r = 0; r < runCount; r++) {
    let at = <usize>load<i32>(runs + (<usize>r << 2)) << 3;
    const end = <usize>load<i32>(runs + (<usize>r << 2), 4) << 3;
    let s = f64x2.splat(0);
    let t = f64x2.splat(0);
    for (; at < end; at += 32) {
      const e = f64x2.mul(v128.load(left + at), v128.load(right + at));
      const f = f64x2.mul(v128.load(left + at, 16), v128.load(right + at, 16));
      const p = f64x2.div(e, f64x2.add(one, e));
      const q = f64x2.div(f, f64x2.add(one, f));
      s = f64x2.add(s, f64x2.mul(p, p));
      t = f64x2.add(t, f64x2.mul(q, q));
    }
    s = f64x2.add(s, t);
    total += load<f64>(weights + (<usize>r << 3)) * (f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1));
  }
  return total;
}

/** Points whose mantissas, each below 2, are multiplied at a time in four lanes: 2^1000 is a double. */
const block: usize = 4000 << 3;

/** Σ_i w_i log(1 + e^{a_i}). */
function crossEntropy(left: usize, right: usize): f64 {
  const one = f64x2.splat(1);
  const mantissa = i64x2.splat(0x000fffffffffffff);
  let total: f64 = 0;
  for (let r = 0; r < runCount; r++) {
    let at = <usize>load<i32>(runs + (<usize>r << 2)) << 3;
    const end = <usize>load<i32>(runs + (<usize>r << 2), 4) << 3;
    let sum: f64 = 0;
    while (at < end) {
      const stop = min(end, at + block);
      const count = <i64>(stop - at) >> 3;
      let s = one;
      let t = one;
      let k = i64x2.splat(0);
      for (; at < stop; at += 32) {
        const e = f64x2.add(one, f64x2.mul(v128.load(left + at), v128.load(right + at)));
        const f = f64x2.add(one, f64x2.mul(v128.load(left + at, 16), v128.load(right + at, 16)));
        k = i64x2.add(k, i64x2.add(i64x2.shr_u(e, 52), i64x2.shr_u(f, 52)));
        s = f64x2.mul(s, v128.or(v128.and(e, mantissa), one));
        t = f64x2.mul(t, v128.or(v128.and(f, mantissa), one));
      }
      const exponents = i64x2.extract_lane(k, 0) + i64x2.extract_lane(k, 1) - 1023 * count;
      sum += <f64>exponents * Math.LN2;
      sum += Math.log(f64x2.extract_lane(s, 0)) + Math.log(f64x2.extract_lane(s, 1));
      sum += Math.log(f64x2.extract_lane(t, 0)) + Math.log(f64x2.extract_lane(t, 1));
    }
    total += load<f64>(weights + (<usize>r << 3)) * sum;
  }
  return total;
}

/** Walks the tree of settings from a level on. */
function walk(level: i32, row: usize): void {
  const size = load<i32>(sizes + (<usize>level << 2));
  const own = partial + <usize>level * rowBytes;
  if (level == levels - 1) {
    for (let k = 0; k < size; k++, row += rowBytes, next += 8) store<f64>(next, squared ? squaredLoss(own, row) : crossEntropy(own, row));
    return;
  }
  const below = row + <usize>size * rowBytes;
  const product = own + rowBytes;
  for (let k = 0; k < size; k++, row += rowBytes) {
    for (let at: usize = 0; at < rowBytes; at += 16) v128.store(product + at, f64x2.mul(v128.load(own + at), v128.load(row + at)));
    walk(level + 1, below);
  }
}

/** All losses of what is left of the groups: the product of those before stands in the first row of `partial`. */
export function enumerate(squares: bool): void {
  squared = squares;
  next = losses;
  walk(0, rows);
}
