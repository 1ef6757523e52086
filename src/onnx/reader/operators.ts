/** The operators of models, as functions of tensors. */

import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { isFloat } from "../../tensor/tensor.ts";
import type { Call, Operator } from "./call.ts";
import { gatherOperators } from "./gather.ts";
import { programDType } from "./known.ts";
import { layerOperators } from "./layers.ts";
import { dtypeOfElement } from "./proto.ts";
import { shapeOperators } from "./shape.ts";
import { spatialOperators } from "./spatial.ts";

const unary =
  (f: (x: Tensor) => Tensor): Operator =>
  (c) =>
    f(c.tensor(0));
const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Operator =>
  (c) =>
    f(c.tensor(0), c.tensor(1));
const variadic =
  (f: (a: Tensor, b: Tensor) => Tensor): Operator =>
  (c) =>
    c.tensors().reduce((a, b) => f(a, b));

/** A function of x and of one number from an attribute or two. */
const shaped =
  (f: (x: Tensor, alpha: number, beta: number) => Tensor, alpha: number, beta = 0): Operator =>
  (c) =>
    f(c.tensor(0), c.float("alpha", alpha), c.float("beta", beta));

const elu = (x: Tensor, alpha: number): Tensor => t.where(t.greater(x, 0), x, t.expm1(t.minimum(x, 0)).mul(alpha));
const ramp = (x: Tensor, alpha: number, beta: number): Tensor => t.clamp(x.mul(alpha).add(beta), 0, 1);
const truncate = (x: Tensor): Tensor => t.sign(x).mul(t.floor(x.abs()));

/** Remainder with the sign of the divisor, or of the dividend with fmod. */
function remainder(c: Call): Tensor {
  const [a, b] = [c.tensor(0), c.tensor(1)];
  if (isFloat(a.dtype)) return a.sub(b.mul(c.int("fmod", 0) ? truncate(a.div(b)) : t.floor(a.div(b))));
  const rest = a.sub(b.mul(a.div(b)));
  if (c.int("fmod", 0)) return rest;
  return t.where(t.less(rest.mul(b), 0), rest.add(b), rest);
}

function gelu(c: Call): Tensor {
  const x = c.tensor(0);
  if (c.text("approximate", "none") === "none") return t.gelu(x);
  const inner = x.add(t.pow(x, 3).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(t.tanh(inner).add(1)).mul(0.5);
}

function clip(c: Call): Tensor {
  let x = c.tensor(0);
  const [low, high] = [c.maybe(1), c.maybe(2)];
  if (low) x = t.maximum(x, low);
  return high ? t.minimum(x, high) : x;
}

function cast(c: Call): Tensor {
  const dtype = dtypeOfElement(c.int("to", 0)) ?? c.fail(`element type ${c.int("to", 0)} is none of the dtypes of programs`);
  const to = programDType(dtype);
  if (c.isKnown(0)) return t.cast(c.tensor(0), to === "i32" ? "i64" : to);
  const y = t.cast(c.tensor(0), to);
  // Halves are kept as f32 numbers, but a cast rounds to them.
  return dtype === "f16" || dtype === "bf16" ? y.roundTo(dtype) : y;
}

/** Integers are raised as f64. */
function power(x: Tensor, p: Tensor): Tensor {
  return isFloat(x.dtype) ? t.pow(x, t.cast(p, x.dtype)) : t.cast(t.pow(t.cast(x, "f64"), t.cast(p, "f64")), x.dtype);
}

// --- reductions ------------------------------------------------------------------------------------------------------------------

type Reduce = (x: Tensor, axes: readonly number[] | undefined, keep: boolean) => Tensor;
const reduction =
  (f: Reduce): Operator =>
  (c) => {
    const x = c.tensor(0);
    const axes = c.axes(1);
    const none = c.int("noop_with_empty_axes", 0) ? [] : undefined;
    return f(x, axes?.length ? axes : none, c.int("keepdims", 1) === 1);
  };

const arg =
  (f: (x: Tensor, axis: number) => Tensor): Operator =>
  (c) => {
    c.require(!c.int("select_last_index", 0), "select_last_index");
    const x = c.tensor(0);
    const axis = c.axis(x, c.int("axis", 0));
    return c.int("keepdims", 1) ? t.expandDims(f(x, axis), axis) : f(x, axis);
  };

function cumulative(c: Call): Tensor {
  const x = c.tensor(0);
  const y = t.cumsum(x, c.numbers(1)[0], c.int("reverse", 0) === 1);
  return c.int("exclusive", 0) ? y.sub(x) : y;
}

function topK(c: Call): Tensor[] {
  const x = c.tensor(0);
  const axis = c.axis(x, c.int("axis", -1));
  const { values, indices } = t.topK(t.moveAxis(x, axis, -1), c.numbers(1)[0], c.int("largest", 1) === 1);
  return [values, indices].map((y) => t.moveAxis(y, -1, axis));
}

const arithmetic: Record<string, Operator> = {
  Abs: unary(t.abs),
  Acos: unary(t.acos),
  Acosh: unary(t.acosh),
  Add: binary(t.add),
  And: binary(t.and),
  Asin: unary(t.asin),
  Asinh: unary(t.asinh),
  Atan: unary(t.atan),
  Atanh: unary(t.atanh),
  Cast: cast,
  CastLike: binary((x, like) => t.cast(x, like.dtype)),
  Ceil: unary(t.ceil),
  Clip: clip,
  Cos: unary(t.cos),
  Cosh: unary(t.cosh),
  Det: unary(t.det),
  Div: binary(t.div),
  Einsum: (c) => t.einsum(c.text("equation", ""), ...c.tensors()),
  Equal: binary(t.equal),
  Erf: unary(t.erf),
  Exp: unary(t.exp),
  Floor: unary(t.floor),
  Greater: binary(t.greater),
  GreaterOrEqual: binary(t.greaterEqual),
  IsInf: unary((x) => t.equal(x.abs(), Number.POSITIVE_INFINITY)),
  IsNaN: unary(t.isNaN),
  Less: binary(t.less),
  LessOrEqual: binary(t.lessEqual),
  Log: unary(t.log),
  MatMul: binary(t.matmul),
  Max: variadic(t.maximum),
  Mean: (c) =>
    c
      .tensors()
      .reduce((a, b) => t.add(a, b))
      .mul(1 / c.arity),
  Min: variadic(t.minimum),
  Mod: remainder,
  Mul: binary(t.mul),
  Neg: unary(t.neg),
  Not: unary(t.not),
  Or: binary(t.or),
  Pow: binary(power),
  Reciprocal: unary(t.reciprocal),
  Round: unary(t.round),
  Sign: unary(t.sign),
  Sin: unary(t.sin),
  Sinh: unary(t.sinh),
  Sqrt: unary(t.sqrt),
  Sub: binary(t.sub),
  Sum: variadic(t.add),
  Tan: unary(t.tan),
  Tanh: unary(t.tanh),
  Where: (c) => t.where(c.tensor(0), c.tensor(1), c.tensor(2)),
  Xor: binary(t.xor),
};

const activations: Record<string, Operator> = {
  Celu: shaped((x, alpha) => t.maximum(x, 0).add(t.expm1(t.minimum(x, 0).div(alpha)).mul(alpha)), 1),
  Elu: shaped(elu, 1),
  Gelu: gelu,
  HardSigmoid: shaped(ramp, 0.2, 0.5),
  HardSwish: unary((x) => x.mul(ramp(x, 1 / 6, 0.5))),
  LeakyRelu: shaped((x, alpha) => t.where(t.greater(x, 0), x, x.mul(alpha)), 0.01),
  LogSoftmax: (c) => t.logSoftmax(c.tensor(0), c.int("axis", -1)),
  Mish: unary((x) => x.mul(t.tanh(t.softplus(x)))),
  PRelu: binary((x, slope) => t.where(t.greater(x, 0), x, x.mul(slope))),
  Relu: unary(t.relu),
  Selu: (c) => elu(c.tensor(0), c.float("alpha", 1.6732632)).mul(c.float("gamma", 1.0507009)),
  Sigmoid: unary(t.sigmoid),
  Softmax: (c) => t.softmax(c.tensor(0), c.int("axis", -1)),
  Softplus: unary(t.softplus),
  Softsign: unary((x) => x.div(x.abs().add(1))),
  ThresholdedRelu: shaped((x, alpha) => t.where(t.greater(x, alpha), x, 0), 1),
};

const reductions: Record<string, Operator> = {
  ArgMax: arg(t.argmax),
  ArgMin: arg(t.argmin),
  CumSum: cumulative,
  ReduceL1: reduction((x, axes, keep) => x.abs().sum(axes, keep)),
  ReduceL2: reduction((x, axes, keep) => x.square().sum(axes, keep).sqrt()),
  ReduceLogSum: reduction((x, axes, keep) => x.sum(axes, keep).log()),
  ReduceLogSumExp: reduction(t.logsumexp),
  ReduceMax: reduction(t.max),
  ReduceMean: reduction(t.mean),
  ReduceMin: reduction(t.min),
  ReduceProd: reduction(t.prod),
  ReduceSum: reduction(t.sum),
  ReduceSumSquare: reduction((x, axes, keep) => x.square().sum(axes, keep)),
  TopK: topK,
};

export const operators: Readonly<Record<string, Operator>> = {
  ...arithmetic,
  ...activations,
  ...reductions,
  ...layerOperators,
  ...gatherOperators,
  ...shapeOperators,
  ...spatialOperators,
};

/** Inputs of floats that must be known while a model is read: what they name is no parameter. */
export const knownInputs: Readonly<Record<string, readonly number[]>> = { Pad: [2], Range: [0, 1, 2], Resize: [1, 2] };

const quantized = "quantized models are not read; export the model in floating point";
const recurrent = "recurrent layers are not read; export the cell, and loop over it with scan()";
const random = "programs take randomness as an input; export the model without it";

/** Operators that are left out on purpose, and what to do instead. */
export const refused: Readonly<Record<string, string>> = {
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Loop: "loops of unknown length are not read; export the loop unrolled, or its body, and loop over it with scan() or whileLoop()",
  QuantizeLinear: quantized,
  DequantizeLinear: quantized,
  DynamicQuantizeLinear: quantized,
  QLinearConv: quantized,
  QLinearMatMul: quantized,
  ConvInteger: quantized,
  MatMulInteger: quantized,
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
  Bernoulli: random,
  Multinomial: random,
  NonZero: "the shape of the result depends on data; use Where or a mask of fixed shape",
  NonMaxSuppression: "the shape of the result depends on data; export the model without it",
};
