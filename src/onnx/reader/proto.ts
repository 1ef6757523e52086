/** Tensors, integers and element types of model files. */
import { type DType, dtypes, fromBf16, fromF16, type NdArray, sizeOf } from "../../array/ndarray.ts";
import { toInt64 } from "../../tensor/evaluate.ts";
import type { Onnx } from "../../tensor/proto.ts";
import { onnxTypes } from "../../tensor/tensor.ts";

const dtypeOf = new Map<number, DType>(Object.entries(onnxTypes).map(([dtype, code]) => [code, dtype as DType]));

/** dtype of an ONNX element type, or undefined if programs have no such dtype. */
export const dtypeOfElement = (code: number): DType | undefined => dtypeOf.get(code);

/** Integers of protobuf's 64-bit fields. */
export const toNumber = (x: number | { toNumber(): number } | null | undefined): number =>
  typeof x === "number" ? x : (x?.toNumber() ?? 0);

/** A tensor stored in a model, halves widened to f32; undefined if it does not fill its shape, or programs have no such dtype. */
export function fromTensorProto(proto: Onnx.ITensorProto): NdArray | undefined {
  const dtype = dtypeOfElement(proto.dataType ?? 0);
  if (!dtype || proto.externalData?.length) return undefined;
  const shape = (proto.dims ?? []).map(toNumber);
  const data = proto.rawData?.length ? rawData(proto.rawData, dtype) : listedData(proto, dtype);
  if (shape.some((n) => n < 0) || data?.length !== sizeOf(shape)) return undefined;
  if (dtype !== "f16" && dtype !== "bf16") return { dtype, shape, data };
  const bits = Array.from<number | bigint, number>(data, Number);
  return { dtype: "f32", shape, data: Float32Array.from(bits, dtype === "f16" ? fromF16 : fromBf16) };
}

/** Little-endian elements, copied so that they are aligned. */
function rawData(raw: Uint8Array, dtype: DType): NdArray["data"] | undefined {
  const { array, bytes } = dtypes[dtype];
  return raw.length % bytes ? undefined : new array(new Uint8Array(raw).buffer);
}

function listedData(proto: Onnx.ITensorProto, dtype: DType): NdArray["data"] {
  const lists = [proto.floatData, proto.doubleData, proto.int64Data, proto.int32Data];
  const numbers = Array.from<Parameters<typeof toNumber>[0], number>(lists.find((l) => l?.length) ?? [], toNumber);
  return dtype === "i64" ? BigInt64Array.from(numbers, toInt64) : dtypes[dtype].array.from(numbers);
}
