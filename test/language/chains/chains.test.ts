/** Chains: files, counted texts, and what cannot be one. */
import { describe, expect, test } from "vitest";
import { randomStream, toNumbers } from "../../../src/array/index.ts";
import { countNgrams } from "../../../src/language/chains/ngram.ts";
import { readChain } from "../../../src/language/chains/read.ts";
import { file, model } from "../chain-a.ts";

test("a decoder follows the table, after select and for other numbers of rows", async () => {
  const decoding = await model.start([], 2);
  const logs = (): number[] => toNumbers(decoding.next.logits).map(Math.exp);
  expect(logs()).toEqual([...file.start, ...file.start].map((p) => expect.closeTo(p, 14)));
  await decoding.append(Int32Array.of(0, 2));
  expect(logs()).toEqual([...file.transition[0], ...file.transition[2]].map((p) => expect.closeTo(p, 14)));
  decoding.select(Int32Array.of(1, 1, 0));
  expect(decoding.rows).toBe(3);
  expect(logs()).toEqual([...file.transition[2], ...file.transition[2], ...file.transition[0]].map((p) => expect.closeTo(p, 14)));
});

test("texts are joined by spaces unless tokens are single signs; the end token is no text", () => {
  const words = readChain(
    JSON.stringify({
      tokens: ["good", "day", "END"],
      start: [1, 0, 0],
      transition: [
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
      ],
      eos: 2,
    }),
    "w.json",
  ).tokenizer;
  expect(words.decode([0, 1, 2])).toBe("good day");
  expect(words.encode("  good\nday ")).toEqual([0, 1]);
  expect(model.tokenizer.decode([0, 2, 1])).toBe("acb");
  expect(() => words.encode("good dog")).toThrow(/no token "dog"/);
});

describe("files that are no chain are refused in words", () => {
  const bad = (change: object): string => JSON.stringify({ ...file, ...change });
  test.each<[string, string, RegExp]>([
    ["no JSON", "{", /a\.json: this is no JSON/],
    ["no table", "[]", /a\.json: .*/],
    ["one token", bad({ tokens: ["a"] }), /"tokens"/],
    ["a token twice", bad({ tokens: ["a", "b", "a"] }), /token "a" is there twice/],
    [
      "a short row",
      bad({
        transition: [
          [1, 0],
          [0.2, 0.5, 0.3],
          [0.3, 0.2, 0.5],
        ],
      }),
      /row 1 of "transition" \(after "a"\) has 2 numbers for 3/,
    ],
    ["a missing row", bad({ transition: file.transition.slice(1) }), /"transition" has 2 rows for 3 tokens/],
    ["a sum of 0.9", bad({ start: [0.4, 0.3, 0.2] }), /"start" adds up to 0\.9.*, not 1/],
    ["a negative probability", bad({ start: [1.2, -0.2, 0] }), /"start\.0"/],
    ["an end that is no token", bad({ eos: 3 }), /"eos" is 3, and there are 3 tokens \(0 to 2\)/],
    ["text for numbers", bad({ start: ["0.5", 0.3, 0.2] }), /"start\.0"/],
  ])("%s", (_, text, message) => {
    expect(() => readChain(text, "a.json")).toThrow(message);
  });
});

test("n-grams: rows are laws, and Witten-Bell by hand on a small text", async () => {
  const two = countNgrams("abab ac", "t.txt", { order: 2 });
  // tokens " ", a, b, c; unigram counts 1, 3, 2, 1 of 7, four kinds: p(v) = (n + 4 / 4) / (7 + 4)
  const uni = [2, 4, 3, 2].map((n) => n / 11);
  const first = await two.start([], 1);
  expect(toNumbers(first.next.logits).map(Math.exp)).toEqual(uni.map((p) => expect.closeTo(p, 12)));
  // after "a": b twice, c once, two kinds: p(v | a) = (n + 2 p(v)) / (3 + 2)
  const after = await two.start(two.tokenizer.encode("a"), 1);
  expect(toNumbers(after.next.logits).map(Math.exp)).toEqual([0, 0, 2, 1].map((n, v) => expect.closeTo((n + 2 * uni[v]) / 5, 12)));
  const text = Array.from(randomStream(3).integers(0, 5, [400]).data, (v) => "abcd "[v]).join("");
  const four = countNgrams(text, "t.txt", { order: 4 });
  for (let s = 0; s < four.states; s++) {
    const row = four.logProbability.subarray(s * 5, (s + 1) * 5);
    expect(row.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 12);
  }
  // a state remembers the last three tokens where they were seen
  const at = (prompt: string): Promise<number[]> => four.start(four.tokenizer.encode(prompt), 1).then((d) => toNumbers(d.next.logits));
  expect(await at(`${text.slice(0, 100)}`)).toEqual(await at(text.slice(97, 100)));
});

test("too little text, and too many states, are refused", () => {
  expect(() => countNgrams("a", "t.txt")).toThrow(/too little text/);
  const long = Array.from({ length: 20_000 }, (_, i) => `w${i}`).join(" ");
  expect(() => countNgrams(long, "t.txt", { order: 2, unit: "words" })).toThrow(/too many for a table/);
});
