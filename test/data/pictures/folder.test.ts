/** Folders of pictures as a set of one shape. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { loadPictures } from "../../../src/data/index.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pushforward-pictures-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Drawn {
  readonly width?: number;
  readonly height?: number;
  readonly colour?: { r: number; g: number; b: number; alpha?: number };
}

const drawn = ({ width = 12, height = 12, colour = { r: 200, g: 100, b: 50 } }: Drawn = {}): Promise<Buffer> =>
  sharp({ create: { width, height, channels: colour.alpha === undefined ? 3 : 4, background: colour } })
    .png()
    .toBuffer();

const greyPicture = (value: number): Promise<Buffer> =>
  sharp(Buffer.alloc(144, value), { raw: { width: 12, height: 12, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toBuffer();

/** A folder with such files. */
async function folder(name: string, files: Readonly<Record<string, Buffer | string>>): Promise<string> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name, path)), { recursive: true });
    await writeFile(join(root, name, path), bytes);
  }
  return join(root, name);
}

describe("folders of pictures", () => {
  test("pictures of one size are taken as they are, in the order of their names, with colours in planes", async () => {
    const path = await folder("plain", {
      "b.png": await drawn({ colour: { r: 1, g: 2, b: 3 } }),
      "a.png": await drawn(),
      "sub/c.png": await drawn(),
    });
    const { pixels, names, labels, testFrom, warnings } = await loadPictures(path);
    expect(pixels.shape).toEqual([3, 3, 12, 12]);
    expect(names).toEqual(["a.png", "b.png", "sub/c.png"]);
    expect([0, 144, 288, 432, 576, 720].map((i) => pixels.data[i])).toEqual([200, 100, 50, 1, 2, 3]);
    expect(labels).toBeUndefined();
    expect(testFrom).toBeUndefined();
    expect(warnings).toEqual(["2 pictures beside the subfolders: their names are not taken as classes"]);
  });

  test("subfolders are classes if every picture is in one; train and test are parts", async () => {
    const one = await drawn();
    const classes = await folder("classes", { "dog/1.png": one, "cat/deep/1.png": one, "cat/2.png": one });
    const set = await loadPictures(classes);
    expect([set.classes, [...(set.labels ?? [])]]).toEqual([
      ["cat", "dog"],
      [0, 0, 1],
    ]);
    const parts = await folder("parts", { "test/dog/1.png": one, "train/dog/2.png": one, "train/cat/1.png": one });
    const divided = await loadPictures(parts);
    expect(divided.names).toEqual(["train/cat/1.png", "train/dog/2.png", "test/dog/1.png"]);
    expect([divided.classes, [...(divided.labels ?? [])], divided.testFrom]).toEqual([["cat", "dog"], [0, 1, 1], 2]);
    expect(divided.warnings[0]).toMatch(/2 pictures for training, 1 held out/);
  });

  test("other sizes are cropped in their middle and scaled, with counts", async () => {
    // left third red, middle green, right blue: a square in the middle of 36 x 12 is green
    const thirds = await sharp({ create: { width: 36, height: 12, channels: 3, background: "#00ff00" } })
      .composite([
        { input: await drawn({ colour: { r: 255, g: 0, b: 0 } }), left: 0, top: 0 },
        { input: await drawn({ colour: { r: 0, g: 0, b: 255 } }), left: 24, top: 0 },
      ])
      .png()
      .toBuffer();
    const path = await folder("sizes", {
      "a.png": await drawn(),
      "b.png": thirds,
      "c.png": await drawn({ width: 6, height: 6 }),
      "d.png": await drawn(),
    });
    const { pixels, warnings } = await loadPictures(path);
    expect(pixels.shape).toEqual([4, 3, 12, 12]);
    expect([...pixels.data.subarray(3 * 144, 6 * 144)]).toEqual([
      ...new Array(144).fill(0),
      ...new Array(144).fill(255),
      ...new Array(144).fill(0),
    ]);
    expect(warnings.join("\n")).toMatch(/3 sizes[\s\S]*1 of 4 pictures cropped[\s\S]*1 of 4 pictures smaller/);
    expect((await loadPictures(path, { size: [4, 8] })).pixels.shape).toEqual([4, 3, 4, 8]);
    const large = await folder("large", {
      "a.png": await drawn({ width: 400, height: 200 }),
      "b.png": await drawn({ width: 400, height: 200 }),
    });
    const shrunk = await loadPictures(large);
    expect(shrunk.pixels.shape).toEqual([2, 3, 32, 64]);
    expect(shrunk.warnings).toEqual(["pictures of 200 x 400 pixels become 32 x 64; --size chooses"]);
  });

  test("grey among colours: the majority decides, or whoever is asked", async () => {
    const path = await folder("grey", { "a.png": await greyPicture(77), "b.png": await drawn(), "c.png": await drawn() });
    const { pixels, warnings } = await loadPictures(path);
    expect(pixels.shape).toEqual([3, 3, 12, 12]);
    expect(new Set(pixels.data.subarray(0, 432))).toEqual(new Set([77]));
    expect(warnings).toEqual(["1 of 3 pictures grey, among colours"]);
    const asGrey = await loadPictures(path, { channels: 1 });
    expect(asGrey.pixels.shape).toEqual([3, 1, 12, 12]);
    // ITU-R BT.601
    expect([asGrey.pixels.data[0], asGrey.pixels.data[144]]).toEqual([77, Math.round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]);
    expect(asGrey.warnings).toEqual(["2 of 3 pictures in colours, taken as grey"]);
  });

  test("what is transparent lies on white, and is counted", async () => {
    const path = await folder("alpha", {
      "half.png": await drawn({ colour: { r: 0, g: 100, b: 200, alpha: 0.4 } }),
      "opaque.png": await drawn({ colour: { r: 0, g: 100, b: 200, alpha: 1 } }),
    });
    const { pixels, warnings } = await loadPictures(path);
    for (const [c, value] of [0, 100, 200].entries()) {
      // to a level: alpha is a byte, and colours are multiplied by it while they are scaled
      expect(Math.abs(pixels.data[c * 144] - (255 + 0.4 * (value - 255)))).toBeLessThanOrEqual(1);
      expect(pixels.data[432 + c * 144]).toBe(value);
    }
    expect(warnings).toEqual(["1 of 2 pictures with transparent parts, laid on white"]);
  });

  test("files that cannot be read are named, counted and left out, and other rows move up", async () => {
    const noise = Uint8Array.from(randomStream("noise").integers(0, 256, [64 * 64 * 3]).data);
    const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    const path = await folder("damaged", {
      "a.png": "no picture",
      "b.png": await drawn({ width: 64, height: 64 }),
      "c.jpg": whole.subarray(0, whole.length / 2),
      "d.png": "",
      "e.png": await drawn({ width: 64, height: 64, colour: { r: 9, g: 9, b: 9 } }),
      "notes.txt": "text",
      ".hidden.png": "x",
    });
    const { pixels, names, warnings } = await loadPictures(path);
    expect(names).toEqual(["b.png", "e.png"]);
    expect([pixels.data[0], pixels.data[3 * 64 * 64]]).toEqual([200, 9]);
    expect(warnings[0]).toBe('1 file not named as pictures, left alone: "notes.txt"');
    expect(warnings[1]).toMatch(
      /^3 of 5 files left out: a\.png: this is no picture[^;]*; c\.jpg: the file is (damaged or )?cut off[^;]*; d\.png: the file is empty/,
    );
    await expect(loadPictures(await folder("none", { "a.png": "x", "b.png": "" }))).rejects.toThrow(/none of 2 files can be read: a\.png/);
    await expect(loadPictures(await folder("empty", { "a.txt": "x" }))).rejects.toThrow("no pictures");
  });

  test("one picture is taken, with a word", async () => {
    const path = await folder("single", { "a.png": await drawn() });
    for (const source of [path, join(path, "a.png")]) {
      const { pixels, warnings } = await loadPictures(source);
      expect(pixels.shape).toEqual([1, 3, 12, 12]);
      expect(warnings).toEqual(["one picture only: a model of it can do no more than copy it; patches of it would be more"]);
    }
  });

  test("colours of another profile become sRGB, and are counted", async () => {
    const wide = await sharp({ create: { width: 12, height: 12, channels: 3, background: { r: 200, g: 100, b: 50 } } })
      .png()
      .withIccProfile("p3")
      .toBuffer();
    const { pixels, warnings } = await loadPictures(await folder("wide", { "a.png": wide, "b.png": await drawn() }));
    for (const [c, v] of [200, 100, 50].entries()) expect(Math.abs(pixels.data[c * 144] - v)).toBeLessThanOrEqual(1);
    expect(warnings).toEqual(["1 of 2 pictures with inks or a profile of their own, converted to sRGB"]);
  });

  test("of animations the first frame is taken, with a word", async () => {
    const frames = Buffer.concat([Buffer.alloc(432, 10), Buffer.alloc(432, 250)]);
    const gif = await sharp(frames, { raw: { width: 12, height: 24, channels: 3, pageHeight: 12 } })
      .gif()
      .toBuffer();
    const { pixels, warnings } = await loadPictures(await folder("moving", { "a.gif": gif, "b.png": await drawn() }));
    expect(pixels.shape).toEqual([2, 3, 12, 12]);
    expect(pixels.data[0]).toBe(10);
    expect(warnings).toEqual(["1 of 2 pictures with several frames or pages: the first is taken"]);
  });
});

describe("patches", () => {
  /** A picture whose pixels say where they are. */
  const places = (mark: number): Promise<Buffer> =>
    sharp(
      Uint8Array.from({ length: 3 * 40 * 30 }, (_, i) => [mark, Math.floor(i / 3) % 40, Math.floor(i / 120)][i % 3]),
      {
        raw: { width: 40, height: 30, channels: 3 },
      },
    )
      .png()
      .toBuffer();

  test("are parts of the pictures as they are, the same for a seed, divided by file", async () => {
    const files = Object.fromEntries(await Promise.all(Array.from({ length: 12 }, async (_, i) => [`${i}.png`, await places(i)] as const)));
    const path = await folder("patches", { ...files, "small.png": await drawn({ width: 8, height: 50 }) });
    const { pixels, names, testFrom, warnings } = await loadPictures(path, { size: [9, 10], patches: 5 });
    expect(pixels.shape).toEqual([60, 3, 9, 10]);
    const marks = Array.from({ length: 60 }, (_, row) => {
      const at = (c: number, y: number, x: number): number => pixels.data[((row * 3 + c) * 9 + y) * 10 + x];
      for (let y = 0; y < 9; y++)
        for (let x = 0; x < 10; x++) expect([at(1, y, x), at(2, y, x)]).toEqual([at(1, 0, 0) + x, at(2, 0, 0) + y]);
      return at(0, 4, 4);
    });
    expect(marks.map((mark, row) => `${mark}.png #${(row % 5) + 1}`)).toEqual(names);
    const train = new Set(marks.slice(0, testFrom));
    expect(marks.slice(testFrom).some((mark) => train.has(mark))).toBe(false);
    expect(testFrom).toBeGreaterThan(0);
    expect(testFrom).toBeLessThan(60);
    expect(warnings[0]).toBe("1 of 13 pictures smaller than a patch of 9 x 10, left out");
    const [again, other] = [
      await loadPictures(path, { size: [9, 10], patches: 5 }),
      await loadPictures(path, { size: [9, 10], patches: 5, seed: 1 }),
    ];
    expect(again.pixels.data).toEqual(pixels.data);
    expect(other.pixels.data).not.toEqual(pixels.data);
  });

  test("which cannot be are refused", async () => {
    const path = await folder("small", { "a.png": await drawn() });
    await expect(loadPictures(path, { size: 20, patches: 2 })).rejects.toThrow("no picture is as large as a patch of 20 x 20");
    await expect(loadPictures("mnist", { patches: 2 })).rejects.toThrow("patches are parts of picture files");
    await expect(loadPictures(path, { patches: 0 })).rejects.toThrow("whole numbers");
    await expect(loadPictures(path, { size: 2.5 })).rejects.toThrow("whole numbers");
    expect((await loadPictures(path, { size: 4, patches: 2 })).warnings).toEqual([
      "one picture only: its 2 patches overlap, and none can be held out fairly",
    ]);
  });
});

test("2,000 files are read a few at a time, and every one is counted on the way", async () => {
  const bytes = await Promise.all([0, 1, 2, 3].map((k) => drawn({ width: 8, height: 8, colour: { r: 50 * k, g: 0, b: 0 } })));
  const names = Array.from({ length: 2000 }, (_, i) => `${String(i).padStart(4, "0")}.png`);
  const path = await folder("many", Object.fromEntries(names.map((name, i) => [name, bytes[i % 4]])));
  const seen: number[] = [];
  const { pixels, warnings } = await loadPictures(path, { progress: (done, total) => seen.push(done / total) });
  expect(pixels.shape).toEqual([2000, 3, 8, 8]);
  expect(Array.from({ length: 2000 }, (_, i) => pixels.data[i * 192])).toEqual(names.map((_, i) => 50 * (i % 4)));
  expect(warnings).toEqual([]);
  expect(seen).toEqual(Array.from({ length: 4000 }, (_, i) => (i + 1) / 4000));
});
