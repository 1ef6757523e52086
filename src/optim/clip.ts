/** Bounds on gradients. */

import { flatten, isArrayLeaf, mapTree } from "../array/index.ts";
import { clamp, minimum, sqrt, type Tensor } from "../tensor/index.ts";
import { type Optimizer, stateless } from "./optimizer.ts";

/** √ Σ x² over all leaves of a tree. */
export function globalNorm(tree: unknown): Tensor {
  const squares = flatten(tree, isArrayLeaf).leaves.map((x) => (x as Tensor).square().sum());
  return sqrt(squares.reduce((a, b) => a.add(b)));
}

/**
 * g min(1, bound / |g|) with the norm of the whole tree: the direction stays.
 *
 * @source  Pascanu, Mikolov & Bengio, ICML 2013
 */
export const clipByGlobalNorm = (bound: number): Optimizer =>
  stateless((grads) => {
    const norm = globalNorm(grads);
    const factor = minimum(norm.pow(-1).mul(bound), 1);
    return mapTree((g: Tensor) => g.mul(factor.cast(g.dtype)), grads);
  });

/** Every element into [-bound, bound]. */
export const clip = (bound: number): Optimizer => stateless((grads) => mapTree((g: Tensor) => clamp(g, -bound, bound), grads));
