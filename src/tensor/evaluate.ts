/** The values of tensors that depend on no input, computed while a program is traced: constant folding, and the shapes in models. */
import { allocate, type NdArray, type Shape, sizeOf } from "../array/ndarray.ts";
import { scalar, splat } from "./primitives/constant.ts";
import { broadcastTo, broadcastView } from "./primitives/sum.ts";
import { positions } from "./shapes.ts";
import type { MaybeTensor, Node, Params, Primitive, ProgramDType, Tensor } from "./tensor.ts";

/** A number as the dtype holds it; undefined if it does not hold it. Integers of 64 bits are exact up to 2^53. */
function asDType(dtype: ProgramDType, v: number): number | undefined {
  if (dtype === "f64") return v;
  if (dtype === "f32") return Math.fround(v);
  if (dtype === "bool") return Number(v !== 0);
  const [low, high] = dtype === "i64" ? [-(2 ** 63), 2 ** 63] : dtype === "u8" ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1];
  return v >= low && v <= high ? Math.trunc(v) + 0 : undefined;
}

/** An elementwise primitive of tensors that are one number everywhere is one number everywhere. */
export function folded(primitive: Primitive, inputs: readonly Tensor[], params: Params): MaybeTensor {
  const known: number[] = [];
  for (const x of inputs) {
    const value = splat(x);
    if (value === undefined) return undefined;
    known.push(value);
  }
  const [{ dtype, shape }] = primitive.infer(inputs, params);
  const y = primitive.scalar && asDType(dtype, primitive.scalar(...known));
  return y === undefined ? undefined : broadcastTo(scalar(y, dtype), shape);
}

/** The value of a tensor, if it is known and has at most `limit` elements. */
export function evaluate(x: Tensor, limit: number): NdArray | undefined {
  const known = new Map<Node, NdArray | undefined>();
  const valueOf = (t: Tensor): NdArray | undefined => {
    if (!known.has(t.node)) known.set(t.node, t.size <= limit ? valueOfNode(t.node, valueOf) : undefined);
    return known.get(t.node);
  };
  return valueOf(x);
}

function valueOfNode({ primitive, params, inputs, outputs }: Node, valueOf: (t: Tensor) => NdArray | undefined): NdArray | undefined {
  const [y] = outputs;
  const constant = primitive.constant?.(params);
  if (constant !== undefined) return typeof constant === "number" ? arrayOf(y.dtype, y.shape, [constant]) : constant;
  if (!primitive.scalar && !primitive.view && !primitive.evaluate) return undefined;
  const xs = inputs.map(valueOf).filter((v) => v !== undefined);
  if (xs.length < inputs.length) return undefined;
  if (primitive.scalar) return arrayOf(y.dtype, y.shape, elements(primitive.scalar, xs, y.shape));
  if (!primitive.view) return arrayOf(y.dtype, y.shape, primitive.evaluate?.(xs, params) ?? []);
  const [{ data }] = xs;
  return arrayOf(
    y.dtype,
    y.shape,
    positions(y.shape, primitive.view(inputs[0], params)).map((at) => data[at]),
  );
}

/** f on the elements of arrays that broadcast to `shape`. */
function elements(f: (...x: number[]) => number, xs: readonly NdArray[], shape: Shape): number[] {
  const places = xs.map((x) => positions(shape, broadcastView(x, shape)));
  return Array.from({ length: sizeOf(shape) }, (_, i) => f(...xs.map((x, k) => Number(x.data[places[k][i]]))));
}

/** An array of numbers; undefined if the dtype does not hold one of them. */
function arrayOf(dtype: ProgramDType, shape: Shape, values: ArrayLike<number | bigint>): NdArray | undefined {
  if (dtype === "i64") {
    const whole = Array.from(values).every((v) => typeof v === "bigint" || Number.isFinite(v));
    return whole ? { dtype, shape, data: BigInt64Array.from(values, (v) => (typeof v === "bigint" ? v : toInt64(v))) } : undefined;
  }
  const { data } = allocate(dtype, shape);
  for (let i = 0; i < data.length; i++) {
    const v = asDType(dtype, Number(values[i]));
    if (v === undefined) return undefined;
    data[i] = v;
  }
  return { dtype, shape, data };
}

/** Beyond the ends of the range, the end: "to the end" of a slice stays there whatever is computed from it. */
export function toInt64(v: number): bigint {
  const [low, high] = [-(2n ** 63n), 2n ** 63n - 1n];
  return v >= 2 ** 63 ? high : v <= -(2 ** 63) ? low : BigInt(Math.trunc(v));
}
