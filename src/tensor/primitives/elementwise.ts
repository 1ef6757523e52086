/**
 * Elementwise primitives with NumPy broadcasting. Each states its ONNX operator, its partial derivatives c_i = ∂y/∂x_i, and its value on
 * plain numbers (for constant folding). Where ONNX Runtime has no f64 kernel, or one of poor accuracy, `expand` composes it from others.
 */
import { sizeOf } from "../ndarray.ts";
import {
  apply1,
  broadcastShapes,
  type Emitter,
  fail,
  isFloat,
  type Node,
  type Primitive,
  type Rounding,
  sameShape,
} from "../primitive.ts";
import type { Tensor } from "../tensor.ts";
import { alias, lift, liftOne, scalar, splat, type Value } from "./constant.ts";
import { broadcastTo, reshape, sumTo } from "./shape.ts";

interface Elementwise {
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

function elementwise(name: string, spec: Elementwise): Primitive {
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
    simplify: (inputs, params) =>
      spec.simplify?.(inputs, params) ?? fold(spec, inputs) ?? dropBroadcast(primitive, inputs, params),
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

const unary =
  (primitive: Primitive) =>
  (x: Value): Tensor =>
    apply1(primitive, lift(primitive.name, [x]));
const binary =
  (primitive: Primitive) =>
  (a: Value, b: Value): Tensor =>
    apply1(primitive, lift(primitive.name, [a, b]));

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
      if (x.node.primitive === negPrimitive)
        return c === undefined ? neg(mul(x.node.inputs[0], y)) : mul(x.node.inputs[0], mul(y, -1));
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
export const abs = unary(
  elementwise("abs", { onnx: "Abs", takes: "number", exact: true, partials: [([x]) => sign(x)], host: Math.abs }),
);
export const sign = unary(elementwise("sign", { onnx: "Sign", takes: "number", exact: true, flat: true, host: Math.sign }));
export const sqrt = unary(elementwise("sqrt", { onnx: "Sqrt", partials: [(_, y) => div(0.5, y)], host: Math.sqrt }));
export const rsqrt = (x: Value): Tensor => reciprocal(sqrt(x));

const powPrimitive = elementwise("pow", {
  onnx: "Pow",
  host: (a, b) => a ** b,
  partials: [
    ([x, p]) => mul(p, pow(x, sub(p, 1))),
    ([x, p], y) => where(equal(p, 0), 0, mul(y, log(where(greater(x, 0), x, 1)))),
  ],
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

// --- exponentials ---------------------------------------------------------------------------------------------------------------

export const exp = unary(elementwise("exp", { onnx: "Exp", partials: [(_, y) => y], host: Math.exp }));
export const log = unary(elementwise("log", { onnx: "Log", partials: [([x]) => reciprocal(x)], host: Math.log }));

/** exp(x) - 1, accurate near 0 by Kahan's correction: (u - 1) x / log u with u = fl(exp x). */
export const expm1 = unary(
  elementwise("expm1", {
    expand([x]) {
      const near = less(abs(x), 0.5);
      const safe = where(near, x, 0.25);
      const u = exp(safe);
      const corrected = div(mul(sub(u, 1), safe), log(u));
      return [where(near, where(equal(u, 1), x, corrected), sub(exp(x), 1))];
    },
    partials: [(_, y) => add(y, 1)],
    host: Math.expm1,
  }),
);

/** log(1 + x), accurate near 0 by Kahan's correction: x log u / (u - 1) with u = fl(1 + x). */
export const log1p = unary(
  elementwise("log1p", {
    expand([x]) {
      const u = add(x, 1);
      const near = less(abs(x), 0.5);
      const corrected = div(mul(log(u), x), sub(u, 1));
      return [where(equal(u, 1), x, where(near, corrected, log(u)))];
    },
    partials: [([x]) => reciprocal(add(x, 1))],
    host: Math.log1p,
  }),
);

const sigmoidHost = (x: number): number => 1 / (1 + Math.exp(-x));
export const sigmoid = unary(
  elementwise("sigmoid", { onnx: "Sigmoid", partials: [(_, y) => sub(y, square(y))], host: sigmoidHost }),
);

/** log(1 + e^x), without overflow. */
export const softplus = unary(
  elementwise("softplus", {
    onnx: "Softplus",
    expand: ([x]) => (x.dtype === "f64" ? [add(maximum(x, 0), log1p(exp(neg(abs(x)))))] : undefined),
    partials: [([x]) => sigmoid(x)],
  }),
);

export const logSigmoid = (x: Value): Tensor => neg(softplus(neg(x)));

/** x sigmoid(x) (SiLU, swish). y' = σ + y (1 - σ). */
export const silu = unary(
  elementwise("silu", {
    expand: ([x]) => [mul(x, sigmoid(x))],
    partials: [
      ([x], y) => {
        const s = sigmoid(x);
        return add(s, sub(y, mul(y, s)));
      },
    ],
  }),
);

/** x Φ(x), exact Gaussian error linear unit. */
export const gelu = unary(
  elementwise("gelu", {
    onnx: "Gelu",
    expand: ([x]) => (x.dtype === "f64" ? [mul(x, gaussianCdf(x))] : undefined),
    partials: [([x]) => add(gaussianCdf(x), mul(x, gaussianPdf(x)))],
  }),
);
const gaussianCdf = (x: Tensor): Tensor => mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
const gaussianPdf = (x: Tensor): Tensor => mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));

export const relu = unary(
  elementwise("relu", {
    onnx: "Relu",
    exact: true,
    partials: [([x]) => cast(greater(x, 0), x.dtype)],
    host: (a) => Math.max(a, 0),
  }),
);

/**
 * Gauss error function. f64: Taylor series for |x| < 1, else the trapezoidal rule of Chiarella and Reichel (Math. Comp. 22, 1968) with
 * h = 1/2, erfc x = (2hx/π) e^{-x²} [1/(2x²) + Σ e^{-n²h²}/(n²h² + x²)] - 2/(e^{2πx/h} - 1), which is exact to rounding.
 */
export const erf = unary(
  elementwise("erf", {
    onnx: "Erf",
    expand([x]) {
      if (x.dtype !== "f64") return undefined;
      const z = clamp(x, -1, 1);
      const z2 = square(z);
      let series: Tensor = liftOne("erf", 0, "f64");
      for (let n = 19; n >= 0; n--) series = add(mul(series, z2), (n % 2 ? -1 : 1) / (factorial(n) * (2 * n + 1)));
      const near = mul(mul(series, z), 2 / Math.sqrt(Math.PI));
      const a = clamp(abs(x), 1, 7);
      const a2 = square(a);
      let sum: Tensor = div(0.5, a2);
      for (let n = 1; n <= 13; n++) sum = add(sum, div(Math.exp(-n * n * 0.25), add(a2, n * n * 0.25)));
      const tail = sub(mul(mul(mul(a, 1 / Math.PI), exp(neg(a2))), sum), div(2, sub(exp(mul(a, 4 * Math.PI)), 1)));
      return [where(less(abs(x), 1), near, mul(sign(x), sub(1, tail)))];
    },
    partials: [([x]) => mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))],
  }),
);
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

// --- trigonometric and hyperbolic -----------------------------------------------------------------------------------------------

export const sin = unary(elementwise("sin", { onnx: "Sin", partials: [([x]) => cos(x)], host: Math.sin }));
export const cos = unary(elementwise("cos", { onnx: "Cos", partials: [([x]) => neg(sin(x))], host: Math.cos }));
export const tan = unary(elementwise("tan", { expand: ([x]) => [div(sin(x), cos(x))], partials: [(_, y) => add(square(y), 1)] }));
export const atan = unary(
  elementwise("atan", {
    onnx: "Atan",
    // atan x = 2 atan(x / (1 + √(1 + x²))) brings the argument into [-1, 1]; twice more, and a short series is exact.
    expand([x]) {
      if (x.dtype !== "f64") return undefined;
      const half = (t: Tensor): Tensor => div(t, add(sqrt(add(square(t), 1)), 1));
      const t = half(half(half(clamp(x, -1e150, 1e150))));
      const t2 = square(t);
      let series: Tensor = liftOne("atan", 0, "f64");
      for (let n = 12; n >= 0; n--) series = add(mul(series, t2), (n % 2 ? -1 : 1) / (2 * n + 1));
      return [mul(mul(series, t), 8)];
    },
    partials: [([x]) => reciprocal(add(square(x), 1))],
  }),
);
/** Inverse sine; through atan, since ONNX Runtime has no f64 kernel. */
export const asin = unary(
  elementwise("asin", {
    onnx: "Asin",
    expand: ([x]) => (x.dtype === "f64" ? [atan(div(x, sqrt(mul(sub(1, x), add(x, 1)))))] : undefined),
    partials: [([x]) => rsqrt(sub(1, square(x)))],
  }),
);
/** Inverse cosine. f64: 2 atan √((1 - x) / (1 + x)), accurate near 1 too. */
export const acos = unary(
  elementwise("acos", {
    onnx: "Acos",
    expand: ([x]) => (x.dtype === "f64" ? [mul(atan(sqrt(div(sub(1, x), add(x, 1)))), 2)] : undefined),
    partials: [([x]) => neg(rsqrt(sub(1, square(x))))],
  }),
);

export const tanh = unary(elementwise("tanh", { onnx: "Tanh", partials: [(_, y) => sub(1, square(y))], host: Math.tanh }));
/** (e^x - e^-x)/2 from expm1, accurate near 0. */
export const sinh = unary(
  elementwise("sinh", {
    expand: ([x]) => [mul(sub(expm1(x), expm1(neg(x))), 0.5)],
    partials: [([x]) => cosh(x)],
  }),
);
export const cosh = unary(
  elementwise("cosh", { expand: ([x]) => [mul(add(exp(x), exp(neg(x))), 0.5)], partials: [([x]) => sinh(x)], host: Math.cosh }),
);
export const asinh = unary(
  elementwise("asinh", {
    // log(a + √(a² + 1)); beyond 1e8, where a² might overflow, log 2a is exact to rounding.
    expand([x]) {
      const a = abs(x);
      const b = minimum(a, 1e8);
      const near = log1p(add(b, div(square(b), add(sqrt(add(square(b), 1)), 1))));
      return [mul(sign(x), where(less(a, 1e8), near, add(log(a), Math.LN2)))];
    },
    partials: [([x]) => rsqrt(add(square(x), 1))],
  }),
);
export const acosh = unary(
  elementwise("acosh", {
    expand([x]) {
      const t = sub(x, 1);
      return [log1p(add(t, mul(sqrt(t), sqrt(add(x, 1)))))];
    },
    partials: [([x]) => rsqrt(sub(square(x), 1))],
  }),
);
export const atanh = unary(
  elementwise("atanh", {
    expand: ([x]) => [mul(sub(log1p(x), log1p(neg(x))), 0.5)],
    partials: [([x]) => reciprocal(sub(1, square(x)))],
  }),
);

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
