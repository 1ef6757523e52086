/** Operators of models on images: convolution, pooling, resizing. */
import { allocate, type Shape, sizeOf } from "../../array/ndarray.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { sameShape } from "../../tensor/shapes.ts";
import { isFloat } from "../../tensor/tensor.ts";
import type { Call, Operator } from "./call.ts";
import { takeList } from "./gather.ts";
import { knownLimit, range } from "./known.ts";
import { perChannel } from "./layers.ts";
import { repeated } from "./shape.ts";

type Widths = (readonly [number, number])[];

interface Window {
  readonly kernel: Shape;
  readonly strides: Shape;
  readonly dilation: Shape;
  /** Padding as declared, without what ceil_mode adds. */
  readonly padding: Widths;
}

function windowOf(c: Call, space: Shape, kernel: Shape): Window {
  const declared = c.ints("kernel_shape") ?? kernel;
  c.require(sameShape(declared, kernel), `a kernel_shape [${declared.join(", ")}] other than that of the weights [${kernel.join(", ")}]`);
  const strides = c.ints("strides") ?? space.map(() => 1);
  const dilation = c.ints("dilations") ?? space.map(() => 1);
  const auto = c.text("auto_pad", "NOTSET");
  const pads = c.ints("pads") ?? space.flatMap(() => [0, 0]);
  const padding = space.map((n, i): readonly [number, number] => {
    if (auto === "NOTSET") return [pads[i], pads[i + space.length]];
    if (auto === "VALID") return [0, 0];
    const reach = (Math.ceil(n / strides[i]) - 1) * strides[i] + dilation[i] * (kernel[i] - 1) + 1;
    const total = Math.max(0, reach - n);
    const [small, large] = [total >> 1, total - (total >> 1)];
    return auto === "SAME_LOWER" ? [large, small] : [small, large];
  });
  return { kernel, strides, dilation, padding };
}

const biased = (y: Tensor, b: Tensor | undefined): Tensor => (b ? y.add(perChannel(b, y)) : y);

function convolution(c: Call): Tensor {
  const [x, w] = [c.tensor(0), c.tensor(1)];
  const { strides, dilation, padding } = windowOf(c, x.shape.slice(2), w.shape.slice(2));
  return biased(t.conv(x, w, { strides, dilation, padding, groups: c.int("group", 1) }), c.maybe(2));
}

function transposedConvolution(c: Call): Tensor {
  const [x, w] = [c.tensor(0), c.tensor(1)];
  const auto = c.text("auto_pad", "NOTSET");
  c.require(auto === "NOTSET" || auto === "VALID", `auto_pad "${auto}"`);
  c.require(!c.ints("output_shape"), "output_shape");
  const { strides, dilation, padding, kernel } = windowOf(c, x.shape.slice(2), w.shape.slice(2));
  const extra = c.ints("output_padding") ?? strides.map(() => 0);
  const space = x.shape
    .slice(2)
    .map((n, i) => (n - 1) * strides[i] + extra[i] + dilation[i] * (kernel[i] - 1) + 1 - padding[i][0] - padding[i][1]);
  return biased(t.convTranspose(x, w, { strides, dilation, padding, groups: c.int("group", 1), space }), c.maybe(2));
}

/** Padding that makes the last, partial window of ceil_mode whole. Windows that would begin in it do not count. */
function withCeil(c: Call, space: Shape, { kernel, strides, padding }: Window): Widths {
  if (!c.int("ceil_mode", 0)) return padding;
  return space.map((n, i) => {
    const [low, high] = padding[i];
    let out = Math.ceil((n + low + high - kernel[i]) / strides[i]) + 1;
    if ((out - 1) * strides[i] >= n + low) out--;
    return [low, Math.max(high, (out - 1) * strides[i] + kernel[i] - n - low)];
  });
}

function pooled(c: Call, x: Tensor): { window: Window; padding: Widths } {
  c.require(isFloat(x.dtype), `a pool of ${x.dtype}`);
  const window = windowOf(c, x.shape.slice(2), c.ints("kernel_shape") ?? c.fail("kernel_shape is missing"));
  const dilated = window.dilation.some((d) => d !== 1);
  c.require(!dilated, "a dilation of windows");
  c.require(sizeOf(window.kernel) <= knownLimit, "a window of more than 65,536 elements");
  return { window, padding: withCeil(c, x.shape.slice(2), window) };
}

function maximumPool(c: Call): Tensor {
  c.require(c.outputs === 1, "the output of indices");
  // The order of these indices.
  c.ignore("storage_order");
  const x = c.tensor(0);
  const { window, padding } = pooled(c, x);
  return t.maxPool(x, window.kernel, { strides: window.strides, padding });
}

/** Means over what a window covers of the input and, with count_include_pad, of the declared padding. */
function averagePool(c: Call): Tensor {
  const x = c.tensor(0);
  const { window, padding } = pooled(c, x);
  const y = t.avgPool(x, window.kernel, { strides: window.strides, padding });
  const include = c.int("count_include_pad", 0) === 1;
  const declared = window.padding;
  const grown = padding.some(([, high], i) => high !== declared[i][1]);
  if (!grown && (include || declared.every(([low, high]) => low === 0 && high === 0))) return y;
  const ones = t.broadcastTo(t.scalar(1, x.dtype), [1, 1, ...x.shape.slice(2)]);
  const covered = t.pad(ones, declared, include ? 1 : 0);
  const rest = padding.map(([, high], i): readonly [number, number] => [0, high - declared[i][1]]);
  return y.div(t.avgPool(t.pad(covered, rest), window.kernel, { strides: window.strides }));
}

const spatialAxes = (x: Tensor): number[] => range(x.rank).slice(2);

// --- resize ----------------------------------------------------------------------------------------------------------------------

/** Where the centre of output element j lies among n inputs. */
const coordinates: Record<string, (j: number, n: number, out: number, scale: number) => number> = {
  half_pixel: (j, _n, _out, scale) => (j + 0.5) / scale - 0.5,
  pytorch_half_pixel: (j, _n, out, scale) => (out > 1 ? (j + 0.5) / scale - 0.5 : 0),
  align_corners: (j, n, out) => (out > 1 ? (j * (n - 1)) / (out - 1) : 0),
  asymmetric: (j, _n, _out, scale) => j / scale,
};

const nearest: Record<string, (at: number) => number> = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Interpolation weights at a fraction t after a place: of its neighbours from `first` (0 or -1) on. */
function taps(mode: string, t: number, a: number): { first: number; weights: readonly number[] } {
  if (mode === "linear") return { first: 0, weights: [1 - t, t] };
  // Keys' cubic convolution (IEEE Trans. ASSP 29, 1981)
  const inner = (s: number): number => ((a + 2) * s - (a + 3)) * s * s + 1;
  const outer = (s: number): number => a * (((s - 5) * s + 8) * s - 4);
  return { first: -1, weights: [outer(1 + t), inner(t), inner(1 - t), outer(2 - t)] };
}

function resize(c: Call): Tensor {
  let y = c.tensor(0);
  const mode = c.text("mode", "nearest");
  c.require(["nearest", "linear", "cubic"].includes(mode), `mode "${mode}"`);
  c.require(!c.int("antialias", 0) && !c.int("exclude_outside", 0), "antialias or exclude_outside");
  c.require(c.text("keep_aspect_ratio_policy", "stretch") === "stretch", "keep_aspect_ratio_policy");
  const name = c.text("coordinate_transformation_mode", "half_pixel");
  c.require(Object.hasOwn(coordinates, name), `coordinate_transformation_mode "${name}"`);
  const axes = c.ints("axes") ?? range(y.rank);
  const scales = c.maybeNumbers(2);
  // What other modes would read: the region of tf_crop_and_resize and what lies outside, the coefficient of cubic, the rounding of nearest.
  c.ignore(1, "extrapolation_value", "cubic_coeff_a", "nearest_mode");
  const sizes = scales?.length ? scales.map((s, i) => Math.floor(y.shape[axes[i]] * s)) : c.numbers(3);
  axes.forEach((axis, k) => {
    const [n, out] = [y.shape[axis], sizes[k]];
    const scale = scales?.length ? scales[k] : out / n;
    if (out === n && scale === 1) return;
    const between = name === "align_corners" && !Number.isInteger(n * scale);
    c.require(!between, "align_corners with a scale that gives no whole length (ONNX and PyTorch disagree there; export sizes)");
    const places = range(out).map((j) => coordinates[name](j, n, out, scale));
    y = mode === "nearest" ? resizeNearest(c, y, places, axis) : interpolated(y, places, axis, mode, c.float("cubic_coeff_a", -0.75));
  });
  return y;
}

function resizeNearest(c: Call, x: Tensor, places: readonly number[], axis: number): Tensor {
  const n = x.shape[axis];
  const rounding = c.text("nearest_mode", "round_prefer_floor");
  c.require(Object.hasOwn(nearest, rounding), `nearest_mode "${rounding}"`);
  const list = places.map((at) => Math.max(0, Math.min(n - 1, nearest[rounding](at))));
  const factor = list.length / n;
  // Each element repeated: a broadcast, whose derivative is a sum instead of a scatter.
  if (Number.isInteger(factor) && list.every((i, j) => i === Math.floor(j / factor))) return repeated(x, axis, axis + 1, factor);
  return takeList(x, list, axis);
}

/** One axis as a product with the matrix of its interpolation weights; edges repeat. */
function interpolated(x: Tensor, places: readonly number[], axis: number, mode: string, a: number): Tensor {
  const n = x.shape[axis];
  const weights = allocate(isFloat(x.dtype) ? x.dtype : "f32", [n, places.length]);
  places.forEach((at, j) => {
    const place = mode === "linear" ? Math.max(0, Math.min(n - 1, at)) : at;
    const left = Math.floor(place);
    const { first, weights: list } = taps(mode, place - left, a);
    for (const [k, weight] of list.entries()) weights.data[Math.max(0, Math.min(n - 1, left + first + k)) * places.length + j] += weight;
  });
  return t.moveAxis(t.moveAxis(x, axis, -1).matmul(weights), -1, axis);
}

export const spatialOperators: Record<string, Operator> = {
  AveragePool: averagePool,
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  GlobalAveragePool: (c) => c.tensor(0).mean(spatialAxes(c.tensor(0)), true),
  GlobalMaxPool: (c) => c.tensor(0).max(spatialAxes(c.tensor(0)), true),
  MaxPool: maximumPool,
  Resize: resize,
};
