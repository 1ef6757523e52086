/** Vectors to and from memory: any dtype, any stride. */
import { type Shape, sizeOf } from "../../array/ndarray.ts";
import type { ProgramDType } from "../dtype.ts";
import type { Lanes, Vector } from "./lanes.ts";
import { simd } from "./simd.ts";

/** Bytes of an element. */
export const bytesOf: Readonly<Record<ProgramDType, 1 | 4 | 8>> = { f32: 4, f64: 8, i32: 4, i64: 8, u8: 1, bool: 1 };

/** Vectors may be read up to their end behind the last element. */
export const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16 + 32;

interface Sized {
  readonly dtype: ProgramDType;
  readonly shape: Shape;
}
export const bytesOfTensor = ({ shape, dtype }: Sized): number => sizeOf(shape) * bytesOf[dtype];
/** Bytes with what may be read behind them. */
export const sizeInBytes = (x: Sized): number => aligned(bytesOfTensor(x));

const laneLoads = { 1: simd.load8Lane, 4: simd.load32Lane, 8: simd.load64Lane } as const;
const laneStores = { 1: simd.store8Lane, 4: simd.store32Lane, 8: simd.store64Lane } as const;
const splats = { 1: 7, 4: simd.load32Splat, 8: simd.load64Splat } as const;
const packedLoads: Readonly<Record<number, number>> = { 16: simd.load, 8: simd.load64Zero, 4: simd.load32Zero, 2: simd.load16Splat };

/** Pushes an address, to which a constant is added. */
export type Address = () => void;

/** As many elements as there are lanes, one behind another. What lies behind the last one may be read too. */
export function loadRow(v: Lanes, dtype: ProgramDType, at: Address): Vector {
  return widened(
    v,
    v.keep(dtype, () => {
      at();
      v.code.simdAccess(packedLoads[v.width * bytesOf[dtype]], 0);
    }),
  );
}

/** One element in all lanes. */
export function loadSplat(v: Lanes, dtype: ProgramDType, at: Address): Vector {
  return widened(
    v,
    v.keep(dtype, () => {
      at();
      v.code.simdAccess(splats[bytesOf[dtype]], 0);
    }),
  );
}

/** The first `count` of the elements that lie `stride` elements apart. */
export function loadApart(v: Lanes, dtype: ProgramDType, at: Address, stride: number, count: number): Vector {
  const size = bytesOf[dtype];
  return widened(
    v,
    v.keep(dtype, () => {
      v.code.simd(simd.constant, new Array(16).fill(0));
      for (let k = 0; k < count; k++) {
        const kept = v.code.local("v128");
        v.code.set(kept);
        apart(v, at, k * stride * size);
        v.code.get(kept);
        v.code.simdAccess(laneLoads[size], 0, k);
      }
    }),
  );
}

function apart(v: Lanes, at: Address, bytes: number): void {
  at();
  if (bytes === 0) return;
  v.code.i32(bytes);
  v.code.op("i32.add");
}

/** Elements side by side, as memory has them, to lanes. */
function widened(v: Lanes, packed: Vector): Vector {
  const { dtype } = packed;
  const then = (...numbers: number[]): Vector =>
    v.keep(dtype, () => {
      v.code.get(packed.local);
      for (const n of numbers) v.code.simd(n);
    });
  if (v.width === 4) {
    if (bytesOf[dtype] === 4) return packed;
    const words = then(simd.extend8, simd.extend16);
    return dtype === "bool" ? v.compare("ne", { ...words, dtype: "i32" }, v.constant(0, "i32")) : words;
  }
  if (bytesOf[dtype] === 8) return packed;
  if (dtype === "f32") return then(simd.promote);
  if (dtype === "i32") return then(simd.extend32);
  const words = then(simd.extend8, simd.extend16, simd.extend32Unsigned);
  return dtype === "bool" ? v.compare("ne", { ...words, dtype: "i64" }, v.constant(0, "i64")) : words;
}

/** Bytes 0, 8 and 0, 4, …: the lowest of every lane. */
const lowest = {
  4: [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12],
  2: [0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8],
} as const;
const lowWords = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];

/** Lanes to elements side by side. */
function narrowed(v: Lanes, x: Vector): Vector {
  const shuffled = (of: Vector, order: readonly number[]): Vector =>
    v.keep(x.dtype, () => {
      v.code.get(of.local);
      v.code.get(of.local);
      v.code.simd(simd.shuffle, order);
    });
  if (bytesOf[x.dtype] === 1) return shuffled(x.dtype === "bool" ? v.and(x, v.as(v.bits(1n, "i32"), "bool")) : x, lowest[v.width]);
  if (v.width === 4 || bytesOf[x.dtype] === 8) return x;
  if (x.dtype === "i32") return shuffled(x, lowWords);
  return v.keep("f32", () => {
    v.code.get(x.local);
    v.code.simd(simd.demote);
  });
}

/** Stores the first `count` lanes, `stride` elements apart. */
export function store(v: Lanes, x: Vector, at: Address, stride: number, count: number): void {
  const size = bytesOf[x.dtype];
  const packed = narrowed(v, x);
  const whole = { 16: simd.store, 8: simd.store64Lane, 4: simd.store32Lane, 2: simd.store16Lane }[v.width * size];
  if (count === v.width && stride === 1 && whole !== undefined) {
    at();
    v.code.get(packed.local);
    v.code.simdAccess(whole, 0, whole === simd.store ? undefined : 0);
    return;
  }
  for (let k = 0; k < count; k++) {
    apart(v, at, k * stride * size);
    v.code.get(packed.local);
    v.code.simdAccess(laneStores[size], 0, k);
  }
}
