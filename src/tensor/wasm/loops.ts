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
import type { Start } from "./place.ts";
import { accumulated, addInMemory, register } from "./sums.ts";
import type { Loop, Operand } from "./writer.ts";

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

/** An axis, of those that are left when others are joined, along which parts of a loop touch nothing in common. */
export interface Cut {
  readonly axis: number;
  /** Steps along it, and those between two that may begin a part. */
  readonly length: number;
  readonly multiple: number;
}

/** The first axis along which nothing is added up, so that parts do not wait for each other, and every sum is as it was. */
export function cutOf(loop: Loop): Cut | undefined {
  const all = operands(loop);
  const { sizes, steps } = collapsed(
    loop.shape,
    all.map((o) => o.strides),
  );
  const totals = steps.slice(all.length - loop.accumulations.length);
  const axis = sizes.findIndex((_, i) => totals.every((own) => own[i] !== 0));
  if (axis < 0) return undefined;
  return { axis, length: sizes[axis], multiple: axis === sizes.length - 1 ? loop.width : 1 };
}

/** So many steps along an axis. */
interface Part {
  readonly axis: number;
  readonly count: number;
  readonly start: Start;
}

/** Writes a loop, or a part of it, into a function. */
export function writeNest(code: Code, loop: Loop, imported: ModuleWriter["imported"], part?: Part): void {
  const v = lanes(code, loop.width, imported);
  const places = operands(loop);
  const once = rowwise(loop);
  const { sizes, steps } = collapsed(
    loop.shape,
    places.map((o) => o.strides),
  );
  const inner = sizes.length - 1;
  if (part) sizes[part.axis] = part.count;
  const first = places.length - once.length;
  const dtypes = places.map((o, k) => (k < first || once[k - first] ? o.dtype : accumulated(o.dtype, loop.accumulations[k - first].how)));
  const walks = places.map((o, k) => {
    const bytes = steps[k].map((step) => step * bytesOf[dtypes[k]]);
    const place = { ...o.place, offset: o.place.offset + o.offset * bytesOf[dtypes[k]] };
    return { place, steps: bytes.slice(0, inner), ...(part && { start: part.start(place, bytes[part.axis]) }) };
  });
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

/** Along the innermost axis: the address of each place, as it walks on. */
function walking(
  { code, width }: Lanes,
  n: number,
  pointers: readonly number[],
  bytes: readonly number[],
): { at(k: number): Address; step(): void } {
  // what places of the same distance have walked is one local
  const walked = new Map<number, number>();
  for (const step of n > width ? bytes : []) if (step !== 0 && !walked.has(step)) walked.set(step, code.local("i32"));
  for (const local of walked.values()) {
    code.i32(0);
    code.set(local);
  }
  return {
    at: (k) => () => {
      code.get(pointers[k]);
      const local = walked.get(bytes[k]);
      if (local === undefined) return;
      code.get(local);
      code.op("i32.add");
    },
    step() {
      for (const [bytes, local] of walked) advance(code, local, bytes * width);
    },
  };
}

/** The innermost axis. */
function row(v: Lanes, { loads, stores, accumulations, compute }: Loop, { sizes, steps, pointers, dtypes, once }: Nest): void {
  const { code, width } = v;
  const n = sizes[sizes.length - 1];
  const stride = steps.map((s) => s[s.length - 1]);
  const { at, step } = walking(
    v,
    n,
    pointers,
    stride.map((s, k) => s * bytesOf[dtypes[k]]),
  );
  const first = loads.length + stores.length;
  const still = loads.map((o, k) => (stride[k] === 0 ? loadSplat(v, o.dtype, at(k)) : undefined));
  const registers = accumulations.map((a, j) => (stride[first + j] === 0 ? register(v, a) : undefined));
  const load = (k: number, count: number): Vector =>
    still[k] ?? (stride[k] === 1 ? loadRow(v, loads[k].dtype, at(k)) : loadApart(v, loads[k].dtype, at(k), stride[k], count));
  const body = (count: number): void => {
    const results = compute(
      v,
      loads.map((_, k) => load(k, count)),
    );
    stores.forEach((_, j) => store(v, results[j], at(loads.length + j), stride[loads.length + j], count));
    accumulations.forEach((a, j) => {
      const x = results[stores.length + j];
      const own = registers[j];
      if (own) own.add(x, count);
      else addInMemory(v, a, x, at(first + j), stride[first + j], count);
    });
  };
  const [whole, rest] = [Math.floor(n / width), n % width];
  if (whole > 0)
    counted(code, whole, () => {
      body(width);
      step();
    });
  if (rest > 0) body(rest);
  registers.forEach((r, j) => r?.flush(() => code.get(pointers[first + j]), once[j]));
}
