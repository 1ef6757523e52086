/** Primitives that move values without computing: all linear, all exact. Axes are counted from the end, so that batching is free. */
import { type Shape, sizeOf } from "../../array/ndarray.ts";
import { apply1, fail, fromEnd, type Primitive, sameShape } from "../primitive.ts";
import type { Tensor } from "../tensor.ts";
import { iota, lift, liftOne, scalar, splat, type Value } from "./constant.ts";
import { equal, where } from "./elementwise.ts";
import { sum } from "./reduce.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

// --- reshape, broadcast, transpose -----------------------------------------------------------------------------------------------

const reshapePrimitive: Primitive = {
  name: "reshape",
  exact: true,
  infer: ([x], { shape }) => {
    if (sizeOf(x.shape) !== sizeOf(shape)) fail("reshape", `cannot take the shape [${shape.join(", ")}]`, [x]);
    return [{ dtype: x.dtype, shape }];
  },
  onnx: (emit, [x], node) => emit.op("Reshape", [x, emit.ints(node.params.shape)], node.params.shape.includes(0) ? { allowzero: 1 } : {}),
  transpose: { 0: (ct, [x]) => reshape(ct, x.shape) },
  batch: ([x], _, { shape }) => [reshape(x, [x.shape[0], ...shape])],
  simplify([x], { shape }) {
    if (sameShape(x.shape, shape)) return x;
    if (x.node.primitive === reshapePrimitive) return reshape(x.node.inputs[0], shape);
    const c = splat(x);
    return c === undefined ? undefined : broadcastTo(scalar(c, x.dtype), shape);
  },
};

/** The same elements in row-major order under another shape; one entry may be -1. */
export function reshape(x: Value, shape: Shape): Tensor {
  const t = liftOne("reshape", x);
  const known = sizeOf(shape.map((n) => (n === -1 ? 1 : n)));
  const full = shape.map((n) => (n === -1 ? sizeOf(t.shape) / known : n));
  if (full.some((n) => !Number.isInteger(n) || n < 0) || shape.filter((n) => n === -1).length > 1)
    fail("reshape", `cannot take the shape [${shape.join(", ")}]`, [t]);
  return apply1(reshapePrimitive, [t], { shape: full });
}

const broadcastPrimitive: Primitive = {
  name: "broadcastTo",
  exact: true,
  infer([x], { shape }) {
    const offset = shape.length - x.rank;
    if (offset < 0 || x.shape.some((n, i) => n !== 1 && n !== shape[offset + i]))
      fail("broadcastTo", `cannot be broadcast to [${shape.join(", ")}]`, [x]);
    return [{ dtype: x.dtype, shape }];
  },
  onnx: (emit, [x], node) => emit.op("Expand", [x, emit.ints(node.params.shape)]),
  transpose: { 0: (ct, [x]) => sumTo(ct, x.shape) },
  batch([x], _, { shape }) {
    const ones = new Array(shape.length + 1 - x.rank).fill(1);
    return [broadcastTo(reshape(x, [x.shape[0], ...ones, ...x.shape.slice(1)]), [x.shape[0], ...shape])];
  },
  simplify([x], { shape }) {
    if (sameShape(x.shape, shape)) return x;
    return x.node.primitive === broadcastPrimitive ? broadcastTo(x.node.inputs[0], shape) : undefined;
  },
};

export const broadcastTo = (x: Value, shape: Shape): Tensor =>
  apply1(broadcastPrimitive, [liftOne("broadcastTo", x)], { shape: [...shape] });

/** Sums the axes along which a tensor of shape `shape` was broadcast: the transpose of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const offset = x.rank - shape.length;
  const axes = range(x.rank).filter((i) => i < offset || (shape[i - offset] === 1 && x.shape[i] !== 1));
  // Leading axes alone leave the shape as it is wanted; a sum that is not reshaped can be fused with what follows.
  return axes.every((i) => i < offset) ? sum(x, axes) : reshape(sum(x, axes, true), shape);
}

const transposePrimitive: Primitive = {
  name: "transpose",
  exact: true,
  infer([x], { permutation: p }) {
    if (p.length !== x.rank || new Set(p).size !== x.rank || p.some((i: number) => !(x.shape[i] >= 0)))
      fail("transpose", `[${p}] is not a permutation of the axes`, [x]);
    return [{ dtype: x.dtype, shape: p.map((i: number) => x.shape[i]) }];
  },
  onnx: (emit, [x], node) => emit.op("Transpose", [x], { perm: node.params.permutation }),
  transpose: {
    0: (ct, _, { permutation: p }) =>
      transpose(
        ct,
        range(p.length).map((i) => p.indexOf(i)),
      ),
  },
  batch: ([x], _, { permutation: p }) => [transpose(x, [0, ...p.map((i: number) => i + 1)])],
  simplify([x], { permutation: p }) {
    if (p.every((i: number, j: number) => i === j)) return x;
    // Only axes of length one move relative to each other: a reshape, which costs nothing.
    const moving = p.filter((i: number) => x.shape[i] !== 1);
    if (moving.every((i: number, j: number) => j === 0 || moving[j - 1] < i))
      return reshape(
        x,
        p.map((i: number) => x.shape[i]),
      );
    if (x.node.primitive === transposePrimitive) {
      const q = x.node.params.permutation;
      return transpose(
        x.node.inputs[0],
        p.map((i: number) => q[i]),
      );
    }
    return undefined;
  },
};

/** Permutes the axes; by default swaps the last two. */
export function transpose(x: Value, permutation?: readonly number[]): Tensor {
  const t = liftOne("transpose", x);
  if (!permutation && t.rank < 2) fail("transpose", "needs at least two axes", [t]);
  const p = permutation?.map((i) => (i < 0 ? i + t.rank : i)) ?? [...range(t.rank - 2), t.rank - 1, t.rank - 2];
  return apply1(transposePrimitive, [t], { permutation: p });
}

export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const source = fromEnd("moveAxis", x, from) + x.rank;
  const p = range(x.rank).filter((i) => i !== source);
  p.splice(fromEnd("moveAxis", x, to) + x.rank, 0, source);
  return transpose(x, p);
}

/** Inserts an axis of length one at position `axis` of the result. */
export function expandDims(x: Value, axis: number): Tensor {
  const t = liftOne("expandDims", x);
  const at = axis < 0 ? axis + t.rank + 1 : axis;
  if (!(at >= 0 && at <= t.rank)) fail("expandDims", `there is no position ${axis}`, [t]);
  return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)]);
}

/** Removes axes of length one. */
export function squeeze(x: Value, axes: number | readonly number[]): Tensor {
  const t = liftOne("squeeze", x);
  const drop = [axes].flat().map((a) => fromEnd("squeeze", t, a as number) + t.rank);
  if (drop.some((a) => t.shape[a] !== 1)) fail("squeeze", `axis ${drop.find((a) => t.shape[a] !== 1)} is not of length 1`, [t]);
  return reshape(
    t,
    t.shape.filter((_, i) => !drop.includes(i)),
  );
}

// --- slice, pad, flip, concat ----------------------------------------------------------------------------------------------------

/** One axis of a slice: elements start, start + step, … below stop. */
interface Cut {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

const cutLength = ({ start, stop, step }: Cut): number => Math.max(0, Math.ceil((stop - start) / step));

/** Parameters hold one entry per axis, aligned at the last axis; axes in front of them are whole. */
const slicePrimitive: Primitive = {
  name: "slice",
  exact: true,
  infer: ([x], { cuts }) => [{ dtype: x.dtype, shape: [...x.shape.slice(0, x.rank - cuts.length), ...cuts.map(cutLength)] }],
  onnx(emit, [x], node) {
    const { cuts } = node.params as { cuts: Cut[] };
    const { shape } = node.inputs[0];
    const axes = range(cuts.length).filter((i) => cutLength(cuts[i]) !== shape[shape.length - cuts.length + i]);
    const list = (f: (c: Cut) => number): string => emit.ints(axes.map((i) => f(cuts[i])));
    return emit.op("Slice", [
      x,
      list((c) => c.start),
      list((c) => c.stop),
      emit.ints(axes.map((i) => i - cuts.length)),
      list((c) => c.step),
    ]);
  },
  transpose: {
    0(ct, [x], { cuts }) {
      const lengths = x.shape.slice(x.rank - cuts.length);
      return padPrimitiveOf(
        ct,
        cuts.map((c: Cut, i: number) => {
          const n = cutLength(c);
          return { low: c.start, high: lengths[i] - c.start - (n ? (n - 1) * c.step + 1 : 0), interior: c.step - 1 };
        }),
      );
    },
  },
  batch: ([x], _, params) => [apply1(slicePrimitive, [x], params)],
  simplify([x], { cuts }) {
    const whole = cuts.every((c: Cut, i: number) => cutLength(c) === x.shape[x.rank - cuts.length + i]);
    if (whole) return x;
    if (x.node.primitive !== concatPrimitive) return undefined;
    return sliceOfConcat(x, cuts);
  },
};

/** A slice that lies in one piece of a concatenation is a slice of that piece. */
function sliceOfConcat(x: Tensor, cuts: readonly Cut[]): Tensor | undefined {
  const { axis } = x.node.params as { axis: number };
  const at = cuts.length + axis;
  if (at < 0) return undefined;
  let offset = 0;
  for (const piece of x.node.inputs) {
    const n = piece.shape[piece.rank + axis];
    const { start, stop, step } = cuts[at];
    if (start >= offset && stop <= offset + n)
      return apply1(slicePrimitive, [piece], {
        cuts: cuts.map((c, i) => (i === at ? { start: start - offset, stop: stop - offset, step } : c)),
      });
    offset += n;
  }
  return undefined;
}

/** [start, stop] or [start, stop, step] of an axis; negative numbers count from the end; `null` is the whole axis, a number one element. */
export type Index = number | null | readonly [start?: number | null, stop?: number | null, step?: number];

/** NumPy's basic indexing: `slice(x, 0, [2, 5], null)` is x[0, 2:5, :]. Axes that are not named are whole. */
export function slice(x: Value, ...indices: Index[]): Tensor {
  const t = liftOne("slice", x);
  if (indices.length > t.rank) fail("slice", `${indices.length} indices for ${t.rank} axes`, [t]);
  const flipped: number[] = [];
  const dropped: number[] = [];
  const cuts = t.shape.map((n, axis): Cut => {
    const index = indices[axis] ?? null;
    const wrap = (i: number): number => (i < 0 ? i + n : i);
    if (index === null) return { start: 0, stop: n, step: 1 };
    if (typeof index === "number") {
      const start = wrap(index);
      if (!(start >= 0 && start < n)) fail("slice", `index ${index} is out of range for axis ${axis}`, [t]);
      dropped.push(axis);
      return { start, stop: start + 1, step: 1 };
    }
    const [first, last, step = 1] = index;
    if (step === 0 || !Number.isInteger(step)) fail("slice", `step ${step} is not a non-zero integer`, [t]);
    const bound = (i: number | null | undefined, otherwise: number): number => (i == null ? otherwise : Math.max(0, Math.min(n, wrap(i))));
    if (step > 0) return { start: bound(first, 0), stop: Math.max(bound(first, 0), bound(last, n)), step };
    flipped.push(axis);
    const from = first == null ? n - 1 : Math.max(-1, Math.min(wrap(first), n - 1));
    const to = last == null ? -1 : Math.max(-1, wrap(last));
    return { start: n - 1 - from, stop: Math.max(n - 1 - from, n - 1 - to), step: -step };
  });
  const source = flipped.length ? flip(t, flipped) : t;
  const result = apply1(slicePrimitive, [source], { cuts });
  return dropped.length ? squeeze(result, dropped) : result;
}

interface Padding {
  readonly low: number;
  readonly high: number;
  readonly interior: number;
}

const paddedLength = (n: number, p: Padding): number => p.low + p.high + n + Math.max(0, n - 1) * p.interior;

const padPrimitive: Primitive = {
  name: "pad",
  exact: true,
  infer: ([x], { paddings }) => {
    const lead = x.rank - paddings.length;
    return [{ dtype: x.dtype, shape: x.shape.map((n, i) => (i < lead ? n : paddedLength(n, paddings[i - lead]))) }];
  },
  onnx(emit, [x], node) {
    const { paddings } = node.params as { paddings: Padding[] };
    const lead = new Array(node.inputs[0].rank - paddings.length).fill(0);
    const pads = [...lead, ...paddings.map((p) => p.low), ...lead, ...paddings.map((p) => p.high)];
    return emit.op("Pad", [x, emit.ints(pads), emit.scalar(0, node.inputs[0].dtype)]);
  },
  // Zeros between elements: each element grows to a cell with zeros behind it, and the last cell is cut.
  expand([x], { paddings }) {
    if (paddings.every((p: Padding) => p.interior === 0)) return undefined;
    let y = x;
    for (let i = 0; i < paddings.length; i++) {
      const { interior } = paddings[i];
      const axis = i - paddings.length;
      const n = y.shape[y.rank + axis];
      if (interior === 0 || n === 0) continue;
      const first = equal(reshape(iota(interior + 1), [interior + 1, ...new Array(-axis - 1).fill(1)]), 0);
      const cells = where(first, expandDims(y, y.rank + axis + 1), 0);
      const flat = reshape(
        cells,
        y.shape.map((m, j) => (j === y.rank + axis ? m * (interior + 1) : m)),
      );
      y = slice(flat, ...y.shape.map((_, j): Index => (j === y.rank + axis ? [0, n + (n - 1) * interior] : null)));
    }
    return [
      padPrimitiveOf(
        y,
        paddings.map((p: Padding) => ({ ...p, interior: 0 })),
      ),
    ];
  },
  transpose: {
    0(ct, [x], { paddings }) {
      const lengths = x.shape.slice(x.rank - paddings.length);
      return unpad(ct, paddings, lengths);
    },
  },
  batch: ([x], _, params) => [apply1(padPrimitive, [x], params)],
  simplify: ([x], { paddings }) => (paddings.every((p: Padding) => !p.low && !p.high && !p.interior) ? x : undefined),
};

const padPrimitiveOf = (x: Tensor, paddings: readonly Padding[]): Tensor => apply1(padPrimitive, [x], { paddings });

/** Cuts what padding added; negative padding is padded back with zeros. */
function unpad(x: Tensor, paddings: readonly Padding[], lengths: readonly number[]): Tensor {
  const back = padPrimitiveOf(
    x,
    paddings.map((p) => ({ low: Math.max(0, -p.low), high: Math.max(0, -p.high), interior: 0 })),
  );
  const cuts = paddings.map((p, i) => {
    const start = Math.max(0, p.low);
    return { start, stop: start + (lengths[i] ? (lengths[i] - 1) * (p.interior + 1) + 1 : 0), step: p.interior + 1 };
  });
  return apply1(slicePrimitive, [back], { cuts });
}

/** Pads the last axes: widths are [before, after] per axis, aligned at the last axis; negative widths cut. */
export function pad(x: Value, widths: readonly (readonly [number, number])[], value = 0): Tensor {
  const t = liftOne("pad", x);
  if (widths.length > t.rank) fail("pad", `${widths.length} widths for ${t.rank} axes`, [t]);
  const paddings = widths.map(([low, high]) => ({ low, high, interior: 0 }));
  const zeros = padPrimitiveOf(t, paddings);
  if (value === 0) return zeros;
  const inside = padPrimitiveOf(broadcastTo(scalar(1, t.dtype), t.shape), paddings);
  return where(equal(inside, 1), zeros, value);
}

const flipPrimitive: Primitive = {
  name: "flip",
  exact: true,
  infer: ([x]) => [x],
  onnx(emit, [x], node) {
    const { axes } = node.params as { axes: number[] };
    const all = (value: number): string => emit.ints(axes.map(() => value));
    return emit.op("Slice", [x, all(-1), all(Number.MIN_SAFE_INTEGER), emit.ints(axes), all(-1)]);
  },
  transpose: { 0: (ct, _, params) => apply1(flipPrimitive, [ct], params) },
  batch: ([x], _, params) => [apply1(flipPrimitive, [x], params)],
  simplify: ([x], { axes }) => {
    if (axes.length === 0) return x;
    return x.node.primitive === flipPrimitive && sameShape(x.node.params.axes, axes) ? x.node.inputs[0] : undefined;
  },
};

/** Reverses the order along the axes. */
export function flip(x: Value, axes: number | readonly number[]): Tensor {
  const t = liftOne("flip", x);
  const unique = [...new Set([axes].flat().map((a) => fromEnd("flip", t, a as number)))].sort((a, b) => a - b);
  return apply1(flipPrimitive, [t], { axes: unique.filter((a) => t.shape[t.rank + a] > 1) });
}

const concatPrimitive: Primitive = {
  name: "concat",
  exact: true,
  jointlyLinear: true,
  infer(inputs, { axis }) {
    const [first] = inputs;
    const at = first.rank + axis;
    const fits = inputs.every(
      (x) => x.rank === first.rank && x.dtype === first.dtype && x.shape.every((n, i) => i === at || n === first.shape[i]),
    );
    if (!fits) fail("concat", `pieces do not fit along axis ${axis}`, inputs);
    return [{ dtype: first.dtype, shape: first.shape.map((n, i) => (i === at ? inputs.reduce((s, x) => s + x.shape[i], 0) : n)) }];
  },
  onnx: (emit, inputs, node) => emit.op("Concat", inputs, { axis: node.params.axis }),
  vjp(inputs, [ct], _, { axis }) {
    let offset = 0;
    return inputs.map((x) => {
      const n = x.shape[x.rank + axis];
      const start = offset;
      offset += n;
      return ct && slice(ct, ...x.shape.map((_, i): Index => (i === x.rank + axis ? [start, start + n] : null)));
    });
  },
  batch(inputs, batched, params) {
    const size = inputs[batched.indexOf(true)].shape[0];
    return [
      apply1(
        concatPrimitive,
        inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape]))),
        params,
      ),
    ];
  },
  simplify: (inputs, { axis }) => {
    const solid = inputs.filter((x) => x.shape[x.rank + axis] !== 0);
    if (solid.length === 1) return solid[0];
    return solid.length < inputs.length && solid.length > 0 ? apply1(concatPrimitive, solid, { axis }) : undefined;
  },
};

/** Joins tensors along an existing axis. */
export function concat(xs: readonly Value[], axis = 0): Tensor {
  if (xs.length === 0) fail("concat", "nothing to join");
  const tensors = lift("concat", xs);
  return apply1(concatPrimitive, tensors, { axis: fromEnd("concat", tensors[0], axis) });
}

/** Joins tensors along a new axis. */
export const stack = (xs: readonly Value[], axis = 0): Tensor =>
  concat(
    lift("stack", xs).map((x) => expandDims(x, axis)),
    axis,
  );

/** Cuts an axis into pieces of the given lengths, or into `pieces` equal ones. */
export function split(x: Value, pieces: number | readonly number[], axis = 0): Tensor[] {
  const t = liftOne("split", x);
  const at = fromEnd("split", t, axis) + t.rank;
  const n = t.shape[at];
  if (typeof pieces === "number" && n % pieces) fail("split", `${n} is not a multiple of ${pieces}`, [t]);
  const lengths = typeof pieces === "number" ? new Array<number>(pieces).fill(n / pieces) : pieces;
  if (lengths.reduce((a, b) => a + b, 0) !== n) fail("split", `[${lengths.join(", ")}] does not add up to ${n}`, [t]);
  let offset = 0;
  return lengths.map((length) => {
    const start = offset;
    offset += length;
    return slice(t, ...t.shape.map((_, i): Index => (i === at ? [start, offset] : null)));
  });
}
