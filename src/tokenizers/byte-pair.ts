/** Byte-level byte-pair tokens: trained on a text, written as a `tokenizer.json`. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { FileFormatError } from "../errors.ts";
import { byteLetters, bytesOf, piecesOf } from "./byte-letters.ts";
import { mergesOf } from "./byte-pair-training.ts";
import { mergePairs } from "./merge.ts";
import { requireTokens, type Tokenizer } from "./tokenizer.ts";

/** What stands for the end of a text: no text is encoded as it. */
export const endOfText = "<|endoftext|>";

/** The content of a `tokenizer.json` of Hugging Face's format, as far as a byte-level vocabulary needs it. */
export interface BytePairFile {
  readonly version: "1.0";
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: null;
  readonly pre_tokenizer: ByteLevel;
  readonly post_processor: null;
  readonly decoder: ByteLevel;
  readonly model: {
    readonly type: "BPE";
    readonly dropout: null;
    readonly unk_token: null;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: false;
    readonly byte_fallback: false;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly string[];
  };
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: false;
  readonly lstrip: false;
  readonly rstrip: false;
  readonly normalized: false;
  readonly special: true;
}

interface ByteLevel {
  readonly type: "ByteLevel";
  readonly add_prefix_space: false;
  readonly trim_offsets: true;
  readonly use_regex: true;
}

const byteLevel: ByteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/**
 * A tokenizer of at most V tokens from texts: 256 bytes, one token for each merge, and, if texts end, `endOfText` as the last. A short
 * text has fewer pairs that occur twice, and gives fewer.
 *
 * @param size  V, at least 257
 * @param ends  whether a token ends every text
 */
export function trainBytePairs(texts: readonly string[], size: number, ends: boolean): BytePairFile {
  const merges = mergesOf(texts, size - 256 - (ends ? 1 : 0));
  const tokens = [...byteLetters];
  const written = merges.map(([left, right]) => {
    tokens.push(tokens[left] + tokens[right]);
    return `${tokens[left]} ${tokens[right]}`;
  });
  const end: AddedToken = {
    ...{ id: tokens.length, content: endOfText, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  };
  return {
    ...{ version: "1.0", truncation: null, padding: null, added_tokens: ends ? [end] : [], normalizer: null },
    ...{ pre_tokenizer: byteLevel, post_processor: null, decoder: byteLevel },
    model: {
      ...{ type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
      ...{ fuse_unk: false, byte_fallback: false },
      vocab: Object.fromEntries([...tokens, ...(ends ? [endOfText] : [])].map((token, i) => [token, i])),
      merges: written,
    },
  };
}

/** Pieces whose tokens are remembered. */
const remembered = 2 ** 17;

/**
 * The tokenizer of such a file. The words of `endOfText` in a text are text, not the end.
 * @throws FileFormatError  for another kind of tokenizer
 */
export function bytePairTokenizer(file: BytePairFile): Tokenizer {
  const { bytes, tokenOfByte, merges, end } = readFile(file);
  const names = Object.entries(file.model.vocab).sort(([, a], [, b]) => a - b);
  const utf8 = new TextEncoder();
  const seen = new Map<string, readonly number[]>();
  const piece = (text: string): readonly number[] => {
    const known = seen.get(text);
    if (known) return known;
    const bytesOfText = Array.from(utf8.encode(text), (b) => tokenOfByte[b]);
    const tokens = mergePairs(bytesOfText, (left, right) => merges.get(left * base + right));
    if (seen.size >= remembered) seen.clear();
    seen.set(text, tokens);
    return tokens;
  };
  return {
    size: names.length,
    encode(text) {
      const tokens: number[] = [];
      for (const part of piecesOf(text)) for (const token of piece(part)) tokens.push(token);
      return tokens;
    },
    decode(tokens) {
      requireTokens(tokens, names.length);
      const all: number[] = [];
      for (let i = 0; i < tokens.length; i++) for (const b of bytes[tokens[i]] ?? []) all.push(b);
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(all));
    },
    show: (token) => names[token]?.[0] ?? "",
    start: end,
    end,
    hash: bytesToHex(sha256(utf8ToBytes(JSON.stringify(file)))),
  };
}

/**
 * Characters of each token [V]: those that begin in it, so that their sum over the tokens of a text is its length in code points.
 */
export function charactersOfTokens({ model }: BytePairFile): Int32Array {
  const lengths = new Int32Array(Object.keys(model.vocab).length);
  for (const [token, i] of Object.entries(model.vocab))
    if (token !== endOfText) lengths[i] = bytesOf(token)?.filter((b) => (b & 0xc0) !== 0x80).length ?? 0;
  return lengths;
}

/** Two tokens as one number. */
const base = 2 ** 20;

function readFile({ model, pre_tokenizer: pre, added_tokens: added }: BytePairFile) {
  const level = pre?.type === "ByteLevel" && !pre.add_prefix_space && pre.use_regex;
  if (model?.type !== "BPE" || !level)
    throw new FileFormatError("this is not a tokenizer of byte pairs that a training of ours has written");
  const end = added.find((token) => token.content === endOfText)?.id;
  const bytes: (Uint8Array | undefined)[] = [];
  for (const [token, i] of Object.entries(model.vocab)) bytes[i] = i === end ? undefined : bytesOf(token);
  const tokenOfByte = byteLetters.map((letter) => model.vocab[letter]);
  // earlier merges go before later ones
  const merges = new Map<number, { token: number; score: number }>();
  for (const [rank, pair] of model.merges.entries()) {
    const [left, right] = pair.split(" ");
    merges.set(model.vocab[left] * base + model.vocab[right], { token: model.vocab[left + right], score: -rank });
  }
  return { bytes, tokenOfByte, merges, end };
}
