/**
 * Random edge coding, slowly and plainly: the format of `rec.ts` bit for bit, for tests and for reading. O(edges²).
 *
 * Encoder, from the last edge to the first: pop an edge from the multiset of edges (the state chooses, and pays for, its place in the
 * order), pop its orientation, push its two vertices with the urn that remains. Decoder: the same backwards.
 */
import { type Ans, ans, renormalize } from "./ans.ts";
import { draw, type Urn, uniform, urn } from "./codecs.ts";
import { type Multiset, multiset, popElement, pushElement } from "./multiset.ts";
import { bitsFor, HEAD, type Plan, pairTypes, type Stream, sides } from "./plan.ts";

/** A total order of edges: an injection into the integers and its inverse. */
export interface EdgeKeys {
  readonly key: (a: number, b: number) => bigint;
  readonly edge: (key: bigint) => [number, number];
}

/** The format's order of edges: keys (a << bitsB) | b under an invertible scrambling of their D bits. */
function edgeKeys(plan: Plan): EdgeKeys {
  const { left, right } = sides(plan);
  const rightBits = BigInt(bitsFor(right));
  const bits = BigInt(bitsFor(left)) + rightBits;
  const mask = (1n << bits) - 1n;
  const half = bits < 2n ? 1n : (bits + 1n) >> 1n;
  const multiplier = (0x9e3779b97f4a7c15n + BigInt(plan.seed) * 0x5851f42d4c957f2en) & ((1n << 64n) - 1n);
  let inverse = multiplier;
  for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - multiplier * inverse));
  const scramble = (x: bigint, by: bigint) => {
    x ^= x >> half;
    x = (x * by) & mask;
    x ^= x >> half;
    x = (x * by) & mask;
    return x ^ (x >> half);
  };
  return {
    key: (a, b) => scramble((BigInt(a) << rightBits) | BigInt(b), multiplier),
    edge(key) {
      const plain = scramble(key, inverse);
      return [Number(plain >> rightBits), Number(plain & ((1n << rightBits) - 1n))];
    },
  };
}

interface Coder {
  readonly vertices: Urn;
  readonly types: Urn;
  readonly blockOf: (position: number) => number;
  readonly range: (block: number) => [number, number];
  readonly typeOf: (g: number, h: number) => number;
  readonly blocksOf: (type: number) => [number, number];
}

function coder(plan: Plan): Coder {
  const sizes = [...plan.left, ...(plan.right ?? [])];
  const ends: number[] = [];
  for (const size of sizes) ends.push(size + (ends.at(-1) ?? 0));
  const pairs: [number, number][] = [];
  if (plan.right) plan.left.forEach((_, g) => plan.right!.forEach((_, h) => pairs.push([g, plan.left.length + h])));
  else plan.left.forEach((_, h) => plan.left.slice(0, h + 1).forEach((_, g) => pairs.push([g, h])));
  return {
    vertices: urn(plan.prior, plan.step),
    types: urn(new Array(pairTypes(plan)).fill(1)),
    blockOf: (position) => ends.findIndex((end) => position < end),
    range: (block) => [ends[block] - sizes[block], ends[block]],
    typeOf: (g, h) => pairs.findIndex(([x, y]) => x === g && y === h),
    blocksOf: (type) => pairs[type],
  };
}

/** Whether the orientation of an edge carries nothing: undirected, not a loop, and not told by the blocks of its ends. */
const orientable = (plan: Plan, { blockOf }: Coder, a: number, b: number) => !plan.directed && a !== b && blockOf(a) === blockOf(b);

/** Encodes edges a0 b0 a1 b1 ...; undirected: a ≤ b. Each lane starts from `initial`; any order of edges will do. */
export function encodeEdges(
  plan: Plan,
  pairs: ArrayLike<number>,
  initial: () => Ans = ans,
  { key, edge }: EdgeKeys = edgeKeys(plan),
): { streams: Stream[]; states: Ans[] } {
  const c = coder(plan);
  const offset = plan.right ? sides(plan).left : 0;
  const keys: bigint[] = [];
  for (let i = 0; i < 2 * plan.edges; i += 2) {
    const [a, b] = [pairs[i], pairs[i + 1] + offset];
    keys.push(key(a, pairs[i + 1]));
    c.vertices.weights.add(a, plan.step);
    c.vertices.weights.add(b, plan.step);
    c.types.weights.add(c.typeOf(c.blockOf(a), c.blockOf(b)), 1);
  }
  const set = multiset(keys);
  const states = Array.from({ length: plan.lanes }, () => initial());
  while (set.sorted.length > 0) {
    const batch = states.slice(0, set.sorted.length);
    const popped = batch.map((state) => edge(popElement(state, set)));
    const ends = batch.map((state, i): [number, number] => {
      const [a, b] = [popped[i][0], popped[i][1] + offset];
      return orientable(plan, c, a, b) && uniform(2).pop(state) === 1 ? [b, a] : [a, b];
    });
    batch.forEach((state, i) => draw(c.vertices, ...c.range(c.blockOf(ends[i][0]))).push(state, ends[i][0]));
    batch.forEach((state, i) => draw(c.vertices, ...c.range(c.blockOf(ends[i][1]))).push(state, ends[i][1]));
    if (c.types.weights.size > 1)
      batch.forEach((state, i) => draw(c.types).push(state, c.typeOf(c.blockOf(ends[i][0]), c.blockOf(ends[i][1]))));
  }
  for (const state of states) renormalize(state, HEAD);
  return { states, streams: states.map((s) => ({ head: s.head, bytes: Uint8Array.from(s.stack) })) };
}

/** Decodes; also gives the states that remain, which must be the encoder's initial ones. */
export function decodeEdges(
  plan: Plan,
  streams: readonly Stream[],
  { key, edge }: EdgeKeys = edgeKeys(plan),
): { pairs: number[]; states: Ans[] } {
  const c = coder(plan);
  const offset = plan.right ? sides(plan).left : 0;
  const states = streams.map(({ head, bytes }) => ans(head, [...bytes]));
  const set: Multiset = multiset();
  while (set.sorted.length < plan.edges) {
    const lanes = (plan.edges - set.sorted.length) % plan.lanes || plan.lanes;
    const batch = states.slice(0, lanes).reverse();
    const types = batch.map((state) => c.blocksOf(c.types.weights.size > 1 ? draw(c.types).pop(state) : 0));
    const seconds = batch.map((state, i) => draw(c.vertices, ...c.range(types[i][1])).pop(state));
    const firsts = batch.map((state, i) => draw(c.vertices, ...c.range(types[i][0])).pop(state));
    const keys = batch.map((state, i) => {
      let [a, b] = [firsts[i], seconds[i]];
      if (orientable(plan, c, a, b)) uniform(2).push(state, a > b ? 1 : 0);
      if (!plan.directed && a > b) [a, b] = [b, a];
      return key(a, b - offset);
    });
    batch.forEach((state, i) => pushElement(state, set, keys[i]));
  }
  for (const state of states) renormalize(state, HEAD);
  const pairs = set.sorted.map(edge).sort(([a, b], [x, y]) => a - x || b - y);
  return { pairs: pairs.flat(), states };
}
