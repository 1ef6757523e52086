/** Networks from model files. */
import { TensorError } from "../../errors.ts";
import type { OnnxModel } from "../../onnx/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import type { Network, NoStatistics } from "./network.ts";

/** A model file as a network: its weights are where training starts. It must have one input; its first output counts. */
export function onnxNetwork(model: OnnxModel): Network<Record<string, Tensor>, NoStatistics> {
  if (model.inputs.length !== 1)
    throw new TensorError(`the model has ${model.inputs.length} inputs (${model.inputs.map((i) => i.name).join(", ")}), not one`);
  if (Object.keys(model.params).length === 0) throw new TensorError("the model has no weights to train");
  const [rows] = model.inputs[0].shape;
  const of = (params: Record<string, Tensor>, x: Tensor): Tensor => model.apply(params, x)[0];
  return {
    init: () => ({ params: model.params, stats: {} }),
    apply: (params, stats, x) => ({
      y: typeof rows === "number" ? inPieces((piece) => of(params, piece), x, rows) : of(params, x),
      stats,
    }),
  };
}

/** f of a batch, for an f that takes just `rows` rows: the last piece is filled up with zeros. */
function inPieces(f: (x: Tensor) => Tensor, x: Tensor, rows: number): Tensor {
  const pieces = Math.ceil(x.shape[0] / rows);
  const missing = pieces * rows - x.shape[0];
  const full = missing
    ? t.pad(
        x,
        x.shape.map((_, axis) => [0, axis === 0 ? missing : 0]),
      )
    : x;
  const ys = Array.from({ length: pieces }, (_, i) => f(full.slice([i * rows, (i + 1) * rows])));
  return (ys.length > 1 ? t.concat(ys, 0) : ys[0]).slice([0, x.shape[0]]);
}
