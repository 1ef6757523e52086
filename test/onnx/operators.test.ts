/** Each operator that is read, against ONNX Runtime's own kernel for it. */
import { expect, test } from "vitest";
import type { DType, NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import { type Attribute, build, runRead, runWithOrt } from "./build.ts";

const rng = nd.randomStream("operators");
const normal = (...shape: number[]): NdArray => rng.normal(shape);
const positive = (...shape: number[]): NdArray => rng.uniform(shape, "f32", 0.1, 0.9);
const i64 = (values: number[], shape: number[] = [values.length]): NdArray => nd.array(values, "i64", shape);
const bool = (...values: number[]): NdArray => nd.array(values, "bool");
const f32 = (...values: number[]): NdArray => nd.array(values, "f32");

interface Case {
  readonly op: string;
  /** Inputs of the model, then initializers; undefined: left out. */
  readonly inputs: readonly NdArray[];
  readonly constants?: readonly (NdArray | undefined)[];
  readonly attributes?: Record<string, Attribute>;
  readonly outputs?: number;
  readonly opset?: number;
  /** dtype of the output, if it is not f32. */
  readonly result?: DType;
}
const of = (
  op: string,
  inputs: NdArray[],
  attributes: Record<string, Attribute> = {},
  constants: Case["constants"] = [],
  more: Partial<Case> = {},
): Case => ({
  op,
  inputs,
  attributes,
  constants,
  ...more,
});

const unary =
  `Abs Asinh Atan Ceil Cos Cosh Elu Erf Exp Floor HardSigmoid HardSwish Identity IsNaN LeakyRelu Mish Neg Reciprocal Relu Round Selu
   Sigmoid Sign Sin Sinh Softplus Softsign Tan Tanh ThresholdedRelu Celu`
    .split(/\s+/)
    .map((op) => of(op, [normal(3, 4)]));
const narrow = "Acos Asin Atanh Log Sqrt".split(" ").map((op) => of(op, [positive(3, 4)]));
const binary = "Add Sub Mul Div Max Min Less LessOrEqual Greater GreaterOrEqual Equal Sum Mean PRelu"
  .split(" ")
  .map((op) => of(op, [normal(2, 3, 4), normal(3, 1)]));
const logic = "And Or Xor".split(" ").map((op) => of(op, [bool(0, 0, 1, 1), bool(0, 1, 0, 1)]));
const reductions = "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare"
  .split(" ")
  .flatMap((op) => [
    of(op, [positive(2, 3, 4)], { keepdims: 0 }, [i64([1, -1])]),
    of(op, [positive(2, 3)], {}),
    of(op, [positive(2, 3)], { noop_with_empty_axes: 1 }),
    ...(op === "ReduceSum" ? [] : [of(op, [positive(2, 3, 4)], { axes: [0], keepdims: 1 }, [], { opset: 13 })]),
  ]);

const normalisations: Case[] = [
  of("BatchNormalization", [normal(2, 3, 4, 5)], { epsilon: { f: 1e-3 } }, [positive(3), normal(3), normal(3), positive(3)]),
  of("BatchNormalization", [normal(4, 3)], {}, [positive(3), normal(3), normal(3), positive(3)]),
  of("InstanceNormalization", [normal(2, 3, 4, 5)], {}, [positive(3), normal(3)]),
  of("GroupNormalization", [normal(2, 6, 4)], { num_groups: 3 }, [positive(6), normal(6)], { opset: 21 }),
  of("GroupNormalization", [normal(2, 6, 4)], { num_groups: 3 }, [positive(3), normal(3)], { opset: 18 }),
  of("LayerNormalization", [normal(2, 3, 4)], { axis: -2 }, [positive(3, 4), normal(3, 4)], { outputs: 3 }),
  of("LayerNormalization", [normal(2, 3, 4)], { epsilon: { f: 0.1 } }, [positive(4)]),
  of("LpNormalization", [normal(2, 3)], { axis: 0, p: 1 }),
  of("MeanVarianceNormalization", [normal(2, 3, 4, 5)]),
];

const spatial: Case[] = [
  of("Conv", [normal(2, 4, 7, 6)], { strides: [2, 1], pads: [1, 0, 2, 1], dilations: [1, 2], group: 2 }, [normal(6, 2, 3, 2), normal(6)]),
  of("Conv", [normal(2, 2, 9)], { auto_pad: "SAME_LOWER", strides: [2] }, [normal(3, 2, 4)]),
  of("Conv", [normal(2, 2, 9)], { auto_pad: "VALID" }, [normal(3, 2, 4)]),
  of("ConvTranspose", [normal(2, 4, 5, 3)], { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 2], group: 2 }, [
    normal(4, 3, 3, 3),
    normal(6),
  ]),
  of("MaxPool", [normal(2, 3, 7, 8)], { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1] }),
  of("MaxPool", [normal(2, 3, 8)], { kernel_shape: [3], strides: [2], ceil_mode: 1 }),
  of("AveragePool", [normal(2, 3, 7, 8)], { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1] }),
  of("AveragePool", [normal(2, 3, 7, 8)], { kernel_shape: [3, 2], pads: [1, 0, 1, 1], count_include_pad: 1 }),
  of("AveragePool", [normal(2, 3, 8)], { kernel_shape: [3], strides: [2], ceil_mode: 1 }),
  of("GlobalAveragePool", [normal(2, 3, 4, 5)]),
  of("GlobalMaxPool", [normal(2, 3, 4)]),
  of("DepthToSpace", [normal(1, 8, 2, 3)], { blocksize: 2 }),
  of("DepthToSpace", [normal(1, 8, 2, 3)], { blocksize: 2, mode: "CRD" }),
  of("SpaceToDepth", [normal(1, 2, 4, 6)], { blocksize: 2 }),
  ...["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"].flatMap((mode) => [
    of("Resize", [normal(1, 2, 4, 5)], { mode: "linear", coordinate_transformation_mode: mode }, [undefined, undefined, i64([1, 2, 7, 3])]),
    of("Resize", [normal(1, 2, 4, 5)], { mode: "cubic", coordinate_transformation_mode: mode }, [undefined, f32(1, 1, 1.5, 2)]),
  ]),
  ...["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"].map((nearest_mode) =>
    of("Resize", [normal(1, 2, 4, 5)], { nearest_mode, coordinate_transformation_mode: "asymmetric" }, [undefined, f32(1, 1, 2, 2.5)]),
  ),
  of("Resize", [normal(1, 2, 4, 5)], { mode: "nearest" }, [undefined, f32(1, 1, 2, 3)]),
];

const moving: Case[] = [
  of("Concat", [normal(2, 3), normal(2, 1)], { axis: -1 }),
  of("CumSum", [normal(2, 3)], { exclusive: 1, reverse: 1 }, [i64([1], [])]),
  of("Expand", [normal(3, 1)], {}, [i64([2, 1, 4])]),
  of("Flatten", [normal(2, 3, 4)], { axis: 2 }),
  of("Gather", [normal(3, 4), i64([2, -1, 0], [3, 1])], { axis: 1 }),
  of("GatherElements", [normal(3, 4), i64([2, 0, -1, 1], [2, 2])], { axis: 0 }),
  of("GatherND", [normal(3, 4, 2), i64([2, 3, -1, 1], [2, 2])]),
  of("OneHot", [i64([2, 0, -1])], { axis: 0 }, [i64([4], []), f32(0.5, 3)]),
  of("Pad", [normal(2, 3)], {}, [i64([1, 0, 0, 2]), nd.array([7], "f32", [])]),
  of("Pad", [normal(2, 3)], { mode: "reflect" }, [i64([1, 2, 1, 1])]),
  of("Pad", [normal(2, 3)], { mode: "edge" }, [i64([1, 2]), undefined, i64([-1])]),
  of("Pad", [normal(2, 3)], { mode: "wrap" }, [i64([0, 2, 1, 1])], { opset: 19 }),
  of("Reshape", [normal(2, 3, 4)], {}, [i64([0, -1, 2])]),
  of("ScatterElements", [normal(3, 4), i64([1, 0, 2, 2], [2, 2]), normal(2, 2)], { axis: 1, reduction: "add" }),
  of("ScatterElements", [normal(3, 4), i64([1, 0, 2, 1], [2, 2]), normal(2, 2)], { axis: 0 }),
  of("ScatterND", [normal(3, 4), i64([1, 2, 0, 3, 1, 2], [3, 2]), normal(3)], { reduction: "add" }),
  of("ScatterND", [normal(3, 4), i64([2, 0], [2, 1]), normal(2, 4)]),
  of("Slice", [normal(5, 6)], {}, [i64([1, -1]), i64([4, -(2 ** 40)]), i64([0, 1]), i64([2, -2])]),
  of("Slice", [normal(5, 6)], {}, [i64([-3]), i64([2 ** 40])]),
  of("Split", [normal(5, 2)], { num_outputs: 2 }, [], { outputs: 2 }),
  of("Split", [normal(5, 2)], {}, [i64([4, 1])], { outputs: 2 }),
  of("Squeeze", [normal(1, 3, 1)], {}, [i64([-1])]),
  of("Squeeze", [normal(1, 3, 1)]),
  of("Tile", [normal(2, 3)], {}, [i64([2, 3])]),
  of("TopK", [normal(4, 5)], { axis: 0, largest: 0 }, [i64([2])], { outputs: 2 }),
  of("Transpose", [normal(2, 3, 4)], { perm: [2, 0, 1] }),
  of("Transpose", [normal(2, 3, 4)]),
  of("Trilu", [normal(3, 4)], { upper: 0 }, [i64([1], [])]),
  of("Trilu", [normal(3, 4)]),
  of("Unsqueeze", [normal(2, 3)], {}, [i64([0, -1])]),
  of("ArgMax", [normal(3, 4)], { axis: 1, keepdims: 0 }),
  of("ArgMin", [normal(3, 4)]),
];

const others: Case[] = [
  of("Cast", [normal(3, 4)], { to: 7 }, [], { result: "i64" }),
  of("Cast", [i64([0, 1, 2])], { to: 9 }, [], { result: "bool" }),
  of("CastLike", [normal(3), i64([1])]),
  of("Clip", [normal(3, 4)], {}, [undefined, nd.array([0.2], "f32", [])]),
  of("Det", [normal(2, 3, 3)]),
  of("Dropout", [normal(3, 4)]),
  of("Einsum", [normal(2, 3, 4), normal(4, 5)], { equation: "bij,jk->bik" }),
  of("Elu", [normal(3)], { alpha: { f: 2 } }),
  of("Gelu", [normal(3, 4)], {}, [], { opset: 20 }),
  of("Gelu", [normal(3, 4)], { approximate: "tanh" }, [], { opset: 20 }),
  of("Gemm", [normal(3, 2)], { transA: 1, transB: 1, alpha: { f: 0.5 }, beta: { f: 2 } }, [normal(4, 3), normal(4)]),
  of("IsInf", [f32(1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)]),
  of("LogSoftmax", [normal(2, 3, 4)], { axis: 1 }),
  of("MatMul", [normal(2, 1, 3, 4), normal(5, 4, 2)]),
  of("MatMul", [normal(4), normal(4, 2)]),
  of("Mod", [normal(6), f32(0.3, -0.3, 0.5, 0.5, -0.7, 1)], { fmod: 1 }),
  of("Mod", [i64([5, -5, 5, -5]), i64([3, 3, -3, -3])], {}, [], { result: "i64" }),
  of("Not", [bool(0, 1)]),
  of("Pow", [positive(3), i64([2, 3, -1])]),
  of("Softmax", [normal(2, 3, 4)], { axis: 0 }),
  of("Where", [bool(0, 1, 1), normal(2, 3), normal(1)]),
];

const predicates = "IsNaN IsInf Less LessOrEqual Greater GreaterOrEqual Equal And Or Xor Not".split(" ");
const resultTypes: Record<string, DType[]> = {
  ...Object.fromEntries(predicates.map((op): [string, DType[]] => [op, ["bool"]])),
  ArgMax: ["i64"],
  ArgMin: ["i64"],
  CastLike: ["i64"],
  TopK: ["f32", "i64"],
};

const all = [...unary, ...narrow, ...binary, ...logic, ...reductions, ...normalisations, ...spatial, ...moving, ...others];
test.each(all.map((c, i) => [`${c.op} ${JSON.stringify(c.attributes)} (${i})`, c] as const))("%s", async (_, c) => {
  const inputs = Object.fromEntries(c.inputs.map((a, i) => [`x${i}`, a]));
  const constants = Object.fromEntries((c.constants ?? []).flatMap((a, i) => (a ? [[`c${i}`, a]] : [])));
  const names = [...Object.keys(inputs), ...(c.constants ?? []).map((a, i) => (a ? `c${i}` : ""))];
  const outputs = Array.from({ length: c.outputs ?? 1 }, (_, i) => `y${i}`);
  const node = { op: c.op, in: names, out: outputs, attributes: c.attributes };
  const types = Object.fromEntries(outputs.map((name, i) => [name, resultTypes[c.op]?.[i] ?? c.result ?? "f32"]));
  const model = build([node], inputs, constants, types, { opset: c.opset });
  const expected = await runWithOrt(model, inputs, outputs);
  const actual = await runRead(model, inputs);
  actual.forEach((y, k) => {
    expect(y.shape).toEqual(expected[k].shape);
    const [a, b] = [y, expected[k]].map(nd.toNumbers);
    // f32: roundings of sums of up to 60 products of size one
    const scale = Math.max(1, ...b.filter(Number.isFinite).map(Math.abs));
    a.forEach((v, i) => expect(Object.is(v, b[i]) || Math.abs(v - b[i]) <= 4e-6 * scale, `element ${i}: ${v} for ${b[i]}`).toBe(true));
  });
});
