/** The same elements under another shape, or with their axes in another order. */
import { type Shape, sizeOf } from "../../array/ndarray.ts";
import { apply1 } from "../primitive.ts";
import { fail, fromEnd, range, stridesOf } from "../shapes.ts";
import type { Primitive, Tensor } from "../tensor.ts";
import { liftOne, type Value } from "./constant.ts";

export const reshapePrimitive: Primitive = {
  name: "reshape",
  exact: true,
  infer: ([x], { shape }) => {
    if (sizeOf(x.shape) !== sizeOf(shape)) fail("reshape", `cannot take the shape [${shape.join(", ")}]`, [x]);
    return [{ dtype: x.dtype, shape }];
  },
  view: (_, { shape }) => ({ offset: 0, strides: stridesOf(shape) }),
  onnx: (emit, [x], node) => emit.op("Reshape", [x, emit.ints(node.params.shape)], node.params.shape.includes(0) ? { allowzero: 1 } : {}),
  transpose: { 0: (ct, [x]) => reshape(ct, x.shape) },
  batch: ([x], _, { shape }) => [reshape(x, [x.shape[0], ...shape])],
};

/** The same elements in row-major order under another shape; one entry may be -1. */
export function reshape(x: Value, shape: Shape): Tensor {
  const t = liftOne("reshape", x);
  const known = sizeOf(shape.map((n) => (n === -1 ? 1 : n)));
  const full = shape.map((n) => (n === -1 ? sizeOf(t.shape) / known : n));
  if (full.some((n) => !Number.isInteger(n) || n < 0) || shape.filter((n) => n === -1).length > 1)
    fail("reshape", `cannot take the shape [${shape.join(", ")}]`, [t]);
  return apply1(reshapePrimitive, [t], { shape: full });
}

/** Inserts an axis of length one at position `axis` of the result. */
export function expandDims(x: Value, axis: number): Tensor {
  const t = liftOne("expandDims", x);
  const at = axis < 0 ? axis + t.rank + 1 : axis;
  if (!(at >= 0 && at <= t.rank)) fail("expandDims", `there is no position ${axis}`, [t]);
  return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)]);
}

/** Removes axes of length one. */
export function squeeze(x: Value, axes: number | readonly number[]): Tensor {
  const t = liftOne("squeeze", x);
  const drop = listOf(axes).map((a) => fromEnd("squeeze", t, a) + t.rank);
  const wrong = drop.find((a) => t.shape[a] !== 1);
  if (wrong !== undefined) fail("squeeze", `axis ${wrong} is not of length 1`, [t]);
  const kept = t.shape.filter((_, i) => !drop.includes(i));
  return reshape(t, kept);
}

export const listOf = (axes: number | readonly number[]): readonly number[] => (typeof axes === "number" ? [axes] : axes);

/** Inserts axes of length one behind the first, so that there are `rank` axes in all. */
export const padRank = (x: Tensor, rank: number): Tensor =>
  x.rank < rank ? reshape(x, [x.shape[0], ...new Array(rank - x.rank).fill(1), ...x.shape.slice(1)]) : x;

/** Puts batched inputs of different rank in line, so that their leading batch axes meet. */
export function alignBatch(inputs: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...inputs.map((x, i) => x.rank - (batched[i] ? 1 : 0)));
  return inputs.map((x, i) => (batched[i] ? padRank(x, rank + 1) : x));
}

// --- transpose -------------------------------------------------------------------------------------------------------------------

export const transposePrimitive: Primitive = {
  name: "transpose",
  exact: true,
  infer([x], { permutation: p }) {
    if (p.length !== x.rank || new Set(p).size !== x.rank || p.some((i: number) => !(x.shape[i] >= 0)))
      fail("transpose", `[${p}] is not a permutation of the axes`, [x]);
    return [{ dtype: x.dtype, shape: permuted(x.shape, p) }];
  },
  view: (x, { permutation: p }) => ({ offset: 0, strides: permuted(stridesOf(x.shape), p) }),
  onnx: (emit, [x], node) => emit.op("Transpose", [x], { perm: node.params.permutation }),
  transpose: { 0: (ct, _, { permutation: p }) => transpose(ct, inverted(p)) },
  batch: ([x], _, { permutation: p }) => [transpose(x, [0, ...p.map((i: number) => i + 1)])],
};

export const permuted = (list: readonly number[], p: readonly number[]): number[] => p.map((i) => list[i]);
const inverted = (p: readonly number[]): number[] => p.map((_, i) => p.indexOf(i));

/** Permutes the axes; by default swaps the last two. */
export function transpose(x: Value, permutation?: readonly number[]): Tensor {
  const t = liftOne("transpose", x);
  if (!permutation && t.rank < 2) fail("transpose", "needs at least two axes", [t]);
  const p = permutation?.map((i) => (i < 0 ? i + t.rank : i)) ?? [...range(t.rank - 2), t.rank - 1, t.rank - 2];
  return apply1(transposePrimitive, [t], { permutation: p });
}

/** The tensor whose last two axes were swapped to give x, if so; products read it transposed instead of moving it. */
export function untransposed(x: Tensor): Tensor | undefined {
  if (x.node.primitive !== transposePrimitive) return undefined;
  const p: number[] = x.node.params.permutation;
  const n = p.length;
  return p[n - 1] === n - 2 && p[n - 2] === n - 1 && p.slice(0, -2).every((i, j) => i === j) ? x.node.inputs[0] : undefined;
}

export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const source = fromEnd("moveAxis", x, from) + x.rank;
  const p = range(x.rank).filter((i) => i !== source);
  p.splice(fromEnd("moveAxis", x, to) + x.rank, 0, source);
  return transpose(x, p);
}
