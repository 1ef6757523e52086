/** Language models by name or path. Needs Node. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { FileFormatError, UserError } from "../../errors.ts";
import { llama2cTokenizer, type Tokenizer } from "../../tokenizers/index.ts";
import type { LanguageModel } from "../model.ts";
import { type HuggingFaceFolderOptions, huggingFaceModel } from "./hugging-face.ts";
import { readLlama2c } from "./llama2c.ts";
import { networkModel } from "./network-file.ts";
import { transformerModel } from "./transformer.ts";

/** How a model is loaded. */
export interface LoadOptions extends HuggingFaceFolderOptions {
  /** Path of the tokenizer of a `.bin` checkpoint; default `tokenizer.bin` or `tok*.bin` beside it. */
  readonly tokenizer?: string;
}

/** A model, and what was decided on the way, for people. */
export interface LoadedModel {
  readonly model: LanguageModel;
  readonly notes: readonly string[];
}

const known =
  "give a llama2.c checkpoint (.bin), a Hugging Face folder (config.json, tokenizer.json, onnx/model.onnx), a run folder of `pushforward train --model transformer-lm`, or its language-model.safetensors";

/** Where `pushforward train` puts the language model, below the run's folder. */
const trained = join("artifacts", "language-model.safetensors");

/**
 * A language model from the disk.
 *
 * @throws UserError  saying what was found and what is wanted
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  // names of built-in models and chain.json come before paths
  if (!existsSync(path)) throw new UserError(`${path}: there is no such model, file or folder`, known);
  if (statSync(path).isDirectory()) return loadFolder(path, options);
  if (/\.bin$/i.test(path)) return { model: await loadLlama2c(path, options), notes: [] };
  if (/\.safetensors$/i.test(path)) return { model: networkModel(await bytesOf(path), path, options), notes: [] };
  if (/\.onnx$/i.test(path))
    throw new UserError(
      `${path}: a decoder needs its tokenizer and config`,
      `give the folder that has config.json and tokenizer.json: ${dirname(path)}`,
    );
  throw new UserError(`${path}: this kind of file is no language model`, known);
}

async function loadFolder(folder: string, options: LoadOptions): Promise<LoadedModel> {
  const network = join(folder, trained);
  if (existsSync(network)) return { model: networkModel(await bytesOf(network), network, options), notes: [] };
  const inside = readdirSync(folder);
  if (inside.includes("config.json") && (inside.includes("tokenizer.json") || inside.includes("onnx")))
    return huggingFaceModel(folder, options);
  const found = inside.slice(0, 8).join(", ") + (inside.length > 8 ? `, … (${inside.length})` : "");
  throw new UserError(
    `${folder}: neither a Hugging Face folder nor a run that trained a language model (in it: ${found || "nothing"})`,
    known,
  );
}

async function loadLlama2c(path: string, options: LoadOptions): Promise<LanguageModel> {
  const beside = options.tokenizer ?? tokenizerBeside(path);
  if (!existsSync(beside))
    throw new UserError(`${beside}: there is no such file`, "give the path of the checkpoint's tokenizer.bin with --tokenizer");
  const file = await bytesOf(path);
  const { config, params } = read(path, () => readLlama2c(file), "give a checkpoint of llama2.c, version 0 (export.py --version 0)");
  const tokenizerFile = await bytesOf(beside);
  const tokenizer: Tokenizer = read(
    beside,
    () => llama2cTokenizer(tokenizerFile),
    "give the tokenizer.bin of llama2.c that belongs to the checkpoint",
  );
  if (tokenizer.size !== config.vocabulary)
    throw new UserError(
      `${path}: the checkpoint has ${config.vocabulary} tokens, its tokenizer ${beside} ${tokenizer.size}`,
      "give the tokenizer that the checkpoint was trained with: --tokenizer",
    );
  const name = `${basename(path).replace(/\.bin$/i, "")}, ${config.depth} layers of ${config.width}`;
  return transformerModel({ name, config, params, tokenizer, hash: bytesToHex(sha256(file)) }, options);
}

/** @throws UserError  if there is none, or more than one */
function tokenizerBeside(path: string): string {
  const folder = dirname(path);
  const all = readdirSync(folder).filter((file) => file === "tokenizer.bin" || /^tok.*\.bin$/i.test(file));
  const found = all.includes("tokenizer.bin") ? ["tokenizer.bin"] : all;
  if (found.length === 1) return join(folder, found[0]);
  throw new UserError(
    `${path}: ${found.length === 0 ? "no tokenizer" : `several tokenizers (${found.join(", ")})`} beside it`,
    "put tokenizer.bin there, or say which it is: --tokenizer",
  );
}

const bytesOf = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(path));

function read<T>(path: string, f: () => T, hint: string): T {
  try {
    return f();
  } catch (error) {
    if (error instanceof FileFormatError) throw new UserError(`${path}: ${error.message}`, hint);
    throw error;
  }
}
