/** What every frozen language model is to the rest: a prediction for a batch of prefixes, which grow a token at a time. */
import type { NdArray } from "../array/index.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** What a model says of the next token of each row. */
export interface NextTokenLaw {
  /** [rows, V], log p0(v | prefix) up to a constant of the row; f32, or f64 for models that compute so. */
  readonly logits: NdArray;
  /** [rows, d], the last hidden state (of the prefix, before the next token), on which twists are learned. */
  readonly hidden: NdArray;
}

/** A batch of prefixes of one length. */
export interface Decoding {
  readonly rows: number;
  /** Of the token after those so far. Arrays are valid until the next `append` or `select`. */
  readonly next: NextTokenLaw;
  /** Appends a token to each row. @param tokens  one a row, 0 … V - 1 */
  readonly append: (tokens: Int32Array) => Promise<void>;
  /** Row i goes on from what row `ancestors[i]` was; there may be more or fewer rows than before. `next` follows. */
  readonly select: (ancestors: Int32Array) => void;
  /** Frees what is held outside of JavaScript's memory. */
  readonly close: () => void;
}

/** A frozen autoregressive language model. */
export interface LanguageModel {
  /** For people: "stories260K, 5 layers of 64". */
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Most tokens of a sequence, start token and prompt included; ∞ where there is no limit. */
  readonly context: number;
  /** d, width of `hidden`. */
  readonly width: number;
  /** SHA-256 in hexadecimal of its weights: a twist fits the model that it was trained on. */
  readonly hash: string;
  /**
   * As many equal rows, each with the prompt.
   *
   * @param prompt  numbers, start token included where the model wants one; empty only for models with a start of their own (chains)
   */
  readonly start: (prompt: readonly number[], rows: number) => Promise<Decoding>;
  /** Frees the model. */
  readonly close?: () => void;
}
