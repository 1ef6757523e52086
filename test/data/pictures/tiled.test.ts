/** Tiles that cannot be told from the whole. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../../src/array/index.ts";
import { type ApplyToTiles, noiseField, tiled } from "../../../src/data/index.ts";
import { starts, windows } from "../../../src/data/pictures/tiled.ts";
import { conv, jit, type Tensor } from "../../../src/tensor/index.ts";
import fc from "../../property.ts";

const identity: ApplyToTiles = async (tiles) => tiles;

/** Tiles and overlaps that go together, and the size of a picture. */
const layouts = fc.integer({ min: 1, max: 24 }).chain((tile) =>
  fc.record({
    tile: fc.constant(tile),
    overlap: fc.integer({ min: 0, max: Math.floor(tile / 2) }),
    height: fc.integer({ min: 1, max: 60 }),
    width: fc.integer({ min: 1, max: 60 }),
    scale: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 9 }),
  }),
);

const pictureOf = (height: number, width: number, seed = 1): NdArray<"f32"> => randomStream(seed).uniform([2, height, width]);

/** Four weights of double precision that sum to one, and three additions of single precision, of numbers up to 1. */
const rounding = 4 * 2 ** -24;

const near = (found: NdArray<"f32">, expected: NdArray<"f32">, by: number): void => {
  expect(found.shape).toEqual(expected.shape);
  const worst = found.data.reduce((most, v, i) => Math.max(most, Math.abs(v - expected.data[i])), 0);
  expect(worst).toBeLessThanOrEqual(by);
};

describe("tiles", () => {
  test("the identity gives the picture back, of any size, with any tiles", async () => {
    await fc.assert(
      fc.asyncProperty(layouts, async ({ tile, overlap, height, width, batch }) => {
        const picture = pictureOf(height, width);
        near(await tiled(identity, picture, { tile, overlap, batch }), picture, rounding);
      }),
    );
  });

  test("cover a line, overlap at least as much as they should, and their weights sum to one", () => {
    fc.assert(
      fc.property(layouts, ({ tile, overlap, width: length, scale }) => {
        const firsts = starts(length, tile, overlap);
        const whole = Math.max(length, tile);
        expect([firsts[0], firsts[firsts.length - 1] + tile]).toEqual([0, whole]);
        for (let k = 1; k < firsts.length; k++) expect(firsts[k - 1] + tile - firsts[k]).toBeGreaterThanOrEqual(overlap);
        const support = Math.floor(overlap / 2);
        const total = new Float64Array(scale * whole);
        for (const [k, weights] of windows(firsts, whole, { tile, overlap, scale, support }).entries())
          for (const [p, weight] of weights.entries()) total[scale * firsts[k] + p] += weight;
        for (const sum of total) expect(Math.abs(sum - 1)).toBeLessThan(1e-15);
      }),
    );
  });

  test("a convolution on tiles is the convolution of the whole, if they overlap by twice its reach", async () => {
    const kernels = fc.record({ layouts, reach: fc.integer({ min: 1, max: 3 }), seed: fc.nat(1000) });
    await fc.assert(
      fc.asyncProperty(kernels, async ({ layouts: { tile, overlap, height, width, batch }, reach, seed }) => {
        const [t, o] = [tile + 4 * reach, overlap + 2 * reach];
        const side = 2 * reach + 1;
        const kernel = randomStream(seed).normal([3, 2, side, side]);
        const apply = jit((x: Tensor, k: Tensor) => conv(x, k, { padding: "same" }));
        const run: ApplyToTiles = async (x) => (await apply(x, kernel)) as NdArray<"f32">; // of f32 it gives f32
        const picture = pictureOf(height + t, width + t, seed);
        const [h, w] = picture.shape.slice(1);
        const whole = await run(ndarray(picture.data, [1, 2, h, w], "f32"), []);
        const parts = await tiled(run, picture, { tile: t, overlap: o, support: reach, batch });
        // 2 · 49 products of numbers about 1, in another order
        near(parts, ndarray(whole.data, [3, h, w], "f32"), 98 * 8 * 2 ** -24);
      }),
      { numRuns: 25 },
    );
  });

  test("a larger result of a local program has no seams either, and constant pictures stay constant", async () => {
    const twice: ApplyToTiles = async ({ data, shape: [n, c, h, w] }) => {
      const at = (i: number): number => {
        const [x, y, rest] = [i % (2 * w), Math.floor(i / (2 * w)) % (2 * h), Math.floor(i / (4 * h * w))];
        return data[rest * h * w + (y >> 1) * w + (x >> 1)] + 0.1 * (x % 2);
      };
      return ndarray(
        Float32Array.from({ length: 4 * data.length }, (_, i) => at(i)),
        [n, c, 2 * h, 2 * w],
        "f32",
      );
    };
    await fc.assert(
      fc.asyncProperty(layouts, async ({ tile, overlap, height, width, batch }) => {
        const picture = pictureOf(height, width);
        const whole = (await twice(ndarray(picture.data, [1, 2, height, width], "f32"), [])).data;
        near(
          await tiled(twice, picture, { tile, overlap, batch, scale: 2 }),
          ndarray(whole, [2, 2 * height, 2 * width], "f32"),
          2 * rounding,
        );
        const grey = ndarray(new Float32Array(height * width).fill(0.3), [1, height, width], "f32");
        near(await tiled(identity, grey, { tile, overlap, batch }), grey, rounding);
      }),
      { numRuns: 40 },
    );
  });

  test("every run of a program has the same shape", async () => {
    const shapes = new Set<string>();
    const seen: ApplyToTiles = async (tiles, places) => {
      shapes.add(tiles.shape.join());
      expect(places.length).toBe(tiles.shape[0]);
      return tiles;
    };
    await tiled(seen, pictureOf(50, 50), { tile: 16, overlap: 4, batch: 7 });
    expect([...shapes]).toEqual(["7,2,16,16"]);
  });

  test("what does not go together is refused", async () => {
    const picture = pictureOf(9, 9);
    await expect(tiled(identity, picture, { tile: 8, overlap: 5 })).rejects.toThrow("tiles of 8 pixels that overlap by 5");
    await expect(tiled(identity, picture, { tile: 8, overlap: 2, support: 2 })).rejects.toThrow("reaches 2 far");
    await expect(tiled(identity, picture, { tile: 8.5, overlap: 2 })).rejects.toThrow("whole numbers");
    await expect(tiled(identity, picture, { tile: 8, overlap: 2, scale: 2 })).rejects.toThrow("not 2 times as large");
    await expect(tiled(identity, ndarray(new Float32Array(0), [1, 0, 4], "f32"), { tile: 8, overlap: 2 })).rejects.toThrow(
      "a picture of [1, 0, 4] pixels",
    );
  });
});

describe("noise by place", () => {
  test("windows agree wherever they overlap, whatever their size", () => {
    const place = fc.record({ x: fc.nat(200), y: fc.nat(200) });
    const small = noiseField(7, [2, 40, 50])([{ x: 0, y: 0 }]);
    const whole = noiseField(7, [2, 250, 250])([{ x: 0, y: 0 }]);
    expect([0, 1, 49].map((i) => small.data[i])).toEqual([0, 1, 49].map((i) => whole.data[i]));
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 50 }), ({ x, y }, side) => {
        const { data } = noiseField(7, [2, side, side])([
          { x: 5, y: 5 },
          { x, y },
        ]);
        for (let c = 0; c < 2; c++)
          for (let i = 0; i < side; i += 7)
            for (let j = 0; j < side; j++) expect(data[((2 + c) * side + i) * side + j]).toBe(whole.data[(c * 250 + y + i) * 250 + x + j]);
      }),
    );
  });

  test("tiles of a picture give back the field, and seeds and channels are independent normal numbers", async () => {
    const field = noiseField("seed", [1, 32, 32]);
    const noisy: ApplyToTiles = async (_, places) => field(places);
    const made = await tiled(noisy, ndarray(new Float32Array(150 * 170), [1, 150, 170], "f32"), { tile: 32, overlap: 8 });
    const whole = noiseField("seed", [1, 150, 170])([{ x: 0, y: 0 }]);
    near(made, ndarray(whole.data, [1, 150, 170], "f32"), 8.6 * rounding);
    const [a, b] = [whole, noiseField("other", [2, 150, 170])([{ x: 0, y: 0 }])].map(({ data }) => data);
    const n = a.length;
    const correlation = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, i) => sum + v * y[i], 0) / n;
    // standard errors of means of 25,500 products: 1 / √n, of squares √(2 / n); 4.5 of them
    expect(Math.abs(correlation(a, a) - 1)).toBeLessThan(4.5 * Math.sqrt(2 / n));
    for (const [x, y] of [
      [a, b.subarray(0, n)],
      [b.subarray(0, n), b.subarray(n)],
      [a.subarray(0, n - 1), a.subarray(1)],
      [a.subarray(0, n - 64 * 170), a.subarray(64 * 170)],
    ])
      expect(Math.abs(correlation(x, y))).toBeLessThan(4.5 / Math.sqrt(n));
  });
});
