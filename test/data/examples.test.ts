import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ndarray, randomStream } from "../../src/array/index.ts";
import { readIdx } from "../../src/data/idx.ts";
import {
  builtInImages,
  readImageFolder,
  readText,
  splitRows,
  standardizationOf,
  toCorpus,
  toExamples,
  unknownCharacter,
} from "../../src/data/index.ts";
import { table } from "../../src/data/table.ts";
import { UserError } from "../../src/errors.ts";
import fc from "../property.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-examples-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function idx(shape: readonly number[], bytes: ArrayLike<number>): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  shape.forEach((n, i) => header.setUint32(4 + 4 * i, n));
  return Uint8Array.of(...new Uint8Array(header.buffer), ...Array.from(bytes));
}

describe("IDX", () => {
  test("files come back as they were written", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(255)),
        (shape, values) => {
          const bytes = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => values.next().value);
          const read = readIdx(idx(shape, bytes), "x");
          expect(read.shape).toEqual(shape);
          expect(read.data).toEqual(bytes);
        },
      ),
    );
  });

  test("damaged files are refused, whatever was cut or changed in the header", () => {
    const whole = idx([3, 2, 2], new Array(12).fill(7));
    for (let n = 0; n < whole.length; n++) expect(() => readIdx(whole.subarray(0, n), "x.idx")).toThrow(/x\.idx: /);
    expect(() => readIdx(Uint8Array.of(...whole, 1), "x")).toThrow("announces 3 x 2 x 2 bytes, the file has 13");
    const huge = whole.slice();
    huge.fill(255, 4, 16);
    expect(() => readIdx(huge, "x")).toThrow("announces");
    expect(() => readIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), "x")).toThrow("only bytes");
  });
});

describe("folders of images", () => {
  test("four IDX files are one set, whose test part stays the test part", async () => {
    const path = join(folder, "idx");
    await mkdir(path);
    const images = (n: number, v: number): Uint8Array => idx([n, 2, 3], new Array(6 * n).fill(v));
    await writeFile(join(path, "train-images-idx3-ubyte.gz"), gzipSync(images(20, 1)));
    await writeFile(
      join(path, "train-labels-idx1-ubyte"),
      idx(
        [20],
        Array.from({ length: 20 }, (_, i) => i % 2),
      ),
    );
    await writeFile(join(path, "t10k-images-idx3-ubyte"), images(4, 2));
    await writeFile(join(path, "t10k-labels-idx1-ubyte"), idx([4], [0, 1, 0, 1]));
    const examples = await readImageFolder(path);
    expect(examples.inputs.shape).toEqual([24, 1, 2, 3]);
    const split = splitRows(examples, randomStream(0));
    expect([...split.test]).toEqual([20, 21, 22, 23]);
    expect([...split.train, ...split.validation].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await writeFile(join(path, "t10k-labels-idx1-ubyte"), idx([5], [0, 1, 0, 1, 1]));
    await expect(readImageFolder(path)).rejects.toThrow("do not go with labels");
    await writeFile(join(path, "train-images-idx3-ubyte.gz"), Buffer.from("no gzip"));
    await expect(readImageFolder(path)).rejects.toThrow("damaged");
  });

  test("pictures are cropped, scaled and split into planes of colour", async () => {
    const path = join(folder, "pictures");
    for (const [name, background] of [
      ["blue", { r: 10, g: 20, b: 200 }],
      ["red", { r: 220, g: 30, b: 40 }],
    ] as const) {
      await mkdir(join(path, name), { recursive: true });
      for (const i of [0, 1])
        await sharp({ create: { width: 20 + 5 * i, height: 18, channels: 3, background } })
          .png()
          .toFile(join(path, name, `${i}.png`));
    }
    const { inputs, targets, classes } = await readImageFolder(path, 8);
    expect(classes).toEqual(["blue", "red"]);
    expect([...targets.data]).toEqual([0, 0, 1, 1]);
    expect(inputs.shape).toEqual([4, 3, 8, 8]);
    for (const [i, colour] of [
      [10, 20, 200],
      [10, 20, 200],
      [220, 30, 40],
      [220, 30, 40],
    ].entries())
      for (const c of [0, 1, 2]) expect(new Set(inputs.data.slice((3 * i + c) * 64, (3 * i + c + 1) * 64))).toEqual(new Set([colour[c]]));
    await writeFile(join(path, "red", "2.png"), "no picture");
    await expect(readImageFolder(path, 8)).rejects.toThrow(/2\.png: this is no picture/);
  });

  test("a folder without classes is refused", async () => {
    await mkdir(join(folder, "nothing"));
    await expect(readImageFolder(join(folder, "nothing"))).rejects.toThrow("no labelled pictures");
  });

  test("MNIST has the digits that its makers counted", async () => {
    const { inputs, targets } = await builtInImages("mnist");
    expect(inputs.shape).toEqual([70_000, 1, 28, 28]);
    const counts = new Array<number>(10).fill(0);
    for (const c of targets.data.subarray(0, 60_000)) counts[Number(c)]++;
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // mean and deviation of the training pixels, as they are known: 0.1307 and 0.3081 of 255
    const { mean, deviation } = standardizationOf(
      { inputs },
      Int32Array.from({ length: 60_000 }, (_, i) => i),
    );
    expect(mean[0] / 255).toBeCloseTo(0.1307, 4);
    expect(deviation[0] / 255).toBeCloseTo(0.3081, 4);
    await expect(builtInImages("mnits")).rejects.toThrow(expect.objectContaining({ hint: 'did you mean "mnist"?' }));
  });
});

describe("examples from a table", () => {
  const numbers = Float64Array.from({ length: 60 }, (_, i) => i * 0.5);
  const kind = Array.from({ length: 60 }, (_, i) => ["a", "b", "c"][i % 3]);
  const t = table("t.csv", [
    { name: "x", values: numbers },
    { name: "kind", values: kind },
    { name: "y", values: numbers.map((v) => 2 * v + 0.25) },
  ]);

  test("text becomes indicators, and a column of many numbers a number to predict", () => {
    const e = toExamples(t, "t", { target: "y" });
    expect(e.features).toEqual(["x", "kind=a", "kind=b", "kind=c"]);
    expect(e.classes).toBeUndefined();
    for (let i = 0; i < 60; i++) {
      const row = [...e.inputs.data.slice(4 * i, 4 * i + 4)];
      expect(row).toEqual([numbers[i], Number(i % 3 === 0), Number(i % 3 === 1), Number(i % 3 === 2)]);
    }
  });

  test("every part has its share of each class, and no row is in two parts", () => {
    const e = toExamples(t, "t", { target: "kind" });
    expect(e.classes).toEqual(["a", "b", "c"]);
    const split = splitRows(e, randomStream(1), { validation: 0.2, test: 0.1 });
    expect([...split.train, ...split.validation, ...split.test].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    for (const [rows, each] of [
      [split.train, 14],
      [split.validation, 4],
      [split.test, 2],
    ] as const)
      for (const c of [0, 1, 2]) expect([...rows].filter((i) => e.targets.data[i] === c)).toHaveLength(each);
  });

  test("a small spread about a large number, and numbers too large for f32, keep their spread; indicators are only centred", () => {
    const u = randomStream(4).normal([500], "f64").data;
    const wide = table("wide", [
      { name: "offset", values: u.map((v) => 1e9 + 0.25 * v) },
      { name: "huge", values: u.map((v) => 1e200 * (3 + v)) },
      { name: "still", values: u.map(() => 1e9 + 1 / 3) },
      { name: "rare", values: Array.from(u, (_, i) => (i === 7 ? "yes" : "no")) },
      { name: "y", values: u },
    ]);
    const e = toExamples(wide, "wide", { target: "y", task: "numbers" });
    const { mean, deviation } = standardizationOf(
      e,
      Int32Array.from({ length: 500 }, (_, i) => i),
    );
    const m = u.reduce((s, v) => s + v, 0) / 500;
    const sd = Math.sqrt(u.reduce((s, v) => s + (v - m) ** 2, 0) / 500);
    expect(deviation[0] / (0.25 * sd)).toBeCloseTo(1, 6); // the numbers themselves are rounded to 1e-7
    expect(mean[0] - 1e9).toBeCloseTo(0.25 * m, 6);
    expect(deviation[1] / (1e200 * sd)).toBeCloseTo(1, 10);
    expect([...deviation.slice(2)]).toEqual([1, 1, 1]);
    expect(mean[3]).toBeCloseTo(499 / 500, 12); // rare=no
  });

  test("text among numbers is told with a count and the first value: as categories if there are few, else refused", () => {
    const y = Array.from({ length: 200 }, (_, i) => (i % 2 ? "yes" : "no"));
    const ages = Array.from({ length: 200 }, (_, i) => (i % 10 === 3 ? "?" : String(20 + (i % 7))));
    const read = (name: string, values: string[]) => {
      const columns = [
        { name: "age", values },
        { name: "y", values: y },
      ];
      return toExamples(table(name, columns), name, { target: "y" });
    };
    const few = read("few", ages);
    expect(few.warnings[0]).toMatch(
      /^column "age": 20 of 200 values are no plain numbers \(first: row 4, "\?"\): taken as 8 categories; --missing/,
    );
    const many = ages.map((age, i) => (age === "?" ? "<0.1" : `${i}.5`));
    expect(() => read("many", many)).toThrow('many, column "age": 20 of 200 values are no plain numbers (first: row 4, "<0.1")');
    const commas = many.map((_, i) => `${i},25`);
    expect(() => read("commas", commas)).toThrow(
      expect.objectContaining({ message: expect.stringContaining("200 of 200"), hint: expect.stringContaining("--decimal ,") }),
    );
    // words with some digits among them are words
    const codes = Array.from({ length: 200 }, (_, i) => ["A1", "B2", "7", "C"][i % 4]);
    expect(read("codes", codes).warnings).toEqual([]);
  });

  test("missing features are filled with the median or the commonest value, told with a count; rows without a target are not", () => {
    const [none, x] = [Number.NaN, Float64Array.from({ length: 60 }, (_, i) => (i < 9 ? Number.NaN : i))];
    const colour = Array.from({ length: 60 }, (_, i) => (i === 20 ? null : i % 3 ? "red" : "blue"));
    const y = Array.from({ length: 60 }, (_, i) => (i === 59 ? null : i % 2 ? "yes" : "no"));
    const t = table("gaps", [
      { name: "x", values: x },
      { name: "colour", values: colour },
      { name: "empty", values: x.map(() => none) },
      { name: "y", values: y },
    ]);
    expect(() => toExamples(t, "gaps", { target: "y" })).toThrow(/11 of 60 rows .*column "x", row 1: missing/);
    const e = toExamples(t, "gaps", { target: "y", impute: "median", dropMissing: true });
    expect(e.warnings).toEqual([
      'column "empty" has no values: left out',
      '1 missing or infinite value in 1 of 60 rows (first: column "y", row 60: missing): rows left out',
      'column "x": 9 missing values count as 33.5',
      'column "colour": 1 missing values count as red',
    ]);
    expect([...e.inputs.data.slice(0, 3)]).toEqual([33.5, 1, 0]); // x, colour=blue, colour=red
    expect([...e.inputs.data.slice(60, 63)]).toEqual([20, 0, 1]);
    expect(() => toExamples(t, "gaps", { target: "y", features: "x,empty" })).toThrow('column "empty" has no values');
  });

  test("columns are scaled by the training rows; a constant one is only centred", () => {
    const data = Float32Array.of(1, 5, 3, 5, 100, 5);
    const { mean, deviation } = standardizationOf({ inputs: ndarray(data, [3, 2], "f32") }, Int32Array.of(0, 1));
    expect([...mean]).toEqual([2, 5]);
    expect([...deviation]).toEqual([1, 1]);
  });

  test.each([
    ["no target", {}, /which column is to be predicted/],
    ["an unknown target", { target: "z" }, /no column "z"/],
    ["a target among the features", { target: "y", features: "x,y" }, /is the target/],
    ["text as numbers", { target: "kind", task: "numbers" as const }, /is text, not numbers/],
  ])("%s is refused", (_, options, message) => {
    expect(() => toExamples(t, "t", options)).toThrow(message);
  });

  test("where columns are missing, what the reader left out is said", () => {
    const left = 'no columns of 3 rows, left out: "x" of shape [4, 3, 2]';
    const bare = table("b", [{ name: "y", values: Float64Array.of(0, 1, 0) }], [left]);
    const hints = [{}, { target: "y" }].map((options) => {
      try {
        toExamples(bare, "b", options);
      } catch (error) {
        return error instanceof UserError ? error.hint : String(error);
      }
      return "it was not refused";
    });
    expect(hints).toEqual([`name it with --target; the columns are "y"; ${left}`, left]);
  });

  test("missing values, single values, too many texts and too few rows are refused", () => {
    const holes = table("h.csv", [
      { name: "x", values: Float64Array.of(1, Number.NaN, 3) },
      { name: "y", values: ["u", "v", "u"] },
    ]);
    expect(() => toExamples(holes, "h", { target: "y" })).toThrow(
      '1 missing or infinite value in 1 of 3 rows (first: column "x", row 2: missing)',
    );
    expect(() => toExamples(holes, "h", { target: "y", dropMissing: true })).toThrow("has a single value");
    const ids = table("i.csv", [
      { name: "id", values: Array.from({ length: 100 }, (_, i) => `n${i}`) },
      { name: "y", values: Float64Array.from({ length: 100 }, (_, i) => i % 2) },
    ]);
    expect(() => toExamples(ids, "i", { target: "y" })).toThrow('column "id": 100 different texts');
    const few = toExamples(
      table("f.csv", [
        { name: "x", values: Float64Array.of(1, 2) },
        { name: "y", values: ["u", "v"] },
      ]),
      "f",
      { target: "y" },
    );
    expect(() => splitRows(few, randomStream(0))).toThrow("2 examples leave none for the validation part");
  });
});

describe("text", () => {
  test("decodes to itself; what training has not seen is the last symbol", () => {
    const text = `${"abba caba ".repeat(80)}zz`;
    const { vocabulary, train, validation, test: rest } = toCorpus(text, "x");
    const decoded = [...train, ...validation, ...rest].map((c) => vocabulary[c]).join("");
    expect(decoded).toBe(text.replace("zz", unknownCharacter.repeat(2)));
    expect(train.length).toBe(Math.floor(text.length * 0.8));
  });

  test("bytes that are no text, and too little text, are refused", async () => {
    const path = join(folder, "bad.txt");
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x00, 0xd8]));
    await expect(readText(path)).rejects.toThrow("not UTF-8");
    await writeFile(path, "a");
    await expect(readText(path)).rejects.toThrow("too little text");
    await expect(readText(join(folder, "none.txt"))).rejects.toThrow("no such file");
  });
});
