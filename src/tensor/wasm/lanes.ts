/**
 * Arithmetic on vectors of lanes: how elementwise primitives are computed in WebAssembly. A kernel has four lanes of 32 bits or two of 64;
 * u8 and booleans are held in lanes as wide as the others (true: all bits), i32 beside 64 bits as i64, f32 there as f64. Multiplications
 * and additions are never contracted, so that every processor gives the same bits.
 */
import { isFloat, type ProgramDType } from "../dtype.ts";
import type { Code } from "./code.ts";
import { families, floats, type Lane, shifts, simd } from "./simd.ts";

export type Width = 4 | 2;

/** A vector: a local of the kernel, and what its lanes mean. */
export interface Vector {
  readonly local: number;
  readonly dtype: ProgramDType;
}

const isWide = (dtype: ProgramDType): boolean => dtype === "f64" || dtype === "i64";

/** The lanes that hold a dtype. */
export const laneOf = (width: Width, dtype: ProgramDType): Lane =>
  width === 4 ? (dtype === "f32" ? "f32x4" : "i32x4") : isFloat(dtype) ? "f64x2" : "i64x2";

/** Lanes in which a dtype can be computed; booleans take any. */
export const widthOf = (dtype: ProgramDType): Width | undefined => (dtype === "bool" ? undefined : isWide(dtype) ? 2 : 4);

type FloatOperation = keyof (typeof floats)["f32x4"];

/** Instructions on vectors; results are new locals. */
export interface Lanes {
  readonly width: Width;
  readonly code: Code;
  /** The function of an import. */
  imported(name: string): number;
  constant(value: number, dtype: ProgramDType): Vector;
  /** Lanes of integers with these bits. */
  bits(value: bigint, dtype: ProgramDType): Vector;
  add(a: Vector, b: Vector): Vector;
  sub(a: Vector, b: Vector): Vector;
  mul(a: Vector, b: Vector): Vector;
  div(a: Vector, b: Vector): Vector;
  neg(a: Vector): Vector;
  abs(a: Vector): Vector;
  /** NaN where one of them is. */
  min(a: Vector, b: Vector): Vector;
  max(a: Vector, b: Vector): Vector;
  /** a between the bounds; NaN stays. One instruction each, where `min` and `max` are many. */
  clamp(a: Vector, low: number, high: number): Vector;
  sqrt(a: Vector): Vector;
  floor(a: Vector): Vector;
  ceil(a: Vector): Vector;
  /** To the nearest whole number, halves to even. */
  nearest(a: Vector): Vector;
  compare(how: "eq" | "ne" | "lt" | "le" | "gt" | "ge", a: Vector, b: Vector): Vector;
  and(a: Vector, b: Vector): Vector;
  or(a: Vector, b: Vector): Vector;
  xor(a: Vector, b: Vector): Vector;
  not(a: Vector): Vector;
  select(condition: Vector, a: Vector, b: Vector): Vector;
  shift(how: "shl" | "shr" | "shrUnsigned", a: Vector, by: number): Vector;
  /** The same bits under another dtype. */
  as(a: Vector, dtype: ProgramDType): Vector;
  convert(a: Vector, dtype: ProgramDType): Vector;
  /** Lane by lane, what takes numbers of f64 or i64 from the stack and leaves one. */
  eachLane(inputs: readonly Vector[], dtype: ProgramDType, body: (push: (i: number) => void) => void): Vector;
  /** A new local with what `write` leaves on the stack. */
  keep(dtype: ProgramDType, write: () => void): Vector;
}

/** Low words of two lanes side by side. */
const lowWords = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];

export function lanes(code: Code, width: Width, imported: (name: string) => number): Lanes {
  const constants = new Map<string, Vector>();
  const lane = (dtype: ProgramDType): Lane => laneOf(width, dtype);
  const keep = (dtype: ProgramDType, write: () => void): Vector => {
    write();
    const local = code.local("v128");
    code.set(local);
    return { local, dtype };
  };
  const push = ({ local }: Vector): void => code.get(local);
  const apply = (number: number, dtype: ProgramDType, ...inputs: Vector[]): Vector =>
    keep(dtype, () => {
      inputs.forEach(push);
      code.simd(number);
    });
  const family = (a: Vector): (typeof families)[Lane] => families[lane(a.dtype)];
  const float = (operation: FloatOperation, ...inputs: Vector[]): Vector => {
    const kind = lane(inputs[0].dtype);
    return apply(floats[kind === "f32x4" ? kind : "f64x2"][operation], inputs[0].dtype, ...inputs);
  };
  /** What is narrower than its lane wraps: u8, and i32 beside 64 bits. */
  const wrapped = (a: Vector): Vector => {
    if (a.dtype === "u8") return self.and(a, self.bits(255n, "u8"));
    return a.dtype === "i32" && width === 2 ? self.shift("shr", self.shift("shl", a, 32), 32) : a;
  };
  /** f32 beside f64 is rounded after every operation. */
  const rounded = (a: Vector): Vector =>
    a.dtype === "f32" && width === 2
      ? keep("f32", () => {
          push(a);
          code.simd(simd.demote);
          code.simd(simd.promote);
        })
      : wrapped(a);
  const literal = (key: string, dtype: ProgramDType, bytes: Uint8Array): Vector => {
    const known = constants.get(key);
    if (known) return known;
    const local = code.local("v128");
    code.first(() => {
      code.simd(simd.constant, [...bytes]);
      code.set(local);
    });
    constants.set(key, { local, dtype });
    return { local, dtype };
  };
  const pattern = (value: number, kind: Lane): Uint8Array => {
    if (kind === "f32x4") return new Uint8Array(new Float32Array(4).fill(value).buffer);
    if (kind === "f64x2") return new Uint8Array(new Float64Array(2).fill(value).buffer);
    if (kind === "i32x4") return new Uint8Array(new Int32Array(4).fill(value).buffer);
    return new Uint8Array(new BigInt64Array(2).fill(BigInt(value)).buffer);
  };
  const self: Lanes = {
    width,
    code,
    imported,
    keep,
    constant(value, dtype) {
      const held = dtype === "bool" ? (value ? -1 : 0) : value;
      return literal(`${dtype}${Object.is(held, -0) ? "-0" : held}`, dtype, pattern(held, lane(dtype)));
    },
    bits(value, dtype) {
      const four = width === 4;
      const bytes = new Uint8Array(
        four ? new Int32Array(4).fill(Number(BigInt.asIntN(32, value))).buffer : new BigInt64Array(2).fill(value).buffer,
      );
      return literal(`${dtype} bits ${value}`, dtype, bytes);
    },
    add: (a, b) => rounded(apply(family(a).add, a.dtype, a, b)),
    sub: (a, b) => rounded(apply(family(a).sub, a.dtype, a, b)),
    mul: (a, b) => rounded(apply(family(a).mul, a.dtype, a, b)),
    div: (a, b) => (isFloat(a.dtype) ? rounded(float("div", a, b)) : divided(a, b)),
    neg: (a) => wrapped(apply(family(a).neg, a.dtype, a)),
    abs: (a) => (a.dtype === "u8" ? a : apply(family(a).abs, a.dtype, a)),
    min(a, b) {
      if (a.dtype === "bool") return self.and(a, b);
      return isFloat(a.dtype) ? float("min", a, b) : self.select(self.compare("lt", a, b), a, b);
    },
    max(a, b) {
      if (a.dtype === "bool") return self.or(a, b);
      return isFloat(a.dtype) ? float("max", a, b) : self.select(self.compare("gt", a, b), a, b);
    },
    clamp(a, low, high) {
      const above = low === Number.NEGATIVE_INFINITY ? a : float("pmax", a, self.constant(low, a.dtype));
      return high === Number.POSITIVE_INFINITY ? above : float("pmin", above, self.constant(high, a.dtype));
    },
    sqrt: (a) => float("sqrt", a),
    floor: (a) => float("floor", a),
    ceil: (a) => float("ceil", a),
    nearest: (a) => float("nearest", a),
    compare: (how, a, b) => apply(family(a)[how], "bool", a, b),
    and: (a, b) => apply(simd.and, a.dtype, a, b),
    or: (a, b) => apply(simd.or, a.dtype, a, b),
    xor: (a, b) => apply(simd.xor, a.dtype, a, b),
    not: (a) => apply(simd.not, a.dtype, a),
    select: (condition, a, b) => apply(simd.bitselect, a.dtype, a, b, condition),
    shift: (how, a, by) =>
      keep(a.dtype, () => {
        push(a);
        code.i32(by);
        code.simd(shifts[width === 4 ? "i32x4" : "i64x2"][how]);
      }),
    as: ({ local }, dtype) => ({ local, dtype }),
    convert: (a, dtype) => converted(a, dtype),
    eachLane(inputs, dtype, body) {
      const out = code.local("v128");
      code.first(() => {
        code.simd(simd.constant, new Array(16).fill(0));
        code.set(out);
      });
      const target = lane(dtype);
      for (let k = 0; k < width; k++) {
        code.get(out);
        body((i) => {
          push(inputs[i]);
          const source = lane(inputs[i].dtype);
          code.simd(families[source].extract, [k]);
          if (source === "f32x4") code.op("f64.promote");
        });
        if (target === "f32x4") code.op("f32.demote");
        code.simd(families[target].replace, [k]);
        code.set(out);
      }
      return { local: out, dtype };
    },
  };

  /** Whole numbers: towards zero; by zero 0, where a processor would stop. */
  function divided(a: Vector, b: Vector): Vector {
    const zero = self.constant(0, a.dtype);
    const none = self.compare("eq", b, zero);
    // the lowest number by -1 is the other trap: 0 - a is what it wraps to
    const minus = self.compare("eq", b, self.constant(-1, a.dtype));
    const safe = self.select(self.or(none, minus), self.constant(1, a.dtype), b);
    const kind = lane(a.dtype);
    const quotient = keep(a.dtype, () => {
      push(zero);
      for (let k = 0; k < width; k++) {
        for (const x of [a, safe]) {
          push(x);
          code.simd(families[kind].extract, [k]);
        }
        code.op(width === 4 ? "i32.div_s" : "i64.div_s");
        code.simd(families[kind].replace, [k]);
      }
    });
    return self.select(none, zero, self.select(minus, self.sub(zero, a), quotient));
  }

  function converted(a: Vector, dtype: ProgramDType): Vector {
    if (a.dtype === dtype) return a;
    if (dtype === "bool") return self.compare("ne", a, self.constant(0, a.dtype));
    if (a.dtype === "bool") return self.and(self.as(a, dtype), self.constant(1, dtype));
    const [from, to] = [lane(a.dtype), lane(dtype)];
    if (from === to) return rounded({ local: a.local, dtype });
    if (from === "f32x4") return wrapped(apply(simd.truncF32, dtype, a));
    if (to === "f32x4") return apply(simd.convertI32, dtype, a);
    if (to === "f64x2" && a.dtype !== "i64")
      return rounded(
        keep(dtype, () => {
          push(a);
          push(a);
          code.simd(simd.shuffle, lowWords);
          code.simd(simd.convertI32F64);
        }),
      );
    const whole = (write: () => void): Vector =>
      keep(dtype, () => {
        code.simd(simd.constant, new Array(16).fill(0));
        for (let k = 0; k < 2; k++) {
          push(a);
          code.simd(families[from].extract, [k]);
          write();
          code.simd(families[to].replace, [k]);
        }
      });
    // at once, as to f64 first it would be rounded twice
    if (dtype === "f32") return whole(() => code.op("f32.convert_i64", "f64.promote"));
    if (to === "f64x2") return whole(() => code.op("f64.convert_i64"));
    return wrapped(whole(() => code.op("i64.trunc_f64")));
  }
  return self;
}

/** The upper half of the lanes of four as doubles. */
const upper = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** f32 as doubles: the lower two lanes, and the upper two. */
export function doubles(v: Lanes, x: Vector): readonly Vector[] {
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
