/** Models with finitely many states: Markov chains and n-grams. Everything about them can be computed exactly. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { allocate } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { Decoding, LanguageModel, NextTokenLaw } from "../model.ts";

/** A language model whose prediction depends on a state alone: state 0 is before any token. */
export interface Chain extends LanguageModel {
  readonly states: number;
  /** [states, V], log p0(v | state). */
  readonly logProbability: Float64Array;
  /** [states, V], the state after the token. */
  readonly following: Int32Array;
}

/** Widest hidden state that names the state itself; above, it names the last token. */
const widest = 1024;

/**
 * A model of its table. Its hidden state is the indicator of the state (of the last token, where there are more than 1,024 states).
 *
 * @param table  `logProbability` and `following` as of `Chain`, in f64
 */
export function chainModel(name: string, tokenizer: Tokenizer, table: Pick<Chain, "states" | "logProbability" | "following">): Chain {
  const { states, logProbability, following } = table;
  const size = tokenizer.size;
  const ofState = states <= widest;
  const width = ofState ? states : size + 1;
  const predictions = (state: Int32Array, last: Int32Array): NextTokenLaw => {
    const logits = allocate("f64", [state.length, size]);
    const hidden = allocate("f64", [state.length, width]);
    state.forEach((s, row) => {
      logits.data.set(logProbability.subarray(s * size, (s + 1) * size), row * size);
      hidden.data[row * width + (ofState ? s : last[row] + 1)] = 1;
    });
    return { logits, hidden };
  };
  const decoding = (first: Int32Array, before: Int32Array): Decoding => {
    let [state, last] = [first, before];
    let next: NextTokenLaw | undefined;
    return {
      get rows() {
        return state.length;
      },
      get next() {
        next ??= predictions(state, last);
        return next;
      },
      async append(tokens) {
        state = state.map((s, row) => following[s * size + tokens[row]]);
        last = tokens.slice();
        next = undefined;
      },
      select(ancestors) {
        [state, last] = [ancestors.map((row) => state[row]), ancestors.map((row) => last[row])];
        next = undefined;
      },
      close() {},
    };
  };
  return {
    ...{ name, tokenizer, context: Number.POSITIVE_INFINITY, width, states, logProbability, following },
    hash: bytesToHex(sha256(new Uint8Array(logProbability.buffer, logProbability.byteOffset, logProbability.byteLength))),
    async start(prompt, rows) {
      const state = prompt.reduce((s, v) => following[s * size + v], 0);
      return decoding(new Int32Array(rows).fill(state), new Int32Array(rows).fill(prompt.at(-1) ?? -1));
    },
  };
}

export const isChain = (model: LanguageModel): model is Chain => "following" in model;

/**
 * Tokens that are words or signs of their own. Text is cut at spaces (into single characters where all tokens are such), and joined by
 * spaces likewise.
 */
export function listTokenizer(tokens: readonly string[], end?: number): Tokenizer {
  const numbers = new Map(tokens.map((token, i) => [token, i]));
  const single = tokens.every((token, i) => i === end || [...token].length === 1);
  return {
    size: tokens.length,
    encode: (text) =>
      (single ? [...text] : text.split(/\s+/).filter((word) => word !== "")).map((word) => {
        const number = numbers.get(word);
        if (number === undefined) throw new UserError(`the model has no token "${word}"`, `it has ${some(tokens)}`);
        return number;
      }),
    decode: (list) =>
      Array.from(list)
        .filter((token) => token !== end)
        .map((token) => tokens[token])
        .join(single ? "" : " "),
    show: (token) => tokens[token],
    separator: single ? "" : " ",
    end,
    hash: bytesToHex(sha256(new TextEncoder().encode(JSON.stringify([tokens, end ?? null])))),
  };
}

const some = (tokens: readonly string[]): string =>
  tokens.length <= 8 ? tokens.join(", ") : `${tokens.slice(0, 8).join(", ")} and ${tokens.length - 8} more`;
