/**
 * Elementwise primitives with NumPy broadcasting. Each states its ONNX operator, its partial derivatives c_i = ∂y/∂x_i, and its value on
 * plain numbers (for constant folding). Where ONNX Runtime has no f64 kernel, or one of poor accuracy, `expand` composes it from others.
 */
import { sizeOf } from "../../array/ndarray.ts";
import { apply1, broadcastShapes, type Emitter, fail, isFloat, type Node, type Primitive, type Rounding, sameShape } from "../primitive.ts";
import type { Tensor } from "../tensor.ts";
import { alias, lift, liftOne, scalar, splat, type Value } from "./constant.ts";
import { log } from "./functions.ts";
import { broadcastTo, reshape, sumTo } from "./shape.ts";

export interface Elementwise {
  /** Operator name, or a lowering. */
  onnx?: string | Primitive["onnx"];
  expand?: Primitive["expand"];
  partials?: Primitive["partials"];
  jvp?: Primitive["jvp"];
  transpose?: Primitive["transpose"];
  jointlyLinear?: boolean;
  flat?: boolean;
  exact?: boolean;
  host?: (...x: number[]) => number;
  result?: "bool";
  /** Dtypes accepted; default: floats only. */
  takes?: "float" | "number" | "any" | "bool";
  simplify?: Primitive["simplify"];
}

export function elementwise(name: string, spec: Elementwise): Primitive {
  const primitive: Primitive = {
    name,
    infer(inputs) {
      const { dtype } = inputs[0];
      if (inputs.some((x) => x.dtype !== dtype)) fail(name, "dtypes differ; cast one of them", inputs);
      if (!accepts(spec.takes ?? "float", dtype)) fail(name, `does not take ${dtype}`, inputs);
      return [{ dtype: spec.result ?? dtype, shape: broadcastShapes(name, inputs) }];
    },
    onnx: typeof spec.onnx === "string" ? (emit, inputs) => emit.op(spec.onnx as string, inputs) : spec.onnx,
    expand: spec.expand,
    partials: spec.partials,
    jvp: spec.jvp,
    transpose: spec.transpose,
    jointlyLinear: spec.jointlyLinear,
    flat: spec.flat || spec.result === "bool",
    exact: spec.exact,
    batch: (inputs, batched, params) => [apply1(primitive, alignBatch(inputs, batched), params)],
    simplify: (inputs, params) => spec.simplify?.(inputs, params) ?? fold(spec, inputs) ?? dropBroadcast(primitive, inputs, params),
  };
  return primitive;
}

function accepts(takes: NonNullable<Elementwise["takes"]>, dtype: string): boolean {
  return takes === "any" || (takes === "bool" ? dtype === "bool" : isFloat(dtype) || (takes === "number" && dtype !== "bool"));
}

/** Puts batched inputs of different rank in line, so that their leading batch axes meet. */
export function alignBatch(inputs: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...inputs.map((x, i) => x.rank - (batched[i] ? 1 : 0)));
  return inputs.map((x, i) => {
    const missing = rank + 1 - x.rank;
    if (!batched[i] || missing === 0) return x;
    return reshape(x, [x.shape[0], ...new Array(missing).fill(1), ...x.shape.slice(1)]);
  });
}

/** Constant folding for tensors that are one number everywhere. */
function fold(spec: Elementwise, inputs: readonly Tensor[]): Tensor | undefined {
  if (!spec.host || spec.result) return undefined;
  const values = inputs.map(splat);
  if (values.some((v) => v === undefined)) return undefined;
  const y = spec.host(...(values as number[]));
  const { dtype } = inputs[0];
  if (!isFloat(dtype) && !Number.isInteger(y)) return undefined;
  return broadcastTo(scalar(dtype === "f32" ? Math.fround(y) : y, dtype), broadcastShapes("fold", inputs));
}

/** Elementwise operations broadcast by themselves: an operand that was broadcast explicitly is used as it was before. */
function dropBroadcast(primitive: Primitive, inputs: readonly Tensor[], params: unknown): Tensor | undefined {
  for (let i = 0; i < inputs.length; i++) {
    if (inputs[i].node.primitive.name !== "broadcastTo") continue;
    const slim = inputs.map((x, j) => (j === i ? x.node.inputs[0] : x));
    const shape = broadcastShapes(primitive.name, inputs);
    if (sameShape(broadcastShapes(primitive.name, slim), shape)) return apply1(primitive, slim, params);
    // All operands are broadcast: compute before, broadcast after, if that is less work.
    const before = inputs.map((x) => (x.node.primitive.name === "broadcastTo" ? x.node.inputs[0] : x));
    const small = broadcastShapes(primitive.name, before);
    if (sizeOf(small) < sizeOf(shape)) return broadcastTo(apply1(primitive, before, params), shape);
  }
  return undefined;
}

export function unary(primitive: Primitive): (x: Value) => Tensor {
  return (x) => apply1(primitive, lift(primitive.name, [x]));
}

export function binary(primitive: Primitive): (a: Value, b: Value) => Tensor {
  return (a, b) => apply1(primitive, lift(primitive.name, [a, b]));
}

/** Whether a constant factor is a normal number in every float: another in its place would overflow or lose digits. */
const isSafe = (c: number): boolean => Math.abs(c) > 2 ** -126 && Math.abs(c) < 2 ** 126;

/** x if it already has the shape that x and y broadcast to. */
const whole = (x: Tensor, y: Tensor): Tensor => broadcastTo(x, broadcastShapes("broadcast", [x, y]));

// --- arithmetic -----------------------------------------------------------------------------------------------------------------

export const add = binary(
  elementwise("add", {
    onnx: "Add",
    takes: "number",
    jointlyLinear: true,
    transpose: { 0: (ct, [a]) => sumTo(ct, a.shape), 1: (ct, [, b]) => sumTo(ct, b.shape) },
    host: (a, b) => a + b,
    simplify([a, b]) {
      if (splat(b) === 0) return whole(a, b);
      if (splat(a) === 0) return whole(b, a);
      if (a === b) return mul(a, 2);
      if (b.node.primitive === negPrimitive) return sub(a, b.node.inputs[0]);
      if (a.node.primitive === negPrimitive) return sub(b, a.node.inputs[0]);
      return undefined;
    },
  }),
);

export const sub = binary(
  elementwise("sub", {
    onnx: "Sub",
    takes: "number",
    jointlyLinear: true,
    transpose: { 0: (ct, [a]) => sumTo(ct, a.shape), 1: (ct, [, b]) => neg(sumTo(ct, b.shape)) },
    host: (a, b) => a - b,
    simplify([a, b]) {
      if (splat(b) === 0) return whole(a, b);
      if (splat(a) === 0) return neg(whole(b, a));
      if (b.node.primitive === negPrimitive) return add(a, b.node.inputs[0]);
      return undefined;
    },
  }),
);

const mulPrimitive: Primitive = elementwise("mul", {
  onnx: "Mul",
  takes: "number",
  partials: [([, b]) => b, ([a]) => a],
  host: (a, b) => a * b,
  simplify([a, b]) {
    if (a === b) return square(a);
    for (const [x, y] of [
      [a, b],
      [b, a],
    ]) {
      const c = splat(y);
      if (c === 1) return whole(x, y);
      if (c === -1) return neg(whole(x, y));
      if (x.node.primitive === negPrimitive) return c === undefined ? neg(mul(x.node.inputs[0], y)) : mul(x.node.inputs[0], mul(y, -1));
      // (x c) d = x (c d): constants gather in one factor.
      if (c !== undefined && x.node.primitive === mulPrimitive && isFloat(x.dtype)) {
        const [p, q] = x.node.inputs;
        if (isSafe((splat(q) ?? 0) * c)) return mul(p, mul(q, y));
        if (isSafe((splat(p) ?? 0) * c)) return mul(q, mul(p, y));
      }
    }
    return undefined;
  },
});
export const mul = binary(mulPrimitive);

export const div = binary(
  elementwise("div", {
    onnx: "Div",
    takes: "number",
    partials: [([, b]) => reciprocal(b), ([, b], y) => neg(div(y, b))],
    simplify([a, b]) {
      const c = splat(b);
      if (c !== undefined && isFloat(b.dtype) && isSafe(1 / c)) return mul(a, reciprocal(b));
      return splat(a) === 1 && isFloat(b.dtype) ? reciprocal(whole(b, a)) : undefined;
    },
  }),
);

const negPrimitive: Primitive = elementwise("neg", {
  onnx: "Neg",
  takes: "number",
  exact: true,
  transpose: { 0: (ct) => neg(ct) },
  host: (a) => -a,
  simplify([x]) {
    if (x.node.primitive === negPrimitive) return x.node.inputs[0];
    return x.node.primitive.name === "sub" ? sub(x.node.inputs[1], x.node.inputs[0]) : undefined;
  },
});
export const neg = unary(negPrimitive);

export const reciprocal = unary(
  elementwise("reciprocal", { onnx: "Reciprocal", partials: [(_, y) => neg(square(y))], host: (a) => 1 / a }),
);

export const square = unary(
  elementwise("square", {
    onnx: (emit, [x]) => emit.op("Mul", [x, x]),
    takes: "number",
    partials: [([x]) => mul(x, 2)],
    host: (a) => a * a,
  }),
);
export const abs = unary(elementwise("abs", { onnx: "Abs", takes: "number", exact: true, partials: [([x]) => sign(x)], host: Math.abs }));
export const sign = unary(elementwise("sign", { onnx: "Sign", takes: "number", exact: true, flat: true, host: Math.sign }));
export const sqrt = unary(elementwise("sqrt", { onnx: "Sqrt", partials: [(_, y) => div(0.5, y)], host: Math.sqrt }));
export const rsqrt = (x: Value): Tensor => reciprocal(sqrt(x));

const powPrimitive = elementwise("pow", {
  onnx: "Pow",
  host: (a, b) => a ** b,
  partials: [([x, p]) => mul(p, pow(x, sub(p, 1))), ([x, p], y) => where(equal(p, 0), 0, mul(y, log(where(greater(x, 0), x, 1))))],
  simplify([x, p]) {
    const n = splat(p);
    if (n === undefined || !sameShape(broadcastShapes("pow", [x, p]), x.shape)) return undefined;
    if (n === 0) return broadcastTo(scalar(1, x.dtype), x.shape);
    if (n === 1) return x;
    if (n === 2) return square(x);
    if (n === 3) return mul(square(x), x);
    if (n === 4) return square(square(x));
    if (n === 0.5) return sqrt(x);
    if (n < 0 && n >= -4) return reciprocal(pow(x, -n));
    return undefined;
  },
});

/** x^p. Small integer and half powers become products and roots. */
export const pow = binary(powPrimitive);

// --- selection, rounding, comparison, logic -------------------------------------------------------------------------------------

const extremum = (
  name: "maximum" | "minimum",
  onnx: string,
  first: (a: Tensor, b: Tensor) => Tensor,
  host: (a: number, b: number) => number,
) =>
  binary(
    elementwise(name, {
      onnx,
      takes: "number",
      exact: true,
      host,
      // At a tie the first argument counts.
      partials: [([a, b]) => cast(first(a, b), a.dtype), ([a, b]) => cast(not(first(a, b)), a.dtype)],
    }),
  );
export const maximum = extremum("maximum", "Max", (a, b) => greaterEqual(a, b), Math.max);
export const minimum = extremum("minimum", "Min", (a, b) => lessEqual(a, b), Math.min);
export const clamp = (x: Value, low: Value, high: Value): Tensor => minimum(maximum(x, low), high);

export const floor = unary(elementwise("floor", { onnx: "Floor", exact: true, flat: true, host: Math.floor }));
export const ceil = unary(elementwise("ceil", { onnx: "Ceil", exact: true, flat: true, host: Math.ceil }));
/** To the nearest integer; halves to even. */
export const round = unary(elementwise("round", { onnx: "Round", exact: true, flat: true }));

const comparison = (name: string, onnx: string) => binary(elementwise(name, { onnx, takes: "any", result: "bool" }));
export const equal = comparison("equal", "Equal");
export const less = comparison("less", "Less");
export const lessEqual = comparison("lessEqual", "LessOrEqual");
export const greater = comparison("greater", "Greater");
export const greaterEqual = comparison("greaterEqual", "GreaterOrEqual");
export const notEqual = (a: Value, b: Value): Tensor => not(equal(a, b));
export const isNaN = unary(elementwise("isNaN", { onnx: "IsNaN", result: "bool" }));
export const isFinite = (x: Value): Tensor => less(abs(x), Number.POSITIVE_INFINITY);

export const and = binary(elementwise("and", { onnx: "And", takes: "bool", flat: true }));
export const or = binary(elementwise("or", { onnx: "Or", takes: "bool", flat: true }));
export const xor = binary(elementwise("xor", { onnx: "Xor", takes: "bool", flat: true }));
export const not = unary(elementwise("not", { onnx: "Not", takes: "bool", flat: true }));

const wherePrimitive: Primitive = {
  ...elementwise("where", { onnx: "Where", takes: "any", exact: true }),
  // The runtime has no kernel that chooses between booleans.
  expand: ([c, a, b]) => (a.dtype === "bool" ? [or(and(c, a), and(not(c), b))] : undefined),
  infer(inputs) {
    const [condition, a, b] = inputs;
    if (condition.dtype !== "bool") fail("where", "the condition must be bool", inputs);
    if (a.dtype !== b.dtype) fail("where", "the branches have different dtypes", inputs);
    return [{ dtype: a.dtype, shape: broadcastShapes("where", inputs) }];
  },
  jvp: ([c], [, da, db], [y]) => {
    if (!da && !db) return [undefined];
    const zero = scalar(0, y.dtype);
    return [broadcastTo(where(c, da ?? zero, db ?? zero), y.shape)];
  },
  vjp: ([c, a, b], [ct]) => {
    if (!ct) return [undefined, undefined, undefined];
    return [undefined, sumTo(where(c, ct, 0), a.shape), sumTo(where(c, 0, ct), b.shape)];
  },
  batch: (inputs, batched) => [apply1(wherePrimitive, alignBatch(inputs, batched))],
  simplify: (inputs, params) => dropBroadcast(wherePrimitive, inputs, params),
};

/** a where the condition holds, else b. Derivatives flow through the chosen branch only. */
export function where(condition: Value, a: Value, b: Value): Tensor {
  return apply1(wherePrimitive, [liftOne("where", condition, "bool"), ...lift("where", [a, b])]);
}

// --- dtypes ---------------------------------------------------------------------------------------------------------------------

const castPrimitive: Primitive = {
  name: "cast",
  exact: true,
  infer: ([x], { dtype }) => [{ dtype, shape: x.shape }],
  onnx: (emit, [x], node) => emit.op("Cast", [x], { to: onnxTypes[node.params.dtype as keyof typeof onnxTypes] }),
  jvp: ([x], [dx], _, { dtype }) => [dx && isFloat(x.dtype) && isFloat(dtype) ? cast(dx, dtype) : undefined],
  vjp: ([x], [ct], _, { dtype }) => [ct && isFloat(x.dtype) && isFloat(dtype) ? cast(ct, x.dtype) : undefined],
  batch: ([x], _, params) => [apply1(castPrimitive, [x], params)],
  simplify: ([x], { dtype }) => {
    if (x.dtype === dtype) return x;
    const c = splat(x);
    return c !== undefined && isFloat(dtype) ? broadcastTo(scalar(c, dtype), x.shape) : undefined;
  },
};

/** ONNX element types. */
export const onnxTypes = { f32: 1, u8: 2, i32: 6, i64: 7, bool: 9, f16: 10, f64: 11, bf16: 16 } as const;

export const cast = (x: Value, dtype: Tensor["dtype"]): Tensor => apply1(castPrimitive, [liftOne("cast", x, dtype)], { dtype });

const roundTo: Primitive = {
  name: "roundTo",
  exact: true,
  infer: ([x]) => [x],
  onnx(emit: Emitter, [x]: readonly string[], node: Node) {
    const low = emit.op("Cast", [x], { to: onnxTypes[node.params.mode as Rounding] });
    return emit.op("Cast", low, { to: onnxTypes.f32 });
  },
  transpose: { 0: (ct, _, params) => apply1(roundTo, [ct], params) },
  batch: ([x], _, params) => [apply1(roundTo, [x], params)],
  simplify: ([x]) => (x.node.primitive === roundTo ? x : undefined),
};

/** Rounds f32 values to the nearest f16 or bf16 and back. The derivative is rounded alike. */
export const roundToPrecision = (x: Tensor, mode: Rounding): Tensor => apply1(roundTo, [x], { mode });

/** A new identity for each tensor; see `alias`. */
export const aliasOf = (x: Tensor): Tensor => apply1(alias, [x]);

export * from "./functions.ts";
