/** Peak signal-to-noise ratio and structural similarity. */
import { expect, test } from "vitest";
import type { NdArray } from "../../../../src/array/index.ts";
import { judgeRestorations } from "../../../../src/transport/images/measures/judge-restorations.ts";
import { decibels, greatestPsnr, meanSquaredErrors, psnr } from "../../../../src/transport/images/measures/psnr.ts";
import { ssim } from "../../../../src/transport/images/measures/ssim.ts";
import fc from "../../../property.ts";
import { changed, constantPictures, mirrored, noisePictures } from "./pictures.ts";

const [c1, c2] = [1e-4, 9e-4];

/** By the definition, a window of the plane at a time. */
function slowSsim(x: NdArray<"f32">, y: NdArray<"f32">, side: number): number[] {
  const [n, c, h, w] = x.shape;
  const weight = (i: number, j: number): number => Math.exp(-((i - (side - 1) / 2) ** 2 + (j - (side - 1) / 2) ** 2) / (2 * 1.5 ** 2));
  const cells = Array.from({ length: side * side }, (_, k) => ({ i: Math.floor(k / side), j: k % side }));
  const total = cells.reduce((sum, { i, j }) => sum + weight(i, j), 0);
  return Array.from({ length: n }, (_, picture) => {
    const found: number[] = [];
    for (let plane = picture * c; plane < (picture + 1) * c; plane++)
      for (let i0 = 0; i0 + side <= h; i0++)
        for (let j0 = 0; j0 + side <= w; j0++) {
          const mean = (f: (a: number, b: number) => number): number =>
            cells.reduce((sum, { i, j }) => {
              const at = plane * h * w + (i0 + i) * w + j0 + j;
              return sum + (weight(i, j) / total) * f(x.data[at], y.data[at]);
            }, 0);
          const [mx, my] = [mean((a) => a), mean((_, b) => b)];
          const [vx, vy] = [mean((a) => (a - mx) ** 2), mean((_, b) => (b - my) ** 2)];
          const both = mean((a, b) => (a - mx) * (b - my));
          found.push(((2 * mx * my + c1) * (2 * both + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2)));
        }
    return found.reduce((a, b) => a + b, 0) / found.length;
  });
}

test("the ratio of a constant error: -20 log10 of it; of a copy 100 dB, and not more", async () => {
  const x = constantPictures(0.25, [2, 3, 4, 5]);
  const [a, b] = await psnr(x, constantPictures(0.75, [2, 3, 4, 5]));
  expect([a, b]).toEqual([20 * Math.log10(2), 20 * Math.log10(2)].map((v) => expect.closeTo(v, 12)));
  expect([...(await psnr(x, x))]).toEqual([greatestPsnr, greatestPsnr]);
  expect(greatestPsnr).toBe(100);
  expect(decibels(1)).toBeCloseTo(0, 12);
  // a rounded 8-bit value is off by a uniform error of variance 1 / (12 · 255²)
  expect(decibels(1 / (12 * 255 ** 2))).toBeCloseTo(58.92, 2);
});

test("uniform noise on a picture has the variance of its noise", async () => {
  const x = constantPictures(0.5, [4, 1, 60, 60]);
  const errors = await meanSquaredErrors(x, noisePictures(1, x.shape));
  // u - 1/2: second moment 1/12, fourth 1/80, so that a mean of 3600 squares varies by √((1/80 - 1/144) / 3600)
  for (const e of errors) expect(Math.abs(e - 1 / 12)).toBeLessThan(4.5 * Math.sqrt((1 / 80 - 1 / 144) / 3600));
});

test("of constant pictures the similarity is (2ab + C1) / (a² + b² + C1)", async () => {
  for (const [a, b] of [
    [0.25, 0.75],
    [0, 1],
    [1, 1],
  ]) {
    const { values } = await ssim(constantPictures(a, [1, 1, 16, 12]), constantPictures(b, [1, 1, 16, 12]));
    expect(values[0]).toBeCloseTo((2 * a * b + c1) / (a * a + b * b + c1), 10);
  }
});

test("the similarity is that of the double loop, of many channels and of small pictures with smaller windows", async () => {
  for (const [shape, window] of [
    [[2, 3, 13, 15], 11],
    [[3, 1, 8, 9], 8],
    [[1, 1, 5, 20], 5],
  ] as const) {
    const x = noisePictures("x", shape);
    const y = changed(x, (v, k) => 0.7 * v + 0.3 * noisePictures("y", shape).data[k]);
    const found = await ssim(x, y);
    expect(found.window).toBe(window);
    slowSsim(x, y, window).forEach((value, i) => expect(found.values[i]).toBeCloseTo(value, 11));
  }
});

test("symmetric, mirrored alike, 1 of equal pictures and never above; -1 is near for negatives", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 3, max: 14 }), async (seed, size) => {
      const shape = [2, 1, size, size + 1];
      const [x, y] = [noisePictures(`${seed} x`, shape), noisePictures(`${seed} y`, shape)];
      const { values } = await ssim(x, y);
      const [back, turned, same] = [await ssim(y, x), await ssim(mirrored(x), mirrored(y)), await ssim(x, x)];
      values.forEach((v, i) => {
        expect(v).toBeLessThan(1);
        expect(back.values[i]).toBeCloseTo(v, 12);
        expect(turned.values[i]).toBeCloseTo(v, 11);
      });
      expect([...same.values]).toEqual([1, 1]);
      const [ab, ba] = [await psnr(x, y), await psnr(y, x)];
      expect([...ab]).toEqual([...ba]);
    }),
    { numRuns: 15 },
  );
  const x = noisePictures(3, [1, 1, 20, 20]);
  // means of a half, opposite deviations: all but the small constants cancels to -1
  expect(
    (
      await ssim(
        x,
        changed(x, (v) => 1 - v),
      )
    ).values[0],
  ).toBeLessThan(-0.9);
});

test("more noise is less alike, in blocks as at once", async () => {
  const x = constantPictures(0.5, [700, 1, 28, 28]);
  const noise = noisePictures(5, x.shape);
  const at = async (level: number) => changed(x, (v, k) => v + level * (noise.data[k] - 0.5));
  const [little, much] = [await at(0.1), await at(0.4)];
  const [a, b] = [(await ssim(x, little)).values, (await ssim(x, much)).values];
  expect(a.every((v, i) => v > b[i])).toBe(true);
  // pictures of another block, alone
  const alone = (y: NdArray<"f32">): NdArray<"f32"> => ({ ...y, shape: [1, 1, 28, 28], data: y.data.slice(690 * 784, 691 * 784) });
  expect((await ssim(alone(x), alone(much))).values[0]).toBeCloseTo(b[690], 12);
});

test("pictures that are no pairs are refused", async () => {
  await expect(psnr(constantPictures(0, [2, 1, 4, 4]), constantPictures(0, [2, 1, 4, 5]))).rejects.toThrow(/one shape.*\[2, 1, 4, 5\]/);
  await expect(ssim(constantPictures(0, [0, 1, 4, 4]), constantPictures(0, [0, 1, 4, 4]))).rejects.toThrow(/one shape/);
});

test("a squared error is told where it is surely more than twice that of the baseline", async () => {
  const truth = constantPictures(0.5, [60, 1, 12, 12]);
  const noisy = (seed: string, level: number): NdArray<"f32"> => {
    const noise = noisePictures(seed, truth.shape);
    return changed(truth, (v, k) => v + level * (noise.data[k] - 0.5));
  };
  const told = async (ratio: number) => (await judgeRestorations(noisy("a", 0.2 * Math.sqrt(ratio)), truth, noisy("b", 0.2))).warnings;
  // mean squares of 144 uniform numbers vary by 0.9 / 12 of themselves, those of 60 pictures by a hundredth: 1.5 and 3 are far from 2
  expect(await told(1.5)).toEqual([]);
  expect(await told(3)).toEqual([expect.stringMatching(/^the squared error is [23]\.\d times/)]);
});
