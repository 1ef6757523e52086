/** Arithmetic, selection, rounding, comparison and logic, elementwise. */
import { apply1 } from "../primitive.ts";
import { broadcastShapes, fail } from "../shapes.ts";
import type { Primitive, Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { lift, liftOne, type Value } from "./constant.ts";
import { binary, elementwise, unary } from "./elementwise.ts";
import { sumTo } from "./sum.ts";

// --- arithmetic -----------------------------------------------------------------------------------------------------------------

export const add = binary("add", {
  commutative: true,
  onnx: "Add",
  takes: "number",
  scalar: (a, b) => a + b,
  jointlyLinear: true,
  transpose: { 0: (ct, [a]) => sumTo(ct, a.shape), 1: (ct, [, b]) => sumTo(ct, b.shape) },
});

export const sub = binary("sub", {
  onnx: "Sub",
  takes: "number",
  scalar: (a, b) => a - b,
  jointlyLinear: true,
  transpose: { 0: (ct, [a]) => sumTo(ct, a.shape), 1: (ct, [, b]) => neg(sumTo(ct, b.shape)) },
});

export const mul = binary("mul", {
  commutative: true,
  onnx: "Mul",
  takes: "number",
  scalar: (a, b) => a * b,
  bilinear: true,
  partials: [([, b]) => b, ([a]) => a],
});

export const div = binary("div", {
  onnx: "Div",
  takes: "number",
  scalar: (a, b) => a / b,
  partials: [([, b]) => reciprocal(b), ([, b], y) => neg(div(y, b))],
});

export const neg = unary("neg", { onnx: "Neg", takes: "number", exact: true, scalar: (a) => -a, transpose: { 0: (ct) => neg(ct) } });
export const reciprocal = unary("reciprocal", { onnx: "Reciprocal", scalar: (a) => 1 / a, partials: [(_, y) => neg(square(y))] });

export const square = unary("square", {
  onnx: (emit, [x]) => emit.op("Mul", [x, x]),
  takes: "number",
  scalar: (a) => a * a,
  partials: [([x]) => mul(x, 2)],
});

export const abs = unary("abs", { onnx: "Abs", takes: "number", exact: true, scalar: Math.abs, partials: [([x]) => sign(x)] });
export const sign = unary("sign", { onnx: "Sign", takes: "number", exact: true, flat: true, scalar: Math.sign });
export const sqrt = unary("sqrt", { onnx: "Sqrt", scalar: Math.sqrt, partials: [(_, y) => div(0.5, y)] });
export const rsqrt = (x: Value): Tensor => reciprocal(sqrt(x));

// --- selection, rounding, comparison, logic -------------------------------------------------------------------------------------

// At a tie the first argument counts; where one is NaN, neither does.
export const maximum = binary("maximum", {
  onnx: "Max",
  takes: "number",
  exact: true,
  scalar: Math.max,
  partials: [([a, b]) => cast(greaterEqual(a, b), a.dtype), ([a, b]) => cast(less(a, b), a.dtype)],
});
export const minimum = binary("minimum", {
  onnx: "Min",
  takes: "number",
  exact: true,
  scalar: Math.min,
  partials: [([a, b]) => cast(lessEqual(a, b), a.dtype), ([a, b]) => cast(greater(a, b), a.dtype)],
});
export const clamp = (x: Value, low: Value, high: Value): Tensor => minimum(maximum(x, low), high);

export const floor = unary("floor", { onnx: "Floor", exact: true, flat: true, scalar: Math.floor });
export const ceil = unary("ceil", { onnx: "Ceil", exact: true, flat: true, scalar: Math.ceil });
/** To the nearest integer; halves to even. */
export const round = unary("round", { onnx: "Round", exact: true, flat: true });

const comparison = (name: string, onnx: string, holds: (a: number, b: number) => boolean, takes: "any" | "number" = "number") =>
  binary(name, { onnx, takes, result: "bool", scalar: (a, b) => Number(holds(a, b)) });
export const equal = comparison("equal", "Equal", (a, b) => a === b, "any");
export const less = comparison("less", "Less", (a, b) => a < b);
export const lessEqual = comparison("lessEqual", "LessOrEqual", (a, b) => a <= b);
export const greater = comparison("greater", "Greater", (a, b) => a > b);
export const greaterEqual = comparison("greaterEqual", "GreaterOrEqual", (a, b) => a >= b);
export const notEqual = (a: Value, b: Value): Tensor => not(equal(a, b));
export const isNaN = unary("isNaN", { onnx: "IsNaN", result: "bool", scalar: (a) => Number(Number.isNaN(a)) });
export const isFinite = (x: Value): Tensor => less(abs(x), Number.POSITIVE_INFINITY);

const logical = (name: string, onnx: string, f: (a: number, b: number) => number) =>
  binary(name, { onnx, takes: "bool", flat: true, scalar: f });
export const and = logical("and", "And", (a, b) => a & b);
export const or = logical("or", "Or", (a, b) => a | b);
export const xor = logical("xor", "Xor", (a, b) => a ^ b);
export const not = unary("not", { onnx: "Not", takes: "bool", flat: true, scalar: (a) => 1 - a });

const wherePrimitive: Primitive = {
  ...elementwise("where", { onnx: "Where", exact: true, jointlyLinear: true, scalar: (c, a, b) => (c ? a : b) }),
  // The runtime has no kernel that chooses between booleans.
  expand: ([c, a, b]) => (a.dtype === "bool" ? [or(and(c, a), and(not(c), b))] : undefined),
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
