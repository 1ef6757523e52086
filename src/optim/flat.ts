/** Many small parameters as one vector. */

import { allocate, flatten, isArrayLeaf, type NdArray, sizeOf, unflatten } from "../array/index.ts";
import { concat, type Tensor } from "../tensor/index.ts";
import { dtypeOf, type Optimizer, type StepContext } from "./optimizer.ts";

/**
 * The same optimizer on the vector of all parameters: a dozen operations in place of a dozen for each parameter, at the price of copying
 * the gradients together and the updates apart. Faster where parameters are many and small (up to some ten thousand numbers). Only for
 * optimizers that treat every number alike, or all together: `adam`, `clipByGlobalNorm`, chains of them; no masks, no matrices.
 */
export function flat<S>(optimizer: Optimizer<S>): Optimizer<S> {
  const join = (tree: unknown): { all: Tensor } => {
    const rows = (flatten(tree, isArrayLeaf).leaves as Tensor[]).map((x) => x.reshape([x.size]));
    return { all: rows.length > 1 ? concat(rows, 0) : rows[0] };
  };
  return {
    init(params) {
      const leaves = flatten(params, isArrayLeaf).leaves as NdArray[];
      const all = allocate(dtypeOf(params), [leaves.reduce((n, a) => n + sizeOf(a.shape), 0)]);
      let at = 0;
      for (const a of leaves) {
        all.data.set(a.data as Float32Array, at);
        at += a.data.length;
      }
      return optimizer.init({ all });
    },
    update<P>(grads: P, state: S, params: P, context?: StepContext) {
      const { updates, state: next } = optimizer.update(join(grads), state, join(params), context);
      const { leaves, structure } = flatten(grads, isArrayLeaf);
      let at = 0;
      const parts = (leaves as Tensor[]).map((x) => {
        const from = at;
        at += x.size;
        return updates.all.slice([from, at]).reshape(x.shape);
      });
      return { updates: unflatten<P>(structure, parts), state: next };
    },
  };
}
