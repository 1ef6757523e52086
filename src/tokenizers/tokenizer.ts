/** What every tokenizer is to the rest. */
import { UserError } from "../errors.ts";

/** Text as numbers of tokens, and back. */
export interface Tokenizer {
  /** V: numbers are 0 … V - 1. */
  readonly size: number;
  /** Numbers of a text, without a token for its start or end. */
  readonly encode: (text: string) => number[];
  /** Text of numbers; tokens for start and end are no text. A character that is cut off is U+FFFD. */
  readonly decode: (tokens: ArrayLike<number>) => string;
  /** How one token is written where tokens are listed: "▁the", "<0x0A>". */
  readonly show: (token: number) => string;
  /** What stands between tokens, where a text is the texts of its tokens joined by it. */
  readonly separator?: string;
  /** The token that begins every text, and the one that ends it, where there are such. */
  readonly start?: number;
  readonly end?: number;
  /** SHA-256 in hexadecimal of what it was made from: a twist fits the tokenizer that it was trained with. */
  readonly hash: string;
}

/** @throws UserError  unless all are numbers of tokens */
export function requireTokens(tokens: ArrayLike<number>, size: number): void {
  for (let i = 0; i < tokens.length; i++)
    if (!(Number.isInteger(tokens[i]) && tokens[i] >= 0 && tokens[i] < size))
      throw new UserError(`token ${i} is ${tokens[i]}, which is not a number from 0 to ${size - 1}`, "is it of another tokenizer?");
}
