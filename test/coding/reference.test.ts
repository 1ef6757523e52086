import { expect, test } from "vitest";
import { type Ans, ans, height, pop, push, renormalize } from "../../src/coding/ans.ts";
import { draw, uniform, urn } from "../../src/coding/codecs.ts";
import { canonicalPairs, type Graph } from "../../src/coding/graph.ts";
import { edgeFacts, urnIdeal } from "../../src/coding/ideal.ts";
import { multiset, popElement, pushElement } from "../../src/coding/multiset.ts";
import { countTree } from "../../src/coding/order.ts";
import { HEAD } from "../../src/coding/plan.ts";
import { decodeEdges, encodeEdges } from "../../src/coding/reference.ts";
import { allGraphs, edgesOf, karate, lexicographic, plan, random, randomGraph } from "./known.ts";

const vector = (g: Graph, prior = 1) => {
  const { streams, states } = encodeEdges(plan(g, prior), g.pairs, undefined, lexicographic(g.vertices));
  return { head: streams[0].head, bytes: [...streams[0].bytes], underflow: states[0].underflow };
};

test("states of small graphs, edges in lexicographic order, are the published ones", () => {
  const triangle = [
    [0, 1],
    [0, 2],
    [1, 2],
  ];
  expect(vector(edgesOf(2, [[0, 1]]))).toEqual({ head: 105553116266497, bytes: [], underflow: 0 });
  expect(vector(edgesOf(3, triangle))).toEqual({ head: 1847179534663686, bytes: [0x03], underflow: 1 });
  expect(
    vector(
      edgesOf(4, [
        [0, 1],
        [0, 2],
        [0, 3],
      ]),
    ),
  ).toMatchObject({ head: 7388718138654241, bytes: [0xfe] });
  expect(
    vector(
      edgesOf(
        3,
        [
          [0, 1],
          [1, 2],
          [2, 0],
        ],
        true,
      ),
    ),
  ).toEqual({ head: 57724360458244, bytes: [0x78], underflow: 0 });
  expect(vector(edgesOf(3, triangle), 2)).toMatchObject({ head: 1128831937849941, bytes: [0xac] });
  const club = vector(karate);
  expect(club).toMatchObject({ head: 367778771486791, underflow: 1 });
  expect(club.bytes.length).toBe(41);
  expect(club.bytes.slice(0, 8)).toEqual([0x63, 0xfc, 0xbc, 0xa2, 0x59, 0x3d, 0x01, 0x04]);
});

test("the state grows by the ideal size and nothing else", () => {
  const below = random(11);
  for (let trial = 0; trial < 200; trial++) {
    const g = randomGraph(below, 120);
    const pairs = canonicalPairs(g);
    const { states } = encodeEdges(plan(g), pairs);
    const grown = height(states[0]) - 45 - 8 * states[0].underflow;
    expect(Math.abs(grown - urnIdeal(g, edgeFacts(pairs), 1))).toBeLessThan(1e-6);
  }
});

test("from any initial state, decoding gives back the graph and the state", () => {
  const below = random(5);
  for (let trial = 0; trial < 100; trial++) {
    const g = randomGraph(below, 60);
    const first: Ans = ans(
      HEAD + below(2 ** 30) * 2 ** 14 + below(2 ** 14),
      Array.from({ length: 40 }, () => below(256)),
    );
    const { streams, states } = encodeEdges(plan(g), canonicalPairs(g), () => ({ ...first, stack: [...first.stack] }));
    if (states[0].underflow > 0) continue; // the forty bytes were used up, and zeros below them
    const decoded = decodeEdges(plan(g), streams);
    expect(decoded.pairs).toEqual([...canonicalPairs(g)]);
    expect(decoded.states[0]).toEqual(first);
  }
});

test("two graphs share one state at the cost of the sum", () => {
  const [g, h] = [
    karate,
    edgesOf(34, [
      [0, 1],
      [0, 2],
      [5, 5],
    ]),
  ];
  const both = encodeEdges(plan(h), canonicalPairs(h), () => {
    const { head, stack, underflow } = encodeEdges(plan(g), g.pairs).states[0];
    return { head, stack: [...stack], underflow };
  });
  const total = [g, h].reduce((sum, x) => sum + urnIdeal(x, edgeFacts(canonicalPairs(x)), 1), 0);
  expect(height(both.states[0]) - 45 - 8 * both.states[0].underflow).toBeCloseTo(total, 6);
  const second = decodeEdges(plan(h), both.streams);
  const rest = { head: second.states[0].head, bytes: Uint8Array.from(second.states[0].stack) };
  expect(decodeEdges(plan(g), [rest]).pairs).toEqual([...g.pairs]);
});

test("the decoder on random bits samples the urn model: chi-square over all 56 graphs of 3 vertices and 3 edges", () => {
  const below = random(2024);
  const draws = 24_000;
  const seen = new Map<string, number>();
  const shape = plan(
    edgesOf(3, [
      [0, 1],
      [0, 2],
      [1, 2],
    ]),
  );
  for (let i = 0; i < draws; i++) {
    const head = HEAD + below(2 ** 22) * 2 ** 23 + below(2 ** 23);
    const bytes = Uint8Array.from({ length: 12 }, () => below(256));
    const key = decodeEdges(shape, [{ head, bytes }]).pairs.join();
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  let chi = 0;
  let kinds = 0;
  for (const g of allGraphs(3, 3, false)) {
    const expected = draws * 2 ** -urnIdeal(g, edgeFacts(g.pairs), 1);
    chi += ((seen.get([...g.pairs].join()) ?? 0) - expected) ** 2 / expected;
    kinds++;
  }
  expect(kinds).toBe(56);
  // mean 55, standard deviation sqrt(110): five of them, one false alarm in about a million correct builds
  expect(chi).toBeLessThan(55 + 5 * Math.sqrt(110));
  const triangle = (seen.get("0,1,0,2,1,2") ?? 0) / draws;
  expect(Math.abs(triangle - 2 / 105)).toBeLessThan(5 * 8.8e-4);
});

test("push and pop are inverse both ways, for any size of alphabet", () => {
  const below = random(1);
  for (let trial = 0; trial < 2000; trial++) {
    const M = 1 + below(2 ** (1 + below(31)));
    const start = below(M);
    const f = 1 + below(M - start);
    const state = ans(
      HEAD + below(2 ** 31) * 2 ** 14,
      Array.from({ length: 12 }, () => below(256)),
    );
    const before = structuredClone(state);
    push(state, start, f, M);
    expect(pop(state, M, (slot) => ({ start, f, symbol: slot >= start && slot < start + f }))).toBe(true);
    renormalize(state, HEAD);
    expect(state).toEqual(before);
    const codec = uniform(M);
    const symbol = codec.pop(state);
    codec.push(state, symbol);
    renormalize(state, HEAD);
    expect(state).toEqual(before);
  }
});

test("a multiset gives back exactly the bits of its order: log2 n!/Π μ!", () => {
  const keys = [5n, 5n, 5n, 7n, 9n, 9n, 12n];
  const set = multiset(keys);
  const state = ans(HEAD, new Array(20).fill(170));
  const before = height(state);
  const order: bigint[] = [];
  while (set.sorted.length > 0) order.push(popElement(state, set));
  expect(before - height(state)).toBeCloseTo(Math.log2(5040 / (6 * 2)), 9);
  for (const key of order.reverse()) pushElement(state, set, key);
  renormalize(state, HEAD);
  expect(height(state)).toBe(before);
  expect(set.sorted).toEqual(keys);
});

test("urn draws from a range cost log2 total / weight and come back", () => {
  const weights = urn([3, 1, 4, 1, 5, 9, 2, 6], 2);
  const codec = draw(weights, 2, 6);
  weights.weights.add(4, 2);
  const state = ans(HEAD, new Array(10).fill(85));
  const before = height(state);
  codec.push(state, 4);
  expect(height(state) - before).toBeCloseTo(Math.log2(19 / 5), 9);
  expect(codec.pop(state)).toBe(4);
  expect(weights.weights.at(4)).toBe(7);
});

test("the count tree agrees with plain sums", () => {
  const below = random(9);
  const counts = Array.from({ length: 77 }, () => below(4));
  const tree = countTree(counts);
  for (let trial = 0; trial < 300; trial++) {
    const i = below(77);
    tree.add(i, 1);
    counts[i]++;
    const before = counts.slice(0, i).reduce((a, b) => a + b, 0);
    expect(tree.before(i)).toBe(before);
    expect(tree.at(i)).toBe(counts[i]);
    expect(tree.find(before)).toBe(i);
    expect(tree.find(before + counts[i] - 1)).toBe(i);
  }
});
