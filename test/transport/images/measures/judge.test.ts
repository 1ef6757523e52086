/** Judgements of generated digits and of restored ones. */
import { beforeAll, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../../src/array/index.ts";
import { rowsOf } from "../../../../src/distances/index.ts";
import { jit, type Tensor } from "../../../../src/tensor/index.ts";
import { type FeatureNet, trainFeatures } from "../../../../src/transport/images/measures/features.ts";
import { judgeRestorations } from "../../../../src/transport/images/measures/judge-restorations.ts";
import { featureFrechet, judgeSamples, type SampleJudgement } from "../../../../src/transport/images/measures/judge-samples.ts";
import { picturesAt } from "../../../../src/transport/images/measures/pictures.ts";
import { bilinearFromEven, bilinearTwice, evenPixels } from "../../../../src/transport/images/resample.ts";
import { moved, normals } from "../../../distances/clouds.ts";
import { digitParts } from "./digits.ts";
import { changed, constantPictures } from "./pictures.ts";

let parts: Awaited<ReturnType<typeof digitParts>>;
let net: FeatureNet;
beforeAll(async () => {
  parts = await digitParts(1500, 700, 350);
  net = await trainFeatures(parts[0].x, undefined, { steps: 100, rng: randomStream(1) });
});

const judge = (samples: NdArray<"f32">): Promise<SampleJudgement> =>
  judgeSamples(samples, { train: parts[0].x, heldOut: parts[1].x }, net, randomStream(2));

const measured = ({ frechet, mmd, prdc, nearest }: SampleJudgement) => {
  if ("none" in frechet || "none" in mmd || "none" in prdc || "none" in nearest.copying) throw new Error("withheld");
  return { frechet, mmd, prdc, copying: nearest.copying };
};

test("new digits are like held-out ones; noise and blur are not, by more than the errors", async () => {
  const fresh = parts[2].x;
  const noise = randomStream(3).normal(fresh.shape).data;
  const noised = changed(fresh, (v, k) => Math.min(1, Math.max(0, v + 0.2 * noise[k])));
  const mean = (k: number): number => {
    const [i, j] = [Math.floor(k / 28) % 28, k % 28];
    let sum = 0;
    for (let a = Math.max(0, i - 1); a <= Math.min(27, i + 1); a++)
      for (let b = Math.max(0, j - 1); b <= Math.min(27, j + 1); b++) sum += fresh.data[k + 28 * (a - i) + b - j];
    return sum / 9;
  };
  const [own, rough, soft] = [await judge(fresh), await judge(noised), await judge(changed(fresh, (_, k) => mean(k)))].map(measured);
  // the error of five splits that share rows is a little too small
  expect(Math.abs(own.frechet.excess)).toBeLessThan(5 * own.frechet.excessError);
  expect(Math.abs(own.mmd.value)).toBeLessThan(8 * own.mmd.se);
  for (const worse of [rough, soft]) {
    expect(worse.frechet.excess - own.frechet.excess).toBeGreaterThan(4 * Math.hypot(worse.frechet.excessError, own.frechet.excessError));
    expect(worse.mmd.value - own.mmd.value).toBeGreaterThan(3 * Math.hypot(worse.mmd.se, own.mmd.se));
    expect(worse.prdc.recall).toBeLessThan(own.prdc.recall);
    expect(worse.copying.copied).toBe(false);
  }
  expect(own.copying.copied).toBe(false);
});

test("copies of the training set are told, one digit again and again is no coverage", async () => {
  const copies = await judge(
    picturesAt(
      parts[0].x,
      Int32Array.from({ length: 60 }, (_, i) => i),
    ),
  );
  expect(copies.nearest.copying).toMatchObject({ copied: true, share: 1 });
  expect(copies.warnings).toContainEqual(expect.stringMatching(/the model copies/));
  const { prdc } = await judge(picturesAt(parts[2].x, new Int32Array(60)));
  if ("none" in prdc) throw new Error(prdc.none);
  expect(prdc.coverage).toBeLessThan(0.05);
  expect(prdc.recall).toBe(0);
});

test("the order of the samples decides nothing; what is too few is withheld, and why", async () => {
  const [x, y] = [normals("x", 100, 4), normals("y", 300, 4)];
  const backwards = rowsOf(
    x,
    Int32Array.from({ length: 100 }, (_, i) => 99 - i),
  );
  const [a, b] = [await featureFrechet(x, y, randomStream(5)), await featureFrechet(backwards, y, randomStream(5))];
  if ("none" in a || "none" in b) throw new Error("withheld");
  // sums in another order, in f64
  expect(b.value.mean).toBeCloseTo(a.value.mean, 10);
  const few = await judge(picturesAt(parts[2].x, [0, 1, 2]));
  expect(few.frechet).toMatchObject({ none: /3 samples/ });
  expect(few.mmd).toMatchObject({ none: /3 samples/ });
  expect(few.prdc).toHaveProperty("reduced");
});

test("pictures without numbers are counted and left out; where all are, it is said what to do", async () => {
  const spoiled = changed(picturesAt(parts[2].x, [0, 1, 2, 3]), (v, k) => (k === 800 ? Number.NaN : v));
  expect((await judge(spoiled)).warnings).toContainEqual(expect.stringMatching(/^1 of 4 generated pictures/));
  await expect(judge(constantPictures(Number.NaN, [2, 1, 28, 28]))).rejects.toThrow(
    /all 2 generated pictures hold values that are no numbers/,
  );
});

test("the error of the excess is its spread over samples", async () => {
  const found = [];
  for (let seed = 0; seed < 24; seed++) {
    const judged = await featureFrechet(moved(normals(`x ${seed}`, 150, 4), 0.3), normals(`y ${seed}`, 600, 4), randomStream(seed));
    if ("none" in judged) throw new Error(judged.none);
    found.push(judged);
  }
  const mean = found.reduce((sum, { excess }) => sum + excess, 0) / 24;
  const spread = Math.sqrt(found.reduce((sum, { excess }) => sum + (excess - mean) ** 2, 0) / 23);
  const told = found.reduce((sum, { excessError }) => sum + excessError, 0) / 24;
  // a deviation of 24 is known to 1 / √46; five of it
  expect(Math.abs(told / spread - 1)).toBeLessThan(5 / Math.sqrt(46));
  // N(0.3, I) and N(0, I) in four dimensions: 4 · 0.09
  expect(Math.abs(mean - 0.36)).toBeLessThan((5 * spread) / Math.sqrt(24));
});

test("restorations: means, errors of the paired difference, copies and small windows are told", async () => {
  const shape = [3, 1, 8, 8];
  const truth = constantPictures(0.5, shape);
  const by = (errors: readonly number[]): NdArray<"f32"> => changed(truth, (v, k) => v + errors[Math.floor(k / 64)]);
  // errors in steps of powers of two are exact in f32
  const { psnr, mse, ssim, warnings } = await judgeRestorations(by([1 / 4, 1 / 8, 0]), truth, by([1 / 2, 1 / 4, 1 / 8]));
  const step = 20 * Math.log10(2);
  expect(psnr.model.each).toEqual([2 * step, 3 * step, 100].map((v) => expect.closeTo(v, 10)));
  expect(psnr.baseline.mean).toBeCloseTo(2 * step, 10);
  const differences = [step, step, 100 - 3 * step];
  const mean = (2 * step + 100 - 3 * step) / 3;
  const variance = differences.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 2;
  expect(psnr.difference.mean).toBeCloseTo(mean, 10);
  expect(psnr.difference.se).toBeCloseTo(Math.sqrt(variance / 3), 10);
  expect(mse.baseline.mean).toBeCloseTo((1 / 4 + 1 / 16 + 1 / 64) / 3, 12);
  expect(ssim.model.each[2]).toBe(1);
  expect(warnings).toEqual([
    expect.stringMatching(/window of 8 pixels/),
    expect.stringMatching(/^1 of 3 pictures of the model are exact copies/),
  ]);
});

test("digits of half the size: bilinear that keeps even pixels in place is nearer to the truth than that which moves them", async () => {
  const truth = parts[2].x;
  const back = async (up: (x: Tensor) => Tensor): Promise<NdArray<"f32">> => {
    const found = await jit((x: Tensor) => up(evenPixels(x)))(truth);
    return ndarray(Float32Array.from(toNumbers(found)), truth.shape, "f32");
  };
  const [kept, shifted] = [await back(bilinearFromEven), await back(bilinearTwice)];
  const { psnr, ssim } = await judgeRestorations(kept, truth, shifted);
  for (const { difference } of [psnr, ssim]) expect(difference.mean).toBeGreaterThan(5 * difference.se);
});
