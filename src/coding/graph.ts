/** Labelled graphs as plain data, and the canonical list of their edges. */
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
  for (let i = 0; i < pairs.length; i++)
    if (pairs[i] >= vertices) throw new UserError(`edge ${i >> 1}: vertex ${pairs[i]} of a graph with ${vertices} vertices`);
  return g;
}

/** Whether it is a graph rather than a list of edges. */
export const isGraph = (edges: Edges): edges is Graph => "pairs" in edges && edges.pairs instanceof Uint32Array;

/** The edges sorted by (first, second), undirected ones with first ≤ second: two graphs are equal when these are. */
export function canonicalPairs({ pairs, directed, vertices }: Graph): Uint32Array {
  let sorted = true;
  let oriented = true;
  for (let i = 0; i < pairs.length && (sorted || oriented); i += 2) {
    if (pairs[i] > pairs[i + 1]) oriented = false;
    if (i > 0 && (pairs[i - 2] > pairs[i] || (pairs[i - 2] === pairs[i] && pairs[i - 1] > pairs[i + 1]))) sorted = false;
  }
  if (sorted && (directed || oriented)) return pairs;
  const out = pairs.slice();
  if (!directed)
    for (let i = 0; i < out.length; i += 2)
      if (out[i] > out[i + 1]) {
        out[i] = pairs[i + 1];
        out[i + 1] = pairs[i];
      }
  return sortPairs(out, bitsFor(vertices), bitsFor(vertices));
}

/** The graph with every edge once. */
export function distinctEdges(g: Graph): Graph {
  const pairs = canonicalPairs(g).slice();
  let at = 0;
  for (let i = 0; i < pairs.length; i += 2)
    if (at === 0 || pairs[i] !== pairs[at - 2] || pairs[i + 1] !== pairs[at - 1]) {
      pairs[at++] = pairs[i];
      pairs[at++] = pairs[i + 1];
    }
  return { ...g, pairs: pairs.slice(0, at) };
}

/** Whether two graphs have the same vertices, names and edges, in whatever order. */
export const sameGraph = (a: Graph, b: Graph): boolean =>
  a.vertices === b.vertices &&
  a.directed === b.directed &&
  (a.names === undefined) === (b.names === undefined) &&
  sameList(a.names, b.names) &&
  sameList(canonicalPairs(a), canonicalPairs(b));

type Names = NonNullable<Graph["names"]>;
const sameList = (a: Uint32Array | Names = [], b: Uint32Array | Names = []): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};
