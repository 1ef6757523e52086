/** Models whose weights lie in other files: brought into the model, before it is read. */
import { FileFormatError, TensorError } from "../errors.ts";
import { type Onnx, onnx } from "../tensor/proto.ts";

/** Is a part of the weights in another file? */
const isExternal = (proto: Onnx.ITensorProto): boolean =>
  proto.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL || Boolean(proto.externalData?.length);

/**
 * The model with all its weights inside.
 *
 * @param read  gives the bytes of a file that the model names, relative to its own folder
 * @throws FileFormatError  if the bytes are no model; TensorError  for places that are no part of the file, or lie outside the folder
 */
export function withExternalData(bytes: Uint8Array, read: (location: string) => Uint8Array): Uint8Array {
  let model: Onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new FileFormatError(`not an ONNX model: ${(error as Error).message}`);
  }
  const weights = model.graph?.initializer?.filter(isExternal) ?? [];
  if (weights.length === 0) return bytes;
  const files = new Map<string, Uint8Array>();
  for (const proto of weights) {
    const said = new Map((proto.externalData ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
    const location = said.get("location") ?? "";
    if (location === "" || /^[\\/]|^[a-z]:|(^|[\\/])\.\.([\\/]|$)|\0/i.test(location))
      throw new TensorError(
        `ONNX model: the weights "${proto.name}" are in ${JSON.stringify(location)}, which is not below the model's folder`,
      );
    const file = files.get(location) ?? read(location);
    files.set(location, file);
    const offset = Number(said.get("offset") ?? 0);
    const length = said.has("length") ? Number(said.get("length")) : file.length - offset;
    if (!(Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0 && offset + length <= file.length))
      throw new TensorError(
        `ONNX model: the weights "${proto.name}" are bytes ${offset} to ${offset + length} of ${location}, which has ${file.length}`,
      );
    proto.rawData = file.subarray(offset, offset + length);
    proto.dataLocation = onnx.TensorProto.DataLocation.DEFAULT;
    proto.externalData = [];
  }
  return onnx.ModelProto.encode(model).finish();
}
