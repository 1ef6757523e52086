/** Batching of programs: every tensor that depends on a batched input gets a leading axis of the batch. */
import { apply, withRounding } from "./primitive.ts";
import { alignBatch } from "./primitives/reshape.ts";
import { broadcastTo, spread } from "./primitives/sum.ts";
import type { Node, Tensor } from "./tensor.ts";
import { between, type Program } from "./walk.ts";

/**
 * Outputs of a program for a batch of inputs.
 *
 * @param batches  for each input its values [size, ...shape], or undefined if it is the same for the whole batch
 * @returns  outputs [size, ...shape], broadcast if they do not depend on the batch
 */
export function batchProgram({ inputs, outputs }: Program, batches: readonly (Tensor | undefined)[], size: number): Tensor[] {
  const value = new Map<Tensor, Tensor>();
  inputs.forEach((x, i) => {
    const b = batches[i];
    if (b) value.set(x, b);
  });
  const sources = inputs.filter((x) => value.has(x));
  for (const node of sources.length ? between(sources, outputs) : []) {
    const batched = node.inputs.map((x) => value.has(x));
    if (!batched.some(Boolean)) continue;
    const xs = node.inputs.map((x) => value.get(x) ?? x);
    const ys = withRounding(node.rounding, () => batchRule(node, xs, batched));
    node.outputs.forEach((y, i) => value.set(y, ys[i]));
  }
  return outputs.map((y) => value.get(y) ?? broadcastTo(y, [size, ...y.shape]));
}

/** By default the same primitive: its parameters count axes from the end, so that only the leading axes of the inputs have to meet. */
function batchRule({ primitive, params }: Node, xs: readonly Tensor[], batched: readonly boolean[]): readonly Tensor[] {
  if (typeof primitive.batch === "function") return primitive.batch(xs, batched, params);
  if (primitive.batch === "every") return apply(primitive, spread(xs, batched), params);
  return apply(primitive, alignBatch(xs, batched), params);
}
