/** Characters as tokens. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { UserError } from "../errors.ts";
import { requireTokens, type Tokenizer } from "./tokenizer.ts";

/**
 * A token a character (Unicode code point).
 *
 * @param vocabulary  the characters by number; the last one stands for all others
 * @throws UserError  if it is empty, a character occurs twice, or an entry is not one character
 */
export function characterTokenizer(vocabulary: readonly string[]): Tokenizer {
  if (vocabulary.length === 0)
    throw new UserError("a tokenizer of characters without characters", "give at least the one for unknown ones");
  const numbers = new Map<string, number>();
  vocabulary.forEach((character, token) => {
    if ([...character].length !== 1)
      throw new UserError(`character ${token} of the tokenizer is ${JSON.stringify(character)}`, "each entry is one character");
    if (numbers.has(character))
      throw new UserError(`characters ${numbers.get(character)} and ${token} of the tokenizer are both ${JSON.stringify(character)}`);
    numbers.set(character, token);
  });
  const unknown = vocabulary.length - 1;
  return {
    size: vocabulary.length,
    hash: bytesToHex(sha256(utf8ToBytes(JSON.stringify(vocabulary)))),
    encode: (text) => Array.from(text, (character) => numbers.get(character) ?? unknown),
    decode(tokens) {
      requireTokens(tokens, vocabulary.length);
      return Array.from(tokens, (token) => vocabulary[token]).join("");
    },
    show(token) {
      requireTokens([token], vocabulary.length);
      return JSON.stringify(vocabulary[token]).slice(1, -1).replace(" ", "▁");
    },
  };
}
