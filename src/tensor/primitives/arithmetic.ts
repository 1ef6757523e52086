/** Arithmetic, selection, rounding, comparison and logic, elementwise. */
import { apply1 } from "../primitive.ts";
import { broadcastShapes, fail } from "../shapes.ts";
import type { Primitive, Target, Tensor } from "../tensor.ts";
import * as functions from "../wasm/functions.ts";
import type { Lanes } from "../wasm/lanes.ts";
import { cast } from "./cast.ts";
import { lift, liftOne, type Value } from "./constant.ts";
import { binary, elementwise, unary } from "./elementwise.ts";
import { sumTo } from "./sum.ts";

// --- arithmetic -----------------------------------------------------------------------------------------------------------------

export const add = binary("add", {
  lanes: (v, [a, b]) => v.add(a, b),
  commutative: true,
  onnx: "Add",
  takes: "number",
  scalar: (a, b) => a + b,
  jointlyLinear: true,
  transpose: { 0: (ct, [a]) => sumTo(ct, a.shape), 1: (ct, [, b]) => sumTo(ct, b.shape) },
});

export const sub = binary("sub", {
  lanes: (v, [a, b]) => v.sub(a, b),
  onnx: "Sub",
  takes: "number",
  scalar: (a, b) => a - b,
  jointlyLinear: true,
  transpose: { 0: (ct, [a]) => sumTo(ct, a.shape), 1: (ct, [, b]) => neg(sumTo(ct, b.shape)) },
});

export const mul = binary("mul", {
  lanes: (v, [a, b]) => v.mul(a, b),
  commutative: true,
  onnx: "Mul",
  takes: "number",
  scalar: (a, b) => a * b,
  bilinear: true,
  partials: [([, b]) => b, ([a]) => a],
});

export const div = binary("div", {
  lanes: (v, [a, b]) => v.div(a, b),
  onnx: "Div",
  takes: "number",
  scalar: (a, b) => a / b,
  partials: [([, b]) => reciprocal(b), ([, b], y) => neg(div(y, b))],
});

export const neg = unary("neg", {
  lanes: (v, [a]) => v.neg(a),
  onnx: "Neg",
  takes: "number",
  exact: true,
  scalar: (a) => -a,
  transpose: { 0: (ct) => neg(ct) },
});
export const reciprocal = unary("reciprocal", {
  lanes: (v, [a]) => v.div(v.constant(1, a.dtype), a),
  onnx: "Reciprocal",
  scalar: (a) => 1 / a,
  partials: [(_, y) => neg(square(y))],
});

export const square = unary("square", {
  lanes: (v, [a]) => v.mul(a, a),
  onnx: (emit, [x]) => emit.op("Mul", [x, x]),
  takes: "number",
  scalar: (a) => a * a,
  partials: [([x]) => mul(x, 2)],
});

export const abs = unary("abs", {
  lanes: (v, [a]) => v.abs(a),
  onnx: "Abs",
  takes: "number",
  exact: true,
  scalar: Math.abs,
  partials: [([x]) => sign(x)],
});
export const sign = unary("sign", {
  lanes: (v, [a]) => functions.sign(v, a),
  onnx: "Sign",
  expand: ([a], _, target) => (isMisread(a, target) ? [sub(cast(greater(a, 0), "i64"), cast(less(a, 0), "i64"))] : undefined),
  takes: "number",
  exact: true,
  flat: true,
  scalar: Math.sign,
});
export const sqrt = unary("sqrt", { lanes: (v, [a]) => v.sqrt(a), onnx: "Sqrt", scalar: Math.sqrt, partials: [(_, y) => div(0.5, y)] });
export const rsqrt = (x: Value): Tensor => reciprocal(sqrt(x));

// --- selection, rounding, comparison, logic -------------------------------------------------------------------------------------

/** The runtime compares 64 bits as if they were 32 in its extrema and signs, and rightly elsewhere. */
const isMisread = ({ dtype }: Tensor, target: Target): boolean => dtype === "i64" && target === "onnx";

// At a tie the first argument counts; where one is NaN, neither does.
export const maximum = binary("maximum", {
  lanes: (v, [a, b]) => v.max(a, b),
  onnx: "Max",
  expand: ([a, b], _, target) => (isMisread(a, target) ? [where(greaterEqual(a, b), a, b)] : undefined),
  takes: "number",
  exact: true,
  scalar: Math.max,
  partials: [([a, b]) => cast(greaterEqual(a, b), a.dtype), ([a, b]) => cast(less(a, b), a.dtype)],
});
export const minimum = binary("minimum", {
  lanes: (v, [a, b]) => v.min(a, b),
  onnx: "Min",
  expand: ([a, b], _, target) => (isMisread(a, target) ? [where(lessEqual(a, b), a, b)] : undefined),
  takes: "number",
  exact: true,
  scalar: Math.min,
  partials: [([a, b]) => cast(lessEqual(a, b), a.dtype), ([a, b]) => cast(greater(a, b), a.dtype)],
});
export const clamp = (x: Value, low: Value, high: Value): Tensor => minimum(maximum(x, low), high);

export const floor = unary("floor", { lanes: (v, [a]) => v.floor(a), onnx: "Floor", exact: true, flat: true, scalar: Math.floor });
export const ceil = unary("ceil", { lanes: (v, [a]) => v.ceil(a), onnx: "Ceil", exact: true, flat: true, scalar: Math.ceil });
/** To the nearest integer; halves to even. */
export const round = unary("round", { lanes: (v, [a]) => v.nearest(a), onnx: "Round", exact: true, flat: true });

interface Comparison {
  readonly onnx: string;
  readonly how: Parameters<Lanes["compare"]>[0];
  holds(a: number, b: number): boolean;
  readonly takes?: "any" | "number";
}
const comparison = (name: string, { onnx, how, holds, takes = "number" }: Comparison) =>
  binary(name, { onnx, takes, result: "bool", scalar: (a, b) => Number(holds(a, b)), lanes: (v, [a, b]) => v.compare(how, a, b) });
export const equal = comparison("equal", { onnx: "Equal", how: "eq", holds: (a, b) => a === b, takes: "any" });
export const less = comparison("less", { onnx: "Less", how: "lt", holds: (a, b) => a < b });
export const lessEqual = comparison("lessEqual", { onnx: "LessOrEqual", how: "le", holds: (a, b) => a <= b });
export const greater = comparison("greater", { onnx: "Greater", how: "gt", holds: (a, b) => a > b });
export const greaterEqual = comparison("greaterEqual", { onnx: "GreaterOrEqual", how: "ge", holds: (a, b) => a >= b });
export const notEqual = (a: Value, b: Value): Tensor => not(equal(a, b));
export const isNaN = unary("isNaN", {
  lanes: (v, [a]) => v.compare("ne", a, a),
  onnx: "IsNaN",
  result: "bool",
  scalar: (a) => Number(Number.isNaN(a)),
});
export const isFinite = (x: Value): Tensor => less(abs(x), Number.POSITIVE_INFINITY);

const logical = (name: "and" | "or" | "xor", onnx: string, f: (a: number, b: number) => number) =>
  binary(name, { onnx, takes: "bool", flat: true, scalar: f, lanes: (v, [a, b]) => v[name](a, b) });
export const and = logical("and", "And", (a, b) => a & b);
export const or = logical("or", "Or", (a, b) => a | b);
export const xor = logical("xor", "Xor", (a, b) => a ^ b);
export const not = unary("not", { lanes: (v, [a]) => v.not(a), onnx: "Not", takes: "bool", flat: true, scalar: (a) => 1 - a });

const wherePrimitive: Primitive = {
  ...elementwise("where", {
    onnx: "Where",
    exact: true,
    jointlyLinear: true,
    scalar: (c, a, b) => (c ? a : b),
    lanes: (v, [c, a, b]) => v.select(c, a, b),
  }),
  // The runtime has no kernel that chooses between booleans.
  expand: ([c, a, b], _, target) => (a.dtype === "bool" && target === "onnx" ? [or(and(c, a), and(not(c), b))] : undefined),
  infer(inputs) {
    const [condition, a, b] = inputs;
    if (condition.dtype !== "bool") fail("where", "the condition must be bool", inputs);
    if (a.dtype !== b.dtype) fail("where", "the branches have different dtypes", inputs);
    return [{ dtype: a.dtype, shape: broadcastShapes("where", inputs) }];
  },
  transpose: { 1: (ct, [c, a]) => sumTo(where(c, ct, 0), a.shape), 2: (ct, [c, , b]) => sumTo(where(c, 0, ct), b.shape) },
};

/** a where the condition holds, else b. Derivatives flow through the chosen branch only. */
export function where(condition: Value, a: Value, b: Value): Tensor {
  return apply1(wherePrimitive, [liftOne("where", condition, "bool"), ...lift("where", [a, b])]);
}
