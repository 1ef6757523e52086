/** Small ONNX models for tests, and what ONNX Runtime itself makes of them. */
import onnxProto from "onnx-proto";
import * as ort from "onnxruntime-node";
import type { DType, NdArray } from "../../src/array/index.ts";
import * as models from "../../src/onnx/index.ts";
import * as pf from "../../src/tensor/index.ts";

const { onnx } = onnxProto;
const types = { f32: 1, i32: 6, i64: 7, bool: 9, f64: 11, u8: 2 } as const;
const names = { f32: "float32", i32: "int32", i64: "int64", bool: "bool", f64: "float64", u8: "uint8" } as const;
type Known = keyof typeof types;

/** Integers are INT, lists of them INTS; floats are `{f}` and `{fs}`. */
export type Attribute = number | string | readonly number[] | { f: number } | { fs: number[] } | { t: NdArray } | { g: object };

function attribute(name: string, v: Attribute): onnxProto.onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof v === "number") return { name, type: AttributeType.INT, i: v };
  if (typeof v === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(v) };
  if (Array.isArray(v)) return { name, type: AttributeType.INTS, ints: v };
  if ("f" in v) return { name, type: AttributeType.FLOAT, f: v.f };
  if ("fs" in v) return { name, type: AttributeType.FLOATS, floats: v.fs };
  if ("t" in v) return { name, type: AttributeType.TENSOR, t: tensorOf("", v.t) };
  return { name, type: AttributeType.GRAPH, g: (v as { g: onnxProto.onnx.IGraphProto }).g };
}

export const tensorOf = (name: string, a: NdArray): onnxProto.onnx.ITensorProto => ({
  name,
  dataType: types[a.dtype as Known],
  dims: [...a.shape],
  rawData: new Uint8Array(a.data.buffer, a.data.byteOffset, a.data.byteLength),
});

export interface NodeSpec {
  readonly op: string;
  /** Names of inputs and outputs. */
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly attributes?: Record<string, Attribute>;
  readonly domain?: string;
  /** Default: the operator's, with _node. */
  readonly name?: string;
}

export const nodeOf = ({ op, in: input, out, attributes = {}, domain = "", name }: NodeSpec): onnxProto.onnx.INodeProto => ({
  opType: op,
  name: name ?? `${op}_node`,
  domain,
  input: [...input],
  output: [...out],
  attribute: Object.entries(attributes).map(([name, v]) => attribute(name, v)),
});

export function build(
  nodes: readonly NodeSpec[],
  inputs: Readonly<Record<string, NdArray>>,
  constants: Readonly<Record<string, NdArray>>,
  outputs: Readonly<Record<string, DType>>,
  { opset = 18, more = {} }: { opset?: number; more?: onnxProto.onnx.IModelProto } = {},
): Uint8Array {
  const port = (name: string, dtype: DType, shape?: readonly number[]): onnxProto.onnx.IValueInfoProto => ({
    name,
    type: {
      tensorType: { elemType: types[dtype as Known], ...(shape ? { shape: { dim: shape.map((n) => ({ dimValue: n })) } } : {}) },
    },
  });
  const graph: onnxProto.onnx.IGraphProto = {
    name: "test",
    node: nodes.map(nodeOf),
    input: Object.entries(inputs).map(([name, a]) => port(name, a.dtype, a.shape)),
    output: Object.entries(outputs).map(([name, dtype]) => port(name, dtype)),
    initializer: Object.entries(constants).map(([name, a]) => tensorOf(name, a)),
  };
  return onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: "", version: opset }], graph, ...more }).finish();
}

export async function runWithOrt(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, NdArray>>,
  outputs: readonly string[],
): Promise<NdArray[]> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, a]) => [
      name,
      new ort.Tensor(names[a.dtype as Known] as "float32", a.data as Float32Array, a.shape as number[]),
    ]),
  );
  const results = await session.run(feeds);
  await session.release();
  return outputs.map((name) => {
    const t = results[name];
    const dtype = Object.entries(names).find(([, n]) => n === t.type)?.[0] as Known;
    return { dtype, shape: t.dims, data: t.data } as NdArray;
  });
}

export async function runRead(bytes: Uint8Array, inputs: Readonly<Record<string, NdArray>>): Promise<NdArray[]> {
  const model = models.fromOnnx(bytes);
  const program = pf.jit((p: Record<string, pf.Tensor>, xs: pf.Tensor[]) => model.apply(p, ...xs));
  return program(
    model.params,
    model.inputs.map((p) => inputs[p.name]),
  );
}
