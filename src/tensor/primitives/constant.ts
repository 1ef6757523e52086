/** Leaves of programs: inputs, aliases, scalars and literal arrays; and what is known of tensors that are constant. */

import { allocate, type DType, type NdArray, type Shape, sizeOf } from "../../array/ndarray.ts";
import { flatten, type Structure } from "../../array/tree.ts";
import { apply1 } from "../primitive.ts";
import { fail } from "../shapes.ts";
import { isFloat, type Primitive, type ProgramDType, Tensor } from "../tensor.ts";

/** Anything an operation takes: numbers and arrays are lifted to constants. */
export type Value = Tensor | NdArray | number | boolean;

/** An input of a program or of a sub-program; each is different from every other. Has no derivative rule: it is where derivatives start. */
const input: Primitive = {
  name: "input",
  unique: true,
  flat: true,
  infer: (_, { dtype, shape }) => [{ dtype, shape }],
  onnx: (_, __, { outputs }) => foreign(outputs),
  wasm: { write: (_, { outputs }) => foreign(outputs) },
};

const foreign = (outputs: readonly Tensor[]): never => fail("input", "a tensor of another program is used here", outputs);

export const placeholder = (dtype: ProgramDType, shape: Shape): Tensor => apply1(input, [], { dtype, shape });

/** A placeholder for tensors like x. */
export const fresh = (x: Tensor): Tensor => placeholder(x.dtype, x.shape);

const alias: Primitive = {
  name: "alias",
  unique: true,
  exact: true,
  infer: ([x]) => [x],
  expand: ([x]) => [x],
  transpose: { 0: (ct) => ct },
};

/** The same value under a new identity, so that one use of a tensor can be told from another. Gone after compilation. */
export const aliasOf = (x: Tensor): Tensor => apply1(alias, [x]);

const stop: Primitive = { name: "stopGradient", exact: true, flat: true, infer: ([x]) => [x], expand: ([x]) => [x] };

/** The same value, as a constant to differentiation. */
export const stopped = (x: Tensor): Tensor => apply1(stop, [x]);

/** A number as a tensor of shape []. */
const scalarPrimitive: Primitive = {
  name: "scalar",
  exact: true,
  flat: true,
  infer: (_, { dtype }) => [{ dtype, shape: [] }],
  constant: ({ value }) => value,
  onnx: (emit, _, node) => [emit.scalar(node.params.value, node.params.dtype)],
};

export const scalar = (value: number, dtype: ProgramDType): Tensor =>
  apply1(scalarPrimitive, [], { value: dtype === "f32" ? Math.fround(value) : value, dtype });

/** An array known when the program is traced. */
const literal: Primitive = {
  name: "literal",
  exact: true,
  flat: true,
  infer: (_, { value }) => [{ dtype: value.dtype, shape: value.shape }],
  constant: ({ value }) => value,
  onnx: (emit, _, node) => [emit.constant(node.params.value)],
};

const programDTypes = new Set<DType>(["f32", "f64", "i32", "i64", "bool", "u8"]);

function isNdArray(x: unknown): x is NdArray {
  return x !== null && typeof x === "object" && "dtype" in x && "shape" in x && "data" in x && ArrayBuffer.isView(x.data);
}

/** The dtype of an array, if programs compute with it. */
export function programDType(operation: string, { dtype }: { dtype: DType }): ProgramDType {
  if (!programDTypes.has(dtype)) fail(operation, `programs do not compute in ${dtype}; cast the array first`);
  return dtype as ProgramDType;
}

/** Lifts arrays to constants of the program. */
export function constant(value: NdArray): Tensor {
  const dtype = programDType("constant", value);
  if (value.shape.length === 0) return scalar(Number(value.data[0]), dtype);
  return apply1(literal, [], { value });
}

/** Lifts values so that they can meet in one operation: numbers take the dtype of the first tensor or array (f32 if there is none). */
export function lift(operation: string, values: readonly Value[]): Tensor[] {
  const first = values.find((v) => v instanceof Tensor || isNdArray(v)) as Tensor | NdArray | undefined;
  const dtype = first ? (first.dtype as ProgramDType) : values.some((v) => typeof v === "number") ? "f32" : "bool";
  return values.map((v) => liftOne(operation, v, dtype));
}

export function liftOne(operation: string, v: Value, dtype: ProgramDType = typeof v === "boolean" ? "bool" : "f32"): Tensor {
  if (v instanceof Tensor) return v;
  if (typeof v === "number" && !isFloat(dtype) && !Number.isInteger(v)) fail(operation, `${v} is not a number of dtype ${dtype}`);
  if (typeof v === "number" || typeof v === "boolean") return scalar(Number(v), dtype);
  if (isNdArray(v)) return constant(v);
  return fail(operation, `takes tensors, arrays or numbers, not ${v === null ? "null" : typeof v}`);
}

/** Leaves of trees of values; arrays without data count. */
export const isValue = (x: unknown): x is Value =>
  typeof x === "number" || typeof x === "boolean" || (x !== null && typeof x === "object" && "dtype" in x && "shape" in x);

/** Leaves of a tree as tensors, and its structure. */
export function tensors(operation: string, tree: unknown): { leaves: Tensor[]; structure: Structure } {
  const { leaves, structure } = flatten<Value>(tree, isValue);
  return { leaves: leaves.map((v) => liftOne(operation, v)), structure };
}

/** 0, 1, …, n-1. */
export function iota(n: number, dtype: "i32" | "f32" | "f64" = "i32"): Tensor {
  const array = allocate(dtype, [n]);
  for (let i = 0; i < n; i++) array.data[i] = i;
  return constant(array);
}

/** The value of a tensor that is one number everywhere, if it is known to be one. */
export function splat(x: Tensor): number | undefined {
  const { primitive, inputs, params } = x.node;
  if (primitive.view) return splat(inputs[0]);
  const value = primitive.constant?.(params);
  if (typeof value !== "object") return value;
  if (sizeOf(x.shape) !== 1) return undefined;
  const [element] = value.data;
  // whole numbers of 64 bits beyond 2⁵³ are none of JavaScript's
  return typeof element === "bigint" && BigInt(Number(element)) !== element ? undefined : Number(element);
}
