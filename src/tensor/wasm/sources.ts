/** Where the elements of a tensor are found: views of what lies in memory are read in place, through strides. */
import { type Shape, sizeOf } from "../../array/ndarray.ts";
import { splat } from "../primitives/constant.ts";
import { sameShape, stridesOf } from "../shapes.ts";
import type { Tensor, View } from "../tensor.ts";

/** Elements of a tensor that lies in memory. */
export interface Strided extends View {
  readonly base: Tensor;
}
/** One number everywhere, or elements. */
export type Source = { readonly constant: number } | Strided;

export const isConstant = (source: Source): source is { readonly constant: number } => "constant" in source;

/** Elements in the order of memory, without gaps. */
export const isContiguous = (shape: Shape, { strides }: View): boolean => {
  const own = stridesOf(shape);
  return shape.every((n, i) => n === 1 || strides[i] === own[i]) || sizeOf(shape) === 0;
};

export interface Sources {
  source(x: Tensor): Source;
  /** The same for a tensor that has to lie in memory without gaps, from which it is copied if it does not. */
  inMemory(x: Tensor): Strided;
  /** What is copied into memory, and from where. */
  readonly copies: ReadonlyMap<Tensor, Source>;
}

export function sourcesOf(): Sources {
  const known = new Map<Tensor, Source>();
  const copies = new Map<Tensor, Source>();
  const own = (base: Tensor): Strided => ({ base, offset: 0, strides: stridesOf(base.shape) });
  const copied = (x: Tensor, from: Source): Strided => {
    if (!copies.has(x)) copies.set(x, from);
    return own(x);
  };
  const find = (x: Tensor): Source => {
    const value = splat(x);
    if (value !== undefined) return { constant: value };
    const { primitive, inputs, params } = x.node;
    if (!primitive.view) return own(x);
    const [from] = inputs;
    const inner = source(from);
    if (isConstant(inner)) return inner;
    const view = primitive.view(from, params);
    const through = sameShape(withoutOnes(from.shape), withoutOnes(x.shape)) ? reshapedView(from.shape, inner, x, view) : undefined;
    const direct = through ?? compose(from.shape, inner, x.shape, view);
    return direct ?? { ...view, base: copied(from, inner).base };
  };
  const source = (x: Tensor): Source => {
    let found = known.get(x);
    if (!found) {
      found = find(x);
      known.set(x, found);
    }
    return found;
  };
  return {
    source,
    copies,
    inMemory(x) {
      if (copies.has(x)) return own(x);
      const found = source(x);
      return !isConstant(found) && isContiguous(x.shape, found) ? found : copied(x, found);
    },
  };
}

const withoutOnes = (shape: Shape): Shape => shape.filter((n) => n !== 1);

/** A reshape that only adds or drops axes of length 1 keeps the strides of the others. */
function reshapedView(from: Shape, inner: Strided, x: Tensor, view: View): Strided | undefined {
  if (!isContiguous(x.shape, view) || view.offset !== 0) return undefined;
  const strides = inner.strides.filter((_, i) => from[i] !== 1);
  let next = 0;
  return { ...inner, strides: x.shape.map((n) => (n === 1 ? 0 : strides[next++])) };
}

/** A view of a view, if each axis of the outer one walks along one axis of the inner one. */
function compose(from: Shape, inner: Strided, shape: Shape, view: View): Strided | undefined {
  if (isContiguous(from, inner)) return { base: inner.base, offset: inner.offset + view.offset, strides: view.strides };
  const rows = stridesOf(from);
  let rest = view.offset;
  let offset = inner.offset;
  rows.forEach((row, j) => {
    const at = Math.floor(rest / row);
    rest -= at * row;
    offset += at * inner.strides[j];
  });
  const strides = shape.map((n, i) => {
    const s = view.strides[i];
    if (n === 1 || s === 0) return 0;
    const j = rows.findIndex((row, k) => from[k] > 1 && s % row === 0 && Math.abs(s / row) * (n - 1) < from[k]);
    return j < 0 ? undefined : (s / rows[j]) * inner.strides[j];
  });
  return strides.every((s) => s !== undefined) ? { base: inner.base, offset, strides } : undefined;
}
