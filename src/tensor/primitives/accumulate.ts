/**
 * How sums are added up. The runtime's kernels keep few running totals, whose rounding errors grow with the number of terms (10⁷ numbers
 * 0.1 in f32: 1 % off), and add integers as floats, which saturate. Long sums of f32 are added in blocks; integers through a product,
 * which wraps as addition does.
 */
import { array, type Shape, sizeOf } from "../../array/ndarray.ts";
import { range } from "../shapes.ts";
import { type Aval, type Emitter, onnxTypes } from "../tensor.ts";

/** Up to here the kernels' own error is below 3e-5 of Σ|x|, whatever the terms (measured: 4e-6 for equal ones). */
export const longest = 4096;
/** Terms of one block. */
export const block = 512;

type Emit = Pick<Emitter, "op" | "ints" | "constant">;

interface Shaped {
  readonly name: string;
  readonly shape: Shape;
}

const reshaped = (emit: Emit, x: string, shape: Shape): Shaped => ({ name: emit.op("Reshape", [x, emit.ints(shape)])[0], shape });

/** [a, n, b] to [a, b]: sums along the middle. The kernels are ten times slower with axes of length one around. */
function middle(emit: Emit, x: Shaped): Shaped {
  const [a, n, b] = x.shape;
  const { name } = b === 1 ? reshaped(emit, x.name, [a, n]) : x;
  return { name: emit.op("ReduceSum", [name, emit.ints([1])], { keepdims: 0 })[0], shape: [a, b] };
}

/**
 * Whether the plain kernel does: for few terms, along neighbouring axes. Along axes that are apart it is up to ten times slower than one sum
 * after another.
 */
export const isShort = ({ dtype, shape }: Aval, axes: readonly number[]): boolean =>
  (dtype === "f64" || (dtype === "f32" && sizeOf(axes.map((a) => shape[a])) <= longest)) && runs(axes).length <= 1;

/** Σ over the axes (from the front), to a shape of the same elements. Axes that are apart are summed one run after another. */
export function emitSum(emit: Emit, name: string, x: Aval, axes: readonly number[], result: Shape): string {
  if (x.dtype !== "f32" && x.dtype !== "f64") return reshaped(emit, emitWholeSum(emit, name, x, axes), result).name;
  // From the last axis on: neighbours are one axis, so that a sum over several axes is blocked as one.
  let sum: Shaped = { name, shape: x.shape };
  for (const [first, last] of runs(axes).reverse()) {
    const flat = [x.shape.slice(0, first), x.shape.slice(first, last + 1), sum.shape.slice(last + 1)].map(sizeOf);
    sum = { name: blocked(emit, reshaped(emit, sum.name, flat)).name, shape: sum.shape.map((n, a) => (a >= first && a <= last ? 1 : n)) };
  }
  return reshaped(emit, sum.name, result).name;
}

/** Neighbouring axes, as first and last. */
function runs(axes: readonly number[]): (readonly [number, number])[] {
  const starts = axes.filter((a) => !axes.includes(a - 1));
  const ends = axes.filter((a) => !axes.includes(a + 1));
  return starts.map((a, i) => [a, ends[i]] as const);
}

/** [a, n, b] to [a, b]: sums of blocks, then the sum of these; what fills no block is added at the end. */
function blocked(emit: Emit, x: Shaped): Shaped {
  const [a, n, b] = x.shape;
  if (n <= longest) return middle(emit, x);
  const size = blockOf(n);
  const whole = n - (n % size);
  const part = (start: number, stop: number): Shaped => ({
    name: emit.op("Slice", [x.name, ...[[start], [stop], [1]].map(emit.ints)])[0],
    shape: [a, stop - start, b],
  });
  const count = whole / size;
  const blocks = middle(emit, reshaped(emit, (whole === n ? x : part(0, whole)).name, [a * count, size, b]));
  const total = blocked(emit, reshaped(emit, blocks.name, [a, count, b]));
  return whole === n ? total : { name: emit.op("Add", [total.name, middle(emit, part(whole, n)).name])[0], shape: [a, b] };
}

/** A divisor near `block`, which saves copying what fills blocks; else `block`. */
function blockOf(n: number): number {
  const near = range(block + 1).map((i) => (i % 2 ? block + i / 2 + 0.5 : block - i / 2));
  return near.find((size) => size >= block / 2 && n % size === 0) ?? block;
}

/** Integers as a product with ones, modulo 2³² or 2⁶⁴; u8 as i32. */
function emitWholeSum(emit: Emit, name: string, { dtype, shape }: Aval, axes: readonly number[]): string {
  const order = [...range(shape.length).filter((a) => !axes.includes(a)), ...axes];
  const count = sizeOf(axes.map((a) => shape[a]));
  const own = dtype === "u8" ? emit.op("Cast", [name], { to: onnxTypes.i32 })[0] : name;
  const ordered = order.every((a, i) => a === i) ? own : emit.op("Transpose", [own], { perm: order })[0];
  const rows = reshaped(emit, ordered, [sizeOf(shape) / count, count]);
  const ones = emit.constant(array(new Array<number>(count).fill(1), dtype === "i64" ? "i64" : "i32", [count, 1]));
  const sums = emit.op("MatMul", [rows.name, ones])[0];
  return dtype === "u8" ? emit.op("Cast", [sums], { to: onnxTypes.u8 })[0] : sums;
}
