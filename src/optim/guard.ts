/** Steps that must not happen, and states that do not fit. */

import { flatten, isArrayLeaf, leafPaths, mapTree, type NdArray } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { cond, isFinite, type Tensor, where, zerosLike } from "../tensor/index.ts";
import type { Layer } from "./curvature/layers.ts";
import { type Optimizer, optimizer, type StepContext, scalarArray } from "./optimizer.ts";
import { counted } from "./schedules.ts";

/** State S of the optimizer that is guarded, and counts. */
export type GuardState<S, T = Tensor> = {
  readonly inner: S;
  /** Steps skipped so far, and without one in between that was not. */
  readonly skipped: T;
  readonly inRow: T;
};

/**
 * Whether all elements of a tree are finite, from sums: one pass over each leaf. In f64 too the bound is the largest number of f32, 3.4e38, of
 * the sum: no gradient is that large but of a training that diverges, and it is found as soon as in f32.
 */
function allFinite(tree: unknown): Tensor {
  const sums = flatten(tree, isArrayLeaf).leaves.map((x) => (x as Tensor).cast("f32").sum());
  return isFinite(sums.reduce((a, b) => a.add(b)));
}

/**
 * Leaves parameters and state as they are in steps whose gradient is not finite, and counts them (`skipped`, `inRow`): one bad batch then
 * does not spoil momenta and factors for ever.
 */
export const skipNonFinite = <S>(inner: Optimizer<S>): Optimizer<GuardState<S>> =>
  optimizer<GuardState<S>>(
    (params, layers) => ({
      inner: inner.init(params, layers),
      skipped: scalarArray(0, params),
      inRow: scalarArray(0, params),
    }),
    <P>(grads: P, state: GuardState<S>, params: P, context: StepContext) => {
      const ok = allFinite(grads);
      const result = cond(
        ok,
        ({ grads, state, params }) => inner.update(grads, state, params, context),
        ({ state, params }) => ({ updates: mapTree<P>(zerosLike, params), state }),
        { grads, state: state.inner, params },
      );
      return {
        updates: result.updates,
        state: {
          inner: result.state,
          skipped: where(ok, state.skipped, counted(state.skipped)),
          inRow: where(ok, 0, counted(state.inRow)),
        },
      };
    },
    inner.statistics ? (state, params, context) => inner.statistics?.(state.inner, params, context) ?? {} : undefined,
  );

/**
 * Checks that a state (from a checkpoint, say) belongs to an optimizer and parameters.
 *
 * @throws  UserError that names what differs
 */
export function checkState(inner: Optimizer, params: object, state: unknown, layers?: readonly Layer[]): void {
  const describe = (tree: unknown): Map<string, string> => {
    const { leaves, structure } = flatten(tree, isArrayLeaf);
    const paths = leafPaths(structure);
    return new Map(leaves.map((x, i) => [paths[i], `${x.dtype}[${x.shape.join(", ")}]`]));
  };
  const [expected, given] = [describe(inner.init(params, layers)), describe(state)];
  const paths = [...new Set([...expected.keys(), ...given.keys()])];
  const wrong = paths.filter((path) => expected.get(path) !== given.get(path));
  if (!wrong.length) return;
  const [first] = wrong;
  throw new UserError(
    `the optimizer's state does not fit: ${first} is ${given.get(first) ?? "missing"}, should be ${expected.get(first) ?? "absent"}${
      wrong.length > 1 ? ` (and ${wrong.length - 1} more)` : ""
    }`,
    "it was made by another optimizer, structure, precision or network: resume with the options it was made with",
  );
}

/** Numbers and bytes that an optimizer keeps for parameters. */
export function stateSize(state: unknown): { readonly numbers: number; readonly bytes: number } {
  const { leaves } = flatten(state, isArrayLeaf);
  const arrays = leaves as NdArray[];
  return {
    numbers: arrays.reduce((s, x) => s + x.data.length, 0),
    bytes: arrays.reduce((s, x) => s + x.data.byteLength, 0),
  };
}
