/** Value, gradient and curvature of a loss in one forward and one backward pass. */

import { flatten, isArrayLeaf, leafPaths } from "../../array/index.ts";
import { TensorError } from "../../errors.ts";
import { broadcastTo, scalar, type Tensor, trace, traceUses } from "../../tensor/index.ts";
import { type Curvature, findLayers, type Layer, type Uncovered } from "./layers.ts";

/** A loss whose curvature is that of other scalars: [loss, scalars]. See `sampledFisher` and `gaussNewton`. */
export type WithFisher = readonly [loss: Tensor, scalars: readonly Tensor[]];

/** What a loss may return, with the option `aux`: the loss, anything else, and the scalars of the curvature if they are others. */
export type WithAux<X> = readonly [loss: Tensor, aux: X, scalars?: readonly Tensor[]];

interface Parts {
  readonly value: Tensor;
  readonly aux: unknown;
  readonly scalars: readonly Tensor[];
}

function partsOf(result: unknown, aux: boolean): Parts {
  if (!Array.isArray(result)) return { value: result as Tensor, aux: undefined, scalars: [] };
  const [value, second, third = []] = result;
  return aux ? { value, aux: second, scalars: third } : { value, aux: undefined, scalars: second };
}

/**
 * `valueAndGrad` that also hands out what the layers saw.
 *
 *   const [value, grads, curvature] = withCurvature(loss)(params, x, y);
 *   optimizer.update(grads, state, params, { curvature, batchSize });
 *
 * @param loss  (params, ...data) -> a scalar: the curvature is the empirical Fisher, free of charge; or [scalar, others]: the curvature is
 *   made of the gradients of the others, one backward pass each. With `aux`, [scalar, aux] or [scalar, aux, others], and the first
 *   result is [value, aux]
 * @throws  TensorError if the loss is not a scalar
 */
export function withCurvature<A extends unknown[]>(loss: (...args: A) => Tensor | WithFisher): (...args: A) => [Tensor, A[0], Curvature];
export function withCurvature<A extends unknown[], X>(
  loss: (...args: A) => WithAux<X>,
  options: { aux: true },
): (...args: A) => [[Tensor, X], A[0], Curvature];
export function withCurvature<A extends unknown[]>(
  loss: (...args: A) => unknown,
  options?: { aux: true },
): (...args: A) => [unknown, A[0], Curvature] {
  const aux = options?.aux ?? false;
  return (...args) => {
    const { structure } = flatten(args[0], isArrayLeaf);
    const run = traceUses(loss, (result) => {
      const { value, scalars } = partsOf(result, aux);
      return [value, ...scalars];
    })(...args);
    const parts = partsOf(run.value, aux);
    const { layers, uses, uncovered } = findLayers(leafPaths(structure), run.leaves, run.operations);
    const sources = parts.scalars.length ? parts.scalars.map((_, i) => i + 1) : [0];
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
    return [aux ? [parts.value, parts.aux] : parts.value, run.grads[0], { layers, uncovered, seen }];
  };
}

/**
 * The layers of a loss, for `init` of optimizers that need curvature, and the parameters that are in none.
 *
 * @param args  parameters and data, or `like(shape)` in their place: only shapes count
 */
export function layersOf<A extends unknown[]>(
  loss: (...args: A) => Tensor | WithFisher | WithAux<unknown>,
  options?: { aux: true },
): (...args: readonly unknown[]) => { readonly layers: readonly Layer[]; readonly uncovered: readonly Uncovered[] } {
  return (...args) => {
    let found: Curvature | undefined;
    trace((...tensors: A) => {
      const [value, , curvature] = options
        ? withCurvature(loss as (...args: A) => WithAux<unknown>, options)(...tensors)
        : withCurvature(loss as (...args: A) => Tensor)(...tensors);
      found = curvature;
      return Array.isArray(value) ? value[0] : value;
    }, args);
    if (!found) throw new TensorError("layersOf: the loss was not traced");
    return { layers: found.layers, uncovered: found.uncovered };
  };
}
