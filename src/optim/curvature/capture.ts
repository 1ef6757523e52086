/** Value, gradient and curvature of a loss in one forward and one backward pass. */
import {
  broadcastTo,
  flatten,
  isArrayLeaf,
  leafPaths,
  scalar,
  type Tensor,
  TensorError,
  trace,
  traceUses,
} from "../../tensor/index.ts";
import { type Curvature, findLayers, type Layer, type Uncovered } from "./layers.ts";

/** A loss whose curvature is that of other scalars: [loss, scalars]. See `sampledFisher` and `gaussNewton`. */
export type WithFisher = readonly [loss: Tensor, scalars: readonly Tensor[]];

const parts = (result: Tensor | WithFisher): [Tensor, readonly Tensor[]] =>
  Array.isArray(result) ? [result[0] as Tensor, result[1] as Tensor[]] : [result as Tensor, []];

/**
 * `valueAndGrad` that also hands out what the layers saw.
 *
 *   const [value, grads, curvature] = withCurvature(loss)(params, x, y);
 *   optimizer.update(grads, state, params, { curvature, batchSize });
 *
 * @param loss  (params, ...data) -> a scalar: the curvature is the empirical Fisher, free of charge; or [scalar, others]: the curvature is
 *   made of the gradients of the others, one backward pass each
 * @throws  TensorError if the loss is not a scalar
 */
export function withCurvature<A extends unknown[]>(
  loss: (...args: A) => Tensor | WithFisher,
): (...args: A) => [Tensor, A[0], Curvature] {
  return (...args) => {
    const { structure } = flatten(args[0], isArrayLeaf);
    const run = traceUses(loss, (result) => {
      const [value, scalars] = parts(result);
      return [value, ...scalars];
    })(...args);
    const [value, scalars] = parts(run.value);
    const { layers, uses, uncovered } = findLayers(leafPaths(structure), run.leaves, run.operations);
    const sources = scalars.length ? scalars.map((_, i) => i + 1) : [0];
    const seen = Object.fromEntries(
      Object.entries(uses).map(([path, list]) => [
        path,
        list.map(({ x, y, geometry }) => ({
          x,
          gradients: sources.map((i) => run.cotangent(i, y) ?? broadcastTo(scalar(0, y.dtype), y.shape)),
          ...(geometry ? { geometry } : {}),
        })),
      ]),
    );
    return [value, run.grads[0], { layers, uncovered, seen }];
  };
}

/**
 * The layers of a loss, for `init` of optimizers that need curvature, and the parameters that are in none.
 *
 * @param args  parameters and data, or `like(shape)` in their place: only shapes count
 */
export function layersOf<A extends unknown[]>(
  loss: (...args: A) => Tensor | WithFisher,
): (...args: readonly unknown[]) => { readonly layers: readonly Layer[]; readonly uncovered: readonly Uncovered[] } {
  return (...args) => {
    let found: Curvature | undefined;
    trace((...tensors: A) => {
      const [value, , curvature] = withCurvature(loss)(...tensors);
      found = curvature;
      return value;
    }, args);
    if (!found) throw new TensorError("layersOf: the loss was not traced");
    return { layers: found.layers, uncovered: found.uncovered };
  };
}
