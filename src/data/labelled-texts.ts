/** Texts with a class or a number for each, from a column of a table. */
import { ndarray } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";
import { bytePairTokenizer, trainBytePairs } from "../tokenizers/byte-pair.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type ExampleOptions, type Examples, type Split, type TextEncoding, toTargets } from "./examples.ts";
import { type Column, column, completeRows, isMissing, isNumeric, list, type Table } from "./table.ts";

/** Texts, and what is to be predicted of each. */
export interface LabelledTexts extends Pick<Examples, "name" | "title" | "source" | "targets" | "classes" | "outputs" | "warnings"> {
  /** Names of the columns. */
  readonly column: string;
  readonly target: string;
  readonly texts: readonly string[];
}

/** Tokens of texts where nothing is said. */
const defaultTokens = 8000;

/** Most tokens of a text that are read where nothing is said. */
const mostTokens = 256;

/** Is there no text: nothing, or white space alone? */
export const isBlank = (c: Column, row: number): boolean => isMissing(c, row) || (!isNumeric(c.values) && c.values[row]?.trim() === "");

/**
 * @param options.text  the column of texts
 * @throws UserError  naming column and row, for a column of numbers, an empty text or a missing label
 */
export function toLabelledTexts(t: Table, name: string, options: ExampleOptions & { readonly text: string }): LabelledTexts {
  if (options.target === undefined)
    throw new UserError(
      `${t.source}: which column is to be predicted from the texts?`,
      `name it with --target; the columns are ${list(t.columns.map((c) => c.name))}`,
    );
  const [texts, target] = [column(t, options.text), column(t, options.target)];
  if (texts === target) throw new UserError(`${t.source}: column "${texts.name}" is the target and cannot be the text too`);
  const { values } = texts;
  if (isNumeric(values))
    throw new UserError(`${t.source}: column "${texts.name}" has numbers, not texts`, "leave out --text: numbers are features");
  const warnings: string[] = [...(t.notes ?? [])];
  const rows = completeRows(t, [texts, target], options.dropMissing ?? false, warnings, { lacks: isBlank });
  const others = t.columns.filter((c) => c !== texts && c !== target).map((c) => c.name);
  if (others.length > 0) warnings.push(`the text alone is read: ${list(others)} left out`);
  return {
    ...{ name, title: name, source: t.source, column: texts.name, target: target.name, warnings },
    texts: rows.map((i) => values[i] ?? ""),
    ...toTargets(t, target, rows, options),
  };
}

/**
 * Examples of tokens. The tokenizer is made of the training part.
 *
 * @param options.tokens  V, at most; default 8000
 * @param options.length  tokens of a text that are read; default what 95 % of the training texts have, at most 256
 */
export function tokenizedExamples(
  labelled: LabelledTexts,
  { train }: Split,
  { tokens = defaultTokens, length }: { readonly tokens?: number; readonly length?: number } = {},
): Examples {
  const { column: name, texts, ...rest } = labelled;
  const file = trainBytePairs(
    Array.from(train, (i) => texts[i]),
    tokens,
    false,
  );
  const tokenizer = bytePairTokenizer(file);
  const encoded = texts.map((text) => Int32Array.from(tokenizer.encode(text)));
  const lengths = Array.from(train, (i) => encoded[i].length).sort((a, b) => a - b);
  const natural = Math.min(mostTokens, lengths[Math.floor(0.95 * (lengths.length - 1))]);
  const text = { column: name, tokenizer: file, length: length ?? Math.max(natural, 4), pad: tokenizer.size };
  const longer = encoded.filter((e) => e.length > text.length).length;
  return {
    ...rest,
    ...{ text, features: [name] },
    inputs: ndarray(padded(encoded, text), [texts.length, text.length], "i32"),
    warnings: [
      ...rest.warnings,
      `column "${name}": ${tokenizer.size} byte-pair tokens, ${text.length} of a text are read`,
      ...(longer > 0
        ? [`${longer} of ${texts.length} texts have more: their last ${text.length} tokens are read (--context reads more)`]
        : []),
    ],
  };
}

/** Rows of tokens [n · length] of texts, as `TextEncoding` says. */
export const textTokens = (
  texts: readonly string[],
  tokenizer: Tokenizer,
  sizes: Pick<TextEncoding, "length" | "pad">,
): Int32Array<ArrayBuffer> =>
  padded(
    texts.map((text) => Int32Array.from(tokenizer.encode(text))),
    sizes,
  );

function padded(encoded: readonly Int32Array[], { length, pad }: Pick<TextEncoding, "length" | "pad">): Int32Array<ArrayBuffer> {
  const rows = new Int32Array(encoded.length * length).fill(pad);
  for (const [i, tokens] of encoded.entries()) rows.set(tokens.slice(-length), i * length);
  return rows;
}
