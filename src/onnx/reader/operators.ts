/** The operators of models, as functions of tensors. */

import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { isFloat } from "../../tensor/tensor.ts";
import type { Call, Operator } from "./call.ts";
import { gatherOperators } from "./gather.ts";
import { programDType } from "./known.ts";
import { layerOperators } from "./layers.ts";
import { dtypeOfElement, elementName } from "./proto.ts";
import { recurrentOperators } from "./recurrent.ts";
import { shapeOperators } from "./shape.ts";
import { spatialOperators } from "./spatial.ts";

type Operators = Record<string, Operator>;
type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;
type Along<A> = (x: Tensor, axis: A) => Tensor;
type Reduction = (x: Tensor, axes: readonly number[] | undefined, keep: boolean) => Tensor;

/** Operators that are called in one way, by their functions. */
const all = <F>(functions: Record<string, F>, call: (f: F, c: Call) => Tensor): Operators =>
  Object.fromEntries(Object.entries(functions).map(([op, f]) => [op, (c: Call) => call(f, c)]));

const unary = (functions: Record<string, Unary>): Operators => all(functions, (f, c) => f(c.tensor(0)));
const binary = (functions: Record<string, Binary>): Operators => all(functions, (f, c) => f(c.tensor(0), c.tensor(1)));
const variadic = (functions: Record<string, Binary>): Operators => all(functions, (f, c) => c.tensors().reduce((a, b) => f(a, b)));

// --- functions that are no primitives --------------------------------------------------------------------------------------------

const elu = (x: Tensor, alpha: number): Tensor =>
  alpha === 1 ? t.elu(x) : t.where(t.greater(x, 0), x, t.expm1(t.minimum(x, 0)).mul(alpha));
const celu = (x: Tensor, alpha: number): Tensor => t.maximum(x, 0).add(t.expm1(t.minimum(x, 0).div(alpha)).mul(alpha));
const ramp = (x: Tensor, alpha: number, beta: number): Tensor => t.clamp(x.mul(alpha).add(beta), 0, 1);
const leaky = (x: Tensor, slope: t.Value): Tensor => t.where(t.greater(x, 0), x, x.mul(slope));
const truncate = (x: Tensor): Tensor => t.sign(x).mul(t.floor(x.abs()));

/** Integers are raised as f64. */
const power = (x: Tensor, p: Tensor): Tensor =>
  isFloat(x.dtype) ? t.pow(x, t.cast(p, x.dtype)) : t.cast(t.pow(t.cast(x, "f64"), t.cast(p, "f64")), x.dtype);

/** Remainder with the sign of the divisor, or of the dividend with fmod. */
function remainder(c: Call): Tensor {
  const [a, b] = [c.tensor(0), c.tensor(1)];
  const exact = a.sub(b.mul(isFloat(a.dtype) ? truncate(a.div(b)) : a.div(b)));
  // A dividend below the divisor is its own remainder, whatever a quotient with ∞ gives.
  const rest = t.where(t.less(a.abs(), b.abs()), a, exact);
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
  // What these say concerns floats of 8 bits.
  c.ignore("saturate", "round_mode");
  const dtype = dtypeOfElement(c.int("to", 0)) ?? c.fail(`programs have no ${elementName(c.int("to", 0))}`);
  const to = programDType(dtype);
  if (c.isKnown(0)) return t.cast(c.tensor(0), to === "i32" ? "i64" : to);
  const y = t.cast(c.tensor(0), to);
  // Halves are kept as f32 numbers, but a cast rounds to them.
  return dtype === "f16" || dtype === "bf16" ? y.roundTo(dtype) : y;
}

function castLike(c: Call): Tensor {
  c.ignore("saturate", "round_mode");
  return t.cast(c.tensor(0), c.tensor(1).dtype);
}

function isInfinite(c: Call): Tensor {
  const x = c.tensor(0);
  const signs = [c.int("detect_positive", 1) && Number.POSITIVE_INFINITY, c.int("detect_negative", 1) && Number.NEGATIVE_INFINITY];
  const found = signs.filter((v) => v !== 0).map((v) => t.equal(x, v));
  return found.reduce(t.or, t.broadcastTo(t.scalar(0, "bool"), x.shape));
}

const elementwise: Operators = {
  ...unary({ Abs: t.abs, Ceil: t.ceil, Floor: t.floor, Neg: t.neg, Reciprocal: t.reciprocal, Round: t.round, Sign: t.sign, Sqrt: t.sqrt }),
  ...unary({ Erf: t.erf, Exp: t.exp, IsNaN: t.isNaN, Log: t.log, Not: t.not, Relu: t.relu, Sigmoid: t.sigmoid, Softplus: t.softplus }),
  ...unary({ Acos: t.acos, Asin: t.asin, Atan: t.atan, Cos: t.cos, Sin: t.sin, Tan: t.tan }),
  ...unary({ Acosh: t.acosh, Asinh: t.asinh, Atanh: t.atanh, Cosh: t.cosh, Sinh: t.sinh, Tanh: t.tanh }),
  ...unary({
    Softsign: (x) => x.div(x.abs().add(1)),
    HardSwish: (x) => x.mul(ramp(x, 1 / 6, 0.5)),
    Mish: (x) => x.mul(t.tanh(t.softplus(x))),
  }),
  ...binary({ Add: t.add, Div: t.div, Mul: t.mul, Pow: power, PRelu: leaky, Sub: t.sub }),
  ...binary({ And: t.and, Equal: t.equal, Greater: t.greater, GreaterOrEqual: t.greaterEqual, Less: t.less, LessOrEqual: t.lessEqual }),
  ...binary({ Or: t.or, Xor: t.xor }),
  ...variadic({ Max: t.maximum, Min: t.minimum, Sum: t.add }),
  Cast: cast,
  CastLike: castLike,
  Celu: (c) => celu(c.tensor(0), c.float("alpha", 1)),
  Clip: clip,
  Elu: (c) => elu(c.tensor(0), c.float("alpha", 1)),
  Gelu: gelu,
  IsInf: isInfinite,
  HardSigmoid: (c) => ramp(c.tensor(0), c.float("alpha", 0.2), c.float("beta", 0.5)),
  LeakyRelu: (c) => leaky(c.tensor(0), c.float("alpha", 0.01)),
  Mean: (c) =>
    c
      .tensors()
      .reduce((a, b) => t.add(a, b))
      .mul(1 / c.arity),
  Mod: remainder,
  Swish: (c) => c.tensor(0).mul(t.sigmoid(c.tensor(0).mul(c.float("alpha", 1)))),
  Selu: (c) => elu(c.tensor(0), c.float("alpha", 1.6732632)).mul(c.float("gamma", 1.0507009)),
  ThresholdedRelu: (c) => t.where(t.greater(c.tensor(0), c.float("alpha", 1)), c.tensor(0), 0),
  Where: (c) => t.where(c.tensor(0), c.tensor(1), c.tensor(2)),
};

// --- along axes ------------------------------------------------------------------------------------------------------------------

const normalizing = (functions: Record<string, Along<number>>): Operators => all(functions, (f, c) => f(c.tensor(0), c.int("axis", -1)));

const reducing = (functions: Record<string, Reduction>): Operators =>
  all(functions, (f, c) => {
    const axes = c.axes(1);
    const none = c.int("noop_with_empty_axes", 0) ? [] : undefined;
    return f(c.tensor(0), axes?.length ? axes : none, c.int("keepdims", 1) === 1);
  });

const locating = (functions: Record<string, Along<number>>): Operators =>
  all(functions, (f, c) => {
    const x = c.tensor(0);
    const axis = c.axis(x, c.int("axis", 0));
    const last = c.int("select_last_index", 0);
    const place = last ? t.sub(x.shape[axis] - 1, f(t.flip(x, axis), axis)) : f(x, axis);
    return c.int("keepdims", 1) ? t.expandDims(place, axis) : place;
  });

function cumulative(c: Call): Tensor {
  const x = c.tensor(0);
  const y = t.cumsum(x, c.numbers(1)[0], c.int("reverse", 0) === 1);
  return c.int("exclusive", 0) ? y.sub(x) : y;
}

function topK(c: Call): Tensor[] {
  const x = c.tensor(0);
  // In order, whether that is asked for or not.
  c.ignore("sorted");
  const axis = c.axis(x, c.int("axis", -1));
  const { values, indices } = t.topK(t.moveAxis(x, axis, -1), c.numbers(1)[0], c.int("largest", 1) === 1);
  return [values, indices].map((y) => t.moveAxis(y, -1, axis));
}

const alongAxes: Operators = {
  ...normalizing({ LogSoftmax: t.logSoftmax, Softmax: t.softmax }),
  ...reducing({ ReduceMax: t.max, ReduceMean: t.mean, ReduceMin: t.min, ReduceProd: t.prod, ReduceSum: t.sum }),
  ...reducing({
    ReduceL1: (x, axes, keep) => x.abs().sum(axes, keep),
    ReduceL2: (x, axes, keep) => x.square().sum(axes, keep).sqrt(),
    ReduceLogSum: (x, axes, keep) => x.sum(axes, keep).log(),
    ReduceLogSumExp: t.logsumexp,
    ReduceSumSquare: (x, axes, keep) => x.square().sum(axes, keep),
  }),
  ...locating({ ArgMax: t.argmax, ArgMin: t.argmin }),
  CumSum: cumulative,
  Det: (c) => t.det(c.tensor(0)),
  Einsum: (c) => t.einsum(c.text("equation", ""), ...c.tensors()),
  MatMul: (c) => t.matmul(c.tensor(0), c.tensor(1)),
  TopK: topK,
};

export const operators: Readonly<Operators> = {
  ...elementwise,
  ...alongAxes,
  ...layerOperators,
  ...gatherOperators,
  ...recurrentOperators,
  ...shapeOperators,
  ...spatialOperators,
};

/** Inputs of floats that must be known while a model is read: what they name is no parameter. */
export const knownInputs: Readonly<Record<string, readonly number[]>> = { Pad: [2], Range: [0, 1, 2], Resize: [1, 2] };

const because = (reason: string, names: string): Record<string, string> => Object.fromEntries(names.split(" ").map((op) => [op, reason]));

/** Operators that are left out on purpose, and what to do instead. */
export const refused: Readonly<Record<string, string>> = {
  ...because(
    "quantized models are not read; export the model in floating point",
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger",
  ),
  ...because(
    "programs take randomness as an input; export the model without it",
    "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial",
  ),
  Loop: "loops of unknown length are not read; export the loop unrolled, or its body, and loop over it with scan() or whileLoop()",
  NonZero: "the shape of the result depends on data; use Where or a mask of fixed shape",
  NonMaxSuppression: "the shape of the result depends on data; export the model without it",
};
