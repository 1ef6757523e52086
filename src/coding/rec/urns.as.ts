/** The urns that the ends of edges are drawn from. */
import { LANE, lanes, popDone, popSlot, push } from "./lanes.as";
import {
  DRAWN,
  LINE,
  NOT_YET,
  REST,
  countLess,
  foundIndex,
  foundStart,
  foundWeight,
  lineEntry,
  lineRest,
  searchLine,
  searchTogether,
  total4,
  treeAdd,
  treePrefix,
  treeSearch,
} from "./tree.as";

export let orientable: bool = false; // undirected: the orientation of an edge inside one block is free
export let rightOffset: u32 = 0; // position of vertex 0 of the right side: separate urns for the two ends
export let blocks: u32 = 1;
export let urn: usize = 0; // count tree over positions, each weight q c + p
let step: u32 = 1; // q
let blockOf: usize = 0; // u16 by position
let blockStart: usize = 0; // u32 by block: first position
let blockTotal: usize = 0; // u32 by block: weight in the urn
export let typeTree: usize = 0; // urn over pairs of blocks, 0 when there is one pair only
export let typePairs: usize = 0; // u32 by type: left block | right block << 16
export let typeTotal: u32 = 0;
let leftBlocks: u32 = 1;
export let remaining: u32 = 0; // encoder: edges left; decoder: edges decoded
export let total: u32 = 0;

export function setUrn(
  undirected: bool,
  offset: u32,
  tree: usize,
  increment: u32,
  blockCount: u32,
  membership: usize,
  start: usize,
  weight: usize,
): void {
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
export function blockAt(position: u32): u32 {
  return blocks == 1 ? 0 : <u32>load<u16>(blockOf + (<usize>position << 1));
}

// @ts-ignore: decorator
@inline
export function typeAt(g: u32, h: u32): u32 {
  return orientable ? ((h * (h + 1)) >> 1) + g : g * (blocks - leftBlocks) + (h - leftBlocks);
}

/** Takes one draw of `position` out of its urn and pushes it. */
// @ts-ignore: decorator
@inline
export function pushVertex(lane: usize, position: u32): void {
  treeAdd(urn, position, 0 - step);
  const g = blockAt(position);
  const t = blockTotal + (g << 2);
  const weight = load<u32>(t) - step;
  store<u32>(t, weight);
  let start = treePrefix(urn, position);
  if (g > 0) start -= treePrefix(urn, load<u32>(blockStart + (g << 2)));
  push(lane, start, load<u32>(load<u32>(urn, 4) + (position << 2)), weight);
}

/**
 * `pushVertex` for `count` positions in turn, lane after lane of `n`, all from the only urn. Their starts and weights are read in the counts
 * from before the batch, less what the earlier ones of the batch have taken: a tree that is read right after it was written makes the
 * processor wait.
 */
export function pushTogether(positions: usize, count: u32, n: u32): void {
  const bottom = <usize>load<u32>(urn, 4);
  let weight = load<u32>(blockTotal);
  let lane = lanes;
  const end = lanes + n * LANE;
  for (let k: u32 = 0; k < count; k++) {
    const position = load<u32>(positions + (k << 2));
    const less = countLess(positions, k, position);
    const same = countLess(positions, k, position + 1) - less;
    weight -= step;
    push(lane, treePrefix(urn, position) - step * less, load<u32>(bottom + (position << 2)) - step * (same + 1), weight);
    lane += LANE;
    if (lane == end) lane = lanes;
  }
  for (let k: u32 = 0; k < count; k++) treeAdd(urn, load<u32>(positions + (k << 2)), 0 - step);
  store<u32>(blockTotal, weight);
}

// @ts-ignore: decorator
@inline
export function popVertex(lane: usize, g: u32): u32 {
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
 * Pops a vertex of side g for lanes n - 1 down to 0; positions are left at `out`. As `popVertex` lane by lane, but the slots come first,
 * for they do not depend on what is drawn, and the lines of leaves are searched together in the counts from before the batch. The start of
 * a line then only lacks the earlier draws of the batch that lie before it; if these have moved the slot to another line, it is searched
 * anew.
 */
export function popSide(g: u32, n: u32, out: usize): void {
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
