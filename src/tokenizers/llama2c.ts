/**
 * Tokenizers of llama2.c (`tokenizer.bin`): byte-pair encoding by scores, as SentencePiece has it. A file is the length of its longest token
 * (i32), then for each token its score (f32), its length (i32) and its bytes. Nothing in a file is trusted.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { FileFormatError } from "../errors.ts";
import { mergePairs } from "./merge.ts";
import { requireTokens, type Tokenizer } from "./tokenizer.ts";

/** Numbers that llama2.c gives to the tokens that begin and end a text; 0 is unknown. */
const [start, end] = [1, 2];
const space = 0x20;

interface Pieces {
  readonly bytes: readonly Uint8Array[];
  readonly scores: readonly number[];
}

function readPieces(file: Uint8Array): Pieces {
  const fail = (why: string) => new FileFormatError(`tokenizer.bin: ${why}`);
  if (file.length < 4) throw fail(`${file.length} bytes are too few for a header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const longest = view.getInt32(0, true);
  const bytes: Uint8Array[] = [];
  const scores: number[] = [];
  for (let at = 4; at < file.length; ) {
    const token = bytes.length;
    if (at + 8 > file.length) throw fail(`it ends inside token ${token}: truncated?`);
    const score = view.getFloat32(at, true);
    const length = view.getInt32(at + 4, true);
    at += 8;
    if (Number.isNaN(score)) throw fail(`the score of token ${token} is no number`);
    if (length < 0 || length > longest) throw fail(`token ${token} claims ${length} bytes, the longest ${longest}`);
    if (at + length > file.length) throw fail(`token ${token} claims ${length} bytes, ${file.length - at} are left: truncated?`);
    bytes.push(file.slice(at, at + length));
    scores.push(score);
    at += length;
  }
  if (bytes.length <= end) throw fail(`${bytes.length} tokens are too few`);
  return { bytes, scores };
}

/** Bytes as a text that can be a key: one character a byte. */
const latin = (bytes: Uint8Array): string => Array.from(bytes, (b) => String.fromCharCode(b)).join("");

/** Numbers of tokens by their keys. @throws FileFormatError  where two are equal */
function numbersOf(keys: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  keys.forEach((key, token) => {
    const other = numbers.get(key);
    if (other !== undefined && key !== "")
      throw new FileFormatError(`tokenizer.bin: tokens ${other} and ${token} are both ${JSON.stringify(key)}`);
    numbers.set(key, token);
  });
  return numbers;
}

/** The byte that a token "<0x0A>" stands for. */
function byteOf(bytes: Uint8Array): number | undefined {
  const [, digits] = /^<0x([0-9A-Fa-f]{2})>$/.exec(latin(bytes)) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/**
 * A text gets a space in front; characters that are no token become tokens of their bytes; then the neighbours whose union has the best score
 * are joined, the leftmost first, until no union is a token. `decode` takes that space away behind the start token only, as llama2.c does:
 * the middle of a text keeps its own.
 *
 * @param file  contents of a `tokenizer.bin`
 * @throws FileFormatError  for anything that does not follow the format
 * @source  github.com/karpathy/llama2.c, run.c and tokenizer.py
 */
export function llama2cTokenizer(file: Uint8Array): Tokenizer {
  const { bytes, scores } = readPieces(file);
  const keys = bytes.map(latin);
  const numbers = numbersOf(keys);
  const stands = bytes.map(byteOf);
  const ofByte = new Map(stands.flatMap((byte, token) => (byte === undefined ? [] : [[byte, token] as const])));
  const control = (token: number): boolean => token === start || token === end;
  const union = (left: number, right: number): { token: number; score: number } | undefined => {
    const token = numbers.get(keys[left] + keys[right]);
    return token === undefined || control(token) ? undefined : { token, score: scores[token] };
  };
  const ofCharacter = (character: string): number[] => {
    const own = new TextEncoder().encode(character);
    const whole = numbers.get(latin(own));
    return whole !== undefined ? [whole] : Array.from(own, (byte) => ofByte.get(byte) ?? 0);
  };
  const written = (token: number): Uint8Array => {
    const byte = stands[token];
    return control(token) ? new Uint8Array() : byte === undefined ? bytes[token] : Uint8Array.of(byte);
  };
  return {
    size: bytes.length,
    start,
    end,
    hash: bytesToHex(sha256(file)),
    encode: (text) => (text === "" ? [] : mergePairs([...` ${text}`].flatMap(ofCharacter), union)),
    decode(tokens) {
      requireTokens(tokens, bytes.length);
      const parts = Array.from(tokens, (token, i) => {
        const part = written(token);
        return i > 0 && tokens[i - 1] === start && part[0] === space ? part.subarray(1) : part;
      });
      const joined = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.length;
      }
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(joined);
    },
    show(token) {
      requireTokens([token], bytes.length);
      return new TextDecoder().decode(bytes[token]).replaceAll(" ", "▁").trim();
    },
  };
}
