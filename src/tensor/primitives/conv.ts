/**
 * Convolution. The form T(x, w, y) = Σ y · conv(x, w) is linear in each of its three arguments, and its derivatives with respect to one
 * of them are the three primitives here: conv (to y), convInput (to x: transposed convolution) and convWeight (to w). The transposes of
 * each are the other two.
 */
import { sizeOf } from "../../array/ndarray.ts";
import { pullback } from "../differentiate.ts";
import { apply1 } from "../primitive.ts";
import { fail, range } from "../shapes.ts";
import type { Primitive, Tensor } from "../tensor.ts";
import { lift, placeholder, type Value } from "./constant.ts";
import { emitConv } from "./conv-kernels.ts";
import { matmul } from "./product.ts";
import { moveAxis, reshape, transpose } from "./reshape.ts";
import { concat, flip, type Index, pad, slice } from "./slice.ts";
import { spread, sum } from "./sum.ts";

/** Shapes are [N, C, ...space], [O, C/groups, ...kernel] and [N, O, ...out]; lists have one entry per spatial axis. */
export interface Geometry {
  readonly strides: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Sizes of x and w along the spatial axes. */
  readonly space: readonly number[];
  readonly kernel: readonly number[];
}

const outSize = (g: Geometry, i: number): number =>
  Math.floor((g.space[i] + g.low[i] + g.high[i] - g.dilation[i] * (g.kernel[i] - 1) - 1) / g.strides[i]) + 1;
export const outSizes = (g: Geometry): number[] => g.space.map((_, i) => outSize(g, i));

export const attributes = (g: Geometry): Record<string, unknown> => ({
  strides: [...g.strides],
  pads: [...g.low, ...g.high],
  dilations: [...g.dilation],
  group: g.groups,
  kernel_shape: [...g.kernel],
});

/** [size, N, ...] to [size N, ...], and back: a batch of examples as more examples. */
export const merge = (x: Tensor): Tensor => reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
export const unmerge = (x: Tensor, size: number): Tensor => reshape(x, [size, x.shape[0] / size, ...x.shape.slice(1)]);

/** [size, N, C, ...] to [N, size C, ...]: each element of a batch is a group of channels of its own. */
const intoChannels = (x: Tensor): Tensor => {
  const y = moveAxis(x, 0, 1);
  return reshape(y, [y.shape[0], y.shape[1] * y.shape[2], ...y.shape.slice(3)]);
};
const outOfChannels = (y: Tensor, size: number): Tensor =>
  moveAxis(reshape(y, [y.shape[0], size, y.shape[1] / size, ...y.shape.slice(2)]), 1, 0);

/** Data and weights: a batch of data alone is more examples, a batch of weights makes groups. */
const batchWithWeights =
  (primitive: () => Primitive): Primitive["batch"] =>
  ([x, w], [xBatched, wBatched], g: Geometry) => {
    if (!wBatched) return [unmerge(apply1(primitive(), [merge(x), w], g), x.shape[0])];
    const [a, b] = spread([x, w], [xBatched, wBatched]);
    const size = a.shape[0];
    const y = apply1(primitive(), [intoChannels(a), merge(b)], { ...g, groups: g.groups * size });
    return [outOfChannels(y, size)];
  };

/**
 * Fewer channels that come out than fill a register: the runtime's transposed convolution is up to six times as fast there, its convolution twice
 * as fast elsewhere (`npm run bench -- lowerings`). Kernels of one position are products.
 */
const isThin = (channels: number, { groups, kernel }: Geometry): boolean => groups === 1 && channels <= 8 && kernel.some((k) => k > 1);

/** What the last tap of a kernel is away from the first. */
const reachOf = ({ kernel, dilation }: Geometry): number[] => kernel.map((k, i) => dilation[i] * (k - 1));

/** With stride 1 a convolution is the transpose of one with the kernel turned about, and the other way round, unless it is padded beyond its reach. */
const isTurnable = (g: Geometry): boolean => g.strides.every((s) => s === 1) && reachOf(g).every((r, i) => g.low[i] <= r && g.high[i] <= r);
function turnedGeometry(g: Geometry): Geometry {
  const [low, high] = [g.low, g.high].map((widths) => reachOf(g).map((r, i) => r - widths[i]));
  return { ...g, low, high, space: outSizes(g) };
}

/** [O, C / groups, ...kernel] to [C, O / groups, ...kernel], reversed along its axes of space. */
function turned(w: Tensor, { groups }: Geometry): Tensor {
  const [o, c, ...kernel] = w.shape;
  const swapped = transpose(reshape(w, [groups, o / groups, c, ...kernel]), [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  return flip(
    reshape(swapped, [groups * c, o / groups, ...kernel]),
    kernel.map((_, i) => i - kernel.length),
  );
}

const convPrimitive: Primitive = {
  name: "conv",
  infer([x, w], g: Geometry) {
    const sizes = outSizes(g);
    if (sizes.some((n) => n < 1)) fail("conv", "the kernel is larger than the padded input", [x, w]);
    return [{ dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...sizes] }];
  },
  onnx: (emit, names, { params, inputs }) => emitConv(emit, names, inputs, params, attributes(params)),
  expand([x, w], g: Geometry, target) {
    if (x.dtype !== "f32" || target !== "onnx") return [convByProducts(x, w, g)];
    return isThin(w.shape[0], g) && isTurnable(g) ? [apply1(convInput, [x, turned(w, g)], turnedGeometry(g))] : undefined;
  },
  transpose: {
    0: (ct, [, w], g) => apply1(convInput, [ct, w], g),
    1: (ct, [x], g) => apply1(convWeight, [x, ct], g),
  },
  batch: batchWithWeights(() => convPrimitive),
  work: () => Number.POSITIVE_INFINITY,
};

const convInput: Primitive = {
  name: "convInput",
  infer: ([y, w], g: Geometry) => [{ dtype: y.dtype, shape: [y.shape[0], w.shape[1] * g.groups, ...g.space] }],
  onnx(emit, inputs, { params }) {
    const g = params as Geometry;
    const extra = g.space.map(
      (n, i) => n - ((outSize(g, i) - 1) * g.strides[i] + g.dilation[i] * (g.kernel[i] - 1) + 1 - g.low[i] - g.high[i]),
    );
    return emit.op("ConvTranspose", inputs, { ...attributes(g), output_padding: extra });
  },
  // With stride 1 it is an ordinary convolution with the flipped kernel, which the runtime computes faster if there are many channels.
  expand([y, w], g: Geometry, target) {
    if (y.dtype !== "f32" || target === "wasm")
      return [transposed((x) => convByProducts(x, w, g), [y.shape[0], w.shape[1] * g.groups, ...g.space], y)];
    const channels = w.shape[1] * g.groups;
    return isTurnable(g) && !isThin(channels, g) ? [apply1(convPrimitive, [y, turned(w, g)], turnedGeometry(g))] : undefined;
  },
  transpose: {
    0: (ct, [, w], g) => apply1(convPrimitive, [ct, w], g),
    1: (ct, [y], g) => apply1(convWeight, [ct, y], g),
  },
  batch: batchWithWeights(() => convInput),
  work: () => Number.POSITIVE_INFINITY,
};

const convWeight: Primitive = {
  name: "convWeight",
  infer: ([x, y], g: Geometry) => [{ dtype: x.dtype, shape: [y.shape[1], x.shape[1] / g.groups, ...g.kernel] }],
  expand: ([x, y], g: Geometry) => [weightGradient(x, y, g)],
  transpose: {
    0: (ct, [, y], g) => apply1(convInput, [y, ct], g),
    1: (ct, [x], g) => apply1(convPrimitive, [x, ct], g),
  },
  batch(inputs, batched, g: Geometry) {
    const [x, y] = spread(inputs, batched);
    const [size] = x.shape;
    return [unmerge(apply1(convWeight, [intoChannels(x), intoChannels(y)], { ...g, groups: g.groups * size }), size)];
  },
  work: () => Number.POSITIVE_INFINITY,
};

export const widths = (g: Geometry): (readonly [number, number])[] => g.low.map((l, i) => [l, g.high[i]]);

/** What each kernel position sees, position by position: [a, b, ...space] -> [a, b, ...out]. */
function views(x: Tensor, g: Geometry): Tensor[] {
  const padded = pad(x, widths(g));
  const out = outSizes(g);
  return positions(g.kernel).map((at) => {
    const cuts = at.map((k, i): Index => [k * g.dilation[i], k * g.dilation[i] + (out[i] - 1) * g.strides[i] + 1, g.strides[i]]);
    return slice(padded, null, null, ...cuts);
  });
}

/** What each kernel position sees: [a, b, ...space] -> [a, b, kernel positions, out positions]. */
export function patches(x: Tensor, g: Geometry): Tensor {
  const [a, b] = x.shape;
  return concat(
    views(x, g).map((view) => reshape(view, [a, b, 1, -1])),
    2,
  );
}

/** All positions of a grid, last axis fastest. */
const positions = (sizes: readonly number[]): number[][] =>
  sizes.reduce<number[][]>((all, n) => all.flatMap((at) => Array.from({ length: n }, (_, i) => [...at, i])), [[]]);

/** Fewer output positions than this of many examples are one long row, so that products are not many small ones. */
const shortRow = 128;

/**
 * dw[o, c, k] = Σ_n Σ_p y[n, o, p] x[n, c, p + k]: products of rows of positions. Shifts along the first axis are made in y instead of x, if its
 * stride is 1 and y has not many more channels: with a kernel of 3 x 3, y and x are copied three times each, where patches are x nine times.
 */
function weightGradient(x: Tensor, y: Tensor, g: Geometry): Tensor {
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
  const seen = views(a, across);
  const products = (byRows ? seen.map(inRows) : [joined(seen)]).map((right) => {
    const product = matmul(left, transpose(right));
    return reshape(long ? sum(product, 0) : product, [g.groups, byRows ? height : 1, o / g.groups, -1, c / g.groups]);
  });
  return reshape(transpose(concat(products, 3), [0, 2, 4, 1, 3]), [o, c / g.groups, ...g.kernel]);
}

/** y [a, b, height, ...] further and further down among zeros: by 0, step, …, (count - 1) step rows. */
const shifts = (y: Tensor, count: number, step: number): Tensor[] =>
  range(count).map((k) => pad(y, [[k * step, (count - 1 - k) * step], ...y.shape.slice(3).map(() => [0, 0] as const)]));

/** Convolution as products with patches, for dtypes the runtime has no kernel for. */
function convByProducts(x: Tensor, w: Tensor, g: Geometry): Tensor {
  const [n, c] = x.shape;
  const o = w.shape[0];
  const columns = reshape(patches(x, g), [n, g.groups, (c / g.groups) * sizeOf(g.kernel), sizeOf(outSizes(g))]);
  const y = matmul(reshape(w, [g.groups, o / g.groups, -1]), columns);
  return reshape(y, [n, o, ...outSizes(g)]);
}

/** Transpose of a linear function at a cotangent. */
function transposed(f: (x: Tensor) => Tensor, shape: readonly number[], ct: Tensor): Tensor {
  const x = placeholder(ct.dtype, shape);
  return pullback([x], [f(x)], [ct])[0] as Tensor;
}

export interface ConvOptions {
  /** One number for all spatial axes, or one per axis. Default 1. */
  readonly strides?: number | readonly number[];
  /** Zeros around the input: a number, [before, after] pairs per axis, "same" (out = ⌈in / stride⌉) or "valid" (none, the default). */
  readonly padding?: number | readonly (readonly [number, number])[] | "same" | "valid";
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}

export function geometry(operation: string, space: readonly number[], kernel: readonly number[], options: ConvOptions): Geometry {
  const list = (v: number | readonly number[] | undefined): readonly number[] => (typeof v === "object" ? v : space.map(() => v ?? 1));
  const strides = list(options.strides);
  const dilation = list(options.dilation);
  const padding = options.padding ?? "valid";
  const pads = space.map((n, i): readonly [number, number] => {
    if (typeof padding === "number") return [padding, padding];
    if (padding === "valid") return [0, 0];
    if (padding !== "same") return padding[i];
    const total = Math.max(0, (Math.ceil(n / strides[i]) - 1) * strides[i] + dilation[i] * (kernel[i] - 1) + 1 - n);
    return [total >> 1, total - (total >> 1)];
  });
  const lists = [strides, dilation, pads.flat(), space, kernel];
  if (
    lists.some((l) => l.some((v) => !Number.isInteger(v) || v < 0)) ||
    strides.length !== space.length ||
    dilation.length !== space.length ||
    strides.includes(0) ||
    dilation.includes(0)
  )
    fail(operation, "strides, padding and dilation must be non-negative integers, one for all axes or one per axis");
  const [low, high] = [0, 1].map((side) => pads.map((p) => p[side]));
  return { strides, dilation, groups: options.groups ?? 1, low, high, space, kernel };
}

/**
 * Convolution (cross-correlation, as in neural networks) in one or two dimensions.
 *
 * @param x  [N, C, ...space]
 * @param w  [O, C / groups, ...kernel]
 * @returns  [N, O, ...out], out = ⌊(space + padding - dilation (kernel - 1) - 1) / stride⌋ + 1
 */
export function conv(x: Value, w: Value, options: ConvOptions = {}): Tensor {
  const [a, b] = lift("conv", [x, w]);
  const g = geometry("conv", a.shape.slice(2), b.shape.slice(2), options);
  if (a.rank < 3 || a.rank !== b.rank || a.dtype !== b.dtype) fail("conv", "needs [N, C, ...space] and [O, C/groups, ...kernel]", [a, b]);
  if (a.shape[1] !== b.shape[1] * g.groups || b.shape[0] % g.groups) fail("conv", `channels do not fit ${g.groups} groups`, [a, b]);
  return apply1(convPrimitive, [a, b], g);
}

/**
 * Transposed convolution: the transpose of `conv` with the same options, as a map from its outputs to its inputs.
 *
 * @param y  [N, O, ...out]
 * @param w  [O, C / groups, ...kernel]
 * @param options.space  sizes of the result; default (out - 1) stride + dilation (kernel - 1) + 1 - padding
 * @returns  [N, C, ...space]
 */
export function convTranspose(y: Value, w: Value, options: ConvOptions & { space?: readonly number[] } = {}): Tensor {
  const [a, b] = lift("convTranspose", [y, w]);
  if (a.rank < 3 || a.rank !== b.rank || a.dtype !== b.dtype)
    fail("convTranspose", "needs [N, O, ...out] and [O, C/groups, ...kernel]", [a, b]);
  const out = a.shape.slice(2);
  const kernel = b.shape.slice(2);
  const same = options.padding === "same";
  const first = geometry("convTranspose", out, kernel, same ? { ...options, padding: "valid" } : options);
  const space =
    options.space ??
    out.map((n, i) =>
      same ? n * first.strides[i] : (n - 1) * first.strides[i] + first.dilation[i] * (kernel[i] - 1) + 1 - first.low[i] - first.high[i],
    );
  const g = geometry("convTranspose", space, kernel, options);
  if (a.shape[1] !== b.shape[0] || b.shape[0] % g.groups) fail("convTranspose", `channels do not fit ${g.groups} groups`, [a, b]);
  if (outSizes(g).some((n, i) => n !== out[i]))
    fail("convTranspose", `a convolution of size [${space.join(", ")}] does not give [${out.join(", ")}]`, [a, b]);
  return apply1(convInput, [a, b], g);
}
