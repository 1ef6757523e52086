/** Model files as functions of rows. */
import type { Shape } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import type { OnnxModel } from "../../onnx/index.ts";
import { constant, type Tensor } from "../../tensor/index.ts";

/** Rows on which a file is tried. */
export const trials = 64;

/** The one float input of a model whose first output is floats, too: shape of a row. @throws UserError */
export function rowShape(model: OnnxModel, path: string, what: string): Shape {
  const [x, ...more] = model.inputs;
  if (!x || more.length > 0)
    throw new UserError(
      `${path}: ${what} has one input; this file has ${model.inputs.length} (${model.inputs.map((p) => p.name).join(", ")})`,
      "export it with all others fixed",
    );
  if (x.dtype !== "f32" && x.dtype !== "f64")
    throw new UserError(`${path}: the input "${x.name}" is ${x.dtype}, and has no gradient`, "export the model with an input of floats");
  const [y] = model.outputs;
  if (y.dtype !== "f32" && y.dtype !== "f64")
    throw new UserError(
      `${path}: the output "${y.name}" is ${y.dtype}, and has no gradient`,
      `export ${what} whose first output is floats${model.outputs.length > 1 ? "; this file has them further on" : ""}`,
    );
  const tail = x.shape.slice(1);
  if (tail.length === 0 || tail.some((n) => typeof n !== "number"))
    throw new UserError(
      `${path}: the input "${x.name}" has the shape [${x.shape.join(", ")}]: the size of a row is not in the file`,
      "export it with fixed sizes but for the first axis",
    );
  if (typeof x.shape[0] === "number")
    throw new UserError(
      `${path}: the model is for ${x.shape[0]} ${x.shape[0] === 1 ? "row" : "rows"} at a time only`,
      "export it with a dynamic first axis (dynamic_axes in PyTorch)",
    );
  return tail.map(Number);
}

/** A model's first output as a function of rows [n, D]; its weights are constants. Rows are cast to what it takes, outputs back. */
export function rowsFunction(model: OnnxModel, shape: Shape): (x: Tensor) => Tensor {
  const params = Object.fromEntries(Object.entries(model.params).map(([name, a]) => [name, constant(a)]));
  const { dtype } = model.inputs[0];
  const own = dtype === "f64" ? "f64" : "f32";
  return (x) => {
    const [y] = model.apply(params, x.reshape([x.shape[0], ...shape]).cast(own));
    return y.reshape([y.shape[0], -1]).cast(x.dtype);
  };
}
