/** Model files as functions of rows. */
import { sizeOf } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { OnnxModel } from "../../onnx/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";

/** A model with one input as a function; its weights are constants of the program. */
export function functionOf(model: OnnxModel): (x: Tensor) => Tensor[] {
  const params = Object.fromEntries(Object.entries(model.params).map(([name, a]) => [name, constant(a)]));
  return (x) => model.apply(params, x);
}

/** Rows that an encoder takes. */
export interface EncoderRows {
  /** Shape of one row. */
  readonly shape: readonly number[];
  /** What the rows are of, for messages: "the data have". */
  readonly of: string;
  readonly dtype: "f32" | "f64";
}

/**
 * An encoder as a function of rows [n, D]: its one or two outputs, [n, …] each.
 * @throws UserError  for files that are no encoders of such rows
 */
export function encoderFunction(model: OnnxModel, path: string, { shape: row, of, dtype }: EncoderRows): (x: Tensor) => Tensor[] {
  const [x] = model.inputs;
  if (model.inputs.length !== 1) throw new UserError(`${path}: an encoder has one input, the data; this one has ${model.inputs.length}`);
  if (model.outputs.length > 2)
    throw new UserError(
      `${path}: the encoder has ${model.outputs.length} outputs`,
      "mean and log variance are wanted, as one output or two",
    );
  if (x.dtype !== dtype)
    throw new UserError(`${path}: the encoder takes ${x.dtype}, and the run is of ${dtype}`, `export it with an input of ${dtype}`);
  const tail = x.shape.slice(1);
  const shape = tail.every((n) => typeof n === "number") && tail.length > 0 ? (tail as number[]) : [...row]; // no name is among them
  if (sizeOf(shape) !== sizeOf(row))
    throw new UserError(`${path}: the encoder takes ${sizeOf(shape)} numbers a row, and ${of} ${sizeOf(row)}`);
  const apply = functionOf(model);
  return (rows) => apply(rows.reshape([rows.shape[0], ...shape])).map((y) => y.reshape([rows.shape[0], -1]));
}
