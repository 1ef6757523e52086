/** Indexing by tensors of indices (i32). Gathers and scatter-adds are each other's transposes. */
import { allocate, sizeOf } from "../../array/ndarray.ts";
import { apply1 } from "../primitive.ts";
import { fail, fromEnd, withLength } from "../shapes.ts";
import { onnxTypes, type Primitive, type Tensor } from "../tensor.ts";
import { kernelOf } from "../wasm/kernels.ts";
import { bytesOf, bytesOfTensor } from "../wasm/memory.ts";
import { around, inputAt, isWide } from "../wasm/rules.ts";
import { add, equal, greaterEqual, less, lessEqual, mul, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { constant, iota, liftOne, scalar, type Value } from "./constant.ts";
import { expandDims, moveAxis, reshape } from "./reshape.ts";
import { slice } from "./slice.ts";
import { broadcastTo, spread } from "./sum.ts";

const isIndex = (x: Tensor): boolean => x.dtype === "i32" || x.dtype === "i64";

/** Rows x[i] of the first axis: [n, rest] and [indices] give [indices, rest]. */
const gatherRows: Primitive = {
  name: "gatherRows",
  exact: true,
  infer([x, i]) {
    if (x.rank === 0 || !isIndex(i)) fail("take", "needs an axis to take from and i32 indices", [x, i]);
    return [{ dtype: x.dtype, shape: [...i.shape, ...x.shape.slice(1)] }];
  },
  evaluate([x, i]) {
    const [rows, ...rest] = x.shape;
    const chunk = sizeOf(rest);
    const row = (k: number): number => (k < 0 ? k + rows : k);
    return Array.from<number | bigint, number>(i.data, Number).flatMap((k) => [...x.data.subarray(row(k) * chunk, (row(k) + 1) * chunk)]);
  },
  onnx: (emit, [x, i]) => emit.op("Gather", [x, i], { axis: 0 }),
  wasm: {
    write(w, { inputs: [x, i] }) {
      const [rows, ...rest] = x.shape;
      const chunk = sizeOf(rest) * bytesOf[x.dtype];
      if (chunk > 0) w.call("gatherRows", inputAt(w, 0), inputAt(w, 1), w.output(0), rows, chunk, i.size, isWide(i));
    },
  },
  transpose: { 0: (ct, [x, i]) => scatterAdd(broadcastTo(scalar(0, ct.dtype), x.shape), i, ct) },
  batch([x, i], [xBatched, iBatched]) {
    if (!xBatched) return [apply1(gatherRows, [x, i])];
    if (!iBatched) return [moveAxis(apply1(gatherRows, [moveAxis(x, 0, 1), i]), i.rank, 0)];
    const [size, rows, ...rest] = x.shape;
    return [apply1(gatherRows, [reshape(x, [size * rows, ...rest]), intoBatch(i, rows)])];
  },
};

/** Indices [size, ...] below `rows`, or negative from the end, as indices of the rows of a whole batch laid end to end. */
function intoBatch(i: Tensor, rows: number): Tensor {
  const own = cast(i, "i32");
  const [size] = i.shape;
  const offsets = reshape(mul(iota(size), rows), [size, ...new Array(i.rank - 1).fill(1)]);
  return add(where(less(own, 0), add(own, rows), own), offsets);
}

/** Elements at `indices` along an axis: the axis is replaced by the axes of the indices. */
export function take(x: Value, indices: Value, axis = 0): Tensor {
  const t = liftOne("take", x);
  const i = liftOne("take", indices, "i32");
  const at = fromEnd("take", t, axis) + t.rank;
  if (at === 0) return apply1(gatherRows, [t, i]);
  let y = apply1(gatherRows, [moveAxis(t, at, 0), i]);
  for (let k = 0; k < i.rank; k++) y = moveAxis(y, 0, at + i.rank - 1);
  return y;
}

const scatterRows: Primitive = {
  name: "scatterAdd",
  infer([x, i, updates]) {
    const shape = [...i.shape, ...x.shape.slice(1)];
    const fits = updates.rank === shape.length && shape.every((n, k) => n === updates.shape[k]);
    if (!isIndex(i) || !fits || x.dtype !== updates.dtype) fail("scatterAdd", "indices, rows and updates do not fit", [x, i, updates]);
    return [x];
  },
  // the sum of booleans is whether one of them holds
  expand: ([x, i, updates], _, target) =>
    x.dtype === "bool" && target === "wasm" ? [cast(scatterAdd(cast(x, "i32"), i, cast(updates, "i32")), "bool")] : undefined,
  onnx(emit, [x, i, updates], node) {
    const wide = emit.op("Cast", [i], { to: onnxTypes.i64 });
    const column = emit.op("Reshape", [wide[0], emit.ints([...node.inputs[1].shape, 1])]);
    return emit.op("ScatterND", [x, column[0], updates], { reduction: "add" });
  },
  wasm: {
    write(w, { inputs: [x, i] }) {
      const [rows, ...rest] = x.shape;
      w.move(w.output(0), inputAt(w, 0), bytesOfTensor(x));
      w.call(kernelOf("scatter", x), w.output(0), inputAt(w, 1), inputAt(w, 2), rows, sizeOf(rest), i.size, isWide(i));
    },
  },
  transpose: { 0: (ct) => ct, 2: (ct, [, i]) => take(ct, i) },
  jointlyLinear: true,
  batch(inputs, batched) {
    const [x, i, updates] = spread(inputs, batched);
    const [size, rows, ...rest] = x.shape;
    const flat = reshape(x, [size * rows, ...rest]);
    return [reshape(apply1(scatterRows, [flat, intoBatch(i, rows), updates]), x.shape)];
  },
};

/** Adds updates [indices, rest] to the rows x[indices]; repeated indices add up. */
export function scatterAdd(x: Value, indices: Value, updates: Value): Tensor {
  const t = liftOne("scatterAdd", x);
  return apply1(scatterRows, [t, liftOne("scatterAdd", indices, "i32"), liftOne("scatterAdd", updates, t.dtype)]);
}

/** y[.., j, ..] = x[.., i[.., j, ..], ..] with indices along one axis and equal shapes along the others. */
const gatherAlong: Primitive = {
  name: "takeAlong",
  exact: true,
  infer([x, i], { axis }) {
    const fits = x.rank === i.rank && i.shape.every((n, k) => k === x.rank + axis || n === x.shape[k]);
    if (!fits || !isIndex(i)) fail("takeAlong", "indices must be i32 and agree with the other axes", [x, i]);
    return [{ dtype: x.dtype, shape: i.shape }];
  },
  onnx: (emit, [x, i], { params }) => emit.op("GatherElements", [x, i], { axis: params.axis }),
  wasm: {
    write(w, { inputs: [x, i], params }) {
      const [outer, n, inner] = around(x, params.axis);
      const places = [inputAt(w, 0), inputAt(w, 1), w.output(0)];
      w.call("gatherAlong", ...places, outer, n, i.shape[i.rank + params.axis], inner, bytesOf[x.dtype], isWide(i));
    },
  },
  transpose: { 0: (ct, [x, i], params) => apply1(scatterAlong, [broadcastTo(scalar(0, ct.dtype), x.shape), i, ct], params) },
  batch: "every",
};

const scatterAlong: Primitive = {
  name: "scatterAlong",
  infer: ([x]) => [x],
  onnx: (emit, [x, i, updates], { params }) => emit.op("ScatterElements", [x, i, updates], { axis: params.axis, reduction: "add" }),
  wasm: {
    write(w, { inputs: [x, i], params }) {
      const [outer, n, inner] = around(x, params.axis);
      w.move(w.output(0), inputAt(w, 0), bytesOfTensor(x));
      const places = [w.output(0), inputAt(w, 1), inputAt(w, 2)];
      w.call(kernelOf("scatterAlong", x), ...places, outer, n, i.shape[i.rank + params.axis], inner, isWide(i));
    },
  },
  transpose: { 0: (ct) => ct, 2: (ct, [, i], params) => apply1(gatherAlong, [ct, i], params) },
  jointlyLinear: true,
  batch: "every",
};

/** Elements at `indices` along one axis, row by row (NumPy's take_along_axis). */
export function takeAlong(x: Value, indices: Value, axis = -1): Tensor {
  const t = liftOne("takeAlong", x);
  const i = liftOne("takeAlong", indices, "i32");
  const at = fromEnd("takeAlong", t, axis);
  const shape = withLength(t.shape, t.rank + at, i.shape[i.rank + at]);
  return apply1(gatherAlong, [t, broadcastTo(i, shape)], { axis: at });
}

/** Indicator vectors: [...] indices below n give [..., n]. */
export function oneHot(indices: Value, n: number, dtype: "f32" | "f64" = "f32"): Tensor {
  return cast(equal(expandDims(cast(indices, "i32"), -1), iota(n)), dtype);
}

/** Keeps the lower (or upper) triangle of the last two axes; `diagonal` moves its edge as in NumPy. */
const triangle = (keep: (row: Tensor, column: Tensor) => Tensor) => (x: Value) => {
  const t = liftOne("triangle", x);
  const [rows, columns] = t.shape.slice(-2);
  return where(keep(expandDims(iota(rows), 1), iota(columns)), t, 0);
};
export const tril = (x: Value, diagonal = 0): Tensor => triangle((row, column) => lessEqual(column, add(row, diagonal)))(x);
export const triu = (x: Value, diagonal = 0): Tensor => triangle((row, column) => greaterEqual(column, add(row, diagonal)))(x);

/** The identity matrix. */
export function eye(n: number, dtype: "f32" | "f64" = "f32"): Tensor {
  const identity = allocate(dtype, [n, n]);
  for (let i = 0; i < n; i++) identity.data[i * (n + 1)] = 1;
  return constant(identity);
}

/** Diagonal of the last two axes of square matrices: [..., n, n] to [..., n]. */
export function diagonal(x: Value): Tensor {
  const t = liftOne("diagonal", x);
  const n = t.shape[t.rank - 1];
  if (t.rank < 2 || t.shape[t.rank - 2] !== n) fail("diagonal", "needs square matrices", [t]);
  const flat = reshape(t, [...t.shape.slice(0, -2), n * n]);
  return slice(flat, ...flat.shape.slice(0, -1).map(() => null), [0, n * n, n + 1]);
}
