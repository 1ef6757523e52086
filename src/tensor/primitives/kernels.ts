/**
 * The runtime's own kernels of extrema and orders. In them a NaN counts or does not, depending on its place: what the engine offers
 * (reduce.ts, order.ts) looks for NaN first. They are right by themselves where a NaN among the elements shows in another way.
 */
import { sizeOf } from "../../array/ndarray.ts";
import { fail, range } from "../shapes.ts";
import { onnxTypes, type Primitive, type Tensor } from "../tensor.ts";
import { kernelOf } from "../wasm/kernels.ts";
import { around, inputAt } from "../wasm/rules.ts";
import { div, equal, greater, isNaN, mul } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { scalar } from "./constant.ts";
import { broadcastTo, kept, reducedShape, reduction, sum } from "./sum.ts";

/** Tangents of the extreme elements; elements that tie share alike. */
export const extremumJvp: Primitive["jvp"] = ([x], [dx], [y], { axes, keepDims }) => {
  if (!dx) return [undefined];
  const chosen = cast(equal(x, kept(y, x, axes)), x.dtype);
  return [sum(mul(dx, div(chosen, sum(chosen, axes, true))), axes, keepDims)];
};

/** The runtime compares i64 as if they were of 32 bits when it looks for an extremum, and rightly when it orders: the first in order then. */
const extremumBy =
  (operator: string, largest: 0 | 1): Primitive["onnx"] =>
  (emit, [x], { inputs: [t], outputs: [y], params: { axes, keepDims } }) => {
    if (t.dtype !== "i64") return emit.op(operator, [x, emit.ints(axes)], { keepdims: keepDims ? 1 : 0 });
    const gone: number[] = axes.map((a: number) => a + t.rank);
    const stay = range(t.rank).filter((i) => !gone.includes(i));
    const [turned] = emit.op("Transpose", [x], { perm: [...stay, ...gone] });
    const [rows] = emit.op("Reshape", [turned, emit.ints([...stay.map((i) => t.shape[i]), -1])]);
    const [first] = emit.op("TopK", [rows, emit.ints([1])], { axis: -1, largest, sorted: 1 }, { outputs: 2 });
    return emit.op("Reshape", [first, emit.ints(y.shape)]);
  };

export const kernelMax = reduction("kernelMax", {
  onnx: extremumBy("ReduceMax", 1),
  accumulates: "max",
  combine: Math.max,
  jvp: extremumJvp,
  exact: true,
});
export const kernelMin = reduction("kernelMin", {
  onnx: extremumBy("ReduceMin", 0),
  accumulates: "min",
  combine: Math.min,
  jvp: extremumJvp,
  exact: true,
});

/** Whether there is a NaN among the elements of a reduction. */
export const anyNaN = (x: Tensor, axes: readonly number[], keepDims: boolean): Tensor =>
  greater(sum(cast(isNaN(x), "f32"), axes, keepDims), 0);

export const kernelTopK: Primitive = {
  name: "kernelTopK",
  exact: true,
  infer([x], { k }) {
    const n = x.shape[x.rank - 1];
    if (x.dtype === "bool") fail("topK", "does not take bool", [x]);
    if (!(x.rank > 0 && k >= 0 && k <= n)) fail("topK", `cannot take ${k} elements of the last axis`, [x]);
    const shape = [...x.shape.slice(0, -1), k];
    return [
      { dtype: x.dtype, shape },
      { dtype: "i32", shape },
    ];
  },
  onnx(emit, [x], { params }) {
    const order = { axis: -1, largest: params.largest ? 1 : 0, sorted: 1 };
    const [values, indices] = emit.op("TopK", [x, emit.ints([params.k])], order, { outputs: 2 });
    return [values, emit.op("Cast", [indices], { to: onnxTypes.i32 })[0]];
  },
  wasm: {
    // room for places, twice, and for results that nobody needs
    scratch: ({ inputs: [x], outputs: [values] }) => 8 * (x.shape.at(-1) ?? 0) + 16 + values.size * 8,
    write(w, { inputs: [x], outputs: [values], params }) {
      if (values.size === 0) return;
      const n = x.shape[x.rank - 1];
      const spare = { ...w.scratch, offset: w.scratch.offset + 8 * n + 16 };
      const [to, places] = [0, 1].map((i) => (w.used(i) ? w.output(i) : spare));
      w.call(kernelOf("top", x), inputAt(w, 0), to, places, x.size / n, n, params.k, params.largest ? 1 : 0, w.scratch);
    },
  },
};

const argExtremum = (name: string, onnx: string, largest: boolean): Primitive => ({
  name,
  exact: true,
  flat: true,
  infer([x], { axis }) {
    const shape = reducedShape(x, [axis], false);
    if (x.size === 0 && sizeOf(shape) > 0) fail(name, "there are no elements", [x]);
    return [{ dtype: "i32", shape }];
  },
  expand: ([x], { axis }) => (x.size ? undefined : [broadcastTo(scalar(0, "i32"), reducedShape(x, [axis], false))]),
  onnx: (emit, [x], { params }) => emit.op("Cast", emit.op(onnx, [x], { axis: params.axis, keepdims: 0 }), { to: onnxTypes.i32 }),
  wasm: {
    write: (w, { inputs: [x], params }) =>
      w.call(kernelOf("extreme", x), inputAt(w, 0), w.output(0), ...around(x, params.axis), largest ? 1 : 0),
  },
});
export const kernelArgmax = argExtremum("argmax", "ArgMax", true);
export const kernelArgmin = argExtremum("argmin", "ArgMin", false);
