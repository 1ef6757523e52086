/** Decoder: inserts edges and finds their ranks. */
import { allocate } from "./memory.as";
import { LANE, damaged, laneCount, lanes, popDone, popSlot, push } from "./lanes.as";
import { countLess, foundIndex, foundStart, foundWeight, makeTree, total4, treeAdd, treePrefix, treeSearch } from "./tree.as";
import { keyBits, mix, rightBits, unmix } from "./keys.as";
import {
  blockAt,
  blocks,
  orientable,
  popSide,
  popVertex,
  remaining,
  rightOffset,
  total,
  typePairs,
  typeTotal,
  typeTree,
  urn,
} from "./urns.as";
import { LEFT, RIGHT, touched } from "./encoder.as";

// Buckets by the top bits of the scrambled key: a line of 8 keys, their multiplicities (multigraphs), a link to overflow records
// [8 keys | 8 multiplicities | link] of 128 bytes. Empty slots hold a value above every key.
const EMPTY: u64 = 0x7f7f7f7f7f7f7f7f;
let bucketBits: u32 = 0;
let bucketKeys: usize = 0;
let bucketCounts: usize = 0;
let bucketNext: usize = 0;
let bucketTree: usize = 0;
let spares: usize = 0;
let spareEnd: usize = 0;
let longestChain: u32 = 0;
// Simple graphs whose keys have 30 bits or less below those of the bucket keep only these: lines of 16 u32, and half as many buckets.
let narrow: bool = false;
const NARROW_EMPTY: u32 = 0x7f7f7f7f;

export function openDecoder(m: u32, bits: u32, repeats: bool, chain: u32): bool {
  total = m;
  remaining = 0;
  narrow = !repeats && bits > 0 && keyBits - bits < 30;
  if (narrow) bits--;
  bucketBits = bits;
  longestChain = chain;
  const size = <f64>(<u64>1 << bits);
  spares = 0;
  spareEnd = 0;
  bucketTree = makeTree(1 << bits);
  bucketKeys = allocate(size * 64);
  bucketNext = allocate(size * 4);
  bucketCounts = repeats ? allocate(size * 32) : 0;
  if (!bucketTree || !bucketKeys || !bucketNext || (repeats && !bucketCounts)) return false;
  memory.fill(bucketKeys, 0x7f, <usize>(size * 64));
  memory.fill(bucketNext, 0, <usize>(size * 4));
  return true;
}

function newRecord(): usize {
  if (spares == spareEnd) {
    spares = allocate(128 * 256);
    if (!spares) return 0;
    spareEnd = spares + 128 * 256;
  }
  const record = spares;
  spares += 128;
  memory.fill(record, 0x7f, 64);
  store<u32>(record, 0, 96);
  return record;
}

// @ts-ignore: decorator
@inline
function bucketOf(key: u64): u32 {
  return keyBits == 0 ? 0 : <u32>(key >> <u64>(keyBits - bucketBits));
}

const BUCKETS: usize = memory.data(4 * 64, 16);
const STARTS: usize = memory.data(4 * 64, 16);

/**
 * Counts `n` keys, from the last to the first, into their buckets; leaves at STARTS how many keys the buckets before held when each came.
 * All are read in the counts from before, and nothing is written until they are: a tree that is read right after it was written makes the
 * processor wait.
 */
function countTogether(n: u32): void {
  for (let k: u32 = 0; k < n; k++) store<u32>(BUCKETS + (k << 2), bucketOf(load<u64>(SCRATCH_KEYS + (<usize>(n - 1 - k) << 3))));
  for (let k: u32 = 0; k < n; k++) {
    const bucket = load<u32>(BUCKETS + (k << 2));
    store<u32>(STARTS + ((n - 1 - k) << 2), treePrefix(bucketTree, bucket) + countLess(BUCKETS, k, bucket));
  }
  for (let k: u32 = 0; k < n; k++) treeAdd(bucketTree, load<u32>(BUCKETS + (k << 2)), 1);
}

/** `insert` for narrow lines. */
// @ts-ignore: decorator
@inline
function insertNarrow(key: u64, start: u32): void {
  const bucket = bucketOf(key);
  const low = <u32>(key & ((<u64>1 << (keyBits - bucketBits)) - 1));
  let keys = bucketKeys + (<usize>bucket << 6);
  let next = bucketNext + (<usize>bucket << 2);
  const wanted = i32x4.splat(low);
  const empty = i32x4.splat(NARROW_EMPTY);
  for (let chain: u32 = 0; ; chain++) {
    const k0 = v128.load(keys);
    const k1 = v128.load(keys, 16);
    const k2 = v128.load(keys, 32);
    const k3 = v128.load(keys, 48);
    const less = i32x4.add(
      i32x4.add(i32x4.lt_s(k0, wanted), i32x4.lt_s(k1, wanted)),
      i32x4.add(i32x4.lt_s(k2, wanted), i32x4.lt_s(k3, wanted)),
    );
    start -= <u32>total4(less);
    const same = v128.or(v128.or(i32x4.eq(k0, wanted), i32x4.eq(k1, wanted)), v128.or(i32x4.eq(k2, wanted), i32x4.eq(k3, wanted)));
    if (v128.any_true(same)) damaged = true; // the file said that no edge repeats
    const used = i32x4.add(
      i32x4.add(i32x4.lt_s(k0, empty), i32x4.lt_s(k1, empty)),
      i32x4.add(i32x4.lt_s(k2, empty), i32x4.lt_s(k3, empty)),
    );
    const fill = <u32>-total4(used);
    if (fill < 16) {
      store<u32>(keys + (fill << 2), low);
      break;
    }
    let record = <usize>load<u32>(next);
    if (!record) {
      record = chain < longestChain ? newRecord() : 0;
      if (!record) {
        damaged = true;
        break;
      }
      store<u32>(next, <u32>record);
    }
    keys = record;
    next = record + 96;
  }
  foundStart = start;
  foundWeight = 1;
}

/**
 * Inserts a key, `start` keys being in the buckets before its own; leaves its rank in foundStart and its multiplicity, itself included, in
 * foundWeight.
 */
// @ts-ignore: decorator
@inline
function insert(key: u64, start: u32): void {
  const bucket = bucketOf(key);
  let keys = bucketKeys + (<usize>bucket << 6);
  let counts = bucketCounts ? bucketCounts + (<usize>bucket << 5) : 0;
  let next = bucketNext + (<usize>bucket << 2);
  let weight: u32 = 1;
  const wanted = i64x2.splat(key);
  const empty = i64x2.splat(EMPTY);
  let placed = false;
  let chain: u32 = 0;
  for (;;) {
    const k0 = v128.load(keys);
    const k1 = v128.load(keys, 16);
    const k2 = v128.load(keys, 32);
    const k3 = v128.load(keys, 48);
    if (counts) {
      for (let j: u32 = 0; j < 8; j++) {
        const other = load<u64>(keys + (j << 3));
        const c = counts + (j << 2);
        if (other < key) start += load<u32>(c);
        else if (!placed && other == key) {
          weight = load<u32>(c) + 1;
          store<u32>(c, weight);
          placed = true;
        } else if (other == EMPTY) {
          if (!placed) {
            store<u64>(keys + (j << 3), key);
            store<u32>(c, 1);
            placed = true;
          }
          break;
        }
      }
    } else {
      const less = i64x2.add(
        i64x2.add(i64x2.lt_s(k0, wanted), i64x2.lt_s(k1, wanted)),
        i64x2.add(i64x2.lt_s(k2, wanted), i64x2.lt_s(k3, wanted)),
      );
      start -= <u32>(i64x2.extract_lane(less, 0) + i64x2.extract_lane(less, 1));
      const same = v128.or(
        v128.or(i64x2.eq(k0, wanted), i64x2.eq(k1, wanted)),
        v128.or(i64x2.eq(k2, wanted), i64x2.eq(k3, wanted)),
      );
      if (v128.any_true(same)) damaged = true; // the file said that no edge repeats
      const used = i64x2.add(
        i64x2.add(i64x2.lt_s(k0, empty), i64x2.lt_s(k1, empty)),
        i64x2.add(i64x2.lt_s(k2, empty), i64x2.lt_s(k3, empty)),
      );
      const fill = <u32>-(i64x2.extract_lane(used, 0) + i64x2.extract_lane(used, 1));
      if (fill < 8) {
        store<u64>(keys + (fill << 3), key);
        break; // nothing hangs on a line that is not full
      }
    }
    let record = <usize>load<u32>(next);
    if (!record) {
      if (placed) break;
      record = chain < longestChain ? newRecord() : 0;
      if (!record) {
        damaged = true;
        break;
      }
      store<u32>(next, <u32>record);
    }
    keys = record;
    if (counts) counts = record + 64;
    next = record + 96;
    chain++;
  }
  foundStart = start;
  foundWeight = weight;
}

/** Decodes up to `count` more edges; returns how many are decoded in all, or -1 when the file cannot be right. */
export function decode(count: u32): i32 {
  const together = !typeTree && load<u32>(urn) > 1; // a line's search needs a level above it
  while (count > 0 && remaining < total) {
    const rest = (total - remaining) % laneCount;
    const n = rest ? rest : laneCount;
    if (together && n > 1) {
      popSide(blocks - 1, n, RIGHT);
      popSide(0, n, LEFT);
    } else {
      for (let i = <i32>n - 1; i >= 0; i--) {
        let right: u32 = blocks == 2 && !typeTree ? 1 : 0;
        let left: u32 = 0;
        const lane = lanes + <u32>i * LANE;
        if (typeTree) {
          const slot = popSlot(lane, typeTotal);
          treeSearch(typeTree, <u32>slot);
          popDone(lane, foundStart, foundWeight, slot);
          treeAdd(typeTree, foundIndex, 1);
          typeTotal++;
          const pair = load<u32>(typePairs + (foundIndex << 2));
          left = pair & 0xffff;
          right = pair >> 16;
        }
        store<u32>(LEFT + (i << 2), left);
        store<u32>(RIGHT + (i << 2), right);
      }
      for (let i = <i32>n - 1; i >= 0; i--) {
        const p = RIGHT + (i << 2);
        store<u32>(p, popVertex(lanes + <u32>i * LANE, load<u32>(p)));
      }
      for (let i = <i32>n - 1; i >= 0; i--) {
        const lane = lanes + <u32>i * LANE;
        const a = popVertex(lane, load<u32>(LEFT + (i << 2)));
        store<u32>(LEFT + (i << 2), a);
      }
    }
    for (let i = <i32>n - 1; i >= 0; i--) {
      let a = load<u32>(LEFT + (i << 2));
      let b = load<u32>(RIGHT + (i << 2));
      const change = (a ^ b) & (0 - <u32>(orientable && a > b)); // no branch: it would be guessed wrong every other time
      a ^= change;
      b ^= change;
      const key = mix((<u64>a << <u64>rightBits) | <u64>(b - rightOffset));
      store<u64>(SCRATCH_KEYS + (<usize>i << 3), key);
      touched += load<u32>(bucketKeys + (<usize>bucketOf(key) << 6)) + load<u32>(load<u32>(bucketTree, 4) + (bucketOf(key) << 2));
    }
    for (let i = <i32>n - 1; i >= 0 && orientable; i--) {
      const a = load<u32>(LEFT + (i << 2));
      const b = load<u32>(RIGHT + (i << 2));
      if (a != b && blockAt(a) == blockAt(b)) push(lanes + <u32>i * LANE, a > b ? 1 : 0, 1, 2);
    }
    countTogether(n);
    for (let i = <i32>n - 1; i >= 0; i--) {
      const key = load<u64>(SCRATCH_KEYS + (<usize>i << 3));
      const start = load<u32>(STARTS + (i << 2));
      if (narrow) insertNarrow(key, start);
      else insert(key, start);
      remaining++;
      push(lanes + <u32>i * LANE, foundStart, foundWeight, remaining);
    }
    // an honest encoder never starts below the bottom of what it wrote
    for (let i: u32 = 0; i < laneCount; i++) if (load<u32>(lanes + i * LANE, 16) > 0) damaged = true;
    if (damaged) return -1;
    count -= min(count, n);
  }
  return remaining;
}
const SCRATCH_KEYS: usize = memory.data(8 * 256, 16);

/** Writes every decoded key (repeated by multiplicity), unscrambled, to `keys`; returns how many. */
export function collect(keys: usize): u32 {
  if (narrow) return collectNarrow(keys);
  const size: usize = <usize>1 << bucketBits;
  let out = keys;
  for (let bucket: usize = 0; bucket < size; bucket++) {
    let line = bucketKeys + (bucket << 6);
    let counts = bucketCounts ? bucketCounts + (bucket << 5) : 0;
    let next = bucketNext + (bucket << 2);
    for (;;) {
      for (let j: u32 = 0; j < 8; j++) {
        const key = load<u64>(line + (j << 3));
        if (key == EMPTY) break;
        const plain = unmix(key);
        for (let c: u32 = counts ? load<u32>(counts + (j << 2)) : 1; c > 0; c--) {
          store<u64>(out, plain);
          out += 8;
        }
      }
      const record = <usize>load<u32>(next);
      if (!record) break;
      line = record;
      if (counts) counts = record + 64;
      next = record + 96;
    }
  }
  return <u32>((out - keys) >> 3);
}

function collectNarrow(keys: usize): u32 {
  const size: usize = <usize>1 << bucketBits;
  const shift = <u64>(keyBits - bucketBits);
  let out = keys;
  for (let bucket: usize = 0; bucket < size; bucket++) {
    let line = bucketKeys + (bucket << 6);
    let next = bucketNext + (bucket << 2);
    for (;;) {
      for (let j: u32 = 0; j < 16; j++) {
        const low = load<u32>(line + (j << 2));
        if (low == NARROW_EMPTY) break;
        store<u64>(out, unmix((<u64>bucket << shift) | <u64>low));
        out += 8;
      }
      const record = <usize>load<u32>(next);
      if (!record) break;
      line = record;
      next = record + 96;
    }
  }
  return <u32>((out - keys) >> 3);
}

/** Keeps the loads that only warm the cache. */
export function warmed(): u32 {
  return touched;
}

/** Where the decoder's buckets begin: from there on all is room to be used again once they are collected. */
export function bucketRoom(): usize {
  return bucketKeys;
}
