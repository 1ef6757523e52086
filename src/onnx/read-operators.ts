import * as e from "../tensor/index.ts";
import * as r from "../tensor/index.ts";
import { det } from "../tensor/primitives/linalg.ts";
import { einsum, matmul } from "../tensor/primitives/product.ts";
import { expandDims, moveAxis } from "../tensor/primitives/reshape.ts";
import { isFloat, type ProgramDType, type Tensor } from "../tensor/tensor.ts";
import {
  axesOf,
  axisOf,
  type Call,
  float,
  int,
  isKnown,
  maybe,
  numbers,
  type Operator,
  require,
  tensor,
  text,
  type Value,
} from "./read-call.ts";
import { gatherOperators } from "./read-gather.ts";
import { known, programDType } from "./read-known.ts";
import { layerOperators } from "./read-layers.ts";
import { dtypeOfElement } from "./read-proto.ts";
import { shapeOperators } from "./read-shape.ts";
import { spatialOperators } from "./read-spatial.ts";

const unary =
  (f: (x: Tensor) => Tensor): Operator =>
  (c) =>
    f(tensor(c, 0));
const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Operator =>
  (c) =>
    f(tensor(c, 0), tensor(c, 1));
const variadic =
  (f: (a: Tensor, b: Tensor) => Tensor): Operator =>
  (c) =>
    c.inputs.map((_, i) => tensor(c, i)).reduce(f);

/** A function of x and of one number from an attribute or two. */
const shaped =
  (f: (x: Tensor, alpha: number, beta: number) => Tensor, alpha: number, beta = 0): Operator =>
  (c) =>
    f(tensor(c, 0), float(c, "alpha", alpha), float(c, "beta", beta));

const elu = (x: Tensor, alpha: number): Tensor => e.where(e.greater(x, 0), x, e.expm1(e.minimum(x, 0)).mul(alpha));
const ramp = (x: Tensor, alpha: number, beta: number): Tensor => e.clamp(x.mul(alpha).add(beta), 0, 1);
const truncate = (x: Tensor): Tensor => e.sign(x).mul(e.floor(x.abs()));

/** Remainder with the sign of the divisor, or of the dividend with fmod. */
function remainder(c: Call): Tensor {
  const [a, b] = [tensor(c, 0), tensor(c, 1)];
  if (isFloat(a.dtype)) return a.sub(b.mul(int(c, "fmod", 0) ? truncate(a.div(b)) : e.floor(a.div(b))));
  const rest = a.sub(b.mul(a.div(b)));
  if (int(c, "fmod", 0)) return rest;
  return e.where(e.less(rest.mul(b), 0), rest.add(b), rest);
}

function gelu(c: Call): Tensor {
  const x = tensor(c, 0);
  if (text(c, "approximate", "none") === "none") return e.gelu(x);
  const inner = x.add(e.pow(x, 3).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(e.tanh(inner).add(1)).mul(0.5);
}

function clip(c: Call): Tensor {
  let x = tensor(c, 0);
  const [low, high] = [maybe(c, 1), maybe(c, 2)];
  if (low) x = e.maximum(x, low);
  return high ? e.minimum(x, high) : x;
}

function cast(c: Call): Value {
  const dtype = dtypeOfElement(int(c, "to", 0));
  if (!dtype) return c.fail(`element type ${int(c, "to", 0)} is none of the dtypes of programs`);
  const to: ProgramDType = programDType(dtype);
  const x = c.inputs[0];
  if (!isKnown(x)) {
    const y = e.cast(tensor(c, 0), to);
    // Halves are kept as f32 numbers, but a cast rounds to them.
    return dtype === "f16" || dtype === "bf16" ? y.roundTo(dtype) : y;
  }
  const convert = isFloat(to) ? (to === "f32" ? Math.fround : Number) : to === "bool" ? (v: number) => Number(v !== 0) : Math.trunc;
  return known(x.values.map(convert), x.shape, to);
}

// --- reductions ------------------------------------------------------------------------------------------------------------------

type Reduce = (x: Tensor, axes: readonly number[] | undefined, keep: boolean) => Tensor;
const reduction =
  (f: Reduce): Operator =>
  (c) => {
    const x = tensor(c, 0);
    const axes = axesOf(c, 1);
    const none = int(c, "noop_with_empty_axes", 0) ? [] : undefined;
    return f(x, axes?.length ? axes : none, int(c, "keepdims", 1) === 1);
  };

const arg =
  (f: (x: Tensor, axis: number) => Tensor): Operator =>
  (c) => {
    require(c, !int(c, "select_last_index", 0), "select_last_index");
    const x = tensor(c, 0);
    const axis = axisOf(c, x, int(c, "axis", 0));
    return int(c, "keepdims", 1) ? expandDims(f(x, axis), axis) : f(x, axis);
  };

function cumulative(c: Call): Tensor {
  const x = tensor(c, 0);
  const y = r.cumsum(x, numbers(c, 1)[0], int(c, "reverse", 0) === 1);
  return int(c, "exclusive", 0) ? y.sub(x) : y;
}

function topK(c: Call): Value[] {
  const x = tensor(c, 0);
  const axis = axisOf(c, x, int(c, "axis", -1));
  const { values, indices } = r.topK(moveAxis(x, axis, -1), numbers(c, 1)[0], int(c, "largest", 1) === 1);
  return [values, indices].map((y) => moveAxis(y, -1, axis));
}

const arithmetic: Record<string, Operator> = {
  Abs: unary(e.abs),
  Acos: unary(e.acos),
  Acosh: unary(e.acosh),
  Add: binary(e.add),
  And: binary(e.and),
  Asin: unary(e.asin),
  Asinh: unary(e.asinh),
  Atan: unary(e.atan),
  Atanh: unary(e.atanh),
  Cast: cast,
  CastLike: binary((x, like) => e.cast(x, like.dtype)),
  Ceil: unary(e.ceil),
  Clip: clip,
  Cos: unary(e.cos),
  Cosh: unary(e.cosh),
  Det: unary(det),
  Div: binary(e.div),
  Einsum: (c) => einsum(text(c, "equation", ""), ...c.inputs.map((_, i) => tensor(c, i))),
  Equal: binary(e.equal),
  Erf: unary(e.erf),
  Exp: unary(e.exp),
  Floor: unary(e.floor),
  Greater: binary(e.greater),
  GreaterOrEqual: binary(e.greaterEqual),
  IsInf: unary((x) => e.equal(x.abs(), Number.POSITIVE_INFINITY)),
  IsNaN: unary(e.isNaN),
  Less: binary(e.less),
  LessOrEqual: binary(e.lessEqual),
  Log: unary(e.log),
  MatMul: binary(matmul),
  Max: variadic(e.maximum),
  Mean: (c) =>
    c.inputs
      .map((_, i) => tensor(c, i))
      .reduce(e.add)
      .mul(1 / c.inputs.length),
  Min: variadic(e.minimum),
  Mod: remainder,
  Mul: binary(e.mul),
  Neg: unary(e.neg),
  Not: unary(e.not),
  Or: binary(e.or),
  Pow: binary((x, p) => e.pow(x, e.cast(p, x.dtype))),
  Reciprocal: unary(e.reciprocal),
  Round: unary(e.round),
  Sign: unary(e.sign),
  Sin: unary(e.sin),
  Sinh: unary(e.sinh),
  Sqrt: unary(e.sqrt),
  Sub: binary(e.sub),
  Sum: variadic(e.add),
  Tan: unary(e.tan),
  Tanh: unary(e.tanh),
  Where: (c) => e.where(tensor(c, 0), tensor(c, 1), tensor(c, 2)),
  Xor: binary(e.xor),
};

const activations: Record<string, Operator> = {
  Celu: shaped((x, alpha) => e.maximum(x, 0).add(e.expm1(e.minimum(x, 0).div(alpha)).mul(alpha)), 1),
  Elu: shaped(elu, 1),
  Gelu: gelu,
  HardSigmoid: shaped(ramp, 0.2, 0.5),
  HardSwish: unary((x) => x.mul(ramp(x, 1 / 6, 0.5))),
  LeakyRelu: shaped((x, alpha) => e.where(e.greater(x, 0), x, x.mul(alpha)), 0.01),
  LogSoftmax: (c) => r.logSoftmax(tensor(c, 0), int(c, "axis", -1)),
  Mish: unary((x) => x.mul(e.tanh(e.softplus(x)))),
  PRelu: binary((x, slope) => e.where(e.greater(x, 0), x, x.mul(slope))),
  Relu: unary(e.relu),
  Selu: (c) => elu(tensor(c, 0), float(c, "alpha", 1.6732632)).mul(float(c, "gamma", 1.0507009)),
  Sigmoid: unary(e.sigmoid),
  Softmax: (c) => r.softmax(tensor(c, 0), int(c, "axis", -1)),
  Softplus: unary(e.softplus),
  Softsign: unary((x) => x.div(x.abs().add(1))),
  ThresholdedRelu: shaped((x, alpha) => e.where(e.greater(x, alpha), x, 0), 1),
};

const reductions: Record<string, Operator> = {
  ArgMax: arg(r.argmax),
  ArgMin: arg(r.argmin),
  CumSum: cumulative,
  ReduceL1: reduction((x, axes, keep) => x.abs().sum(axes, keep)),
  ReduceL2: reduction((x, axes, keep) => x.square().sum(axes, keep).sqrt()),
  ReduceLogSum: reduction((x, axes, keep) => x.sum(axes, keep).log()),
  ReduceLogSumExp: reduction(r.logsumexp),
  ReduceMax: reduction(r.max),
  ReduceMean: reduction(r.mean),
  ReduceMin: reduction(r.min),
  ReduceProd: reduction(r.prod),
  ReduceSum: reduction(r.sum),
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
