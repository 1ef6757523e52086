/** Picture files as numbers: what is in them, and nothing else. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { readPicture } from "../../../src/data/index.ts";
import { joined, readChunks, words, writeChunks } from "../../../src/png/chunks.ts";
import fc from "../../property.ts";
import { apngFile, channelsOf, end, header, type Part, type PngKind, pixelData, pngFile } from "./png.ts";

const close = (found: ArrayLike<number>, expected: ArrayLike<number>, by = 1e-7): void => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - expected[i])).toBeLessThanOrEqual(by);
};

/** Numbers by channel of samples that stand pixel by pixel. */
const plane = (samples: ArrayLike<number>, channels: number, c: number, most: number): number[] =>
  Array.from({ length: samples.length / channels }, (_, p) => samples[p * channels + c] / most);

describe("PNG", () => {
  const kinds: PngKind[] = ([1, 2, 4, 8, 16] as const).flatMap((depth) =>
    ([0, 2, 4, 6] as const).filter((colour) => colour === 0 || depth >= 8).map((colour) => ({ width: 5, height: 3, depth, colour })),
  );
  for (const kind of kinds)
    test(`colour type ${kind.colour} of ${kind.depth} bits keeps its numbers`, async () => {
      const most = 2 ** kind.depth - 1;
      const channels = channelsOf[kind.colour];
      const samples = Array.from({ length: 15 * channels }, (_, i) => (i * 8191 + 3) % (most + 1));
      const { frames, depth, notes, format, delays } = await readPicture(pngFile(kind, samples));
      const [{ colours, alpha }] = frames;
      expect([format, depth, notes, delays]).toEqual(["png", kind.depth === 16 ? 16 : 8, [], undefined]);
      const planes = channels < 3 ? 1 : 3;
      expect(colours.shape).toEqual([planes, 3, 5]);
      close(colours.data, Array.from({ length: planes }, (_, c) => plane(samples, channels, c, most)).flat());
      if (channels % 2 === 0) close(alpha?.data ?? [], plane(samples, channels, channels - 1, most));
      else expect(alpha).toBeUndefined();
    });

  test("indexed colours and their transparency", async () => {
    const palette = { type: "PLTE", data: Uint8Array.of(255, 0, 0, 0, 128, 0, 7, 8, 9) };
    const opacity = { type: "tRNS", data: Uint8Array.of(255, 51) };
    const kind = { width: 3, height: 1, depth: 2, colour: 3 } as const;
    const plain = await readPicture(pngFile(kind, [2, 0, 1], [palette]));
    close(
      plain.frames[0].colours.data,
      [7, 255, 0, 8, 0, 128, 9, 0, 0].map((v) => v / 255),
    );
    const clear = await readPicture(pngFile(kind, [2, 0, 1], [palette, opacity]));
    close(clear.frames[0].alpha?.data ?? [], [1, 1, 0.2]);
  });

  test("a transparent colour of grey", async () => {
    const { frames } = await readPicture(
      pngFile({ width: 2, height: 1, depth: 8, colour: 0 }, [7, 8], [{ type: "tRNS", data: Uint8Array.of(0, 8) }]),
    );
    expect([...(frames[0].alpha?.data ?? [])]).toEqual([1, 0]);
  });

  test("an alpha of ones is none", async () => {
    const { frames } = await readPicture(pngFile({ width: 1, height: 1, depth: 8, colour: 6 }, [1, 2, 3, 255]));
    expect(frames[0].alpha).toBeUndefined();
  });
});

describe("other formats", () => {
  const noise = (channels: 3 | 4, width = 16, height = 16) =>
    sharp(
      Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 2654435761) >>> 24),
      { raw: { width, height, channels } },
    );

  test("lossless WebP and TIFF keep their numbers; 16 bits of a TIFF too", async () => {
    const raw = await noise(4).raw().toBuffer();
    for (const bytes of [
      await noise(4).webp({ lossless: true, exact: true }).toBuffer(),
      await noise(4).tiff({ compression: "lzw" }).toBuffer(),
    ]) {
      const { frames } = await readPicture(bytes);
      close(
        frames[0].colours.data,
        [0, 1, 2].flatMap((c) => plane(raw, 4, c, 255)),
      );
      close(frames[0].alpha?.data ?? [], plane(raw, 4, 3, 255));
    }
    const fine = Uint16Array.from({ length: 48 }, (_, i) => i * 1361);
    const tiff = await sharp(fine, { raw: { width: 4, height: 4, channels: 3 } })
      .toColourspace("rgb16")
      .tiff({ compression: "none" })
      .toBuffer();
    const { frames, depth } = await readPicture(tiff);
    expect(depth).toBe(16);
    close(
      frames[0].colours.data,
      [0, 1, 2].flatMap((c) => plane(fine, 3, c, 65_535)),
    );
  });

  test("JPEG and AVIF are near", async () => {
    const flat = sharp({ create: { width: 24, height: 16, channels: 3, background: { r: 200, g: 60, b: 20 } } });
    for (const bytes of [await flat.clone().jpeg().toBuffer(), await flat.clone().avif().toBuffer()]) {
      const { frames } = await readPicture(bytes);
      expect(frames[0].colours.shape).toEqual([3, 16, 24]);
      for (const [c, v] of [200, 60, 20].entries()) expect(Math.abs(frames[0].colours.data[c * 384 + 200] - v / 255)).toBeLessThan(0.02);
    }
  });

  test("EXIF orientation is applied", async () => {
    // left half black, right half white, to be turned a quarter clockwise: black above
    const halves = sharp(
      Uint8Array.from({ length: 48 }, (_, i) => (i % 12 < 6 ? 0 : 255)),
      { raw: { width: 4, height: 4, channels: 3 } },
    );
    const { frames, notes } = await readPicture(await halves.png().withMetadata({ orientation: 6 }).toBuffer());
    expect([...frames[0].colours.data.subarray(0, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(notes).toEqual(["turned by its EXIF orientation (6 of 8)"]);
  });

  test("colours of another profile become sRGB, or stay with their profile", async () => {
    const wide = await sharp({ create: { width: 4, height: 4, channels: 3, background: { r: 200, g: 50, b: 50 } } })
      .png()
      .withIccProfile("p3")
      .toBuffer();
    const [converted, kept] = [await readPicture(wide), await readPicture(wide, { profile: "keep" })];
    expect(Math.abs(converted.frames[0].colours.data[0] - 200 / 255)).toBeLessThan(0.01);
    expect(converted.notes[0]).toMatch(/^colours of the profile ".*P3.*" converted to sRGB$/);
    expect([converted.profile, kept.notes]).toEqual([undefined, []]);
    // the same red is less far out in a wider space
    expect(kept.frames[0].colours.data[0]).toBeLessThan(0.75);
    expect(kept.profile?.length).toBeGreaterThan(100);
  });

  test("sixteen bits of another profile become the same sRGB as bytes", async () => {
    const pixels = [200, 90, 90, 100, 180, 120];
    const raw = { raw: { width: 2, height: 1, channels: 3 } } as const;
    const bytes = await sharp(Uint8Array.from(pixels), raw).png().withIccProfile("p3").toBuffer();
    const chunks = readChunks(bytes);
    const numbers = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    const icc = chunks.filter(({ type }) => type === "iCCP");
    const fine = pngFile(
      { width: 2, height: 1, depth: 16, colour: 2 },
      Array.from(numbers, (v) => 257 * v),
      icc,
    );
    const read = await readPicture(fine);
    expect(read.depth).toBe(16);
    close(read.frames[0].colours.data, (await readPicture(bytes)).frames[0].colours.data, 1 / 255);
    expect((await readPicture(fine, { profile: "keep" })).frames[0].colours.data[0]).toBeCloseTo(numbers[0] / 255, 6);
  });

  test("inks are converted, and it is said", async () => {
    const inks = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#ff0000" } })
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer();
    const { frames, notes } = await readPicture(inks);
    const [r, g, b] = [0, 1, 2].map((c) => frames[0].colours.data[c * 64]);
    expect(r).toBeGreaterThan(Math.max(g, b) + 0.7);
    expect(notes[0]).toMatch(/^inks \(CMYK\) converted to sRGB/);
  });

  test("pages of a document: the first, with a word", async () => {
    const pages = Buffer.concat([Buffer.alloc(48, 10), Buffer.alloc(48, 250)]);
    const tiff = await sharp(pages, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
      .tiff({ compression: "none" })
      .toBuffer();
    const { frames, notes } = await readPicture(tiff);
    expect(frames.length).toBe(1);
    expect(notes).toEqual(["2 pages: the first is taken"]);
  });
});

describe("animations", () => {
  test("GIF and WebP: every frame, its delay, and how often", async () => {
    const colours = [10, 130, 250];
    const raw = Buffer.concat(colours.map((v) => Buffer.alloc(3 * 36, v)));
    const moving = sharp(raw, { raw: { width: 6, height: 18, channels: 3, pageHeight: 6 } });
    for (const bytes of [
      await moving
        .clone()
        .gif({ delay: [100, 250, 30], loop: 3 })
        .toBuffer(),
      await moving
        .clone()
        .webp({ lossless: true, delay: [100, 250, 30], loop: 3 })
        .toBuffer(),
    ]) {
      const { frames, delays, loops } = await readPicture(bytes);
      expect([frames.length, delays, loops]).toEqual([3, [100, 250, 30], 3]);
      for (const [k, v] of colours.entries()) {
        expect(frames[k].colours.shape).toEqual([3, 6, 6]);
        close(frames[k].colours.data, new Array(108).fill(v / 255));
      }
    }
  });

  const [red, green, half, clear] = [
    [255, 0, 0, 255],
    [0, 255, 0, 255],
    [0, 0, 255, 128],
    [9, 9, 9, 0],
  ];
  const filled = (colour: readonly number[], pixels: number): number[] => Array.from({ length: pixels }, () => colour).flat();
  const whole = (colour: readonly number[], dispose: 0 | 1 | 2): Part => ({
    ...{ x: 0, y: 0, width: 3, height: 2, delay: [1, 10], dispose, blend: 0 },
    samples: filled(colour, 6),
  });
  const spot = (colour: readonly number[], dispose: 0 | 1 | 2, blend: 0 | 1): Part => ({
    ...{ x: 2, y: 1, width: 1, height: 1, delay: [25, 0], dispose, blend },
    samples: colour,
  });

  test("APNG: parts are laid over one another as each says", async () => {
    const parts = [whole(red, 0), spot(half, 2, 1), spot(green, 1, 0), spot(clear, 0, 1), spot(half, 0, 0)];
    const { frames, delays, loops, format } = await readPicture(apngFile(3, 2, parts, { loops: 7 }));
    expect([format, delays, loops]).toEqual(["apng", [100, 250, 250, 250, 250], 7]);
    const corner = frames.map(({ colours, alpha }) => [0, 1, 2].map((c) => colours.data[c * 6 + 5]).concat(alpha?.data[5] ?? 1));
    const a = 128 / 255;
    close(corner[0], [1, 0, 0, 1]);
    close(corner[1], [1 - a, 0, a, 1]);
    close(corner[2], [0, 1, 0, 1]); // on the restored red
    close(corner[3], [0, 0, 0, 0]); // on what was cleared
    close(corner[4], [0, 0, 1, a]);
    for (const { colours } of frames) expect(colours.data[0]).toBe(1);
  });

  test("APNG: what does not go together is refused in words", async () => {
    const good = apngFile(3, 2, [whole(red, 0), spot(green, 0, 0)]);
    const chunks = readChunks(good);
    const refuse = (bytes: Uint8Array, said: RegExp) => expect(readPicture(bytes, { source: "a.png" })).rejects.toThrow(said);
    await refuse(apngFile(3, 2, [whole(red, 0)], { announced: 2 }), /a\.png: the file is damaged.*2 frames are announced, 1 are there/);
    await refuse(apngFile(3, 2, [whole(red, 0), { ...spot(green, 0, 0), x: 3 }]), /frame 1 of 1 x 1 pixels at 3, 1 is not within 3 x 2/);
    await refuse(
      apngFile(3, 2, [whole(red, 0), { ...spot(green, 0, 0), width: 2 ** 31 }].slice(0, 1), { announced: 0 }),
      /0 frames are announced/,
    );
    await refuse(writeChunks(chunks.filter(({ type }) => type !== "fdAT")), /frame 1 has no pixels/);
    await refuse(writeChunks(chunks.toSpliced(2, 1)), /not in order/);
    await refuse(
      writeChunks(chunks.map((c) => (c.type === "acTL" ? { ...c, data: c.data.subarray(1) } : c))),
      /no control of the animation/,
    );
    const wrong = good.slice();
    wrong[good.length - 1] ^= 1;
    await refuse(wrong, /wrong checksum of chunk IEND/);
  });
});

describe("what is no picture", () => {
  const kind = { width: 40, height: 40, depth: 8, colour: 2 } as const;
  const png = pngFile(
    kind,
    Array.from({ length: 4800 }, (_, i) => (i * 2654435761) >>> 24),
  );
  const said: readonly [what: string, bytes: Uint8Array, said: RegExp][] = [
    ["nothing", new Uint8Array(), /the file is empty/],
    ["a text", Buffer.from("text that is called a picture"), /this is no picture/],
    ["half a picture", png.subarray(0, png.length / 2), /the file is (cut off|damaged)/],
    ["a wrong checksum", png.with(png.length - 100, 1 ^ png[png.length - 100]), /wrong checksum of chunk IDAT/],
    [
      "a huge header",
      writeChunks([header({ ...kind, width: 60_000, height: 60_000 }), { type: "IDAT", data: pixelData(kind, [0]) }, end]),
      /pixels/,
    ],
    ["a BMP", Buffer.from("BM" + "x".repeat(60)), /a BMP is not read/],
    ["a drawing", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /an SVG drawing is not read/],
    [
      "a million frames",
      apngFile(
        9000,
        9000,
        Array.from({ length: 9 }, () => ({ x: 0, y: 0, width: 1, height: 1, delay: [1, 1], dispose: 0, blend: 0, samples: [0, 0, 0, 0] })),
      ),
      /9000 x 9000 pixels in 9 frames, more than/,
    ],
  ];
  for (const [what, bytes, pattern] of said)
    test(`${what} is refused in words`, async () => {
      await expect(readPicture(bytes, { source: "x.png" })).rejects.toMatchObject({
        name: "UserError",
        message: expect.stringMatching(pattern),
      });
    });

  test("a JPEG that ends early is refused, not filled with grey", async () => {
    const jpeg = await sharp(png).jpeg().toBuffer();
    await expect(readPicture(jpeg.subarray(0, jpeg.length - 200))).rejects.toThrow("the file is cut off");
    const progressive = await sharp(png).jpeg({ progressive: true }).toBuffer();
    await expect(readPicture(progressive.subarray(0, progressive.length - 200))).rejects.toThrow("the file is cut off");
  });

  test("paths are read, and named when they are not there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pushforward-read-"));
    try {
      await writeFile(join(folder, "a.png"), png);
      expect((await readPicture(join(folder, "a.png"))).source).toBe(join(folder, "a.png"));
      await expect(readPicture(join(folder, "b.png"))).rejects.toThrow("b.png: there is no such file");
      await expect(readPicture(folder)).rejects.toThrow(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("chunks that are written are read again", () => {
    const chunk = fc.record({ type: fc.stringMatching(/^[a-zA-HJ-Z]{4}$/), data: fc.uint8Array({ maxLength: 20 }) });
    fc.assert(
      fc.property(fc.array(chunk), (inner) => {
        const all = [header(kind), ...inner, end];
        expect(readChunks(writeChunks(all)).map(({ type, data }) => [type, ...data])).toEqual(all.map(({ type, data }) => [type, ...data]));
      }),
    );
    expect(() => readChunks(joined(png.subarray(0, 8), words(5)))).toThrow("ends before");
    expect(() => readChunks(joined(png.subarray(0, 8), words(2 ** 31, 1, 2, 3)))).toThrow("a chunk of 2147483648 bytes where 4 are left");
  });
});
