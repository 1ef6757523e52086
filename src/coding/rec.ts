/** Random edge coding at speed: the host of the WebAssembly kernel `rec.as.ts`. Same bytes as `reference.ts`. */

import type { Kernel } from "../array/wasm.ts";
import { UserError } from "../errors.ts";
import { withKernel } from "./kernel.ts";
import { bitsFor, bucketBits, HEAD, LONGEST_CHAIN, type Plan, pairTypes, type Stream, sides, WEIGHT_LIMIT } from "./plan.ts";
import wasm from "./rec.wasm.ts";

interface Calls {
  allocate(bytes: number): number;
  release(start: number): void;
  openLanes(count: number): number;
  settle(): void;
  makeTree(size: number): number;
  leaves(tree: number): number;
  buildTree(tree: number, size: number): void;
  setKeys(bitsA: number, bitsB: number, seed: number): void;
  makeKeys(pairs: number, keys: number, m: number, scramble: boolean): void;
  splitKeys(keys: number, pairs: number, m: number, scrambled: boolean): void;
  sortKeys(keys: number, spare: number, m: number, bits: number, histogram: number): number;
  sortPasses(bits: number): number;
  collapse(keys: number, m: number, counts: number): number;
  countRepeats(keys: number, m: number): number;
  fullestBucket(keys: number, m: number, bits: number): number;
  setUrn(
    undirected: boolean,
    offset: number,
    tree: number,
    increment: number,
    blocks: number,
    membership: number,
    start: number,
    weight: number,
  ): void;
  setTypes(tree: number, pairs: number, weight: number, left: number): void;
  openEncoder(keys: number, bitmap: number, tree: number, m: number): void;
  encode(count: number): number;
  openDecoder(m: number, bits: number, repeats: boolean, chain: number): number;
  decode(count: number): number;
  collect(keys: number): number;
  bucketRoom(): number;
}

/** Called between chunks with the number of edges done. */
export type Progress = (done: number) => void;

/** Edges between two looks at the room of the lanes; a multiple of every number of lanes. */
const CHUNK = 1 << 16;
/** Bytes one edge can push at most: three symbols of at most 31 bits, and one bit. */
const EDGE_BYTES = 13;

type Machine = Kernel<Calls>;
const u8 = (k: Machine, at: number, length: number) => new Uint8Array(k.memory.buffer, at, length);
const u32 = (k: Machine, at: number, length: number) => new Uint32Array(k.memory.buffer, at, length);

function allocate(k: Machine, bytes: number): number {
  const at = k.call.allocate(bytes) >>> 0;
  if (!at) throw outOfMemory();
  return at;
}
const outOfMemory = () =>
  new UserError("graph too large for the 4 GiB of one WebAssembly memory", "split the graph into independent parts: --shards");

function makeTree(k: Machine, size: number): number {
  const tree = k.call.makeTree(size) >>> 0;
  if (!tree) throw outOfMemory();
  return tree;
}

/** Puts the urns of `plan` into the kernel; `pairs` adds the edges' own draws (encoder). */
function openUrns(k: Machine, plan: Plan, pairs?: Uint32Array): void {
  const { left, right } = sides(plan);
  const offset = plan.right ? left : 0;
  const positions = plan.prior.length;
  const sizes = [...plan.left, ...(plan.right ?? [])];
  const tree = makeTree(k, positions);
  const starts = allocate(k, 4 * sizes.length);
  const totals = allocate(k, 4 * sizes.length);
  const membership = sizes.length > 1 ? allocate(k, 2 * positions) : 0;
  const types = pairTypes(plan);
  const typeTree = types > 1 ? makeTree(k, types) : 0;
  const typePairs = types > 1 ? allocate(k, 4 * types) : 0;

  const weights = u32(k, k.call.leaves(tree) >>> 0, positions);
  weights.set(plan.prior);
  const blockOf = membership ? new Uint16Array(k.memory.buffer, membership, positions) : undefined;
  for (let g = 0, at = 0; g < sizes.length; at += sizes[g++]) {
    u32(k, starts, sizes.length)[g] = at;
    blockOf?.fill(g, at, at + sizes[g]);
  }
  const typeCounts = typeTree ? u32(k, k.call.leaves(typeTree) >>> 0, types).fill(1) : undefined;
  for (let i = 0; pairs && i < pairs.length; i += 2) {
    const a = pairs[i];
    const b = pairs[i + 1] + offset;
    weights[a] += plan.step;
    weights[b] += plan.step;
    if (typeCounts && blockOf) typeCounts[typeNumber(plan, blockOf[a], blockOf[b])]++;
  }
  const blockTotals = new Float64Array(sizes.length);
  for (let v = 0; v < positions; v++) blockTotals[blockOf ? blockOf[v] : 0] += weights[v];
  if (blockTotals.some((t) => t > WEIGHT_LIMIT) || blockTotals.reduce((a, b) => a + b, 0) > 2 * WEIGHT_LIMIT)
    throw new UserError("more than 2^31 draws from one urn", "split the graph into independent parts: --shards");
  u32(k, totals, sizes.length).set(blockTotals);
  if (typeTree) {
    const table = u32(k, typePairs, types);
    for (let g = 0; g < plan.left.length; g++)
      for (let h = plan.right ? 0 : g; h < (plan.right ?? plan.left).length; h++) {
        const right = plan.right ? plan.left.length + h : h;
        table[typeNumber(plan, g, right)] = g | (right << 16);
      }
    k.call.buildTree(typeTree, types);
  }
  k.call.buildTree(tree, positions);
  k.call.setUrn(!plan.directed, offset, tree, plan.step, sizes.length, membership, starts, totals);
  k.call.setTypes(typeTree, typePairs, types + (pairs ? plan.edges : 0), plan.left.length);
  k.call.setKeys(bitsFor(left), bitsFor(right), plan.seed);
}

const typeNumber = (plan: Plan, g: number, h: number): number =>
  plan.right ? g * plan.right.length + (h - plan.left.length) : (h * (h + 1)) / 2 + g;

/** Gives every lane `bytes` of room above what it holds, moving it if needed. */
function makeRoom(k: Machine, lanes: number, count: number, bytes: number, spare: number): void {
  for (let i = 0; i < count; i++) {
    let [top, bottom, , end] = u32(k, lanes + 32 * i + 8, 4);
    if (bottom && end - top >= bytes) continue;
    const room = top - bottom + bytes + spare;
    const at = allocate(k, room);
    if (bottom) u8(k, at, top - bottom).set(u8(k, bottom, top - bottom));
    top = at + top - bottom;
    bottom = at;
    end = at + room;
    const record = u32(k, lanes + 32 * i + 8, 4);
    record[0] = top;
    record[1] = bottom;
    record[3] = end;
  }
}

const setHead = (k: Machine, lane: number, head: number) => new BigUint64Array(k.memory.buffer, lane, 1).set([BigInt(head)]);
const getHead = (k: Machine, lane: number) => Number(new BigUint64Array(k.memory.buffer, lane, 1)[0]);

/** A plan before the edges are seen: their repeats and the seed of their order are found by the encoder. */
type EncoderPlan = Omit<Plan, "repeats" | "seed">;

/**
 * Encodes the multiset of edges.
 *
 * @param pairs  a0 b0 a1 b1 ... as positions; undirected: a ≤ b
 * @param expectedBits  about how long the result will be (room only)
 * @returns the finished plan and one stream a lane
 */
export const encodeEdges = (
  plan: EncoderPlan,
  pairs: Uint32Array,
  expectedBits: number,
  progress?: Progress,
): { plan: Plan; streams: Stream[] } =>
  withKernel<Calls, { plan: Plan; streams: Stream[] }>(wasm, (k) => encodeWith(k, plan, pairs, expectedBits, progress));

function encodeWith(
  k: Machine,
  plan: EncoderPlan,
  pairs: Uint32Array,
  expectedBits: number,
  progress?: Progress,
): { plan: Plan; streams: Stream[] } {
  const m = plan.edges;
  const keys = allocate(k, 8 * m);
  const seed = sortScrambled(k, plan, pairs, keys);
  openUrns(k, { ...plan, repeats: false, seed }, pairs);
  const repeats = k.call.countRepeats(keys, m) > 0;
  if (repeats) {
    const counts = allocate(k, 4 * m);
    const distinct = k.call.collapse(keys, m, counts);
    const tree = makeTree(k, distinct);
    u32(k, k.call.leaves(tree) >>> 0, distinct).set(u32(k, counts, distinct));
    k.call.buildTree(tree, distinct);
    k.call.openEncoder(keys, 0, tree, m);
  } else {
    const words = Math.ceil(m / 64);
    const bitmap = allocate(k, 8 * words);
    k.call.openEncoder(keys, bitmap, makeTree(k, words), m);
  }
  const lanes = k.call.openLanes(plan.lanes) >>> 0;
  u8(k, lanes, 32 * plan.lanes).fill(0);
  for (let i = 0; i < plan.lanes; i++) setHead(k, lanes + 32 * i, HEAD);
  const chunk = Math.min(CHUNK, m);
  const burst = (Math.ceil(chunk / plan.lanes) + 1) * EDGE_BYTES + 64;
  for (let rest = m; rest > 0; ) {
    makeRoom(k, lanes, plan.lanes, burst, Math.ceil(expectedBits / 8 / plan.lanes));
    rest = k.call.encode(CHUNK) >>> 0;
    progress?.(m - rest);
  }
  makeRoom(k, lanes, plan.lanes, 64, 0);
  k.call.settle();
  return { plan: { ...plan, repeats, seed }, streams: takeStreams(k, lanes, plan.lanes) };
}

/** Puts the scrambled keys of the edges at `keys`, sorted, and returns the seed of their order. What it needs above them is free again. */
function sortScrambled(k: Machine, plan: EncoderPlan, pairs: Uint32Array, keys: number): number {
  const m = plan.edges;
  const { left, right } = sides({ ...plan, repeats: false, seed: 0 });
  const keyBits = bitsFor(left) + bitsFor(right);
  const histogram = allocate(k, 4 << 11);
  const spare = allocate(k, 8 * m);
  const sortBits = Math.min(keyBits, bitsFor(m) + 2);
  for (let seed = 0; seed < 256; seed++) {
    k.call.setKeys(bitsFor(left), bitsFor(right), seed);
    const [from, to] = k.call.sortPasses(sortBits) % 2 === 0 ? [keys, spare] : [spare, keys]; // so that they end at `keys`
    u32(k, from, 2 * m).set(pairs);
    k.call.makeKeys(from, from, m, true);
    k.call.sortKeys(from, to, m, sortBits, histogram);
    if (k.call.fullestBucket(keys, m, bucketBits(m, keyBits)) > 8 * LONGEST_CHAIN) continue;
    k.call.release(histogram);
    return seed;
  }
  throw new UserError("no order of these edges keeps the decoder's buckets small", "split the graph: --shards");
}

function takeStreams(k: Machine, lanes: number, count: number): Stream[] {
  return Array.from({ length: count }, (_, i) => {
    const [top, bottom] = u32(k, lanes + 32 * i + 8, 2);
    return { head: getHead(k, lanes + 32 * i), bytes: u8(k, bottom, top - bottom).slice() };
  });
}

/** The file does not hold what its header announces. */
export const damaged = (done: number, edges: number) =>
  new UserError(`file damaged: ${done} of ${edges} edges decoded, then the state stopped making sense`, "get an intact copy of the file");

/**
 * Decodes the edges, sorted by (a, b).
 *
 * @param lends  leave them in the memory they were decoded in, two to three times as large
 * @throws UserError when the streams cannot come from an encoder: every lane must end at its initial state
 */
export function decodeEdges(plan: Plan, streams: readonly Stream[], progress?: Progress, lends = false): Uint32Array {
  const decoded = (k: Machine): Uint32Array => decodeWith(k, plan, streams, progress);
  return lends
    ? withKernel<Calls, Uint32Array>(wasm, decoded, { givesMemory: true })
    : withKernel<Calls, Uint32Array>(wasm, (k) => decoded(k).slice());
}

/** The edges, in the kernel's memory. */
function decodeWith(k: Machine, plan: Plan, streams: readonly Stream[], progress?: Progress): Uint32Array {
  const m = plan.edges;
  const { left, right } = sides(plan);
  const keyBits = bitsFor(left) + bitsFor(right);
  openUrns(k, plan);
  const lanes = k.call.openLanes(plan.lanes) >>> 0;
  u8(k, lanes, 32 * plan.lanes).fill(0);
  const burst = (Math.ceil(Math.min(CHUNK, m) / plan.lanes) + 1) * EDGE_BYTES + 64;
  makeRoom(k, lanes, plan.lanes, burst, Math.max(...streams.map((s) => s.bytes.length)));
  streams.forEach((stream, i) => {
    setHead(k, lanes + 32 * i, stream.head);
    const record = u32(k, lanes + 32 * i + 8, 2);
    u8(k, record[1], stream.bytes.length).set(stream.bytes);
    record[0] = record[1] + stream.bytes.length;
  });
  if (!k.call.openDecoder(m, bucketBits(m, keyBits), plan.repeats, LONGEST_CHAIN)) throw outOfMemory();
  for (let done = 0; done < m; ) {
    makeRoom(k, lanes, plan.lanes, burst, burst);
    const now = k.call.decode(CHUNK);
    if (now < 0) throw damaged(done, m);
    done = now;
    progress?.(done);
  }
  makeRoom(k, lanes, plan.lanes, 64, 0);
  k.call.settle();
  const complete = takeStreams(k, lanes, plan.lanes).every((s) => s.head === HEAD && s.bytes.every((b) => b === 0));
  if (!complete) throw damaged(m, m);

  // the keys lie as far behind the buckets as they need room when they are sorted, where the buckets are
  const room = k.call.bucketRoom() >>> 0;
  const missing = 8 * m - (allocate(k, 0) - room);
  if (missing > 0) allocate(k, missing);
  const keys = allocate(k, 8 * m);
  const histogram = allocate(k, 4 << 11);
  if (k.call.collect(keys) >>> 0 !== m) throw damaged(m, m);
  const sorted = k.call.sortKeys(keys, room, m, keyBits, histogram) >>> 0;
  k.call.splitKeys(sorted, sorted, m, false);
  return u32(k, sorted, 2 * m);
}

/** Sorts pairs (a, b), a < 2^leftBits and b < 2^rightBits, by (a, b); `into` may be `pairs`. */
export const sortPairs = (
  pairs: Uint32Array,
  leftBits: number,
  rightBits: number,
  into: Uint32Array = new Uint32Array(pairs.length),
): Uint32Array => withKernel<Calls, Uint32Array>(wasm, (k) => sortWith(k, pairs, leftBits, rightBits, into));

function sortWith(k: Machine, pairs: Uint32Array, leftBits: number, rightBits: number, into: Uint32Array): Uint32Array {
  const m = pairs.length / 2;
  const keys = allocate(k, 8 * m);
  const spare = allocate(k, 8 * m);
  const histogram = allocate(k, 4 << 11);
  u32(k, keys, 2 * m).set(pairs);
  k.call.setKeys(leftBits, rightBits, 0);
  k.call.makeKeys(keys, keys, m, false);
  const sorted = k.call.sortKeys(keys, spare, m, leftBits + rightBits, histogram) >>> 0;
  k.call.splitKeys(sorted, sorted, m, false);
  into.set(u32(k, sorted, 2 * m));
  return into;
}
