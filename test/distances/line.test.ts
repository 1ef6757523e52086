/** Transport on a line, and the sliced distance. */
import { describe, expect, test } from "vitest";
import { ndarray } from "../../src/array/ndarray.ts";
import { randomStream } from "../../src/array/random.ts";
import { optimalTransport, wasserstein } from "../../src/distances/exact.ts";
import { lineTransport, slicedWasserstein } from "../../src/distances/line.ts";

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
