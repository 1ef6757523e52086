/** A model file that a training has written, and what it says about new data. */
import { item, type NdArray, ndarray, type Random, sizeOf, toNumbers } from "../array/index.ts";
import { type Encoding, encodeColumn, encodingNotes, featureMatrix } from "../data/encoding.ts";
import { textTokens } from "../data/labelled-texts.ts";
import { type Column, column, isNumeric, type Table } from "../data/table.ts";
import { UserError } from "../errors.ts";
import type { OnnxModel } from "../onnx/index.ts";
import { readOnnx } from "../onnx/read.ts";
import { jit, type Tensor } from "../tensor/index.ts";
import { bytePairTokenizer } from "../tokenizers/byte-pair.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { crossEntropy } from "./problem.ts";

/** What a model predicts, and how data become its inputs. */
export interface SupervisedModel {
  readonly kind: "classes" | "numbers" | "text";
  /** Of one input. */
  readonly input: readonly number[];
  /** Of classes, characters or numbers. */
  readonly outputs: readonly string[];
  /** Of a table. */
  readonly encodings?: readonly Encoding[];
  readonly target?: string;
  /** Of texts: what makes tokens of them; `column` where they stand in a column of a table, rows of tokens as `TextEncoding` has them. */
  readonly tokenizer?: Tokenizer;
  readonly column?: string;
  readonly pad?: number;
  /** Takes inputs [n, ...] as the data have them; gives probabilities, numbers in their units, or logits of the next token. */
  readonly model: OnnxModel;
}

/**
 * @param path  for messages
 * @throws UserError  for a model that no training of ours has written
 */
export function supervisedModel(bytes: Uint8Array, path: string): SupervisedModel {
  const model = readOnnx(bytes, path);
  const { metadata, inputs } = model;
  const names = (key: string): string[] | undefined => (metadata[key] === undefined ? undefined : JSON.parse(metadata[key]));
  const found = (["classes", "outputs", "vocabulary"] as const).find((key) => metadata[key] !== undefined);
  const input = inputs[0]?.shape.slice(1).map(Number) ?? [];
  if (found === undefined || inputs.length !== 1 || input.some(Number.isNaN))
    throw new UserError(
      `${path}: this model was not made by \`pushforward train\``,
      "its metadata should name classes, outputs or a vocabulary",
    );
  return {
    kind: found === "classes" ? "classes" : found === "outputs" ? "numbers" : "text",
    input,
    outputs: names(found)!,
    encodings: metadata.encodings === undefined ? undefined : JSON.parse(metadata.encodings),
    target: metadata.target,
    tokenizer: metadata.tokenizer === undefined ? undefined : bytePairTokenizer(JSON.parse(metadata.tokenizer).tokenizer),
    column: metadata.text,
    pad: metadata.pad === undefined ? undefined : Number(metadata.pad),
    model,
  };
}

/** Inputs of one run: every number of rows is compiled once. */
const chunk = 256;

/** Rows `at` to `end` of an array. */
function rowsOf({ data, shape, dtype }: NdArray, at: number, end: number): NdArray {
  const size = sizeOf(shape.slice(1));
  return ndarray(data.slice(at * size, end * size), [end - at, ...shape.slice(1)], dtype);
}

/**
 * Rows of a table as inputs of the model, which was trained on such a table.
 *
 * @returns  values the training has not seen are told in `warnings`
 * @throws UserError  for a column that is missing or of another kind
 */
export function tableInputs(
  model: SupervisedModel,
  t: Table,
  rows: readonly number[],
): { x: NdArray<"f32" | "f64" | "i32">; warnings: string[] } {
  const { encodings, column: name } = model;
  if (name !== undefined) return { x: textInputs(model, textsOf(t, column(t, name), rows)), warnings: [] };
  if (!encodings) throw new UserError(`${t.source}: this model was not trained on a table`);
  const columns = encodings.map((e) => column(t, e.column));
  const features = encodings.flatMap((e, j) => encodeColumn(t, columns[j], rows, e));
  const warnings = encodings.flatMap((e, j) => encodingNotes(columns[j], rows, e));
  const [data, shape] = [featureMatrix(features, rows.length), [rows.length, features.length]];
  const x = model.model.inputs[0].dtype === "f64" ? ndarray(data, shape, "f64") : ndarray(Float32Array.from(data), shape, "f32");
  return { x, warnings };
}

function textsOf({ source }: Table, { name, values }: Column, rows: readonly number[]): string[] {
  if (isNumeric(values)) throw new UserError(`${source}: column "${name}" has numbers, the model was trained on texts`);
  return rows.map((i) => values[i] ?? "");
}

/** Texts as inputs of a model of labelled texts: [texts, tokens]. */
export function textInputs({ tokenizer, pad = 0, input }: SupervisedModel, texts: readonly string[]): NdArray<"i32"> {
  const [length] = input;
  return ndarray(
    tokenizer ? textTokens(texts, tokenizer, { length, pad }) : new Int32Array(texts.length * length),
    [texts.length, length],
    "i32",
  );
}

/** A prediction for each input: the likeliest class and all probabilities, or the numbers. */
export interface ModelPredictions {
  readonly predicted: readonly (string | number)[];
  /** Row by row, one for each of the model's outputs. */
  readonly values: readonly (readonly number[])[];
}

/** What the model says of inputs. */
export async function predictInputs({ model, outputs, kind }: SupervisedModel, x: NdArray): Promise<ModelPredictions> {
  const program = jit((x: Tensor) => model.apply(model.params, x)[0]);
  const k = outputs.length;
  const values: number[][] = [];
  for (let at = 0; at < x.shape[0]; at += chunk) {
    const all = toNumbers(await program(rowsOf(x, at, Math.min(x.shape[0], at + chunk))));
    for (let i = 0; i < all.length; i += k) values.push(all.slice(i, i + k));
  }
  const likeliest = (row: readonly number[]): string => outputs[row.reduce((m, v, c) => (v > row[m] ? c : m), 0)];
  return { values, predicted: values.map((row) => (kind === "classes" ? likeliest(row) : row[0])) };
}

/** How well a model foresees a text. */
export interface TextScore {
  /** Bits a character. */
  readonly bits: number;
  readonly characters: number;
  /** Where tokens are not characters. */
  readonly tokens?: number;
  /** Characters that training has not seen. */
  readonly unknown: number;
}

/**
 * Bits a character of a text, in windows side by side.
 * @throws UserError  for a text shorter than a window
 */
export async function scoreText(trained: SupervisedModel, text: string): Promise<TextScore> {
  const { model, outputs, input } = trained;
  const tokens = tokensOf(trained, text);
  const [context] = input;
  const windows = Math.floor((tokens.length - 1) / context);
  if (windows < 1)
    throw new UserError(
      `the text has ${tokens.length} ${trained.tokenizer ? "tokens" : "characters"}, the model looks at ${context} at a time`,
      "give a longer text",
    );
  const program = jit((x: Tensor, y: Tensor) => crossEntropy(model.apply(model.params, x)[0], y));
  const from = (first: number) => ndarray(Int32Array.from(tokens.slice(first, first + windows * context)), [windows, context], "i32");
  const [x, y] = [from(0), from(1)];
  let nats = 0;
  for (let at = 0; at < windows; at += chunk) {
    const end = Math.min(windows, at + chunk);
    nats += item(await program(rowsOf(x, at, end), rowsOf(y, at, end))) * ((end - at) / windows);
  }
  const foreseen = windows * context;
  if (!trained.tokenizer) {
    const unknown = tokens.filter((c) => c === outputs.length - 1).length;
    return { bits: nats / Math.LN2, characters: foreseen, unknown };
  }
  const characters = [...trained.tokenizer.decode(tokens.slice(1, foreseen + 1))].length;
  return { bits: (nats * foreseen) / characters / Math.LN2, characters, tokens: foreseen, unknown: 0 };
}

/** A text that goes on: each next token is drawn from its probabilities, as the largest of logits with Gumbel noise. */
export async function continueText(trained: SupervisedModel, text: string, length: number, rng: Random): Promise<string> {
  const { model, outputs, input } = trained;
  const [context] = input;
  const program = jit((x: Tensor) => model.apply(model.params, x)[0]);
  const tokens = tokensOf(trained, text);
  const begun = tokens.length;
  const k = outputs.length;
  for (let i = 0; i < length; i++) {
    const seen = tokens.slice(-context);
    const x = ndarray(new Int32Array(context), [1, context], "i32");
    x.data.set(seen);
    const logits = toNumbers(await program(x)).slice((seen.length - 1) * k, seen.length * k);
    const noise = rng.gumbel([k]).data;
    tokens.push(logits.reduce((m, v, c) => (v + noise[c] > logits[m] + noise[m] ? c : m), 0));
  }
  const added = tokens.slice(begun);
  return trained.tokenizer ? trained.tokenizer.decode(added) : added.map((c) => outputs[c]).join("");
}

/** Tokens by their number; of characters those that training has not seen are the last. */
function tokensOf({ outputs, tokenizer }: SupervisedModel, text: string): number[] {
  if (tokenizer) return tokenizer.encode(text);
  const index = new Map(outputs.map((c, i) => [c, i]));
  return [...text].map((c) => index.get(c) ?? outputs.length - 1);
}
