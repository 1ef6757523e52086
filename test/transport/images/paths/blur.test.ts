/** The heat equation on pictures. */
import { expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { jit, scalar, type Tensor } from "../../../../src/tensor/index.ts";
import {
  blurred,
  blurredPrior,
  cosineTransform,
  heated,
  heatTime,
  inverseCosineTransform,
} from "../../../../src/transport/images/paths/blur.ts";
import { expectClose, f64 } from "../../../tensor/check.ts";

const shape = [2, 3, 5, 8]; // neither square nor even
const x = randomStream("blur").normal(shape, "f64");
const heat = jit((x: Tensor, tau: Tensor) => heated(x, tau));

/** One coefficient of one channel, from the definition. */
function coefficient(image: (row: number, column: number) => number, k: number, l: number): number {
  const [height, width] = shape.slice(2);
  const norm = (j: number, n: number) => Math.sqrt((j === 0 ? 1 : 2) / n);
  let sum = 0;
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++)
      sum += image(i, j) * Math.cos((Math.PI * k * (i + 0.5)) / height) * Math.cos((Math.PI * l * (j + 0.5)) / width);
  return norm(k, height) * norm(l, width) * sum;
}

test("the cosine transform is what its definition says, orthonormal, and undone by its inverse", async () => {
  const { y, back } = await jit((x: Tensor) => ({ y: cosineTransform(x), back: inverseCosineTransform(cosineTransform(x)) }))(x);
  expectClose(back, x, 1e-13);
  const energy = (a: NdArray) => toNumbers(a).reduce((s, v) => s + v * v, 0);
  expect(energy(y)).toBeCloseTo(energy(x), 10);
  const [, , height, width] = shape;
  const [values, found] = [toNumbers(x), toNumbers(y)];
  const first = 4 * height * width; // the second channel of the second picture
  for (let k = 0; k < height; k++)
    for (let l = 0; l < width; l++)
      expect(found[first + k * width + l]).toBeCloseTo(
        coefficient((i, j) => values[first + i * width + j], k, l),
        12,
      );
});

test("heat for τ₁ and then τ₂ is heat for their sum, keeps means, and leaves flat pictures alone", async () => {
  const [a, b] = [0.3, 1.1];
  const twice = await heat(await heat(x, scalarOf(a)), scalarOf(b));
  const once = await heat(x, scalarOf(a + b));
  expectClose(twice, once, 1e-13);
  expectClose(await means(once), await means(x), 1e-13);
  const flat = f64(new Array(240).fill(0.7), shape);
  expectClose(await heat(flat, scalarOf(50)), flat, 1e-13);
  // without end, means alone are left: the slowest coefficient loses exp(-τ (π/8)²)
  const end = toNumbers(await heat(x, scalarOf(300)));
  const levels = toNumbers(await means(x));
  end.forEach((v, i) => void expect(v).toBeCloseTo(levels[Math.floor(i / 40)], 10));
});

test("heat solves its equation: each cosine decays at its squared frequency", async () => {
  const [height, width] = shape.slice(2);
  const wave = f64(
    Array.from({ length: height * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return Math.cos((Math.PI * 2 * (row + 0.5)) / height) * Math.cos((Math.PI * 3 * (column + 0.5)) / width);
    }),
    [1, 1, height, width],
  );
  const decay = Math.exp(-0.4 * Math.PI ** 2 * ((2 / height) ** 2 + (3 / width) ** 2));
  expectClose(
    await heat(wave, scalarOf(0.4)),
    toNumbers(wave).map((v) => v * decay),
    1e-13,
  );
});

test("blur runs from a tenth of a pixel, which leaves nine tenths of the finest detail, to 20 pixels", async () => {
  const taus = toNumbers(await jit((t: Tensor) => heatTime(t))(f64([0, 0.5, 1])));
  [0.1 ** 2 / 2, (0.1 * 20) / 2, 20 ** 2 / 2].forEach((tau, i) => void expect(taus[i] / tau).toBeCloseTo(1, 12));
  const clean = toNumbers(await jit((x: Tensor) => blurred(x, scalar(0, "f64")))(x));
  const norm = (f: (v: number, i: number) => number) => Math.hypot(...toNumbers(x).map(f));
  // |frequency|² < 2π², so each coefficient keeps more than exp(-2π² 0.005)
  expect(norm((v, i) => v - clean[i])).toBeLessThan((1 - Math.exp(-0.01 * Math.PI ** 2)) * norm((v) => v));
});

test("starts have the mean and the variance of blurred pictures with noise", async () => {
  // pictures of random brightness and slope, which the blur does not take away in full
  const n = 400;
  const rng = randomStream(3);
  const [level, slope] = [rng.normal([n], "f64").data, rng.normal([n], "f64").data];
  const pictures = f64(
    Array.from({ length: n * 48 }, (_, i) => 0.5 + 2 * level[Math.floor(i / 48)] + slope[Math.floor(i / 48)] * ((i % 8) - 3.5)),
    [n, 1, 6, 8],
  );
  const draws = 4000;
  const z = rng.normal([draws, 1, 6, 8], "f64");
  const { starts, soft } = await jit((p: Tensor, z: Tensor) => ({
    starts: cosineTransform(blurredPrior(z, p)),
    soft: cosineTransform(blurred(p, scalar(1, "f64"))),
  }))(pictures, z);
  for (const k of [0, 1, 2, 8, 47]) {
    const [made, real] = [moments(starts, k), moments(soft, k)];
    const variance = real.variance + 1; // noise of variance one in every coefficient
    // sampled from a normal law: standard errors √(v / n) and v √(2 / n), five of them
    expect(Math.abs(made.mean - real.mean)).toBeLessThan(5 * Math.sqrt(variance / draws));
    expect(Math.abs(made.variance - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / draws));
  }
});

test("and cannot be made without pictures", async () => {
  await expect(() => jit((z: Tensor) => blurredPrior(z))(x)).rejects.toThrow(/pictures/);
});

const scalarOf = (v: number): NdArray => f64([v], []);
const means = jit((x: Tensor) => x.mean([2, 3]));

function moments(a: NdArray, k: number): { mean: number; variance: number } {
  const size = a.shape[2] * a.shape[3];
  const values = toNumbers(a).filter((_, i) => i % size === k);
  const mean = values.reduce((s, v) => s + v, 0) / values.length;
  return { mean, variance: values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length };
}
