/**
 * Convolution. The form T(x, w, y) = Σ y · conv(x, w) is linear in each of its three arguments, and its derivatives with respect to one
 * of them are the three primitives here: conv (to y), convInput (to x: transposed convolution) and convWeight (to w). The transposes of
 * each are the other two.
 */
import { sizeOf } from "../../array/ndarray.ts";
import { pullback } from "../differentiate.ts";
import { apply1 } from "../primitive.ts";
import { fail } from "../shapes.ts";
import type { Primitive, Tensor } from "../tensor.ts";
import { lift, placeholder, type Value } from "./constant.ts";
import { type ConvOptions, type Geometry, geometry, outSize, outSizes, patches } from "./conv-geometry.ts";
import { emitConv } from "./conv-kernels.ts";
import { weightGradient } from "./conv-weight.ts";
import { matmul } from "./product.ts";
import { moveAxis, reshape, transpose } from "./reshape.ts";
import { flip } from "./slice.ts";
import { spread } from "./sum.ts";

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
  expand: ([x, y], g: Geometry, target) => [weightGradient(x, y, g, target)],
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
