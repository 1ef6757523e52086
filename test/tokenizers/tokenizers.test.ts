import { expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { characterTokenizer, huggingFaceTokenizer, tokenizerOf } from "../../src/tokenizers/index.ts";
import fc from "../property.ts";

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

/** GPT-2's letters for bytes: those that print stand for themselves, the others for U+0100 on. */
const byteLetters = (() => {
  const plain = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(plain(b) ? b : next++));
})();

const special = (id: number, content: string) => ({
  ...{ id, content, special: true },
  ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
});

const merges = ["Ġ t", "h e", "Ġt he", "r e"];
/** Byte-level pairs as GPT-2 has them; every byte is a token. */
const byteLevel = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [special(0, "<|endoftext|>")],
  normalizer: null,
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(["<|endoftext|>", ...byteLetters, ...merges.map((m) => m.replace(" ", ""))].map((piece, i) => [piece, i])),
    merges,
  },
};

/** SentencePiece pairs with bytes for what is unknown, as Llama has them. */
const bytePieces = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
const sentencePiece = {
  ...byteLevel,
  added_tokens: ["<unk>", "<s>", "</s>"].map((content, id) => special(id, content)),
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "▁" },
      { type: "Replace", pattern: { String: " " }, content: "▁" },
    ],
  },
  pre_tokenizer: null,
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
  },
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
  model: {
    ...byteLevel.model,
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: true,
    vocab: Object.fromEntries(["<unk>", "<s>", "</s>", ...bytePieces, "▁", "a", "b", "▁a", "ab"].map((piece, i) => [piece, i])),
    merges: ["▁ a", "a b"],
  },
};

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
  expect(() => tokenizerOf({ kind: "words" }, "m.safetensors")).toThrow(/m.safetensors: its tokenizer/);
});
