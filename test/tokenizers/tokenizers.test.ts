import { expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { characterTokenizer, huggingFaceTokenizer, tokenizerOf } from "../../src/tokenizers/index.ts";
import fc from "../property.ts";
import { byteLevel, sentencePiece } from "./fixtures.ts";

test("characters: known texts come back, others lose what is unknown", () => {
  const tokenizer = characterTokenizer(["a", "😀", " ", "?"]);
  expect(tokenizer.encode("a 😀b")).toEqual([0, 2, 1, 3]);
  const text = fc.array(fc.constantFrom("a", "😀", " "), { maxLength: 20 }).map((cs) => cs.join(""));
  fc.assert(
    fc.property(text, (s) => {
      expect(tokenizer.decode(tokenizer.encode(s))).toBe(s);
    }),
  );
  expect(() => tokenizer.decode([4])).toThrow(UserError);
});

test("characters: lists that are no vocabulary are refused", () => {
  expect(() => characterTokenizer([])).toThrow(/without characters/);
  expect(() => characterTokenizer(["a", "b", "a"])).toThrow(/characters 0 and 2/);
  expect(() => characterTokenizer(["ab"])).toThrow(/is "ab"/);
});

test("huggingface: pairs of bytes join in the order of their ranks", () => {
  const tokenizer = huggingFaceTokenizer(byteLevel, { config: { eos_token: "<|endoftext|>" } });
  expect(tokenizer.encode("the there").map(tokenizer.show)).toEqual(["t", "he", "▁the", "re"]);
  expect([tokenizer.size, tokenizer.start, tokenizer.end]).toEqual([261, undefined, 0]);
});

test("huggingface: SentencePiece with byte fallback, and the token that begins a text", () => {
  const tokenizer = huggingFaceTokenizer(sentencePiece, { config: { eos_token: { content: "</s>" } } });
  expect(tokenizer.encode("ab é").map(tokenizer.show)).toEqual(["▁a", "b", "▁", "<0xC3>", "<0xA9>"]);
  expect([tokenizer.start, tokenizer.end]).toEqual([1, 2]);
  expect(tokenizer.decode([1, ...tokenizer.encode("ab é"), 2])).toBe("ab é");
});

test.each([
  ["bytes", byteLevel],
  ["SentencePiece", sentencePiece],
])("huggingface (%s): decoding undoes encoding, whatever the text", (_, json) => {
  const tokenizer = huggingFaceTokenizer(json);
  const text = fc.array(fc.constantFrom("a", "b", " ", "é", "😀", "\n", "ש", "x,"), { maxLength: 20 }).map((cs) => cs.join("") + "a");
  fc.assert(
    fc.property(text, (s) => {
      expect(tokenizer.decode(tokenizer.encode(s))).toBe(s);
    }),
  );
});

test("huggingface: a model with more tokens than its tokenizer; those have no text", () => {
  const tokenizer = huggingFaceTokenizer(byteLevel, { size: 300 });
  expect(tokenizer.size).toBe(300);
  expect(tokenizer.decode([299, ...tokenizer.encode("the"), 280])).toBe("the");
  expect(tokenizer.show(299)).toBe("<299>");
});

test("what is no tokenizer is said, without a stack trace", () => {
  const vocab = byteLevel.model.vocab;
  const wrong: object[] = [
    {},
    { model: null },
    { ...byteLevel, model: { type: "Other" } },
    { ...byteLevel, model: { ...byteLevel.model, vocab: null } },
    { ...byteLevel, added_tokens: [], model: { ...byteLevel.model, vocab: {} } },
    { ...byteLevel, model: { ...byteLevel.model, vocab: { ...vocab, a: -1 } } },
    { ...byteLevel, model: { ...byteLevel.model, vocab: { ...vocab, a: "x" } } },
    { ...byteLevel, decoder: { type: "None" } },
  ];
  wrong.forEach((json, i) => expect(() => huggingFaceTokenizer(json, { source: "t.json" }), `case ${i}`).toThrow(UserError));
});

test("a description names its kind", () => {
  expect(tokenizerOf({ kind: "characters", vocabulary: ["a", "?"] }, "m").encode("ab")).toEqual([0, 1]);
  const tokenizer = tokenizerOf({ kind: "huggingface", tokenizer: byteLevel, start: 0, end: 0 }, "m");
  expect([tokenizer.start, tokenizer.end, tokenizer.decode([0, 84 + 1])]).toEqual([
    0,
    0,
    "t".charCodeAt(0) === 116 ? tokenizer.show(85) : "",
  ]);
  expect(tokenizerOf({ kind: "huggingface", tokenizer: byteLevel }, "m", 300).size).toBe(300);
  expect(() => tokenizerOf({ kind: "words" }, "m.safetensors")).toThrow(/m.safetensors: its tokenizer/);
});
