/** Operators of models that move elements: on known values at once, on tensors in the program. */

import { type Shape, sizeOf } from "../array/ndarray.ts";
import { cast } from "../tensor/primitives/cast.ts";
import { scalar } from "../tensor/primitives/constant.ts";
import { take } from "../tensor/primitives/gather.ts";
import { expandDims, reshape, transpose } from "../tensor/primitives/reshape.ts";
import { concat, flip, type Index, pad, slice, split } from "../tensor/primitives/slice.ts";
import { broadcastTo } from "../tensor/primitives/sum.ts";
import { broadcastShapes } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  asTensor,
  axesOf,
  axisOf,
  type Call,
  checkSize,
  constantValue,
  int,
  ints,
  isKnown,
  maybeNumbers,
  numbers,
  type Operator,
  require,
  tensor,
  text,
  type Value,
} from "./read-call.ts";
import { takeList } from "./read-gather.ts";
import { along, known, knownLimit, pick, range } from "./read-known.ts";

function input(c: Call): Value {
  return c.inputs[0] ?? c.fail("input 0 is missing");
}

/** Another shape for the same elements. */
const shaped = (c: Call, shapeOf: (x: Shape) => Shape): Value => {
  const x = input(c);
  const shape = shapeOf(x.shape);
  if (!isKnown(x)) return reshape(x, shape);
  return sizeOf(shape) === x.values.length ? known(x.values, shape, x.dtype) : c.fail(`cannot take the shape [${shape.join(", ")}]`);
};

function reshapeTo(c: Call, from: Shape): Shape {
  const wanted = numbers(c, 1);
  const shape = wanted.map((n, i) => (n === 0 && !int(c, "allowzero", 0) ? (from[i] ?? c.fail(`axis ${i} has no length to copy`)) : n));
  const rest = sizeOf(shape.filter((n) => n !== -1));
  return shape.map((n) => (n === -1 ? sizeOf(from) / rest : n));
}

function unsqueezed(c: Call, from: Shape): Shape {
  const axes = axesOf(c, 1) ?? c.fail("axes are missing");
  const rank = from.length + axes.length;
  const at = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
  const rest = [...from];
  return range(rank).map((i) => (at.has(i) ? 1 : (rest.shift() as number)));
}

function squeezed(c: Call, from: Shape): Shape {
  const axes = axesOf(c, 1)?.map((a) => axisOf(c, { shape: from }, a));
  return from.filter((n, i) => (axes ? !axes.includes(i) : n !== 1));
}

/** First index and number of those that ONNX's Slice takes from an axis of n elements. */
function sliceRange(n: number, start: number, end: number, step: number): { first: number; count: number } {
  const clamp = (v: number, low: number, high: number): number => Math.max(low, Math.min(high, v < 0 ? v + n : v));
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const first = clamp(start, low, high);
  return { first, count: Math.max(0, Math.ceil((clamp(end, low, high) - first) / step)) };
}

function sliced(c: Call): Value {
  const x = input(c);
  const [starts, ends] = [numbers(c, 1), numbers(c, 2)];
  const axes = (maybeNumbers(c, 3) ?? range(starts.length)).map((a) => axisOf(c, x, a));
  const steps = maybeNumbers(c, 4) ?? starts.map(() => 1);
  require(c, !steps.includes(0), "a step of zero");
  const ranges = axes.map((a, i) => sliceRange(x.shape[a], starts[i], ends[i], steps[i]));
  if (isKnown(x)) {
    const lists = ranges.map(({ first, count }, i) => range(count).map((k) => first + k * steps[i]));
    return pick(
      x,
      x.shape.map((n, a) => (axes.includes(a) ? lists[axes.indexOf(a)] : range(n))),
    );
  }
  let y: Tensor = x;
  axes.forEach((axis, i) => {
    const { first, count } = ranges[i];
    const last = first + (count - 1) * steps[i];
    const cut: Index = count ? [Math.min(first, last), Math.max(first, last) + 1, Math.abs(steps[i])] : [0, 0];
    y = slice(y, ...y.shape.map((_, a): Index => (a === axis ? cut : null)));
    if (steps[i] < 0) y = flip(y, axis);
  });
  return y;
}

function gathered(c: Call): Value {
  const [x, i] = [input(c), c.inputs[1] ?? c.fail("input 1 is missing")];
  const axis = axisOf(c, x, int(c, "axis", 0));
  const n = x.shape[axis];
  if (!isKnown(i) || !isKnown(x)) return take(asTensor(x), asTensor(i), axis);
  const list = i.values.map((v) => (v < 0 ? v + n : v));
  if (list.some((v) => !(v >= 0 && v < n))) c.fail(`an index is outside an axis of ${n}`);
  const rows = pick(x, along(x, axis, list));
  return known(rows.values, [...x.shape.slice(0, axis), ...i.shape, ...x.shape.slice(axis + 1)], x.dtype);
}

function splits(c: Call): Value[] {
  const x = input(c);
  const axis = axisOf(c, x, int(c, "axis", 0));
  const n = x.shape[axis];
  const pieces = c.outputs.length;
  const size = Math.ceil(n / pieces);
  const lengths = maybeNumbers(c, 1) ?? ints(c, "split") ?? range(pieces).map((i) => Math.min(size, n - i * size));
  if (lengths.reduce((a, b) => a + b, 0) !== n) c.fail(`lengths [${lengths.join(", ")}] do not add up to ${n}`);
  if (!isKnown(x)) return split(x, lengths, axis);
  let start = 0;
  return lengths.map((length) => {
    const from = start;
    start += length;
    return pick(
      x,
      along(
        x,
        axis,
        range(length).map((k) => from + k),
      ),
    );
  });
}

function expanded(c: Call): Value {
  const x = input(c);
  const target = numbers(c, 1);
  const shape = broadcastShapes("Expand", [
    { dtype: x.dtype, shape: x.shape },
    { dtype: x.dtype, shape: target },
  ]);
  checkSize("Expand", shape);
  if (!isKnown(x) || sizeOf(shape) > knownLimit) return broadcastTo(asTensor(x), shape);
  const full = { ...x, shape: [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape] };
  return pick(
    full,
    shape.map((n, i) => (full.shape[i] === 1 ? new Array<number>(n).fill(0) : range(n))),
  );
}

function tiled(c: Call): Value {
  let y = tensor(c, 0);
  numbers(c, 1).forEach((times, axis) => {
    if (times === 1) return;
    const shape = y.shape;
    const wide = expandDims(y, axis);
    checkSize("Tile", [...shape, times]);
    const repeated = broadcastTo(wide, [...shape.slice(0, axis), times, ...shape.slice(axis)]);
    y = reshape(
      repeated,
      shape.map((n, i) => (i === axis ? n * times : n)),
    );
  });
  return y;
}

function filled(c: Call): Value {
  const shape = numbers(c, 0);
  checkSize("ConstantOfShape", shape);
  const { dtype, values } = constantValue(c) ?? known([0], [1], "f32");
  if (sizeOf(shape) > knownLimit) return broadcastTo(scalar(values[0], dtype), shape);
  return known(new Array<number>(sizeOf(shape)).fill(values[0]), shape, dtype);
}

function ranged(c: Call): Value {
  const [start, limit, delta] = [0, 1, 2].map((i) => numbers(c, i)[0]);
  const n = Math.max(0, Math.ceil((limit - start) / delta));
  return known(
    range(n).map((i) => start + i * delta),
    [n],
    (c.inputs[0] as Value).dtype,
  );
}

/** Widths, per axis, of a Pad node. */
function padded(c: Call): Value {
  let x = tensor(c, 0);
  const mode = text(c, "mode", "constant");
  const pads = numbers(c, 1);
  const axes = (maybeNumbers(c, 3) ?? range(x.rank)).map((a) => axisOf(c, x, a));
  const widths = new Array<readonly [number, number]>(x.rank).fill([0, 0]);
  axes.forEach((a, i) => {
    widths[a] = [pads[i], pads[i + axes.length]];
  });
  if (mode === "constant") {
    const value = maybeNumbers(c, 2)?.[0] ?? 0;
    return x.dtype === "bool" ? cast(pad(cast(x, "i32"), widths, value), "bool") : pad(x, widths, value);
  }
  const source: Record<string, (i: number, n: number) => number> = {
    edge: (i, n) => Math.max(0, Math.min(n - 1, i)),
    reflect: (i, n) => (n === 1 ? 0 : n - 1 - Math.abs(n - 1 - (((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2)))),
    wrap: (i, n) => ((i % n) + n) % n,
  };
  require(c, Object.hasOwn(source, mode), `mode "${mode}"`);
  widths.forEach(([low, high], axis) => {
    const n = x.shape[axis];
    if (low || high)
      x = takeList(
        x,
        range(Math.max(0, n + low + high)).map((i) => source[mode](i - low, n)),
        axis,
      );
  });
  return x;
}

/** [N, C b², H, W] and [N, C, H b, W b] into each other. */
function depthToSpace(c: Call): Value {
  const x = tensor(c, 0);
  const b = int(c, "blocksize", 1);
  const [n, depth, h, w] = x.shape;
  const rows = text(c, "mode", "DCR") === "DCR";
  const cells = rows ? [n, b, b, depth / (b * b), h, w] : [n, depth / (b * b), b, b, h, w];
  const order = rows ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  return reshape(transpose(reshape(x, cells), order), [n, depth / (b * b), h * b, w * b]);
}

function spaceToDepth(c: Call): Value {
  const x = tensor(c, 0);
  const b = int(c, "blocksize", 1);
  const [n, depth, h, w] = x.shape;
  const cells = reshape(x, [n, depth, h / b, b, w / b, b]);
  return reshape(transpose(cells, [0, 3, 5, 1, 2, 4]), [n, depth * b * b, h / b, w / b]);
}

export const shapeOperators: Record<string, Operator> = {
  Concat: (c) =>
    concat(
      c.inputs.map((_, i) => tensor(c, i)),
      int(c, "axis", 0),
    ),
  ConstantOfShape: filled,
  DepthToSpace: depthToSpace,
  Dropout: (c) => [input(c), broadcastTo(scalar(1, "bool"), input(c).shape)],
  Expand: expanded,
  Flatten: (c) =>
    shaped(c, (s) => {
      const axis = int(c, "axis", 1);
      const at = axis < 0 ? axis + s.length : axis;
      return [sizeOf(s.slice(0, at)), sizeOf(s.slice(at))];
    }),
  Gather: gathered,
  Identity: input,
  Pad: padded,
  Range: ranged,
  Reshape: (c) => shaped(c, (s) => reshapeTo(c, s)),
  Shape: (c) => known(input(c).shape.slice(int(c, "start", 0), c.attributes.has("end") ? int(c, "end", 0) : undefined)),
  Size: (c) => known([sizeOf(input(c).shape)], []),
  Slice: sliced,
  SpaceToDepth: spaceToDepth,
  Split: splits,
  Squeeze: (c) => shaped(c, (s) => squeezed(c, s)),
  Tile: tiled,
  Transpose: (c) => transpose(tensor(c, 0), ints(c, "perm") ?? range(tensor(c, 0).rank).reverse()),
  Unsqueeze: (c) => shaped(c, (s) => unsqueezed(c, s)),
};
