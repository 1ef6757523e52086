/**
 * Concrete arrays: a typed array and a shape, row-major. They are what programs take and return, what files hold and what random
 * generators fill. Plain data: nothing here computes.
 */

/** Bytes per element and storage of each dtype. f16 and bf16 are kept as their 16-bit patterns. */
export const dtypes = {
  f64: { bytes: 8, array: Float64Array },
  f32: { bytes: 4, array: Float32Array },
  f16: { bytes: 2, array: Uint16Array },
  bf16: { bytes: 2, array: Uint16Array },
  i64: { bytes: 8, array: BigInt64Array },
  i32: { bytes: 4, array: Int32Array },
  u8: { bytes: 1, array: Uint8Array },
  bool: { bytes: 1, array: Uint8Array },
} as const;

export type DType = keyof typeof dtypes;
export type Data<D extends DType = DType> = InstanceType<(typeof dtypes)[D]["array"]>;
export type Shape = readonly number[];

export interface NdArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: Data<D>;
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** An array of zeros. */
export function allocate<D extends DType>(dtype: D, shape: Shape): NdArray<D> {
  return { dtype, shape: [...shape], data: new dtypes[dtype].array(sizeOf(shape)) as Data<D> };
}

/** Wraps existing data without copying; the element count must match the shape. */
export function ndarray<D extends DType>(data: Data<D>, shape: Shape, dtype: D): NdArray<D> {
  if (data.length !== sizeOf(shape))
    throw new RangeError(`ndarray: ${data.length} values do not fill shape [${shape.join(", ")}] (${sizeOf(shape)} elements)`);
  return { dtype, shape: [...shape], data };
}

type Nested = number | readonly Nested[];

/** An array from nested lists of numbers, or a flat list and a shape. `array([[1, 2], [3, 4]])` is f32 of shape [2, 2]. */
export function array(values: Nested | ArrayLike<number>, dtype: DType = "f32", shape?: Shape): NdArray {
  const inferred: number[] = [];
  for (let v: unknown = values; typeof v !== "number"; v = (v as ArrayLike<unknown>)[0]) {
    inferred.push((v as ArrayLike<unknown>).length);
    if ((v as ArrayLike<unknown>).length === 0) break;
  }
  const flat: number[] = [];
  const visit = (v: Nested | ArrayLike<number>, depth: number): void => {
    if (typeof v === "number") {
      if (depth !== inferred.length) throw new RangeError("array: nested lists have unequal depths");
      flat.push(v);
      return;
    }
    if (v.length !== inferred[depth]) throw new RangeError(`array: nested lists have unequal lengths at depth ${depth}`);
    for (let i = 0; i < v.length; i++) visit(v[i] as Nested, depth + 1);
  };
  visit(values, 0);
  const result = allocate(dtype, shape ?? inferred);
  if (result.data.length !== flat.length)
    throw new RangeError(`array: ${flat.length} values do not fill shape [${result.shape.join(", ")}]`);
  for (let i = 0; i < flat.length; i++) store(result, i, flat[i]);
  return result;
}

function store(a: NdArray, i: number, value: number): void {
  if (a.dtype === "i64") (a.data as BigInt64Array)[i] = BigInt(value);
  else if (a.dtype === "f16" || a.dtype === "bf16")
    throw new TypeError(`array: build ${a.dtype} arrays from their bit patterns with ndarray()`);
  else (a.data as Float64Array)[i] = value;
}

/** All elements as JavaScript numbers, row-major. */
export function toNumbers(a: NdArray): number[] {
  if (a.dtype === "f16") return Array.from(a.data as Uint16Array, fromF16);
  if (a.dtype === "bf16") return Array.from(a.data as Uint16Array, fromBf16);
  return Array.from(a.data as ArrayLike<number | bigint>, Number);
}

/** The only element of an array of size one. */
export function item(a: NdArray): number {
  if (a.data.length !== 1) throw new RangeError(`item: shape [${a.shape.join(", ")}] holds ${a.data.length} elements, not one`);
  return toNumbers(a)[0];
}

/** IEEE 754 binary16 bit pattern to number. */
export function fromF16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** The IEEE 754 binary16 bit pattern nearest to a number, ties to even; what is too large is infinite. */
export function toF16(value: number): number {
  word.setFloat32(0, value);
  const sign = (word.getUint32(0) >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  // one unit in the last place of the binade of the number; below 2⁻¹⁴ all are 2⁻²⁴
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const scaled = size / 2 ** (exponent - 10);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const units = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  // a carry of the fraction goes into the exponent by itself
  return sign | (exponent === -14 ? units : ((exponent + 14) << 10) + units);
}

/** bfloat16 bit pattern (the upper half of an f32) to number. */
export function fromBf16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
