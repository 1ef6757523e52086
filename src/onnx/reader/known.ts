/**
 * Known values: what a model computes from constants and shapes alone (Shape, Gather, Concat, …) is folded by the engine while the model is
 * read, so that the program has static shapes. Known integers are i64; in a program that depends on data integers are i32.
 */
import { type DType, type NdArray, type Shape, toNumbers } from "../../array/ndarray.ts";
import { TensorError } from "../../errors.ts";
import { evaluate, toInt64 } from "../../tensor/evaluate.ts";
import { broadcastTo, cast, constant, type ProgramDType, scalar, type Tensor } from "../../tensor/index.ts";

/** Above this many elements, values are left to the program. */
export const knownLimit = 65_536;

/** dtype in which a program computes what a model declares: halves as f32, integers as i32. */
export function programDType(dtype: DType): ProgramDType {
  if (dtype === "f64" || dtype === "bool") return dtype;
  return dtype === "f32" || dtype === "f16" || dtype === "bf16" ? "f32" : "i32";
}

/** An array of a model as a tensor, its integers as i64. */
export const known = (a: NdArray): Tensor =>
  a.dtype === "i32" || a.dtype === "u8"
    ? knownIntegers(toNumbers(a), a.shape)
    : lifted(a, a.dtype === "i64" ? a.dtype : programDType(a.dtype));

export const knownIntegers = (values: readonly number[], shape: Shape = [values.length]): Tensor =>
  lifted({ dtype: "i64", shape, data: BigInt64Array.from(values, toInt64) }, "i64");

/** One number, if all elements are the same. */
function lifted(a: NdArray, dtype: ProgramDType): Tensor {
  const numbers = toNumbers(a);
  return numbers.length > 0 && numbers.every((v) => Object.is(v, numbers[0]))
    ? broadcastTo(scalar(numbers[0], dtype), a.shape)
    : constant(a);
}

/** Elements of a known tensor. */
export const numbersOf = (x: Tensor): readonly number[] => toNumbers(evaluate(x, Number.POSITIVE_INFINITY) as NdArray);

/** Known integers as a program takes them: those beyond the range of i32 become its ends. */
export function inProgram(x: Tensor): Tensor {
  if (x.dtype !== "i64") return x;
  const value = evaluate(x, 2 ** 31);
  if (!value) return cast(x, "i32");
  const clamp = (v: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, v));
  return lifted({ dtype: "i32", shape: x.shape, data: Int32Array.from(toNumbers(value), clamp) }, "i32");
}

/** Refuses lengths of lists that a broken file may ask for. */
export function checkLength(n: number): void {
  if (!(n <= 2 ** 24)) throw new TensorError(`a list of ${n} indices is out of reach`);
}

/** 0, 1, …, n - 1. */
export function range(n: number): number[] {
  checkLength(n);
  return Array.from({ length: n }, (_, i) => i);
}

/** Elements of a shape, unless there are so many that no memory holds them. */
export function checkSize(where: string, shape: Shape): void {
  const size = shape.reduce((a, b) => a * b, 1);
  if (!(size <= 2 ** 31) || shape.some((n) => !Number.isInteger(n) || n < 0))
    throw new TensorError(`${where}: a tensor of shape [${shape.join(", ")}] is out of reach`);
}
