/** Writes functions as ONNX models that any runtime can load. */

import { mapTree } from "../array/tree.ts";
import { trace } from "../tensor/jit.ts";
import { withSharing } from "../tensor/primitive.ts";
import { isValue } from "../tensor/primitives/constant.ts";
import { serialize, writeGraph } from "../tensor/write.ts";
import type { WriteOptions } from "../tensor/write-options.ts";
import { anyRows, each, probes } from "./rows.ts";

export interface ExportOptions extends Omit<WriteOptions, "portable" | "channelBlock"> {
  /**
   * The model takes any number of rows: the first axis of every input that has axes. The program may depend on that number only through
   * its shapes (so not by a mean over the rows).
   */
  readonly anyRows?: boolean;
}

/**
 * A function as an ONNX model, with operators of the standard only. The leaves of the arguments become inputs, those of the result outputs;
 * arrays that the function itself holds become weights in the file.
 *
 * @param f        function of tensors (trees)
 * @param args     arrays, or `like(shape, dtype)`: the shapes of the model are theirs
 * @param options  names of inputs and outputs (default i0, i1, … and o0, o1, …) and metadata
 * @throws  TensorError if the function cannot be traced, the numbers of names do not fit, or `anyRows` is asked of a program that has to
 *          know the number of rows
 */
export function toOnnx<A extends unknown[], R>(f: (...args: A) => R, args: readonly unknown[], options: ExportOptions = {}): Uint8Array {
  const written = { ...options, portable: true };
  const graphOf = (inputs: readonly unknown[]) => {
    const program = trace(f, inputs);
    return withSharing(() => writeGraph(program, written));
  };
  if (!options.anyRows) return serialize(graphOf(args), written);
  const graphs = each(probes, (rows) => graphOf(withRows(args, rows)));
  return serialize(anyRows(graphs), written);
}

const withRows = (args: readonly unknown[], rows: number): readonly unknown[] =>
  mapTree(
    (x: { dtype: string; shape: readonly number[] }) =>
      isValue(x) && typeof x === "object" && x.shape.length > 0 ? { dtype: x.dtype, shape: [rows, ...x.shape.slice(1)] } : x,
    args,
  );
