import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { isTextFolder } from "../../src/data/documents.ts";
import { parseTokens, readText, splitRows, toCorpus } from "../../src/data/index.ts";
import { textTokens, tokenizedExamples, toLabelledTexts } from "../../src/data/labelled-texts.ts";
import { table } from "../../src/data/table.ts";
import { bytePairTokenizer } from "../../src/tokenizers/byte-pair.ts";
import { textTask } from "../../src/training/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-texts-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const speech = (i: number): string => `${i}: we the people of the united states. `.repeat(4);

describe("texts of several documents", () => {
  test("of twenty and more the ninth of ten is for validation, the tenth for the test; a token stands around each", () => {
    const documents = Array.from({ length: 30 }, (_, i) => speech(i));
    const { tokenizer, train, validation, test: rest } = toCorpus(documents, "x", 300);
    const { decode, end } = bytePairTokenizer(tokenizer!);
    const split = (tokens: Int32Array): string[] => {
      const parts: number[][] = [[]];
      for (const token of tokens)
        if (token === end) parts.push([]);
        else parts.at(-1)?.push(token);
      // the end stands first and last
      expect([parts[0], parts.at(-1)]).toEqual([[], []]);
      return parts.slice(1, -1).map((part) => decode(part));
    };
    expect(split(validation)).toEqual([8, 18, 28].map(speech));
    expect(split(rest)).toEqual([9, 19, 29].map(speech));
    expect(split(train)).toEqual(documents.filter((_, i) => i % 10 < 8));
  });

  test("fewer are each cut in three; a single one has no end", () => {
    const cut = toCorpus([speech(1), speech(2)], "x");
    expect(cut.train.length).toBe(2 * Math.floor(0.8 * speech(1).length) + 2);
    expect(cut.warnings).toEqual(["2 documents: each is cut in three"]);
    expect(toCorpus(speech(1), "x").warnings).toEqual([]);
    const { tokenizer, train } = toCorpus(speech(1), "x", 300);
    expect(tokenizer!.added_tokens).toEqual([]);
    expect(bytePairTokenizer(tokenizer!).decode(train)).toBe(speech(1).slice(0, Math.floor(0.8 * speech(1).length)));
  });

  test("files of a folder are documents, and so are the parts between <|endoftext|>", async () => {
    await mkdir(join(folder, "books", "old"), { recursive: true });
    await writeFile(join(folder, "books", "b.txt"), `${speech(3)}\n<|endoftext|>\n${speech(4)}`);
    await writeFile(join(folder, "books", "old", "a.md"), speech(5));
    await writeFile(join(folder, "books", "empty.txt"), "");
    await writeFile(join(folder, "books", "picture.png"), "none");
    const { warnings } = await readText(join(folder, "books"), 300);
    expect(warnings[0]).toBe("3 documents: each is cut in three");
  });

  test("a folder with pictures is one of pictures, whatever is written beside them", async () => {
    await mkdir(join(folder, "scans", "cats"), { recursive: true });
    await writeFile(join(folder, "scans", "readme.txt"), speech(1));
    expect(isTextFolder(join(folder, "scans"))).toBe(true);
    await writeFile(join(folder, "scans", "cats", "1.png"), "");
    expect(isTextFolder(join(folder, "scans"))).toBe(false);
  });

  test("bits a character are those of all tokens over all characters", () => {
    const corpus = { name: "", title: "", source: "x", ...toCorpus("the cat sat on the mat. ".repeat(200), "x", 270) };
    const { problem } = textTask(corpus, 16);
    const { decode } = bytePairTokenizer(corpus.tokenizer!);
    const rows = Int32Array.from({ length: problem.count("test") }, (_, i) => i);
    const foreseen = Array.from(problem.batch("test", rows).y.data, Number);
    const characters = decode(foreseen).length;
    // 1 nat a token
    expect(problem.scoreOf(1)).toBeCloseTo(foreseen.length / characters / Math.LN2, 10);
  });

  test.each(["bpe", "bpe:256", "bpe:70000", "bpe:1e3", "words"])("--tokens %s is refused", (tokens) => {
    expect(() => parseTokens(tokens)).toThrow(`--tokens ${tokens}: neither characters nor a number of byte pairs`);
  });

  test("a text in which no pair occurs twice is too little", () => {
    expect(() => toCorpus("abcdefghij", "short.txt", 300)).toThrow("short.txt: 8 characters are too little text");
  });
});

describe("labelled texts", () => {
  const t = table("reviews.csv", [
    { name: "text", values: Array.from({ length: 40 }, (_, i) => `day ${i}: it was ${i % 2 ? "good" : "bad"}`) },
    { name: "stars", values: Float64Array.from({ length: 40 }, (_, i) => (i % 2 ? 5 : 1)) },
  ]);

  test("rows are tokens of the tokenizer, padded behind, cut in front", () => {
    const texts = toLabelledTexts(t, "reviews.csv", { text: "text", target: "stars" });
    const { inputs, text, classes, warnings } = tokenizedExamples(texts, splitRows(texts, randomStream(1)), { tokens: 270, length: 6 });
    expect(classes).toEqual(["1", "5"]);
    const tokenizer = bytePairTokenizer(text!.tokenizer);
    const last = tokenizer.encode("day 0: it was bad").slice(-6);
    expect([...inputs.data.subarray(0, 6)]).toEqual(last);
    expect(warnings.at(-1)).toBe("40 of 40 texts have more: their last 6 tokens are read (--context reads more)");
    const [one] = tokenizer.encode("d");
    expect([...textTokens(["d", ""], tokenizer, text!)]).toEqual([one, ...new Array(11).fill(text!.pad)]);
    expect(text!.pad).toBe(tokenizer.size);
  });

  test("what is no text, or has none, is refused with its place", () => {
    const read = (options: object, values: readonly (string | null)[] | Float64Array = ["a", " \t", "c", null]) =>
      toLabelledTexts(
        table("r.csv", [
          { name: "text", values },
          { name: "stars", values: Float64Array.of(1, 2, 1, 2) },
        ]),
        "r.csv",
        { text: "text", target: "stars", ...options },
      );
    expect(() => read({})).toThrow('2 missing or infinite values in 2 of 4 rows (first: column "text", row 2');
    expect(() => read({}, Float64Array.of(1, 2, 3, 4))).toThrow('column "text" has numbers, not texts');
    expect(() => read({ target: "text" })).toThrow('column "text" is the target and cannot be the text too');
    expect(() => read({ target: undefined })).toThrow("which column is to be predicted from the texts?");
    expect(() => read({ dropMissing: true })).toThrow("has a single value");
  });
});
