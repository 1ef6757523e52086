/** Discriminators from ONNX files: what tells public data from made ones. */
import { randomStream, type Shape, sizeOf } from "../../array/index.ts";
import { UserError } from "../../errors.ts";
import { type OnnxModel, steadyOutputs } from "../../onnx/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { rowShape, rowsFunction, trials } from "./rows.ts";

/**
 * The logit of being data, x [n, D] -> [n].
 *
 * @param input  of one input of the classifier
 * @throws UserError
 */
export async function discriminatorOf(model: OnnxModel, path: string, input: Shape): Promise<(x: Tensor) => Tensor> {
  const shape = rowShape(model, path, "a discriminator");
  if (sizeOf(shape) !== sizeOf(input))
    throw new UserError(`${path}: the discriminator takes [${shape.join(", ")}], and the classifier [${input.join(", ")}]`);
  const judge = rowsFunction(model, shape);
  const trial = randomStream(0)
    .fold("discriminator")
    .uniform([trials, sizeOf(input)]);
  const outputs = await steadyOutputs(judge, trial, { path, what: "the discriminator", rows: "inputs", one: "one of the inputs" });
  if (outputs.shape[1] !== 1)
    throw new UserError(
      `${path}: a discriminator gives one logit, this file ${outputs.shape[1]} numbers a row`,
      "a GAN's, such as `pushforward train --model gan` writes",
    );
  return (x) => judge(x).reshape([x.shape[0]]);
}
