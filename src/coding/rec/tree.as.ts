/**
 * Count trees: 16-ary trees of u32, one cache line a node. Leaves are counts; an entry above them is the sum of what its node holds before
 * it, so that a search compares, and a sum of leaves reads one number a level. Every address of an update follows from the leaf number, so
 * its misses overlap; a search reads one dependent line a level. Lines are written as they are read, sixteen bytes at a time: a processor
 * waits where it reads more than was just written.
 */
import { allocate } from "./memory.as";
import { touched } from "./encoder.as";

// sixteen ones, then sixteen zeros: a window into it masks the entries before k of a node
const BEFORE: usize = memory.data<i32>(
  [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  16,
);

export let foundIndex: u32 = 0;
export let foundStart: u32 = 0;
export let foundWeight: u32 = 0;

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
    for (let i: u32 = 0; i < count; i++) store<u32>(level + (i << 2), l == 1 ? nodeSum(below + (i << 6)) : sumBefore(below + (i << 6)));
    if (l == levels - 1) sumBefore(level);
  }
}

function nodeSum(node: usize): u32 {
  let sum: u32 = 0;
  for (let j: u32 = 0; j < 16; j++) sum += load<u32>(node + (j << 2));
  return sum;
}

/** The entries of a node become the sums before each; returns the sum of all. */
function sumBefore(node: usize): u32 {
  let sum: u32 = 0;
  for (let j: u32 = 0; j < 16; j++) {
    const count = load<u32>(node + (j << 2));
    store<u32>(node + (j << 2), sum);
    sum += count;
  }
  return sum;
}

// @ts-ignore: decorator
@inline
export function treeAdd(tree: usize, i: u32, delta: u32): void {
  const levels = load<u32>(tree);
  const leaf = <usize>load<u32>(tree, 4) + (<usize>i << 2);
  store<u32>(leaf, load<u32>(leaf) + delta);
  const more = i32x4.splat(delta);
  for (let l: u32 = 1; l < levels; l++) {
    i >>= 4;
    const node = <usize>load<u32>(tree + 4 + l * 4) + (<usize>(i & ~15) << 2);
    const upTo = BEFORE + ((15 - (i & 15)) << 2);
    v128.store(node, i32x4.add(v128.load(node), v128.andnot(more, v128.load(upTo))));
    v128.store(node, i32x4.add(v128.load(node, 16), v128.andnot(more, v128.load(upTo, 16))), 16);
    v128.store(node, i32x4.add(v128.load(node, 32), v128.andnot(more, v128.load(upTo, 32))), 32);
    v128.store(node, i32x4.add(v128.load(node, 48), v128.andnot(more, v128.load(upTo, 48))), 48);
  }
}

/** Sum of the leaves before i. */
// @ts-ignore: decorator
@inline
export function treePrefix(tree: usize, i: u32): u32 {
  const levels = load<u32>(tree);
  const line = <usize>load<u32>(tree, 4) + (<usize>(i & ~15) << 2);
  const mask = BEFORE + ((16 - (i & 15)) << 2);
  const low = i32x4.add(v128.and(v128.load(line), v128.load(mask)), v128.and(v128.load(line, 16), v128.load(mask, 16)));
  const high = i32x4.add(v128.and(v128.load(line, 32), v128.load(mask, 32)), v128.and(v128.load(line, 48), v128.load(mask, 48)));
  let sum = <u32>total4(i32x4.add(low, high));
  for (let l: u32 = 1; l < levels; l++) {
    i >>= 4;
    sum += load<u32>(<usize>load<u32>(tree + 4 + l * 4) + (<usize>i << 2));
  }
  return sum;
}

/** Of the first k numbers at `list`, how many are less than x. */
// @ts-ignore: decorator
@inline
export function countLess(list: usize, k: u32, x: u32): u32 {
  const bound = i32x4.splat(x);
  let found = i32x4.splat(0);
  for (let j: u32 = 0; j < k; j += 4) {
    const mask = v128.load(BEFORE + ((16 - min<u32>(k - j, 4)) << 2));
    found = i32x4.add(found, v128.and(i32x4.lt_s(v128.load(list + (j << 2)), bound), mask));
  }
  return <u32>-total4(found);
}

/** Running sums inside one vector. */
// @ts-ignore: decorator
@inline
function running(x: v128): v128 {
  const zero = i32x4.splat(0);
  x = i32x4.add(x, i32x4.shuffle(zero, x, 0, 4, 5, 6));
  return i32x4.add(x, i32x4.shuffle(zero, x, 0, 1, 4, 5));
}

export let lineEntry: u32 = 0;
export let lineRest: u32 = 0;

/** The entry of a node above the leaves that owns unit `rest` of it: lineEntry, and what is left of `rest` in it: lineRest. */
// @ts-ignore: decorator
@inline
function searchNode(node: usize, rest: u32): void {
  const bound = i32x4.splat(rest);
  const low = i16x8.narrow_i32x4_s(i32x4.gt_s(v128.load(node), bound), i32x4.gt_s(v128.load(node, 16), bound));
  const high = i16x8.narrow_i32x4_s(i32x4.gt_s(v128.load(node, 32), bound), i32x4.gt_s(v128.load(node, 48), bound));
  lineEntry = 15 - <u32>popcnt(i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)));
  lineRest = rest - load<u32>(node + (<usize>lineEntry << 2));
}

/**
 * The entry of a line of leaves that owns unit `rest` of its sixteen counts: lineEntry, and what is left of `rest` in it; 16 when it is beyond them.
 */
// @ts-ignore: decorator
@inline
export function searchLine(node: usize, rest: u32): void {
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
export function total4(x: v128): i32 {
  const pair = i32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return i32x4.extract_lane(pair, 0) + i32x4.extract_lane(pair, 1);
}

/** The leaf that owns slot c: foundIndex, foundStart <= c < foundStart + foundWeight. c must be below the total. */
// @ts-ignore: decorator
@inline
export function treeSearch(tree: usize, c: u32): void {
  let i: u32 = 0;
  let rest = c;
  for (let l = load<u32>(tree); l > 1; l--) {
    searchNode(<usize>load<u32>(tree + l * 4) + (<usize>i << 6), rest);
    rest = lineRest;
    i = (i << 4) + lineEntry;
  }
  searchLine(<usize>load<u32>(tree, 4) + (<usize>i << 6), rest);
  i = (i << 4) + (lineEntry & 15);
  foundWeight = load<u32>(<usize>load<u32>(tree, 4) + (<usize>i << 2));
  foundIndex = i;
  foundStart = c - lineRest;
}

export const LINE: usize = memory.data(4 * 64, 16);
export const REST: usize = memory.data(4 * 64, 16);
export const DRAWN: usize = memory.data(4 * 64, 16);
export const NOT_YET: u32 = 0x7fffffff;

/**
 * Walks `count` searches for the slots at `slots` level by level down to the line of leaves, so that their misses overlap; touches those
 * lines.
 */
export function searchTogether(tree: usize, slots: usize, count: u32, base: u32, limit: u32): void {
  for (let j: u32 = 0; j < count; j++) {
    store<u32>(LINE + (j << 2), 0);
    store<u32>(REST + (j << 2), min<u32>(base + load<u32>(slots + (j << 2)), limit));
  }
  for (let l = load<u32>(tree); l > 1; l--) {
    const level = <usize>load<u32>(tree + l * 4);
    for (let j: u32 = 0; j < count; j++) {
      const at = load<u32>(LINE + (j << 2));
      searchNode(level + (<usize>at << 6), load<u32>(REST + (j << 2)));
      store<u32>(REST + (j << 2), lineRest);
      store<u32>(LINE + (j << 2), (at << 4) + lineEntry);
    }
  }
  const bottom = <usize>load<u32>(tree, 4);
  for (let j: u32 = 0; j < count; j++) touched += load<u32>(bottom + (<usize>load<u32>(LINE + (j << 2)) << 6));
}
