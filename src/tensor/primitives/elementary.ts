/** Elementary functions: exponentials, the error function, trigonometric and hyperbolic functions. */
import type { Tensor } from "../tensor.ts";
import * as functions from "../wasm/functions.ts";
import {
  abs,
  add,
  and,
  clamp,
  div,
  equal,
  greater,
  less,
  maximum,
  minimum,
  mul,
  neg,
  not,
  reciprocal,
  rsqrt,
  sign,
  sqrt,
  square,
  sub,
  where,
} from "./arithmetic.ts";
import { liftOne, splat } from "./constant.ts";
import { binary, unary } from "./elementwise.ts";

export const exp = unary("exp", {
  slow: true,
  lanes: (v, [x]) => functions.exp(v, x),
  onnx: "Exp",
  partials: [(_, y) => y],
  scalar: Math.exp,
});
export const log = unary("log", {
  slow: true,
  lanes: (v, [x]) => functions.log(v, x),
  onnx: "Log",
  partials: [([x]) => reciprocal(x)],
  scalar: Math.log,
});

/** exp(x) - 1, accurate near 0 by Kahan's correction: (u - 1) x / log u with u = fl(exp x). */
export const expm1 = unary("expm1", {
  expand([x]) {
    const near = less(abs(x), 0.5);
    const safe = where(near, x, 0.25);
    const u = exp(safe);
    const corrected = div(mul(sub(u, 1), safe), log(u));
    return [where(near, where(equal(u, 1), x, corrected), sub(exp(x), 1))];
  },
  partials: [(_, y) => add(y, 1)],
  scalar: Math.expm1,
});

/** log(1 + x), accurate near 0 by Kahan's correction: x log u / (u - 1) with u = fl(1 + x). */
export const log1p = unary("log1p", {
  expand([x]) {
    const u = add(x, 1);
    const near = less(abs(x), 0.5);
    const corrected = div(mul(log(u), x), sub(u, 1));
    return [where(equal(u, 1), x, where(near, corrected, log(u)))];
  },
  partials: [([x]) => reciprocal(add(x, 1))],
  scalar: Math.log1p,
});

/**
 * x^p. Small integer and half powers become products and roots (rules.ts).
 *
 *   ∂/∂x = p x^(p-1), which is 0 for p = 0 where x is 0 or NaN too: x⁰ = 1
 *   ∂/∂p = x^p log x, which is taken for 0 at x = 0 and p ≥ 0; NaN for x < 0, where only integers p have a power
 */
export const pow = binary("pow", {
  slow: true,
  lanes: (v, [x, p]) => functions.pow(v, x, p),
  onnx: "Pow",
  scalar: power,
  partials: [([x, p]) => powerSlope(x, p), ([x], y) => mul(y, log(where(equal(x, 0), 1, x)))],
});

function powerSlope(x: Tensor, p: Tensor): Tensor {
  if (splat(p)) return mul(p, pow(x, sub(p, 1)));
  const singular = and(equal(p, 0), not(greater(abs(x), 0)));
  return where(singular, 0, mul(p, pow(where(singular, 1, x), sub(p, 1))));
}

/** IEEE 754: 1^p = 1 for every p, where JavaScript says NaN. */
function power(x: number, p: number): number {
  return x === 1 || (x === -1 && Math.abs(p) === Number.POSITIVE_INFINITY) ? 1 : x ** p;
}

/**
 * Gauss error function. f64: Taylor series for |x| < 1, else the trapezoidal rule of Chiarella and Reichel (Math. Comp. 22, 1968) with
 * h = 1/2, erfc x = (2hx/π) e^{-x²} [1/(2x²) + Σ e^{-n²h²}/(n²h² + x²)] - 2/(e^{2πx/h} - 1), which is exact to rounding.
 */
export const erf = unary("erf", {
  slow: true,
  lanes: (v, [x]) => functions.erf(v, x),
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
});
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

// --- trigonometric and hyperbolic -----------------------------------------------------------------------------------------------

export const sin = unary("sin", {
  slow: true,
  lanes: (v, [x]) => functions.sin(v, x),
  onnx: "Sin",
  partials: [([x]) => cos(x)],
  scalar: Math.sin,
});
export const cos = unary("cos", {
  slow: true,
  lanes: (v, [x]) => functions.cos(v, x),
  onnx: "Cos",
  partials: [([x]) => neg(sin(x))],
  scalar: Math.cos,
});
export const tan = unary("tan", { expand: ([x]) => [div(sin(x), cos(x))], partials: [(_, y) => add(square(y), 1)] });
export const atan = unary("atan", {
  onnx: "Atan",
  // atan x = 2 atan(x / (1 + √(1 + x²))) brings the argument into [-1, 1]; twice more, and a short series is exact.
  expand([x], _, target) {
    if (x.dtype !== "f64" && target === "onnx") return undefined;
    const half = (t: Tensor): Tensor => div(t, add(sqrt(add(square(t), 1)), 1));
    // beyond, atan is π/2 to rounding, and x² is finite
    const end = x.dtype === "f64" ? 1e150 : 1e18;
    const t = half(half(half(clamp(x, -end, end))));
    const t2 = square(t);
    let series: Tensor = liftOne("atan", 0, x.dtype);
    for (let n = 12; n >= 0; n--) series = add(mul(series, t2), (n % 2 ? -1 : 1) / (2 * n + 1));
    return [mul(mul(series, t), 8)];
  },
  partials: [([x]) => reciprocal(add(square(x), 1))],
});
/** 1 - x² without the cancellation near 1. */
const oneMinusSquare = (x: Tensor): Tensor => mul(sub(1, x), add(x, 1));

/** Inverse sine; through atan, since ONNX Runtime has no f64 kernel. */
export const asin = unary("asin", {
  onnx: "Asin",
  expand: ([x], _, target) => (x.dtype === "f64" || target === "wasm" ? [atan(div(x, sqrt(mul(sub(1, x), add(x, 1)))))] : undefined),
  partials: [([x]) => rsqrt(oneMinusSquare(x))],
});
/** Inverse cosine. f64: 2 atan √((1 - x) / (1 + x)), accurate near 1 too. */
export const acos = unary("acos", {
  onnx: "Acos",
  expand: ([x], _, target) => (x.dtype === "f64" || target === "wasm" ? [mul(atan(sqrt(div(sub(1, x), add(x, 1)))), 2)] : undefined),
  partials: [([x]) => neg(rsqrt(oneMinusSquare(x)))],
});

export const tanh = unary("tanh", {
  slow: true,
  lanes: (v, [x]) => functions.tanh(v, x),
  onnx: "Tanh",
  partials: [(_, y) => sub(1, square(y))],
  scalar: Math.tanh,
});
/** (e^x - e^-x)/2: from expm1 near 0; e^x as a square beyond, since it may overflow where half of it does not. */
export const sinh = unary("sinh", {
  expand([x]) {
    const near = less(abs(x), 1);
    const small = where(near, x, 0);
    const [half, inverse] = halves(x);
    return [where(near, mul(sub(expm1(small), expm1(neg(small))), 0.5), mul(sign(x), sub(half, inverse)))];
  },
  partials: [([x]) => cosh(x)],
});
export const cosh = unary("cosh", {
  expand: ([x]) => [add(...halves(x))],
  partials: [([x]) => sinh(x)],
  scalar: Math.cosh,
});
/** e^|x| / 2 and e^-|x| / 2. */
function halves(x: Tensor): [Tensor, Tensor] {
  const root = exp(mul(abs(x), 0.5));
  return [mul(mul(root, 0.5), root), div(div(0.5, root), root)];
}
export const asinh = unary("asinh", {
  // log(a + √(a² + 1)); beyond 1e8, where a² might overflow, log 2a is exact to rounding.
  expand([x]) {
    const a = abs(x);
    const b = minimum(a, 1e8);
    const near = log1p(add(b, div(square(b), add(sqrt(add(square(b), 1)), 1))));
    return [mul(sign(x), where(less(a, 1e8), near, add(log(a), Math.LN2)))];
  },
  // Beyond 1e8, where x² might overflow, 1/|x| is exact to rounding.
  partials: [([x]) => where(less(abs(x), 1e8), rsqrt(add(square(clamp(x, -1e8, 1e8)), 1)), reciprocal(maximum(abs(x), 1e8)))],
});
export const acosh = unary("acosh", {
  expand([x]) {
    // Beyond 1e8, log 2x is exact to rounding.
    const t = sub(minimum(x, 1e8), 1);
    const near = log1p(add(t, mul(sqrt(t), sqrt(add(t, 2)))));
    return [where(less(x, 1e8), near, add(log(x), Math.LN2))];
  },
  // One root each, so that the product does not overflow.
  partials: [([x]) => mul(rsqrt(sub(x, 1)), rsqrt(add(x, 1)))],
});
export const atanh = unary("atanh", {
  expand: ([x]) => [mul(sub(log1p(x), log1p(neg(x))), 0.5)],
  partials: [([x]) => reciprocal(oneMinusSquare(x))],
});
