import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { ndarray } from "../../src/array/ndarray.ts";
import { writeNpy } from "../../src/array/npy.ts";
import { writeNpz } from "../../src/array/npz.ts";
import { asText, fromText } from "../../src/data/formula-text.ts";
import { readTable } from "../../src/data/read.ts";
import { column, type Table, table } from "../../src/data/table.ts";
import { writeCsv, writeParquet } from "../../src/data/write.ts";
import { UserError } from "../../src/errors.ts";
import fc from "../property.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const columns = (t: Table) => Object.fromEntries(t.columns.map((c) => [c.name, [...c.values]]));

describe("reading", () => {
  const expected = { time: [0, 1, 2], x: [1, Number.NaN, 5], name: ["a", "b, c", null] };
  const csv = 'time,x,name\n0,1,a\n1,NA,"b, c"\n2,5,\n';

  test("files that unpack to more than fits are refused in words: gzip of text and of arrays, archives, columns", async () => {
    const most = 2 ** 20;
    const bomb = (name: string, bytes: Uint8Array) => readTable(file(name, gzipSync(bytes)), { most });
    const rows = Buffer.from(`a,b\n${"1,2\n".repeat(most / 2)}`);
    await expect(bomb("bomb.csv.gz", rows)).rejects.toThrow("bomb.csv.gz: it unpacks to more than 1 MiB, the most that is read");
    await expect(bomb("bomb.json.gz", Buffer.from("[".repeat(2 * most)))).rejects.toThrow(/bomb.json.gz: it unpacks to more than 1 MiB/);
    const zeros = ndarray(new Float64Array(most / 4), [most / 4], "f64");
    await expect(bomb("bomb.npy.gz", writeNpy(zeros))).rejects.toThrow(/bomb.npy.gz: it unpacks to more than 1 MiB/);
    await expect(readTable(file("bomb.npz", writeNpz({ zeros })), { most })).rejects.toThrow(
      /bomb.npz: .*unpacks to more than 1048576 bytes/,
    );
    // a megabyte of text is four of numbers
    const small = file("wide.csv", rows.subarray(0, most - 1));
    await expect(readTable(small, { most })).rejects.toThrow(/wide.csv: its first \d+ rows are more than 1 MiB/);
    const words = file("words.csv", `a\n${"word\n".repeat(most / 20)}`);
    await expect(readTable(words, { most })).rejects.toThrow(/words.csv: its first \d+ rows are more than 1 MiB/);
    expect((await readTable(small, { most: 8 * most })).rows).toBeGreaterThan(200_000);
  });

  test("CSV in its dialects, plain or gzipped, gives numbers, text and missing values", async () => {
    for (const path of [
      file("a.csv", csv),
      file("a.csv.gz", gzipSync(csv)),
      file("a.tsv", csv.replace('"b, c"', "b, c").replace(/,(?! )/g, "\t")),
      file("semicolon.csv", csv.replace('"b, c"', "b, c").replace(/,(?! )/g, ";")),
      file("windows.csv", `\ufeff${csv.replaceAll("\n", "\r\n")}`),
    ])
      expect(columns(await readTable(path)), path).toEqual(expected);
  });

  test("a column is numeric only if all of it is, however late the first word comes", async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => (i === 29_000 ? "d7,1" : `${i},${i}`));
    const { columns: found } = await readTable(file("late.csv", `day,x\n${lines.join("\n")}`));
    expect([found[0].values[29_000], found[1].values[29_000]]).toEqual(["d7", 1]);
  });

  test("a line that is too short, or too long, has a hint", async () => {
    const hint = (name: string, text: string) =>
      readTable(file(name, text)).then(
        () => "",
        (e: UserError) => e.hint,
      );
    expect(await hint("shorter.csv", "a,b\n1,2\n3\n")).toMatch(/a missing value is an empty field/);
    expect(await hint("longer.csv", "a,b\n1,2\n3,4,5\n")).toMatch(/in quotation marks/);
  });

  test("decimal commas and words for a missing value are read as they are said to be", async () => {
    const path = file("semi.csv", "a;b\n1,5;?\n-0,25;3\n-;4\n");
    const t = await readTable(path, { decimal: ",", missing: "?,-" });
    expect([...column(t, "a").values]).toEqual([1.5, -0.25, Number.NaN]);
    expect([...column(t, "b").values]).toEqual([Number.NaN, 3, 4]);
    expect(column(await readTable(path), "a").values).toEqual(["1,5", "-0,25", "-"]);
  });

  test("yes and no stay the text they are; true and false are 1 and 0, and a missing one is missing", async () => {
    const t = await readTable(file("answers.csv", "said,flag,mixed\nyes,TRUE,true\nno,,maybe\nno,false,\n"));
    expect(column(t, "said").values).toEqual(["yes", "no", "no"]);
    expect([...column(t, "flag").values]).toEqual([1, Number.NaN, 0]);
    expect(column(t, "mixed").values).toEqual(["true", "maybe", null]);
  });

  test("dates stay the text they are, booleans and wide integers numbers", async () => {
    const t = await readTable(file("types.csv", "day,flag,big\n01/02/2020,true,9007199254740991\n02/01/2020,false,-1\n"));
    expect(columns(t)).toEqual({ day: ["01/02/2020", "02/01/2020"], flag: [1, 0], big: [9007199254740991, -1] });
  });

  test("JSON records and JSON lines", async () => {
    const rows = [
      { a: 1, b: "x" },
      { a: 2.5, b: null },
    ];
    const wanted = { a: [1, 2.5], b: ["x", null] };
    expect(columns(await readTable(file("a.json", JSON.stringify(rows))))).toEqual(wanted);
    expect(columns(await readTable(file("a.jsonl", rows.map((r) => JSON.stringify(r)).join("\n"))))).toEqual(wanted);
  });

  test("arrays: vectors are columns, matrices numbered columns, other lengths and ranks are left out with a word", async () => {
    const X = ndarray(Float32Array.of(1, 2, 3, 4), [2, 2], "f32");
    const t = ndarray(BigInt64Array.of(7n, 8n), [2], "i64");
    const day = { dtype: "string", shape: [2], data: ["a", "b"] } as const;
    const other = ndarray(Float32Array.of(1, 2, 3), [3], "f32");
    const wanted = { X1: [1, 3], X2: [2, 4], t: [7, 8], day: ["a", "b"] };
    const cube = ndarray(new Float32Array(8), [2, 2, 2], "f32");
    const read = await readTable(file("a.npz", writeNpz({ X, t, day, other, cube })));
    expect(columns(read)).toEqual(wanted);
    expect(read.notes).toEqual([
      'array "X" of shape [2, 2] is taken as columns X1 to X2',
      'no columns of 2 rows, left out: "other" of shape [3], "cube" of shape [2, 2, 2]',
    ]);
    expect(columns(await readTable(file("a.npy.gz", gzipSync(writeNpy(X)))))).toEqual({ x1: [1, 3], x2: [2, 4] });
  });

  test("what cannot be read says why, with the file and the line", async () => {
    const cases: [string, RegExp][] = [
      [join(folder, "absent.csv"), /absent\.csv: there is no such file/],
      [folder, /is a folder/],
      [file("empty.csv", ""), /empty\.csv: the file is empty/],
      [file("header.csv", "a,b\n"), /header\.csv: the table has no rows/],
      [file("ragged.csv", "a,b\n1,2\n3,4,5\n"), /ragged\.csv, line 3: 3 values where the header has 2 \(3,4,5\)/],
      [file("short.csv", "a,b\n1,2\n3\n"), /short\.csv, line 3: 1 value where the header has 2/],
      [file("quote.csv", 'a,b\n1,2\n"un,3\n4,5\n'), /quote\.csv, line 3: a quotation mark is never closed/],
      [file("latin.csv", Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a)), /latin\.csv, line 2: the text is not UTF-8/],
      [file("long.csv", `a,b\n1,${"2".repeat(3_000_000)}\n`), /long\.csv, line \d: longer than 2 MB/],
      [file("broken.json", "{nope"), /broken\.json: Malformed JSON/],
      [file("fake.parquet", "not parquet at all"), /fake\.parquet: .*[Pp]arquet/],
      [file("fake.npz", "not a zip"), /fake\.npz: npz: not a readable zip/],
      [file("deep.npy", writeNpy(ndarray(new Float32Array(8), [2, 2, 2, 1], "f32"))), /no vector or matrix .* "x" of shape \[2, 2, 2, 1\]/],
      [file("cut.npy.gz", gzipSync(new Uint8Array(100)).subarray(0, 20)), /cut\.npy\.gz: /],
      [file("a.xlsx", "x"), /"\.xlsx" is not a kind of file/],
      [file("[1].csv", csv), /cannot be read/],
    ];
    for (const [path, message] of cases) {
      const error = await readTable(path).then(
        () => undefined,
        (e: Error) => e,
      );
      expect(error, path).toBeInstanceOf(UserError);
      expect(error?.message).toMatch(message);
    }
  });
});

describe("writing", () => {
  const arbitrary = fc.integer({ min: 1, max: 20 }).chain((rows) =>
    fc.record({
      f64: fc.float64Array({ minLength: rows, maxLength: rows, noDefaultInfinity: true }),
      f32: fc.float32Array({ minLength: rows, maxLength: rows, noDefaultInfinity: true }),
      text: fc.array(fc.option(fc.string({ unit: "grapheme-ascii", minLength: 1 })), { minLength: rows, maxLength: rows }),
    }),
  );
  const make = ({ f64, f32, text }: { f64: Float64Array; f32: Float32Array; text: (string | null)[] }) =>
    table("t", [
      { name: 'd, "q"', values: f64 },
      { name: "single", values: f32 },
      { name: "text", values: text },
    ]);

  test("Parquet returns every value, also missing ones and any text", async () => {
    const path = join(folder, "out.parquet");
    await fc.assert(
      fc.asyncProperty(arbitrary, async (values) => {
        await writeParquet(path, make(values));
        expect(columns(await readTable(path))).toEqual(columns(make(values)));
      }),
      { numRuns: 15 },
    );
  });

  test("CSV returns every number exactly and text that is not a word for missing", async () => {
    const path = join(folder, "out.csv");
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ f64, f32, text }) => {
        // a leading letter keeps the column text; a newline would be kept, a lone carriage return may not be
        const words = text.map((w) => (w === null ? null : `w${w.replace(/[\r\n]/g, " ")}`));
        await writeCsv(path, make({ f64, f32, text: ["word", ...words].slice(0, words.length) }));
        const back = await readTable(path);
        const values = (i: number, f: (v: unknown) => number) => [...back.columns[i].values].map(f);
        // a negative zero is written as 0
        const single = (v: unknown) => Math.fround(v as number) + 0;
        // a column of missing values only has no type of its own
        const number = (v: unknown) => (v === null ? Number.NaN : (v as number) + 0);
        expect(values(0, number)).toEqual(Array.from(f64, number));
        expect(values(1, (v) => single(number(v)))).toEqual(Array.from(f32, number));
        expect([...back.columns[2].values]).toEqual(["word", ...words].slice(0, words.length));
      }),
      { numRuns: 15 },
    );
  });

  test("text that spreadsheets would take for a formula is marked in a CSV, numbers and single signs are not; reading takes the mark away", async () => {
    const path = join(folder, "formulas.csv");
    const words = ["=HYPERLINK(1)", "+1+1", "-2-3", "@sum", "\tx", "'=a", "''@", "'quoted'", "-5", "+1e-3", "-", "+", "-inf", "a=b", "1-2"];
    await writeCsv(
      path,
      table("t", [
        { name: "=name", values: words },
        { name: "n", values: Float64Array.from(words, (_, i) => -i) },
      ]),
    );
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines.slice(0, 5)).toEqual(["'=name,n", "'=HYPERLINK(1),0", "'+1+1,-1", "'-2-3,-2", "'@sum,-3"]);
    // what a spreadsheet would see first
    const risky = lines.map((line) => line.replace(/^"/, "").split(",")[0]).filter((cell) => /^[=+\-@\t\r]/.test(cell));
    expect(risky).toEqual(["-5", "+1e-3", "-", "+", "-inf"]);
    const back = await readTable(path);
    expect(back.columns.map(({ name }) => name)).toEqual(["=name", "n"]);
    expect(back.columns[0].values).toEqual(words);
    expect(back.notes).toEqual([expect.stringMatching(/column "=name": 7 texts with a ' before .* \(first: row 1\)/)]);
    // the law: writing then reading is nothing, for any text
    const signs = fc.array(fc.constantFrom("'", "=", "+", "-", "@", "\t", "1", "e", "x"), { maxLength: 6 }).map((all) => all.join(""));
    fc.assert(fc.property(fc.oneof(signs, fc.string()), (text) => fromText(asText(text)) === text));
  });

  test("singles are written with as few digits as tell them apart", async () => {
    const path = join(folder, "digits.csv");
    await writeCsv(path, table("t", [{ name: "x", values: Float32Array.of(0.1, 1 / 3, 16777216, Number.NaN) }]));
    expect(readFileSync(path, "utf8")).toBe("x\n0.1\n0.33333334\n16777216\n\n");
  });

  test("a failed write leaves neither the file nor its neighbour", async () => {
    const path = join(folder, "nowhere", "out.csv");
    await expect(writeCsv(path, table("t", [{ name: "x", values: new Float64Array(1) }]))).rejects.toThrow(/ENOENT/);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder).filter((f) => f.endsWith(".tmp"))).toEqual([]);
  });
});

test("JSON nested 20,000 deep is refused before a native parser sees it; brackets in texts do not count", async () => {
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  for (const [name, text] of [
    ["deep.json", deep],
    ["deep.jsonl", `{"a":1}\n{"a":${deep}}\n`],
  ])
    for (const gz of [false, true]) {
      const path = file(gz ? `${name}.gz` : name, gz ? gzipSync(text) : text);
      await expect(readTable(path)).rejects.toThrow(/values are nested more than 500 deep/);
    }
  const fine = file("fine.json", JSON.stringify([{ a: `${"[".repeat(2000)}\\"`, b: 1 }]));
  expect((await readTable(fine)).rows).toBe(1);
});
