/** Estimators from neighbours: published numbers, closed forms, invariances. */
import { expect, test } from "vitest";
import { blockErrors } from "../../../src/information/samples/blocks.ts";
import { digamma, digammas } from "../../../src/information/samples/digamma.ts";
import { firstTerms, meanOf, secondTerms } from "../../../src/information/samples/ksg.ts";
import { neighbours } from "../../../src/information/samples/neighbours.ts";
import { type Side, takeRows } from "../../../src/information/samples/side.ts";
import { tableInformation } from "../../../src/information/samples/table.ts";
import { draws, labels, normalInformation, normalPairs, numbers } from "./pairs.ts";

const first = async (x: Side, z: Side, k = 3): Promise<number> => meanOf(firstTerms(await neighbours([x, z], k)(x, z)));
const second = async (x: Side, z: Side, k = 3): Promise<number> => meanOf(secondTerms(await neighbours([x, z], k)(x, z)));

test("digamma: known values, the recurrence, Euler's constant", () => {
  // ψ(1) = -γ, ψ(1/2) = -γ - 2 log 2, ψ(n + 1) = ψ(n) + 1/n
  expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 14);
  expect(digamma(0.5)).toBeCloseTo(-1.9635100260214235, 14);
  for (const x of [0.1, 1.7, 9.99, 10, 123.4]) expect(digamma(x + 1)).toBeCloseTo(digamma(x) + 1 / x, 13);
  expect(digammas(3)[3]).toBeCloseTo(-0.5772156649015329 + 1.5, 14);
});

test("five points: 0.1166666667 nats, as NPEET prints it in bits", async () => {
  const [x, z] = [numbers([1.3, 3.7, 5.1, 2.4, 3.4]), numbers([1.5, 3.32, 5.3, 2.3, 3.3])];
  expect(await first(x, z)).toBeCloseTo(0.1166666667, 10);
});

test("a deterministic example of 200 points, computed independently", async () => {
  const i = Array.from({ length: 200 }, (_, j) => j + 1);
  const [x, z] = [numbers(i.map(Math.sin)), numbers(i.map((v) => Math.sin(v) + 0.3 * Math.cos(7 * v)))];
  for (const [k, value] of [
    [1, 2.2698567106],
    [3, 1.9157492081],
    [5, 1.4057303758],
  ])
    expect(await first(x, z, k)).toBeCloseTo(value, 9);
  expect(await second(x, z)).toBeCloseTo(2.1738391498, 9);
});

test("normal pairs, one and two dimensions, within four errors of blocks", async () => {
  for (const [d, rho] of [
    [1, 0.75],
    [1, 0],
    [2, 0.6],
  ]) {
    const [x, z] = normalPairs(1000, rho, d, draws(`normal ${d} ${rho}`));
    const count = neighbours([x, z], 3);
    const estimate = async (rows: Int32Array) => [meanOf(firstTerms(await count(takeRows(x, rows), takeRows(z, rows))))];
    const [error] = (await blockErrors(estimate, 1000, draws(1)))!;
    const found = await first(x, z);
    // the bias of KSG-1 is below the error at these dimensions (Kraskov et al., fig. 4)
    expect(Math.abs(found - normalInformation(rho, d))).toBeLessThan(4 * error);
  }
});

test("Student's t with identity scale depends: its information is met", async () => {
  // (x, z) = normal / √(χ²₁): I = 0.22417143 for one column each and one degree of freedom
  const rng = draws("student");
  const n = 2000;
  const [a, b, c] = [0, 1, 2].map(() => rng.normal([n], "f64").data);
  const [x, z] = [numbers(a.map((v, i) => Math.asinh(v / Math.abs(c[i])))), numbers(b.map((v, i) => Math.asinh(v / Math.abs(c[i]))))];
  // sd of the mean of i(x, z) at n = 2000 is about 0.015; asinh keeps the information and tames the tails
  expect(Math.abs((await first(x, z)) - 0.22417143)).toBeLessThan(0.06);
});

test("additive uniform noise: 1/3 nat", async () => {
  const rng = draws("uniform");
  const x = rng.uniform([2000], "f64", 0, 1).data;
  const noise = rng.uniform([2000], "f64", -0.75, 0.75).data;
  expect(Math.abs((await first(numbers(x), numbers(x.map((v, i) => v + noise[i])))) - 1 / 3)).toBeLessThan(0.08);
});

test("permuting rows together changes nothing; swapping the sides neither", async () => {
  const [x, z] = normalPairs(300, 0.8, 2, draws(5));
  const order = draws(6).permutation(300).data;
  const value = await first(x, z);
  expect(await first(takeRows(x, order), takeRows(z, order))).toBeCloseTo(value, 12);
  expect(await first(z, x)).toBeCloseTo(value, 12);
});

test("monotone maps of the columns change it little", async () => {
  const [x, z] = normalPairs(1000, 0.75, 1, draws(7));
  const value = await first(x, z);
  const mapped = await first(numbers(x.columns[0].map((v) => Math.asinh(2 * v))), numbers(z.columns[0].map((v) => v ** 3 + 3 * v)));
  expect(Math.abs(mapped - value)).toBeLessThan(0.05);
});

test("labels against numbers: X on 0 … m - 1, Z uniform on [X, X + 2], I = log m - (m - 1) log 2 / m", async () => {
  const rng = draws("mixed");
  for (const m of [2, 5]) {
    const label = rng.integers(0, m, [2000]).data;
    const u = rng.uniform([2000], "f64", 0, 2).data;
    const [x, z] = [labels(label), numbers(u.map((v, i) => v + label[i]))];
    const truth = Math.log(m) - ((m - 1) * Math.log(2)) / m;
    // i(x, z) has a standard deviation below log m, so the mean of 2000 one below 0.036
    expect(Math.abs((await first(x, z)) - truth)).toBeLessThan(0.12);
    // the same integers taken as numbers with ties
    expect(Math.abs((await first(numbers(label), z)) - truth)).toBeLessThan(0.12);
  }
});

test("on labels alone the neighbours count: the plug-in estimate with its correction, to O(1/n²) of each cell", async () => {
  const rng = draws("labels");
  const a = rng.integers(0, 3, [900]).data;
  const b = a.map((v, i) => (rng.fold(i).uniform([1]).data[0] < 0.5 ? v : (v + 1) % 3));
  const counted = tableInformation(a, b);
  const found = await first(numbers(a), numbers(b));
  // ψ(n) = log n - 1/2n - 1/12n² + …: six cells of 150 rows or so leave 6 / (12 · 150 · 900) and the like
  expect(Math.abs(found - counted.value)).toBeLessThan(1e-4);
});

test("a label beside a number that says nothing: the information of the label", async () => {
  const rng = draws("beside");
  const label = rng.integers(0, 3, [1500]).data;
  const [u, v] = [rng.uniform([1500], "f64", 0, 2).data, rng.normal([1500], "f64").data];
  const z = numbers(u.map((value, i) => value + label[i]));
  const truth = Math.log(3) - (2 * Math.log(2)) / 3;
  const mixed = { ...numbers(label, v), levels: [3, 0] };
  expect(Math.abs((await first(mixed, z)) - truth)).toBeLessThan(0.12);
});
