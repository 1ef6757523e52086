/** Colours under transparency. */
import { expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { bleed, type PictureFrame } from "../../../src/data/index.ts";
import fc from "../../property.ts";

const sizes = fc.record({
  h: fc.integer({ min: 1, max: 13 }),
  w: fc.integer({ min: 1, max: 13 }),
  seed: fc.nat(1000),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** Alpha of which a share is nothing, and the rest anything. */
function alphaOf(h: number, w: number, seed: number, share: number): NdArray<"f32"> {
  const { data } = randomStream(seed).uniform([2, h * w]);
  return ndarray(
    Float32Array.from({ length: h * w }, (_, i) => (data[i] < share ? 0 : data[h * w + i])),
    [h, w],
    "f32",
  );
}

const random = (h: number, w: number, seed: number): NdArray<"f32"> => randomStream(seed).fold("colours").uniform([3, h, w]);

test("what is seen stays as it is, to the last bit; the rest lies among the colours that are seen", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async ({ h, w, seed, share }) => {
      const [colours, alpha] = [random(h, w, seed), alphaOf(h, w, seed, share)];
      const { data } = await bleed({ colours, alpha });
      const seen = Array.from(alpha.data.keys()).filter((p) => alpha.data[p] > 0);
      for (let c = 0; c < 3; c++) {
        for (const p of seen) expect(data[c * h * w + p]).toBe(colours.data[c * h * w + p]);
        const values = seen.map((p) => colours.data[c * h * w + p]);
        const [low, high] = seen.length > 0 ? [Math.min(...values), Math.max(...values)] : [1, 1];
        // means of means in single precision, four levels
        for (const v of data.subarray(c * h * w, (c + 1) * h * w)) expect(v >= low - 1e-6 && v <= high + 1e-6).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test("a constant colour under any alpha is constant, whatever hides under what is not seen", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.constantFrom(0, Number.NaN, 1e30), async ({ h, w, seed, share }, hidden) => {
      const alpha = alphaOf(h, w, seed, share);
      if (alpha.data.every((a) => a === 0)) return;
      const colours = ndarray(
        Float32Array.from({ length: 3 * h * w }, (_, i) => (alpha.data[i % (h * w)] > 0 ? 0.3 : hidden)),
        [3, h, w],
        "f32",
      );
      for (const v of (await bleed({ colours, alpha })).data) expect(Math.abs(v - 0.3)).toBeLessThan(1e-6);
    }),
    { numRuns: 60 },
  );
});

test("where nothing is seen all is white, and without alpha nothing changes", async () => {
  const colours = random(6, 9, 1);
  const nothing: PictureFrame = { colours, alpha: ndarray(new Float32Array(54), [6, 9], "f32") };
  expect([...(await bleed(nothing)).data]).toEqual(new Array(162).fill(1));
  expect(await bleed({ colours })).toBe(colours);
});

test("the nearest colours are taken: beside a red and a blue half each side stays its own", async () => {
  const [h, w] = [32, 32];
  const edge = (x: number): boolean => x < 2 || x > 29;
  const alpha = ndarray(
    Float32Array.from({ length: h * w }, (_, p) => (edge(p % w) ? 1 : 0)),
    [h, w],
    "f32",
  );
  const colours = ndarray(
    Float32Array.from({ length: 3 * h * w }, (_, i) => (edge(i % w) ? Number(i < h * w === i % w < 2) : 0)),
    [3, h, w],
    "f32",
  );
  const { data } = await bleed({ colours, alpha });
  const red = (x: number): number => data[16 * w + x];
  for (let x = 1; x < w; x++) expect(red(x)).toBeLessThanOrEqual(red(x - 1) + 1e-6);
  expect(red(6)).toBeGreaterThan(0.75);
  expect(red(25)).toBeLessThan(0.25);
});
