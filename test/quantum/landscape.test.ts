/** Tables, quadratic costs, the Walsh transform, optima: closed forms and numbers of the specification. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { product } from "../../src/quantum/ansatz.ts";
import { localMinima, optimumOf } from "../../src/quantum/landscape/optima.ts";
import { otherVariables, parseQuadratic, tabulateQuadratic, writeQuadratic } from "../../src/quantum/landscape/quadratic.ts";
import { bitsOf, bitText, costTable, indexOf, parseCosts, tabulate } from "../../src/quantum/landscape/table.ts";
import {
  haarVariance,
  lowOrderShare,
  popcount,
  productGradientVariance,
  productVariance,
  walsh,
  weightsByOrder,
} from "../../src/quantum/landscape/walsh.ts";
import { valueAndGradient } from "../../src/quantum/simulate.ts";
import { meanCost } from "../../src/quantum/training/objectives.ts";

const costs = Float64Array.of(0.9, 0.1, 0.4, 0.7, 0.2, 0.8, 0.3, 0.6);

test("Walsh coefficients of the small table, and Parseval", () => {
  const spectrum = walsh(costs);
  [0.5, -0.05, 0, 0.1, 0.025, 0.175, -0.025, 0.175].forEach((c, mask) => expect(spectrum[mask]).toBeCloseTo(c, 14));
  const weights = weightsByOrder(spectrum);
  const squares = costs.reduce((sum, c) => sum + c * c, 0) / 8;
  expect(weights.reduce((a, b) => a + b)).toBeCloseTo(squares, 14);
  expect(lowOrderShare(weights)).toBeCloseTo((weights[1] + weights[2]) / (squares - 0.25), 14);
});

test("the laws of variance: product states and random states", () => {
  const spectrum = walsh(costs);
  expect(productVariance(weightsByOrder(spectrum))).toBeCloseTo(0.015703125, 14);
  expect(haarVariance(spectrum)).toBeCloseTo(0.00833333333, 10);
  // E and its gradient are trigonometric polynomials of order 1 in each angle: four equal steps average them exactly
  const angles = Array.from({ length: 64 }, (_, k) => Float64Array.of(k % 4, (k >> 2) % 4, k >> 4).map((v) => (v * Math.PI) / 2));
  const found = angles.map((theta) => valueAndGradient(product(3), theta, meanCost(costs)));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  expect(mean(found.map(({ value }) => (value - 0.5) ** 2))).toBeCloseTo(0.015703125, 14);
  productGradientVariance(spectrum).forEach((v, j) => expect(mean(found.map(({ gradient }) => gradient[j] ** 2))).toBeCloseTo(v, 14));
});

test("E of a product state is the Walsh series in cos θ", () => {
  const theta = Float64Array.of(0.3, 0.8, 1.3);
  const series = walsh(costs).reduce((sum, c, S) => sum + c * theta.reduce((p, t, j) => p * ((S >> j) & 1 ? Math.cos(t) : 1), 1), 0);
  expect(series).toBeCloseTo(0.5966996328878, 12);
  expect(valueAndGradient(product(3), theta, meanCost(costs)).value).toBeCloseTo(series, 13);
});

test("the optimum is the set of all that tie, and local minima are those that no flip improves", () => {
  expect(optimumOf(costs)).toEqual({ minimum: 0.1, set: [1] });
  expect(localMinima(costs)).toEqual([1, 4]);
  expect(optimumOf(Float64Array.of(1, 0, 1e-12, 1)).set).toEqual([1, 2]);
  expect(optimumOf(new Float64Array(4).fill(3)).set).toHaveLength(4);
  expect(localMinima(new Float64Array(4).fill(3))).toHaveLength(4);
});

test("the first parameter is the most significant bit", () => {
  expect([...bitsOf(6, 4)]).toEqual([0, 1, 1, 0]);
  expect(bitText(6, 4)).toBe("0110");
  expect(indexOf([0, 1, 1, 0])).toBe(6);
  expect(tabulate(3, ([a]) => a).costs).toEqual(Float64Array.of(0, 0, 0, 0, 1, 1, 1, 1));
  expect(popcount(0b1011_0111)).toBe(6);
});

test("QUBO and Ising: round trip of text, of variables, and every cost by hand", () => {
  const rng = randomStream(3);
  const linear = rng.normal([5], "f64").data;
  const pairs = [0, 1, 2, 3, 4].flatMap((i) => [0, 1, 2, 3, 4].filter((j) => j > i).map((j) => ({ i, j, value: (i + 1) / (j + 2) })));
  for (const variables of ["bits", "spins"] as const) {
    const quadratic = { of: variables, offset: 0.75, linear, pairs };
    expect(parseQuadratic(writeQuadratic(quadratic), "again", "bits")).toEqual(quadratic);
    const table = tabulateQuadratic(quadratic);
    const plain = tabulate(5, (s) => {
      const v = Array.from(s, (bit) => (variables === "bits" ? bit : 2 * bit - 1));
      return pairs.reduce((sum, { i, j, value }) => sum + value * v[i] * v[j], 0.75 + v.reduce((sum, x, i) => sum + linear[i] * x, 0));
    });
    const other = tabulateQuadratic(otherVariables(quadratic));
    plain.costs.forEach((c, k) => {
      expect(table.costs[k]).toBeCloseTo(c, 12);
      expect(other.costs[k]).toBeCloseTo(c, 12);
    });
  }
  expect(tabulateQuadratic(parseQuadratic("c qbsolv\np qubo 0 3 1 1\n0 0 -1\n0 2 2\n", "q", "bits")).costs).toEqual(
    Float64Array.of(0, 0, 0, 0, -1, 1, -1, 1),
  );
});

test("tables that are none are refused, with the line and what to do", () => {
  const refused = (text: string, message: RegExp) => expect(() => parseCosts(text, "costs.txt")).toThrow(message);
  refused("1\n2\nthree\n4\n", /costs.txt, line 3: "three" is not a finite number/);
  refused("# costs\n1\n\nNaN\n4\n", /costs.txt, line 4: "NaN" is not a finite number/);
  refused("1\nInfinity\n", /line 2/);
  refused("1\n2\n3\n", /costs.txt has 3 numbers, which is not a power of two/);
  refused("", /0 numbers/);
  refused("1,2\n3,4\n", /line 1: "1,2"/);
  expect(() => costTable(Float64Array.of(1, Number.NaN), "an array")).toThrow("an array, value 2: NaN is no cost");
  expect(() => tabulate(30, () => 0)).toThrow(/30 bits have 2\^30 configurations: the table and two states need 24 GiB/);
  expect(parseCosts("\uFEFF1\r\n2\r\n", "dos.txt").costs).toEqual(Float64Array.of(1, 2));
  const bad = (text: string, message: RegExp) => expect(() => parseQuadratic(text, "q.txt", "bits")).toThrow(message);
  bad("0 1 2\n0 x 1", /q.txt, line 2: "0 x 1" is no term/);
  bad("0 1 nan", /line 1: "nan" is no coefficient/);
  bad("# vartype=TERNARY", /neither SPIN nor BINARY/);
  bad("", /there is no term/);
  bad("0 40 1", /41 bits/);
});
