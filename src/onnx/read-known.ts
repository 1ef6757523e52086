/**
 * Values known while a model is read: the arithmetic of shapes that exporters leave in their graphs (Shape, Gather, Concat, …) is done
 * here on plain numbers, so that the program that is traced has static shapes.
 */

import { dtypes, type NdArray, type Shape, sizeOf, toNumbers } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";
import { constant, scalar } from "../tensor/primitives/constant.ts";
import { broadcastTo } from "../tensor/primitives/sum.ts";
import { sameShape } from "../tensor/shapes.ts";
import type { ProgramDType, Tensor } from "../tensor/tensor.ts";

/** Integers are kept exactly up to 2^53, whatever their width in the model; programs compute them as i32. */
export interface Known {
  readonly dtype: ProgramDType;
  readonly shape: Shape;
  readonly values: readonly number[];
}

/** Above this many elements, values become constants of the program instead. */
export const knownLimit = 65_536;

export const known = (values: readonly number[], shape: Shape = [values.length], dtype: ProgramDType = "i32"): Known => ({
  dtype,
  shape,
  values,
});

const float = (dtype: string): "f32" | "f64" | undefined =>
  dtype === "f64" ? "f64" : dtype === "f32" || dtype === "f16" || dtype === "bf16" ? "f32" : undefined;

/** dtype in which a program computes what a model declares: halves as f32, integers as i32. */
export const programDType = (dtype: string): ProgramDType => float(dtype) ?? (dtype === "bool" ? "bool" : "i32");

export const knownFrom = (a: NdArray): Known => ({ dtype: programDType(a.dtype), shape: a.shape, values: toNumbers(a) });

const clampInteger = (v: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, v));

export function toTensor({ dtype, shape, values }: Known): Tensor {
  const inRange = dtype === "i32" ? clampInteger : (v: number): number => v;
  if (values.length > 0 && values.every((v) => Object.is(v, values[0]))) return broadcastTo(scalar(inRange(values[0]), dtype), shape);
  const data = (dtypes[dtype].array as Float32ArrayConstructor).from(values, inRange);
  return constant({ dtype, shape, data } as NdArray);
}

// --- moving ----------------------------------------------------------------------------------------------------------------------

/** Elements at the product of index lists, one list per axis. */
export function pick(x: Known, lists: readonly (readonly number[])[]): Known {
  let offsets = [0];
  lists.forEach((list, axis) => {
    const stride = sizeOf(x.shape.slice(axis + 1));
    offsets = offsets.flatMap((o) => list.map((i) => o + i * stride));
  });
  return known(
    offsets.map((o) => x.values[o]),
    lists.map((l) => l.length),
    x.dtype,
  );
}

/** Refuses lengths of lists that a broken file may ask for. */
export function checkLength(n: number): void {
  if (!(n <= 2 ** 24)) throw new TensorError(`a list of ${n} indices is out of reach`);
}

export function range(n: number): number[] {
  checkLength(n);
  return Array.from({ length: n }, (_, i) => i);
}

/** Whole index lists, except along one axis. */
export const along = (x: { shape: Shape }, axis: number, list: readonly number[]): (readonly number[])[] =>
  x.shape.map((n, i) => (i === axis ? list : range(n)));

const broadcastShape = (shapes: readonly Shape[]): Shape | undefined => {
  const rank = Math.max(...shapes.map((s) => s.length));
  const result = new Array<number>(rank).fill(1);
  for (const s of shapes)
    for (const [i, n] of s.entries()) {
      const at = rank - s.length + i;
      if (n === 1 || n === result[at]) continue;
      if (result[at] !== 1) return undefined;
      result[at] = n;
    }
  return result;
};

function broadcast(x: Known, shape: Shape): Known {
  if (sameShape(x.shape, shape)) return x;
  const full = { ...x, shape: [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape] };
  return pick(
    full,
    shape.map((n, i) => (full.shape[i] === 1 ? new Array<number>(n).fill(0) : range(n))),
  );
}

function joined(xs: readonly Known[], axis: number): Known {
  const at = axis < 0 ? axis + xs[0].shape.length : axis;
  const outer = sizeOf(xs[0].shape.slice(0, at));
  const values = range(outer).flatMap((o) =>
    xs.flatMap((x) => {
      const chunk = x.values.length / outer;
      return x.values.slice(o * chunk, (o + 1) * chunk);
    }),
  );
  const length = xs.reduce((s, x) => s + x.shape[at], 0);
  return known(
    values,
    xs[0].shape.map((n, i) => (i === at ? length : n)),
    xs[0].dtype,
  );
}

function transposed(x: Known, permutation: readonly number[]): Known {
  const shape = permutation.map((p) => x.shape[p]);
  const strides = permutation.map((p) => sizeOf(x.shape.slice(p + 1)));
  let offsets = [0];
  shape.forEach((n, i) => {
    offsets = offsets.flatMap((o) => range(n).map((k) => o + k * strides[i]));
  });
  return known(
    offsets.map((o) => x.values[o]),
    shape,
    x.dtype,
  );
}

// --- arithmetic ------------------------------------------------------------------------------------------------------------------

const mod = (a: number, b: number): number => a - b * Math.floor(a / b);
const arithmetic: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Mod: mod,
  Min: Math.min,
  Max: Math.max,
};
const logic: Record<string, (a: number, b: number) => boolean> = {
  Equal: (a, b) => a === b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
  Xor: (a, b) => (a !== 0) !== (b !== 0),
};
const unary: Record<string, (a: number) => number> = {
  Neg: (a) => -a,
  Abs: Math.abs,
  Sign: Math.sign,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
  Reciprocal: (a) => 1 / a,
};
const reductions: Record<string, (values: readonly number[]) => number> = {
  ReduceSum: (v) => v.reduce((a, b) => a + b, 0),
  ReduceProd: (v) => v.reduce((a, b) => a * b, 1),
  ReduceMin: (v) => Math.min(...v),
  ReduceMax: (v) => Math.max(...v),
};

const asDType = (dtype: string, v: number): number =>
  dtype === "f32" ? Math.fround(v) : dtype === "f64" ? v : dtype === "bool" ? Number(v !== 0) : Math.trunc(v);

function elementwise(f: (...v: number[]) => number, xs: readonly Known[], dtype: ProgramDType): Known | undefined {
  const shape = broadcastShape(xs.map((x) => x.shape));
  if (!shape || sizeOf(shape) > knownLimit) return undefined;
  const columns = xs.map((x) => broadcast(x, shape).values);
  return known(
    columns[0].map((_, i) => asDType(dtype, f(...columns.map((c) => c[i])))),
    shape,
    dtype,
  );
}

function reduced(f: (values: readonly number[]) => number, x: Known, axes: readonly number[], keepDims: boolean): Known {
  const gone = new Set(axes.map((a) => (a < 0 ? a + x.shape.length : a)));
  const order = [...range(x.shape.length).filter((i) => !gone.has(i)), ...gone];
  const shape = x.shape.flatMap((n, i) => (!gone.has(i) ? [n] : keepDims ? [1] : []));
  const rows = transposed(x, order).values;
  const length = sizeOf([...gone].map((i) => x.shape[i]));
  return known(
    range(sizeOf(shape)).map((i) => f(rows.slice(i * length, (i + 1) * length))),
    shape,
    x.dtype,
  );
}

export interface KnownCall {
  readonly op: string;
  readonly attribute: (name: string, otherwise: number) => number;
  /** Axes of a reduction; undefined: all. */
  readonly axes: readonly number[] | undefined;
}

/** The result of an operator on known values, or undefined if it is left to the program. Shape operators are in the table of operators. */
export function evaluateKnown({ op, attribute, axes }: KnownCall, xs: readonly Known[]): Known | undefined {
  if (xs.some((x) => x.values.length > knownLimit)) return undefined;
  if (Object.hasOwn(arithmetic, op))
    return xs.slice(1).reduce<Known | undefined>((a, b) => a && elementwise(arithmetic[op], [a, b], a.dtype), xs[0]);
  if (Object.hasOwn(logic, op)) return elementwise((a, b) => Number(logic[op](a, b)), xs, "bool");
  if (Object.hasOwn(unary, op)) return elementwise(unary[op], xs, xs[0].dtype);
  if (op === "Not") return elementwise((a) => Number(a === 0), xs, "bool");
  if (op === "Where") return elementwise((c, a, b) => (c ? a : b), xs, xs[1].dtype);
  if (op === "Concat") return joined(xs, attribute("axis", 0));
  if (Object.hasOwn(reductions, op))
    return reduced(reductions[op], xs[0], axes ?? range(xs[0].shape.length), attribute("keepdims", 1) === 1);
  return undefined;
}
