/** Rules of shapes, and the errors that name them. */
import { type Shape, sizeOf } from "../array/ndarray.ts";
import { TensorError } from "../errors.ts";
import { type Aval, describe, isFloat, type View } from "./tensor.ts";

/** Raises a TensorError that names the operation, what it was given, and the line of the user's program. */
export function fail(operation: string, message: string, inputs: readonly Aval[] = []): never {
  const given = inputs.length ? `: got ${inputs.map(describe).join(" and ")}` : "";
  const line = userLine();
  throw new TensorError(`${operation}: ${message}${given}${line ? ` (at ${line})` : ""}`);
}

/** The innermost stack frame outside the engine. */
function userLine(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  for (const frame of stack.split("\n").slice(1)) {
    if (/[\\/](src|dist)[\\/]tensor[\\/]|node:internal/.test(frame)) continue;
    // loaders and servers of pages append what they like to a file's name: ?v=1
    const place = /\(?((?:file:\/\/)?[^()\s]+?)(\?[^()\s:]*)?(:\d+:\d+)\)?$/.exec(frame);
    if (place) return place[1].replace(/^file:\/\//, "") + place[3];
  }
  return undefined;
}

/** The dtype of a tensor of floats. */
export const floatType = (operation: string, x: Aval): "f32" | "f64" => (isFloat(x.dtype) ? x.dtype : fail(operation, "takes floats", [x]));

/** The largest finite number of a dtype. */
export const largestNumber = (dtype: "f32" | "f64"): number => (dtype === "f32" ? (2 - 2 ** -23) * 2 ** 127 : Number.MAX_VALUE);

/** NumPy broadcasting of shapes. */
export function broadcastShapes(operation: string, inputs: readonly Aval[]): Shape {
  const rank = Math.max(...inputs.map((x) => x.shape.length));
  const shape: number[] = new Array(rank).fill(1);
  for (const x of inputs)
    for (let i = 0; i < x.shape.length; i++) {
      const at = rank - x.shape.length + i;
      if (x.shape[i] === shape[at] || x.shape[i] === 1) continue;
      if (shape[at] !== 1) fail(operation, "shapes do not broadcast", inputs);
      shape[at] = x.shape[i];
    }
  return shape;
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** Axis as a negative number, counted from the end: rules that use it hold unchanged when batch axes are put in front. */
export function fromEnd(operation: string, x: Aval, axis: number): number {
  const rank = x.shape.length;
  if (!Number.isInteger(axis) || axis >= rank || axis < -rank) fail(operation, `there is no axis ${axis}`, [x]);
  return axis < 0 ? axis : axis - rank;
}

/** The shape with another length along one axis. */
export const withLength = (shape: Shape, axis: number, length: number): number[] => shape.map((n, i) => (i === axis ? length : n));

/** 0, 1, …, n - 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Distance in memory between neighbours along each axis of a row-major array. */
export const stridesOf = (shape: Shape): number[] => shape.map((_, i) => sizeOf(shape.slice(i + 1)));

/** Places of the elements of a view of this shape, row-major. */
export function positions(shape: Shape, { offset, strides }: View): number[] {
  let places = [offset];
  shape.forEach((n, axis) => {
    const steps = range(n).map((k) => k * strides[axis]);
    places = places.flatMap((at) => steps.map((step) => at + step));
  });
  return places;
}
