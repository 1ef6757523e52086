/** Text as tokens with numbers: characters, or byte pairs. */
import { UserError } from "../errors.ts";
import { type BytePairFile, bytePairTokenizer, charactersOfTokens, trainBytePairs } from "../tokenizers/byte-pair.ts";
import { builtInDocuments, type Documents, readDocuments } from "./documents.ts";

/** A text in three parts, as numbers of its tokens. */
export interface Corpus {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** Tokens as they are written, by their number. Of characters the last stands for those that training has not seen. */
  readonly vocabulary: readonly string[];
  /** Where tokens are byte pairs: what makes them. */
  readonly tokenizer?: BytePairFile;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
  readonly warnings: readonly string[];
}

/** Characters, or so many byte-pair tokens. */
export type Tokens = "characters" | number;

/** Stands for a character that is rare or new. */
export const unknownCharacter = "\uFFFD";

/** Characters seen less often than this in training are one symbol. */
const rare = 2;

/** From so many documents on, parts are made of whole ones. */
const manyDocuments = 20;

const [fewestTokens, mostTokens] = [257, 65536];

/**
 * Tokens from text such as "characters" or "bpe:1024".
 * @throws UserError
 */
export function parseTokens(text: string): Tokens {
  if (text === "characters") return text;
  const size = Number(/^bpe:(\d+)$/.exec(text)?.[1]);
  if (!(size >= fewestTokens && size <= mostTokens))
    throw new UserError(
      `--tokens ${text}: neither characters nor a number of byte pairs`,
      `bpe:1024 makes 1024 tokens, of which 256 are the bytes (${fewestTokens} to ${mostTokens})`,
    );
  return size;
}

/**
 * A built-in text.
 * @throws UserError  for an unknown name
 */
export const builtInText = async (name: string, tokens?: Tokens): Promise<Corpus> => corpusOf(await builtInDocuments(name), tokens);

/**
 * A text file, or the text files of a folder.
 * @throws UserError  for a file that is not UTF-8 text, or too short
 */
export const readText = async (path: string, tokens?: Tokens): Promise<Corpus> => corpusOf(await readDocuments(path), tokens);

const corpusOf = ({ name, title, source, documents }: Documents, tokens?: Tokens): Corpus => ({
  ...{ name, title, source },
  ...toCorpus(documents, source, tokens),
});

/** Texts of each part. */
type Parts = Record<"train" | "validation" | "test", readonly string[]>;

/**
 * Each document is cut in three: its first 80 % for training, the next 10 % for validation, the rest for the test. Of 20 documents and more
 * whole ones make the parts: of every ten the ninth is for validation and the tenth for the test.
 *
 * Characters of several documents have an empty line between these. Byte pairs are those of the training part; with several documents a
 * token stands before the first and after each, of which a model learns where texts begin and end.
 *
 * @throws UserError  for too little text
 */
export function toCorpus(
  text: string | readonly string[],
  source: string,
  tokens: Tokens = "characters",
): Pick<Corpus, "vocabulary" | "tokenizer" | "train" | "validation" | "test" | "warnings"> {
  const documents = typeof text === "string" ? [text] : text;
  const parts = partsOf(documents);
  const several =
    documents.length > 1 &&
    (documents.length < manyDocuments ? "each is cut in three" : "whole ones make training, validation and test part");
  const warnings = several ? [`${documents.length} documents: ${several}`] : [];
  return tokens === "characters" ? characters(parts, source, warnings) : bytePairs(parts, source, tokens, warnings);
}

function partsOf(documents: readonly string[]): Parts {
  if (documents.length >= manyDocuments) {
    const every = (wanted: (place: number) => boolean): string[] => documents.filter((_, i) => wanted(i % 10));
    return { train: every((i) => i < 8), validation: every((i) => i === 8), test: every((i) => i === 9) };
  }
  const cut = documents.map((text) => {
    const all = [...text];
    const [end, validationEnd] = [Math.floor(all.length * 0.8), Math.floor(all.length * 0.9)];
    return [all.slice(0, end), all.slice(end, validationEnd), all.slice(validationEnd)].map((part) => part.join(""));
  });
  return { train: cut.map(([t]) => t), validation: cut.map(([, v]) => v), test: cut.map(([, , rest]) => rest) };
}

function characters({ train, validation, test }: Parts, source: string, warnings: readonly string[]) {
  const joined = [train, validation, test].map((texts) => [...texts.join("\n\n")]);
  const counts = new Map<string, number>();
  for (const c of joined[0]) counts.set(c, (counts.get(c) ?? 0) + 1);
  const kept = [...counts]
    .filter(([c, n]) => n >= rare && c !== unknownCharacter)
    .map(([c]) => c)
    .sort();
  if (kept.length < 2) tooLittle(source, joined[0].length + joined[1].length + joined[2].length);
  const vocabulary = [...kept, unknownCharacter];
  const index = new Map(vocabulary.map((c, i) => [c, i]));
  const encode = (text: readonly string[]): Int32Array => Int32Array.from(text, (c) => index.get(c) ?? kept.length);
  return { vocabulary, train: encode(joined[0]), validation: encode(joined[1]), test: encode(joined[2]), warnings };
}

function bytePairs(parts: Parts, source: string, size: number, warnings: readonly string[]) {
  const ends = parts.train.length > 1;
  const file = trainBytePairs(parts.train, size, ends);
  const tokenizer = bytePairTokenizer(file);
  const letters = parts.train.reduce((n, text) => n + text.length, 0);
  if (tokenizer.size <= fewestTokens) tooLittle(source, letters);
  const frame = tokenizer.end === undefined ? [] : [tokenizer.end];
  const encode = (texts: readonly string[]): Int32Array =>
    concatenated([frame, ...texts.flatMap((text) => [tokenizer.encode(text), frame])]);
  const train = encode(parts.train);
  const average = (letters / train.length).toFixed(2);
  return {
    vocabulary: Array.from({ length: tokenizer.size }, (_, i) => tokenizer.show(i)),
    tokenizer: file,
    ...{ train, validation: encode(parts.validation), test: encode(parts.test) },
    warnings: [
      ...warnings,
      `${tokenizer.size} byte-pair tokens of ${average} characters on average${ends ? ", one of them for the beginning and end of a document" : ""}`,
      ...(tokenizer.size < size ? [`no pair of tokens occurs twice any more after ${tokenizer.size} of the ${size} tokens asked for`] : []),
    ],
  };
}

function tooLittle(source: string, length: number): never {
  throw new UserError(`${source}: ${length} characters are too little text to learn from`);
}

function concatenated(parts: readonly (readonly number[])[]): Int32Array {
  const all = new Int32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Text of numbers of tokens. */
export function textOf({ vocabulary, tokenizer }: Pick<Corpus, "vocabulary" | "tokenizer">, tokens: readonly number[]): string {
  return tokenizer ? bytePairTokenizer(tokenizer).decode(tokens) : tokens.map((c) => vocabulary[c]).join("");
}

/** Characters that each token stands for [V]. */
export const charactersEach = ({ vocabulary, tokenizer }: Pick<Corpus, "vocabulary" | "tokenizer">): Int32Array =>
  tokenizer ? charactersOfTokens(tokenizer) : new Int32Array(vocabulary.length).fill(1);
