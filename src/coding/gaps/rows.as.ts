/** Rows: copied from a row before, or differences. */
import { allocate } from "../rec/memory.as";
import {
  BLOCK,
  block,
  blockCount,
  blockLimit,
  blockTable,
  closeBlock,
  cost,
  damaged,
  decisions,
  flush,
  measuring,
  reading,
  scratch,
  used,
} from "./decisions.as";
import {
  COPY,
  DEGREE,
  FIRST,
  GAP,
  MULTIPLICITY,
  REFERENCE,
  addCost,
  bitLength,
  code,
  codeNumber,
  context,
  hash,
  level,
  prepare,
  slotMask,
  slots,
} from "./mixing.as";

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

/**
 * Codes which entries of the reference row [j, end) are in this row. Encoder: `from`.. are the row's entries, and those not in the
 * reference are left in `fresh`; decoder: copies are appended at `from`. Returns the number of copies.
 */
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
