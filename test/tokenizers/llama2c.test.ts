import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { FileFormatError } from "../../src/errors.ts";
import { llama2cTokenizer } from "../../src/tokenizers/index.ts";
import { mergePairs } from "../../src/tokenizers/merge.ts";
import fc from "../property.ts";

const encoder = new TextEncoder();

/** A file of pieces with scores; `lie` changes numbers of its header or of tokens. */
function fileOf(pieces: readonly (readonly [string, number])[], lie: { longest?: number; length?: number } = {}): Uint8Array {
  const bytes = pieces.map(([piece]) => encoder.encode(piece));
  const file = new Uint8Array(4 + bytes.reduce((n, b) => n + 8 + b.length, 0));
  const view = new DataView(file.buffer);
  view.setInt32(0, lie.longest ?? Math.max(...bytes.map((b) => b.length)), true);
  let at = 4;
  bytes.forEach((b, i) => {
    view.setFloat32(at, pieces[i][1], true);
    view.setInt32(at + 4, lie.length !== undefined && i === bytes.length - 1 ? lie.length : b.length, true);
    file.set(b, at + 8);
    at += 8 + b.length;
  });
  return file;
}

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, "0");
const bytePieces = Array.from({ length: 256 }, (_, n): [string, number] => [`<0x${hex(n)}>`, 0]);
// scores tie on purpose: the leftmost of equal ones comes first
const pieces: [string, number][] = [
  ["<unk>", 0],
  ["\n<s>\n", 0],
  ["\n</s>\n", 0],
  ...bytePieces,
  ...[" ", "a", "b", "é"].map((c): [string, number] => [c, -9]),
  ...["ab", "ba", "aa", "bb"].map((c): [string, number] => [c, -2]),
  ["aba", -1],
  [" a", -3],
  ["abba", -4],
];
const file = fileOf(pieces);
const tokenizer = llama2cTokenizer(file);

/** llama2.c's own loop: look at all neighbours, join the best, start again. */
function slowly(text: string): number[] {
  const find = (piece: string) => pieces.findIndex(([p]) => p === piece);
  let tokens = [...` ${text}`].flatMap((c) => (find(c) >= 0 ? [find(c)] : Array.from(encoder.encode(c), (b) => b + 3)));
  for (;;) {
    let best = { score: -1e10, at: -1, token: -1 };
    for (let i = 0; i + 1 < tokens.length; i++) {
      const token = find(pieces[tokens[i]][0] + pieces[tokens[i + 1]][0]);
      if (token >= 0 && pieces[token][1] > best.score) best = { score: pieces[token][1], at: i, token };
    }
    if (best.at < 0) return tokens;
    tokens = tokens.toSpliced(best.at, 2, best.token);
  }
}

const letters = fc.array(fc.constantFrom("a", "b", "a", "b", " ", "é", "😀", "c"), { maxLength: 30 }).map((cs) => cs.join(""));

test("joins neighbours in the order of llama2.c's loop", () => {
  fc.assert(
    fc.property(letters, (text) => {
      expect(tokenizer.encode(text)).toEqual(text === "" ? [] : slowly(text));
    }),
  );
});

test("behind the start token, decoding undoes encoding, whatever the text", () => {
  const wellFormed = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(
    fc.property(wellFormed, (text) => {
      expect(tokenizer.decode([1, ...tokenizer.encode(text), 2])).toBe(text);
    }),
  );
});

test("neighbours are looked up three times a token at most, however long the text", () => {
  const n = 100_000;
  expect(tokenizer.decode([1, ...tokenizer.encode("ab".repeat(n))]).length).toBe(2 * n);
  // every union is of numbers that grow: a loop over all neighbours for each would look n² / 2 times
  let looks = 0;
  const merged = mergePairs(new Array<number>(n).fill(0), (left, right) => {
    looks++;
    return left === right ? { token: left + 1, score: -left } : undefined;
  });
  expect(merged.reduce((sum, token) => sum + 2 ** token, 0)).toBe(n);
  expect(looks).toBeLessThanOrEqual(3 * n);
});

test("a character that is cut off is U+FFFD, and bytes show as such", () => {
  const bytes = [...encoder.encode("😀")].map((b) => b + 3);
  expect(tokenizer.decode(bytes)).toBe("😀");
  expect(tokenizer.decode(bytes.slice(0, 3))).toBe("\uFFFD");
  expect([13, 259, 1].map(tokenizer.show)).toEqual(["<0x0A>", "▁", "<s>"]);
  expect(() => tokenizer.decode([pieces.length])).toThrow(/token 0 is 270/);
});

test("broken files are refused", () => {
  for (let n = 0; n < file.length; n++) {
    // a cut between tokens leaves a shorter vocabulary, which is well formed
    try {
      llama2cTokenizer(file.subarray(0, n));
    } catch (error) {
      expect(error).toBeInstanceOf(FileFormatError);
    }
  }
  expect(() => llama2cTokenizer(file.subarray(0, file.length - 1))).toThrow(/claims 4 bytes, 3 are left/);
  expect(() => llama2cTokenizer(fileOf(pieces, { length: 2 ** 31 - 1 }))).toThrow(/claims 2147483647 bytes/);
  expect(() => llama2cTokenizer(fileOf(pieces, { length: -1 }))).toThrow(/claims -1 bytes/);
  expect(() => llama2cTokenizer(fileOf(pieces, { longest: 3 }))).toThrow(/the longest 3/);
  expect(() => llama2cTokenizer(fileOf([...pieces, ["ab", 0]]))).toThrow(/tokens 263 and 270 are both "ab"/);
  expect(() => llama2cTokenizer(fileOf([...pieces, ["ac", Number.NaN]]))).toThrow(/score of token 270/);
});

const data = `${process.env.PUSHFORWARD_DATA ?? "../shared/data"}`;

test.runIf(existsSync(`${data}/lm-stories260K`))("stories260K: the prompt of the specification, and stories there and back", () => {
  const real = llama2cTokenizer(readFileSync(`${data}/lm-stories260K/tok512.bin`));
  expect(real.encode("Once upon a time, there was a")).toEqual([403, 407, 261, 378, 432, 383, 286, 261]);
  expect([376, 370, 395, 426].map(real.show)).toEqual(["▁little", "▁big", "▁named", "."]);
  const stories: string[] = JSON.parse(gunzipSync(readFileSync(`${data}/text-tinystories-1000/tinystories_1000.json.gz`)).toString());
  for (const story of stories.slice(0, 50)) expect(real.decode([1, ...real.encode(story)])).toBe(story);
});
