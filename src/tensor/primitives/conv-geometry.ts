/** Where a convolution looks. */
import { fail } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./reshape.ts";
import { concat, type Index, pad, slice } from "./slice.ts";

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

/** Positions along one axis. */
export const outSize = (g: Geometry, i: number): number =>
  Math.floor((g.space[i] + g.low[i] + g.high[i] - g.dilation[i] * (g.kernel[i] - 1) - 1) / g.strides[i]) + 1;
export const outSizes = (g: Geometry): number[] => g.space.map((_, i) => outSize(g, i));

export const widths = (g: Geometry): (readonly [number, number])[] => g.low.map((l, i) => [l, g.high[i]]);

/** All positions of a grid, last axis fastest. */
export const positions = (sizes: readonly number[]): number[][] =>
  sizes.reduce<number[][]>((all, n) => all.flatMap((at) => Array.from({ length: n }, (_, i) => [...at, i])), [[]]);

/** What each kernel position sees, position by position: [a, b, ...space] -> [a, b, ...out]. */
export function views(x: Tensor, g: Geometry): Tensor[] {
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
