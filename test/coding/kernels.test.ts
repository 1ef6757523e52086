import { expect, test } from "vitest";
import { decodeGaps, encodeGaps, gapIdeal, READINGS } from "../../src/coding/gaps.ts";
import { decodeRows, encodeRows, type Rows } from "../../src/coding/gaps-reference.ts";
import { canonicalPairs, type Graph } from "../../src/coding/graph.ts";
import type { Plan, Stream } from "../../src/coding/plan.ts";
import { decodeEdges, encodeEdges, sortPairs } from "../../src/coding/rec.ts";
import * as reference from "../../src/coding/reference.ts";
import { random, randomGraph, sameNumbers } from "./known.ts";

const plain = (streams: readonly Stream[]) => streams.map(({ head, bytes }) => ({ head, bytes: [...bytes] }));

/** Random sizes that add up to n. */
function cut(below: (limit: number) => number, n: number): number[] {
  const sizes: number[] = [];
  for (let rest = n; rest > 0; rest -= sizes.at(-1)!) sizes.push(1 + below(rest));
  return sizes;
}

test("the WebAssembly coder writes and reads the reference's bytes: blocks, two sides, lanes, priors, repeats, loops", () => {
  const below = random(42);
  let repeats = 0;
  for (let trial = 0; trial < 700; trial++) {
    const g = randomGraph(below, 150);
    const m = g.pairs.length / 2;
    if (m === 0) continue;
    const n = g.vertices;
    if (n > 400) continue;
    const two = g.directed && below(2) === 1;
    const blocks = (two || !g.directed) && below(2) === 1;
    const left = blocks ? cut(below, n) : [n];
    const right = two ? (blocks ? cut(below, n) : [n]) : undefined;
    const sides = { left, ...(right ? { right } : {}), directed: g.directed };
    const prior = Uint32Array.from({ length: two ? 2 * n : n }, () => 1 + below(4));
    const pairs = canonicalPairs(g);
    const { plan, streams } = encodeEdges({ ...sides, prior, step: 1 + below(3), edges: m, lanes: [1, 2, 3, 8, 64][below(5)] }, pairs, 0);
    if (plan.repeats) repeats++;
    expect(plain(streams)).toEqual(plain(reference.encodeEdges(plan, pairs).streams));
    expect([...decodeEdges(plan, streams)]).toEqual([...pairs]);
    expect(reference.decodeEdges(plan, streams).pairs).toEqual([...pairs]);
  }
  expect(repeats).toBeGreaterThan(50);
});

test("a bucket that is full overflows and is still ranked: many edges of one pair, a complete graph, a star", () => {
  const star = Uint32Array.from({ length: 40_000 }, (_, i) => (i % 2 ? (i + 1) / 2 : 0));
  const complete: number[] = [];
  for (let a = 0; a < 200; a++) for (let b = a + 1; b < 200; b++) complete.push(a, b);
  const copies = new Uint32Array(20_000).map((_, i) => i % 2);
  for (const pairs of [star, Uint32Array.from(complete), copies]) {
    const n = pairs.reduce((a, b) => Math.max(a, b), 0) + 1;
    const { plan, streams } = encodeEdges(
      { left: [n], directed: false, prior: new Uint32Array(n).fill(1), step: 1, edges: pairs.length / 2, lanes: 8 },
      pairs,
      0,
    );
    expect(sameNumbers(decodeEdges(plan, streams), pairs)).toBe(true);
  }
});

test("a decoder that is told a wrong seed, a wrong prior or a wrong number of edges refuses", () => {
  const g = randomGraph(random(8), 300);
  const pairs = canonicalPairs({ ...g, directed: true });
  const prior = new Uint32Array(g.vertices).fill(1);
  const { plan, streams } = encodeEdges(
    { left: [g.vertices], directed: true, prior, step: 1, edges: pairs.length / 2, lanes: 1 },
    pairs,
    0,
  );
  const wrong: Plan[] = [
    { ...plan, seed: 1 },
    { ...plan, step: 2 },
    { ...plan, edges: plan.edges - 1 },
    { ...plan, edges: plan.edges + 1 },
    { ...plan, directed: false },
  ];
  for (const other of wrong) expect(() => decodeEdges(other, streams)).toThrow(/damaged/);
});

const rowsOf = (g: Graph, repeats: boolean): Rows => {
  const rows: number[][] = Array.from({ length: g.vertices }, () => []);
  const counts: number[][] = Array.from({ length: g.vertices }, () => []);
  const pairs = canonicalPairs(g);
  for (let i = 0; i < pairs.length; i += 2) {
    const [row, count] = [rows[pairs[i]], counts[pairs[i]]];
    if (row.at(-1) === pairs[i + 1]) count[row.length - 1]++;
    else {
      row.push(pairs[i + 1]);
      count.push(1);
    }
  }
  return repeats ? { rows, counts } : { rows };
};

test("the WebAssembly gap coder writes and reads the reference's bytes, in all four readings", () => {
  const below = random(77);
  for (let trial = 0; trial < 120; trial++) {
    const g = randomGraph(below, 200);
    if (g.vertices > 2000 || g.pairs.length === 0) continue;
    const reading = READINGS[trial % 4];
    const coded = encodeGaps(g, reading);
    expect([...decodeGaps(g, g.pairs.length / 2, coded)]).toEqual([...canonicalPairs(g)]);
    if (reading.transposed || reading.reversed) continue;
    const rows = rowsOf(g, coded.repeats);
    expect(plain(encodeRows(g.vertices, rows))).toEqual(plain(coded.streams));
    expect(decodeRows(g.vertices, coded.distinct, coded.repeats, coded.streams)).toEqual(rows);
  }
});

test("gaps of a graph with locality, of more than one block of decisions, cost what was measured before", () => {
  const below = random(6);
  const edges: number[] = [];
  const n = 30_000;
  for (let u = 0; u < n; u++)
    for (let i = 0; i < 6; i++) {
      const copy = edges.length > 400 && below(3) > 0;
      edges.push(u, copy ? edges[edges.length - 1 - 2 * below(100)] : Math.min(n - 1, u + below(1000)));
    }
  const g: Graph = { vertices: n, directed: true, pairs: Uint32Array.from(edges) };
  const ideal = gapIdeal(g);
  const coded = encodeGaps(g, ideal.reading);
  const bits = coded.streams.reduce((sum, { bytes }) => sum + 8 * bytes.length + 56, 0);
  expect(ideal.exact).toBe(true);
  expect(coded.streams.length).toBeGreaterThan(1);
  // 56 bits a block for the head, of which log2 of a uniform head is wasted, and nothing else but 2^-29 a decision
  expect(bits - ideal.bits).toBeGreaterThan(0);
  expect(bits - ideal.bits).toBeLessThan(57 * coded.streams.length + 1);
  expect(sameNumbers(decodeGaps(g, g.pairs.length / 2, coded), canonicalPairs(g))).toBe(true);
});

test("pairs are sorted by radix", () => {
  const below = random(4);
  const pairs = Uint32Array.from({ length: 5000 }, (_, i) => below(i % 2 ? 1000 : 70_000));
  const sorted = sortPairs(pairs, 17, 10);
  const expected = Array.from({ length: 2500 }, (_, i) => [pairs[2 * i], pairs[2 * i + 1]]).sort(([a, b], [c, d]) => a - c || b - d);
  expect([...sorted]).toEqual(expected.flat());
});
