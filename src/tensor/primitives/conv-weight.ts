/** Gradients of convolutions to their weights, as products. */
import { ndarray, sizeOf } from "../../array/ndarray.ts";
import { range } from "../shapes.ts";
import type { Target, Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { constant } from "./constant.ts";
import { type Geometry, outSizes, positions, views, widths } from "./conv-geometry.ts";
import { matmul } from "./product.ts";
import { moveAxis, reshape, transpose } from "./reshape.ts";
import { concat, type Index, pad, slice } from "./slice.ts";
import { sum } from "./sum.ts";

/** Padded rows up to this length are sorted by a product; it costs as much for each of their elements as there are elements in them. */
const sortable = 128;

/** Of the last axis. */
const last = (list: readonly number[]): number => list[list.length - 1];

/**
 * What each kernel position sees (see `views`), for products: the columns that a stride puts together are first made neighbours, by a product
 * with a permutation that pads them too. Then whole rows are copied; the runtime copies elements that lie apart one by one. All in all this takes
 * 0.6 to 0.8 of the time (`npm run bench -- lowerings --only strides`). A number that is not finite spoils its row.
 */
function neighbours(x: Tensor, g: Geometry): Tensor[] {
  const out = outSizes(g);
  const [width, stride, low] = [g.space, g.strides, g.low].map(last);
  const blocks = Math.ceil((width + low + last(g.high)) / stride);
  const order = new Float32Array(width * blocks * stride);
  const place = (column: number): number => (column % stride) * blocks + Math.floor(column / stride);
  for (let i = 0; i < width; i++) order[i * blocks * stride + place(i + low)] = 1;
  const sorted = matmul(x, cast(constant(ndarray(order, [width, blocks * stride], "f32")), x.dtype));
  const padded = pad(sorted, [...widths(g).slice(0, -1), [0, 0]]);
  return positions(g.kernel).map((at) => {
    const from = at.map((k, i) => k * g.dilation[i]);
    const rows = from.slice(0, -1).map((f, i): Index => [f, f + (out[i] - 1) * g.strides[i] + 1, g.strides[i]]);
    const first = place(last(from));
    return slice(padded, null, null, ...rows, [first, first + last(out)]);
  });
}

/** Whether strides put columns together of which more than one is seen. */
const isSortable = ({ strides, kernel, space, low, high }: Geometry): boolean => {
  const [stride, seen, width, before, after] = [strides, kernel, space, low, high].map(last);
  return stride > 1 && seen > 1 && width + before + after + stride <= sortable;
};

/** Fewer output positions than this of many examples are one long row, so that products are not many small ones. */
const shortRow = 128;

/**
 * dw[o, c, k] = Σ_n Σ_p y[n, o, p] x[n, c, p + k]: products of rows of positions. Shifts along the first axis are made in y instead of x, if its
 * stride is 1 and y has not many more channels: with a kernel of 3 x 3, y and x are copied three times each, where patches are x nine times.
 */
export function weightGradient(x: Tensor, y: Tensor, g: Geometry, target: Target): Tensor {
  const [n, o] = y.shape;
  const c = x.shape[1];
  const [height, ...columns] = g.kernel;
  const byRows = columns.length > 0 && g.strides[0] === 1 && o <= 2 * c;
  const across: Geometry = byRows ? { ...g, kernel: [1, ...columns] } : g;
  const length = sizeOf(outSizes(across));
  const long = length >= shortRow;
  const [a, b] = long ? [x, y] : [moveAxis(x, 1, 0), moveAxis(y, 1, 0)];
  const lead = [...(long ? [n] : []), ...(g.groups > 1 ? [g.groups] : [])];
  const inRows = (t: Tensor): Tensor => reshape(t, [...lead, -1, long ? length : n * length]);
  const joined = (ts: readonly Tensor[]): Tensor =>
    inRows(
      concat(
        ts.map((t) => reshape(t, [...lead, 1, -1])),
        -2,
      ),
    );
  const left = joined(byRows ? shifts(b, height, g.dilation[0]) : [b]);
  const seen = target === "onnx" && isSortable(across) ? neighbours(a, across) : views(a, across);
  const products = (byRows ? seen.map(inRows) : [joined(seen)]).map((right) => {
    const product = matmul(left, transpose(right));
    return reshape(long ? sum(product, 0) : product, [g.groups, byRows ? height : 1, o / g.groups, -1, c / g.groups]);
  });
  return reshape(transpose(concat(products, 3), [0, 2, 4, 1, 3]), [o, c / g.groups, ...g.kernel]);
}

/** y [a, b, height, ...] further and further down among zeros: by 0, step, …, (count - 1) step rows. */
const shifts = (y: Tensor, count: number, step: number): Tensor[] =>
  range(count).map((k) => pad(y, [[k * step, (count - 1 - k) * step], ...y.shape.slice(3).map(() => [0, 0] as const)]));
