/** Activations of neural networks. */
import type { Tensor } from "../tensor.ts";
import * as functions from "../wasm/functions.ts";
import { abs, add, greater, maximum, minimum, mul, neg, square, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import type { Value } from "./constant.ts";
import { erf, exp, expm1, log1p } from "./elementary.ts";
import { unary } from "./elementwise.ts";

export const sigmoid = unary("sigmoid", {
  slow: true,
  lanes: (v, [x]) => functions.sigmoid(v, x),
  onnx: "Sigmoid",
  partials: [(_, y) => sub(y, square(y))],
  scalar: (x) => 1 / (1 + Math.exp(-x)),
});

/** log(1 + e^x), without overflow. */
export const softplus = unary("softplus", {
  onnx: "Softplus",
  expand: ([x], _, target) => (x.dtype === "f64" || target === "wasm" ? [add(maximum(x, 0), log1p(exp(neg(abs(x)))))] : undefined),
  partials: [([x]) => sigmoid(x)],
});

export const logSigmoid = (x: Value): Tensor => neg(softplus(neg(x)));

/** x sigmoid(x) (SiLU, swish). y' = σ + y (1 - σ). */
export const silu = unary("silu", {
  expand: ([x]) => [mul(x, sigmoid(x))],
  partials: [([x]) => siluSlope(x)],
});

/** The derivative of y = silu(x), with one of its own in few operations: (2 y' - y) (1 - σ). */
const siluSlope = unary("siluSlope", {
  expand([x]) {
    const [s, y] = [sigmoid(x), silu(x)];
    return [add(s, sub(y, mul(y, s)))];
  },
  partials: [
    ([x], slope) => {
      const rest = sub(mul(slope, 2), silu(x));
      return sub(rest, mul(rest, sigmoid(x)));
    },
  ],
});

/** x Φ(x), exact Gaussian error linear unit. */
export const gelu = unary("gelu", {
  onnx: "Gelu",
  expand: ([x], _, target) => (x.dtype === "f64" || target === "wasm" ? [mul(x, gaussianCdf(x))] : undefined),
  partials: [([x]) => add(gaussianCdf(x), mul(x, gaussianPdf(x)))],
});
const gaussianCdf = (x: Tensor): Tensor => mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
const gaussianPdf = (x: Tensor): Tensor => mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));

export const relu = unary("relu", {
  lanes: (v, [x]) => v.clamp(x, 0, Number.POSITIVE_INFINITY),
  onnx: "Relu",
  exact: true,
  partials: [([x]) => cast(greater(x, 0), x.dtype)],
  scalar: (a) => Math.max(a, 0),
});

/** Exponential linear unit: x for x > 0, else e^x - 1. y' = 1 + min(y, 0). Clevert et al., ICLR 2016. */
export const elu = unary("elu", {
  // Of many elements the runtime's own kernel takes twice as long as its exponential with three passes around it. e^x - 1 ≥ x.
  onnx(emit, [x], { inputs: [a] }) {
    if (emit.portable || a.size < 2 ** 13) return emit.op("Elu", [x]);
    const [below] = emit.op("Exp", emit.op("Min", [x, emit.scalar(0, a.dtype)]));
    return emit.op("Max", [x, ...emit.op("Sub", [below, emit.scalar(1, a.dtype)])]);
  },
  expand: ([x], _, target) => (x.dtype === "f64" || target === "wasm" ? [where(greater(x, 0), x, expm1(minimum(x, 0)))] : undefined),
  partials: [(_, y) => add(minimum(y, 0), 1)],
  scalar: (x) => (x > 0 ? x : Math.expm1(x)),
});
