/** The ONNX file format: the schema's own encoder and decoder, and the few conversions around them. */
import onnxProto from "onnx-proto";
import { type DType, dtypes, type NdArray, sizeOf } from "../ndarray.ts";
import { onnxTypes } from "../primitives/elementwise.ts";

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
    return floatAttributes.has(name)
      ? { name, type: AttributeType.FLOAT, f: value }
      : { name, type: AttributeType.INT, i: value };
  return { name, type: AttributeType.GRAPH, g: value as onnxProto.onnx.IGraphProto };
}

const dtypeOf = new Map<number, DType>(Object.entries(onnxTypes).map(([dtype, code]) => [code, dtype as DType]));

/** dtype of an ONNX element type, or undefined if programs have no such dtype. */
export const dtypeOfElement = (code: number): DType | undefined => dtypeOf.get(code);

/** Integers of protobuf's 64-bit fields. */
export const toNumber = (x: number | { toNumber(): number } | null | undefined): number =>
  typeof x === "number" ? x : (x?.toNumber() ?? 0);

/** Reads a tensor stored in a model. */
export function fromTensorProto(proto: TensorProto): NdArray | undefined {
  const dtype = dtypeOfElement(proto.dataType ?? 0);
  if (!dtype || proto.externalData?.length) return undefined;
  const shape = (proto.dims ?? []).map(toNumber);
  const { array, bytes } = dtypes[dtype];
  const size = sizeOf(shape);
  if (proto.rawData?.length) {
    if (proto.rawData.length !== size * bytes) return undefined;
    const copy = proto.rawData.slice();
    return { dtype, shape, data: new array(copy.buffer, copy.byteOffset, size) };
  }
  const source = proto.floatData?.length
    ? proto.floatData
    : proto.doubleData?.length
      ? proto.doubleData
      : proto.int64Data?.length
        ? proto.int64Data
        : (proto.int32Data ?? []);
  if (source.length !== size) return undefined;
  const numbers = Array.from(source as ArrayLike<number>, toNumber);
  return {
    dtype,
    shape,
    data: dtype === "i64" ? BigInt64Array.from(numbers, BigInt) : (array as Float32ArrayConstructor).from(numbers),
  } as NdArray;
}
