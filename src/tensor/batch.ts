/** Batching of programs: every tensor that depends on a batched input gets a leading axis of the batch. */
import { apply, fail, withRounding } from "./primitive.ts";
import { broadcastTo } from "./primitives/shape.ts";
import type { Tensor } from "./tensor.ts";
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
    const { primitive, params } = node;
    const batched = node.inputs.map((x) => value.has(x));
    if (!batched.some(Boolean)) continue;
    const xs = node.inputs.map((x) => value.get(x) ?? x);
    if (!primitive.batch) fail(primitive.name, "cannot be batched by vmap", node.inputs);
    const ys = withRounding(node.rounding, () => primitive.batch?.(xs, batched, params) ?? apply(primitive, xs, params));
    node.outputs.forEach((y, i) => value.set(y, ys[i]));
  }
  return outputs.map((y) => value.get(y) ?? broadcastTo(y, [size, ...y.shape]));
}
