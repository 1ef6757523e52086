import { expect, test } from "vitest";
import * as nd from "../../src/array/index.ts";
import { initializers as init } from "../../src/nn/index.ts";
import { mean, variance } from "./differences.ts";

const rng = nd.randomStream("initializers");

// 5 standard errors: of the mean √(v/n), of the variance v √((k - 1)/n) with kurtosis k <= 3
const cases: [string, init.Initializer, number, number][] = [
  ["glorotNormal", init.glorotNormal, 2 / 500, Number.POSITIVE_INFINITY],
  ["glorotUniform", init.glorotUniform, 2 / 500, Math.sqrt(6 / 500)],
  ["lecunNormal", init.lecunNormal, 1 / 300, Number.POSITIVE_INFINITY],
  ["lecunUniform", init.lecunUniform, 1 / 300, Math.sqrt(3 / 300)],
  ["heNormal", init.heNormal, 2 / 300, Number.POSITIVE_INFINITY],
  ["heUniform", init.heUniform, 2 / 300, Math.sqrt(6 / 300)],
  ["truncatedNormal", init.truncatedNormal(0.7), 0.49, (2 * 0.7) / 0.8796256610342398],
];
test.each(cases)("%s of [300, 200] has its variance and bound", (_, initializer, v, bound) => {
  const x = nd.toNumbers(initializer(rng, [300, 200], { dtype: "f64" }));
  expect(Math.abs(mean(x))).toBeLessThan(5 * Math.sqrt(v / x.length));
  expect(Math.abs(variance(x) - v)).toBeLessThan(5 * v * Math.sqrt(2 / x.length));
  expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(bound);
});

test("fans of a kernel [O, C, 3, 3] count its positions, and can be given", () => {
  const kernel = nd.toNumbers(init.heNormal(rng, [64, 16, 3, 3], { dtype: "f64" }));
  expect(variance(kernel) * 144).toBeCloseTo(2, 0);
  const given = nd.toNumbers(init.heNormal(rng, [100, 100], { dtype: "f64", fans: [8, 1] }));
  expect(Math.abs(variance(given) - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / 1e4));
});

test.each([
  [[5, 8], 5],
  [[8, 5], 5],
  [[6, 3, 2, 2], 6],
] as const)("orthogonal %j has orthonormal rows or columns, times the gain", (shape, count) => {
  const q = nd.toNumbers(init.orthogonal(2)(rng, shape, { dtype: "f64" }));
  const columns = q.length / shape[0];
  const wide = shape[0] <= columns;
  const entry = (i: number, k: number): number => (wide ? q[i * columns + k] : q[k * columns + i]);
  const length = wide ? columns : shape[0];
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++) {
      let dot = 0;
      for (let k = 0; k < length; k++) dot += entry(i, k) * entry(j, k);
      expect(Math.abs(dot - (i === j ? 4 : 0))).toBeLessThan(1e-13);
    }
});

test("signs of orthogonal matrices are fair: the mean of an entry is zero", () => {
  const corner = Array.from({ length: 2000 }, () => init.orthogonal()(rng, [3, 3], { dtype: "f64" }).data[0] as number);
  // an entry of a Haar matrix has variance 1/3
  expect(Math.abs(mean(corner))).toBeLessThan(4 * Math.sqrt(1 / 3 / 2000));
  expect(Math.abs(variance(corner) - 1 / 3)).toBeLessThan(0.05);
});
