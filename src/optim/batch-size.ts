/** The batch size, which curvature needs: the outer product of a mean gradient estimates the Fisher matrix only with the factor B. */
import { mapTree } from "../array/index.ts";
import { TensorError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import type { StepContext } from "./optimizer.ts";
import { times } from "./schedules.ts";

/**
 * Terms of the mean that the loss is: B in B g gᵀ. 1 if they are not needed.
 *
 * @param average  whether the loss is a mean over the examples, or over their positions too
 * @throws  TensorError if the number is needed and missing, or not positive
 */
export function termsOf(optimizer: string, context: StepContext, average: "batch" | "batch+sequence", needed: boolean): number | Tensor {
  if (!needed) return 1;
  if (average === "batch") return batchSizeOf(optimizer, context);
  if (context.terms === undefined)
    throw new TensorError(
      `${optimizer}: with lossAverage "batch+sequence" it needs the number of terms in the mean of the loss: ` +
        "update(grads, state, params, { batchSize, terms })",
    );
  return batchSizeOf(optimizer, { batchSize: context.terms });
}

/**
 * The batch size of a step.
 *
 * @throws  TensorError if it is missing, or not positive
 */
export function batchSizeOf(optimizer: string, { batchSize }: StepContext): number | Tensor {
  if (batchSize === undefined)
    throw new TensorError(`${optimizer}: needs the number of examples of the batch: update(grads, state, params, { batchSize })`);
  if (typeof batchSize === "number" && !(batchSize > 0 && Number.isFinite(batchSize)))
    throw new TensorError(`${optimizer}: a batch of ${batchSize} examples has no mean`);
  return batchSize;
}

/** Gradients of the mean loss from those of a mean or a sum. */
export const meanGradients = <P>(grads: P, batchSize: number | Tensor, reduction: "mean" | "sum"): P =>
  reduction === "mean"
    ? grads
    : mapTree<P>((g: Tensor) => times(g, typeof batchSize === "number" ? 1 / batchSize : batchSize.pow(-1)), grads);
