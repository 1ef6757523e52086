/**
 * Operators of the runtime that do the work of several primitives, chosen on lowered programs:
 *
 *   α A B + β C                  one Gemm (bias, and the update p - η Xᵀ δ of a gradient step)
 *   Σ over leading axes          a product with a row of ones: 2 to 5 times faster than ReduceSum from 10⁵ elements
 *   f(column, …) again and again the column written out once: 5 to 10 times faster for 1,024 rows of 2 to 10 (bench lowerings)
 */
import { sizeOf } from "../array/ndarray.ts";
import { apply, apply1, withSharing } from "./primitive.ts";
import { longest } from "./primitives/accumulate.ts";
import { add, mul, neg, sub } from "./primitives/arithmetic.ts";
import { scalar, splat } from "./primitives/constant.ts";
import { matmulPrimitive } from "./primitives/product.ts";
import { reshape, reshapePrimitive, transposePrimitive, untransposed } from "./primitives/reshape.ts";
import { broadcastTo, sum } from "./primitives/sum.ts";
import { type Graph, type Match, type Rule, rewriter } from "./rewrite.ts";
import { broadcastShapes, sameShape } from "./shapes.ts";
import { isFloat, type MaybeTensor, type Params, type Primitive, type Tensor } from "./tensor.ts";
import { type Program, reachable } from "./walk.ts";

/** α A B, or α A B + β C with C broadcast to the product's shape. */
const gemm: Primitive = {
  name: "gemm",
  infer: ([a, b]) => [{ dtype: a.dtype, shape: [a.shape[0], b.shape[1]] }],
  onnx(emit, inputs, { inputs: [a, b], params }) {
    const [at, bt] = [untransposed(a), untransposed(b)];
    const names = [at ? emit.name(at) : inputs[0], bt ? emit.name(bt) : inputs[1], ...inputs.slice(2)];
    return emit.op("Gemm", names, { transA: at ? 1 : 0, transB: bt ? 1 : 0, alpha: params.alpha, beta: params.beta });
  },
};

/** A broadcast that is written out, for what is used again and again. Elementwise operations would drop a `broadcastTo`. */
const written: Primitive = {
  name: "written",
  infer: ([x], { shape }) => [{ dtype: x.dtype, shape }],
  onnx: (emit, [x], { params }) => emit.op("Expand", [x, emit.ints(params.shape)]),
};
/** Uses from which writing out pays: it costs as much as broadcasting does two to four times. */
const many = 4;
/** Elements of a row up to which broadcasting costs more than the operation itself. */
const shortRow = 32;

const multiple = (a: Tensor, b: Tensor, alpha: number): Tensor => apply1(gemm, [a, b], { alpha, beta: 0 });

/** What is, up to its shape, a product, if nothing else needs it. */
const product = (x: Tensor, graph: Graph): Match | undefined => {
  const { primitive, inputs, params } = x.node;
  const p = graph.uses(x) === 1 ? asProduct(primitive, inputs, params, graph) : undefined;
  return p && { p };
};

/** The same, arranged in another shape with the same last axis: a bias is added to rows, so it can be added before that. */
const arrangedProduct = (x: Tensor, graph: Graph): Match | undefined => {
  const [inner] = x.node.inputs;
  const arranged = x.node.primitive === reshapePrimitive && x.shape.at(-1) === inner.shape.at(-1);
  return arranged ? (graph.uses(x) === 1 ? product(inner, graph) : undefined) : product(x, graph);
};

/** What is, up to its arrangement, a number times a tensor, if nothing else needs it: a pass over the tensor that a product does by the way. */
const scaled = (x: Tensor, graph: Graph): Match | undefined => {
  const { primitive, inputs, params } = x.node;
  if (graph.uses(x) !== 1) return undefined;
  const [a] = inputs;
  if (primitive === neg.primitive) return { s: graph.at(a), f: scalar(-1, x.dtype) };
  if (primitive === mul.primitive) {
    const at = inputs.findIndex((t, i) => splat(t) !== undefined && sameShape(inputs[1 - i].shape, x.shape));
    return at < 0 ? undefined : { s: graph.at(inputs[1 - at]), f: inputs[at] };
  }
  const inner = primitive === reshapePrimitive || primitive === transposePrimitive ? scaled(a, graph) : undefined;
  return inner && { s: apply1(primitive, [inner.s], params), f: inner.f };
};

const sums: readonly Rule[] = [["Σ X over rows = 1ᵀ X", [sum, "x"], ({ x }, { axes }) => sumAsProduct(x, axes)]];
const multiples: readonly Rule[] = [
  ["(α A B) c = (α c) A B", [mul, product, "#c"], ({ p, c }, _, inputs) => timesConstant(p, c, inputs)],
  ["c (α A B) = (α c) A B", [mul, "#c", product], ({ p, c }, _, inputs) => timesConstant(p, c, inputs)],
];

const scaledFactors: readonly Rule[] = [
  ["(f A) B = f A B", [matmulPrimitive, scaled, "b"], ({ s, f, b }) => productTimes(s, b, f)],
  ["A (f B) = f A B", [matmulPrimitive, "a", scaled], ({ a, s, f }) => productTimes(a, s, f)],
];

/** What a product may be made of: α A B, before anything is added to it. */
export const productRules: readonly Rule[] = [
  ...scaledFactors,
  ["A B = 1 A B", [matmulPrimitive, "a", "b"], ({ a, b }) => productTimes(a, b, scalar(1, a.dtype))],
  ["-(α A B) = (-α) A B", [neg, product], ({ p: { node } }) => multiple(node.inputs[0], node.inputs[1], -node.params.alpha)],
  ...sums,
  ...multiples,
];

/** What becomes a Gemm, up to its shape. */
export const fusions: readonly Rule[] = [
  ["C + α A B", [add, "c", arrangedProduct], ({ c, p }, _, inputs) => plusMatrix(p, c, 1, 1, inputs)],
  ["α A B + C", [add, arrangedProduct, "c"], ({ c, p }, _, inputs) => plusMatrix(p, c, 1, 1, inputs)],
  ["C - α A B", [sub, "c", arrangedProduct], ({ c, p }, _, inputs) => plusMatrix(p, c, -1, 1, inputs)],
  ["α A B - C", [sub, arrangedProduct, "c"], ({ c, p }, _, inputs) => plusMatrix(p, c, 1, -1, inputs)],
  ...scaledFactors,
  ...sums,
  ...multiples,
  [
    "f(column, …) = f(column written out, …)",
    (p) => p.elementwise === true,
    (_, params, inputs, p, graph) => withColumns(p, inputs, params, graph),
  ],
];

const asProduct = rewriter(productRules);
const fused = rewriter(fusions);

/** f A B of two matrices. Factors of a Gemm are f32, whatever it multiplies. */
function productTimes(a: Tensor, b: Tensor, f: Tensor): MaybeTensor {
  const factor = splat(f) ?? Number.NaN;
  const isGemm = a.rank === 2 && b.rank === 2 && isFloat(a.dtype) && a.dtype === b.dtype && Math.fround(factor) === factor;
  return isGemm ? multiple(a, b, factor) : undefined;
}

/** (α A B) c. */
function timesConstant({ node, size }: Tensor, c: Tensor, inputs: readonly Tensor[]): MaybeTensor {
  const factor = splat(c) ?? Number.NaN;
  const alpha = node.params.alpha * factor;
  if (Math.fround(factor) !== factor || Math.fround(alpha) !== alpha || size !== sizeOf(broadcastShapes("mul", inputs))) return undefined;
  return multiple(node.inputs[0], node.inputs[1], alpha);
}

/** sign · product + β · other. */
function plusMatrix({ node, shape: [m, n] }: Tensor, other: Tensor, sign: number, beta: number, inputs: readonly Tensor[]): MaybeTensor {
  const result = broadcastShapes("add", inputs);
  if (sizeOf(result) !== m * n) return undefined;
  const isBias = other.size === n && other.shape.at(-1) === n && result.at(-1) === n;
  const shape = isBias ? [n] : sameShape(other.shape, result) ? [m, n] : sameShape(result, [m, n]) ? other.shape : undefined;
  return shape && apply1(gemm, [...node.inputs, reshape(other, shape)], { alpha: sign * node.params.alpha, beta });
}

/** Operands of an elementwise operation that are one number a short row, and are used by many. */
function withColumns(primitive: Primitive, inputs: readonly Tensor[], params: Params, graph: Graph): MaybeTensor {
  if (inputs.length < 2) return undefined;
  const shape = broadcastShapes(primitive.name, inputs);
  const row = shape.at(-1) ?? 1;
  if (row < 2 || row > shortRow) return undefined;
  const isColumn = (x: Tensor): boolean =>
    x.rank === shape.length && x.shape.at(-1) === 1 && x.size * row === sizeOf(shape) && x.size >= 64 && graph.uses(x) >= many;
  return inputs.some(isColumn)
    ? apply1(
        primitive,
        inputs.map((x) => (isColumn(x) ? apply1(written, [x], { shape }) : x)),
        params,
      )
    : undefined;
}

/** A sum over all leading axes as a product with a row of ones, unless it is so long that it must be added in blocks. */
function sumAsProduct(x: Tensor, axes: readonly number[]): MaybeTensor {
  const leading = axes.every((a, i) => a === i - x.rank) && axes.length < x.rank;
  const rows = sizeOf(x.shape.slice(0, axes.length));
  const columns = x.size / rows;
  if (!leading || x.dtype !== "f32" || rows < 8 || rows > longest || columns < 8 || x.size < 4096) return undefined;
  return multiple(broadcastTo(scalar(1, "f32"), [1, rows]), reshape(x, [rows, columns]), 1);
}

export const fuse = (program: Program): Program => withSharing(() => fusedProgram(program));

function fusedProgram({ inputs, outputs }: Program): Program {
  const order = reachable(outputs, new Set(inputs.map((t) => t.node)));
  const uses = new Map<Tensor, number>();
  for (const x of [...order.flatMap((n) => n.inputs), ...outputs]) uses.set(x, (uses.get(x) ?? 0) + 1);
  const value = new Map<Tensor, Tensor>();
  const at = (x: Tensor): Tensor => value.get(x) ?? x;
  /** What becomes of a tensor is read by those that read it, besides those that read it already. */
  const become = (y: Tensor, result: Tensor): void => {
    value.set(y, result);
    uses.set(result, (uses.get(result) ?? 0) + (uses.get(y) ?? 0));
  };
  const graph: Graph = { at, uses: (x) => uses.get(x) ?? 0 };
  for (const node of order) {
    if (node.inputs.length === 0) continue;
    const [y] = node.outputs;
    const better = fused(node.primitive, node.inputs, node.params, graph);
    if (better) become(y, reshape(better, y.shape));
    else if (node.inputs.some((x) => value.has(x))) {
      const results = apply(node.primitive, node.inputs.map(at), node.params);
      node.outputs.forEach((o, i) => become(o, results[i]));
    }
  }
  return { inputs, outputs: outputs.map(at) };
}
