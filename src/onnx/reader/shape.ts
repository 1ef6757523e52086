/** Operators of models that move elements. */
import { array, type Shape, sizeOf } from "../../array/ndarray.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import { broadcastShapes } from "../../tensor/shapes.ts";
import type { Call, Operator } from "./call.ts";
import { takeList } from "./gather.ts";
import { checkSize, known, knownIntegers, range } from "./known.ts";

/** Another shape for the same elements. */
const shaped =
  (shapeOf: (c: Call, x: Shape) => Shape): Operator =>
  (c) => {
    const x = c.tensor(0);
    return t.reshape(x, shapeOf(c, x.shape));
  };

function reshaped(c: Call, from: Shape): Shape {
  const wanted = c.numbers(1);
  const copies = !c.int("allowzero", 0);
  const shape = wanted.map((n, i) => (n === 0 && copies ? (from[i] ?? c.fail(`axis ${i} has no length to copy`)) : n));
  const rest = sizeOf(shape.filter((n) => n !== -1));
  return shape.map((n) => (n === -1 ? sizeOf(from) / rest : n));
}

function unsqueezed(c: Call, from: Shape): Shape {
  const axes = c.axes(1) ?? c.fail("axes are missing");
  const rank = from.length + axes.length;
  const at = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
  const rest = [...from];
  return range(rank).map((i) => (at.has(i) ? 1 : (rest.shift() ?? c.fail(`there is no axis for [${axes.join(", ")}]`))));
}

function squeezed(c: Call, from: Shape): Shape {
  const axes = c.axes(1)?.map((a) => c.axis({ shape: from }, a));
  return from.filter((n, i) => (axes ? !axes.includes(i) : n !== 1));
}

function flattened(c: Call, from: Shape): Shape {
  const axis = c.int("axis", 1);
  const at = axis < 0 ? axis + from.length : axis;
  return [sizeOf(from.slice(0, at)), sizeOf(from.slice(at))];
}

function sliced(c: Call): Tensor {
  const x = c.tensor(0);
  const [starts, ends] = [c.numbers(1), c.numbers(2)];
  const axes = (c.maybeNumbers(3) ?? range(starts.length)).map((a) => c.axis(x, a));
  const steps = c.maybeNumbers(4) ?? starts.map(() => 1);
  c.require(!steps.includes(0), "a step of zero");
  const indices = x.shape.map((_, a): t.Index => {
    const i = axes.indexOf(a);
    return i < 0 ? null : [starts[i], ends[i], steps[i]];
  });
  return t.slice(x, ...indices);
}

function gathered(c: Call): Tensor {
  const [x, i] = [c.tensor(0), c.tensor(1)];
  const axis = c.axis(x, c.int("axis", 0));
  const n = x.shape[axis];
  if (c.isKnown(0) && c.isKnown(1) && c.numbers(1).some((v) => !(v >= -n && v < n))) c.fail(`an index is outside an axis of ${n}`);
  return t.take(x, i, axis);
}

function splits(c: Call): Tensor[] {
  const x = c.tensor(0);
  const axis = c.axis(x, c.int("axis", 0));
  const n = x.shape[axis];
  const size = Math.ceil(n / c.outputs);
  c.require(c.int("num_outputs", c.outputs) === c.outputs, "another number of outputs than num_outputs");
  const lengths = c.maybeNumbers(1) ?? c.ints("split") ?? range(c.outputs).map((i) => Math.min(size, n - i * size));
  if (lengths.reduce((a, b) => a + b, 0) !== n) c.fail(`lengths [${lengths.join(", ")}] do not add up to ${n}`);
  return t.split(x, lengths, axis);
}

function expanded(c: Call): Tensor {
  const x = c.tensor(0);
  const shape = broadcastShapes("Expand", [x, { dtype: x.dtype, shape: c.numbers(1) }]);
  checkSize("Expand", shape);
  return t.broadcastTo(x, shape);
}

function tiled(c: Call): Tensor {
  let y = c.tensor(0);
  for (const [axis, times] of c.numbers(1).entries()) {
    if (times === 1) continue;
    checkSize("Tile", [...y.shape, times]);
    y = repeated(y, axis, axis, times);
  }
  return y;
}

/** Repeats an axis: as a whole (the new axis lies before it), or element by element (behind it). */
export function repeated(x: Tensor, axis: number, at: number, times: number): Tensor {
  const { shape } = x;
  const wide = t.broadcastTo(t.expandDims(x, at), [...shape.slice(0, at), times, ...shape.slice(at)]);
  return t.reshape(wide, shape.with(axis, shape[axis] * times));
}

function filled(c: Call): Tensor {
  const shape = c.numbers(0);
  checkSize("ConstantOfShape", shape);
  const value = c.constant("value") ?? t.scalar(0, "f32");
  return t.broadcastTo(t.reshape(value, []), shape);
}

function ranged(c: Call): Tensor {
  const [[start], [limit], [delta]] = [0, 1, 2].map((i) => c.numbers(i));
  const values = range(Math.max(0, Math.ceil((limit - start) / delta))).map((i) => start + i * delta);
  const { dtype } = c.tensor(0);
  return dtype === "f32" || dtype === "f64" ? known(array(values, dtype, [values.length])) : knownIntegers(values);
}

const sources: Record<string, (i: number, n: number) => number> = {
  edge: (i, n) => Math.max(0, Math.min(n - 1, i)),
  reflect: (i, n) => (n === 1 ? 0 : n - 1 - Math.abs(n - 1 - (((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2)))),
  wrap: (i, n) => ((i % n) + n) % n,
};

function padded(c: Call): Tensor {
  let x = c.tensor(0);
  const mode = c.text("mode", "constant");
  const pads = c.numbers(1);
  const axes = (c.maybeNumbers(3) ?? range(x.rank)).map((a) => c.axis(x, a));
  const widths = new Array<readonly [number, number]>(x.rank).fill([0, 0]);
  for (const [i, a] of axes.entries()) widths[a] = [pads[i], pads[i + axes.length]];
  if (mode === "constant") {
    const value = c.maybeNumbers(2)?.[0] ?? 0;
    return x.dtype === "bool" ? t.cast(t.pad(t.cast(x, "i32"), widths, value), "bool") : t.pad(x, widths, value);
  }
  c.require(Object.hasOwn(sources, mode), `mode "${mode}"`);
  c.ignore(2);
  for (const [axis, [low, high]] of widths.entries()) {
    const n = x.shape[axis];
    const places = range(Math.max(0, n + low + high)).map((i) => sources[mode](i - low, n));
    if (low || high) x = takeList(x, places, axis);
  }
  return x;
}

/** [N, C b², H, W] and [N, C, H b, W b] into each other. */
function depthToSpace(c: Call): Tensor {
  const x = c.tensor(0);
  const b = c.int("blocksize", 1);
  const [n, depth, h, w] = x.shape;
  const rows = c.text("mode", "DCR") === "DCR";
  const cells = rows ? [n, b, b, depth / (b * b), h, w] : [n, depth / (b * b), b, b, h, w];
  const order = rows ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  return t.reshape(t.transpose(t.reshape(x, cells), order), [n, depth / (b * b), h * b, w * b]);
}

function spaceToDepth(c: Call): Tensor {
  const x = c.tensor(0);
  const b = c.int("blocksize", 1);
  const [n, depth, h, w] = x.shape;
  const cells = t.reshape(x, [n, depth, h / b, b, w / b, b]);
  return t.reshape(t.transpose(cells, [0, 3, 5, 1, 2, 4]), [n, depth * b * b, h / b, w / b]);
}

/** The identity, as it is outside of training; and in training, if nothing is dropped. */
function dropout(c: Call): Tensor[] {
  c.ignore("seed", "ratio");
  const ratio = c.maybeNumbers(1)?.[0] ?? 0.5;
  const training = c.maybeNumbers(2)?.[0] ?? 0;
  c.require(!training || ratio === 0, "training mode (programs take randomness as an input)");
  return [c.tensor(0), t.broadcastTo(t.scalar(1, "bool"), c.tensor(0).shape)];
}

export const shapeOperators: Record<string, Operator> = {
  Concat: (c) => t.concat(c.tensors(), c.int("axis", 0)),
  ConstantOfShape: filled,
  DepthToSpace: depthToSpace,
  Dropout: dropout,
  Expand: expanded,
  Flatten: shaped(flattened),
  Gather: gathered,
  Identity: (c) => c.tensor(0),
  Pad: padded,
  Range: ranged,
  Reshape: shaped(reshaped),
  Shape: (c) => knownIntegers(c.tensor(0).shape.slice(c.int("start", 0), c.has("end") ? c.int("end", 0) : undefined)),
  Size: (c) => knownIntegers([c.tensor(0).size], []),
  Slice: sliced,
  SpaceToDepth: spaceToDepth,
  Split: splits,
  Squeeze: shaped(squeezed),
  Tile: tiled,
  Transpose: (c) => t.transpose(c.tensor(0), c.ints("perm") ?? range(c.tensor(0).rank).reverse()),
  Unsqueeze: shaped(unsqueezed),
};
