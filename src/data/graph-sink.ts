/** Edges as they are read become a graph: dense vertex numbers, and names where the input's own numbers are not dense. */
import { UserError } from "../errors.ts";
import type { GraphColumn } from "./graph-columns.ts";
import { growingList } from "./growing.ts";

/** A labelled multigraph; edge i is (pairs[2i], pairs[2i + 1]). The shape of `Graph` in `pushforward/coding`. */
export interface EdgeList {
  readonly vertices: number;
  readonly directed: boolean;
  readonly pairs: Uint32Array;
  readonly names?: readonly string[] | Float64Array;
  readonly columns?: readonly GraphColumn[];
  readonly vertexColumns?: readonly GraphColumn[];
}

/** What vertices are, and how they are numbered. */
export interface SinkOptions {
  readonly directed?: boolean;
  /** Names of vertices: sorted (default, costs least) or numbered in the order in which the input mentions them. */
  readonly nameOrder?: "sorted" | "input";
  /** Number of vertices 0.. when it is known to be more than those on edges. */
  readonly vertices?: number;
  /** Bytes that the edges and names may take. */
  readonly memoryLimit?: number;
}

/** Takes edges one by one. */
export interface EdgeSink {
  /** One edge between whole numbers from 0 to 2^53 - 1. */
  addNumbers(a: number, b: number): void;
  /** Edges between whole numbers, two for each. */
  addPairs(pairs: Uint32Array): void;
  addNames(a: string, b: string): void;
  /** A vertex that may be on no edge; a number where vertices are numbers. */
  addVertex(name: string | number): void;
  readonly edges: () => number;
  finish(said?: SaidOfGraph): EdgeList;
}

/** What the input says of itself, which counts where nobody asked for anything else. */
export interface SaidOfGraph {
  readonly directed?: boolean;
  readonly vertices?: number;
  /** The numbers that came are all the vertices there are: those between them are none. */
  readonly exact?: boolean;
}

/** Told where nothing says whether edges have a direction. */
export const undirectedNote = "undirected, as nothing in it says otherwise (--directed keeps the order of the two ends)";

const DENSE = 2 ** 30;

/** A sink, which numbers vertices as they come. */
export function edgeSink(options: SinkOptions): EdgeSink {
  let ends: Uint32Array | Float64Array = new Uint32Array(1 << 16);
  let used = 0;
  let nameBytes = 0;
  const numberOf = new Map<string, number>();
  const makeLarger = growingList();
  const hold = (size: number, wide: boolean) => {
    const needed = size * (wide ? 8 : 4) + nameBytes;
    if (needed > (options.memoryLimit ?? Number.POSITIVE_INFINITY)) throw tooMuch(needed);
    if (!wide && ends instanceof Uint32Array) {
      ends = makeLarger(ends.subarray(0, used), size);
      return;
    }
    const next = new Float64Array(size);
    next.set(ends.subarray(0, used));
    ends = next;
  };
  const makeRoom = (count: number) => {
    while (used + count > ends.length) hold(2 * ends.length, ends instanceof Float64Array);
  };
  const addNumbers = (a: number, b: number) => {
    makeRoom(2);
    if (ends instanceof Uint32Array && (a > 0xffffffff || b > 0xffffffff)) hold(ends.length, true);
    ends[used] = a;
    ends[used + 1] = b;
    used += 2;
  };
  const addPairs = (pairs: Uint32Array) => {
    makeRoom(pairs.length);
    ends.set(pairs, used);
    used += pairs.length;
  };
  const alone: number[] = [];
  const vertex = (name: string) => {
    const known = numberOf.get(name);
    if (known !== undefined) return known;
    if (!name.isWellFormed())
      throw new UserError(
        `the name ${JSON.stringify(name)} is no Unicode text: half of a surrogate pair is missing`,
        "correct the name in the input",
      );
    nameBytes += 64 + 2 * name.length;
    if (nameBytes > (options.memoryLimit ?? Number.POSITIVE_INFINITY)) throw tooMuch(nameBytes);
    numberOf.set(name, numberOf.size);
    return numberOf.size - 1;
  };
  return {
    addNumbers,
    addPairs,
    addNames: (a, b) => addNumbers(vertex(a), vertex(b)),
    addVertex: (name) => void (typeof name === "number" ? alone.push(name) : vertex(name)),
    edges: () => used / 2,
    finish(said = {}) {
      const list = ends.subarray(0, used);
      const { directed = said.directed ?? false, vertices = said.vertices } = options;
      const all = { ...options, directed, vertices };
      if (numberOf.size > 0) return named(list, [...numberOf.keys()], all);
      return said.exact ? exactly(list, alone, all) : numbered(list, alone, all);
    },
  };
}

const tooMuch = (bytes: number): UserError =>
  new UserError(
    `the edges and names read so far need ${Math.ceil(bytes / 2 ** 20)} MiB, more than the memory limit`,
    "raise --memory, or split the input",
  );

type Directed = SinkOptions & { readonly directed: boolean };

/** The numbers as a list of 32 bits each: they are given up as they are. */
const narrow = (ends: Uint32Array | Float64Array): Uint32Array => (ends instanceof Uint32Array ? ends : Uint32Array.from(ends));

/** Sorted names get numbers in their order (by UTF-16 unit), so that neighbours in the dictionary share beginnings. */
function named(ends: Uint32Array | Float64Array, names: string[], { directed, nameOrder }: Directed): EdgeList {
  if (nameOrder === "input") return { vertices: names.length, directed, pairs: narrow(ends), names };
  const order = names.map((_, i) => i).sort((i, j) => (names[i] < names[j] ? -1 : 1));
  const rank = new Uint32Array(names.length);
  order.forEach((old, i) => (rank[old] = i));
  return { vertices: names.length, directed, pairs: Uint32Array.from(ends, (v) => rank[v]), names: order.map((i) => names[i]) };
}

/** All the vertices there are: dense if they are 0 to n - 1, else their numbers are names. */
function exactly(ends: Uint32Array | Float64Array, alone: readonly number[], { directed }: Directed): EdgeList {
  const all = new Float64Array(ends.length + alone.length);
  all.set(ends);
  all.set(alone, ends.length);
  const distinct = distinctNumbers(
    all,
    all.reduce((a, b) => Math.max(a, b), -1),
  );
  if (distinct.length === 0 || distinct[distinct.length - 1] === distinct.length - 1)
    return { vertices: distinct.length, directed, pairs: narrow(ends) };
  return { vertices: distinct.length, directed, pairs: Uint32Array.from(ends, ranker(distinct)), names: distinct };
}

/** Numbers that fill most of their range stay; others become names of dense numbers. */
function numbered(ends: Uint32Array | Float64Array, alone: readonly number[], given: Directed): EdgeList {
  const { directed, vertices } = given;
  let largest = alone.reduce((a, b) => Math.max(a, b), -1);
  for (let i = 0; i < ends.length; i++) largest = Math.max(largest, ends[i]);
  if (vertices !== undefined && largest >= vertices)
    throw new UserError(`vertex ${largest} of a graph with ${vertices} vertices`, "give --vertices at least the largest number plus one");
  if (largest < DENSE && (vertices !== undefined || largest < 1024))
    return { vertices: vertices ?? largest + 1, directed, pairs: narrow(ends) };
  if (alone.length > 0) return exactly(ends, alone, given);
  const fills = (count: number): boolean => largest + 1 <= 1.25 * count;
  if (largest < DENSE && fills(ends.length) && fills(ones(mentioned(ends, largest))))
    return { vertices: largest + 1, directed, pairs: narrow(ends) };
  const distinct = distinctNumbers(ends, largest);
  return { vertices: distinct.length, directed, pairs: Uint32Array.from(ends, ranker(distinct)), names: distinct };
}

/** For each number up to the largest, whether it is on an edge. */
function mentioned(ends: Uint32Array | Float64Array, largest: number): Uint8Array {
  const seen = new Uint8Array(largest + 1);
  for (let i = 0; i < ends.length; i++) seen[ends[i]] = 1;
  return seen;
}

const ones = (marks: Uint8Array): number => marks.reduce((a, b) => a + b, 0);

function distinctNumbers(ends: Uint32Array | Float64Array, largest: number): Float64Array {
  if (largest < 8 * ends.length + 2 ** 20) {
    const seen = mentioned(ends, largest);
    const out = new Float64Array(ones(seen));
    for (let v = 0, at = 0; v <= largest; v++) if (seen[v]) out[at++] = v;
    return out;
  }
  const sorted = Float64Array.from(ends).sort();
  return sorted.filter((v, i) => i === 0 || v !== sorted[i - 1]);
}

const ranker = (sorted: Float64Array) => (v: number) => {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < v) low = middle + 1;
    else high = middle;
  }
  return low;
};
