/** What the reader makes of each operator of the ONNX standard: one line each, as far as they go. */
import { sizeOf } from "../ndarray.ts";
import { isFloat, type ProgramDType } from "../primitive.ts";
import { scan } from "../primitives/control.ts";
import * as e from "../primitives/elementwise.ts";
import { det } from "../primitives/linalg.ts";
import { einsum, matmul } from "../primitives/product.ts";
import * as r from "../primitives/reduce.ts";
import { expandDims, moveAxis, reshape, transpose } from "../primitives/shape.ts";
import type { Tensor } from "../tensor.ts";
import {
  asTensor,
  axesOf,
  axisOf,
  type Call,
  constantValue,
  float,
  int,
  ints,
  isKnown,
  maybe,
  numbers,
  require,
  tensor,
  text,
  type Value,
} from "./read-call.ts";
import { known, programDType } from "./read-known.ts";
import { dtypeOfElement } from "./read-proto.ts";
import { shapeOperators } from "./read-shape.ts";
import { spatialOperators } from "./read-spatial.ts";

export type Operator = (c: Call) => Value | readonly Value[];

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
    return dtype === "f16" || dtype === "bf16" ? e.roundToPrecision(y, dtype) : y;
  }
  const convert = isFloat(to)
    ? to === "f32"
      ? Math.fround
      : Number
    : to === "bool"
      ? (v: number) => Number(v !== 0)
      : Math.trunc;
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

// --- products and normalisations -------------------------------------------------------------------------------------------------

function gemm(c: Call): Tensor {
  const [a, b] = ["transA", "transB"].map((name, i) => (int(c, name, 0) ? transpose(tensor(c, i)) : tensor(c, i)));
  const product = matmul(a, b).mul(float(c, "alpha", 1));
  const bias = maybe(c, 2);
  return bias ? product.add(bias.mul(float(c, "beta", 1))) : product;
}

/** One number per channel of [N, C, ...]. */
const perChannel = (p: Tensor, x: Tensor): Tensor => reshape(p, [p.size, ...new Array<number>(Math.max(0, x.rank - 2)).fill(1)]);

function batchNormalization(c: Call): Tensor {
  require(c, !int(c, "training_mode", 0) && c.outputs.length === 1, "training mode");
  const [x, scale, shift, mean, variance] = [0, 1, 2, 3, 4].map((i) => tensor(c, i));
  const factor = scale.mul(e.rsqrt(variance.add(float(c, "epsilon", 1e-5))));
  return x.mul(perChannel(factor, x)).add(perChannel(shift.sub(mean.mul(factor)), x));
}

/** Outputs: y, mean and 1 / √(variance + ε) over the axes from `axis` on. */
function layerNormalization(c: Call): Value[] {
  const x = tensor(c, 0);
  const axis = axisOf(c, x, int(c, "axis", -1));
  const epsilon = float(c, "epsilon", 1e-5);
  const head = x.shape.slice(0, axis);
  const rows = reshape(x, [...head, sizeOf(x.shape.slice(axis))]);
  const scaled = reshape(r.standardize(rows, epsilon), x.shape).mul(tensor(c, 1));
  const shift = maybe(c, 2);
  const statistic = (y: Tensor): Tensor => reshape(y, [...head, ...x.shape.slice(axis).map(() => 1)]);
  const y = shift ? scaled.add(shift) : scaled;
  if (c.outputs.length === 1) return [y];
  return [y, statistic(r.mean(rows, -1)), statistic(e.rsqrt(r.variance(rows, -1).add(epsilon)))];
}

/** Groups of channels; scale and shift are per channel, or per group in older operator sets. */
function groupNormalization(c: Call, groups: number): Tensor {
  const [x, scale, shift] = [tensor(c, 0), tensor(c, 1), tensor(c, 2)];
  const grouped = reshape(x, [x.shape[0], groups, -1]);
  const y = r.standardize(grouped, float(c, "epsilon", 1e-5));
  const [perGroup] = scale.shape;
  if (perGroup === groups && groups !== x.shape[1])
    return reshape(y.mul(expandDims(scale, 1)).add(expandDims(shift, 1)), x.shape);
  return reshape(y, x.shape).mul(perChannel(scale, x)).add(perChannel(shift, x));
}

function lpNormalization(c: Call): Tensor {
  const x = tensor(c, 0);
  const axis = int(c, "axis", -1);
  return x.div(int(c, "p", 2) === 1 ? x.abs().sum(axis, true) : x.square().sum(axis, true).sqrt());
}

function meanVarianceNormalization(c: Call): Tensor {
  const x = tensor(c, 0);
  const axes = ints(c, "axes") ?? [0, 2, 3];
  return x.sub(x.mean(axes, true)).div(r.variance(x, axes, true).sqrt());
}

// --- control ---------------------------------------------------------------------------------------------------------------------

function constantNode(c: Call): Value {
  const list = (name: string): readonly number[] | undefined => {
    const a = c.attributes.get(name);
    return name === "value_floats" ? (a?.floats ?? undefined) : ints(c, name);
  };
  const floats = list("value_floats");
  const integers = list("value_ints");
  if (floats) return known(floats, [floats.length], "f32");
  if (integers) return known(integers);
  if (c.attributes.has("value_float")) return known([float(c, "value_float", 0)], [], "f32");
  if (c.attributes.has("value_int")) return known([int(c, "value_int", 0)], []);
  return constantValue(c) ?? c.fail("a constant of text, or a sparse one, is not supported");
}

function conditional(c: Call): Value[] {
  const condition = c.inputs[0];
  if (!isKnown(condition))
    return c.fail("the condition depends on data; branches are chosen when the model is read (Where can choose later)");
  return c.subgraph(condition.values[0] ? "then_branch" : "else_branch", []);
}

function scanned(c: Call): Value[] {
  const sequences = int(c, "num_scan_inputs", 0);
  const carries = c.inputs.length - sequences;
  const flags = ["scan_input_directions", "scan_output_directions"].flatMap((name) => ints(c, name) ?? []);
  const axes = ["scan_input_axes", "scan_output_axes"].flatMap((name) => ints(c, name) ?? []);
  require(c, axes.every((a) => a === 0), "an axis other than the first");
  const backward = flags.filter((f) => f === 1).length;
  const all = sequences + c.outputs.length - carries;
  require(c, backward === 0 || backward === all, "sequences in two directions");
  const values = c.inputs.map((_, i) => tensor(c, i));
  const { carry, ys } = scan(
    (carry: Tensor[], x: Tensor[]) => {
      const results = c.subgraph("body", [...carry, ...x]).map(asTensor);
      return { carry: results.slice(0, carries), y: results.slice(carries) };
    },
    values.slice(0, carries),
    values.slice(carries),
    { reverse: backward > 0 },
  );
  return [...carry, ...ys];
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
  Constant: constantNode,
  Cos: unary(e.cos),
  Cosh: unary(e.cosh),
  Det: unary(det),
  Div: binary(e.div),
  Einsum: (c) => einsum(text(c, "equation", ""), ...c.inputs.map((_, i) => tensor(c, i))),
  Equal: binary(e.equal),
  Erf: unary(e.erf),
  Exp: unary(e.exp),
  Floor: unary(e.floor),
  Gemm: gemm,
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

const networks: Record<string, Operator> = {
  BatchNormalization: batchNormalization,
  GroupNormalization: (c) => groupNormalization(c, int(c, "num_groups", 1)),
  If: conditional,
  InstanceNormalization: (c) => groupNormalization(c, tensor(c, 0).shape[1]),
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  Scan: scanned,
};

export const operators: Readonly<Record<string, Operator>> = {
  ...arithmetic,
  ...activations,
  ...reductions,
  ...networks,
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
