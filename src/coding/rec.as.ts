/**
 * Random edge coding over interleaved ANS lanes: the integer kernel (AssemblyScript, compiled to WebAssembly).
 *
 * The host (`rec.ts`) lays out memory through `allocate` and calls, for an encoder: `makeKeys`, `sortKeys`, `openEncoder`, `encode`*;
 * for a decoder: `openDecoder`, `decode`*, `collect`. The same bytes come from the plain reference in `reference.ts`.
 *
 * Memory is a bump allocator over 64-byte lines. A *count tree* is a 16-ary tree of u32 sums, one cache line a node: every address of an
 * update follows from the leaf number, so its misses overlap; a search reads one dependent line a level.
 */

// ---------------------------------------------------------------- memory

let free: usize = 0;

/** Allocates `bytes` (not zeroed unless fresh); 0 when WebAssembly's memory cannot grow further. */
export function allocate(bytes: f64): usize {
  if (free == 0) free = (__heap_base + 127) & ~63;
  const start = free;
  const end = <f64>start + bytes + 64;
  const pages = Math.ceil(end / 65536);
  if (pages > <f64>memory.size()) {
    if (pages > 65536 || memory.grow(<i32>(pages - <f64>memory.size())) < 0) return 0;
  }
  free = (<usize>end + 63) & ~63;
  return start;
}

// ---------------------------------------------------------------- ANS: profile REC53 (L = 2^45, 8-bit words, s < 2^53)

// A lane: s u64 @0, top of stack @8, bottom of stack @12, words read below the bottom @16, end of the room @20.
const L: u64 = (<u64>1) << 45;
const LANE: u32 = 32;
let lanes: usize = 0;
let laneCount: u32 = 1;
let damaged: bool = false;

export function openLanes(count: u32): usize {
  laneCount = count;
  lanes = allocate(<f64>(count * LANE));
  damaged = false;
  return lanes;
}

/** Brings s into [a, 256a): unique, hence reversible. Reading below the bottom gives zeros and is counted. */
// @ts-ignore: decorator
@inline
function renormalize(lane: usize, a: u64): u64 {
  let s = load<u64>(lane);
  if (s >> 8 >= a) {
    let top = load<u32>(lane, 8);
    do {
      store<u8>(top++, <u8>s);
      s >>= 8;
    } while (s >> 8 >= a);
    store<u32>(lane, top, 8);
  } else if (s < a) {
    let top = load<u32>(lane, 8);
    const bottom = load<u32>(lane, 12);
    do {
      if (top > bottom) s = (s << 8) | <u64>load<u8>(--top);
      else {
        s <<= 8;
        store<u32>(lane, load<u32>(lane, 16) + 1, 16);
      }
    } while (s < a);
    store<u32>(lane, top, 8);
  }
  return s;
}

// @ts-ignore: decorator
@inline
function push(lane: usize, start: u64, f: u64, m: u64): void {
  const s = renormalize(lane, f * (L / m));
  const q = s / f;
  store<u64>(lane, q * m + start + (s - q * f));
}

/** First half of a pop: leaves floor(s / m) in the lane and returns the slot s mod m. */
// @ts-ignore: decorator
@inline
function popSlot(lane: usize, m: u64): u64 {
  const s = renormalize(lane, (L / m) * m);
  const q = s / m;
  store<u64>(lane, q);
  return s - q * m;
}

/** Second half of a pop, once the symbol [start, start + f) that owns the slot is known. */
// @ts-ignore: decorator
@inline
function popDone(lane: usize, start: u64, f: u64, slot: u64): void {
  store<u64>(lane, load<u64>(lane) * f + (slot - start));
}

/** Renormalizes every lane to [L, 256 L), the form in which heads are stored and compared. */
export function settle(): void {
  for (let i: u32 = 0; i < laneCount; i++) {
    const lane = lanes + i * LANE;
    store<u64>(lane, renormalize(lane, L));
  }
}

// ---------------------------------------------------------------- count trees

// sixteen ones, then sixteen zeros: a window into it masks the entries before k of a node
const BEFORE: usize = memory.data<i32>(
  [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  16,
);

let foundIndex: u32 = 0;
let foundStart: u32 = 0;
let foundWeight: u32 = 0;

/** A tree over `size` zeroed leaves: a record of [levels, address of leaves, address of level 1, ...]. The host may fill the leaves. */
export function makeTree(size: u32): usize {
  const tree = allocate(64);
  if (!tree) return 0;
  let levels: u32 = 0;
  let count = max<u32>(size, 1);
  for (;;) {
    const padded = (<u64>count + 15) & ~15;
    const level = allocate(<f64>padded * 4);
    if (!level) return 0;
    memory.fill(level, 0, <usize>(padded * 4));
    store<u32>(tree + 4 + levels * 4, <u32>level);
    levels++;
    if (count <= 16) break;
    count = <u32>((<u64>count + 15) >> 4);
  }
  store<u32>(tree, levels);
  return tree;
}

export function leaves(tree: usize): usize {
  return load<u32>(tree, 4);
}

/** Fills the upper levels from the leaves. */
export function buildTree(tree: usize, size: u32): void {
  const levels = load<u32>(tree);
  let count = max<u32>(size, 1);
  for (let l: u32 = 1; l < levels; l++) {
    const below = load<u32>(tree + l * 4);
    const level = load<u32>(tree + 4 + l * 4);
    count = (count + 15) >> 4;
    for (let i: u32 = 0; i < count; i++) {
      let sum: u32 = 0;
      for (let j: u32 = 0; j < 16; j++) sum += load<u32>(below + (((i << 4) + j) << 2));
      store<u32>(level + (i << 2), sum);
    }
  }
}

// @ts-ignore: decorator
@inline
function treeAdd(tree: usize, i: u32, delta: u32): void {
  const levels = load<u32>(tree);
  for (let l: u32 = 0; l < levels; l++) {
    const p = load<u32>(tree + 4 + l * 4) + (i << 2);
    store<u32>(p, load<u32>(p) + delta);
    i >>= 4;
  }
}

/** Sum of the leaves before i. */
// @ts-ignore: decorator
@inline
function treePrefix(tree: usize, i: u32): u32 {
  const levels = load<u32>(tree);
  let sum = i32x4.splat(0);
  for (let l: u32 = 0; l < levels; l++) {
    const node = <usize>load<u32>(tree + 4 + l * 4) + ((i & ~15) << 2);
    const mask = BEFORE + ((16 - (i & 15)) << 2);
    const low = i32x4.add(v128.and(v128.load(node), v128.load(mask)), v128.and(v128.load(node, 16), v128.load(mask, 16)));
    const high = i32x4.add(v128.and(v128.load(node, 32), v128.load(mask, 32)), v128.and(v128.load(node, 48), v128.load(mask, 48)));
    sum = i32x4.add(sum, i32x4.add(low, high));
    i >>= 4;
  }
  sum = i32x4.add(sum, i32x4.shuffle(sum, sum, 2, 3, 0, 1));
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1);
}

/** Running sums inside one vector. */
// @ts-ignore: decorator
@inline
function running(x: v128): v128 {
  const zero = i32x4.splat(0);
  x = i32x4.add(x, i32x4.shuffle(zero, x, 0, 4, 5, 6));
  return i32x4.add(x, i32x4.shuffle(zero, x, 0, 1, 4, 5));
}

let lineEntry: u32 = 0;
let lineRest: u32 = 0;

/** The entry of a node that owns unit `rest` of its sixteen counts: lineEntry, and what is left of `rest` in it; 16 when it is beyond them. */
// @ts-ignore: decorator
@inline
function searchLine(node: usize, rest: u32): void {
  const c0 = v128.load(node);
  const c1 = v128.load(node, 16);
  const c2 = v128.load(node, 32);
  const c3 = v128.load(node, 48);
  const p0 = running(c0);
  const p1 = i32x4.add(running(c1), i32x4.shuffle(p0, p0, 3, 3, 3, 3));
  const p2 = i32x4.add(running(c2), i32x4.shuffle(p1, p1, 3, 3, 3, 3));
  const p3 = i32x4.add(running(c3), i32x4.shuffle(p2, p2, 3, 3, 3, 3));
  const bound = i32x4.splat(rest);
  const m0 = i32x4.le_s(p0, bound);
  const m1 = i32x4.le_s(p1, bound);
  const m2 = i32x4.le_s(p2, bound);
  const m3 = i32x4.le_s(p3, bound);
  const below = i32x4.add(i32x4.add(m0, m1), i32x4.add(m2, m3));
  const sums = i32x4.add(
    i32x4.add(v128.and(c0, m0), v128.and(c1, m1)),
    i32x4.add(v128.and(c2, m2), v128.and(c3, m3)),
  );
  lineEntry = <u32>-total4(below);
  lineRest = rest - total4(sums);
}

// @ts-ignore: decorator
@inline
function total4(x: v128): i32 {
  const pair = i32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return i32x4.extract_lane(pair, 0) + i32x4.extract_lane(pair, 1);
}

/** The leaf that owns slot c: foundIndex, foundStart <= c < foundStart + foundWeight. c must be below the total. */
// @ts-ignore: decorator
@inline
function treeSearch(tree: usize, c: u32): void {
  let i: u32 = 0;
  let rest = c;
  for (let l = load<u32>(tree); l > 0; l--) {
    searchLine(<usize>load<u32>(tree + l * 4) + (<usize>i << 6), rest);
    rest = lineRest;
    i = (i << 4) + (lineEntry & 15);
  }
  foundWeight = load<u32>(<usize>load<u32>(tree, 4) + (<usize>i << 2));
  foundIndex = i;
  foundStart = c - rest;
}

const LINE: usize = memory.data(4 * 64, 16);
const REST: usize = memory.data(4 * 64, 16);
const DRAWN: usize = memory.data(4 * 64, 16);
const NOT_YET: u32 = 0x7fffffff;

/** Walks `count` searches for the slots at `slots` level by level down to the line of leaves, so that their misses overlap; touches those lines. */
function searchTogether(tree: usize, slots: usize, count: u32, base: u32, limit: u32): void {
  for (let j: u32 = 0; j < count; j++) {
    store<u32>(LINE + (j << 2), 0);
    store<u32>(REST + (j << 2), min<u32>(base + load<u32>(slots + (j << 2)), limit));
  }
  for (let l = load<u32>(tree); l > 1; l--) {
    const level = <usize>load<u32>(tree + l * 4);
    for (let j: u32 = 0; j < count; j++) {
      const at = load<u32>(LINE + (j << 2));
      searchLine(level + (<usize>at << 6), load<u32>(REST + (j << 2)));
      store<u32>(REST + (j << 2), lineRest);
      store<u32>(LINE + (j << 2), (at << 4) + (lineEntry & 15));
    }
  }
  const bottom = <usize>load<u32>(tree, 4);
  for (let j: u32 = 0; j < count; j++) touched += load<u32>(bottom + (<usize>load<u32>(LINE + (j << 2)) << 6));
}

// ---------------------------------------------------------------- edge keys

let keyBits: u32 = 0;
let rightBits: u32 = 0;
let keyMask: u64 = 0;
let half: u64 = 1;
let multiplier: u64 = 1;
let inverse: u64 = 1;

function inverseOdd(x: u64): u64 {
  let y = x;
  for (let i = 0; i < 6; i++) y *= 2 - x * y;
  return y;
}

/** Keys are (a << bitsB) | b, scrambled by a bijection of [0, 2^(bitsA + bitsB)); any total order known to both sides would do, and a
 * pseudo-random one keeps rank structures balanced whatever the graph. */
export function setKeys(bitsA: u32, bitsB: u32, seed: u32): void {
  keyBits = bitsA + bitsB;
  rightBits = bitsB;
  keyMask = (<u64>1 << keyBits) - 1;
  half = max<u64>(1, (keyBits + 1) >> 1);
  multiplier = 0x9e3779b97f4a7c15 + <u64>seed * 0x5851f42d4c957f2e;
  inverse = inverseOdd(multiplier);
}

// @ts-ignore: decorator
@inline
function mix(x: u64): u64 {
  x ^= x >> half;
  x = (x * multiplier) & keyMask;
  x ^= x >> half;
  x = (x * multiplier) & keyMask;
  return x ^ (x >> half);
}

// @ts-ignore: decorator
@inline
function unmix(x: u64): u64 {
  x ^= x >> half;
  x = (x * inverse) & keyMask;
  x ^= x >> half;
  x = (x * inverse) & keyMask;
  return x ^ (x >> half);
}

/** keys[i] = key of (a[i], b[i]), scrambled if asked; `keys` may lie over `a` and `b` stored as interleaved pairs. */
export function makeKeys(pairs: usize, keys: usize, m: u32, scramble: bool): void {
  for (let i: u32 = 0; i < m; i++) {
    const p = pairs + (<usize>i << 3);
    const key = (<u64>load<u32>(p) << <u64>rightBits) | <u64>load<u32>(p, 4);
    store<u64>(keys + (<usize>i << 3), scramble ? mix(key) : key);
  }
}

/** The inverse of makeKeys. */
export function splitKeys(keys: usize, pairs: usize, m: u32, scrambled: bool): void {
  const maskB = (<u64>1 << rightBits) - 1;
  for (let i: u32 = 0; i < m; i++) {
    let key = load<u64>(keys + (<usize>i << 3));
    if (scrambled) key = unmix(key);
    const p = pairs + (<usize>i << 3);
    store<u32>(p, <u32>(key >> <u64>rightBits));
    store<u32>(p, <u32>(key & maskB), 4);
  }
}

const DIGIT: u32 = 11;

/** Sorts keys by radix passes over their top `bits`, then insertion for what is left (short runs: scrambled keys); returns the buffer that holds
 * the result. `histogram`: 2^11 u32. */
export function sortKeys(keys: usize, spare: usize, m: u32, bits: u32, histogram: usize): usize {
  const low = keyBits - min<u32>(bits, keyBits);
  for (let shift = low; shift < keyBits; shift += DIGIT) {
    memory.fill(histogram, 0, 4 << DIGIT);
    const mask: u64 = (1 << DIGIT) - 1;
    for (let i: usize = keys, end = keys + (<usize>m << 3); i < end; i += 8) {
      const h = histogram + (<usize>((load<u64>(i) >> <u64>shift) & mask) << 2);
      store<u32>(h, load<u32>(h) + 1);
    }
    let sum: u32 = 0;
    for (let h = histogram, end = histogram + (4 << DIGIT); h < end; h += 4) {
      const count = load<u32>(h);
      store<u32>(h, sum);
      sum += count;
    }
    for (let i: usize = keys, end = keys + (<usize>m << 3); i < end; i += 8) {
      const key = load<u64>(i);
      const h = histogram + (<usize>((key >> <u64>shift) & mask) << 2);
      const at = load<u32>(h);
      store<u32>(h, at + 1);
      store<u64>(spare + (<usize>at << 3), key);
    }
    const t = keys;
    keys = spare;
    spare = t;
  }
  if (low > 0) {
    for (let i = keys + 8, end = keys + (<usize>m << 3); i < end; i += 8) {
      const key = load<u64>(i);
      let j = i;
      while (j > keys && load<u64>(j - 8) > key) {
        store<u64>(j, load<u64>(j - 8));
        j -= 8;
      }
      store<u64>(j, key);
    }
  }
  return keys;
}

/** Collapses equal neighbours of a sorted list in place; multiplicities go to `counts`. Returns the number of distinct keys. */
export function collapse(keys: usize, m: u32, counts: usize): u32 {
  let d: u32 = 0;
  for (let i: u32 = 0; i < m; ) {
    const key = load<u64>(keys + (<usize>i << 3));
    let j = i + 1;
    while (j < m && load<u64>(keys + (<usize>j << 3)) == key) j++;
    store<u64>(keys + (<usize>d << 3), key);
    store<u32>(counts + (<usize>d << 2), j - i);
    d++;
    i = j;
  }
  return d;
}

/** Number of keys equal to their left neighbour in a sorted list. */
export function countRepeats(keys: usize, m: u32): u32 {
  let repeats: u32 = 0;
  for (let i: u32 = 1; i < m; i++) {
    const p = keys + (<usize>i << 3);
    if (load<u64>(p) == load<u64>(p - 8)) repeats++;
  }
  return repeats;
}

/** Largest number of distinct sorted keys that share their top `bits`. */
export function fullestBucket(keys: usize, m: u32, bits: u32): u32 {
  let most: u32 = 0;
  let run: u32 = 0;
  const shift = <u64>(keyBits - bits);
  for (let i: u32 = 0; i < m; i++) {
    const p = keys + (<usize>i << 3);
    if (i == 0 || load<u64>(p) >> shift != load<u64>(p - 8) >> shift) run = 0;
    if (run == 0 || load<u64>(p) != load<u64>(p - 8)) run++;
    most = max(most, run);
  }
  return most;
}

// ---------------------------------------------------------------- the urns

let orientable: bool = false; // undirected: the orientation of an edge inside one block is free
let rightOffset: u32 = 0; // position of vertex 0 of the right side: separate urns for the two ends
let blocks: u32 = 1;
let urn: usize = 0; // count tree over positions, each weight q c + p
let step: u32 = 1; // q
let blockOf: usize = 0; // u16 by position
let blockStart: usize = 0; // u32 by block: first position
let blockTotal: usize = 0; // u32 by block: weight in the urn
let typeTree: usize = 0; // urn over pairs of blocks, 0 when there is one pair only
let typePairs: usize = 0; // u32 by type: left block | right block << 16
let typeTotal: u32 = 0;
let leftBlocks: u32 = 1;
let remaining: u32 = 0; // encoder: edges left; decoder: edges decoded
let total: u32 = 0;

export function setUrn(undirected: bool, offset: u32, tree: usize, increment: u32, blockCount: u32, membership: usize, start: usize, weight: usize): void {
  orientable = undirected;
  rightOffset = offset;
  urn = tree;
  step = increment;
  blocks = blockCount;
  blockOf = membership;
  blockStart = start;
  blockTotal = weight;
}

export function setTypes(tree: usize, pairs: usize, weight: u32, left: u32): void {
  typeTree = tree;
  typePairs = pairs;
  typeTotal = weight;
  leftBlocks = left;
}

// @ts-ignore: decorator
@inline
function blockAt(position: u32): u32 {
  return blocks == 1 ? 0 : <u32>load<u16>(blockOf + (<usize>position << 1));
}

// @ts-ignore: decorator
@inline
function typeAt(g: u32, h: u32): u32 {
  return orientable ? ((h * (h + 1)) >> 1) + g : g * (blocks - leftBlocks) + (h - leftBlocks);
}

/** Takes one draw of `position` out of its urn and pushes it. */
// @ts-ignore: decorator
@inline
function pushVertex(lane: usize, position: u32): void {
  treeAdd(urn, position, 0 - step);
  const g = blockAt(position);
  const t = blockTotal + (g << 2);
  const weight = load<u32>(t) - step;
  store<u32>(t, weight);
  let start = treePrefix(urn, position);
  if (g > 0) start -= treePrefix(urn, load<u32>(blockStart + (g << 2)));
  push(lane, start, load<u32>(load<u32>(urn, 4) + (position << 2)), weight);
}

// @ts-ignore: decorator
@inline
function popVertex(lane: usize, g: u32): u32 {
  const t = blockTotal + (g << 2);
  const weight = load<u32>(t);
  const slot = popSlot(lane, weight);
  const base: u32 = g > 0 ? treePrefix(urn, load<u32>(blockStart + (g << 2))) : 0;
  treeSearch(urn, base + <u32>slot);
  popDone(lane, foundStart - base, foundWeight, slot);
  treeAdd(urn, foundIndex, step);
  store<u32>(t, weight + step);
  return foundIndex;
}

/**
 * Pops a vertex of side g for lanes n - 1 down to 0; positions are left at `out`. As `popVertex` lane by lane, but the slots come first, for they do
 * not depend on what is drawn, and the lines of leaves are searched together in the counts from before the batch. The start of a line then only
 * lacks the earlier draws of the batch that lie before it; if these have moved the slot to another line, it is searched anew.
 */
function popSide(g: u32, n: u32, out: usize): void {
  const t = blockTotal + (g << 2);
  const frozen = load<u32>(t);
  const base: u32 = g > 0 ? load<u32>(blockTotal) : 0;
  const limit = base + frozen - 1;
  let weight = frozen;
  for (let i = <i32>n - 1; i >= 0; i--) {
    store<u32>(out + (i << 2), <u32>popSlot(lanes + <u32>i * LANE, weight));
    weight += step;
  }
  store<u32>(t, weight);
  searchTogether(urn, out, n, base, limit);
  const bottom = <usize>load<u32>(urn, 4);
  for (let i: u32 = 0; i < n; i += 4) v128.store(DRAWN + (i << 2), i32x4.splat(NOT_YET));
  for (let i = <i32>n - 1; i >= 0; i--) {
    const slot = load<u32>(out + (i << 2));
    const c = base + slot;
    const line = load<u32>(LINE + (i << 2));
    const first = i32x4.splat(line << 4);
    let earlier = i32x4.splat(0);
    for (let j: u32 = 0; j < n; j += 4) earlier = i32x4.add(earlier, i32x4.lt_s(v128.load(DRAWN + (j << 2)), first));
    const start = min<u32>(c, limit) - load<u32>(REST + (i << 2)) - step * <u32>total4(earlier);
    searchLine(bottom + (<usize>line << 6), c - start);
    if (c >= start && lineEntry < 16) {
      foundIndex = (line << 4) + lineEntry;
      foundStart = c - lineRest;
      foundWeight = load<u32>(bottom + (<usize>foundIndex << 2));
    } else treeSearch(urn, c);
    popDone(lanes + <u32>i * LANE, foundStart - base, foundWeight, slot);
    treeAdd(urn, foundIndex, step);
    store<u32>(out + (i << 2), foundIndex);
    store<u32>(DRAWN + (i << 2), foundIndex);
  }
}

// ---------------------------------------------------------------- encoder: pick and remove by rank

let sorted: usize = 0;
let alive: usize = 0; // bitmap over sorted keys; 0 when keys repeat
let picker: usize = 0; // count tree over bitmap words, or over distinct keys
const PICKED: usize = memory.data(4 * 256, 16);
const LEFT: usize = memory.data(4 * 256, 16);
const RIGHT: usize = memory.data(4 * 256, 16);
let touched: u32 = 0;

export function openEncoder(keys: usize, bitmap: usize, tree: usize, m: u32): void {
  sorted = keys;
  alive = bitmap;
  picker = tree;
  remaining = m;
  if (!bitmap) return;
  const words = (m + 63) >> 6;
  const counts = leaves(tree);
  for (let w: u32 = 0; w < words; w++) {
    const bits = min<u32>(64, m - (w << 6));
    store<u64>(bitmap + (<usize>w << 3), bits == 64 ? ~(<u64>0) : (<u64>1 << bits) - 1);
    store<u32>(counts + (w << 2), bits);
  }
  buildTree(tree, words);
}

/** Position of the k-th one of a word. */
// @ts-ignore: decorator
@inline
function selectBit(w: u64, k: u32): u32 {
  let at: u32 = 0;
  let c = <u32>popcnt(w & 0xffffffff);
  if (k >= c) { k -= c; at = 32; w >>= 32; }
  c = <u32>popcnt(w & 0xffff);
  if (k >= c) { k -= c; at += 16; w >>= 16; }
  c = <u32>popcnt(w & 0xff);
  if (k >= c) { k -= c; at += 8; w >>= 8; }
  c = <u32>popcnt(w & 0xf);
  if (k >= c) { k -= c; at += 4; w >>= 4; }
  c = <u32>popcnt(w & 3);
  if (k >= c) { k -= c; at += 2; w >>= 2; }
  return at + (k >= (<u32>w & 1) ? 1 : 0);
}

/** Pops one edge of the `r` left, uniformly by rank, and removes it; returns its place in the sorted list. */
// @ts-ignore: decorator
@inline
function popEdge(lane: usize, r: u32): u32 {
  const slot = popSlot(lane, r);
  treeSearch(picker, <u32>slot);
  let index = foundIndex;
  if (alive) {
    const word = alive + (<usize>index << 3);
    const bit = selectBit(load<u64>(word), <u32>slot - foundStart);
    store<u64>(word, load<u64>(word) & ~(<u64>1 << bit));
    popDone(lane, slot, 1, slot);
    treeAdd(picker, index, -1);
    return (index << 6) + bit;
  }
  popDone(lane, foundStart, foundWeight, slot);
  treeAdd(picker, index, -1);
  return index;
}

/** Encodes up to `count` of the remaining edges (a multiple of the lanes, or all); returns how many are left. */
export function encode(count: u32): u32 {
  const maskB = (<u64>1 << rightBits) - 1;
  while (count > 0 && remaining > 0) {
    const n = min(laneCount, remaining);
    for (let i: u32 = 0; i < n; i++) store<u32>(PICKED + (i << 2), popEdge(lanes + i * LANE, remaining - i));
    for (let i: u32 = 0; i < n; i++) {
      const key = unmix(load<u64>(sorted + (<usize>load<u32>(PICKED + (i << 2)) << 3)));
      let a = <u32>(key >> <u64>rightBits);
      let b = <u32>(key & maskB) + rightOffset;
      if (orientable && a != b && blockAt(a) == blockAt(b)) {
        const lane = lanes + i * LANE;
        const flip = popSlot(lane, 2);
        popDone(lane, flip, 1, flip);
        if (flip) {
          const t = a;
          a = b;
          b = t;
        }
      }
      store<u32>(LEFT + (i << 2), a);
      store<u32>(RIGHT + (i << 2), b);
    }
    // WebAssembly has no prefetch: reading the lines first lets their misses overlap
    const counts = load<u32>(urn, 4);
    for (let i: u32 = 0; i < n; i++) {
      touched += load<u32>(counts + (load<u32>(LEFT + (i << 2)) << 2)) + load<u32>(counts + (load<u32>(RIGHT + (i << 2)) << 2));
    }
    for (let i: u32 = 0; i < n; i++) pushVertex(lanes + i * LANE, load<u32>(LEFT + (i << 2)));
    for (let i: u32 = 0; i < n; i++) pushVertex(lanes + i * LANE, load<u32>(RIGHT + (i << 2)));
    if (typeTree) {
      for (let i: u32 = 0; i < n; i++) {
        const type = typeAt(blockAt(load<u32>(LEFT + (i << 2))), blockAt(load<u32>(RIGHT + (i << 2))));
        treeAdd(typeTree, type, -1);
        typeTotal--;
        push(lanes + i * LANE, treePrefix(typeTree, type), load<u32>(load<u32>(typeTree, 4) + (type << 2)), typeTotal);
      }
    }
    remaining -= n;
    count -= min(count, n);
  }
  return remaining;
}

// ---------------------------------------------------------------- decoder: insert and rank

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

/** `insert` for narrow lines. */
// @ts-ignore: decorator
@inline
function insertNarrow(key: u64): void {
  const bucket = bucketOf(key);
  const low = <u32>(key & ((<u64>1 << (keyBits - bucketBits)) - 1));
  let start = treePrefix(bucketTree, bucket);
  treeAdd(bucketTree, bucket, 1);
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

/** Inserts a key and leaves its rank in foundStart and its multiplicity, itself included, in foundWeight. */
// @ts-ignore: decorator
@inline
function insert(key: u64): void {
  const bucket = bucketOf(key);
  let start = treePrefix(bucketTree, bucket);
  treeAdd(bucketTree, bucket, 1);
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
      if (orientable && a > b) {
        const t = a;
        a = b;
        b = t;
      }
      const key = mix((<u64>a << <u64>rightBits) | <u64>(b - rightOffset));
      store<u64>(SCRATCH_KEYS + (<usize>i << 3), key);
      touched += load<u32>(bucketKeys + (<usize>bucketOf(key) << 6)) + load<u32>(load<u32>(bucketTree, 4) + (bucketOf(key) << 2));
    }
    for (let i = <i32>n - 1; i >= 0 && orientable; i--) {
      const a = load<u32>(LEFT + (i << 2));
      const b = load<u32>(RIGHT + (i << 2));
      if (a != b && blockAt(a) == blockAt(b)) push(lanes + <u32>i * LANE, a > b ? 1 : 0, 1, 2);
    }
    for (let i = <i32>n - 1; i >= 0; i--) {
      const key = load<u64>(SCRATCH_KEYS + (<usize>i << 3));
      if (narrow) insertNarrow(key);
      else insert(key);
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

/** Bytes at `bucketRoom`. */
export function bucketBytes(): f64 {
  return <f64>(<u64>64 << bucketBits);
}

/** Keeps the loads that only warm the cache. */
export function warmed(): u32 {
  return touched;
}

/** Where the decoder's buckets lie: room to be used again once collected. */
export function bucketRoom(): usize {
  return bucketKeys;
}
