/** Reductions, normalised exponentials, running sums and order statistics. */
import { array, sizeOf } from "../../array/ndarray.ts";
import { apply, apply1 } from "../primitive.ts";
import { broadcastShapes, fail, fromEnd, withLength } from "../shapes.ts";
import { isFloat, onnxTypes, type Primitive, type Tensor } from "../tensor.ts";
import { add, div, equal, greater, isFinite, mul, neg, not, rsqrt, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { lift, liftOne, scalar, type Value } from "./constant.ts";
import { exp, log } from "./elementary.ts";
import { takeAlong } from "./gather.ts";
import { reshape, transpose } from "./reshape.ts";
import { concat, sliceAxis, stack } from "./slice.ts";
import { type Axes, broadcastTo, kept, reducedAxes, reducedShape, reduction, sum } from "./sum.ts";

/** Mean over axes (all by default); of integers and booleans in f32. */
export function mean(x: Value, axes?: Axes, keepDims = false): Tensor {
  const given = liftOne("mean", x);
  const t = isFloat(given.dtype) ? given : cast(given, "f32");
  const count = sizeOf(reducedAxes("mean", t, axes).map((a) => t.shape[t.rank + a]));
  return div(sum(t, axes, keepDims), count);
}

/** Mean squared deviation from the mean (divided by n - correction). */
export function variance(x: Value, axes?: Axes, keepDims = false, correction = 0): Tensor {
  const t = liftOne("variance", x);
  const count = sizeOf(reducedAxes("variance", t, axes).map((a) => t.shape[t.rank + a]));
  const deviation = sub(t, mean(t, axes, true));
  return div(sum(mul(deviation, deviation), axes, keepDims), count - correction);
}

/** Tangents of the extreme elements; elements that tie share alike. */
const extremumJvp: Primitive["jvp"] = ([x], [dx], [y], { axes, keepDims }) => {
  if (!dx) return [undefined];
  const chosen = cast(equal(x, kept(y, x, axes)), x.dtype);
  return [sum(mul(dx, div(chosen, sum(chosen, axes, true))), axes, keepDims)];
};

export const max = reduction("max", { onnx: "ReduceMax", combine: Math.max, jvp: extremumJvp, exact: true });
export const min = reduction("min", { onnx: "ReduceMin", combine: Math.min, jvp: extremumJvp, exact: true });

/** Π over axes, by halving, so that derivatives hold where factors are zero. */
export function prod(x: Value, axes?: Axes, keepDims = false): Tensor {
  const t = liftOne("prod", x);
  const list = reducedAxes("prod", t, axes);
  let y = t;
  for (const axis of list) {
    const at = y.rank + axis;
    if (y.shape[at] === 0) y = broadcastTo(scalar(1, y.dtype), withLength(y.shape, at, 1));
    while (y.shape[at] > 1) {
      const half = y.shape[at] >> 1;
      const product = mul(sliceAxis(y, at, 0, half), sliceAxis(y, at, half, 2 * half));
      y = y.shape[at] % 2 ? concat([product, sliceAxis(y, at, 2 * half, 2 * half + 1)], axis) : product;
    }
  }
  return reshape(y, reducedShape(t, list, keepDims));
}

export const any = (x: Value, axes?: Axes, keepDims = false): Tensor => greater(sum(cast(x, "bool"), axes, keepDims), 0);
export const all = (x: Value, axes?: Axes, keepDims = false): Tensor => not(any(not(cast(x, "bool")), axes, keepDims));

/** log Σ exp x over axes, without overflow. */
export const logsumexp = reduction("logsumexp", {
  empty: Number.NEGATIVE_INFINITY,
  // Shifted by the maximum; an infinite maximum is left out of the shift, so that -∞ and ∞ come out as themselves.
  expand([x], { axes, keepDims }) {
    const top = max(x, axes, true);
    const shift = where(isFinite(top), top, 0);
    const y = add(log(sum(exp(sub(x, shift)), axes, true)), shift);
    return [reshape(y, reducedShape(x, axes, keepDims))];
  },
  jvp: ([x], [dx], [y], { axes, keepDims }) => {
    if (!dx) return [undefined];
    const top = kept(y, x, axes);
    return [sum(mul(dx, exp(sub(x, where(isFinite(top), top, 0)))), axes, keepDims)];
  },
});

// --- softmax and standardisation ---------------------------------------------------------------------------------------------------

const lastAxis = (name: string, onnx: string, jvp: (y: Tensor, dx: Tensor) => Tensor): Primitive => ({
  name,
  infer: ([x]) => (isFloat(x.dtype) && x.rank > 0 ? [x] : fail(name, "takes floats with at least one axis", [x])),
  onnx: (emit, [x]) => emit.op(onnx, [x], { axis: -1 }),
  jvp: (_, [dx], [y]) => [dx && jvp(y, dx)],
});

function alongAxis(primitive: Primitive, x: Value, axis: number): Tensor {
  const t = liftOne(primitive.name, x);
  const at = fromEnd(primitive.name, t, axis);
  return at === -1 ? apply1(primitive, [t]) : swapLast(apply1(primitive, [swapLast(t, at)]), at);
}

/** Exchanges an axis with the last one. */
function swapLast(t: Tensor, axis: number): Tensor {
  const p = t.shape.map((_, i) => i);
  [p[t.rank + axis], p[t.rank - 1]] = [p[t.rank - 1], p[t.rank + axis]];
  return transpose(t, p);
}

const softmaxPrimitive = lastAxis("softmax", "Softmax", (y, dx) => mul(y, sub(dx, sum(mul(y, dx), -1, true))));
const logSoftmaxPrimitive = lastAxis("logSoftmax", "LogSoftmax", (y, dx) => sub(dx, sum(mul(exp(y), dx), -1, true)));
export const softmax = (x: Value, axis = -1): Tensor => alongAxis(softmaxPrimitive, x, axis);
export const logSoftmax = (x: Value, axis = -1): Tensor => alongAxis(logSoftmaxPrimitive, x, axis);

const standardizePrimitive: Primitive = {
  name: "standardize",
  infer: ([x]) => [x, { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }],
  onnx(emit, [x], node) {
    const [{ dtype, shape }] = node.inputs;
    const ones = emit.constant(array(new Array(shape[shape.length - 1]).fill(1), dtype));
    const [y, , inverse] = emit.op("LayerNormalization", [x, ones], { axis: -1, epsilon: node.params.epsilon }, { outputs: 3 });
    return [y, inverse];
  },
  // The runtime's f64 kernel gives r in f32.
  expand([x], { epsilon }) {
    if (x.dtype === "f32") return undefined;
    const r = rsqrt(add(variance(x, -1, true), epsilon));
    return [mul(sub(x, mean(x, -1, true)), r), r];
  },
  // y = (x - μ) r, r = (var + ε)^(-1/2): dy = r (dx - mean dx) - y r mean(y dx), dr = -r² mean(y dx).
  jvp: (_, [dx], [y, r]) => {
    if (!dx) return [undefined, undefined];
    const along = mean(mul(y, dx), -1, true);
    return [mul(r, sub(sub(dx, mean(dx, -1, true)), mul(y, along))), neg(mul(mul(r, r), along))];
  },
};

/** (x - mean) / √(variance + ε) along the last axis: layer normalisation without scale and shift. */
export const standardize = (x: Value, epsilon = 1e-5): Tensor => apply1(standardizePrimitive, [liftOne("standardize", x)], { epsilon });

// --- cumulative ----------------------------------------------------------------------------------------------------------------

const cumsumPrimitive: Primitive = {
  name: "cumsum",
  infer: ([x]) => [x],
  onnx: (emit, [x], { params }) => emit.op("CumSum", [x, emit.ints([params.axis])], { reverse: params.reverse ? 1 : 0 }),
  transpose: { 0: (ct, _, { axis, reverse }) => apply1(cumsumPrimitive, [ct], { axis, reverse: !reverse }) },
};

/** Running sums along an axis; from the end with `reverse`. */
export function cumsum(x: Value, axis = -1, reverse = false): Tensor {
  const t = liftOne("cumsum", x);
  return apply1(cumsumPrimitive, [t], { axis: fromEnd("cumsum", t, axis), reverse });
}

/** log(e^a + e^b) without overflow. */
export const logAddExp = (a: Value, b: Value): Tensor => {
  const pair = lift("logAddExp", [a, b]);
  const shape = broadcastShapes("logAddExp", pair);
  return logsumexp(stack(pair.map((t) => broadcastTo(t, shape))), 0);
};

/** Running log Σ exp along the last axis, by doubling: log₂ n stable steps. */
export function cumlogsumexp(x: Value): Tensor {
  let y = liftOne("cumlogsumexp", x);
  const n = y.shape[y.rank - 1];
  for (let shift = 1; shift < n; shift *= 2) {
    const [head, body, before] = [sliceAxis(y, -1, 0, shift), sliceAxis(y, -1, shift, n), sliceAxis(y, -1, 0, n - shift)];
    y = concat([head, logAddExp(body, before)], -1);
  }
  return y;
}

// --- order ---------------------------------------------------------------------------------------------------------------------

const topKPrimitive: Primitive = {
  name: "topK",
  exact: true,
  infer([x], { k }) {
    const n = x.shape[x.rank - 1];
    if (!(x.rank > 0 && k >= 0 && k <= n)) fail("topK", `cannot take ${k} elements of the last axis`, [x]);
    const shape = [...x.shape.slice(0, -1), k];
    return [
      { dtype: x.dtype, shape },
      { dtype: "i32", shape },
    ];
  },
  onnx(emit, [x], { params }) {
    const order = { axis: -1, largest: params.largest ? 1 : 0, sorted: 1 };
    const [values, indices] = emit.op("TopK", [x, emit.ints([params.k])], order, { outputs: 2 });
    return [values, emit.op("Cast", [indices], { to: onnxTypes.i32 })[0]];
  },
  jvp: (_, [dx], [, indices]) => [dx && takeAlong(dx, indices), undefined],
};

/** The k largest (or smallest) elements of the last axis, in order, and where they were. */
export function topK(x: Value, k: number, largest = true): { values: Tensor; indices: Tensor } {
  const [values, indices] = apply(topKPrimitive, [liftOne("topK", x)], { k, largest });
  return { values, indices };
}

/** Sorts the last axis in increasing order. */
export const sort = (x: Value): Tensor => {
  const t = liftOne("sort", x);
  return topK(t, t.shape[t.rank - 1], false).values;
};

/** Positions that would sort the last axis in increasing order. */
export const argsort = (x: Value): Tensor => {
  const t = liftOne("argsort", x);
  return topK(t, t.shape[t.rank - 1], false).indices;
};

const argExtremum = (name: string, onnx: string): Primitive => ({
  name,
  exact: true,
  flat: true,
  infer([x], { axis }) {
    const shape = reducedShape(x, [axis], false);
    if (x.size === 0 && sizeOf(shape) > 0) fail(name, "there are no elements", [x]);
    return [{ dtype: "i32", shape }];
  },
  expand: ([x], { axis }) => (x.size ? undefined : [broadcastTo(scalar(0, "i32"), reducedShape(x, [axis], false))]),
  onnx: (emit, [x], { params }) => emit.op("Cast", emit.op(onnx, [x], { axis: params.axis, keepdims: 0 }), { to: onnxTypes.i32 }),
});
const argmaxPrimitive = argExtremum("argmax", "ArgMax");
const argminPrimitive = argExtremum("argmin", "ArgMin");

/** Position of the first largest element along an axis (i32). */
export const argmax = (x: Value, axis = -1): Tensor => {
  const t = liftOne("argmax", x);
  return apply1(argmaxPrimitive, [t], { axis: fromEnd("argmax", t, axis) });
};
export const argmin = (x: Value, axis = -1): Tensor => {
  const t = liftOne("argmin", x);
  return apply1(argminPrimitive, [t], { axis: fromEnd("argmin", t, axis) });
};
