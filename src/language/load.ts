/** Language models from files, by what they are. Needs Node. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { countNgrams, type NgramOptions } from "./chains/ngram.ts";
import { readChain } from "./chains/read.ts";
import { type LoadedModel, type LoadOptions, loadModel } from "./models/load.ts";

export type ModelOptions = NgramOptions & LoadOptions;

/** The model that comes with the package: assets/README.md. */
const builtIn = "built-in";

/** @throws UserError  saying what was found and what is wanted */
export async function loadLanguageModel(path: string | undefined, options: ModelOptions): Promise<LoadedModel> {
  const isText = path !== undefined && /\.(txt|md|text)$/i.test(path);
  const idle = (["order", "unit"] as const).find((key) => !isText && options[key] !== undefined);
  if (idle) throw new UserError(`--${idle} is for a text to count`, "leave it out, or give a .txt file as the model");
  if (options.tokenizer !== undefined && !/\.bin$/i.test(path ?? ""))
    throw new UserError("--tokenizer is for a llama2.c .bin", "other models bring their own");
  if (path === undefined || path === builtIn)
    return loadModel(fileURLToPath(new URL("../../assets/language-model.safetensors", import.meta.url)), options);
  if (/\.json$/i.test(path)) return { model: readChain(await text(path), path), notes: [] };
  if (isText) return { model: countNgrams(await text(path), basename(path), options), notes: [] };
  return loadModel(path, options);
}

async function text(path: string): Promise<string> {
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    throw new UserError(`${path}: ${error instanceof TypeError ? "this is not UTF-8 text" : (error as Error).message}`);
  }
}
