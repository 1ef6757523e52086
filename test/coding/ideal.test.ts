import { expect, test } from "vitest";
import { canonicalPairs, type Graph } from "../../src/coding/graph.ts";
import {
  blockUrnIdeal,
  degreeCounts,
  degrees,
  edgeFacts,
  fitBias,
  labelBits,
  lnGamma,
  urnBits,
  urnBitsSlope,
  urnIdeal,
} from "../../src/coding/ideal.ts";
import { allGraphs, edgesOf, karate, random, randomGraph } from "./known.ts";

const bits = (g: Graph, bias = 1, separate = false) => urnIdeal(g, edgeFacts(canonicalPairs(g)), bias, separate);
const log2 = Math.log2;

test("the ideal size of small graphs is the rational probability of the urn", () => {
  const triangle = [
    [0, 1],
    [0, 2],
    [1, 2],
  ];
  const cases: [Graph, number, number?][] = [
    [edgesOf(2, [[0, 1]]), log2(3)],
    [edgesOf(2, [[0, 0]]), log2(3)],
    [
      edgesOf(3, [
        [0, 1],
        [1, 2],
      ]),
      log2(45 / 2),
    ],
    [edgesOf(3, triangle), log2(105 / 2)],
    [edgesOf(3, triangle), log2(385 / 12), 2],
    [edgesOf(3, triangle), log2(5005 / 48), 0.5],
    [edgesOf(4, triangle), log2(315 / 2)],
    [
      edgesOf(4, [
        [0, 1],
        [0, 2],
        [0, 3],
      ]),
      log2(210),
    ],
    [
      edgesOf(4, [
        [0, 1],
        [1, 2],
        [2, 3],
      ]),
      log2(315),
    ],
    [
      edgesOf(4, [
        [0, 1],
        [2, 3],
      ]),
      log2(105),
    ],
    [
      edgesOf(4, [
        [0, 1],
        [1, 2],
        [2, 3],
        [0, 3],
      ]),
      log2(17325 / 16),
    ],
    [
      edgesOf(4, [
        [0, 1],
        [0, 2],
        [0, 3],
        [1, 2],
        [1, 3],
        [2, 3],
      ]),
      log2(175175 / 48),
    ],
    [
      edgesOf(2, [
        [0, 1],
        [0, 1],
      ]),
      log2(15 / 2),
    ],
    [
      edgesOf(2, [
        [0, 0],
        [0, 1],
      ]),
      log2(5),
    ],
    [
      edgesOf(3, [
        [0, 0],
        [0, 1],
        [0, 1],
        [1, 2],
      ]),
      log2(525 / 4),
    ],
    [
      edgesOf(
        3,
        [
          [0, 1],
          [1, 2],
          [2, 0],
        ],
        true,
      ),
      log2(420),
    ],
    [
      edgesOf(
        2,
        [
          [0, 1],
          [0, 1],
        ],
        true,
      ),
      log2(30),
    ],
  ];
  for (const [g, expected, bias] of cases) expect(bits(g, bias)).toBeCloseTo(expected, 9);
  expect(
    bits(
      edgesOf(
        3,
        [
          [0, 1],
          [1, 2],
          [2, 0],
        ],
        true,
      ),
      1,
      true,
    ),
  ).toBeCloseTo(log2(600), 9);
});

test("karate has 323.3858 bits, and the published values at other biases", () => {
  expect(bits(karate)).toBeCloseTo(323.3858, 4);
  expect(bits(karate, 0.5)).toBeCloseTo(335.8636, 4);
  expect(bits(karate, 2)).toBeCloseTo(316.895, 3);
  expect(bits(karate, 4)).toBeCloseTo(316.012, 3);
});

test.each([
  [3, 2, 1, false],
  [4, 3, 1, false],
  [3, 3, 0.5, false],
  [2, 5, 3, false],
  [3, 2, 1, true],
  [2, 3, 0.5, true],
])("probabilities of all multigraphs with n=%i, m=%i, bias %d, directed %s sum to one", (n, m, bias, directed) => {
  for (const separate of directed ? [false, true] : [false]) {
    let total = 0;
    for (const g of allGraphs(n, m, directed)) total += 2 ** -bits(g, bias, separate);
    expect(total).toBeCloseTo(1, 12);
  }
});

test("probabilities of all multigraphs sum to one under blocks, given the labels", () => {
  for (const directed of [false, true]) {
    let total = 0;
    for (const g of allGraphs(3, 3, directed)) total += 2 ** -(blockUrnIdeal(g, g.pairs, [0, 1, 1], [1, 2]) - labelBits([1, 2]));
    expect(total).toBeCloseTo(1, 12);
  }
});

test("the two-part reading, degrees then matching, is the same number for simple graphs at bias one", () => {
  const log2Factorial = (n: number) => lnGamma(n + 1) / Math.LN2;
  const n = karate.vertices;
  const m = karate.pairs.length / 2;
  const degreePart = log2Factorial(2 * m + n - 1) - log2Factorial(n - 1) - log2Factorial(2 * m);
  const doubleFactorial = log2Factorial(2 * m) - m - log2Factorial(m); // (2m - 1)!!
  const own = degrees(karate).reduce((sum, d) => sum + log2Factorial(d), 0);
  expect(bits(karate)).toBeCloseTo(degreePart + doubleFactorial - own, 8);
});

test("the formula is the product of the sequential probabilities", () => {
  const g = randomGraph(random(3), 300);
  const counts = new Map<number, number>();
  let sequence = 0;
  g.pairs.forEach((v, i) => {
    sequence -= log2(((counts.get(v) ?? 0) + 0.75) / (i + g.vertices * 0.75));
    counts.set(v, (counts.get(v) ?? 0) + 1);
  });
  expect(urnBits(degreeCounts(degrees(g)), 0.75)).toBeCloseTo(sequence, 8);
});

test("relabelling, reordering and turning edges round change nothing", () => {
  const below = random(7);
  const n = karate.vertices;
  const to = Array.from({ length: n }, (_, i) => i).sort(() => below(3) - 1);
  const edges: number[][] = [];
  for (let i = 0; i < karate.pairs.length; i += 2) edges.push([to[karate.pairs[i + 1]], to[karate.pairs[i]]]);
  expect(bits(edgesOf(n, edges.reverse()))).toBeCloseTo(bits(karate), 9);
});

test("repeats are accounted for: twice every edge costs one bit a pair more than the formula for simple graphs says", () => {
  const twice = edgesOf(34, [[...karate.pairs], [...karate.pairs]]);
  const facts = edgeFacts(canonicalPairs(twice));
  const naive = urnIdeal(twice, { ...facts, repeatBits: 0 }, 1);
  expect(bits(twice) - naive).toBeCloseTo(78, 9);
});

test("the block urn with one block is the urn, and two clubs do not pay for karate", () => {
  expect(blockUrnIdeal(karate, karate.pairs, new Array(34).fill(0), [34])).toBeCloseTo(bits(karate), 8);
  const first = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21]);
  const labels = Array.from({ length: 34 }, (_, v) => (first.has(v) ? 0 : 1));
  expect(labelBits([17, 17])).toBeCloseTo(36.249197, 6);
  expect(blockUrnIdeal(karate, karate.pairs, labels, [17, 17]) - labelBits([17, 17])).toBeCloseTo(295.2620474519929, 8);
});

test("copies of one edge cost log2 (2m+1)!/m!² - m bits", () => {
  const m = 40;
  const g = edgesOf(2, new Array(m).fill([0, 1]));
  expect(bits(g)).toBeCloseTo((lnGamma(2 * m + 2) - 2 * lnGamma(m + 1)) / Math.LN2 - m, 9);
});

test("the fitted bias of karate is 3.1728, and the slope is the central difference", () => {
  const counts = degreeCounts(degrees(karate));
  expect(fitBias(counts)).toBeCloseTo(3.1728, 3);
  expect(bits(karate, fitBias(counts)) / 78).toBeCloseTo(4.0482, 4);
  for (const b of [0.3, 1, 5]) {
    const h = 1e-5 * b;
    const central = (urnBits(counts, b + h) - urnBits(counts, b - h)) / (2 * h);
    expect(Math.abs(urnBitsSlope(counts, b) / central - 1)).toBeLessThan(1e-7);
  }
});

test("ln Γ agrees with factorials and with Γ(1/2)", () => {
  let factorial = 0;
  for (let n = 1; n < 170; n++) {
    expect(Math.abs(lnGamma(n) - factorial)).toBeLessThan(1e-13 * Math.max(1, factorial));
    factorial += Math.log(n);
  }
  expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 14);
});
