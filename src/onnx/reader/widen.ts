/** Models of single and half precision, rewritten to compute in f64. */
import { toNumbers } from "../../array/ndarray.ts";
import { type Onnx, onnx } from "../../tensor/proto.ts";
import { dtypeOfElement, fromTensorProto, toNumber } from "./proto.ts";

const double = onnx.TensorProto.DataType.DOUBLE;
const isNarrow = (code: number): boolean => ["f32", "f16", "bf16"].includes(dtypeOfElement(code) ?? "");

/** Attributes that name an element type: of Cast, and of operators that make values from nothing. */
const typeAttributes = ["to", "dtype", "output_dtype", "stash_type"];

/** The model with every float of its inputs, weights, casts and outputs a double. Values are those of the file: widening rounds nothing. */
export function widened(model: Onnx.ModelProto): Onnx.ModelProto {
  const functions = model.functions.map((f) => ({ ...f, node: (f.node ?? []).map(widenNode) }));
  return onnx.ModelProto.create({ ...model, graph: model.graph && widenGraph(model.graph), functions });
}

const widenGraph = (graph: Onnx.IGraphProto): Onnx.IGraphProto => ({
  ...graph,
  node: (graph.node ?? []).map(widenNode),
  initializer: (graph.initializer ?? []).map(widenTensor),
  input: (graph.input ?? []).map(widenPort),
  output: (graph.output ?? []).map(widenPort),
});

const widenNode = (node: Onnx.INodeProto): Onnx.INodeProto => ({ ...node, attribute: (node.attribute ?? []).map(widenAttribute) });

function widenAttribute(a: Onnx.IAttributeProto): Onnx.IAttributeProto {
  if (a.g) return { ...a, g: widenGraph(a.g) };
  if (a.t) return { ...a, t: widenTensor(a.t) };
  return typeAttributes.includes(a.name ?? "") && isNarrow(toNumber(a.i)) ? { ...a, i: double } : a;
}

function widenTensor(tensor: Onnx.ITensorProto): Onnx.ITensorProto {
  if (!isNarrow(tensor.dataType ?? 0)) return tensor;
  const values = toNumbers(fromTensorProto(tensor, `the weights "${tensor.name ?? ""}"`));
  return { name: tensor.name, dims: tensor.dims, dataType: double, doubleData: [...values] };
}

function widenPort(info: Onnx.IValueInfoProto): Onnx.IValueInfoProto {
  const type = info.type?.tensorType;
  if (!type || !isNarrow(type.elemType ?? 0)) return info;
  return { ...info, type: { ...info.type, tensorType: { ...type, elemType: double } } };
}
