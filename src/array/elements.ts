/** How numbers in files (little-endian) become the data of an NdArray: types that it lacks are widened, never narrowed. */
import { FileFormatError } from "../errors.ts";
import type { DType, NdArray } from "./ndarray.ts";

export interface ElementReader {
  bytes: number;
  dtype: DType;
  read: (raw: ArrayBuffer) => NdArray["data"];
}

/** Named as NumPy does: kind and bytes. */
export const elementReaders = {
  f8: { bytes: 8, dtype: "f64", read: (raw) => new Float64Array(raw) },
  f4: { bytes: 4, dtype: "f32", read: (raw) => new Float32Array(raw) },
  f2: { bytes: 2, dtype: "f16", read: (raw) => new Uint16Array(raw) },
  i8: { bytes: 8, dtype: "i64", read: (raw) => new BigInt64Array(raw) },
  u8: { bytes: 8, dtype: "i64", read: readU64 },
  i4: { bytes: 4, dtype: "i32", read: (raw) => new Int32Array(raw) },
  u4: { bytes: 4, dtype: "i64", read: (raw) => BigInt64Array.from(new Uint32Array(raw), BigInt) },
  i2: { bytes: 2, dtype: "i32", read: (raw) => Int32Array.from(new Int16Array(raw)) },
  u2: { bytes: 2, dtype: "i32", read: (raw) => Int32Array.from(new Uint16Array(raw)) },
  i1: { bytes: 1, dtype: "i32", read: (raw) => Int32Array.from(new Int8Array(raw)) },
  u1: { bytes: 1, dtype: "u8", read: (raw) => new Uint8Array(raw) },
  b1: { bytes: 1, dtype: "bool", read: readBool },
} satisfies Record<string, ElementReader>;

function readU64(raw: ArrayBuffer): BigInt64Array<ArrayBuffer> {
  const values = new BigInt64Array(raw);
  const at = values.findIndex((v) => v < 0n);
  if (at >= 0) throw new FileFormatError(`element ${at} is ${BigInt.asUintN(64, values[at])}, above the largest 64-bit signed integer`);
  return values;
}

function readBool(raw: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(raw);
  const at = values.findIndex((v) => v > 1);
  if (at >= 0) throw new FileFormatError(`element ${at} is ${values[at]}, not a boolean`);
  return values;
}
