/** Language models that `pushforward train` wrote; see src/nn/networks/language-model-file.ts for the format. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { FileFormatError, UserError } from "../../errors.ts";
import { readLanguageModel } from "../../nn/index.ts";
import { tokenizerOf } from "../../tokenizers/index.ts";
import { type TransformerModel, type TransformerModelOptions, transformerModel } from "./transformer.ts";

/**
 * The language model of a file with its tokenizer.
 *
 * @param name  for people and messages
 * @throws UserError  for anything that is no such file
 */
export function networkModel(file: Uint8Array, name: string, options: TransformerModelOptions = {}): TransformerModel {
  try {
    const { config, params, tokenizer } = readLanguageModel(file);
    return transformerModel(
      { name, config, params, tokenizer: tokenizerOf(tokenizer, name, config.vocabulary), hash: bytesToHex(sha256(file)) },
      options,
    );
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    throw new UserError(
      `${name}: ${error.message}`,
      "give a language-model.safetensors as `pushforward train --model transformer-lm` writes it",
    );
  }
}
