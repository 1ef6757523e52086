/** Models of files, with the file in what is refused. */
import { FileFormatError, TensorError, UserError } from "../errors.ts";
import { fromOnnx, type OnnxModel, type ReadOptions } from "./reader/model.ts";

/**
 * @param path  for messages
 * @throws UserError  for bytes that are no ONNX model, or a model that programs cannot compute
 */
export function readOnnx(bytes: Uint8Array, path: string, options: ReadOptions = {}): OnnxModel {
  try {
    return fromOnnx(bytes, options);
  } catch (error) {
    if (error instanceof FileFormatError)
      throw new UserError(
        `${path}: ${error.message}`,
        "give an .onnx file as `pushforward train` or another framework's exporter wrote it",
      );
    if (error instanceof TensorError)
      throw new UserError(`${path}: ${error.message}`, "operator sets 13 to 22 are read; export the model again, or without this operator");
    throw error;
  }
}
