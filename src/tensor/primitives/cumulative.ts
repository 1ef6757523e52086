/** Running sums, and running sums of exponentials. */
import { apply1 } from "../primitive.ts";
import { broadcastShapes, fromEnd } from "../shapes.ts";
import type { MaybeTensor, Primitive, Tensor } from "../tensor.ts";
import { kernelOf } from "../wasm/kernels.ts";
import { around, inputAt } from "../wasm/rules.ts";
import { block, longest } from "./accumulate.ts";
import { add } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { lift, liftOne, type Value } from "./constant.ts";
import { logsumexp } from "./reduce.ts";
import { moveAxis, reshape } from "./reshape.ts";
import { concat, pad, sliceAxis, stack } from "./slice.ts";
import { broadcastTo } from "./sum.ts";

const cumsumPrimitive: Primitive = {
  name: "cumsum",
  infer: ([x]) => [x],
  expand([x], { axis, reverse }, target) {
    if (target === "wasm") return undefined;
    const y = blockedCumsum(x, axis, reverse);
    return y && [y];
  },
  onnx: (emit, [x], { params }) => emit.op("CumSum", [x, emit.ints([params.axis])], { reverse: params.reverse ? 1 : 0 }),
  wasm: {
    write: (w, { inputs: [x], params }) =>
      w.call(kernelOf("cumsum", x), inputAt(w, 0), w.output(0), ...around(x, params.axis), params.reverse ? 1 : 0),
  },
  transpose: { 0: (ct, _, { axis, reverse }) => apply1(cumsumPrimitive, [ct], { axis, reverse: !reverse }) },
};

/** Running sums of f32 in blocks: the runtime adds one after another, and its error grows with their number. */
function blockedCumsum(x: Tensor, axis: number, reverse: boolean): MaybeTensor {
  const n = x.shape[x.rank + axis];
  if (x.dtype !== "f32" || n <= longest) return undefined;
  const rows = moveAxis(x, axis, -1);
  const count = Math.ceil(n / block);
  const head = rows.shape.slice(0, -1);
  const blocks = reshape(pad(rows, [[0, count * block - n]]), [...head, count, block]);
  const within = cumsum(blocks, -1, reverse);
  const totals = sliceAxis(within, -1, reverse ? 0 : block - 1, reverse ? 1 : block);
  // What lies before each block, or behind it.
  const before = pad(sliceAxis(cumsum(totals, -2, reverse), -2, reverse ? 1 : 0, reverse ? count : count - 1), [
    reverse ? [0, 1] : [1, 0],
    [0, 0],
  ]);
  return moveAxis(sliceAxis(reshape(add(within, before), [...head, count * block]), -1, 0, n), -1, axis);
}

/** Running sums along an axis; from the end with `reverse`. Integers wrap as in `sum`; booleans are counted. */
export function cumsum(x: Value, axis = -1, reverse = false): Tensor {
  const given = liftOne("cumsum", x);
  if (given.dtype === "u8") return cast(cumsum(cast(given, "i32"), axis, reverse), "u8");
  const t = given.dtype === "bool" ? cast(given, "i32") : given;
  return apply1(cumsumPrimitive, [t], { axis: fromEnd("cumsum", t, axis), reverse });
}

/** log(e^a + e^b) without overflow. */
export const logAddExp = (a: Value, b: Value): Tensor => {
  const pair = lift("logAddExp", [a, b]);
  const shape = broadcastShapes("logAddExp", pair);
  return logsumexp(stack(pair.map((t) => broadcastTo(t, shape))), 0);
};

/** Running log Σ exp along the last axis, by doubling: log₂ n stable steps. */
export function cumlogsumexp(x: Value): Tensor {
  let y = liftOne("cumlogsumexp", x);
  const n = y.shape[y.rank - 1];
  for (let shift = 1; shift < n; shift *= 2) {
    const [head, body, before] = [sliceAxis(y, -1, 0, shift), sliceAxis(y, -1, shift, n), sliceAxis(y, -1, 0, n - shift)];
    y = concat([head, logAddExp(body, before)], -1);
  }
  return y;
}
