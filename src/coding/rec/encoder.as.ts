/** Encoder: picks edges by rank and removes them. */
import { LANE, laneCount, lanes, popDone, popSlot, push } from "./lanes.as";
import {
  LINE,
  REST,
  buildTree,
  foundIndex,
  foundStart,
  foundWeight,
  leaves,
  lineEntry,
  lineRest,
  searchLine,
  searchTogether,
  treeAdd,
  treePrefix,
  treeSearch,
} from "./tree.as";
import { rightBits, unmix } from "./keys.as";
import { blockAt, blocks, orientable, pushTogether, pushVertex, remaining, rightOffset, typeAt, typeTotal, typeTree, urn } from "./urns.as";

let sorted: usize = 0;
let alive: usize = 0; // bitmap over sorted keys; 0 when keys repeat
let picker: usize = 0; // count tree over bitmap words, or over distinct keys
const PICKED: usize = memory.data(4 * 256, 16);
export const LEFT: usize = memory.data(4 * 256, 16);
export const RIGHT: usize = memory.data(4 * 256, 16);
export let touched: u32 = 0;

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

/** Position of the k-th one of a word; without branches, which would be guessed wrong every other time. */
// @ts-ignore: decorator
@inline
function selectBit(w: u64, k: u32): u32 {
  let at: u32 = 0;
  for (let half: u32 = 32; half > 0; half >>= 1) {
    const below = <u32>popcnt(w & (((<u64>1) << half) - 1));
    const isAbove = <u32>(k >= below);
    k -= below & (0 - isAbove);
    const move = half & (0 - isAbove);
    at += move;
    w >>= move;
  }
  return at;
}

/** Pops one edge of the `r` left, uniformly by rank, and removes it; returns its place in the sorted list of distinct keys. */
// @ts-ignore: decorator
@inline
function popEdge(lane: usize, r: u32): u32 {
  const slot = popSlot(lane, r);
  treeSearch(picker, <u32>slot);
  popDone(lane, foundStart, foundWeight, slot);
  treeAdd(picker, foundIndex, -1);
  return foundIndex;
}

const RANKS: usize = memory.data(4 * 64, 16);
const TAKEN: usize = memory.data(4 * 64, 16);

/**
 * The same for `n` lanes in turn where no key repeats. Ranks become those from before the batch (one more for each edge of the batch that
 * lies before), so that all are searched together, and nothing is written until all are found.
 */
function popEdges(n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    let rank = <u32>popSlot(lanes + i * LANE, remaining - i); // an edge has one slot: there is no second half
    let k: u32 = 0; // earlier ones before it, ascending
    for (; k < i && load<u32>(TAKEN + (k << 2)) <= rank; k++) rank++;
    for (let j = i; j > k; j--) store<u32>(TAKEN + (j << 2), load<u32>(TAKEN + ((j - 1) << 2)));
    store<u32>(TAKEN + (k << 2), rank);
    store<u32>(RANKS + (i << 2), rank);
  }
  searchTogether(picker, RANKS, n, 0, remaining - 1);
  const bottom = <usize>load<u32>(picker, 4);
  for (let i: u32 = 0; i < n; i++) {
    const line = load<u32>(LINE + (i << 2));
    searchLine(bottom + (<usize>line << 6), load<u32>(REST + (i << 2)));
    const word = (line << 4) + lineEntry;
    store<u32>(PICKED + (i << 2), (word << 6) + selectBit(load<u64>(alive + (<usize>word << 3)), lineRest));
  }
  for (let i: u32 = 0; i < n; i++) {
    const place = load<u32>(PICKED + (i << 2));
    const word = alive + (<usize>(place >> 6) << 3);
    store<u64>(word, load<u64>(word) & ~(<u64>1 << (place & 63)));
    treeAdd(picker, place >> 6, -1);
  }
}

/** Encodes up to `count` of the remaining edges (a multiple of the lanes, or all); returns how many are left. */
export function encode(count: u32): u32 {
  const maskB = (<u64>1 << rightBits) - 1;
  const together = blocks == 1;
  while (count > 0 && remaining > 0) {
    const n = min(laneCount, remaining);
    const right = together ? LEFT + (n << 2) : RIGHT;
    if (alive) popEdges(n);
    else for (let i: u32 = 0; i < n; i++) store<u32>(PICKED + (i << 2), popEdge(lanes + i * LANE, remaining - i));
    // WebAssembly has no prefetch: reading the lines first lets their misses overlap
    for (let i: u32 = 0; i < n; i++) touched += load<u32>(sorted + (<usize>load<u32>(PICKED + (i << 2)) << 3));
    for (let i: u32 = 0; i < n; i++) {
      const key = unmix(load<u64>(sorted + (<usize>load<u32>(PICKED + (i << 2)) << 3)));
      let a = <u32>(key >> <u64>rightBits);
      let b = <u32>(key & maskB) + rightOffset;
      if (orientable && a != b && blockAt(a) == blockAt(b)) {
        const lane = lanes + i * LANE;
        const flip = popSlot(lane, 2);
        popDone(lane, flip, 1, flip);
        const change = (a ^ b) & (0 - <u32>flip); // no branch: it would be guessed wrong every other time
        a ^= change;
        b ^= change;
      }
      store<u32>(LEFT + (i << 2), a);
      store<u32>(right + (i << 2), b);
    }
    const counts = load<u32>(urn, 4);
    for (let i: u32 = 0; i < n; i++) {
      touched += load<u32>(counts + (load<u32>(LEFT + (i << 2)) << 2)) + load<u32>(counts + (load<u32>(right + (i << 2)) << 2));
    }
    if (together) pushTogether(LEFT, 2 * n, n);
    else {
      for (let i: u32 = 0; i < n; i++) pushVertex(lanes + i * LANE, load<u32>(LEFT + (i << 2)));
      for (let i: u32 = 0; i < n; i++) pushVertex(lanes + i * LANE, load<u32>(RIGHT + (i << 2)));
    }
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
