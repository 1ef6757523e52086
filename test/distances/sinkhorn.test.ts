/** Entropic transport. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { randomStream } from "../../src/array/random.ts";
import { optimalTransport } from "../../src/distances/exact.ts";
import kernelBytes from "../../src/distances/gibbs.wasm.ts";
import { sinkhorn } from "../../src/distances/sinkhorn.ts";

type Cloud = NdArray<"f64">;
const squared = ({ shape: [, d], data }: Cloud, i: number, y: Cloud, j: number) => {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += (data[i * d + k] - y.data[j * d + k]) ** 2;
  return sum;
};

describe("sinkhorn", () => {
  test("its plan has the marginals and the form of the optimum: the two prove it", () => {
    const random = randomStream(5);
    const [n, m] = [40, 31];
    const [x, y] = [random.normal([n, 2], "f64"), random.normal([m, 2], "f64")];
    const a = random.exponential([n], "f64").data;
    const b = Float64Array.from(random.exponential([m], "f64").data, (w, j) => (j === 3 ? 0 : w));
    const [sumA, sumB] = [a, b].map((w) => w.reduce((s, v) => s + v));
    for (const epsilon of [5, 0.5, 0.02]) {
      const { plan, potentials, error, converged, cost } = sinkhorn(x, y, { epsilon, weights: { x: a, y: b }, tolerance: 1e-9 });
      expect(converged).toBe(true);
      expect(error).toBeLessThanOrEqual(1e-9);
      const at = (i: number, j: number) => plan.data[i * m + j];
      let off = 0;
      for (let i = 0; i < n; i++) off += Math.abs(Array.from({ length: m }, (_, j) => at(i, j)).reduce((s, v) => s + v) - a[i] / sumA);
      expect(off).toBeLessThan(1e-9);
      let total = 0;
      for (let j = 0; j < m; j++) {
        expect(Math.abs(Array.from({ length: n }, (_, i) => at(i, j)).reduce((s, v) => s + v) - b[j] / sumB)).toBeLessThan(1e-12);
        for (let i = 0; i < n; i++) {
          total += at(i, j) * squared(x, i, y, j);
          if (b[j] === 0) continue;
          const form = (a[i] / sumA) * (b[j] / sumB) * Math.exp((potentials.x[i] + potentials.y[j] - squared(x, i, y, j)) / epsilon);
          // exponents up to 1e3 lose three of sixteen digits
          expect(Math.abs(at(i, j) - form)).toBeLessThan(1e-11 * form + 1e-300);
        }
      }
      expect(cost).toBeCloseTo(total, 12);
    }
  });

  test("tends to exact transport from above as ε falls, to independence as it grows", () => {
    const random = randomStream(6);
    const [x, y] = [random.normal([50, 2], "f64"), random.normal([50, 2], "f64")];
    const exact = optimalTransport(x, y).cost;
    let mean = 0;
    for (let i = 0; i < 50; i++) for (let j = 0; j < 50; j++) mean += squared(x, i, y, j) / 2500;
    const costs = [1e6, 1, 0.1, 0.01, 0.001].map((epsilon) => sinkhorn(x, y, { epsilon, tolerance: 1e-7, maxIterations: 100_000 }).cost);
    expect(costs[0]).toBeCloseTo(mean, 4);
    for (let k = 1; k < costs.length; k++) expect(costs[k]).toBeLessThan(costs[k - 1]);
    // <c, π_ε> - <c, π> <= ε KL(π | a ⊗ b) <= ε log n, and the marginals are off by 1e-7
    expect(costs[4]).toBeGreaterThan(exact - 1e-5);
    expect(costs[4]).toBeLessThan(exact + 0.001 * Math.log(50));
  });

  test("stays finite where exp(-c/ε) is zero for every pair", () => {
    const x = ndarray(Float64Array.of(0, 1), [2, 1], "f64");
    const y = ndarray(Float64Array.of(1000, 1001), [2, 1], "f64");
    const { plan, cost } = sinkhorn(x, y, { epsilon: 0.1, power: 2 });
    // π12 π21 / (π11 π22) = exp((c11 + c22 - c12 - c21) / ε) = exp(-2 / 0.1), and the plan is symmetric; c is of size 1e6
    const off = 0.5 / (1 + Math.exp(10));
    [0.5 - off, off, off, 0.5 - off].forEach((v, k) => expect(plan.data[k]).toBeCloseTo(v, 8));
    expect(cost).toBeCloseTo(1e6, 2);
  });

  test("bad epsilon is refused", () => {
    const x = ndarray(Float64Array.of(0, 1), [2, 1], "f64");
    for (const epsilon of [0, -1, Number.NaN]) expect(() => sinkhorn(x, x, { epsilon })).toThrow(/epsilon must be positive/);
  });
});

test("the kernel fits the 4 kB that browsers compile on their main thread", () => {
  expect(atob(kernelBytes).length).toBeLessThan(4096);
});
