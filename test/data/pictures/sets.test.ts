/** Pictures from arrays and by name. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { array, type NdArray, ndarray, writeNpy, writeNpz } from "../../../src/array/index.ts";
import { loadPictures, pictureSetNames } from "../../../src/data/index.ts";
import { familyOf, plainName } from "../../../src/data/pictures/emoji-families.ts";
import { heldOutNames } from "../../../src/data/pictures/held-out.ts";
import { resampling } from "../../../src/data/pictures/resample.ts";
import fc from "../../property.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pushforward-sets-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function npz(name: string, arrays: Parameters<typeof writeNpz>[0]): Promise<string> {
  await writeFile(join(root, `${name}.npz`), writeNpz(arrays));
  return join(root, `${name}.npz`);
}

const bytes = (shape: readonly number[]): NdArray<"u8"> =>
  ndarray(
    Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (37 * i) % 256),
    shape,
    "u8",
  );

describe("pictures in NumPy's files", () => {
  test("channels first and last give the same pictures, and it is said how they were taken", async () => {
    const first = bytes([4, 3, 5, 6]);
    const last = ndarray(
      Uint8Array.from({ length: 360 }, (_, i) => first.data[Math.floor(i / 90) * 90 + (i % 3) * 30 + Math.floor((i % 90) / 3)]),
      [4, 5, 6, 3],
      "u8",
    );
    const a = await loadPictures(await npz("first", { images: first }));
    const b = await loadPictures(await npz("last", { images: last }));
    expect(a.pixels).toEqual(first);
    expect(b.pixels).toEqual(first);
    expect(a.warnings).toEqual(['array "images" of shape [4, 3, 5, 6] is taken as [n, channels, height, width]']);
    expect(b.warnings).toEqual(['array "images" of shape [4, 5, 6, 3] is taken as [n, height, width, channels]']);
    const grey = await loadPictures(await npz("grey", { x: bytes([4, 5, 6]) }));
    expect(grey.pixels.shape).toEqual([4, 1, 5, 6]);
    await writeFile(join(root, "one.npy"), writeNpy(bytes([8, 9, 3])));
    const one = await loadPictures(join(root, "one.npy"));
    expect(one.pixels.shape).toEqual([1, 3, 8, 9]);
    expect(one.warnings.at(-1)).toMatch("one picture only");
  });

  test("numbers in [0, 1], [-1, 1] and [0, 255] are the same bytes", async () => {
    const whole = bytes([2, 1, 8, 8]);
    const scaled = (f: (v: number) => number, dtype: "f32" | "f64") => array(Array.from(whole.data, f), dtype, whole.shape);
    for (const [name, x, said] of [
      ["unit", scaled((v) => v / 255, "f32"), "0 for black and 1 for white"],
      ["signed", scaled((v) => v / 127.5 - 1, "f64"), "-1 for black and 1 for white"],
      ["bytes", scaled((v) => v, "f32"), "0 for black and 255 for white"],
    ] as const) {
      const { pixels, warnings } = await loadPictures(await npz(name, { x }));
      expect(pixels).toEqual(whole);
      expect(warnings[1]).toMatch(said);
    }
    await expect(loadPictures(await npz("wide", { x: scaled((v) => v * 9, "f32") }))).rejects.toThrow("numbers from 0 to");
    await expect(loadPictures(await npz("nan", { x: scaled((v) => (v === 37 ? Number.NaN : v), "f32") }))).rejects.toThrow(
      "NaN in picture 0",
    );
  });

  test("labels and a held-out part are found by their names, and what is not taken is named", async () => {
    const path = await npz("parts", {
      ...{ x_train: bytes([3, 6, 6]), y_train: array([5, 9, 5], "i64"), x_test: bytes([2, 6, 6]), y_test: array([9, 9], "i64") },
      extra: array([1, 2]),
    });
    const { pixels, testFrom, labels, classes, warnings } = await loadPictures(path);
    expect(pixels.shape).toEqual([5, 1, 6, 6]);
    expect([testFrom, classes, [...(labels ?? [])]]).toEqual([3, ["5", "9"], [0, 1, 0, 1, 1]]);
    expect(warnings.at(-1)).toBe('left out: "extra"');
    const odd = await loadPictures(await npz("odd", { images: bytes([3, 6, 6]), labels: array([1, 2], "i64") }));
    expect(odd.labels).toBeUndefined();
    expect(odd.warnings.join()).toMatch("are 2, for 3 pictures: left out");
    await expect(loadPictures(await npz("none", { a: array([1, 2]) }))).rejects.toThrow('no array of pictures, only "a" [2]');
    await writeFile(join(root, "broken.npz"), "no archive");
    await expect(loadPictures(join(root, "broken.npz"))).rejects.toThrow("not a readable zip");
  });

  test("alpha lies on white", async () => {
    const x = ndarray(
      Uint8Array.from({ length: 100 }, (_, i) => [10, 20, 30, 51][i % 4]),
      [1, 5, 5, 4],
      "u8",
    );
    const { pixels, warnings } = await loadPictures(await npz("alpha", { x }));
    expect([0, 25, 50].map((i) => pixels.data[i])).toEqual([10, 20, 30].map((v) => Math.round(255 + (51 / 255) * (v - 255))));
    expect(warnings).toContain('array "x": 1 of 1 picture with transparent parts, laid on white');
  });
});

describe("resampling", () => {
  const cuts = fc.integer({ min: 1, max: 40 }).chain((size) =>
    fc.record({ from: fc.integer({ min: 0, max: size - 1 }), out: fc.integer({ min: 1, max: 40 }) }).chain(({ from, out }) =>
      fc.record({
        size: fc.constant(size),
        from: fc.constant(from),
        out: fc.constant(out),
        length: fc.integer({ min: 1, max: size - from }),
      }),
    ),
  );

  test("rows sum to one and look at nothing outside of the cut", () => {
    fc.assert(
      fc.property(cuts, ({ size, ...cut }) => {
        const { data } = resampling(size, cut);
        for (let o = 0; o < cut.out; o++) {
          const row = data.subarray(o * size, (o + 1) * size);
          // 40 weights of f32
          expect(Math.abs(row.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(40 * 2 ** -24);
          expect(row.every((w, i) => w >= 0 && (w === 0 || (i >= cut.from && i < cut.from + cut.length)))).toBe(true);
        }
      }),
    );
  });

  test("fewer pixels keep the mean of a line; a ramp stays a ramp", () => {
    const line = Array.from({ length: 12 }, (_, i) => (7 * i) % 5);
    const apply = (x: readonly number[], out: number): number[] => {
      const { data } = resampling(x.length, { from: 0, length: x.length, out });
      return Array.from({ length: out }, (_, o) => x.reduce((sum, v, i) => sum + v * data[o * x.length + i], 0));
    };
    const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
    for (const out of [1, 3, 5, 7, 12]) expect(mean(apply(line, out))).toBeCloseTo(mean(line), 6);
    const ramp = apply([0, 4, 8, 12], 8);
    // centres of halves of pixels lie a quarter of a pixel off: steps of 2, but for the edges
    expect(ramp.map((v) => Math.round(1000 * v) / 1000)).toEqual([0, 1, 3, 5, 7, 9, 11, 12]);
  });

  test("MNIST in half the size is the mean of four pixels, rounded", async () => {
    const [whole, half] = [await loadPictures("mnist"), await loadPictures("mnist", { size: 14 })];
    expect(half.pixels.shape).toEqual([70_000, 1, 14, 14]);
    expect([half.testFrom, half.classes?.length, half.warnings]).toEqual([
      60_000,
      10,
      ["MNIST: pictures of 28 x 28 pixels become 14 x 14"],
    ]);
    for (const row of [0, 69_999])
      for (let p = 0; p < 196; p++) {
        const [y, x] = [2 * Math.floor(p / 14), 2 * (p % 14)];
        const four = [0, 1, 28, 29].map((step) => whole.pixels.data[row * 784 + y * 28 + x + step]);
        expect(Math.abs(half.pixels.data[row * 196 + p] - four.reduce((a, b) => a + b) / 4)).toBeLessThanOrEqual(0.5);
      }
  });
});

describe("held out by name", () => {
  test("a name stays on its side when others come, and about a tenth is out", () => {
    const names = Array.from({ length: 3000 }, (_, i) => `name ${i}`);
    const [some, all] = [heldOutNames(names.slice(0, 1000)), heldOutNames(names)];
    for (const name of names.slice(0, 1000)) expect(some.has(name)).toBe(all.has(name));
    // binomial, 4.5 standard deviations of 16
    expect(Math.abs(all.size - 300)).toBeLessThan(74);
    expect(heldOutNames(["a", "b"]).size).toBe(1);
  });
});

describe("emoji", () => {
  test("names of one emoji with another skin, hair or direction are plain ones; people, colours and sizes are of one family", () => {
    expect(plainName("kiss-woman-man-light-skin-tone-dark-skin-tone")).toBe("kiss-woman-man");
    expect(plainName("man-medium-dark-skin-tone-beard")).toBe("man");
    expect(plainName("person-running-facing-right-medium-skin-tone")).toBe("person-running");
    expect(["man-pilot", "woman-pilot-dark-skin-tone", "pilot"].map(familyOf)).toEqual(["pilot", "pilot", "pilot"]);
    expect(["red-heart", "light-blue-heart"].map(familyOf)).toEqual(["heart", "heart"]);
    expect(["one-oclock", "twelve-thirty"].map(familyOf)).toEqual(["clock", "clock"]);
    expect(["man", "woman-light-skin-tone"].map(familyOf)).toEqual(["person", "person"]);
  });

  test("are 32 x 32 on white, each once, labelled by category, with no family on both sides", async () => {
    const { pixels, names, labels, classes = [], testFrom = 0, warnings } = await loadPictures("emoji");
    expect(pixels.shape).toEqual([names.length, 3, 32, 32]);
    expect(names.length).toBeGreaterThan(1500);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(names.map(plainName)).size).toBe(names.length);
    const train = new Set(names.slice(0, testFrom).map(familyOf));
    expect(names.slice(testFrom).filter((name) => train.has(familyOf(name)))).toEqual([]);
    const share = 1 - testFrom / names.length;
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.2);
    const category = (name: string): string => classes[labels?.[names.indexOf(name)] ?? -1];
    expect([category("banana"), category("grinning-face"), category("airplane")]).toEqual([
      "Food & Drink",
      "Smileys & Emotion",
      "Travel & Places",
    ]);
    // the middle of the red circle is red, its corner white
    const at = (name: string, y: number, x: number): number[] =>
      [0, 1, 2].map((c) => pixels.data[((names.indexOf(name) * 3 + c) * 32 + y) * 32 + x]);
    const [r, g, b] = at("red-circle", 16, 16);
    expect(r - Math.max(g, b)).toBeGreaterThan(100);
    expect(at("red-circle", 0, 0)).toEqual([255, 255, 255]);
    expect(warnings[0]).toMatch(/^\d+ of 3729 emoji are another skin tone/);
  });
});

test("what is not there is said, with the nearest name", async () => {
  await expect(loadPictures("emojis")).rejects.toMatchObject({ hint: 'did you mean "emoji"?' });
  await expect(loadPictures(join(root, "nothing"))).rejects.toMatchObject({ hint: `built in are ${pictureSetNames.join(", ")}` });
  await expect(loadPictures(join(root, "nothing"))).rejects.toThrow("no such file or folder");
  await writeFile(join(root, "x.txt"), "x");
  await expect(loadPictures(join(root, "x.txt"))).rejects.toThrow("no pictures by its name");
});
