/** What supervised training reads: tables, labelled pictures and text, from files or built in. */
import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { nearest, UserError } from "../errors.ts";
import { builtInText, type Corpus, parseTokens, readText, type Tokens } from "./corpus.ts";
import { isTextFile, isTextFolder, textNames } from "./documents.ts";
import type { TextOptions } from "./duckdb.ts";
import { type ExampleOptions, type Examples, toExamples } from "./examples.ts";
import { builtInImages, imageSetNames, readImageFolder } from "./images.ts";
import { type LabelledTexts, toLabelledTexts } from "./labelled-texts.ts";
import { readTable } from "./read.ts";

/** A file or folder, or the name of a built-in set; and how to read it. */
export interface SupervisedSource extends ExampleOptions, TextOptions {
  readonly file?: string;
  /** A built-in set instead of a file. */
  readonly data?: string;
  /** Side to which pictures of a folder are scaled. */
  readonly size?: number;
  /** Of a table: the column of texts to learn from. */
  readonly text?: string;
  /** What a text is cut into: "characters" (default) or "bpe:1024". */
  readonly tokens?: string;
}

/** Labelled examples, or a text whose next characters are to be predicted. */
export type SupervisedData = { readonly examples: Examples } | { readonly corpus: Corpus };

/**
 * Reads the file or folder, or makes the built-in set. With `text`, texts of a table.
 * @throws UserError
 */
export async function readSupervised(source: SupervisedSource): Promise<SupervisedData | { readonly texts: LabelledTexts }> {
  const { file, data, text, features, impute } = source;
  if (text === undefined) return readExamples(source, toExamples);
  if (file === undefined || data !== undefined) throw new UserError("--text names a column of a table", "name the file of the table");
  if (features !== undefined || impute !== undefined)
    throw new UserError("--text learns from one column of texts: --features and --impute are for tables of features");
  if (source.tokens === "characters") throw new UserError("texts of a table are read as byte pairs", "--tokens bpe:8000 is the default");
  return { texts: toLabelledTexts(await readTable(file, source), basename(file), { ...source, text }) };
}

/** @param fromTable  makes examples of a table */
export async function readExamples(source: SupervisedSource, fromTable: typeof toExamples): Promise<SupervisedData> {
  const { file, data } = source;
  if (file !== undefined && data !== undefined) throw new UserError(`give either a file or --data, not both (${file}, --data ${data})`);
  const tokens = source.tokens === undefined ? undefined : parseTokens(source.tokens);
  if (data !== undefined) return builtIn(data, tokens);
  if (file === undefined)
    throw new UserError(
      "no data: name a file, a folder or a built-in data set",
      `--data takes ${[...imageSetNames, ...textNames].join(", ")}`,
    );
  if (isTextFile(file)) return { corpus: await readText(file, tokens) };
  if (!existsSync(file)) throw new UserError(`${file}: there is no such file or folder`, "check the path");
  if (statSync(file).isDirectory() && isTextFolder(file)) return { corpus: await readText(file, tokens) };
  if (statSync(file).isDirectory()) return { examples: await readImageFolder(file, source.size) };
  if (tokens !== undefined) throw new UserError("--tokens is for texts", "name the column of texts of a table with --text");
  return { examples: fromTable(await readTable(file, source), basename(file), source) };
}

async function builtIn(name: string, tokens?: Tokens): Promise<SupervisedData> {
  if (textNames.includes(name)) return { corpus: await builtInText(name, tokens) };
  if (imageSetNames.includes(name)) return { examples: await builtInImages(name) };
  const names = [...imageSetNames, ...textNames];
  const guess = nearest(name, names);
  throw new UserError(`no built-in data set "${name}"`, guess ? `did you mean "${guess}"?` : `there are ${names.join(", ")}`);
}
