/** Matrix products and contractions. */
import { sizeOf } from "../../array/ndarray.ts";
import { apply1 } from "../primitive.ts";
import { broadcastShapes, fail } from "../shapes.ts";
import { type Aval, isFloat, type Primitive, type Tensor } from "../tensor.ts";
import { productRule } from "../wasm/rules.ts";
import { longest } from "./accumulate.ts";
import { mul } from "./arithmetic.ts";
import { lift, scalar, type Value } from "./constant.ts";
import { diagonal } from "./gather.ts";
import { alignBatch, expandDims, reshape, transpose, untransposed } from "./reshape.ts";
import { broadcastTo, sum, sumTo } from "./sum.ts";

/** Batched matrix product [..., m, k] x [..., k, n] -> [..., m, n]; batch dimensions broadcast. */
export const matmulPrimitive: Primitive = {
  name: "matmul",
  infer([a, b]) {
    if (a.dtype !== b.dtype) fail("matmul", "dtypes differ; cast one of them", [a, b]);
    if (a.rank < 2 || b.rank < 2) fail("matmul", "needs matrices", [a, b]);
    if (a.shape[a.rank - 1] !== b.shape[b.rank - 2]) fail("matmul", "inner lengths differ", [a, b]);
    const head = broadcastShapes("matmul", [a, b].map(stackOf));
    return [{ dtype: a.dtype, shape: [...head, a.shape[a.rank - 2], b.shape[b.rank - 1]] }];
  },
  onnx(emit, [x, y], node) {
    const [a, b] = node.inputs;
    const [at, bt] = [untransposed(a), untransposed(b)];
    if (a.rank === 2 && b.rank === 2) {
      if ((!at && !bt) || !isFloat(a.dtype)) return emit.op("MatMul", [x, y]);
      return emit.op("Gemm", [at ? emit.name(at) : x, bt ? emit.name(bt) : y], { transA: at ? 1 : 0, transB: bt ? 1 : 0 });
    }
    if (emit.portable || a.dtype !== "f32" || (!at && !bt)) return emit.op("MatMul", [x, y]);
    const inputs = [at ? emit.name(at) : x, bt ? emit.name(bt) : y];
    return emit.op("FusedMatMul", inputs, { transA: at ? 1 : 0, transB: bt ? 1 : 0, alpha: 1 }, { domain: "com.microsoft" });
  },
  wasm: productRule,
  bilinear: true,
  transpose: {
    0: (ct, [a, b]) => sumTo(matmul(ct, transpose(b)), a.shape),
    1: (ct, [a, b]) => sumTo(matmul(transpose(a), ct), b.shape),
  },
  batch(inputs, batched) {
    const [a, b] = alignBatch(inputs, batched);
    return [matmul(a, b)];
  },
  // Sums of no products are zeros, which the runtime does not fill in. Long dot products are sums, which are added in blocks.
  expand: ([a, b], params) => {
    const terms = a.shape[a.rank - 1];
    const isDot = a.shape[a.rank - 2] === 1 && b.shape[b.rank - 1] === 1;
    if (isDot && terms > longest && a.dtype === "f32") return [sum(mul(a, transpose(b)), -1, true)];
    if (terms > 0) return undefined;
    const [{ dtype, shape }] = matmulPrimitive.infer([a, b], params);
    return [broadcastTo(scalar(0, dtype), shape)];
  },
  work: ({ inputs: [a], outputs: [y] }) => y.size * (a.shape.at(-1) ?? 1),
};

/** The batch axes of matrices. */
export const stackOf = ({ dtype, shape }: Aval): Aval => ({ dtype, shape: shape.slice(0, -2) });

/** Matrix product with NumPy's rules for vectors: [k] counts as a row on the left and as a column on the right. */
export function matmul(a: Value, b: Value): Tensor {
  const [x, y] = lift("matmul", [a, b]);
  if (x.rank === 0 || y.rank === 0) fail("matmul", "needs vectors or matrices", [x, y]);
  if (y.rank === 1) {
    const z = matmul(x, expandDims(y, 1));
    return reshape(z, z.shape.slice(0, -1));
  }
  if (x.rank === 1) {
    const z = matmul(expandDims(x, 0), y);
    return reshape(z, [...z.shape.slice(0, -2), ...z.shape.slice(-1)]);
  }
  // A stack of matrices times one matrix is one large product.
  if (x.rank > 2 && y.rank === 2 && x.shape[x.rank - 1] === y.shape[0]) {
    const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.rank - 1]]);
    return reshape(apply1(matmulPrimitive, [rows, y]), [...x.shape.slice(0, -1), y.shape[1]]);
  }
  return apply1(matmulPrimitive, [x, y]);
}

/** Σ_i a_i b_i over the last axis. */
export const dot = (a: Value, b: Value): Tensor => sum(mul(a, b), -1);

/** a bᵀ of vectors along the last axis: [..., m], [..., n] -> [..., m, n]. */
export const outer = (a: Value, b: Value): Tensor => {
  const [x, y] = lift("outer", [a, b]);
  return mul(expandDims(x, -1), expandDims(y, -2));
};

/**
 * Einstein summation, e.g. `einsum("bik,bkj->bij", a, b)`. Indices that are not in the output are summed; `...` is not supported.
 * Operands are contracted from left to right, each pair as one batched matrix product.
 */
export function einsum(formula: string, ...operands: Value[]): Tensor {
  const tensors = lift("einsum", operands);
  const match = /^([a-zA-Z,]*)(?:->([a-zA-Z]*))?$/.exec(formula.replace(/\s/g, ""));
  if (!match) fail("einsum", `cannot read "${formula}"`);
  const terms = match[1].split(",");
  const letters = [...match[1].replaceAll(",", "")];
  const output =
    match[2] ??
    [...new Set(letters)]
      .filter((l) => letters.filter((m) => m === l).length === 1)
      .sort()
      .join("");
  if (terms.length !== tensors.length) fail("einsum", `"${formula}" names ${terms.length} operands, not ${tensors.length}`, tensors);
  checkLengths(formula, terms, tensors, output);
  let [left, name] = dedupe(tensors[0], terms[0]);
  for (let i = 1; i < tensors.length; i++) {
    const [right, rightName] = dedupe(tensors[i], terms[i]);
    const later = terms.slice(i + 1).join("") + output;
    [left, name] = contract(left, name, right, rightName, later);
  }
  const summed = [...name].flatMap((l, i) => (output.includes(l) ? [] : [i]));
  const rest = summed.length ? sum(left, summed) : left;
  const order = [...name].filter((l) => output.includes(l));
  const permutation = [...output].map((l) => order.indexOf(l));
  return transpose(rest, permutation);
}

function checkLengths(formula: string, terms: readonly string[], tensors: readonly Tensor[], output: string): void {
  const lengths = new Map<string, number>();
  terms.forEach((term, i) => {
    if (term.length !== tensors[i].rank) fail("einsum", `"${term}" names ${term.length} axes`, [tensors[i]]);
    [...term].forEach((l, j) => {
      if ((lengths.get(l) ?? tensors[i].shape[j]) !== tensors[i].shape[j])
        fail("einsum", `axis ${l} of "${formula}" has two lengths`, tensors);
      lengths.set(l, tensors[i].shape[j]);
    });
  });
  for (const l of output) if (!lengths.has(l)) fail("einsum", `output axis ${l} of "${formula}" is in no operand`);
}

/** Takes diagonals until no axis name repeats. */
function dedupe(x: Tensor, name: string): [Tensor, string] {
  for (let i = 0; i < name.length; i++) {
    const j = name.indexOf(name[i], i + 1);
    if (j < 0) continue;
    const others = [...name].map((_, k) => k).filter((k) => k !== i && k !== j);
    return dedupe(diagonal(transpose(x, [...others, i, j])), others.map((k) => name[k]).join("") + name[i]);
  }
  return [x, name];
}

/** One pair as a batched product: shared axes that are needed later are batch axes, the other shared axes are summed. */
function contract(a: Tensor, an: string, b: Tensor, bn: string, later: string): [Tensor, string] {
  const drop = (x: Tensor, n: string, other: string): [Tensor, string] => {
    const gone = [...n].flatMap((l, i) => (other.includes(l) || later.includes(l) ? [] : [i]));
    return gone.length ? [sum(x, gone), [...n].filter((_, i) => !gone.includes(i)).join("")] : [x, n];
  };
  [a, an] = drop(a, an, bn);
  [b, bn] = drop(b, bn, an);
  const shared = [...an].filter((l) => bn.includes(l));
  const batch = shared.filter((l) => later.includes(l));
  const inner = shared.filter((l) => !later.includes(l));
  const [rows, columns] = [[...an].filter((l) => !shared.includes(l)), [...bn].filter((l) => !shared.includes(l))];
  const length = (l: string): number => (an.includes(l) ? a.shape[an.indexOf(l)] : b.shape[bn.indexOf(l)]);
  const size = (ls: string[]): number => sizeOf(ls.map(length));
  const arrange = (x: Tensor, n: string, groups: string[][]): Tensor => {
    const order = groups.flat().map((l) => n.indexOf(l));
    return reshape(transpose(x, order), [...batch.map(length), size(groups[1]), size(groups[2])]);
  };
  const product = matmul(arrange(a, an, [batch, rows, inner]), arrange(b, bn, [batch, inner, columns]));
  const names = [...batch, ...rows, ...columns];
  return [reshape(product, names.map(length)), names.join("")];
}
