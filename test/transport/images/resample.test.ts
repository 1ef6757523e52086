import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { jit, type Tensor } from "../../../src/tensor/index.ts";
import {
  bilinearFromEven,
  bilinearTwice,
  brightness,
  evenPixels,
  repeatedTwice,
  squareMeans,
} from "../../../src/transport/images/resample.ts";

type Plane = (row: number, column: number) => number;

/** A picture of one channel. */
const picture = (h: number, w: number, value: Plane): NdArray<"f32"> =>
  ndarray(
    Float32Array.from({ length: h * w }, (_, k) => value(Math.floor(k / w), k % w)),
    [1, 1, h, w],
    "f32",
  );

/** Numbers below 2 in f32, after a few sums and products. */
const rounding = 1e-6;

const greatest = (a: NdArray, b: NdArray, counts: (row: number, column: number) => boolean): number => {
  expect(a.shape).toEqual(b.shape);
  const w = a.shape[3];
  const [x, y] = [toNumbers(a), toNumbers(b)];
  return x.reduce((most, v, k) => (counts(Math.floor(k / w), k % w) ? Math.max(most, Math.abs(v - y[k])) : most), 0);
};

const everywhere = () => true;
const ramp: Plane = (i, j) => 0.1 + 0.03 * i + 0.05 * j;

test("even pixels are kept as they are, also of odd sides", async () => {
  const even = await jit(evenPixels)(picture(5, 4, (i, j) => 10 * i + j));
  expect(even.shape).toEqual([1, 1, 3, 2]);
  expect([...toNumbers(even)]).toEqual([0, 2, 20, 22, 40, 42]);
});

test("constant pictures stay constant at every size", async () => {
  for (const f of [repeatedTwice, bilinearTwice, bilinearFromEven])
    expect(
      greatest(
        await jit(f)(picture(3, 5, () => 0.7)),
        picture(6, 10, () => 0.7),
        everywhere,
      ),
    ).toBeLessThan(rounding);
  expect(
    greatest(
      await jit(squareMeans)(picture(6, 4, () => 0.7)),
      picture(3, 2, () => 0.7),
      everywhere,
    ),
  ).toBeLessThan(rounding);
});

test("linear ramps come back from square means and from even pixels, inside", async () => {
  const x = picture(8, 10, ramp);
  const fromMeans = await jit((x: Tensor) => bilinearTwice(squareMeans(x)))(x);
  expect(greatest(fromMeans, x, (i, j) => i > 0 && j > 0 && i < 7 && j < 9)).toBeLessThan(rounding);
  const fromEven = await jit((x: Tensor) => bilinearFromEven(evenPixels(x)))(x);
  expect(greatest(fromEven, x, (i, j) => i < 7 && j < 9)).toBeLessThan(rounding);
});

test("what was kept is untouched where even pixels stay in place, and moved by half a pixel where they do not", async () => {
  const x = ndarray(randomStream(1).uniform([160]).data, [2, 1, 8, 10], "f32");
  const back = await jit((x: Tensor) => bilinearFromEven(evenPixels(x)))(x);
  expect([...toNumbers(await jit(evenPixels)(back))]).toEqual([...toNumbers(await jit(evenPixels)(x))]);
  const moved = await jit((x: Tensor) => bilinearTwice(evenPixels(x)))(picture(8, 10, ramp));
  const shifted = picture(8, 10, (i, j) => ramp(i - 0.5, j - 0.5));
  expect(greatest(moved, shifted, (i, j) => i > 0 && j > 0 && i < 7 && j < 9)).toBeLessThan(rounding);
});

test("repeating and the means of squares are inverse", async () => {
  const x = ndarray(randomStream(2).uniform([2 * 3 * 4 * 5]).data, [2, 3, 4, 5], "f32");
  const back = await jit((x: Tensor) => squareMeans(repeatedTwice(x)))(x);
  expect(greatest(back, x, everywhere)).toBeLessThan(rounding);
});

test("brightness is that of BT.601 in one channel; pictures of one channel are it", async () => {
  const colours = ndarray(Float32Array.of(1, 0, 0, 0.2, 0, 1, 0, 0.2, 0, 0, 1, 0.2), [1, 3, 2, 2], "f32");
  const found = await jit(brightness)(colours);
  expect(found.shape).toEqual([1, 1, 2, 2]);
  [0.299, 0.587, 0.114, 0.2].forEach((v, p) => expect(Math.abs(toNumbers(found)[p] - v)).toBeLessThan(rounding));
  expect([...toNumbers(await jit(brightness)(found))]).toEqual([...toNumbers(found)]);
});
