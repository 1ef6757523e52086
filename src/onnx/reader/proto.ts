/** Tensors, integers and element types of model files. */
import { type DType, dtypes, fromBf16, fromF16, type NdArray, sizeOf } from "../../array/ndarray.ts";
import { FileFormatError, TensorError } from "../../errors.ts";
import { type Onnx, onnx } from "../../tensor/proto.ts";
import { onnxTypes } from "../../tensor/tensor.ts";

const dtypeOf = new Map<number, DType>(Object.entries(onnxTypes).map(([dtype, code]) => [code, dtype as DType]));

/** dtype of an ONNX element type, or undefined if programs have no such dtype. */
export const dtypeOfElement = (code: number): DType | undefined => dtypeOf.get(code);

/** Names of element types; those after BFLOAT16 are newer than the schema. */
const newer = ["FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4", "INT4", "FLOAT4E2M1", "FLOAT8E8M0"];
export const elementName = (code: number): string => onnx.TensorProto.DataType[code] ?? newer[code - 17] ?? `number ${code}`;

type Long = number | { low: number; high: number; toNumber(): number };

/** Integers of protobuf's 64-bit fields. */
export const toNumber = (x: number | { toNumber(): number } | null | undefined): number =>
  typeof x === "number" ? x : (x?.toNumber() ?? 0);

/** The same, all 64 bits of them. */
const toBigInt = (x: Long): bigint =>
  typeof x === "number" ? BigInt(Math.max(-(2 ** 63), Math.min(2 ** 63 - 1024, x))) : (BigInt(x.high) << 32n) | BigInt(x.low >>> 0);

/** The list in which a tensor keeps elements of a type, if not as raw bytes. Small types are int32 there, halves by their bits. */
const listOf = {
  f32: "floatData",
  f64: "doubleData",
  i64: "int64Data",
  ...{ i32: "int32Data", u8: "int32Data", bool: "int32Data", f16: "int32Data", bf16: "int32Data" },
} as const satisfies Record<DType, keyof Onnx.ITensorProto>;
const lists = ["floatData", "doubleData", "int64Data", "int32Data", "uint64Data", "stringData"] as const;

/**
 * A tensor stored in a model, halves widened to f32.
 *
 * @param what  how messages call it
 * @throws  TensorError if programs have no such elements, or they are elsewhere; FileFormatError if they do not fill the shape
 */
export function fromTensorProto(proto: Onnx.ITensorProto, what: string): NdArray {
  if (proto.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL || proto.externalData?.length)
    throw new TensorError(`ONNX model: ${what} are in another file; export with external_data=False`);
  if (proto.segment) throw new TensorError(`ONNX model: ${what} are stored in segments, which are not read`);
  const dtype = dtypeOfElement(proto.dataType ?? 0);
  if (!dtype) throw new TensorError(`ONNX model: ${what} have the element type ${elementName(proto.dataType ?? 0)}, which programs lack`);
  const shape = (proto.dims ?? []).map(toNumber);
  const stray = lists.filter((list) => proto[list]?.length && list !== listOf[dtype]);
  if (stray.length)
    throw new FileFormatError(`ONNX model: ${what} are ${elementName(proto.dataType ?? 0)}, but lie in ${stray.join(" and ")}`);
  const data = proto.rawData?.length ? rawData(proto.rawData, dtype) : listedData(proto, dtype);
  if (shape.some((n) => n < 0) || data?.length !== sizeOf(shape)) throw new FileFormatError(`ONNX model: ${what} do not fill their shape`);
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from<number | bigint>(data, (v) => Number(Number(v) !== 0)) };
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
  if (dtype === "i64") return BigInt64Array.from(proto.int64Data ?? [], toBigInt);
  return dtypes[dtype].array.from((proto[listOf[dtype]] ?? []) as number[]);
}
