/** How elements are added up, or compared: in registers along a row, in memory across rows. */
import { isFloat, type ProgramDType } from "../dtype.ts";
import { doubles, type Lanes, lanes, type Vector } from "./lanes.ts";
import { type Address, bytesOf, loadApart, loadRow, loadSplat, store } from "./memory.ts";
import { simd } from "./simd.ts";
import type { Accumulation } from "./writer.ts";

/** The dtype in which elements are added up. */
export const accumulated = (dtype: ProgramDType, how: Accumulation["how"]): ProgramDType =>
  dtype === "f32" && how === "sum" ? "f64" : dtype;

const combine = (v: Lanes, how: Accumulation["how"], a: Vector, b: Vector): Vector =>
  how === "sum" ? v.add(a, b) : how === "max" ? v.max(a, b) : v.min(a, b);

/** What changes nothing. */
export function neutral(v: Lanes, how: Accumulation["how"], dtype: ProgramDType): Vector {
  if (how === "sum") return v.constant(0, dtype);
  const isMax = how === "max";
  if (isFloat(dtype)) return v.constant(isMax ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, dtype);
  if (dtype === "u8" || dtype === "bool") return v.constant(isMax ? 0 : 255, dtype);
  const top = 1n << (dtype === "i64" ? 63n : 31n);
  return v.bits(isMax ? -top : top - 1n, dtype);
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
  return v.select(mask, x, neutral(v, how, x.dtype));
}

export interface Register {
  add(x: Vector, count: number): void;
  /** To memory: stored if the row is all there is, else combined with what is there. */
  flush(at: Address, once: boolean): void;
}

/** Sums of a row in registers. */
export function register(v: Lanes, { how, into }: Accumulation): Register {
  const { code } = v;
  const inDoubles = accumulated(into.dtype, how) === "f64" && into.dtype === "f32";
  const wide = inDoubles && v.width === 4 ? lanes(code, 2, v.imported) : v;
  const dtype = inDoubles ? "f64" : into.dtype;
  const start = neutral(wide, how, dtype);
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
export function addInMemory(v: Lanes, { how, into }: Accumulation, x: Vector, at: Address, stride: number, count: number): void {
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
