/** Reductions, scans along an axis, order statistics and normalised exponentials. */
import { array, type Shape, sizeOf } from "../../array/ndarray.ts";
import { apply, apply1, broadcastShapes, fail, fromEnd, isFloat, type Primitive } from "../primitive.ts";
import type { Tensor } from "../tensor.ts";
import { lift, liftOne, scalar, type Value } from "./constant.ts";
import { add, cast, div, equal, exp, greater, isFinite, log, mul, neg, not, rsqrt, sub, where } from "./elementwise.ts";
import { takeAlong } from "./gather.ts";
import { broadcastTo, concat, type Index, reshape, slice, stack } from "./shape.ts";

export type Axes = number | readonly number[] | undefined;

/** Sorted negative axes; all of them by default. */
function reducedAxes(operation: string, x: Tensor, axes: Axes): number[] {
  const list = axes === undefined ? x.shape.map((_, i) => i) : [axes].flat();
  return [...new Set(list.map((a) => fromEnd(operation, x, a as number)))].sort((a, b) => a - b);
}

function reducedShape(x: Tensor, axes: readonly number[], keepDims: boolean): Shape {
  const gone = new Set(axes.map((a) => a + x.rank));
  return keepDims ? x.shape.map((n, i) => (gone.has(i) ? 1 : n)) : x.shape.filter((_, i) => !gone.has(i));
}

/** The result of a reduction with its axes put back as length one. */
const kept = (y: Tensor, x: Tensor, axes: readonly number[]): Tensor => reshape(y, reducedShape(x, axes, true));

interface Reduction {
  /** Value over no elements; without one that is an error. */
  empty?: number;
  onnx?: string;
  expand?: Primitive["expand"];
  transpose?: Primitive["transpose"];
  jvp?: Primitive["jvp"];
  exact?: boolean;
  simplify?: Primitive["simplify"];
}

function reduction(name: string, spec: Reduction): Primitive {
  const primitive: Primitive = {
    name,
    infer: ([x], { axes, keepDims }) => [{ dtype: x.dtype, shape: reducedShape(x, axes, keepDims) }],
    onnx: spec.onnx
      ? (emit, [x], { params }) => emit.op(spec.onnx as string, [x, emit.ints(params.axes)], { keepdims: params.keepDims ? 1 : 0 })
      : undefined,
    expand: spec.expand,
    transpose: spec.transpose,
    jvp: spec.jvp,
    exact: spec.exact,
    batch: ([x], _, params) => [apply1(primitive, [x], params)],
    simplify([x], { axes, keepDims }) {
      const shape = reducedShape(x, axes, keepDims);
      if (x.size === 0) return overNothing(name, x, shape, spec.empty);
      return sizeOf(shape) === sizeOf(x.shape) ? reshape(x, shape) : spec.simplify?.([x], { axes, keepDims });
    },
  };
  return primitive;
}

/** The runtime does not reduce over nothing. */
function overNothing(name: string, x: Tensor, shape: Shape, value: number | undefined, dtype = x.dtype): Tensor {
  if (value === undefined && sizeOf(shape) > 0) fail(name, "there are no elements", [x]);
  return broadcastTo(scalar(value ?? 0, dtype), shape);
}

function reduce(primitive: Primitive, x: Value, axes: Axes, keepDims: boolean): Tensor {
  const t = liftOne(primitive.name, x);
  return apply1(primitive, [t], { axes: reducedAxes(primitive.name, t, axes), keepDims });
}

const sumPrimitive: Primitive = reduction("sum", {
  onnx: "ReduceSum",
  empty: 0,
  transpose: { 0: (ct, [x], { axes }) => broadcastTo(kept(ct, x, axes), x.shape) },
  simplify([x], { axes, keepDims }) {
    // Sums of equal elements are products: axes along which x was broadcast, and constants.
    const source = x.node.primitive.name === "broadcastTo" ? x.node.inputs[0] : undefined;
    if (!source || !isFloat(x.dtype)) return undefined;
    const equalAxes = axes.filter((a: number) => source.rank + a < 0 || (source.shape[source.rank + a] === 1 && x.shape[x.rank + a] !== 1));
    if (equalAxes.length === 0) return undefined;
    const count = sizeOf(equalAxes.map((a: number) => x.shape[x.rank + a]));
    const rest = axes.filter((a: number) => !equalAxes.includes(a));
    const once = broadcastTo(
      source,
      x.shape.map((n, i) => (equalAxes.includes(i - x.rank) ? 1 : n)),
    );
    const total = mul(rest.length ? apply1(sumPrimitive, [once], { axes: rest, keepDims: true }) : once, count);
    return reshape(total, reducedShape(x, axes, keepDims));
  },
});

/** Σ over axes (all by default). Booleans are counted. */
export function sum(x: Value, axes?: Axes, keepDims = false): Tensor {
  const t = liftOne("sum", x);
  return reduce(sumPrimitive, t.dtype === "bool" ? cast(t, "i32") : t, axes, keepDims);
}

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
  const total = sum(mul(dx, div(chosen, sum(chosen, axes, true))), axes, keepDims);
  return [total];
};

const maxPrimitive = reduction("max", { onnx: "ReduceMax", jvp: extremumJvp, exact: true });
const minPrimitive = reduction("min", { onnx: "ReduceMin", jvp: extremumJvp, exact: true });
export const max = (x: Value, axes?: Axes, keepDims = false): Tensor => reduce(maxPrimitive, x, axes, keepDims);
export const min = (x: Value, axes?: Axes, keepDims = false): Tensor => reduce(minPrimitive, x, axes, keepDims);

/** Π over axes, by halving, so that derivatives hold where factors are zero. */
export function prod(x: Value, axes?: Axes, keepDims = false): Tensor {
  const t = liftOne("prod", x);
  const list = reducedAxes("prod", t, axes);
  let y = t;
  for (const axis of list) {
    const at = y.rank + axis;
    if (y.shape[at] === 0)
      y = broadcastTo(
        scalar(1, y.dtype),
        y.shape.map((n, i) => (i === at ? 1 : n)),
      );
    while (y.shape[at] > 1) {
      const half = y.shape[at] >> 1;
      const piece = (from: number, to: number): Tensor => slice(y, ...y.shape.map((_, i): Index => (i === at ? [from, to] : null)));
      const product = mul(piece(0, half), piece(half, 2 * half));
      y = y.shape[at] % 2 ? concat([product, piece(2 * half, 2 * half + 1)], axis) : product;
    }
  }
  return reshape(y, reducedShape(t, list, keepDims));
}

export const any = (x: Value, axes?: Axes, keepDims = false): Tensor => greater(sum(cast(x, "bool"), axes, keepDims), 0);
export const all = (x: Value, axes?: Axes, keepDims = false): Tensor => not(any(not(cast(x, "bool")), axes, keepDims));

const logsumexpPrimitive = reduction("logsumexp", {
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
/** log Σ exp x over axes, without overflow. */
export const logsumexp = (x: Value, axes?: Axes, keepDims = false): Tensor => reduce(logsumexpPrimitive, x, axes, keepDims);

// --- softmax and standardisation ---------------------------------------------------------------------------------------------------

const lastAxis = (name: string, onnx: string, jvp: (y: Tensor, dx: Tensor) => Tensor): Primitive => {
  const primitive: Primitive = {
    name,
    infer: ([x]) => (isFloat(x.dtype) && x.rank > 0 ? [x] : fail(name, "takes floats with at least one axis", [x])),
    onnx: (emit, [x]) => emit.op(onnx, [x], { axis: -1 }),
    jvp: (_, [dx], [y]) => [dx && jvp(y, dx)],
    batch: ([x]) => [apply1(primitive, [x])],
  };
  return primitive;
};

function alongAxis(primitive: Primitive, x: Value, axis: number): Tensor {
  const t = liftOne(primitive.name, x);
  const at = fromEnd(primitive.name, t, axis);
  return at === -1 ? apply1(primitive, [t]) : swapLast(apply1(primitive, [swapLast(t, at)]), at);
}

/** Exchanges an axis with the last one. */
function swapLast(t: Tensor, axis: number): Tensor {
  const p = t.shape.map((_, i) => i);
  [p[t.rank + axis], p[t.rank - 1]] = [p[t.rank - 1], p[t.rank + axis]];
  return t.transpose(p);
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
  batch: ([x], _, params) => apply(standardizePrimitive, [x], params),
};

/** (x - mean) / √(variance + ε) along the last axis: layer normalisation without scale and shift. */
export const standardize = (x: Value, epsilon = 1e-5): Tensor => apply1(standardizePrimitive, [liftOne("standardize", x)], { epsilon });

// --- cumulative ----------------------------------------------------------------------------------------------------------------

const cumsumPrimitive: Primitive = {
  name: "cumsum",
  infer: ([x]) => [x],
  onnx: (emit, [x], { params }) => emit.op("CumSum", [x, emit.ints([params.axis])], { reverse: params.reverse ? 1 : 0 }),
  transpose: { 0: (ct, _, { axis, reverse }) => apply1(cumsumPrimitive, [ct], { axis, reverse: !reverse }) },
  batch: ([x], _, params) => [apply1(cumsumPrimitive, [x], params)],
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
    const head = slice(y, ...y.shape.map((_, i): Index => (i === y.rank - 1 ? [0, shift] : null)));
    const body = slice(y, ...y.shape.map((_, i): Index => (i === y.rank - 1 ? [shift, n] : null)));
    const before = slice(y, ...y.shape.map((_, i): Index => (i === y.rank - 1 ? [0, n - shift] : null)));
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
    const [values, indices] = emit.op(
      "TopK",
      [x, emit.ints([params.k])],
      { axis: -1, largest: params.largest ? 1 : 0, sorted: 1 },
      { outputs: 2 },
    );
    return [values, emit.op("Cast", [indices], { to: 6 })[0]];
  },
  jvp: (_, [dx], [, indices]) => [dx && takeAlong(dx, indices), undefined],
  batch: ([x], _, params) => apply(topKPrimitive, [x], params),
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

const argExtremum = (name: string, onnx: string): Primitive => {
  const primitive: Primitive = {
    name,
    exact: true,
    flat: true,
    infer: ([x], { axis }) => [{ dtype: "i32", shape: reducedShape(x, [axis], false) }],
    onnx: (emit, [x], { params }) => emit.op("Cast", emit.op(onnx, [x], { axis: params.axis, keepdims: 0 }), { to: 6 }),
    batch: ([x], _, params) => [apply1(primitive, [x], params)],
    simplify: ([x], { axis }) => (x.size ? undefined : overNothing(name, x, reducedShape(x, [axis], false), undefined, "i32")),
  };
  return primitive;
};
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
