/** Order statistics. NaN comes after every number, as in NumPy and JAX; the runtime's kernels place it by chance. */
import { apply, apply1 } from "../primitive.ts";
import { fromEnd, largestNumber, withLength } from "../shapes.ts";
import { isFloat, type Primitive, type Tensor } from "../tensor.ts";
import { isNaN, minimum, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { liftOne, scalar, type Value } from "./constant.ts";
import { takeAlong } from "./gather.ts";
import { anyNaN, kernelArgmax, kernelArgmin, kernelTopK } from "./kernels.ts";
import { broadcastTo } from "./sum.ts";

const topKPrimitive: Primitive = {
  ...kernelTopK,
  name: "topK",
  // In rows with NaN, NaN is taken for ∞, and ∞ for the largest number: such a row orders these two by their places.
  expand([x], { k, largest }) {
    // the runtime's kernel divides by the number of rows
    if (x.size === 0) return [x.dtype, "i32" as const].map((dtype) => broadcastTo(scalar(0, dtype), withLength(x.shape, x.rank - 1, k)));
    if (!isFloat(x.dtype)) return undefined;
    const end = where(anyNaN(x, [-1], true), scalar(largestNumber(x.dtype), x.dtype), Number.POSITIVE_INFINITY);
    const key = where(isNaN(x), Number.POSITIVE_INFINITY, minimum(x, end));
    const [, indices] = apply(kernelTopK, [key], { k, largest });
    return [takeAlong(x, indices), indices];
  },
  jvp: (_, [dx], [, indices]) => [dx && takeAlong(dx, indices), undefined],
};

/** The k largest (or smallest) elements of the last axis, in order, and where they were. NaN is larger than any number. */
export function topK(x: Value, k: number, largest = true): { values: Tensor; indices: Tensor } {
  const [values, indices] = apply(topKPrimitive, [liftOne("topK", x)], { k, largest });
  return { values, indices };
}

/** Sorts the last axis in increasing order, NaN last. */
export const sort = (x: Value): Tensor => {
  const t = liftOne("sort", x);
  return topK(t, t.shape[t.rank - 1], false).values;
};

/** Positions that would sort the last axis in increasing order, NaN last. */
export const argsort = (x: Value): Tensor => {
  const t = liftOne("argsort", x);
  return topK(t, t.shape[t.rank - 1], false).indices;
};

/** The same, with the first NaN before everything else. */
const withNaN = (kernel: Primitive): Primitive => ({
  ...kernel,
  name: `${kernel.name} with NaN`,
  expand([x], { axis }) {
    const first = apply1(kernel, [x], { axis });
    if (!isFloat(x.dtype) || x.size === 0) return [first];
    return [where(anyNaN(x, [axis], false), apply1(kernelArgmax, [cast(isNaN(x), "f32")], { axis }), first)];
  },
});
const argmaxPrimitive = withNaN(kernelArgmax);
const argminPrimitive = withNaN(kernelArgmin);

/** The runtime orders no booleans. */
const inNumbers = (x: Tensor): Tensor => (x.dtype === "bool" ? cast(x, "i32") : x);

/** Position of the first largest element along an axis (i32); of the first NaN, if there is one. */
export const argmax = (x: Value, axis = -1): Tensor => {
  const t = inNumbers(liftOne("argmax", x));
  return apply1(argmaxPrimitive, [t], { axis: fromEnd("argmax", t, axis) });
};

/** Position of the first smallest element along an axis (i32); of the first NaN, if there is one. */
export const argmin = (x: Value, axis = -1): Tensor => {
  const t = inNumbers(liftOne("argmin", x));
  return apply1(argminPrimitive, [t], { axis: fromEnd("argmin", t, axis) });
};
