import { Tokenizer } from "@huggingface/tokenizers";
import { describe, expect, test } from "vitest";
import { bytePairTokenizer, charactersOfTokens, endOfText, trainBytePairs } from "../../src/tokenizers/byte-pair.ts";
import { mergesOf } from "../../src/tokenizers/byte-pair-training.ts";
import fc from "../property.ts";

const text = [
  "In the beginning God created the heaven and the earth. And the earth was without form, and void; ",
  "it's 1789: we've 12,345 dollars — naïve café, Ελλάδα, 日本語, שלום, 👩‍👩‍👧 🙂🙂🙂\n\n\tthe the  the   the\r\n",
]
  .join("")
  .repeat(8);
const file = trainBytePairs([text], 350, true);
const ours = bytePairTokenizer(file);
const library = new Tokenizer(file, {});
const unicode = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ unit: "grapheme", maxLength: 60 }));
/** Snippets of the text that tokens were made from, so that long merges are met too. */
const snippets = fc.tuple(fc.nat(text.length), fc.nat(80)).map(([at, n]) => text.slice(at, at + n).toWellFormed());

describe("byte-pair tokens", () => {
  test("the commonest pair becomes a token first; of equals the one with the lowest bytes", () => {
    // "ab" 5 times, "bc" 4 times; then (ab, c) and (x, y) both twice: x, y are lower than token 256
    const letters = mergesOf(["abc abc ab ab bc xy bc xy ab"], 3);
    expect(letters[0]).toEqual([97, 98]);
    expect(letters).toHaveLength(3);
    // " ab" stands 4 times: the space (32) goes before
    expect(letters[1]).toEqual([32, 256]);
  });

  test("decode is the inverse of encode on every text", () => {
    fc.assert(
      fc.property(fc.oneof(unicode, snippets), (s) => {
        expect(ours.decode(ours.encode(s))).toBe(s);
      }),
      { numRuns: 500 },
    );
    expect(ours.decode(ours.encode("\uFEFFa\u0000\u0085\u2028b"))).toBe("\uFEFFa\u0000\u0085\u2028b");
  });

  test("Hugging Face's library reads the file and makes the same tokens", () => {
    fc.assert(
      fc.property(fc.oneof(unicode, snippets), (s) => {
        expect(library.encode(s, { add_special_tokens: false }).ids).toEqual(ours.encode(s));
      }),
      { numRuns: 500 },
    );
    expect(library.decode(ours.encode(text))).toBe(text);
    expect(library.encode(text).ids).toEqual(ours.encode(text));
  });

  test("characters of the tokens add up to those of the text", () => {
    const lengths = charactersOfTokens(file);
    fc.assert(
      fc.property(fc.oneof(unicode, snippets), (s) => {
        expect(ours.encode(s).reduce((n, token) => n + lengths[token], 0)).toBe([...s].length);
      }),
    );
    expect(lengths[ours.end ?? -1]).toBe(0);
  });

  test("the same text gives the same tokenizer, of the size that was asked for", () => {
    expect(trainBytePairs([text], 350, true)).toEqual(file);
    expect([ours.size, ours.end, library.token_to_id(endOfText)]).toEqual([350, 349, 349]);
    expect(ours.show(32)).toBe("Ġ");
    expect(ours.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(bytePairTokenizer(trainBytePairs([text], 300, true)).hash).not.toBe(ours.hash);
  });

  test("a text without pairs that occur twice leaves bytes; the end is never met in a text", () => {
    expect(bytePairTokenizer(trainBytePairs(["abcdefg"], 1000, false)).size).toBe(256);
    expect(ours.encode(endOfText)).not.toContain(ours.end);
    expect(ours.decode([...ours.encode("a"), ours.end ?? -1])).toBe("a");
    // the first two of the three bytes of "語"
    expect(ours.decode([0xe8, 0xaa])).toBe("\uFFFD");
  });

  test("a number that is no token is refused", () => {
    expect(() => ours.decode([0, ours.size])).toThrow("token 1 is 350, which is not a number from 0 to 349");
  });

  test("half of a surrogate pair is no character and becomes U+FFFD", () => {
    expect(ours.decode(ours.encode("a\ud800b"))).toBe("a\uFFFDb");
  });

  test("a word of a hundred thousand letters ends soon", () => {
    const long = "ab".repeat(50_000);
    expect(ours.decode(ours.encode(long))).toBe(long);
  });
});
