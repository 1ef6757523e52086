/** Simplifications: applied whenever a primitive is. Each is a law that a test checks on its own. */
import { sizeOf } from "../array/ndarray.ts";
import { folded } from "./evaluate.ts";
import { apply1, roundTo, simplifyBy } from "./primitive.ts";
import { logSigmoid, sigmoid } from "./primitives/activations.ts";
import { add, div, mul, neg, reciprocal, sqrt, square, sub } from "./primitives/arithmetic.ts";
import { castPrimitive } from "./primitives/cast.ts";
import { scalar, splat } from "./primitives/constant.ts";
import { log, pow } from "./primitives/elementary.ts";
import { matmul, matmulPrimitive } from "./primitives/product.ts";
import { logSoftmax, logsumexp, max, min, softmax } from "./primitives/reduce.ts";
import { permuted, reshape, reshapePrimitive, transpose, transposePrimitive } from "./primitives/reshape.ts";
import { type Cut, concatPrimitive, cutLength, flipPrimitive, type Padding, padPrimitive, slicePrimitive } from "./primitives/slice.ts";
import { broadcastPrimitive, broadcastTo, reducedShape, sum } from "./primitives/sum.ts";
import { type Application, type Rule, rewriter, unchanged } from "./rewrite.ts";
import { broadcastShapes, sameShape } from "./shapes.ts";
import { isFloat, type MaybeTensor, type Params, type Primitive, type Tensor } from "./tensor.ts";

type Inputs = readonly Tensor[];

/** x in the shape that an elementwise result has. */
const whole = (x: Tensor, inputs: Inputs): Tensor => broadcastTo(x, broadcastShapes("broadcast", inputs));

/** f(x), if x has the shape of the result. */
const ifWhole = (x: Tensor, inputs: Inputs, f: (x: Tensor) => Tensor): MaybeTensor =>
  sameShape(broadcastShapes("pow", inputs), x.shape) ? f(x) : undefined;

/** A constant factor must be a normal number in every float: another in its place would overflow or lose digits. */
const isSafe = (c: number): boolean => Math.abs(c) > 2 ** -126 && Math.abs(c) < 2 ** 126;
const number = (x: Tensor): number => splat(x) ?? 0;

/** Rules of a product, and the same with its factors exchanged. */
const commuting = (rules: readonly Rule[]): Rule[] => [
  ...rules,
  ...rules.map(([law, pattern, result]): Rule => {
    if (typeof pattern === "function") return [law, pattern, result];
    const [head, x, y] = pattern;
    return [`${law}, exchanged`, [head, y, x], result];
  }),
];

const arithmetic: readonly Rule[] = [
  ["x + 0 = x", [add, "x", 0], ({ x }, _, inputs) => whole(x, inputs)],
  ["0 + x = x", [add, 0, "x"], ({ x }, _, inputs) => whole(x, inputs)],
  ["x + x = 2 x", [add, "x", "x"], ({ x }) => mul(x, 2)],
  ["x + -y = x - y", [add, "x", [neg, "y"]], ({ x, y }) => sub(x, y)],
  ["-x + y = y - x", [add, [neg, "x"], "y"], ({ x, y }) => sub(y, x)],
  ["x - 0 = x", [sub, "x", 0], ({ x }, _, inputs) => whole(x, inputs)],
  ["0 - x = -x", [sub, 0, "x"], ({ x }, _, inputs) => neg(whole(x, inputs))],
  ["x - -y = x + y", [sub, "x", [neg, "y"]], ({ x, y }) => add(x, y)],
  ["x x = x²", [mul, "x", "x"], ({ x }) => square(x)],
  ...commuting([
    ["x 1 = x", [mul, "x", 1], ({ x }, _, inputs) => whole(x, inputs)],
    ["x -1 = -x", [mul, "x", -1], ({ x }, _, inputs) => neg(whole(x, inputs))],
    ["-x y = -(x y)", [mul, [neg, "x"], "y"], ({ x, y }, _, inputs) => ifWhole(x, inputs, () => neg(mul(x, y)))],
    ["(p q) c = p (q c)", [mul, [mul, "p", "#q"], "#c"], ({ p, q, c }) => gathered(p, q, c)],
    ["(q p) c = p (q c)", [mul, [mul, "#q", "p"], "#c"], ({ p, q, c }) => gathered(p, q, c)],
  ]),
  ["x / c = x (1 / c)", [div, "x", "#c"], ({ x, c }) => (isFloat(c.dtype) && isSafe(1 / number(c)) ? mul(x, reciprocal(c)) : undefined)],
  ["1 / x = x⁻¹", [div, 1, "x"], ({ x }, _, inputs) => (isFloat(x.dtype) ? reciprocal(whole(x, inputs)) : undefined)],
  ["-(-x) = x", [neg, [neg, "x"]], ({ x }) => x],
  // a number's sign changes at once, and that of a factor that is spread out before it is: a pass less
  ["-(x y) = (-x) y", [neg, [mul, "x", "y"]], ({ x, y }, _, [product]) => (x.size < product.size ? mul(neg(x), y) : undefined)],
  ["-(x y) = x (-y)", [neg, [mul, "x", "y"]], ({ x, y }, _, [product]) => (y.size < product.size ? mul(x, neg(y)) : undefined)],
  ["-(x - y) = y - x", [neg, [sub, "x", "y"]], ({ x, y }) => sub(y, x)],
  ["x⁰ = 1", [pow, "x", 0], ({ x }, _, inputs) => ifWhole(x, inputs, () => broadcastTo(scalar(1, x.dtype), x.shape))],
  ["x¹ = x", [pow, "x", 1], ({ x }, _, inputs) => ifWhole(x, inputs, () => x)],
  ["x² = x x", [pow, "x", 2], ({ x }, _, inputs) => ifWhole(x, inputs, square)],
  ["x³ = x² x", [pow, "x", 3], ({ x }, _, inputs) => ifWhole(x, inputs, () => mul(square(x), x))],
  ["x⁴ = (x²)²", [pow, "x", 4], ({ x }, _, inputs) => ifWhole(x, inputs, () => square(square(x)))],
  ["x^½ = √x", [pow, "x", 0.5], ({ x }, _, inputs) => ifWhole(x, inputs, sqrt)],
  ["x⁻ⁿ = 1 / xⁿ", [pow, "x", "#n"], ({ x, n }, _, inputs) => ifNegative(number(n), () => ifWhole(x, inputs, () => inverted(x, n)))],
];

const gathered = (p: Tensor, q: Tensor, c: Tensor): MaybeTensor =>
  isFloat(p.dtype) && isSafe(number(q) * number(c)) ? mul(p, mul(q, c)) : undefined;
const ifNegative = (n: number, f: () => MaybeTensor): MaybeTensor => (n < 0 && n >= -4 ? f() : undefined);
const inverted = (x: Tensor, n: Tensor): Tensor => reciprocal(pow(x, -number(n)));

const elementwise: readonly Rule[] = [
  ["a cast to the same dtype", [castPrimitive, "x"], ({ x }, { dtype }) => (x.dtype === dtype ? x : undefined)],
  // of models that give probabilities: neither underflow nor a vanishing gradient where one of them is 0 in floats
  ["log softmax x", [log, [softmax, "x"]], ({ x }) => logSoftmax(x)],
  ["log sigmoid x", [log, [sigmoid, "x"]], ({ x }) => logSigmoid(x)],
  ["1 - sigmoid x = sigmoid -x", [sub, 1, [sigmoid, "x"]], ({ x }, _, inputs) => ifWhole(x, inputs, () => sigmoid(neg(x)))],
  ["rounded twice = once", [roundTo, [roundTo, "x"]], (_m, _p, [x]) => x],
  ["f(c, …) = a number", (p) => p.scalar !== undefined, (_, params, inputs, p) => folded(p, inputs, params)],
  ["f(broadcast x, …) = f(x, …)", (p) => p.elementwise === true, (_, params, inputs, p) => unspread(p, inputs, params)],
  ["broadcast all, then f = f, then broadcast", (p) => p.elementwise === true, (_, params, inputs, p) => later(p, inputs, params)],
];

const isBroadcast = (x: Tensor): boolean => x.node.primitive === broadcastPrimitive;
const sourceOf = (x: Tensor): Tensor => (isBroadcast(x) ? x.node.inputs[0] : x);

/** Elementwise operations broadcast by themselves: an operand that was broadcast explicitly is used as it was before. */
function unspread(primitive: Primitive, inputs: Inputs, params: Params): MaybeTensor {
  if (!inputs.some(isBroadcast)) return undefined;
  const shape = broadcastShapes(primitive.name, inputs);
  for (const [i, x] of inputs.entries()) {
    const slim = inputs.with(i, sourceOf(x));
    if (isBroadcast(x) && sameShape(broadcastShapes(primitive.name, slim), shape)) return apply1(primitive, slim, params);
  }
  return undefined;
}

/** All operands are broadcast: compute before, broadcast after, if that is less work. */
function later(primitive: Primitive, inputs: Inputs, params: Params): MaybeTensor {
  if (!inputs.some(isBroadcast)) return undefined;
  const before = inputs.map(sourceOf);
  const shape = broadcastShapes(primitive.name, inputs);
  if (sizeOf(broadcastShapes(primitive.name, before)) >= sizeOf(shape)) return undefined;
  return broadcastTo(apply1(primitive, before, params), shape);
}

const movement: readonly Rule[] = [
  ["x as it is", [reshapePrimitive, "x"], ({ x }, { shape }) => (sameShape(x.shape, shape) ? x : undefined)],
  ["reshaped twice = once", [reshapePrimitive, [reshapePrimitive, "x"]], ({ x }, { shape }) => reshape(x, shape)],
  ["a number reshaped", [reshapePrimitive, "#c"], ({ c }, { shape }) => broadcastTo(scalar(number(c), c.dtype), shape)],
  ["broadcast to its own shape", [broadcastPrimitive, "x"], ({ x }, { shape }) => (sameShape(x.shape, shape) ? x : undefined)],
  ["broadcast twice = once", [broadcastPrimitive, [broadcastPrimitive, "x"]], ({ x }, { shape }) => broadcastTo(x, shape)],
  ["axes of length 1 alone move", [transposePrimitive, "x"], ({ x }, { permutation: p }) => asReshape(x, p)],
  [
    "transposed twice = once",
    [transposePrimitive, [transposePrimitive, "x"]],
    ({ x }, { permutation: p }, [y]) => transpose(x, permuted(y.node.params.permutation, p)),
  ],
  ["all of x", [slicePrimitive, "x"], ({ x }, { cuts }) => (isAll(x, cuts) ? x : undefined)],
  ["a slice of one piece", [slicePrimitive, [concatPrimitive]], (_, { cuts }, [x]) => sliceOfConcat(x, cuts)],
  ["padded by nothing", [padPrimitive, "x"], ({ x }, { paddings }) => (paddings.every(isNothing) ? x : undefined)],
  [
    "two that fill each other's zeros = side by side",
    [add, [padPrimitive, "a"], [padPrimitive, "b"]],
    ({ a, b }, _, inputs) => beside(a, b, inputs),
  ],
  ["no axis reversed", [flipPrimitive, "x"], ({ x }, { axes }) => (axes.length === 0 ? x : undefined)],
  [
    "reversed twice",
    [flipPrimitive, [flipPrimitive, "x"]],
    ({ x }, { axes }, [y]) => (sameShape(y.node.params.axes, axes) ? x : undefined),
  ],
  ["joined with nothing", [concatPrimitive], (_, { axis }, inputs) => joined(inputs, axis)],
];

const isIncreasing = (p: readonly number[]): boolean => p.every((i, j) => j === 0 || p[j - 1] < i);

function asReshape(x: Tensor, p: readonly number[]): MaybeTensor {
  return p.length === x.rank && isIncreasing(p.filter((i) => x.shape[i] !== 1)) ? reshape(x, permuted(x.shape, p)) : undefined;
}

const isAll = (x: Tensor, cuts: readonly Cut[]): boolean => cuts.every((c, i) => cutLength(c) === x.shape[x.rank - cuts.length + i]);
const isNothing = (p: Padding): boolean => !p.low && !p.high && !p.interior;

/** Padded a and b that overlap nowhere and leave no gap: what the pieces of a tensor give back to it. */
function beside(a: Tensor, b: Tensor, [x, y]: Inputs): MaybeTensor {
  const [p, q]: (readonly Padding[])[] = [x.node.params.paddings, y.node.params.paddings];
  if (p.length !== q.length || !sameShape(x.shape, y.shape)) return undefined;
  const padded = p.flatMap((_, i) => (isNothing(p[i]) && isNothing(q[i]) ? [] : [i]));
  const [at] = padded;
  if (padded.length !== 1 || p[at].interior || q[at].interior) return undefined;
  const axis = at - p.length;
  const first = (u: Padding, v: Padding, n: number): boolean => u.low === 0 && v.high === 0 && v.low === n;
  if (first(p[at], q[at], a.shape[a.rank + axis])) return apply1(concatPrimitive, [a, b], { axis });
  return first(q[at], p[at], b.shape[b.rank + axis]) ? apply1(concatPrimitive, [b, a], { axis }) : undefined;
}

/** A slice that lies in one piece of a concatenation is a slice of that piece. */
function sliceOfConcat(x: Tensor, cuts: readonly Cut[]): MaybeTensor {
  const { axis } = x.node.params as { axis: number };
  const at = cuts.length + axis;
  if (at < 0) return undefined;
  let offset = 0;
  for (const piece of x.node.inputs) {
    const n = piece.shape[piece.rank + axis];
    const { start, stop, step } = cuts[at];
    if (start >= offset && stop <= offset + n)
      return apply1(slicePrimitive, [piece], {
        cuts: cuts.map((c, i) => (i === at ? { start: start - offset, stop: stop - offset, step } : c)),
      });
    offset += n;
  }
  return undefined;
}

/** Pieces of length 0 are left out. */
function joined(inputs: Inputs, axis: number): MaybeTensor {
  const solid = inputs.filter((x) => x.shape[x.rank + axis] !== 0);
  if (solid.length === 1) return solid[0];
  return solid.length < inputs.length && solid.length > 0 ? apply1(concatPrimitive, solid, { axis }) : undefined;
}

const reductions: readonly Rule[] = [
  ...[sum, max, min, logsumexp].map(
    ({ primitive: p }): Rule => [
      `${p.name} over axes of length 1`,
      [p, "x"],
      ({ x }, params) => (isTrivial(x, params) ? reshape(x, shapeOf(x, params)) : undefined),
    ],
  ),
  ...[sum.primitive, logsumexp.primitive, matmulPrimitive].map(
    (p): Rule => [
      `${p.name} over nothing`,
      [p],
      (_, params, [x, y]) => (x.size === 0 ? p.expand?.([x, y], params, "onnx")?.[0] : undefined),
    ],
  ),
  ["Σ of equal elements = n x", [sum, [broadcastPrimitive, "x"]], ({ x }, params, [y]) => sumOfEqual(x, y, params)],
];

const shapeOf = (x: Tensor, { axes, keepDims }: Params): readonly number[] => reducedShape(x, axes, keepDims);
const isTrivial = (x: Tensor, params: Params): boolean => x.size > 0 && sizeOf(shapeOf(x, params)) === x.size;

/** Sums along axes along which `source` was broadcast to give x are products. */
function sumOfEqual(source: Tensor, x: Tensor, params: { axes: readonly number[]; keepDims: boolean }): MaybeTensor {
  const isEqual = (a: number): boolean => source.rank + a < 0 || (source.shape[source.rank + a] === 1 && x.shape[x.rank + a] !== 1);
  const equalAxes = params.axes.filter(isEqual);
  if (equalAxes.length === 0 || !isFloat(x.dtype) || x.size === 0) return undefined;
  const count = sizeOf(equalAxes.map((a) => x.shape[x.rank + a]));
  const rest = params.axes.filter((a) => !isEqual(a));
  const once = broadcastTo(source, reducedShape(x, equalAxes, true));
  const total = mul(rest.length ? sum(once, rest, true) : once, count);
  return reshape(total, shapeOf(x, params));
}

// --- products with repeated rows or columns, which need only one of them; those with equal entries are sums ------------------------

/** A rule of products of two matrices, with k > 0 terms each. */
const product = (law: string, inputs: [string, string], result: (a: Tensor, b: Tensor) => MaybeTensor): Rule => {
  const pattern: Application = [matmulPrimitive, ...inputs];
  return [law, pattern, (_m, _p, [a, b]) => (areMatrices(a, b) ? result(a, b) : undefined)];
};
const areMatrices = (a: Tensor, b: Tensor): boolean =>
  a.rank === 2 && b.rank === 2 && a.dtype === b.dtype && a.shape[1] === b.shape[0] && a.shape[1] > 0;
const ofShape = (y: Tensor, a: Tensor, b: Tensor): Tensor => broadcastTo(y, [a.shape[0], b.shape[1]]);

const products: readonly Rule[] = [
  product("c 11ᵀ B = c 1 Σ B", ["#a", "b"], (a, b) => (a.size > 1 ? ofShape(mul(sum(b, 0, true), number(a)), a, b) : undefined)),
  product("A c 11ᵀ = c Σ A 1ᵀ", ["a", "#b"], (a, b) => (b.size > 1 ? ofShape(mul(sum(a, 1, true), number(b)), a, b) : undefined)),
  product("(1 rᵀ) B = 1 (rᵀ B)", ["a", "b"], (a, b) => repeats(a, 0, a.shape[0], a.shape[1], (row) => ofShape(matmul(row, b), a, b))),
  product("A (c 1ᵀ) = (A c) 1ᵀ", ["a", "b"], (a, b) => repeats(b, 1, b.shape[1], a.shape[1], (column) => ofShape(matmul(a, column), a, b))),
  product("A (1 rᵀ) = (A 1) rᵀ", ["a", "b"], (a, b) => repeats(b, 0, 2, a.shape[1], (row) => mul(sum(a, 1, true), row))),
  product("(c 1ᵀ) B = c (1ᵀ B)", ["a", "b"], (a, b) => repeats(a, 1, 2, a.shape[1], (column) => mul(column, sum(b, 0, true)))),
];

/** f of the row (axis 0) or column (axis 1) that x repeats, if there is more than one and more than one term. */
function repeats(x: Tensor, axis: 0 | 1, times: number, terms: number, f: (one: Tensor) => Tensor): MaybeTensor {
  const one = times > 1 && terms > 1 ? repeated(x, axis) : undefined;
  return one && f(one);
}

/** The matrix, one long in `axis`, that was repeated along that axis to give x. */
function repeated(x: Tensor, axis: 0 | 1): MaybeTensor {
  const [source] = x.node.inputs;
  if (x.node.primitive === transposePrimitive) {
    const one = repeated(source, axis === 0 ? 1 : 0);
    return one && transpose(one);
  }
  if (x.node.primitive !== broadcastPrimitive) return undefined;
  const at = source.rank - 2 + axis;
  if (at >= 0 && source.shape[at] !== 1) return undefined;
  return broadcastTo(source, axis === 0 ? [1, x.shape[1]] : [x.shape[0], 1]);
}

/** All simplifications. The first that fits is applied. */
export const simplifications: readonly Rule[] = [...arithmetic, ...elementwise, ...movement, ...reductions, ...products];

const simplified = rewriter(simplifications);
simplifyBy((primitive, inputs, params) => simplified(primitive, inputs, params, unchanged));
