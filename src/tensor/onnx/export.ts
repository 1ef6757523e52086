/** Writes functions as ONNX models that any runtime can load. */
import { trace } from "../jit.ts";
import { withSharing } from "../primitive.ts";
import { type WriteOptions, writeModel } from "./write.ts";

export type ExportOptions = Omit<WriteOptions, "portable">;

/**
 * A function as an ONNX model, with operators of the standard only. The leaves of the arguments become inputs, those of the result outputs;
 * arrays that the function itself holds become weights in the file.
 *
 * @param f        function of tensors (trees)
 * @param args     arrays, or `like(shape, dtype)`: the shapes of the model are theirs
 * @param options  names of inputs and outputs (default i0, i1, … and o0, o1, …) and metadata
 * @throws  TensorError if the function cannot be traced, or the numbers of names do not fit
 */
export function toOnnx<A extends unknown[], R>(
  f: (...args: A) => R,
  args: readonly unknown[],
  options: ExportOptions = {},
): Uint8Array {
  const program = trace(f, args);
  return withSharing(() => writeModel(program, { ...options, portable: true })).bytes;
}
