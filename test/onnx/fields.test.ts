/** Fields of files: whatever a model says is read, or refused by its name. */
import onnxProto from "onnx-proto";
import { describe, expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as models from "../../src/onnx/index.ts";
import { fromTensorProto } from "../../src/onnx/reader/proto.ts";
import { type Attribute, build, runRead, runWithOrt } from "./build.ts";

const { onnx } = onnxProto;
type TensorProto = onnxProto.onnx.ITensorProto;
const types = onnx.TensorProto.DataType;

/** As a file has it: encoded and decoded. */
const read = (fields: TensorProto): NdArray =>
  fromTensorProto(onnx.TensorProto.decode(onnx.TensorProto.encode(fields).finish()), "the weights");
/** A 64-bit integer as protobuf has it. */
function long(v: bigint): NonNullable<TensorProto["int64Data"]>[number] {
  const [low, high] = [Number(BigInt.asIntN(32, v)), Number(BigInt.asIntN(32, v >> 32n))];
  const { int64Data } = onnx.TensorProto.fromObject({ int64Data: [{ low, high, unsigned: false }] });
  return int64Data[0];
}

describe("a tensor's elements are read from the list of its type", () => {
  const lists: readonly (readonly [string, TensorProto, readonly number[]])[] = [
    ["FLOAT", { dataType: types.FLOAT, floatData: [1.5, -2] }, [1.5, -2]],
    ["DOUBLE", { dataType: types.DOUBLE, doubleData: [0.1, -2] }, [0.1, -2]],
    ["INT32", { dataType: types.INT32, int32Data: [2 ** 31 - 1, -(2 ** 31)] }, [2 ** 31 - 1, -(2 ** 31)]],
    ["UINT8", { dataType: types.UINT8, int32Data: [255, 0] }, [255, 0]],
    ["BOOL", { dataType: types.BOOL, int32Data: [1, 0] }, [1, 0]],
    // Patterns: 0x3c00 is 1 in binary16, 0xc000 is -2; 0x3f80 and 0xc000 in bfloat16.
    ["FLOAT16", { dataType: types.FLOAT16, int32Data: [0x3c00, 0xc000] }, [1, -2]],
    ["BFLOAT16", { dataType: types.BFLOAT16, int32Data: [0x3f80, 0xc000] }, [1, -2]],
  ];
  test.each(lists)("%s", (_, fields, expected) => {
    expect(nd.toNumbers(read({ ...fields, dims: [2] }))).toEqual(expected);
  });

  test("INT64, all 64 bits of it", () => {
    const values = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -1n, 0n];
    const { data } = read({ dataType: types.INT64, dims: [5], int64Data: values.map(long) });
    expect([...data]).toEqual(values);
  });

  test("a slice to the end, which exporters write as the largest integer, keeps what is there", async () => {
    const x = nd.array([[1, 2, 3, 4]]);
    const slice = { op: "Slice", in: ["x", "s", "e", "a"], out: ["y"] };
    const list = (name: string, v: bigint): TensorProto => ({ name, dataType: types.INT64, dims: [1], int64Data: [long(v)] });
    const model = onnx.ModelProto.decode(build([slice], { x }, {}, { y: "f32" }));
    model.graph = onnx.GraphProto.fromObject({
      ...model.graph,
      initializer: [list("s", 2n), list("e", 2n ** 63n - 1n), list("a", 1n)],
    });
    const [y] = await runRead(onnx.ModelProto.encode(model).finish(), { x });
    expect([y.shape, nd.toNumbers(y)]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

const unreadable: readonly (readonly [string, TensorProto, RegExp])[] = [
  ["external data", { dataType: types.FLOAT, dims: [1], dataLocation: 1 }, /the weights are in another file/],
  ["a segment", { dataType: types.FLOAT, dims: [1], segment: { begin: 0, end: 1 }, floatData: [1] }, /stored in segments/],
  ["elements in the list of another type", { dataType: types.FLOAT, dims: [1], doubleData: [1] }, /are FLOAT, but lie in doubleData/],
  ["unsigned elements for signed ones", { dataType: types.INT64, dims: [1], uint64Data: [1] }, /are INT64, but lie in uint64Data/],
  ["too few elements", { dataType: types.FLOAT, dims: [2], floatData: [1] }, /do not fill their shape/],
  ["text", { dataType: types.STRING, dims: [1], stringData: [new Uint8Array(1)] }, /element type STRING/],
  ["UINT32", { dataType: types.UINT32, dims: [1], uint64Data: [1] }, /element type UINT32/],
  ["COMPLEX64", { dataType: types.COMPLEX64, dims: [1], floatData: [1, 2] }, /element type COMPLEX64/],
  ["INT4", { dataType: 22, dims: [1], int32Data: [1] }, /element type INT4/],
  ["FLOAT8E5M2", { dataType: 19, dims: [1], int32Data: [1] }, /element type FLOAT8E5M2/],
];
test.each(unreadable)("%s are refused by name", (_, fields, message) => {
  expect(() => read(fields)).toThrow(message);
});

test("sparse weights are refused", () => {
  const model = onnx.ModelProto.decode(build([{ op: "Abs", in: ["x"], out: ["y"] }], { x: nd.array([1]) }, {}, { y: "f32" }));
  model.graph = onnx.GraphProto.fromObject({ ...model.graph, sparseInitializer: [{ dims: [1] }] });
  expect(() => models.fromOnnx(onnx.ModelProto.encode(model).finish())).toThrow(/sparse weights are not read/);
});

describe("attributes", () => {
  const x = nd.array([1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
  const detections: Record<string, Attribute>[] = [
    {},
    { detect_negative: 0 },
    { detect_positive: 0 },
    { detect_negative: 0, detect_positive: 0 },
  ];
  test.each(detections)("of IsInf: %o", async (attributes) => {
    const bytes = build([{ op: "IsInf", in: ["x"], out: ["y"], attributes }], { x }, {}, { y: "bool" });
    const [[y], [expected]] = [await runRead(bytes, { x }), await runWithOrt(bytes, { x }, ["y"])];
    expect(nd.toNumbers(y)).toEqual(nd.toNumbers(expected));
  });

  test.each([
    ["ratio 0.5", 0.5, /Dropout "Dropout_node": training mode \(programs take randomness as an input\) is not supported/],
    ["ratio 0", 0, undefined],
  ] as const)("of Dropout in training: %s", async (_, ratio, message) => {
    const constants = { r: nd.array([ratio], "f32", []), t: nd.array([1], "bool", []) };
    const bytes = build([{ op: "Dropout", in: ["x", "r", "t"], out: ["y"] }], { x }, constants, { y: "f32" });
    if (message) await expect(runRead(bytes, { x })).rejects.toThrow(message);
    else expect(nd.toNumbers((await runRead(bytes, { x }))[0])).toEqual(nd.toNumbers(x));
  });

  test("a kernel_shape that is not that of the weights is refused", async () => {
    const [image, w] = [nd.allocate("f32", [1, 1, 4, 4]), nd.allocate("f32", [1, 1, 3, 3])];
    const bytes = build(
      [{ op: "Conv", in: ["x", "w"], out: ["y"], attributes: { kernel_shape: [2, 2] } }],
      { x: image },
      { w },
      { y: "f32" },
    );
    await expect(runRead(bytes, { x: image })).rejects.toThrow(
      /a kernel_shape \[2, 2\] other than that of the weights \[3, 3\] is not supported/,
    );
  });

  const unary =
    `Abs Acos Exp Relu Softmax LogSoftmax Transpose ReduceSum ReduceMax ArgMax Identity Shape Size Elu Selu Gelu HardSigmoid TopK
     Flatten Squeeze`.split(/\s+/);
  test.each(unary)("of %s that it does not know are refused by name", async (op) => {
    const given = nd.array([[0.5, 0.25]]);
    const k = op === "TopK" ? { k: nd.array([1], "i64") } : undefined;
    const attributes: Record<string, Attribute> = { padding_idx: 1 };
    const bytes = build(
      [{ op, in: ["x", ...Object.keys(k ?? {})], out: ["y"], attributes }],
      { x: given },
      k ?? {},
      { y: "f32" },
      { opset: 20 },
    );
    await expect(runRead(bytes, { x: given })).rejects.toThrow(`${op} "${op}_node": the attribute "padding_idx" is not supported`);
  });

  test("inputs that an operator does not take are refused", async () => {
    const bytes = build([{ op: "Relu", in: ["x", "x"], out: ["y"] }], { x }, {}, { y: "f32" });
    await expect(runRead(bytes, { x })).rejects.toThrow(/Relu "Relu_node": input 1 is not supported/);
  });

  test("the default of an attribute of a function, which the file's schema lacks, is refused", async () => {
    const refers = { name: "alpha", refAttrName: "slope", type: onnx.AttributeProto.AttributeType.FLOAT };
    const functions = (attribute: string[]) => [
      {
        name: "F",
        domain: "l",
        input: ["a"],
        output: ["b"],
        attribute,
        node: [{ opType: "Elu", input: ["a"], output: ["b"], attribute: [refers] }],
      },
    ];
    const opsetImport = [
      { domain: "", version: 18 },
      { domain: "l", version: 1 },
    ];
    const model = (attribute: string[]): Uint8Array =>
      build(
        [{ op: "F", domain: "l", in: ["x"], out: ["y"] }],
        { x },
        {},
        { y: "f32" },
        { more: { functions: functions(attribute), opsetImport } },
      );
    await expect(runRead(model([]), { x })).rejects.toThrow(/the default of the function's attribute "slope" is not read/);
    const [y] = await runRead(model(["slope"]), { x });
    expect(nd.toNumbers(y)[0]).toBe(1);
  });
});
