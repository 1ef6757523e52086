/**
 * Gap coding with reference rows and mixed contexts: the integer kernel (AssemblyScript, compiled to WebAssembly). The model and its source are
 * told in `gaps-reference.ts` and `mixing.ts`, which give the same bytes; names here follow theirs.
 *
 * The host calls `open`, fills rows (encoder) or blocks (decoder), then `run` until all rows are done, then `finish`.
 */

let free: usize = 0;

/** Allocates `bytes`; 0 when WebAssembly's memory cannot grow further. */
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

// ---------------------------------------------------------------- ANS on binary decisions, M = 2^16

const L: u64 = (<u64>1) << 45;
const K: u64 = (<u64>1) << 29;
const BLOCK: u32 = 1 << 20;

let reading: bool = false;
let damaged: bool = false;
let measuring: bool = false; // encoder: add up the ideal length only
let cost: f64 = 0;
let likelihood: f64 = 1; // of the bits not yet in the cost
let decisions: usize = 0; // encoder: u32 p | bit << 16, up to BLOCK of them
let scratch: usize = 0;
let used: u32 = 0;
let blockTable: usize = 0; // [address u32, length u32, head u64] each
let blockCount: u32 = 0;
let blockLimit: u32 = 0;
let block: u32 = 0; // decoder: the next block
let s: u64 = 0;
let top: usize = 0;
let bottom: usize = 0;

function flush(): void {
  let state = L;
  let out = scratch;
  for (let i = used; i > 0; i--) {
    const decision = load<u32>(decisions + ((i - 1) << 2));
    const p = <u64>(decision & 0xffff);
    const one = decision >> 16;
    const f = one ? p : 65536 - p;
    while (state >> 8 >= f * K) {
      store<u8>(out++, <u8>state);
      state >>= 8;
    }
    const q = state / f;
    state = (q << 16) + (one ? 0 : p) + (state - q * f);
  }
  const length = <u32>(out - scratch);
  const room = allocate(<f64>length);
  if (!room || blockCount == blockLimit) {
    damaged = true;
    return;
  }
  memory.copy(room, scratch, length);
  const record = blockTable + (blockCount << 4);
  store<u32>(record, <u32>room);
  store<u32>(record, length, 4);
  store<u64>(record, state, 8);
  blockCount++;
  used = 0;
}

/** Whether the block just read ended where an encoder begins. */
function closeBlock(): void {
  while (s < L && top > bottom) s = (s << 8) | <u64>load<u8>(--top);
  if (s != L || top != bottom) damaged = true;
}

function openBlock(): void {
  if (block > 0) closeBlock();
  if (block == blockCount) {
    damaged = true;
    return;
  }
  const record = blockTable + (block << 4);
  bottom = load<u32>(record);
  top = bottom + load<u32>(record, 4);
  s = load<u64>(record, 8);
  block++;
  used = 0;
}

// @ts-ignore: decorator
@inline
function readBit(p: u32): u32 {
  if (used == BLOCK || block == 0) openBlock();
  if (damaged) return 0;
  used++;
  let state = s;
  while (state < L) {
    if (top == bottom) {
      damaged = true;
      return 0;
    }
    state = (state << 8) | <u64>load<u8>(--top);
  }
  const slot = <u32>(state & 0xffff);
  const one = slot < p;
  s = (state >> 16) * <u64>(one ? p : 65536 - p) + <u64>(one ? slot : slot - p);
  return one ? 1 : 0;
}

// ---------------------------------------------------------------- mixing

const LOGISTIC: usize = memory.data<i32>([
  22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4970, 7812, 11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60566, 62428, 63615,
  64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
]);
let slotMask: u32 = 0;
const FASTEST: u32 = 127;
const SETS: u32 = 6 * 256;
const STRETCH: usize = memory.data(2 * 4096, 16);
const SQUASH: usize = memory.data(4 * 4096, 16);
const WEIGHTS: usize = memory.data(4 * 8 * SETS, 16);
const USES: usize = memory.data(4 * SETS, 16);
const C: usize = memory.data(4 * 8, 16); // contexts of the bit being coded
const AT: usize = memory.data(4 * 8, 16); // their slots
const X: usize = memory.data(4 * 8, 16); // their predictions
let slots: usize = 0; // u32: probability of 22 bits, times seen of 10

function squash(x: i32): i32 {
  const i = x + 2048;
  const low = load<i32>(LOGISTIC + ((i >> 7) << 2));
  return low + (((load<i32>(LOGISTIC + (((i >> 7) + 1) << 2)) - low) * (i & 127)) >> 7);
}

function prepare(): void {
  for (let x = -2047; x <= 2047; x++) store<i32>(SQUASH + ((x + 2048) << 2), squash(x));
  let x = -2047;
  for (let p = 0; p < 4096; p++) {
    while (x < 2047 && squash(x) >> 4 < p) x++;
    store<i16>(STRETCH + (p << 1), <i16>x);
  }
  for (let i: u32 = 0; i < SETS * 8; i++) store<i32>(WEIGHTS + (i << 2), 1 << 14);
  memory.fill(USES, 0, 4 * SETS);
  for (let i: usize = 0; i <= slotMask; i++) store<u32>(slots + (i << 2), 1 << 31);
}

// @ts-ignore: decorator
@inline
function hash(a: u32, b: u32): u32 {
  let h = (a * 0x2c1b3c6d) ^ ((b + 0x9e37) * 0x297a2d39);
  h ^= h >> 15;
  h *= 0x2c1b3c6d;
  return h ^ (h >> 13);
}

// @ts-ignore: decorator
@inline
function context(i: u32, a: u32, b: u32): void {
  store<u32>(C + (i << 2), hash(a, b));
}

function addCost(): void {
  cost -= Math.log2(likelihood);
  likelihood = 1;
}

function code(count: u32, node: u32, set: u32, bit: u32): u32 {
  const weights = WEIGHTS + (set << 5);
  const place = node * 0x9e3779b1;
  let dot: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    let h = (load<u32>(C + (i << 2)) + place) * 0x85ebca6b;
    h ^= h >> 15;
    const at = slots + ((h & slotMask) << 2);
    store<u32>(AT + (i << 2), <u32>at);
    const x = <i32>load<i16>(STRETCH + ((load<u32>(at) >> 20) << 1));
    store<i32>(X + (i << 2), x);
    dot += <i64>x * <i64>load<i32>(weights + (i << 2));
  }
  const mixed = <i32>max<i64>(-2047, min<i64>(2047, dot >> 16));
  const p = load<i32>(SQUASH + ((mixed + 2048) << 2));
  if (reading) bit = readBit(p);
  else if (measuring) {
    likelihood *= <f64>(bit ? p : 65536 - p) / 65536;
    if (likelihood < 1e-200) addCost();
  }
  else {
    store<u32>(decisions + (used << 2), p | (bit << 16));
    if (++used == BLOCK) flush();
  }
  const uses = USES + (set << 2);
  const times = load<u32>(uses);
  if (times < 65535) store<u32>(uses, times + 1);
  const push = <i64>((<i32>bit << 16) - p) * <i64>(8 + 2304 / (16 + times));
  const goal: i32 = bit ? (1 << 22) - 1 : 0;
  for (let i: u32 = 0; i < count; i++) {
    const w = weights + (i << 2);
    store<i32>(w, load<i32>(w) + <i32>((<i64>load<i32>(X + (i << 2)) * push + (1 << 17)) >> 18));
    const at = <usize>load<u32>(AT + (i << 2));
    const slot = load<u32>(at);
    const seen = slot & 1023;
    const q = <i32>(slot >> 10);
    const moved = q + (2 * (goal - q)) / <i32>(2 * seen + 3);
    store<u32>(at, (<u32>moved << 10) | (seen < FASTEST ? seen + 1 : seen));
  }
  return bit;
}

// @ts-ignore: decorator
@inline
function bitLength(x: u32): u32 {
  return 32 - <u32>clz(x);
}

// @ts-ignore: decorator
@inline
function level(x: u32): u32 {
  return min<u32>(23, bitLength(x));
}

const DEGREE: u32 = 0;
const REFERENCE: u32 = 1;
const FIRST: u32 = 2;
const GAP: u32 = 3;
const MULTIPLICITY: u32 = 4;
const COPY: u32 = 5;

function codeNumber(count: u32, kind: u32, value: u32): u32 {
  const set = kind << 8;
  const size = bitLength(value);
  let node: u32 = 1;
  for (let b: i32 = 5; b >= 0; b--) node = 2 * node + code(count, node, set + node, (size >> b) & 1);
  const length = node - 64;
  if (length > 31) damaged = true;
  if (length == 0 || damaged) return 0;
  const first = load<u32>(C);
  const second = load<u32>(C, 4);
  const last = load<u32>(C + ((count - 1) << 2));
  let x: u32 = 1;
  for (let b = <i32>length - 2; b >= 0; b--) {
    const depth = length - 2 - b;
    const bit = (value >> b) & 1;
    if (depth < 3) x = 2 * x + code(count, 64 + 64 * length + x, set + 64 + 4 * length + depth, bit);
    else {
      store<u32>(C, 0x5151);
      context(1, last, x);
      x = 2 * x + code(2, 64 + 64 * length + 32 + b, set + 192 + b, bit);
    }
  }
  store<u32>(C, first);
  store<u32>(C, second, 4);
  return x;
}

// ---------------------------------------------------------------- rows

const WINDOW: u32 = 32;
let vertices: u32 = 0;
let capacity: u32 = 0; // decoder: entries announced
let rowStart: usize = 0; // u32 by row, one more than rows
let entries: usize = 0; // u32: second ends, ascending in each row
let counts: usize = 0; // u32 beside them, 0 for simple graphs
let lastRow: usize = 0; // u32: 1 + the last row that held v
let rowsOf: usize = 0; // u32: how many rows held v
let fresh: usize = 0; // entries not copied
let u: u32 = 0;
let lastVertex: u32 = 0;
let before: u32 = 0;
let beforeThat: u32 = 0;
let lastBack: u32 = 0;
let lastFirst: u32 = 0;
let lastOthers: u32 = 0;
let lastExtra: u32 = 0;

/** Lays out memory for a graph of `n` rows and `size` distinct edges. Mode: 0 encode, 1 decode, 2 measure the rows [from, to). */
export function open(n: u32, size: u32, repeats: bool, mode: u32, blocks: u32): bool {
  vertices = n;
  capacity = size;
  reading = mode == 1;
  measuring = mode == 2;
  // 128 histories an edge or vertex, so that small graphs start at once and large ones share few; the plain form is slotBits in mixing.ts
  const slotBits = max<u32>(10, min<u32>(22, bitLength(<u32>min<u64>(<u64>n + size, 0xffffffff)) + 7));
  slotMask = (1 << slotBits) - 1;
  slots = allocate(<f64>(4 << slotBits));
  rowStart = allocate(4 * (<f64>n + 1));
  entries = allocate(4 * <f64>size + 8);
  counts = repeats ? allocate(4 * <f64>size + 8) : 0;
  lastRow = allocate(4 * <f64>n + 8);
  rowsOf = allocate(4 * <f64>n + 8);
  fresh = allocate(4 * <f64>min(n, size) + 8);
  blockLimit = blocks;
  blockTable = allocate(16 * <f64>blocks + 16);
  if (mode == 0) {
    decisions = allocate(4 * <f64>BLOCK);
    scratch = allocate(2 * <f64>BLOCK);
    if (!decisions || !scratch) return false;
  }
  if (!slots || !rowStart || !entries || (repeats && !counts) || !lastRow || !rowsOf || !fresh || !blockTable) return false;
  memory.fill(lastRow, 0, <usize>n << 2);
  memory.fill(rowsOf, 0, <usize>n << 2);
  store<u32>(rowStart, 0);
  if (reading) blockCount = blocks;
  prepare();
  return true;
}

export function rowStarts(): usize {
  return rowStart;
}
export function rowEntries(): usize {
  return entries;
}
export function rowCounts(): usize {
  return counts;
}
export function blockRecords(): usize {
  return blockTable;
}
export function blocksWritten(): u32 {
  return blockCount;
}
export function idealLength(): f64 {
  addCost();
  return cost;
}

/** Starts at row `from` as if it were the first (measuring a stretch of rows). */
export function startAt(from: u32): void {
  u = from;
}

// @ts-ignore: decorator
@inline
function entry(i: u32): u32 {
  return load<u32>(entries + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function start(row: u32): u32 {
  return load<u32>(rowStart + (<usize>row << 2));
}

// @ts-ignore: decorator
@inline
function recency(v: u32): u32 {
  const row = load<u32>(lastRow + (<usize>v << 2));
  return level(u + 1 - row);
}

// @ts-ignore: decorator
@inline
function popularity(v: u32): u32 {
  return load<u32>(rowsOf + (<usize>v << 2));
}

function chooseReference(from: u32, to: u32): u32 {
  let best: u32 = 0;
  let bestScore: i32 = 0;
  for (let back: u32 = 1; back <= min(WINDOW, u); back++) {
    let i = from;
    let j = start(u - back);
    const end = start(u - back + 1);
    const length = <i32>(end - j);
    if (60 * min<i32>(length, <i32>(to - from)) - 6 * length <= bestScore) continue;
    let common: i32 = 0;
    while (i < to && j < end) {
      const a = entry(i);
      const b = entry(j);
      common += a == b ? 1 : 0;
      i += a <= b ? 1 : 0;
      j += b <= a ? 1 : 0;
    }
    const score = 60 * common - 6 * length - (back == lastBack ? 0 : 30) - 10 * <i32>bitLength(back);
    if (score > bestScore) {
      best = back;
      bestScore = score;
    }
  }
  return best;
}

/** Codes which entries of the reference row [j, end) are in this row. Encoder: `from`.. are the row's entries, and those not in the reference are
 * left in `fresh`; decoder: copies are appended at `from`. Returns the number of copies. */
function codeCopies(j: u32, end: u32, from: u32, degree: u32): u32 {
  let copied: u32 = 0;
  let i = from;
  const to = from + degree;
  let left = fresh;
  let history: u32 = 0;
  let run: u32 = 0;
  let last: u32 = 0xfffffffe;
  for (; j < end && copied < degree; j++) {
    const v = entry(j);
    let here: u32 = 0;
    if (!reading) {
      while (i < to && entry(i) < v) {
        store<u32>(left, entry(i++));
        left += 4;
      }
      if (i < to && entry(i) == v) {
        here = 1;
        i++;
      }
    }
    const rest = end - j;
    const need = degree - copied;
    const newest = history & 1;
    const joins: u32 = (v - last == 1 ? 2 : 0) + (j + 1 < end && entry(j + 1) - v == 1 ? 1 : 0);
    context(0, 20, history & 31);
    context(1, 21, (recency(v) * 16 + level(popularity(v))) * 2 + newest);
    context(2, 22, (joins * 16 + min<u32>(15, run)) * 2 + newest);
    context(3, 23, min<u32>(31, <u32>((<u64>16 * need + rest) / (<u64>2 * rest))) * 4 + (history & 3));
    context(4, 24, hash(v, newest));
    context(5, 25, hash(min<u32>(need, 40) * 64 + min<u32>(rest, 63), newest));
    here = code(6, 1, COPY * 256 + (history & 3), here);
    history = ((history << 1) | here) & 0xffff;
    run = here == ((history >> 1) & 1) ? run + 1 : 0;
    last = v;
    if (here) {
      if (reading) store<u32>(entries + (<usize>(from + copied) << 2), v);
      copied++;
    }
  }
  if (!reading)
    while (i < to) {
      store<u32>(left, entry(i++));
      left += 4;
    }
  return copied;
}

/** Codes the entries that are not copied; decoder: appended from `at`. */
function codeOthers(others: u32, degree: u32, back: u32, at: u32): void {
  let last = u;
  let e1: u32 = 0;
  let e2: u32 = 0;
  for (let i: u32 = 0; i < others && !damaged; i++) {
    const v: u32 = reading ? 0 : load<u32>(fresh + (<usize>i << 2));
    let next: u64 = 0;
    if (i == 0) {
      context(0, 30, level(degree) * 16 + level(others));
      context(1, 31, lastFirst);
      context(2, 32, bitLength(lastFirst) * 16 + level(lastOthers));
      context(3, 33, bitLength(u / (others + 1)) * 2 + (back > 0 ? 1 : 0));
      context(4, 34, u >> 4);
      const z = codeNumber(5, FIRST, v >= u ? 2 * (v - u) : 2 * (u - v) - 1);
      next = z & 1 ? <u64>u - <u64>((z + 1) >> 1) : <u64>u + <u64>(z >> 1);
      lastFirst = z;
      e1 = bitLength(z);
    } else {
      const room = bitLength((vertices - last) / (others - i));
      const known = last + 1 < vertices;
      const recent: u32 = known ? min<u32>(7, recency(last + 1)) : 7;
      const popular: u32 = known ? min<u32>(3, popularity(last + 1)) : 0;
      context(0, 40, e1 * 64 + e2);
      context(1, 41, room * 32 + e1);
      context(2, 42, level(others) * 16 + min<u32>(i, 15));
      context(3, 43, (recent * 32 + e1) * 4 + popular);
      context(4, 44, room * 128 + bitLength(last > u ? last - u : u - last) * 2 + (last > u ? 1 : 0));
      context(5, 45, last);
      const gap = codeNumber(6, GAP, v - last - 1);
      e2 = e1;
      e1 = bitLength(gap);
      next = <u64>last + <u64>gap + 1;
    }
    if (next >= vertices) {
      damaged = true;
      return;
    }
    last = <u32>next;
    if (reading) store<u32>(entries + (<usize>(at + i) << 2), last);
  }
}

/** Merges the copies [from, middle) with the others [middle, to): both ascending; an entry in both is damage. */
function merge(from: u32, middle: u32, to: u32): void {
  const copies = middle - from;
  memory.copy(fresh, entries + (<usize>from << 2), <usize>copies << 2);
  let i: u32 = 0;
  let j = middle;
  for (let out = from; out < to; out++) {
    const a: u32 = i < copies ? load<u32>(fresh + (<usize>i << 2)) : 0xffffffff;
    const b: u32 = j < to ? entry(j) : 0xffffffff;
    if (a == b) damaged = true;
    if (a < b) {
      store<u32>(entries + (<usize>out << 2), a);
      i++;
    } else {
      store<u32>(entries + (<usize>out << 2), b);
      j++;
    }
  }
}

function codeRow(): void {
  const from = start(u);
  const target: u32 = reading ? 0 : start(u + 1) - from;
  const popular = popularity(u);
  context(0, 1, level(before) * 16 + level(beforeThat));
  context(1, 2, level(popular));
  context(2, 3, before);
  context(3, 4, min<u32>(before, 31) * 16 + level(popular));
  const degree = codeNumber(4, DEGREE, target);
  const previous = before;
  beforeThat = before;
  before = degree;
  if (reading) {
    if (degree > vertices || degree > capacity - from) damaged = true;
    if (damaged) return;
    store<u32>(rowStart + (<usize>(u + 1) << 2), from + degree);
  }
  if (degree == 0) return;
  let back: u32 = 0;
  if (u > 0) {
    context(0, 10, lastBack);
    context(1, 11, level(degree) * 16 + level(previous));
    context(2, 12, 0);
    back = codeNumber(3, REFERENCE, reading ? 0 : chooseReference(from, from + degree));
    if (back > min(WINDOW, u)) damaged = true;
    if (damaged) return;
  }
  lastBack = back;
  let copied: u32 = 0;
  if (back > 0) copied = codeCopies(start(u - back), start(u - back + 1), from, degree);
  else if (!reading) memory.copy(fresh, entries + (<usize>from << 2), <usize>degree << 2);
  codeOthers(degree - copied, degree, back, from + copied);
  if (damaged) return;
  if (reading && copied > 0) merge(from, from + copied, from + degree);
  lastOthers = degree - copied;
  for (let i = from; i < from + degree; i++) {
    const v = <usize>entry(i) << 2;
    if (counts) {
      context(0, 50, lastExtra);
      context(1, 51, entry(i));
      context(2, 52, u);
      const c = counts + (<usize>i << 2);
      lastExtra = codeNumber(3, MULTIPLICITY, reading ? 0 : load<u32>(c) - 1);
      if (reading) store<u32>(c, lastExtra + 1);
    }
    store<u32>(lastRow + v, u + 1);
    store<u32>(rowsOf + v, load<u32>(rowsOf + v) + 1);
  }
}

/** Codes rows until `limit` more edges are done or row `end` is reached; returns the next row, or -1 when the file cannot be right. */
export function run(limit: u32, end: u32): i32 {
  const from = start(u);
  while (u < end && start(u) - from < limit) {
    codeRow();
    if (damaged) return -1;
    u++;
    if (!(u & 0xffff)) break;
  }
  return <i32>u;
}

/** Ends a file: writes the last block, or checks that all was read. */
export function finish(): bool {
  if (reading) {
    if (block > 0) closeBlock();
    if (block != blockCount || start(vertices) != capacity) damaged = true;
  } else if (used > 0) flush();
  return !damaged;
}
