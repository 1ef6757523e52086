/** What a function does with each leaf of its first argument: for methods that need a layer's inputs and the gradients of its outputs. */
import { unflatten } from "../array/tree.ts";
import { cotangents } from "./differentiate.ts";
import { aliasOf, scalar, tensors } from "./primitives/constant.ts";
import { zerosLike } from "./primitives/sum.ts";
import { fail } from "./shapes.ts";
import { isFloat, type Params, type Tensor } from "./tensor.ts";
import { between } from "./walk.ts";

/** One operation that reads tensors which depend on the first argument. */
export interface Operation {
  /** Name of the primitive: "matmul", "conv", "gatherRows", "add", … */
  readonly primitive: string;
  readonly params: Params;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

export interface Traced<P, X> {
  readonly value: X;
  /** One gradient for each of the scalars that were differentiated. */
  readonly grads: readonly P[];
  /** The leaves of the first argument as the operations know them, in the order of the tree. */
  readonly leaves: readonly Tensor[];
  /** All operations between the leaves and the scalars, in order. */
  readonly operations: readonly Operation[];
  /** Gradient of scalar i with respect to any tensor of the operations, or undefined if it is zero. */
  cotangent(i: number, x: Tensor): Tensor | undefined;
}

/**
 * Runs f, differentiates scalars of its result with respect to the first argument, and lists the operations in between.
 *
 * @param f       (params, ...args) -> anything
 * @param select  the scalars to differentiate, from the result; they share one forward pass
 */
export function traceUses<A extends unknown[], X>(
  f: (...args: A) => X,
  select: (result: X) => readonly Tensor[],
): (...args: A) => Traced<A[0], X> {
  return (...args) => {
    const flat = tensors("grad", args[0]);
    const integer = flat.leaves.find((x) => !isFloat(x.dtype));
    if (integer) fail("grad", "derivatives are with respect to floats", [integer]);
    const leaves = flat.leaves.map(aliasOf);
    const value = f(...([unflatten(flat.structure, leaves), ...args.slice(1)] as A));
    const scalars = select(value);
    for (const s of scalars) if (s.rank !== 0) fail("grad", "the function must return a scalar; use sum() or mean()", [s]);
    const maps = scalars.map((s) => cotangents(leaves, [s], [scalar(1, s.dtype)]));
    const gradient = (map: ReadonlyMap<Tensor, Tensor>): Tensor[] => leaves.map((x) => map.get(x) ?? zerosLike(x));
    const grads = maps.map((map) => unflatten<A[0]>(flat.structure, gradient(map)));
    const path = leaves.length ? between(leaves, scalars) : [];
    const operations = path.map(({ primitive, params, inputs, outputs }) => ({ primitive: primitive.name, params, inputs, outputs }));
    return { value, grads, leaves, operations, cotangent: (i, x) => maps[i].get(x) };
  };
}
