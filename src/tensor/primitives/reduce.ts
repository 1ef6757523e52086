/** Reductions, normalised exponentials and standardisation. */
import { array, sizeOf } from "../../array/ndarray.ts";
import { apply1 } from "../primitive.ts";
import { fail, floatType, fromEnd, largestNumber, withLength } from "../shapes.ts";
import { isFloat, type Primitive, type Tensor } from "../tensor.ts";
import { add, clamp, div, equal, greater, minimum, mul, neg, not, reciprocal, rsqrt, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { liftOne, scalar, stopped, type Value } from "./constant.ts";
import { exp, log } from "./elementary.ts";
import type { Operator } from "./elementwise.ts";
import { anyNaN, extremumJvp, kernelMax, kernelMin } from "./kernels.ts";
import { reshape, transpose } from "./reshape.ts";
import { concat, sliceAxis } from "./slice.ts";
import { type Axes, broadcastTo, type Reduce, reducedAxes, reducedShape, reduction, sum } from "./sum.ts";

const inFloats = (x: Tensor): Tensor => (isFloat(x.dtype) ? x : cast(x, "f32"));

/** Mean over axes (all by default); of integers and booleans in f32. */
export function mean(x: Value, axes?: Axes, keepDims = false): Tensor {
  const t = inFloats(liftOne("mean", x));
  const count = sizeOf(reducedAxes("mean", t, axes).map((a) => t.shape[t.rank + a]));
  return div(sum(t, axes, keepDims), count);
}

/** Mean squared deviation from the mean (divided by n - correction); of integers and booleans in f32. */
export function variance(x: Value, axes?: Axes, keepDims = false, correction = 0): Tensor {
  const t = inFloats(liftOne("variance", x));
  const count = sizeOf(reducedAxes("variance", t, axes).map((a) => t.shape[t.rank + a]));
  const deviation = sub(t, mean(t, axes, true));
  return div(sum(mul(deviation, deviation), axes, keepDims), count - correction);
}

/** The largest (smallest) elements; NaN where there is one among them, and then so is the derivative. */
const extremum = (name: string, kernel: Operator<Reduce>, combine: (a: number, b: number) => number): Operator<Reduce> =>
  reduction(name, {
    combine,
    exact: true,
    jvp: extremumJvp,
    expand([x], { axes, keepDims }) {
      const y = kernel(x, axes, keepDims);
      return [isFloat(x.dtype) ? where(anyNaN(x, axes, keepDims), Number.NaN, y) : y];
    },
  });
export const max = extremum("max", kernelMax, Math.max);
export const min = extremum("min", kernelMin, Math.min);

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

/**
 * log Σ exp x over axes, without overflow. Its derivative is the softmax of x, from the same shifted exponentials: exp(x - y) would carry
 * the rounding of y, which is large where x is. Where all of x is -∞ there is no weight to give: derivative 0. At ∞ it is the limit (JAX:
 * NaN, both times).
 */
export const logsumexp = reduction("logsumexp", {
  empty: Number.NEGATIVE_INFINITY,
  expand([x], { axes, keepDims }) {
    const { terms, shift } = shifted(x, axes);
    const y = add(log(sum(terms, axes, true)), shift);
    return [reshape(y, reducedShape(x, axes, keepDims))];
  },
  jvp: ([x], [dx], _, { axes, keepDims }) => {
    if (!dx) return [undefined];
    // Infinite terms weigh alike, and finite ones nothing beside them.
    const terms = minimum(shifted(x, axes).terms, 1);
    const total = sum(terms, axes, true);
    return [sum(mul(dx, mul(terms, reciprocal(where(equal(total, 0), 1, total)))), axes, keepDims)];
  },
});

/** e^(x - shift). The shift is the maximum, but finite, so that -∞ and ∞ come out as themselves. */
function shifted(x: Tensor, axes: readonly number[]): { terms: Tensor; shift: Tensor } {
  const top = stopped(kernelMax(x, axes, true));
  const largest = largestNumber(floatType("logsumexp", x));
  const shift = clamp(top, -largest, largest);
  return { terms: exp(sub(x, shift)), shift };
}

// --- softmax and standardisation ---------------------------------------------------------------------------------------------------

const lastAxis = (name: string, onnx: string, jvp: (y: Tensor, dx: Tensor) => Tensor, expand?: Primitive["expand"]): Primitive => ({
  name,
  expand,
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

const softmaxPrimitive = lastAxis(
  "softmax",
  "Softmax",
  (y, dx) => mul(y, sub(dx, sum(mul(y, dx), -1, true))),
  ([x], _, target) => {
    if (x.size === 0) return [x];
    if (target === "onnx") return undefined;
    const terms = exp(sub(x, kernelMax(x, -1, true)));
    return [div(terms, sum(terms, -1, true))];
  },
);
const logSoftmaxPrimitive = lastAxis(
  "logSoftmax",
  "LogSoftmax",
  (y, dx) => sub(dx, sum(mul(exp(y), dx), -1, true)),
  // The runtime's f64 kernel loses a NaN.
  ([x], _, target) => {
    if (x.size === 0) return [x];
    if (x.dtype === "f32" && target === "onnx") return undefined;
    const fromTop = sub(x, kernelMax(x, -1, true));
    return [sub(fromTop, log(sum(exp(fromTop), -1, true)))];
  },
);
export const softmax = Object.assign((x: Value, axis = -1): Tensor => alongAxis(softmaxPrimitive, x, axis), {
  primitive: softmaxPrimitive,
});
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
  expand([x], { epsilon }, target) {
    if (x.dtype === "f32" && target === "onnx") return undefined;
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

const rmsPrimitive: Primitive = {
  name: "rmsStandardize",
  infer: ([x]) => [x, { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }],
  onnx(emit, [x], node) {
    const [{ dtype, shape }] = node.inputs;
    const { epsilon } = node.params;
    if (!emit.portable) {
      const ones = emit.constant(array(new Array(shape[shape.length - 1]).fill(1), dtype));
      const [y, inverse] = emit.op("SimplifiedLayerNormalization", [x, ones], { axis: -1, epsilon, stash_type: 1 }, { outputs: 2 });
      return [y, inverse];
    }
    const [squares] = emit.op("Mul", [x, x]);
    const [mean] = emit.op("ReduceMean", [squares, emit.ints([-1])], { keepdims: 1 });
    const [root] = emit.op("Sqrt", emit.op("Add", [mean, emit.scalar(epsilon, "f32")]));
    const [r] = emit.op("Reciprocal", [root]);
    return [emit.op("Mul", [x, r])[0], r];
  },
  // The runtime's f64 kernel gives r in f32.
  expand([x], { epsilon }, target) {
    if (x.dtype === "f32" && target === "onnx") return undefined;
    const r = rsqrt(add(mean(mul(x, x), -1, true), epsilon));
    return [mul(x, r), r];
  },
  // y = x r, r = (mean x² + ε)^(-1/2): dy = r (dx - y mean(y dx)), dr = -r² mean(y dx).
  jvp: (_, [dx], [y, r]) => {
    if (!dx) return [undefined, undefined];
    const along = mean(mul(y, dx), -1, true);
    return [mul(r, sub(dx, mul(y, along))), neg(mul(mul(r, r), along))];
  },
};

/** x / √(mean x² + ε) along the last axis: root-mean-square normalisation without scale. */
export const rmsStandardize = (x: Value, epsilon = 1e-6): Tensor => apply1(rmsPrimitive, [liftOne("rmsStandardize", x)], { epsilon });
