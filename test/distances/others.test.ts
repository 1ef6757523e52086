import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { randomStream } from "../../src/array/random.ts";
import { optimalTransport, wasserstein } from "../../src/distances/exact.ts";
import { samplingFloor } from "../../src/distances/floor.ts";
import kernelBytes from "../../src/distances/gibbs.wasm.ts";
import { lineTransport, slicedWasserstein } from "../../src/distances/line.ts";
import { hydrogenKernels, mmd } from "../../src/distances/mmd.ts";
import { sinkhorn } from "../../src/distances/sinkhorn.ts";

type Cloud = NdArray<"f64">;
const squared = ({ shape: [, d], data }: Cloud, i: number, y: Cloud, j: number) => {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += (data[i * d + k] - y.data[j * d + k]) ** 2;
  return sum;
};

describe("on a line", () => {
  test("two uniform distributions: ∫ |F⁻¹ - G⁻¹|^p in closed form", () => {
    // U(0, 1) and U(0, 2) have quantiles q and 2 q: W_p^p = 1 / (p + 1); midpoint samples: the same up to 1 / (12 n²)
    const n = 1000;
    const x = Array.from({ length: n }, (_, i) => (i + 0.5) / n);
    for (const p of [1, 2, 3])
      expect(
        lineTransport(
          x.toReversed(),
          x.map((v) => 2 * v),
          p,
        ),
      ).toBeCloseTo(1 / (p + 1), 5);
  });

  test("agrees with exact transport for unequal sizes and weights", () => {
    const random = randomStream(1);
    for (const power of [1, 2] as const)
      for (const [n, m] of [
        [30, 30],
        [17, 40],
        [1, 9],
      ]) {
        const [x, y] = [random.normal([n, 1], "f64"), random.normal([m, 1], "f64")];
        const weights = { x: random.exponential([n], "f64").data, y: random.exponential([m], "f64").data };
        expect(lineTransport(x.data, y.data, power, weights)).toBeCloseTo(optimalTransport(x, y, { power, weights }).cost, 11);
        expect(lineTransport(x.data, y.data, power)).toBeCloseTo(optimalTransport(x, y, { power }).cost, 11);
      }
  });
});

describe("sliced Wasserstein", () => {
  test("of a translation by t is |t| sqrt(mean cos²) = |t| / sqrt(d)", () => {
    const x = randomStream(2).normal([50, 4], "f64");
    const y = ndarray(
      x.data.map((v, i) => v + (i % 4 === 0 ? 3 : 0)),
      [50, 4],
      "f64",
    );
    // <t, θ>² / |t|² has mean 1/d and variance 2 (d-1) / (d² (d+2)); 4 standard errors of the mean square
    const error = 4 * Math.sqrt((2 * 3) / (16 * 6) / 4000);
    expect(Math.abs(slicedWasserstein(x, y, { directions: 4000 }) ** 2 / 9 - 1 / 4)).toBeLessThan(error);
  });

  test("of two Gaussians: the mean over directions of the distances on a line", () => {
    // y has the mean m and covariance c² 1: W2² along θ is <m, θ>² + (1 - c)²; both clouds are samples, which adds their spread
    const [n, d, c] = [3000, 3, 0.4];
    const x = randomStream(21).normal([n, d], "f64");
    const y = { ...randomStream(22).normal([n, d], "f64") };
    y.data.forEach((v, i) => void (y.data[i] = c * v + (i % d === 0 ? 2 : 0)));
    const exact = 4 / d + (1 - c) ** 2;
    // means and deviations along a direction have errors of √((1 + c²) / n), times 2 √exact; directions as in the test above
    const sampling = 4 * 2 * Math.sqrt(exact) * Math.sqrt((1 + c * c) / n);
    const directions = 4 * 4 * Math.sqrt((2 * (d - 1)) / (d * d * (d + 2)) / 500);
    expect(Math.abs(slicedWasserstein(x, y) ** 2 - exact)).toBeLessThan(sampling + directions);
  });

  test("on a line is W2, uses weights, and is the same each time", () => {
    const [x, y] = [randomStream(3).normal([20, 1], "f64"), randomStream(4).normal([30, 1], "f64")];
    const weights = { x: Array.from({ length: 20 }, (_, i) => i) };
    expect(slicedWasserstein(x, y, { directions: 3, weights })).toBeCloseTo(wasserstein(x, y, { weights }), 11);
    expect(slicedWasserstein(x, y)).toBe(slicedWasserstein(x, y));
  });
});

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

describe("mmd", () => {
  const naive = (x: Cloud, y: Cloud, gamma: number): number => {
    const [n, m] = [x.shape[0], y.shape[0]];
    let [xx, yy, xy] = [0, 0, 0];
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) xx += Math.exp(-gamma * squared(x, i, x, j));
    for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) if (i !== j) yy += Math.exp(-gamma * squared(y, i, y, j));
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) xy += Math.exp(-gamma * squared(x, i, y, j));
    return xx / (n * (n - 1)) + yy / (m * (m - 1)) - (2 * xy) / (n * m);
  };

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

describe("the sampling floor", () => {
  test("is the mean distance between two disjoint parts: on a line, that of two Gaussian samples", () => {
    const random = randomStream(10);
    const cloud = random.normal([4000, 1]);
    const w1 = (a: NdArray<"f32">, b: NdArray<"f32">) => lineTransport(a.data, b.data, 1);
    const { mean, sizes } = samplingFloor(w1, cloud, [100, 100], random, 200);
    expect(sizes).toEqual([100, 100]);
    // the same for fresh samples; the spread of one distance is about 0.05
    const fresh = Array.from({ length: 200 }, () => w1(random.normal([100, 1]), random.normal([100, 1])));
    expect(Math.abs(mean - fresh.reduce((s, v) => s + v) / 200)).toBeLessThan((5 * 0.05 * Math.SQRT2) / Math.sqrt(200));
  });

  test("scales both sizes down to what the cloud can fill, and takes every point at most once", () => {
    const cloud = ndarray(
      Float32Array.from({ length: 90 }, (_, i) => i),
      [90, 1],
      "f32",
    );
    const seen: number[] = [];
    const { sizes } = samplingFloor((a, b) => seen.push(...a.data, ...b.data), cloud, [200, 100], randomStream(11), 1);
    expect(sizes).toEqual([60, 30]);
    expect(seen.sort((a, b) => a - b)).toEqual([...cloud.data]);
    expect(() => samplingFloor(() => 0, cloud, [1000, 1], randomStream(11))).toThrow(/cannot be split/);
  });
});

test("the kernel fits the 4 kB that browsers compile on their main thread", () => {
  expect(atob(kernelBytes).length).toBeLessThan(4096);
});
