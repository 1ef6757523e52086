/** Broadcasting and sums: each other's transposes. */
import { type NdArray, type Shape, sizeOf } from "../../array/ndarray.ts";
import { apply1 } from "../primitive.ts";
import { fail, fromEnd, positions, range, sameShape, stridesOf } from "../shapes.ts";
import { type Emitter, isFloat, type Node, type Primitive, type Tensor, type View } from "../tensor.ts";
import { emitSum, isShort } from "./accumulate.ts";
import { cast } from "./cast.ts";
import { liftOne, scalar, type Value } from "./constant.ts";
import type { Operator } from "./elementwise.ts";
import { listOf, padRank, permuted, reshape } from "./reshape.ts";

export const broadcastPrimitive: Primitive = {
  name: "broadcastTo",
  exact: true,
  infer([x], { shape }) {
    const offset = shape.length - x.rank;
    if (offset < 0 || x.shape.some((n, i) => n !== 1 && n !== shape[offset + i]))
      fail("broadcastTo", `cannot be broadcast to [${shape.join(", ")}]`, [x]);
    return [{ dtype: x.dtype, shape }];
  },
  view: (x, { shape }) => broadcastView(x, shape),
  onnx: (emit, [x], node) => emit.op("Expand", [x, emit.ints(node.params.shape)]),
  transpose: { 0: (ct, [x]) => sumTo(ct, x.shape) },
  batch: ([x], _, { shape }) => [broadcastTo(padRank(x, shape.length + 1), [x.shape[0], ...shape])],
};

/** Axes of length one stand still. */
export function broadcastView(x: { shape: Shape }, shape: Shape): View {
  const own = stridesOf(x.shape).map((s, i) => (x.shape[i] === 1 ? 0 : s));
  return { offset: 0, strides: [...new Array<number>(shape.length - own.length).fill(0), ...own] };
}

export const broadcastTo = (x: Value, shape: Shape): Tensor =>
  apply1(broadcastPrimitive, [liftOne("broadcastTo", x)], { shape: [...shape] });

/** Zeros with the shape and dtype of x. */
export const zerosLike = (x: Tensor): Tensor => broadcastTo(scalar(0, x.dtype), x.shape);

/** Gives every input the batch axis that some have. */
export function spread(inputs: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const [size] = inputs[batched.indexOf(true)].shape;
  return inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
}

// --- reductions ------------------------------------------------------------------------------------------------------------------

export type Axes = number | readonly number[] | undefined;
export type Reduce = (x: Value, axes?: Axes, keepDims?: boolean) => Tensor;

/** Sorted negative axes; all of them by default. */
export function reducedAxes(operation: string, x: Tensor, axes: Axes): number[] {
  const list = axes === undefined ? range(x.rank) : listOf(axes);
  return [...new Set(list.map((a) => fromEnd(operation, x, a)))].sort((a, b) => a - b);
}

export function reducedShape(x: { shape: Shape }, axes: readonly number[], keepDims: boolean): Shape {
  const gone = new Set(axes.map((a) => a + x.shape.length));
  return keepDims ? x.shape.map((n, i) => (gone.has(i) ? 1 : n)) : x.shape.filter((_, i) => !gone.has(i));
}

interface Reduction extends Omit<Partial<Primitive>, "onnx"> {
  /** Operator name, or a lowering. */
  readonly onnx?: string | Primitive["onnx"];
  /** Value over no elements, which the runtime does not give; without one it is an error. */
  readonly empty?: number;
  /** Of booleans, the number of true ones. */
  readonly counts?: boolean;
  /** The reduction of known elements. */
  readonly combine?: (a: number, b: number) => number;
}

/** A reduction along axes (all by default). */
export function reduction(name: string, { onnx, empty, counts, combine, expand, ...rest }: Reduction): Operator<Reduce> {
  const primitive: Primitive = {
    name,
    infer([x], { axes, keepDims }) {
      const shape = reducedShape(x, axes, keepDims);
      if (x.size === 0 && sizeOf(shape) > 0 && empty === undefined) fail(name, "there are no elements", [x]);
      return [{ dtype: x.dtype, shape }];
    },
    onnx: typeof onnx === "string" ? reduceBy(onnx) : onnx,
    expand([x], params, target) {
      if (x.size > 0) return expand?.([x], params, target);
      return [broadcastTo(scalar(empty ?? 0, x.dtype), reducedShape(x, params.axes, params.keepDims))];
    },
    evaluate:
      combine && (([x], { axes }) => rowsToReduce(x, axes).map((row) => (row.length ? row.reduce((a, b) => combine(a, b)) : (empty ?? 0)))),
    ...rest,
  };
  const reduce: Reduce = (x, axes, keepDims = false) => {
    const given = liftOne(name, x);
    const t = counts && given.dtype === "bool" ? cast(given, "i32") : given;
    return apply1(primitive, [t], { axes: reducedAxes(name, t, axes), keepDims });
  };
  return Object.assign(reduce, { primitive });
}

const reduceBy =
  (operator: string) =>
  (emit: Emitter, [x]: readonly string[], { params }: Node): readonly string[] =>
    emit.op(operator, [x, emit.ints(params.axes)], { keepdims: params.keepDims ? 1 : 0 });

/** The elements that each element of a reduction is made of. */
function rowsToReduce(x: NdArray, axes: readonly number[]): number[][] {
  const gone = axes.map((a) => a + x.shape.length);
  const order = [...range(x.shape.length).filter((i) => !gone.includes(i)), ...gone];
  const places = positions(permuted(x.shape, order), { offset: 0, strides: permuted(stridesOf(x.shape), order) });
  const length = sizeOf(permuted(x.shape, gone));
  return range(sizeOf(reducedShape(x, axes, false))).map((i) => places.slice(i * length, (i + 1) * length).map((at) => Number(x.data[at])));
}

/** The result of a reduction with its axes put back as length one. */
export const kept = (y: Tensor, x: Tensor, axes: readonly number[]): Tensor => reshape(y, reducedShape(x, axes, true));

/**
 * Σ over axes (all by default), in the dtype of x: integers wrap as in `add`, f32 is added in blocks. Booleans are counted (i32). Exported
 * models have the plain operator.
 */
export const sum = reduction("sum", {
  counts: true,
  onnx(emit, [x], node) {
    const [t] = node.inputs;
    const axes: number[] = node.params.axes.map((a: number) => a + t.rank);
    const plain = isShort(t, axes) || (emit.portable && isFloat(t.dtype));
    return plain ? reduceBy("ReduceSum")(emit, [x], node) : [emitSum(emit, x, t, axes, node.outputs[0].shape)];
  },
  empty: 0,
  accumulates: "sum",
  combine: (a, b) => a + b,
  transpose: { 0: (ct, [x], { axes }) => broadcastTo(kept(ct, x, axes), x.shape) },
});

/** Sums the axes along which a tensor of shape `shape` was broadcast: the transpose of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const offset = x.rank - shape.length;
  const axes = range(x.rank).filter((i) => i < offset || (shape[i - offset] === 1 && x.shape[i] !== 1));
  // Leading axes alone leave the shape as it is wanted; a sum that is not reshaped can be fused with what follows.
  return axes.every((i) => i < offset) ? sum(x, axes) : reshape(sum(x, axes, true), shape);
}
