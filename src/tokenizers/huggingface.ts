/** Tokenizers of the Hugging Face ecosystem (`tokenizer.json`). */
import { Tokenizer as Kept } from "@huggingface/tokenizers";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { UserError } from "../errors.ts";
import { requireTokens, type Tokenizer } from "./tokenizer.ts";

/** What a `tokenizer.json` does not say. */
export interface HuggingFaceOptions {
  /** Contents of `tokenizer_config.json`. */
  readonly config?: object;
  /** V, where a model has more tokens than its tokenizer: those have no text. */
  readonly size?: number;
  /** Default: what the tokenizer itself puts in front of a text. */
  readonly start?: number;
  /** Default: `eos_token` of the config. */
  readonly end?: number;
  /** For messages. Default "tokenizer.json". */
  readonly source?: string;
}

/** A special token of a config, which is a text or an object that has it. */
function contentOf(config: object, name: string): string | undefined {
  const said: unknown = Reflect.get(config, name);
  const content: unknown = typeof said === "object" && said !== null ? Reflect.get(said, "content") : said;
  return typeof content === "string" ? content : undefined;
}

/** Numbers of the vocabulary as the file has them; the library reads what is not a number as none. */
function numbersIn(json: object): unknown[] {
  const model: unknown = Reflect.get(json, "model");
  const vocabulary: unknown = typeof model === "object" && model !== null ? Reflect.get(model, "vocab") : undefined;
  return typeof vocabulary === "object" && vocabulary !== null && !Array.isArray(vocabulary) ? Object.values(vocabulary) : [];
}

/**
 * Texts without special tokens; `decode` leaves them out and changes nothing else (spaces before punctuation stay).
 *
 * @param json  contents of a `tokenizer.json`
 * @throws UserError  if it is none that can be read, or a text cannot be encoded
 */
export function huggingFaceTokenizer(json: object, options: HuggingFaceOptions = {}): Tokenizer {
  const { config = {}, source = "tokenizer.json" } = options;
  const guarded = <R>(what: string, f: () => R): R => {
    try {
      return f();
    } catch (error) {
      const why = (error as Error).message.slice(0, 200);
      throw new UserError(`${source}: ${what}: ${why}`, "give the tokenizer.json of the model as its authors published it", {
        cause: error,
      });
    }
  };
  const kept = guarded("it is not a tokenizer that can be read", () => new Kept(json, config));
  const numbers = guarded("its vocabulary cannot be read", () => [...kept.get_vocab(true).values(), ...numbersIn(json)]);
  if (numbers.length === 0 || !numbers.every((n) => Number.isInteger(n) && Number(n) >= 0 && Number(n) < 2 ** 31))
    throw new UserError(`${source}: its vocabulary is not tokens with numbers from 0 on`);
  // not by spreading: vocabularies have hundreds of thousands of tokens
  const own = numbers.reduce<number>((most, n) => Math.max(most, Number(n)), 0) + 1;
  const size = Math.max(own, options.size ?? 0);
  const encode = (text: string, special: boolean): number[] =>
    guarded(`a text of ${text.length} characters cannot be encoded`, () => kept.encode(text, { add_special_tokens: special }).ids);
  const special = (name: string): number | undefined => {
    const content = contentOf(config, name);
    return content === undefined ? undefined : kept.token_to_id(content);
  };
  const [begun, plain] = [encode("a", true), encode("a", false)];
  const start = options.start ?? (begun.length > plain.length && begun[0] !== plain[0] ? begun[0] : undefined);
  const end = options.end ?? special("eos_token");
  for (const token of [start, end]) if (token !== undefined) requireTokens([token], size);
  return {
    size,
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    hash: bytesToHex(sha256(utf8ToBytes(JSON.stringify(json)))),
    encode: (text) => (text === "" ? [] : encode(text, false)),
    decode(tokens) {
      requireTokens(tokens, size);
      const known = Array.from(tokens).filter((token) => token !== start && token !== end && kept.id_to_token(token) !== undefined);
      if (known.length === 0) return "";
      return guarded("tokens cannot be decoded", () =>
        kept.decode(known, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
      );
    },
    show(token) {
      requireTokens([token], size);
      return (kept.id_to_token(token) ?? `<${token}>`).replaceAll("Ġ", "▁").replaceAll("Ċ", "\\n");
    },
  };
}
