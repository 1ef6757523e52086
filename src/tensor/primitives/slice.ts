/** Pieces of tensors: slices, padding, the reverse order, and joining. All linear, all exact. */
import { type NdArray, sizeOf } from "../../array/ndarray.ts";
import { apply1 } from "../primitive.ts";
import { fail, fromEnd, range, stridesOf, withLength } from "../shapes.ts";
import type { Primitive, Tensor } from "../tensor.ts";
import { bytesOfTensor } from "../wasm/memory.ts";
import { clear, copyElements } from "../wasm/rules.ts";
import { equal, where } from "./arithmetic.ts";
import { iota, lift, liftOne, scalar, type Value } from "./constant.ts";
import { expandDims, listOf, reshape, squeeze } from "./reshape.ts";
import { broadcastTo } from "./sum.ts";

/** One axis of a slice: elements start, start + step, … below stop. */
export interface Cut {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

export const cutLength = ({ start, stop, step }: Cut): number => Math.max(0, Math.ceil((stop - start) / step));

/** Parameters hold one entry per axis, aligned at the last axis; axes in front of them are whole. */
export const slicePrimitive: Primitive = {
  name: "slice",
  exact: true,
  infer: ([x], { cuts }) => [{ dtype: x.dtype, shape: [...x.shape.slice(0, x.rank - cuts.length), ...cuts.map(cutLength)] }],
  view({ shape }, { cuts }: { cuts: readonly Cut[] }) {
    const strides = stridesOf(shape);
    const lead = shape.length - cuts.length;
    const offset = cuts.reduce((at, { start }, i) => at + start * strides[lead + i], 0);
    return { offset, strides: strides.map((s, i) => (i < lead ? s : s * cuts[i - lead].step)) };
  },
  onnx(emit, [x], node) {
    const { cuts } = node.params as { cuts: Cut[] };
    const { shape } = node.inputs[0];
    const axes = range(cuts.length).filter((i) => cutLength(cuts[i]) !== shape[shape.length - cuts.length + i]);
    const list = (f: (c: Cut) => number): string => emit.ints(axes.map((i) => f(cuts[i])));
    const ends = [list((c) => c.start), list((c) => c.stop)];
    const which = emit.ints(axes.map((i) => i - cuts.length));
    return emit.op("Slice", [x, ...ends, which, list((c) => c.step)]);
  },
  transpose: {
    0(ct, [x], { cuts }) {
      const lengths = x.shape.slice(x.rank - cuts.length);
      const paddings = cuts.map((c: Cut, i: number): Padding => {
        const n = cutLength(c);
        return { low: c.start, high: lengths[i] - c.start - (n ? (n - 1) * c.step + 1 : 0), interior: c.step - 1 };
      });
      return padBy(ct, paddings);
    },
  },
};

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

/** Elements start, …, stop - 1 of one axis. */
export const sliceAxis = (x: Tensor, axis: number, start: number, stop: number): Tensor =>
  slice(x, ...x.shape.map((_, i): Index => (i === (axis < 0 ? axis + x.rank : axis) ? [start, stop] : null)));

export interface Padding {
  readonly low: number;
  readonly high: number;
  readonly interior: number;
}

const paddedLength = (n: number, p: Padding): number => p.low + p.high + n + Math.max(0, n - 1) * p.interior;

export const padPrimitive: Primitive = {
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
  wasm: {
    strided: true,
    write(w, { inputs: [x], outputs: [y], params }) {
      const { paddings } = params as { paddings: Padding[] };
      const lead = x.rank - paddings.length;
      const edges = x.shape.map((_, i) => (i < lead ? { low: 0, high: 0 } : paddings[i - lead]));
      const kept = x.shape.map((n, i) => n + Math.min(0, edges[i].low) + Math.min(0, edges[i].high));
      const rows = stridesOf(y.shape);
      const sum = (terms: number[]): number => terms.reduce((a, b) => a + b, 0);
      if (kept.some((n, i) => n < y.shape[i])) clear(w, w.output(0), bytesOfTensor(y));
      if (kept.some((n) => n <= 0)) return;
      const from = w.input(0);
      const skipped = sum(edges.map((e, i) => Math.max(0, -e.low) * from.strides[i]));
      const offset = sum(edges.map((e, i) => Math.max(0, e.low) * rows[i]));
      copyElements(w, kept, { ...from, offset: from.offset + skipped }, { place: w.output(0), offset, strides: rows });
    },
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
      const flat = reshape(cells, withLength(y.shape, y.rank + axis, n * (interior + 1)));
      y = sliceAxis(flat, axis, 0, n + (n - 1) * interior);
    }
    const around = paddings.map((p: Padding) => ({ ...p, interior: 0 }));
    return [padBy(y, around)];
  },
  transpose: { 0: (ct, [x], { paddings }) => unpad(ct, paddings, x.shape.slice(x.rank - paddings.length)) },
};

const padBy = (x: Tensor, paddings: readonly Padding[]): Tensor => apply1(padPrimitive, [x], { paddings });

/** Cuts what padding added; negative padding is padded back with zeros. */
function unpad(x: Tensor, paddings: readonly Padding[], lengths: readonly number[]): Tensor {
  const outside = paddings.map((p) => ({ low: Math.max(0, -p.low), high: Math.max(0, -p.high), interior: 0 }));
  const back = padBy(x, outside);
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
  const zeros = padBy(t, paddings);
  if (value === 0) return zeros;
  const inside = padBy(broadcastTo(scalar(1, t.dtype), t.shape), paddings);
  return where(equal(inside, 1), zeros, value);
}

export const flipPrimitive: Primitive = {
  name: "flip",
  exact: true,
  infer: ([x]) => [x],
  view({ shape }, { axes }: { axes: readonly number[] }) {
    const strides = stridesOf(shape);
    const offset = axes.reduce((at, a) => at + (shape[shape.length + a] - 1) * strides[shape.length + a], 0);
    return { offset, strides: strides.map((s, i) => (axes.includes(i - shape.length) ? -s : s)) };
  },
  onnx(emit, [x], node) {
    const { axes } = node.params as { axes: number[] };
    const all = (value: number): string => emit.ints(axes.map(() => value));
    return emit.op("Slice", [x, all(-1), all(Number.MIN_SAFE_INTEGER), emit.ints(axes), all(-1)]);
  },
  transpose: { 0: (ct, _, params) => apply1(flipPrimitive, [ct], params) },
};

/** Reverses the order along the axes. */
export function flip(x: Value, axes: number | readonly number[]): Tensor {
  const t = liftOne("flip", x);
  const unique = [...new Set(listOf(axes).map((a) => fromEnd("flip", t, a)))].sort((a, b) => a - b);
  return apply1(flipPrimitive, [t], { axes: unique.filter((a) => t.shape[t.rank + a] > 1) });
}

export const concatPrimitive: Primitive = {
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
  wasm: {
    strided: true,
    write(w, { inputs, outputs: [y], params }) {
      const strides = stridesOf(y.shape);
      const at = y.rank + params.axis;
      let offset = 0;
      inputs.forEach((x, i) => {
        copyElements(w, x.shape, w.input(i), { place: w.output(0), offset, strides });
        offset += x.shape[at] * strides[at];
      });
    },
  },
  vjp(inputs, [ct], _, { axis }) {
    let offset = 0;
    return inputs.map((x) => {
      const n = x.shape[x.rank + axis];
      const start = offset;
      offset += n;
      return ct && sliceAxis(ct, axis, start, start + n);
    });
  },
  evaluate(inputs, { axis }) {
    const [outer] = inputs.map((x) => sizeOf(x.shape.slice(0, x.shape.length + axis)));
    const chunk = (x: NdArray, o: number): (number | bigint)[] => [
      ...x.data.subarray((o * x.data.length) / outer, ((o + 1) * x.data.length) / outer),
    ];
    return range(outer).flatMap((o) => inputs.flatMap((x) => chunk(x, o)));
  },
  batch: "every",
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
    return sliceAxis(t, at, start, offset);
  });
}
