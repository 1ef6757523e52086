/** The ONNX file format: the schema's own encoder and decoder, and the few conversions around them. */
import onnxProto from "onnx-proto";
import type { DType, NdArray } from "../array/ndarray.ts";
import { onnxTypes } from "./tensor.ts";

export const { onnx } = onnxProto;
export type { onnx as Onnx } from "onnx-proto";

type TensorProto = onnxProto.onnx.ITensorProto;
type AttributeProto = onnxProto.onnx.IAttributeProto;

export const elementType = (dtype: DType): number => onnxTypes[dtype];

export function tensorProto(name: string, { dtype, shape, data }: NdArray): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dataType: elementType(dtype), dims: [...shape], rawData };
}

const floatAttributes = new Set(["alpha", "beta", "epsilon"]);
const { AttributeType } = onnx.AttributeProto;

/** An attribute from a plain value: numbers, strings, lists of integers, or a graph. */
export function attributeProto(name: string, value: unknown): AttributeProto {
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { name, type: AttributeType.INTS, ints: value };
  if (typeof value === "number")
    return floatAttributes.has(name) ? { name, type: AttributeType.FLOAT, f: value } : { name, type: AttributeType.INT, i: value };
  return { name, type: AttributeType.GRAPH, g: value as onnxProto.onnx.IGraphProto };
}
