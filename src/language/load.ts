/** Language models from files, by what they are. Needs Node. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import { countNgrams, type NgramOptions } from "./chains/ngram.ts";
import { readChain } from "./chains/read.ts";
import { type LoadedModel, type LoadOptions, loadModel } from "./models/load.ts";

export type ModelOptions = NgramOptions & LoadOptions;

/** @throws UserError  saying what was found and what is wanted */
export async function loadLanguageModel(path: string | undefined, options: ModelOptions): Promise<LoadedModel> {
  if (path === undefined) throw new UserError("no model", "--model chain.json, model.bin, a folder, a run of train, or a text to count");
  if (/\.json$/i.test(path)) return { model: readChain(await text(path), path), notes: [] };
  if (/\.(txt|md|text)$/i.test(path)) return { model: countNgrams(await text(path), basename(path), options), notes: [] };
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
