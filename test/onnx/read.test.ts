/** What surrounds the operators: shape arithmetic, functions, branches, loops, and files that are broken or ask for too much. */

import { readFileSync } from "node:fs";
import onnxProto from "onnx-proto";
import { expect, test } from "vitest";
import type { NdArray } from "../../src/array/index.ts";
import * as nd from "../../src/array/index.ts";
import * as errors from "../../src/errors.ts";
import * as models from "../../src/onnx/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import * as pf from "../../src/tensor/index.ts";
import fc from "../property.ts";
import { type Attribute, build, type NodeSpec, nodeOf, runRead, runWithOrt, tensorOf } from "./build.ts";

const { onnx } = onnxProto;
const rng = nd.randomStream("read");
const i64 = (values: number[], shape: number[] = [values.length]): NdArray => nd.array(values, "i64", shape);
const node = (op: string, inputs: string, outputs: string, attributes: Record<string, Attribute> = {}): NodeSpec => ({
  op,
  in: inputs.split(" ").map((n) => (n === "_" ? "" : n)),
  out: outputs.split(" "),
  attributes,
});

test("shape arithmetic is done while the model is read, as the runtime does it", async () => {
  const x = rng.normal([2, 6, 5]);
  const constants = {
    one: i64([1]),
    two: i64([2], []),
    zero: i64([0]),
    minus: i64([-1]),
    three: i64([3]),
    half: nd.array([0.5], "f32", []),
  };
  const nodes = [
    node("Shape", "x", "shape"),
    node("Gather", "shape two", "width"),
    node("Unsqueeze", "width zero", "width1"),
    node("Slice", "shape zero one", "batch"),
    node("Shape", "x", "middle", { start: 1, end: 2 }),
    node("Div", "middle three", "groups"),
    node("Cast", "groups", "groupsF", { to: 1 }),
    node("Mul", "groupsF half", "halved"),
    node("Floor", "halved", "floored"),
    node("Cast", "floored", "outer", { to: 7 }),
    node("Mod", "middle two", "rest"),
    node("Sub", "rest one", "wild"),
    node("Concat", "batch outer wild width1", "target", { axis: 0 }),
    node("Reshape", "x target", "y"),
    node("ReduceProd", "target", "negative", { keepdims: 0 }),
    node("Neg", "negative", "positive"),
    node("Squeeze", "one", "one0"),
    node("Range", "one0 two one0", "range"),
    node("Size", "x", "size"),
    node("Max", "minus one", "larger"),
    node("ConstantOfShape", "larger", "filled", { value: { t: nd.array([2.5]) } }),
    node("Expand", "filled outer", "wide"),
    node("Split", "shape", "s0 s1 s2", { num_outputs: 3 }),
    node("Less", "s0 s1", "yes"),
    node("Where", "yes s0 s1", "chosen"),
  ];
  const named = nodes.map((n) => ({ ...n, name: n.out[0] }));
  const outputs = { y: "f32", positive: "i64", range: "i64", size: "i64", wide: "f32", chosen: "i64" } as const;
  const bytes = build(named, { x }, constants, outputs);
  const names = Object.keys(outputs);
  const [expected, actual] = [await runWithOrt(bytes, { x }, names), await runRead(bytes, { x })];
  actual.forEach((a, i) => {
    expect(a.shape).toEqual(expected[i].shape);
    expect(nd.toNumbers(a)).toEqual(nd.toNumbers(expected[i]));
  });
});

test("integers beyond 32 bits keep their value while they are known: the end of a slice that means all of it", async () => {
  const x = nd.array([1, 2, 3, 4, 5, 6]);
  const largest = nd.ndarray(BigInt64Array.of(2n ** 63n - 1n), [1], "i64");
  const nodes = [
    node("Shape", "x", "shape"),
    node("Concat", "largest", "joined", { axis: 0 }),
    node("Slice", "x two joined", "moved"),
    node("Max", "shape largest", "larger"),
    node("Slice", "x two larger", "computed"),
    node("Pow", "two exponent", "large"),
    node("Add", "large large", "larger_still"),
    node("Slice", "x two larger_still", "raised"),
    node("Neg", "larger_still", "first"),
    node("Slice", "x first two", "negative"),
    node("Mod", "larger_still five", "rest"),
  ];
  const named = nodes.map((n) => ({ ...n, name: n.out[0] }));
  const outputs = { moved: "f32", computed: "f32", raised: "f32", negative: "f32", rest: "i64" } as const;
  const bytes = build(named, { x }, { largest, two: i64([2]), exponent: i64([40]), five: i64([5]) }, outputs);
  const names = Object.keys(outputs);
  const [expected, actual] = [await runWithOrt(bytes, { x }, names), await runRead(bytes, { x })];
  expect(actual.map(nd.toNumbers)).toEqual(expected.map(nd.toNumbers));
});

test("local functions are inlined, with the attributes of their call", async () => {
  const body = nodeOf(node("LeakyRelu", "a", "b"));
  body.attribute = [{ name: "alpha", refAttrName: "slope", type: onnx.AttributeProto.AttributeType.FLOAT }];
  const functions = [
    {
      name: "Leak",
      domain: "local",
      input: ["a"],
      output: ["c"],
      attribute: ["slope"],
      node: [body, nodeOf(node("Neg", "b", "c"))],
      opsetImport: [{ domain: "", version: 18 }],
    },
  ];
  const x = nd.array([-1, 2]);
  const call = { ...node("Leak", "x", "y", { slope: { f: 0.25 } }), domain: "local" };
  const opsetImport = [
    { domain: "", version: 18 },
    { domain: "local", version: 1 },
  ];
  const [y] = await runRead(build([call], { x }, {}, { y: "f32" }, { more: { functions, opsetImport } }), { x });
  expect(nd.toNumbers(y)).toEqual([0.25, -2]);
});

const branch = (op: string, output: string): object => ({
  name: op,
  node: [nodeOf(node(op, "x", output))],
  output: [{ name: output, type: { tensorType: { elemType: 1 } } }],
});

test("a branch is taken by what shapes or data say; one of two shapes that depends on data is refused", async () => {
  const nodes = (condition: string, other = branch("Neg", "e")): NodeSpec[] => [
    node("Size", "x", "size"),
    node("Greater", "size two", "large"),
    node("ReduceSum", "x", "total", { keepdims: 0 }),
    node("Greater", "total zero", "data"),
    node("If", condition, "y", { then_branch: { g: branch("Exp", "t") }, else_branch: { g: other } }),
  ];
  const constants = { two: i64([2], []), zero: nd.array([0], "f32", []) };
  for (const x of [nd.array([1, 2]), nd.array([1, 2, 3])]) {
    const [y] = await runRead(build(nodes("large"), { x }, constants, { y: "f32" }), { x });
    nd.toNumbers(y).forEach((v, i) => expect(v).toBeCloseTo(x.data.length > 2 ? Math.exp(x.data[i] as number) : -(x.data[i] as number), 4));
  }
  for (const x of [nd.array([1, 2]), nd.array([1, -2])]) {
    const [y] = await runRead(build(nodes("data"), { x }, constants, { y: "f32" }), { x });
    const values = nd.toNumbers(x);
    const expected = values.map((v) => (values[0] + values[1] > 0 ? Math.exp(v) : -v));
    nd.toNumbers(y).forEach((v, i) => expect(v).toBeCloseTo(expected[i], 4));
  }
  const x = nd.array([1, 2]);
  await expect(runRead(build(nodes("data", branch("ReduceSum", "e")), { x }, constants, { y: "f32" }), { x })).rejects.toThrow(
    /If "If_node": cond: result 0 differs between the branches/,
  );
});

const one = (spec: NodeSpec, constants: Record<string, NdArray> = {}, opset = 18): Uint8Array =>
  build([spec], { x: nd.array([[1, 2, 3]]) }, constants, { y: "f32" }, { opset });

test.each([
  [
    "an unknown operator",
    one(node("Frobnicate", "x", "y")),
    /operator Frobnicate \(node "Frobnicate_node"\) is not supported: supported are Abs, .*Xor/,
  ],
  ["an operator of another domain", one({ ...node("Gelu", "x", "y"), domain: "com.microsoft" }), /operator com\.microsoft\.Gelu/],
  ["an inherited name", one(node("constructor", "x", "y")), /operator constructor/],
  ["quantisation", one(node("QuantizeLinear", "x x", "y")), /QuantizeLinear .*export the model in floating point/],
  ["Loop", one(node("Loop", "x x x", "y")), /Loop .*whileLoop\(\)/],
  ["an old operator set", one(node("Abs", "x", "y"), {}, 6), /operator set 6 is not among 7 to 25/],
  ["a future operator set", one(node("Abs", "x", "y"), {}, 99), /operator set 99/],
])("%s is refused by name when the file is read", (_, bytes, message) => {
  expect(() => models.fromOnnx(bytes)).toThrow(message);
  expect(() => models.fromOnnx(bytes)).toThrow(errors.TensorError);
});

test.each([
  ["a missing tensor", one(node("Add", "x nowhere", "y")), /Add "Add_node" reads "nowhere", which nothing before it makes/],
  ["a missing input", one(node("Add", "x", "y")), /Add "Add_node": /],
  ["a shape from data", one(node("Reshape", "x x", "y")), /Reshape "Reshape_node": input 1 depends on data/],
  ["an impossible shape", one(node("Reshape", "x s", "y"), { s: i64([2, 2]) }), /Reshape "Reshape_node": .*cannot take the shape \[2, 2\]/],
  ["an axis that is not there", one(node("Softmax", "x", "y", { axis: 5 })), /Softmax "Softmax_node": .*axis 5/],
  ["a gigantic constant", one(node("ConstantOfShape", "s", "y"), { s: i64([2 ** 40, 2 ** 40]) }), /out of reach/],
  ["a negative length", one(node("ConstantOfShape", "s", "y"), { s: i64([-4]) }), /out of reach/],
  ["a gigantic repetition", one(node("Tile", "x s", "y"), { s: i64([2 ** 30, 2 ** 30]) }), /out of reach/],
  ["an endless range", one(node("Range", "a b c", "y"), { a: i64([0], []), b: i64([1], []), c: i64([0], []) }), /out of reach/],
  [
    "a gigantic padding",
    one(node("Pad", "x s", "y", { mode: "reflect" }), { s: i64([0, 2 ** 30, 0, 0]) }),
    /Pad "Pad_node": a list of .* out of reach/,
  ],
  ["a gigantic image", one(node("Resize", "x _ _ s", "y"), { s: i64([1, 2 ** 30]) }), /Resize "Resize_node": a list of .* out of reach/],
  ["gigantic indicators", one(node("OneHot", "k s v", "y"), { k: i64([0]), s: i64([2 ** 40], []), v: i64([0, 1]) }), /out of reach/],
  ["a gigantic window", one(node("AveragePool", "x", "y", { kernel_shape: [1 << 20] })), /a window of more than 65,536/],
  ["an unsupported mode", one(node("Resize", "x _ _ s", "y", { mode: "spline" }), { s: i64([1, 6]) }), /mode "spline" is not supported/],
  ["a training mode", one(node("BatchNormalization", "x x x x x", "y", { training_mode: 1 })), /training mode is not supported/],
])("%s is refused with the node when the model is applied", async (_, bytes, message) => {
  await expect(runRead(bytes, { x: nd.array([[1, 2, 3]]) })).rejects.toThrow(message);
});

test("inputs that do not fit are refused with the declared type", async () => {
  const model = models.fromOnnx(one(node("Abs", "x", "y")));
  const apply = (...xs: NdArray[]) => pf.jit((v: Tensor[]) => model.apply({}, ...v))(xs);
  await expect(apply(nd.array([1, 2]))).rejects.toThrow('input "x" is f32[1, 3], not f32[2]');
  await expect(apply(nd.array([[1, 2, 3]], "i32"))).rejects.toThrow('input "x" is f32[1, 3], not i32[1, 3]');
  await expect(apply()).rejects.toThrow("takes 1 inputs (x), not 0");
  const weighted = models.fromOnnx(one(node("Add", "x w", "y"), { w: nd.array([1, 2, 3]) }));
  await expect(pf.jit((x: Tensor) => weighted.apply({}, x))(nd.array([[1, 2, 3]]))).rejects.toThrow('parameter "w" is missing');
});

test.each([
  ["raw data that does not fill the shape", { dims: [5], dataType: 1, rawData: new Uint8Array(8) }, /weights "w" do not fill their shape/],
  ["negative lengths", { dims: [-1, -2], dataType: 1, rawData: new Uint8Array(8) }, /weights "w" do not fill/],
  ["a length beyond memory", { dims: [2 ** 50], dataType: 1 }, /weights "w" do not fill/],
  ["strings", { dims: [1], dataType: 8, stringData: [new Uint8Array(1)] }, /element type/],
  ["external data", { dims: [1], dataType: 1, externalData: [{ key: "location", value: "../../etc/passwd" }] }, /are in another file/],
])("weights with %s are refused", (_, fields, message) => {
  const graph = { node: [nodeOf(node("Add", "x w", "y"))], output: [{ name: "y" }], initializer: [{ name: "w", ...fields }] };
  const bytes = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 18 }], graph }).finish();
  expect(() => models.fromOnnx(bytes)).toThrow(message);
});

test("functions that call themselves are refused", async () => {
  const functions = [
    { name: "F", domain: "l", input: ["a"], output: ["b"], node: [{ opType: "F", domain: "l", input: ["a"], output: ["b"] }] },
  ];
  const opsetImport = [{ domain: "", version: 18 }];
  const x = nd.array([1]);
  const bytes = build([{ ...node("F", "x", "y"), domain: "l" }], { x }, {}, { y: "f32" }, { more: { functions, opsetImport } });
  await expect(runRead(bytes, { x })).rejects.toThrow(/nested more than 64 deep/);
});

test("weights may have any name, and 16-bit ones are widened", async () => {
  const half = {
    ...tensorOf("__proto__", nd.array([0, 0], "u8")),
    dataType: 10,
    dims: [2],
    rawData: Uint8Array.of(0, 0x3c, 0, 0xc0),
  };
  const graph = {
    node: [nodeOf(node("Mul", "x __proto__", "y"))],
    input: [{ name: "x", type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: "n" }] } } } }],
    output: [{ name: "y", type: { tensorType: { elemType: 1 } } }],
    initializer: [half],
  };
  const bytes = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 18 }], graph }).finish();
  const [y] = await runRead(bytes, { x: nd.array([3, 5]) });
  expect(nd.toNumbers(y)).toEqual([3, -10]);
});

/** The only errors a file may cause. */
function readsOrRefuses(bytes: Uint8Array): void {
  try {
    const model = models.fromOnnx(bytes);
    const ports = model.inputs.map((p) =>
      pf.like(
        p.shape.map((n) => (typeof n === "number" ? n : 2)),
        p.dtype as "f32",
      ),
    );
    pf.trace((p: Record<string, Tensor>, xs: Tensor[]) => model.apply(p, ...xs), [model.params, ports]);
  } catch (error) {
    expect(error instanceof errors.TensorError || error instanceof errors.FileFormatError, String((error as Error).stack)).toBe(true);
  }
}

const files = ["attention-17", "encoder", "convnet"].map(
  (name) => new Uint8Array(readFileSync(new URL(`fixtures/${name}.onnx`, import.meta.url))),
);

test("truncated files are refused or read, and never crash", () => {
  for (const file of files) for (let k = 0; k < 60; k++) readsOrRefuses(file.slice(0, Math.floor((file.length * k) / 60)));
});

test("files with flipped bytes are refused or read, and never crash", () => {
  fc.assert(
    fc.property(fc.nat(2), fc.array(fc.tuple(fc.nat(40_000), fc.nat(255)), { minLength: 1, maxLength: 4 }), (which, flips) => {
      const bytes = files[which].slice();
      for (const [at, value] of flips) bytes[at % bytes.length] = value;
      readsOrRefuses(bytes);
    }),
    { numRuns: 400, seed: 2 },
  );
});

test("bytes that are no model are refused", () => {
  for (const bytes of [new Uint8Array(), new TextEncoder().encode("{}"), new Uint8Array(64).fill(0x0b), new Uint8Array(1 << 16).fill(0x3b)])
    expect(() => models.fromOnnx(bytes)).toThrow(errors.FileFormatError);
});
