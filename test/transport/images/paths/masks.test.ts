/** Masks of what is known. */
import { describe, expect, test } from "vitest";
import { randomStream } from "../../../../src/array/index.ts";
import { drawMasks, type MaskKind, maskKinds } from "../../../../src/transport/images/paths/masks.ts";

const n = 400;
/** Rows of zeros and ones of each mask. */
function masksOf(kind: MaskKind, height: number, width: number): number[][][] {
  const { shape, data } = drawMasks(kind, randomStream(5), n, height, width);
  expect(shape).toEqual([n, 1, height, width]);
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: height }, (_, r) => [...data.subarray((i * height + r) * width, (i * height + r + 1) * width)]),
  );
}
const count = (mask: number[][], value: number): number => mask.flat().filter((v) => v === value).length;

/** First and last place of a 0 in each direction, one past the last. */
function box(mask: number[][]) {
  const rows = mask.flatMap((row, r) => (row.includes(0) ? [r] : []));
  const columns = mask[0].flatMap((_, c) => (mask.some((row) => row[c] === 0) ? [c] : []));
  return { top: rows[0], bottom: rows[rows.length - 1] + 1, first: columns[0], last: columns[columns.length - 1] + 1 };
}

describe.each([
  [8, 6],
  [7, 5],
  [4, 9],
])("masks of %i x %i pixels", (height, width) => {
  test.each(maskKinds)("%s: zeros and ones, each mask with some of both", (kind) => {
    for (const mask of masksOf(kind, height, width)) {
      expect(count(mask, 0) + count(mask, 1)).toBe(height * width);
      if (kind !== "pixels") expect(Math.min(count(mask, 0), count(mask, 1))).toBeGreaterThan(0);
    }
  });

  test("half: the upper rows are missing or the lower ones, as often, and never both", () => {
    const masks = masksOf("half", height, width);
    const middle = Math.round(height / 2);
    const upper = masks.filter((mask) => mask[0][0] === 0);
    for (const mask of masks) {
      const { top, bottom } = box(mask);
      expect([top, bottom]).toEqual(mask[0][0] === 0 ? [0, middle] : [middle, height]);
      expect(count(mask, 0)).toBe((bottom - top) * width);
    }
    expect(Math.abs(upper.length - n / 2)).toBeLessThan(5 * Math.sqrt(n / 4)); // five standard deviations of fair coins
  });

  test("box: half of each side, rounded up, anywhere", () => {
    const [tall, wide] = [Math.ceil(height / 2), Math.ceil(width / 2)];
    const places = new Set<string>();
    for (const mask of masksOf("box", height, width)) {
      const { top, bottom, first, last } = box(mask);
      expect([bottom - top, last - first, count(mask, 0)]).toEqual([tall, wide, tall * wide]);
      places.add(`${top} ${first}`);
    }
    // at most 20 places: the chance that one is never drawn in 400 is below 20 e^(-400/20) = 4e-8
    expect(places.size).toBe((height - tall + 1) * (width - wide + 1));
  });

  test("any: holes of every size, halves and their opposites among them, and single pixels beside whole boxes", () => {
    const masks = masksOf("any", height, width);
    const shares = masks.map((mask) => count(mask, 0) / (height * width));
    // a fifth are shares of pixels, spread over 0.1 to 0.9: none of 400 below a fifth or above four has a chance of 2 (1 - 0.025)^400 = 8e-5
    expect(Math.min(...shares)).toBeLessThan(0.2);
    expect(Math.max(...shares)).toBeGreaterThan(0.8);
    const solid = (mask: number[][], value: number): boolean => {
      const { top, bottom, first, last } = box(value === 0 ? mask : mask.map((row) => row.map((v) => 1 - v)));
      return (bottom - top) * (last - first) === count(mask, value);
    };
    // boxes and halves are solid holes, all but a box leaves a solid rest: two and one of five kinds, by five standard deviations
    const [holes, rests] = [0, 1].map((value) => masks.filter((mask) => solid(mask, value)).length);
    expect(holes).toBeGreaterThan(0.4 * n - 5 * Math.sqrt(0.24 * n));
    expect(rests).toBeGreaterThan(0.2 * n - 5 * Math.sqrt(0.16 * n));
  });

  test("pixels: one in four is left, wherever it stands", () => {
    const masks = masksOf("pixels", height, width);
    const left = masks.reduce((s, mask) => s + count(mask, 1), 0);
    const all = n * height * width;
    expect(Math.abs(left / all - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / all));
    for (let p = 0; p < height * width; p++) {
      const here = masks.filter((mask) => mask.flat()[p] === 1).length;
      expect(Math.abs(here / n - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / n));
    }
  });
});
