/** Labelled graphs as plain data, and the canonical list of their edges. */
import { type GraphColumn, reordered, valueText } from "../data/graph-columns.ts";
import { UserError } from "../errors.ts";
import { bitsFor } from "./plan.ts";
import { sortPairs } from "./rec.ts";

/** A labelled multigraph; loops and repeated edges are allowed. */
export interface Graph {
  /** Vertices are 0..vertices-1, isolated ones included. */
  readonly vertices: number;
  readonly directed: boolean;
  /** Edge i is (pairs[2i], pairs[2i + 1]); neither the order of edges nor, if undirected, of their ends means anything. */
  readonly pairs: Uint32Array;
  /** What the vertices are called: distinct strings, or distinct whole numbers in ascending order; undefined: by their own numbers. */
  readonly names?: readonly string[] | Float64Array;
  /** Weights, labels and other values of the edges, in the order of `pairs`. */
  readonly columns?: readonly GraphColumn[];
  /** Labels, places and other values of the vertices, in the order of their numbers. */
  readonly vertexColumns?: readonly GraphColumn[];
}

/** A graph, or just its edges. */
export type Edges = Graph | Iterable<readonly [number, number]>;

/** Most vertices of a graph. */
const MAX_VERTICES = 2 ** 30;

/**
 * A graph from pairs of vertex numbers.
 *
 * @throws UserError on a number that is not a whole number below 2^30 or below `vertices`
 */
export function graph(edges: Iterable<readonly [number, number]>, options: { directed?: boolean; vertices?: number } = {}): Graph {
  const flat = Float64Array.from([...edges].flat());
  let largest = -1;
  for (let i = 0; i < flat.length; i++) {
    const v = flat[i];
    if (!Number.isInteger(v) || v < 0 || v >= MAX_VERTICES)
      throw new UserError(
        `edge ${i >> 1}: vertex ${v} is not a whole number from 0 to 2^30 - 1`,
        "give the vertices dense numbers, and their own numbers as names",
      );
    largest = Math.max(largest, v);
  }
  return checked({
    vertices: options.vertices ?? largest + 1,
    directed: options.directed ?? false,
    pairs: Uint32Array.from(flat),
  });
}

/** The graph itself, once its vertices are known to be in range. @throws UserError */
export function checked(g: Graph): Graph {
  const { vertices, pairs, names } = g;
  if (!Number.isInteger(vertices) || vertices < 0 || vertices > MAX_VERTICES)
    throw new UserError(`${vertices} vertices: a graph has at most 2^30`, "number the vertices densely");
  if (pairs.length % 2) throw new UserError("an edge has only one end: the list of vertices has odd length");
  if (names && names.length !== vertices) throw new UserError(`${names.length} names for ${vertices} vertices`);
  const other = g.columns?.find(({ values }) => values.length !== pairs.length / 2);
  if (other) throw new UserError(`column "${other.name}" has ${other.values.length} values for ${pairs.length / 2} edges`);
  const short = g.vertexColumns?.find(({ values }) => values.length !== vertices);
  if (short) throw new UserError(`column "${short.name}" has ${short.values.length} values for ${vertices} vertices`);
  for (let i = 0; i < pairs.length; i++)
    if (pairs[i] >= vertices) throw new UserError(`edge ${i >> 1}: vertex ${pairs[i]} of a graph with ${vertices} vertices`);
  return g;
}

/** Whether it is a graph rather than a list of edges. */
export const isGraph = (edges: Edges): edges is Graph => "pairs" in edges && edges.pairs instanceof Uint32Array;

/** The edges sorted by (first, second), undirected ones with first ≤ second: two graphs are equal when these are. */
export function canonicalPairs(g: Graph): Uint32Array {
  return isCanonical(g) ? g.pairs : sortedInPlace({ ...g, pairs: g.pairs.slice() });
}

/**
 * Brings a graph without columns into the order of `canonicalPairs`, where its edges lie: for those who own them, and have no room for
 * them twice.
 */
export function makeCanonical(g: Graph): void {
  if (!g.columns?.length && !isCanonical(g)) sortedInPlace(g);
}

function isCanonical({ pairs, directed }: Graph): boolean {
  for (let i = 0; i < pairs.length; i += 2) {
    if (!directed && pairs[i] > pairs[i + 1]) return false;
    if (i > 0 && (pairs[i - 2] > pairs[i] || (pairs[i - 2] === pairs[i] && pairs[i - 1] > pairs[i + 1]))) return false;
  }
  return true;
}

function sortedInPlace({ pairs, directed, vertices }: Graph): Uint32Array {
  for (let i = 0; !directed && i < pairs.length; i += 2) {
    const [a, b] = [pairs[i], pairs[i + 1]];
    if (a <= b) continue;
    pairs[i] = b;
    pairs[i + 1] = a;
  }
  return sortPairs(pairs, bitsFor(vertices), bitsFor(vertices), pairs);
}

/**
 * The number of edges and two sums over them, which do not depend on their order: those of other edges are the same by chance once in 2^64.
 * What they find, no defect of sorting hides.
 */
export function edgeSum({ pairs, directed }: Graph): readonly number[] {
  let [x, y] = [0, 0];
  for (let i = 0; i < pairs.length; i += 2) {
    const turned = !directed && pairs[i] > pairs[i + 1];
    const a = pairs[turned ? i + 1 : i];
    const b = pairs[turned ? i : i + 1];
    let h = Math.imul(a, 0x9e3779b1) ^ b;
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    x = (x + (h ^ (h >>> 13))) | 0;
    h = Math.imul(b, 0xc2b2ae35) ^ h;
    h = Math.imul(h ^ (h >>> 15), 0x27d4eb2f);
    y = (y + (h ^ (h >>> 13))) | 0;
  }
  return [pairs.length / 2, x, y];
}

/** The columns in the order of `canonicalPairs`; those of equal edges stay in their order. */
export function canonicalColumns(g: Graph): readonly GraphColumn[] {
  return g.columns?.length ? reordered(g.columns, canonicalOrder(g)) : [];
}

/** Edge numbers in the order of `canonicalPairs`: sorted by counting, second ends first, so that equal edges stay in their order. */
function canonicalOrder({ pairs, directed, vertices }: Graph): Uint32Array {
  const turned = (i: number): boolean => !directed && pairs[2 * i] > pairs[2 * i + 1];
  const end = (i: number, which: 0 | 1): number => pairs[2 * i + (turned(i) ? 1 - which : which)];
  let order = Uint32Array.from({ length: pairs.length / 2 }, (_, i) => i);
  for (const which of [1, 0] as const) {
    const next = new Uint32Array(vertices + 1);
    for (const i of order) next[end(i, which) + 1]++;
    for (let v = 0; v < vertices; v++) next[v + 1] += next[v];
    const sorted = new Uint32Array(order.length);
    for (const i of order) sorted[next[end(i, which)]++] = i;
    order = sorted;
  }
  return order;
}

/**
 * The graph with every edge once.
 * @throws UserError  if a repeated edge has values to choose among
 */
export function distinctEdges(g: Graph): Graph {
  if (g.columns?.length)
    throw new UserError("each edge once, but columns beside them: which of their values should be kept?", "--drop-columns drops them");
  const pairs = canonicalPairs(g).slice();
  let at = 0;
  for (let i = 0; i < pairs.length; i += 2)
    if (at === 0 || pairs[i] !== pairs[at - 2] || pairs[i + 1] !== pairs[at - 1]) {
      pairs[at++] = pairs[i];
      pairs[at++] = pairs[i + 1];
    }
  return { ...g, pairs: pairs.slice(0, at) };
}

/** Whether two graphs have the same vertices, names, edges and values beside both, in whatever order the edges are. */
export const sameGraph = (a: Graph, b: Graph): boolean =>
  a.vertices === b.vertices &&
  a.directed === b.directed &&
  (a.names === undefined) === (b.names === undefined) &&
  sameList(a.names, b.names) &&
  (sameList(a.pairs, b.pairs) || sameList(canonicalPairs(a), canonicalPairs(b))) &&
  sameColumns(a, b) &&
  sameVertexColumns(a.vertexColumns ?? [], b.vertexColumns ?? []);

const sameNamed = (a: readonly GraphColumn[], b: readonly GraphColumn[]): boolean =>
  a.length === b.length && a.every(({ name, kind }, k) => name === b[k].name && kind === b[k].kind);

const sameVertexColumns = (a: readonly GraphColumn[], b: readonly GraphColumn[]): boolean =>
  sameNamed(a, b) &&
  a.every((column, k) => {
    for (let v = 0; v < column.values.length; v++) if (valueText(column, v) !== valueText(b[k], v)) return false;
    return true;
  });

/** Equal edges may have their values in any order, but all columns in the same. */
function sameColumns(a: Graph, b: Graph): boolean {
  const [of, others] = [canonicalColumns(a), canonicalColumns(b)];
  if (!sameNamed(of, others)) return false;
  const rows = (columns: readonly GraphColumn[], from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => JSON.stringify(columns.map((column) => valueText(column, from + i)))).sort();
  if (of.length === 0) return true;
  const pairs = canonicalPairs(a);
  for (let from = 0, to = 0; 2 * from < pairs.length; from = to) {
    for (to = from + 1; pairs[2 * to] === pairs[2 * from] && pairs[2 * to + 1] === pairs[2 * from + 1]; ) to++;
    const left = rows(of, from, to);
    const right = rows(others, from, to);
    if (left.some((row, i) => row !== right[i])) return false;
  }
  return true;
}

type Names = NonNullable<Graph["names"]>;
const sameList = (a: Uint32Array | Names = [], b: Uint32Array | Names = []): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};
