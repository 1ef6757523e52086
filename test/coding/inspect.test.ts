import { expect, test } from "vitest";
import { distinctEdges, encodeGraph, graph, inspectGraph, sameGraph } from "../../src/coding/index.ts";

/** A triangle with a loop at 0, the edge 1 - 2 twice, and a vertex on no edge. */
const small = graph(
  [
    [0, 1],
    [1, 2],
    [2, 1],
    [2, 0],
    [0, 0],
  ],
  { vertices: 4 },
);

test("an inspection counts what a hand counts", () => {
  const { vertices, edges, isolated, loops, repeats, meanDegree, largestDegree, reciprocal } = inspectGraph(small);
  expect({ vertices, edges, isolated, loops, repeats }).toEqual({ vertices: 4, edges: 5, isolated: 1, loops: 1, repeats: 1 });
  // degrees 4 (a loop counts twice), 3, 3, 0
  expect([meanDegree, largestDegree, reciprocal]).toEqual([2.5, 4, undefined]);
  const directed = graph([...Array.from({ length: 3 }, (_, i) => [i, i + 1] as const), [1, 0]], { directed: true });
  expect(inspectGraph(directed).reciprocal).toBe(0.5);
});

test("other compressors see the sorted edges as text, and their differences as varints", () => {
  const seen: number[][] = [];
  const { sizes } = inspectGraph(graph([[0, 300]], { directed: true }), (bytes) => {
    seen.push([...bytes]);
    return [{ name: "count", bytes: bytes.length }];
  });
  expect(String.fromCharCode(...seen[0])).toBe("0\t300\n");
  // first end 0; second less first is 300, whose zigzag number 600 is 88 + 4 · 128
  expect(seen[1]).toEqual([0, 128 + 88, 4]);
  expect(sizes.filter(({ kind }) => kind === "general").map(({ name, bits }) => [name, bits])).toEqual([
    ["text, count", 48],
    ["varint gaps, count", 24],
  ]);
});

test("graphs are the same whatever the order of edges and ends, and without repeats they are not", () => {
  const other = graph(
    [
      [0, 0],
      [0, 2],
      [1, 2],
      [1, 0],
      [1, 2],
    ],
    { vertices: 4 },
  );
  expect(sameGraph(small, other)).toBe(true);
  expect(sameGraph(small, { ...small, names: ["a", "b", "c", "d"] })).toBe(false);
  expect(sameGraph(small, { ...small, vertices: 5 })).toBe(false);
  expect(sameGraph(small, distinctEdges(small))).toBe(false);
  expect(distinctEdges(small).pairs.length / 2).toBe(4);
});

test("the bytes of names are those by which a file with names is longer", () => {
  const names = ["ann", "bob", "eve"];
  const g = { vertices: 3, directed: false, pairs: Uint32Array.of(0, 1, 1, 2) };
  const longer = encodeGraph({ ...g, names }, { model: "urn" }).length - encodeGraph(g, { model: "urn" }).length;
  expect([inspectGraph({ ...g, names }).nameBytes, inspectGraph(g).nameBytes]).toEqual([longer, 0]);
});
