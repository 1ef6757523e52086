/** Maximum mean discrepancy. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { randomStream } from "../../src/array/random.ts";
import { hydrogenKernels, mmd, mmdOfWeights } from "../../src/distances/mmd.ts";

type Cloud = NdArray<"f64">;
const squared = ({ shape: [, d], data }: Cloud, i: number, y: Cloud, j: number) => {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += (data[i * d + k] - y.data[j * d + k]) ** 2;
  return sum;
};

describe("mmd", () => {
  const naive = (x: Cloud, y: Cloud, gamma: number): number => {
    const [n, m] = [x.shape[0], y.shape[0]];
    let [xx, yy, xy] = [0, 0, 0];
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) xx += Math.exp(-gamma * squared(x, i, x, j));
    for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) if (i !== j) yy += Math.exp(-gamma * squared(y, i, y, j));
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) xy += Math.exp(-gamma * squared(x, i, y, j));
    return xx / (n * (n - 1)) + yy / (m * (m - 1)) - (2 * xy) / (n * m);
  };

  test("biased, it is the squared distance of the mean embeddings, and nothing for one cloud twice", () => {
    const random = randomStream(8);
    const [x, y] = [random.normal([11, 2], "f64"), random.normal([7, 2], "f64")];
    const sum = (a: Cloud, b: Cloud): number => {
      let total = 0;
      for (let i = 0; i < a.shape[0]; i++) for (let j = 0; j < b.shape[0]; j++) total += Math.exp(-0.5 * squared(a, i, b, j));
      return total / (a.shape[0] * b.shape[0]);
    };
    const options = { gammas: [0.5], estimate: "biased" } as const;
    expect(mmd(x, y, options)).toBeCloseTo(sum(x, x) + sum(y, y) - 2 * sum(x, y), 10);
    expect(mmd(x, x, options)).toBeCloseTo(0, 12);
  });

  test("is the average of the U-statistics by their definition, also far below the range of exp", () => {
    const random = randomStream(7);
    const [x, y] = [random.normal([21, 3], "f64"), random.normal([16, 3], "f64")];
    for (const gammas of [[2, 1, 0.5, 0.1, 0.01, 0.005], [1e-4], [1000]])
      expect(mmd(x, y, { gammas })).toBeCloseTo(gammas.reduce((s, g) => s + naive(x, y, g), 0) / gammas.length, 13);
    expect(mmd(x, y)).toBe(mmd(x, y, { gammas: [2, 1, 0.5, 0.1, 0.01, 0.005] }));
    // the convention of the hydrogen atom: a sum of three equal kernels
    const [far, there] = [x, y].map((c) => ({ ...c, data: c.data.map((v) => 60 * v) }));
    expect(mmd(far, there, hydrogenKernels)).toBeCloseTo(3 * naive(far, there, 1e-4), 13);
  });

  test("as a function of weights it is the same, also where points have none", () => {
    const random = randomStream(9);
    const [x, y] = [random.normal([14, 2], "f64"), random.normal([9, 2], "f64")];
    const between = mmdOfWeights(x, y);
    expect(between({})).toBeCloseTo(mmd(x, y), 13);
    const weights = { x: random.uniform([14], "f64").data.map((v) => Math.floor(3 * v)), y: random.uniform([9], "f64").data };
    expect(weights.x).toContain(0);
    expect(between(weights)).toBeCloseTo(mmd(x, y, { weights }), 13);
    expect(() => between({ y: Float64Array.from({ length: 9 }, (_, i) => Number(i === 2)) })).toThrow(/two points of positive weight/);
  });

  test("is unbiased: zero in the mean between samples of one Gaussian, and the closed form between two", () => {
    const random = randomStream(8);
    const [gamma, shift, trials] = [0.5, 1, 400];
    // E exp(-γ (x-y)²) for x - y ~ N(δ, 2): (1 + 4γ)^(-1/2) exp(-γ δ² / (1 + 4γ))
    const k = (delta: number) => Math.exp((-gamma * delta ** 2) / (1 + 4 * gamma)) / Math.sqrt(1 + 4 * gamma);
    for (const delta of [0, shift]) {
      const values = Array.from({ length: trials }, () => {
        const [x, y] = [random.normal([12, 1], "f64"), random.normal([9, 1], "f64")];
        return mmd(
          x,
          ndarray(
            y.data.map((v) => v + delta),
            [9, 1],
            "f64",
          ),
          { gammas: [gamma] },
        );
      });
      const mean = values.reduce((s, v) => s + v) / trials;
      const error = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / trials / (trials - 1));
      expect(Math.abs(mean - 2 * (k(0) - k(delta)))).toBeLessThan(4 * error);
    }
  });

  test("a point of weight zero does not count", () => {
    const random = randomStream(9);
    const [x, y] = [random.normal([10, 2], "f64"), random.normal([8, 2], "f64")];
    const longer = ndarray(Float64Array.of(...x.data, 9, 9), [11, 2], "f64");
    expect(mmd(longer, y, { weights: { x: [...new Array(10).fill(2), 0] } })).toBeCloseTo(mmd(x, y), 13);
    expect(() => mmd(ndarray(Float64Array.of(1), [1, 1], "f64"), y)).toThrow(/at least two points/);
  });
});
