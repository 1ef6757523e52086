/** What is written is read again, and what a format cannot hold is said. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import { encodePicture, type Picture, type PictureFrame, readPicture, writePicture } from "../../../src/data/index.ts";
import fc from "../../property.ts";

/** A frame of random numbers that are whole ones of a depth. */
function frame(seed: number, channels: 1 | 3, alpha: boolean, depth: 8 | 16, [h, w] = [5, 7]): PictureFrame {
  const most = 2 ** depth - 1;
  const numbers = (name: string, shape: readonly number[]) => {
    const { data } = randomStream(seed)
      .fold(name)
      .integers(0, most + 1, shape);
    return ndarray(
      Float32Array.from(data, (v) => v / most),
      shape,
      "f32",
    );
  };
  return { colours: numbers("colours", [channels, h, w]), ...(alpha && { alpha: numbers("alpha", [h, w]) }) };
}

const pictures = fc
  .record({
    seed: fc.nat(1000),
    channels: fc.constantFrom(1 as const, 3 as const),
    alpha: fc.boolean(),
    depth: fc.constantFrom(8 as const, 16 as const),
  })
  .map(({ seed, channels, alpha, depth }): Picture => ({ depth, frames: [frame(seed, channels, alpha, depth)] }));

const animations = fc
  .record({
    seed: fc.nat(1000),
    alpha: fc.boolean(),
    delays: fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 2, maxLength: 4 }),
    loops: fc.nat(9),
  })
  .map(
    ({ seed, alpha, delays, loops }): Picture => ({ depth: 8, delays, loops, frames: delays.map((_, k) => frame(seed + k, 3, alpha, 8)) }),
  );

const same = (found: Picture, expected: Picture): void => {
  expect(found.frames).toEqual(expected.frames);
  expect([found.depth, found.delays, found.loops]).toEqual([expected.depth, expected.delays, expected.loops]);
};

describe("nothing is lost", () => {
  test("PNG: grey and colours, with alpha, of 8 and 16 bits", async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async (picture) => {
        const { bytes, notes } = await encodePicture(picture);
        expect(notes).toEqual([]);
        same(await readPicture(bytes), picture);
      }),
      { numRuns: 40 },
    );
  });

  test("animated PNG: frames, delays and loops", async () => {
    await fc.assert(
      fc.asyncProperty(animations, async (picture) => {
        const { bytes, notes } = await encodePicture(picture);
        expect(notes).toEqual([]);
        same(await readPicture(bytes), picture);
      }),
      { numRuns: 20 },
    );
  });

  test("WebP of quality 100, still and moving", async () => {
    const still: Picture = { depth: 8, frames: [frame(1, 3, true, 8)] };
    same(await readPicture((await encodePicture(still, { format: "webp", quality: 100 })).bytes), still);
    const moving: Picture = {
      depth: 8,
      delays: [40, 1000],
      loops: 2,
      frames: [frame(1, 3, false, 8, [16, 16]), frame(2, 3, false, 8, [16, 16])],
    };
    same(await readPicture((await encodePicture(moving, { format: "webp", quality: 100 })).bytes), moving);
  });

  test("GIF of few colours", async () => {
    const solid = (v: number): PictureFrame => ({ colours: ndarray(new Float32Array(108).fill(v / 255), [3, 6, 6], "f32") });
    const picture: Picture = { depth: 8, delays: [40, 1000, 70], loops: 4, frames: [solid(0), solid(100), solid(255)] };
    const { bytes, notes } = await encodePicture(picture, { format: "gif" });
    expect(notes).toEqual([]);
    same(await readPicture(bytes), picture);
  });

  test("profiles of stills stay, with the numbers that they explain", async () => {
    const wide = await sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 200, g: 50, b: 50 } } })
      .png()
      .withIccProfile("p3")
      .toBuffer();
    const picture = await readPicture(wide, { profile: "keep" });
    for (const [format, by] of [
      ["png", 0],
      ["webp", 0],
      ["jpeg", 3 / 255],
    ] as const) {
      const { bytes, notes } = await encodePicture(picture, { format, quality: 100 });
      const again = await readPicture(bytes, { profile: "keep" });
      expect(notes).toEqual([]);
      expect(Buffer.from(again.profile ?? [])).toEqual(Buffer.from(picture.profile ?? []));
      for (const [i, v] of picture.frames[0].colours.data.entries())
        expect(Math.abs(again.frames[0].colours.data[i] - v)).toBeLessThanOrEqual(by);
    }
    const gif = await encodePicture(picture, { format: "gif" });
    expect(gif.notes).toEqual(["GIF is written without a profile: colours converted to sRGB"]);
    expect(Math.abs((await readPicture(gif.bytes)).frames[0].colours.data[0] - 200 / 255)).toBeLessThan(0.01);
  });
});

describe("what a format cannot hold is said", () => {
  const fine: Picture = { depth: 16, delays: [15, 20], frames: [frame(1, 3, true, 16, [20, 20]), frame(2, 3, true, 16, [20, 20])] };

  test("JPEG: one frame, on white, of 8 bits", async () => {
    const clear: Picture = { ...fine, frames: fine.frames.map((f) => ({ ...f, alpha: ndarray(new Float32Array(400), [20, 20], "f32") })) };
    const { bytes, notes } = await encodePicture(clear, { format: "jpeg" });
    expect(notes).toEqual([
      "JPEG holds no animation: the first of 2 frames is written",
      "JPEG holds no transparency: laid on white",
      "JPEG holds no 16 bits: rounded to 8",
    ]);
    const { frames, depth } = await readPicture(bytes);
    expect([frames.length, depth]).toEqual([1, 8]);
    expect(Math.min(...frames[0].colours.data)).toBeGreaterThan(0.98);
  });

  test("GIF: colours, half transparency, delays", async () => {
    const { notes } = await encodePicture(fine, { format: "gif" });
    expect(notes.map((note) => note.replace(/\d{3} pixels/, "n pixels"))).toEqual([
      "GIF holds no 16 bits: rounded to 8",
      "GIF holds 256 colours: others are mixed from these",
      "GIF holds no half transparency: n pixels became all or nothing",
      "GIF holds delays in hundredths of a second: rounded",
    ]);
  });

  test("numbers beyond black and white are cut off, with a count; what is no number is refused", async () => {
    const picture = (values: readonly number[]): Picture => ({
      depth: 8,
      frames: [{ colours: ndarray(Float32Array.from(values), [1, 2, 2], "f32") }],
    });
    const { bytes, notes } = await encodePicture(picture([-0.5, 0, 1, 1.5]));
    expect(notes).toEqual(["2 of 4 numbers beyond [0, 1], cut off"]);
    expect([...(await readPicture(bytes)).frames[0].colours.data]).toEqual([0, 0, 1, 1]);
    await expect(encodePicture(picture([0, Number.NaN, 0, 0]))).rejects.toThrow("NaN");
    const two = ndarray(new Float32Array(8), [2, 2, 2], "f32");
    await expect(encodePicture({ depth: 8, frames: [{ colours: two }] })).rejects.toThrow("a picture of 2 channels");
    await expect(encodePicture({ depth: 8, frames: [frame(1, 3, false, 8), frame(1, 3, false, 8, [4, 4])] })).rejects.toThrow(
      "different shapes",
    );
  });
});

describe("files", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pushforward-write-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("the ending says the format; nothing half written is left", async () => {
    const picture: Picture = { depth: 8, frames: [frame(1, 3, false, 8)] };
    for (const [name, format] of [
      ["a.png", "png"],
      ["b.JPG", "jpeg"],
      ["c.webp", "webp"],
      ["d.gif", "gif"],
    ]) {
      await writePicture(join(folder, name), picture);
      expect((await readPicture(join(folder, name))).format).toBe(format);
    }
    expect((await readdir(folder)).length).toBe(4);
    await expect(writePicture(join(folder, "e.wepb"), picture)).rejects.toMatchObject({ hint: 'did you mean ".webp"?' });
    await expect(writePicture(join(folder, "no", "f.png"), picture)).rejects.toThrow("it cannot be written (ENOENT)");
    expect(existsSync(join(folder, "e.wepb"))).toBe(false);
  });
});
