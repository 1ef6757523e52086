/** Pooling and resizing of [N, C, ...space]. */
import { allocate, array, type NdArray, sizeOf } from "../../array/ndarray.ts";
import { apply1 } from "../primitive.ts";
import { fail, floatType, withLength } from "../shapes.ts";
import type { Primitive, Tensor } from "../tensor.ts";
import { longest } from "./accumulate.ts";
import { div, greater, isNaN, less, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { cond } from "./cond.ts";
import { liftOne, type Value } from "./constant.ts";
import { attributes, merge, unmerge } from "./conv.ts";
import { type Geometry, geometry, outSizes, patches, widths } from "./conv-geometry.ts";
import { matmul } from "./product.ts";
import { max, mean } from "./reduce.ts";
import { expandDims, moveAxis, reshape } from "./reshape.ts";
import { pad } from "./slice.ts";
import { broadcastTo, sum } from "./sum.ts";

export interface PoolOptions {
  readonly strides?: number | readonly number[];
  readonly padding?: number | readonly (readonly [number, number])[];
}

function poolGeometry(operation: string, x: Tensor, window: number | readonly number[], options: PoolOptions): Geometry {
  const space = x.shape.slice(2);
  const size = typeof window === "number" ? space.map(() => window) : window;
  const g = geometry(operation, space, size, { strides: options.strides ?? size, padding: options.padding ?? 0 });
  if (x.rank < 3 || outSizes(g).some((n) => n < 1)) fail(operation, `a window [${size.join(", ")}] does not fit`, [x]);
  return g;
}

// --- tiles: windows that cover the input exactly, side by side ---------------------------------------------------------------------

/** Sizes of the tiles, one per spatial axis. */
interface Tiles {
  readonly window: readonly number[];
}

/** Sums over tiles; each element belongs to one. Its transpose repeats a value over its tile, and the other way round. */
const sumTiles: Primitive = {
  name: "sumTiles",
  infer: ([x], { window }: Tiles) => [{ dtype: x.dtype, shape: x.shape.map((n, i) => (i < 2 ? n : n / window[i - 2])) }],
  onnx(emit, [x], { params, inputs }) {
    const { window } = params as Tiles;
    const means = emit.op("AveragePool", [x], { kernel_shape: [...window], strides: [...window] });
    return emit.op("Mul", [means[0], emit.scalar(sizeOf(window), inputs[0].dtype)]);
  },
  // Large windows are long sums, which are added in blocks.
  expand([x], { window }: Tiles, target) {
    if (x.dtype === "f32" && sizeOf(window) <= longest && target === "onnx") return undefined;
    const cells = reshape(x, [...x.shape.slice(0, 2), ...window.flatMap((k, i) => [x.shape[i + 2] / k, k])]);
    const axes = window.map((_, i) => 3 + 2 * i);
    return [sum(cells, axes)];
  },
  transpose: { 0: (ct, _, params) => apply1(repeatTiles, [ct], params) },
  batch: ([x], _, params) => [unmerge(apply1(sumTiles, [merge(x)], params), x.shape[0])],
};

const repeatTiles: Primitive = {
  name: "repeatTiles",
  exact: true,
  infer: ([x], { window }: Tiles) => [{ dtype: x.dtype, shape: x.shape.map((n, i) => (i < 2 ? n : n * window[i - 2])) }],
  onnx(emit, [x], { params }) {
    const scales = emit.constant(array([1, 1, ...(params as Tiles).window]));
    return emit.op("Resize", [x, "", scales], {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    });
  },
  expand([x], { window }: Tiles, target) {
    if (x.dtype === "f32" && target === "onnx") return undefined;
    let y = x;
    window.forEach((k, i) => {
      const wide = broadcastTo(expandDims(y, i + 3), [...y.shape.slice(0, i + 3), k, ...y.shape.slice(i + 3)]);
      y = reshape(wide, withLength(y.shape, i + 2, y.shape[i + 2] * k));
    });
    return [y];
  },
  transpose: { 0: (ct, _, params) => apply1(sumTiles, [ct], params) },
  batch: ([x], _, params) => [unmerge(apply1(repeatTiles, [merge(x)], params), x.shape[0])],
};

const tiled = (g: Geometry): boolean =>
  [...g.low, ...g.high].every((p) => p === 0) && g.kernel.every((k, i) => k === g.strides[i] && g.space[i] % k === 0);

// --- pooling -------------------------------------------------------------------------------------------------------------------

/** Means over windows; zeros of the padding count. Windows do not overlap unless `strides` says so. */
export function avgPool(x: Value, window: number | readonly number[], options: PoolOptions = {}): Tensor {
  const t = liftOne("avgPool", x);
  const g = poolGeometry("avgPool", t, window, options);
  if (tiled(g)) return div(apply1(sumTiles, [t], { window: g.kernel }), sizeOf(g.kernel));
  return reshape(mean(patches(t, g), 2), [...t.shape.slice(0, 2), ...outSizes(g)]);
}

/** The runtime's kernel does not see a NaN. */
const kernelMaxPool: Primitive = {
  name: "kernelMaxPool",
  exact: true,
  infer: ([x], g: Geometry) => [{ dtype: x.dtype, shape: [x.shape[0], x.shape[1], ...outSizes(g)] }],
  onnx(emit, [x], { params }) {
    const { dilations, group, ...rest } = attributes(params);
    return emit.op("MaxPool", [x], rest);
  },
};

const maxPoolPrimitive: Primitive = {
  ...kernelMaxPool,
  name: "maxPool",
  onnx: undefined,
  expand([x], g: Geometry, target) {
    if (x.dtype !== "f32" || target === "wasm") return [reshape(max(lowPatches(x, g), 2), [...x.shape.slice(0, 2), ...outSizes(g)])];
    const kernel = (t: Tensor): Tensor => apply1(kernelMaxPool, [t], g);
    const withNaN = (t: Tensor): Tensor => where(greater(kernel(cast(isNaN(t), "f32")), 0), Number.NaN, kernel(t));
    // A sum costs a third of the windows of a mask. It is NaN for ∞ - ∞ too, which does no harm.
    return [cond(isNaN(sum(x)), withNaN, kernel, x)];
  },
  // Tangents of the largest elements; elements of a window that tie share alike. In a window with NaN, every share is NaN.
  jvp([x], [dx], [y], g: Geometry) {
    if (!dx) return [undefined];
    if (tiled(g)) {
      const tiles: Tiles = { window: g.kernel };
      const below = less(x, apply1(repeatTiles, [y], tiles));
      const others = apply1(sumTiles, [cast(below, x.dtype)], tiles);
      return [div(apply1(sumTiles, [where(below, 0, dx)], tiles), shares(y, g, others))];
    }
    const below = less(lowPatches(x, g), reshape(y, [...y.shape.slice(0, 2), 1, sizeOf(outSizes(g))]));
    const others = reshape(sum(cast(below, x.dtype), 2), y.shape);
    return [div(reshape(sum(where(below, 0, patches(dx, g)), 2), y.shape), shares(y, g, others))];
  },
  batch: ([x], _, g) => [unmerge(apply1(maxPoolPrimitive, [merge(x)], g), x.shape[0])],
};

/** How many elements of each window share its maximum y. */
const shares = (y: Tensor, { kernel }: Geometry, others: Tensor): Tensor => where(isNaN(y), Number.NaN, sub(sizeOf(kernel), others));

/** Patches in which padding is lower than any value. */
function lowPatches(x: Tensor, g: Geometry): Tensor {
  if (g.low.every((n) => n === 0) && g.high.every((n) => n === 0)) return patches(x, g);
  const low = pad(x, widths(g), Number.NEGATIVE_INFINITY);
  return patches(low, { ...g, space: low.shape.slice(2), low: g.low.map(() => 0), high: g.high.map(() => 0) });
}

/** Maxima over windows, NaN where there is one; padding never wins. */
export function maxPool(x: Value, window: number | readonly number[], options: PoolOptions = {}): Tensor {
  const t = liftOne("maxPool", x);
  return apply1(maxPoolPrimitive, [t], poolGeometry("maxPool", t, window, options));
}

/** Repeats every element `factor` times along each spatial axis of [N, C, ...space]. */
export function resizeNearest(x: Value, factor: number): Tensor {
  const t = liftOne("resizeNearest", x);
  if (t.rank < 3 || !Number.isInteger(factor) || factor < 1) fail("resizeNearest", `cannot repeat ${factor} times`, [t]);
  return apply1(repeatTiles, [t], { window: t.shape.slice(2).map(() => factor) });
}

/** Resizes the spatial axes of [N, C, ...space] by linear interpolation between element centres (half-pixel, edges repeated). */
export function resizeBilinear(x: Value, sizes: readonly number[]): Tensor {
  let y = liftOne("resizeBilinear", x);
  if (sizes.length !== y.rank - 2) fail("resizeBilinear", `${sizes.length} sizes for ${y.rank - 2} spatial axes`, [y]);
  sizes.forEach((out, i) => {
    const weights = interpolation(y.shape[i + 2], out, floatType("resizeBilinear", y));
    if (out !== y.shape[i + 2]) y = moveAxis(matmul(moveAxis(y, i + 2, -1), weights), -1, i + 2);
  });
  return y;
}

/** Matrix [in, out] of linear interpolation weights. */
function interpolation(n: number, out: number, dtype: "f32" | "f64"): NdArray {
  const matrix = allocate(dtype, [n, out]);
  for (let j = 0; j < out; j++) {
    const at = Math.min(n - 1, Math.max(0, ((j + 0.5) * n) / out - 0.5));
    const left = Math.min(Math.floor(at), n - 1);
    const right = Math.min(left + 1, n - 1);
    matrix.data[left * out + j] += 1 - (at - left);
    matrix.data[right * out + j] += at - left;
  }
  return matrix;
}
