/** Models of files, with the file in what is refused. Needs Node. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FileFormatError, TensorError, UserError } from "../errors.ts";
import { withExternalData } from "./external.ts";
import { fromOnnx, type OnnxModel, type ReadOptions } from "./reader/model.ts";

/**
 * @param path  for messages
 * @throws UserError  for bytes that are no ONNX model, or a model that programs cannot compute
 */
export function readOnnx(bytes: Uint8Array, path: string, options: ReadOptions = {}): OnnxModel {
  try {
    return fromOnnx(
      withExternalData(bytes, (location) => besideModel(path, location)),
      options,
    );
  } catch (error) {
    if (error instanceof FileFormatError)
      throw new UserError(
        `${path}: ${error.message}`,
        "give an .onnx file as `pushforward train` or another framework's exporter wrote it",
      );
    if (error instanceof TensorError)
      throw new UserError(`${path}: ${error.message}`, "operator sets 7 to 25 are read; export the model again, or without this operator");
    throw error;
  }
}

/** A file of weights beside a model. */
function besideModel(path: string, location: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(join(dirname(path), location)));
  } catch (error) {
    throw new UserError(`${path}: its weights in ${location} cannot be read: ${(error as Error).message}`, "keep both files in one folder");
  }
}
