/** Graphs with known answers, and random ones. */

import type { Graph } from "../../src/coding/graph.ts";
import { bitsFor, type Plan } from "../../src/coding/plan.ts";
import type { EdgeKeys } from "../../src/coding/reference.ts";

/** Zachary's karate club, vertices from 0. @source Zachary, J. Anthropological Research 33 (1977) */
const KARATE: Record<number, number[]> = {
  0: [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31],
  1: [2, 3, 7, 13, 17, 19, 21, 30],
  2: [3, 7, 8, 9, 13, 27, 28, 32],
  3: [7, 12, 13],
  4: [6, 10],
  5: [6, 10, 16],
  6: [16],
  8: [30, 32, 33],
  9: [33],
  13: [33],
  14: [32, 33],
  15: [32, 33],
  18: [32, 33],
  19: [33],
  20: [32, 33],
  22: [32, 33],
  23: [25, 27, 29, 32, 33],
  24: [25, 27, 31],
  25: [31],
  26: [29, 33],
  27: [33],
  28: [31, 33],
  29: [32, 33],
  30: [32, 33],
  31: [32, 33],
  32: [33],
};

export const edgesOf = (vertices: number, edges: number[][], directed = false): Graph => ({
  vertices,
  directed,
  pairs: Uint32Array.from(edges.flat()),
});

export const karate = edgesOf(
  34,
  Object.entries(KARATE).flatMap(([u, list]) => list.map((v) => [Number(u), v])),
);

/** One urn for all vertices, one lane. */
export const plan = (g: Graph, prior = 1, step = 1): Plan => ({
  left: [g.vertices],
  directed: g.directed,
  prior: new Uint32Array(g.vertices).fill(prior),
  step,
  edges: g.pairs.length / 2,
  repeats: false,
  lanes: 1,
  seed: 0,
});

/** Equality of long lists, which a matcher would take seconds for. */
export const sameNumbers = (a: Uint32Array, b: Uint32Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

/** The order of edges by first, then second end. */
export const lexicographic = (vertices: number): EdgeKeys => {
  const bits = BigInt(bitsFor(vertices));
  return {
    key: (a, b) => (BigInt(a) << bits) | BigInt(b),
    edge: (key) => [Number(key >> bits), Number(key & ((1n << bits) - 1n))],
  };
};

/** A small generator of reproducible numbers below `limit` (xorshift32). */
export function random(seed: number): (limit: number) => number {
  let x = (seed * 2654435761) >>> 0 || 1;
  const next = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next();
  return (limit) => Math.floor(next() * limit);
}

/** A random graph of one of several shapes: uniform, clustered near the diagonal, hubs, repeats; loops and isolated vertices included. */
export function randomGraph(below: (limit: number) => number, mostEdges: number): Graph {
  const size = 2 ** (below(Math.log2(mostEdges + 1) * 64) / 64);
  const edges = below(size) + (below(20) === 0 ? 0 : 1);
  const vertices = 1 + below(2 ** below(14));
  const directed = below(2) === 1;
  const shape = below(4);
  const pairs = new Uint32Array(2 * edges);
  for (let i = 0; i < edges; i++) {
    const a = below(vertices);
    const near = Math.min(vertices - 1, a + below(4));
    const b = [below(vertices), near, below(1 + below(vertices)), i > 0 && below(2) ? pairs[2 * i - 1] : below(vertices)][shape];
    pairs[2 * i] = shape === 3 && i > 0 && below(2) ? pairs[2 * i - 2] : a;
    pairs[2 * i + 1] = b;
  }
  return { vertices, directed, pairs };
}

/** Every multigraph with loops of `vertices` and `edges`, as canonical edge lists. */
export function* allGraphs(vertices: number, edges: number, directed: boolean): Generator<Graph> {
  const kinds: number[][] = [];
  for (let a = 0; a < vertices; a++) for (let b = directed ? 0 : a; b < vertices; b++) kinds.push([a, b]);
  function* choose(from: number, left: number): Generator<number[][]> {
    if (left === 0) yield [];
    else for (let k = from; k < kinds.length; k++) for (const rest of choose(k, left - 1)) yield [kinds[k], ...rest];
  }
  for (const list of choose(0, edges)) yield edgesOf(vertices, list, directed);
}
