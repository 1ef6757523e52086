/**
 * Loops over the elements of a shape: what is loaded from places, computed on lanes, stored, and summed. Axes that lie alike in all places are
 * one; the last one is walked in vectors, with a shorter one at its end.
 */
import type { Shape } from "../../array/ndarray.ts";
import type { ProgramDType } from "../dtype.ts";
import type { Code } from "./code.ts";
import { type Lanes, lanes, type Vector } from "./lanes.ts";
import { type Address, bytesOf, loadApart, loadRow, loadSplat, store } from "./memory.ts";
import type { ModuleWriter } from "./module.ts";
import { advance, counted, nest } from "./nest.ts";
import { simd } from "./simd.ts";
import type { Accumulation, Loop, Operand } from "./writer.ts";

/** The dtype in which elements are added up. */
export const accumulated = (dtype: ProgramDType, how: Accumulation["how"]): ProgramDType =>
  dtype === "f32" && how === "sum" ? "f64" : dtype;

/** What is accessed, in order. */
const operands = ({ loads, stores, accumulations }: Omit<Loop, "compute">): readonly Operand[] => [
  ...loads,
  ...stores,
  ...accumulations.map((a) => a.into),
];

/** Of each accumulation, whether a row is all there is of an element, so that nothing has to be added in memory. */
export function rowwise(loop: Omit<Loop, "compute">): boolean[] {
  const all = operands(loop);
  const { steps } = collapsed(
    loop.shape,
    all.map((o) => o.strides),
  );
  return steps.slice(all.length - loop.accumulations.length).map((own) => own.at(-1) === 0 && own.slice(0, -1).every((s) => s !== 0));
}

/** Axes of length 1 dropped, and neighbours joined that lie one behind another everywhere. */
function collapsed(shape: Shape, strides: readonly (readonly number[])[]): { sizes: number[]; steps: number[][] } {
  const sizes: number[] = [];
  const steps: number[][] = strides.map(() => []);
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const last = sizes.length - 1;
    if (last >= 0 && strides.every((s, k) => steps[k][last] === s[axis] * n)) {
      sizes[last] *= n;
      steps.forEach((s, k) => (s[last] = strides[k][axis]));
      return;
    }
    sizes.push(n);
    steps.forEach((s, k) => s.push(strides[k][axis]));
  });
  if (sizes.length > 0) return { sizes, steps };
  return { sizes: [1], steps: steps.map(() => [0]) };
}

/** Writes a loop as a function without parameters. */
export function writeLoop(writer: ModuleWriter, loop: Loop): number {
  return writer.func({ params: [], results: [] }, (code) => writeNest(code, loop, writer.imported));
}

function writeNest(code: Code, loop: Loop, imported: ModuleWriter["imported"]): void {
  const v = lanes(code, loop.width, imported);
  const places = operands(loop);
  const once = rowwise(loop);
  const { sizes, steps } = collapsed(
    loop.shape,
    places.map((o) => o.strides),
  );
  const inner = sizes.length - 1;
  const first = places.length - once.length;
  const dtypes = places.map((o, k) => (k < first || once[k - first] ? o.dtype : accumulated(o.dtype, loop.accumulations[k - first].how)));
  const walks = places.map((o, k) => ({
    place: { ...o.place, offset: o.place.offset + o.offset * bytesOf[dtypes[k]] },
    steps: steps[k].slice(0, inner).map((step) => step * bytesOf[dtypes[k]]),
  }));
  nest(code, sizes.slice(0, inner), walks, (pointers) => row(v, loop, { sizes, steps, pointers, dtypes, once }));
}

interface Nest {
  readonly sizes: readonly number[];
  readonly steps: readonly (readonly number[])[];
  readonly pointers: readonly number[];
  /** Of the elements in memory. */
  readonly dtypes: readonly ProgramDType[];
  readonly once: readonly boolean[];
}

/** The innermost axis. */
function row(v: Lanes, loop: Loop, { sizes, steps, pointers, dtypes, once }: Nest): void {
  const { code, width } = v;
  const { loads, stores, accumulations, compute } = loop;
  const n = sizes[sizes.length - 1];
  const stride = steps.map((s) => s[s.length - 1]);
  const [whole, rest] = [Math.floor(n / width), n % width];
  // bytes of a step: what each distance has walked so far, as a local
  const walked = new Map<number, number>();
  pointers.forEach((_, k) => {
    const bytes = stride[k] * bytesOf[dtypes[k]];
    if (bytes !== 0 && n > width && !walked.has(bytes)) walked.set(bytes, code.local("i32"));
  });
  for (const local of walked.values()) {
    code.i32(0);
    code.set(local);
  }
  const at =
    (k: number): Address =>
    () => {
      code.get(pointers[k]);
      const local = walked.get(stride[k] * bytesOf[dtypes[k]]);
      if (local === undefined) return;
      code.get(local);
      code.op("i32.add");
    };
  const still = loads.map((o, k) => (stride[k] === 0 ? loadSplat(v, o.dtype, at(k)) : undefined));
  const first = loads.length + stores.length;
  const registers = accumulations.map((a, j) => (stride[first + j] === 0 ? register(v, a) : undefined));
  const body = (count: number): void => {
    const loaded = loads.map((o, k) => {
      const known = still[k];
      if (known) return known;
      return stride[k] === 1 ? loadRow(v, o.dtype, at(k)) : loadApart(v, o.dtype, at(k), stride[k], count);
    });
    const results = compute(v, loaded);
    stores.forEach((_, j) => store(v, results[j], at(loads.length + j), stride[loads.length + j], count));
    accumulations.forEach((a, j) => {
      const x = results[stores.length + j];
      const own = registers[j];
      if (own) own.add(x, count);
      else addInMemory(v, a, x, at(first + j), stride[first + j], count);
    });
  };
  if (whole > 0) {
    counted(code, whole, () => {
      body(width);
      for (const [bytes, local] of walked) advance(code, local, bytes * width);
    });
  }
  if (rest > 0) body(rest);
  registers.forEach((r, j) => r?.flush(() => code.get(pointers[first + j]), once[j]));
}

const combine = (v: Lanes, how: Accumulation["how"], a: Vector, b: Vector): Vector =>
  how === "sum" ? v.add(a, b) : how === "max" ? v.max(a, b) : v.min(a, b);

/** What changes nothing. */
export function neutral(how: Accumulation["how"], dtype: ProgramDType): number {
  if (how === "sum") return 0;
  const low = how === "max";
  if (dtype === "f32" || dtype === "f64") return low ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (dtype === "u8" || dtype === "bool") return low ? 0 : 255;
  return low ? -(2 ** 31) : 2 ** 31 - 1;
}

/** The upper half of the lanes of four as doubles. */
const upper = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** f32 as doubles: the lower two lanes, and the upper two. */
function doubles(v: Lanes, x: Vector): readonly Vector[] {
  if (v.width === 2) return [v.as(x, "f64")];
  return [false, true].map((isUpper) =>
    v.keep("f64", () => {
      v.code.get(x.local);
      if (isUpper) {
        v.code.get(x.local);
        v.code.simd(simd.shuffle, upper);
      }
      v.code.simd(simd.promote);
    }),
  );
}

/** Keeps only the first `count` lanes; the others are neutral. */
function masked(v: Lanes, x: Vector, how: Accumulation["how"], count: number): Vector {
  if (count === v.width) return x;
  const bytes = 16 / v.width;
  const mask = v.keep("bool", () =>
    v.code.simd(
      simd.constant,
      Array.from({ length: 16 }, (_, i) => (i < count * bytes ? 255 : 0)),
    ),
  );
  return v.select(mask, x, v.constant(neutral(how, x.dtype), x.dtype));
}

interface Register {
  add(x: Vector, count: number): void;
  /** To memory: stored if the row is all there is, else combined with what is there. */
  flush(at: Address, once: boolean): void;
}

/** Sums of a row in registers. */
function register(v: Lanes, { how, into }: Accumulation): Register {
  const { code } = v;
  const inDoubles = accumulated(into.dtype, how) === "f64" && into.dtype === "f32";
  const wide = inDoubles && v.width === 4 ? lanes(code, 2, v.imported) : v;
  const dtype = inDoubles ? "f64" : into.dtype;
  const start = wide.constant(neutral(how, dtype), dtype);
  const totals = (inDoubles && v.width === 4 ? [0, 1] : [0]).map(() => {
    const local = code.local("v128");
    code.get(start.local);
    code.set(local);
    return { local, dtype } as const;
  });
  const keepIn = (k: number, x: Vector): void => {
    code.get(x.local);
    code.set(totals[k].local);
  };
  return {
    add(x, count) {
      const own = masked(v, x, how, count);
      const parts = inDoubles ? doubles(v, own) : [own];
      parts.forEach((part, k) => keepIn(k, combine(wide, how, totals[k], part)));
    },
    flush(at, once) {
      let total: Vector = totals.length === 2 ? combine(wide, how, totals[0], totals[1]) : totals[0];
      for (let reach = 8; reach >= 16 / wide.width; reach /= 2) {
        const from = total;
        const order = Array.from({ length: 16 }, (_, i) => (i + reach) % 16);
        const turned = wide.keep(dtype, () => {
          code.get(from.local);
          code.get(from.local);
          code.simd(simd.shuffle, order);
        });
        total = combine(wide, how, from, turned);
      }
      const final = once ? (inDoubles ? toSingle(wide, total) : total) : combine(wide, how, total, loadSplat(wide, dtype, at));
      store(wide, final, at, 1, 1);
    },
  };
}

/** f64 lanes of two as f32 that memory takes. */
const toSingle = (v: Lanes, x: Vector): Vector => v.convert(x, "f32");

/** Adds lanes to what lies in memory. */
function addInMemory(v: Lanes, { how, into }: Accumulation, x: Vector, at: Address, stride: number, count: number): void {
  const dtype = accumulated(into.dtype, how);
  if (dtype === into.dtype) {
    const old = stride === 1 ? loadRow(v, dtype, at) : loadApart(v, dtype, at, stride, count);
    store(v, combine(v, how, old, x), at, stride, count);
    return;
  }
  const wide = v.width === 4 ? lanes(v.code, 2, v.imported) : v;
  doubles(v, x).forEach((part, half) => {
    const here = Math.min(2, count - 2 * half);
    if (here <= 0) return;
    const there: Address = () => {
      at();
      v.code.i32(half * 2 * stride * bytesOf.f64);
      v.code.op("i32.add");
    };
    const old = stride === 1 ? loadRow(wide, "f64", there) : loadApart(wide, "f64", there, stride, here);
    store(wide, combine(wide, how, old, part), there, stride, here);
  });
}
