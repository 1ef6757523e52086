/** What spares memory and copies changes no graph and no byte. */
import { expect, test } from "vitest";
import { canonicalPairs, edgeSum, makeCanonical } from "../../src/coding/graph.ts";
import { decodeGraph, encodeGraph, type Graph } from "../../src/coding/index.ts";
import { withOneMemory } from "../../src/coding/kernel.ts";
import { random, randomGraph } from "./known.ts";

const below = random(5);
const graphs = Array.from({ length: 200 }, () => randomGraph(below, 200));

/** The same graph: its edges in another order, and turned round if they have no direction. */
function reordered(g: Graph): Graph {
  const edges = Array.from({ length: g.pairs.length / 2 }, (_, i) => [g.pairs[2 * i], g.pairs[2 * i + 1]]);
  for (let i = edges.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [edges[i], edges[j]] = [edges[j], edges[i]];
  }
  const turned = edges.map(([a, b]) => (!g.directed && below(2) ? [b, a] : [a, b]));
  return { ...g, pairs: Uint32Array.from(turned.flat()) };
}

test("edges are sorted where they lie into the order of canonicalPairs", () => {
  for (const g of graphs) {
    const other = reordered(g);
    const { pairs } = other;
    makeCanonical(other);
    expect(other.pairs).toBe(pairs);
    expect([...pairs]).toEqual([...canonicalPairs(g)]);
  }
});

test("the edges of a graph with columns stay in their order", () => {
  const pairs = Uint32Array.of(1, 0, 0, 1);
  makeCanonical({ vertices: 2, directed: false, pairs, columns: [{ name: "weight", kind: "number", values: Float64Array.of(1, 2) }] });
  expect([...pairs]).toEqual([1, 0, 0, 1]);
});

test("the sum over the edges is that of the graph, in whatever order; with one end changed, one edge more or less it is another", () => {
  for (const g of graphs.filter(({ pairs }) => pairs.length > 0)) {
    expect(edgeSum(reordered(g))).toEqual(edgeSum(g));
    const at = below(g.pairs.length);
    const changed = g.pairs.with(at, (g.pairs[at] + 1) % 2 ** 30);
    const more = Uint32Array.from([...g.pairs, ...g.pairs.subarray(0, 2)]);
    for (const pairs of [changed, more, g.pairs.slice(2)]) expect(edgeSum({ ...g, pairs })).not.toEqual(edgeSum(g));
  }
});

test("a graph that stays where it was decoded is the graph, whatever is coded after it", () => {
  const kept = graphs.map((g) => decodeGraph(encodeGraph(g, { model: "urn" }), { lends: true }));
  kept.forEach(({ pairs }, i) => void expect([...pairs]).toEqual([...canonicalPairs(graphs[i])]));
});

test("runs that use one memory in turn give the bytes and graphs of runs with memory of their own", async () => {
  const alone = graphs.map((g) => encodeGraph(g));
  const together = await withOneMemory(async () =>
    graphs.map((g) => {
      const bytes = encodeGraph(g);
      return { bytes, back: [...decodeGraph(bytes, { lends: true }).pairs] };
    }),
  );
  together.forEach(({ bytes, back }, i) => void expect([[...bytes], back]).toEqual([[...alone[i]], [...canonicalPairs(graphs[i])]]));
});
