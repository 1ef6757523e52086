/**
 * Elementary functions on lanes, to one to three units in the last place. Reductions and coefficients are those of FreeBSD's msun (f64) and of
 * Cephes (f32); every operation is a plain multiplication or addition, so that results are the same bits everywhere.
 */
import type { ProgramDType } from "../dtype.ts";
import { doubles, type Lanes, lanes, type Vector } from "./lanes.ts";
import { simd } from "./simd.ts";

/** Σ c_i x^i, the highest coefficient first. */
function polynomial(v: Lanes, x: Vector, coefficients: readonly number[]): Vector {
  const [first, ...rest] = coefficients.map((c) => v.constant(c, x.dtype));
  return rest.reduce((y, c) => v.add(v.mul(y, x), c), first);
}

const isSingle = (v: Lanes, x: Vector): boolean => v.width === 4 && x.dtype === "f32";

// --- exponentials ------------------------------------------------------------------------------------------------------------------

/** 1/13!, …, 1/2!, 1: |r| ≤ ln 2 / 2 leaves a remainder of 4e-18. */
const taylor = Array.from({ length: 13 }, (_, i) => 1 / factorial(13 - i));
function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
const expSingle = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];

/** e^x = 2^n (1 + p) with n = round(x / ln 2), as a whole number in the lanes' bits, and p = e^r - 1. */
function halved(v: Lanes, x: Vector): { n: Vector; p: Vector } {
  const c = (value: number): Vector => v.constant(value, x.dtype);
  const single = isSingle(v, x);
  const integer: ProgramDType = single ? "i32" : "i64";
  // added and taken away, it leaves a whole number
  const magic = c(single ? 1.5 * 2 ** 23 : 1.5 * 2 ** 52);
  const shifted = v.add(v.mul(x, c(Math.LOG2E)), magic);
  const n = v.sub(shifted, magic);
  const [high, low] = single ? [0.693359375, -2.1219444005469057e-4] : [0.6931471803691238, 1.9082149292705877e-10];
  const r = v.sub(v.sub(x, v.mul(n, c(high))), v.mul(n, c(low)));
  const p = single ? v.add(v.mul(polynomial(v, r, expSingle), v.mul(r, r)), r) : v.mul(polynomial(v, r, taylor), r);
  return { n: v.sub(v.as(shifted, integer), v.as(magic, integer)), p };
}

/** 2^n among the normal numbers. */
function powerOfTwo(v: Lanes, n: Vector): Vector {
  const single = n.dtype === "i32";
  return v.as(v.shift("shl", v.add(n, v.bits(single ? 127n : 1023n, n.dtype)), single ? 23 : 52), single ? "f32" : "f64");
}

/** e^x. 2^n in two factors, so that what is below the normal numbers comes out right. */
export function exp(v: Lanes, x: Vector): Vector {
  const { n, p } = halved(v, isSingle(v, x) ? v.clamp(x, -105, 89) : v.clamp(x, -746, 710));
  const half = v.shift("shr", n, 1);
  return v.mul(v.mul(v.add(p, v.constant(1, x.dtype)), powerOfTwo(v, half)), powerOfTwo(v, v.sub(n, half)));
}

/** Bits of a float taken apart. */
interface Layout {
  readonly integer: ProgramDType;
  /** Brings the mantissa to [√½, √2). */
  readonly offset: bigint;
  readonly base: bigint;
  readonly mask: bigint;
  /** Of the exponent. */
  readonly place: number;
  readonly bias: bigint;
  /** The least normal number, and the power of 2 that makes smaller ones normal. */
  readonly least: number;
  readonly up: number;
}
const layouts: Readonly<Record<"single" | "double", Layout>> = {
  single: {
    integer: "i32",
    offset: 0x3f800000n - 0x3f3504f3n,
    base: 0x3f3504f3n,
    mask: 0x7fffffn,
    place: 23,
    bias: 127n,
    least: 2 ** -126,
    up: 25,
  },
  double: {
    ...{ integer: "i64", offset: (0x3ff00000n - 0x3fe6a09en) << 32n, base: 0x3fe6a09en << 32n, mask: (1n << 52n) - 1n },
    ...{ place: 52, bias: 1023n, least: 2 ** -1022, up: 54 },
  },
};

/** log x = k ln 2 + log(1 + f), by the series of atanh in s = f / (2 + f). */
export function log(v: Lanes, x: Vector): Vector {
  const single = isSingle(v, x);
  const c = (value: number): Vector => v.constant(value, x.dtype);
  const { integer, offset, base, mask, place, bias, least, up } = single ? layouts.single : layouts.double;
  const tiny = v.compare("lt", x, c(least));
  const normal = v.select(tiny, v.mul(x, c(2 ** up)), x);
  const bits = v.add(v.as(normal, integer), v.bits(offset, integer));
  const whole = v.sub(v.shift("shr", bits, place), v.bits(bias, integer));
  const k = v.sub(small(v, whole, single), v.select(tiny, c(up), c(0)));
  const mantissa = v.as(v.add(v.and(bits, v.bits(mask, integer)), v.bits(base, integer)), x.dtype);
  const f = v.sub(mantissa, c(1));
  const s = v.div(f, v.add(f, c(2)));
  const z = v.mul(s, s);
  const rest = v.mul(z, polynomial(v, z, single ? logSingle : logDouble));
  const square = v.mul(v.mul(f, f), c(0.5));
  const [high, low] = single ? [0.69313812256, 9.0580006145e-6] : [0.6931471803691238, 1.9082149292705877e-10];
  const tail = v.add(v.mul(s, v.add(square, rest)), v.mul(k, c(low)));
  const y = v.sub(v.mul(k, c(high)), v.sub(v.sub(square, tail), f));
  const positive = v.select(v.compare("eq", x, c(Number.POSITIVE_INFINITY)), x, y);
  const zero = v.select(v.compare("eq", x, c(0)), c(Number.NEGATIVE_INFINITY), positive);
  return v.select(v.compare("ge", x, c(0)), zero, c(Number.NaN));
}
const logSingle = [0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693];
const logDouble = [
  ...[0.14798198605116586, 0.15313837699209373, 0.1818357216161805, 0.22222198432149784],
  ...[0.2857142874366239, 0.3999999999940942, 0.6666666666666735],
];

/** Small whole numbers as floats; those of 64 bits through the low bits of 2^52 + n. */
function small(v: Lanes, n: Vector, single: boolean): Vector {
  if (single) return v.convert(n, "f32");
  const offset = 2 ** 52 + 4096;
  const bits = BigInt.asUintN(64, new BigInt64Array(new Float64Array([offset]).buffer)[0]);
  return v.sub(v.as(v.add(n, v.bits(bits, "i64")), "f64"), v.constant(offset, "f64"));
}

// --- trigonometric -----------------------------------------------------------------------------------------------------------------

/** π/2 in three parts, the first two of 33 bits: multiples below 2^20 of them are exact. */
const halfPi = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;

/** x - n π/2 and n = round(2x/π), in doubles: exact to rounding up to 2^20. */
function reduced(v: Lanes, x: Vector): { r: Vector; n: Vector } {
  const c = (value: number): Vector => v.constant(value, "f64");
  const n = v.nearest(v.mul(x, c(2 / Math.PI)));
  return { n, r: halfPi.reduce((rest, part) => v.sub(rest, v.mul(n, c(part))), x) };
}

/** The same for f32, two lanes at a time in doubles. */
function reducedSingle(v: Lanes, x: Vector): { r: Vector; n: Vector } {
  const wide = lanes(v.code, 2, v.imported);
  const halves = doubles(v, x).map((half) => reduced(wide, half));
  const joined = (of: "r" | "n"): Vector =>
    v.keep("f32", () => {
      for (const half of halves) {
        v.code.get(half[of].local);
        v.code.simd(simd.demote);
      }
      v.code.simd(simd.shuffle, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
    });
  return { r: joined("r"), n: joined("n") };
}

/** sin(x + quarter π/2). Beyond the range of the reduction the host's own function is called, lane by lane. */
function sine(v: Lanes, x: Vector, quarter: bigint): Vector {
  const y = reducedSine(v, x, quarter);
  const far = v.compare("gt", v.abs(x), v.constant(2 ** 20, x.dtype));
  v.code.get(far.local);
  v.code.simd(simd.anyTrue);
  v.code.branch(() => {
    const exact = v.eachLane([x], x.dtype, (push) => {
      push(0);
      v.code.call(v.imported(quarter === 0n ? "sin" : "cos"));
    });
    v.code.get(v.select(far, exact, y).local);
    v.code.set(y.local);
  });
  return y;
}

function reducedSine(v: Lanes, x: Vector, quarter: bigint): Vector {
  const single = isSingle(v, x);
  const c = (value: number): Vector => v.constant(value, x.dtype);
  const { r, n } = single ? reducedSingle(v, x) : reduced(v, x);
  const integer: ProgramDType = single ? "i32" : "i64";
  const magic = c(single ? 1.5 * 2 ** 23 : 1.5 * 2 ** 52);
  const quadrant = v.add(v.as(v.add(n, magic), integer), v.bits(quarter, integer));
  const z = v.mul(r, r);
  const odd = v.add(v.mul(v.mul(polynomial(v, z, single ? sinSingle : sinDouble), z), r), r);
  const even = v.add(v.sub(v.mul(v.mul(z, z), polynomial(v, z, single ? cosSingle : cosDouble)), v.mul(z, c(0.5))), c(1));
  const one = v.bits(1n, integer);
  const isOdd = v.compare("eq", v.and(quadrant, one), one);
  const sign = v.shift("shl", v.and(quadrant, v.bits(2n, integer)), single ? 30 : 62);
  return v.as(v.xor(v.as(v.select(isOdd, even, odd), integer), sign), x.dtype);
}
const sinSingle = [-0.00019515295891, 0.0083321608736, -0.16666654611];
const cosSingle = [2.443315711809948e-5, -0.001388731625493765, 0.04166664568298827];
const sinDouble = [
  ...[1.58969099521155e-10, -2.5050760253406863e-8, 2.7557313707070068e-6],
  ...[-0.0001984126982985795, 0.00833333333332249, -0.16666666666666632],
];
const cosDouble = [
  ...[-1.1359647557788195e-11, 2.087572321298175e-9, -2.7557314351390663e-7],
  ...[2.480158728947673e-5, -0.001388888888887411, 0.0416666666666666],
];

/** The sine of -0 is -0, which the reduction would lose. */
export const sin = (v: Lanes, x: Vector): Vector => v.select(v.compare("eq", x, v.constant(0, x.dtype)), x, sine(v, x, 0n));
export const cos = (v: Lanes, x: Vector): Vector => sine(v, x, 1n);

// --- others ------------------------------------------------------------------------------------------------------------------------

/** t / (t + 2) with t = e^2|x| - 1 = 2^n p + (2^n - 1), which cancels nowhere; beyond 20 it is 1. With the sign of x. */
export function tanh(v: Lanes, x: Vector): Vector {
  const c = (value: number): Vector => v.constant(value, x.dtype);
  const a = v.clamp(v.abs(x), Number.NEGATIVE_INFINITY, 20);
  const { n, p } = halved(v, v.add(a, a));
  const power = powerOfTwo(v, n);
  const t = v.add(v.mul(power, p), v.sub(power, c(1)));
  return copySign(v, v.div(t, v.add(t, c(2))), x);
}

/** |a| with the sign of b. */
function copySign(v: Lanes, a: Vector, b: Vector): Vector {
  const integer = v.width === 4 ? "i32" : "i64";
  const sign = v.bits(1n << (v.width === 4 ? 31n : 63n), integer);
  return v.as(v.or(v.as(v.abs(a), integer), v.and(v.as(b, integer), sign)), a.dtype);
}

/** 1 / (1 + e^-x), below 0 as e^x / (1 + e^x), which is small where it ought to be. */
export function sigmoid(v: Lanes, x: Vector): Vector {
  const one = v.constant(1, x.dtype);
  const e = exp(v, v.neg(v.abs(x)));
  const above = v.div(one, v.add(one, e));
  return v.select(v.compare("lt", x, v.constant(0, x.dtype)), v.mul(e, above), above);
}

/** x^p by the host's own power, lane by lane; 1^p and (-1)^±∞ are 1, as IEEE 754 says. */
export function pow(v: Lanes, x: Vector, p: Vector): Vector {
  const c = (value: number): Vector => v.constant(value, x.dtype);
  const y = v.eachLane([x, p], x.dtype, (push) => {
    push(0);
    push(1);
    v.code.call(v.imported("pow"));
  });
  const isOne = v.compare("eq", x, c(1));
  const endless = v.and(v.compare("eq", x, c(-1)), v.compare("eq", v.abs(p), c(Number.POSITIVE_INFINITY)));
  return v.select(v.or(isOne, endless), c(1), y);
}

/** x P(x²) / Q(x²) for f32, within 4, where it is 1 to rounding. */
export function erf(v: Lanes, x: Vector): Vector {
  const clamped = v.clamp(x, -4, 4);
  const z = v.mul(clamped, clamped);
  return v.div(v.mul(clamped, polynomial(v, z, erfAbove)), polynomial(v, z, erfBelow));
}
const erfAbove = [
  ...[-2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5],
  ...[-0.000734990630326855, -0.00295459980854025, -0.0160960333262415],
];
const erfBelow = [-1.45660718464996e-5, -0.000213374055278905, -0.00168282697438203, -0.00737332916720468, -0.0142647390514189];

/** -1, 0 or 1; NaN of NaN. */
export function sign(v: Lanes, x: Vector): Vector {
  const c = (value: number): Vector => v.constant(value, x.dtype);
  const below = x.dtype === "u8" ? x : v.select(v.compare("lt", x, c(0)), c(-1), x);
  return v.select(v.compare("gt", x, c(0)), c(1), below);
}

/** To the nearest bf16, ties to even: half a unit and the last kept bit are added, the rest is cut. */
export function roundToBf16(v: Lanes, x: Vector): Vector {
  const bits = v.as(x, "i32");
  const odd = v.and(v.shift("shrUnsigned", bits, 16), v.bits(1n, "i32"));
  const cut = v.and(v.add(v.add(bits, v.bits(0x7fffn, "i32")), odd), v.bits(0xffff0000n, "i32"));
  return v.select(v.compare("eq", x, x), v.as(cut, "f32"), x);
}

/** To the nearest f16, ties to even; below its normal numbers it is a multiple of 2^-24, which adding ½ leaves; from 65520 on it is ∞. */
export function roundToF16(v: Lanes, x: Vector): Vector {
  const c = (value: number): Vector => v.constant(value, "f32");
  const bits = v.as(x, "i32");
  const odd = v.and(v.shift("shrUnsigned", bits, 13), v.bits(1n, "i32"));
  const cut = v.as(v.and(v.add(v.add(bits, v.bits(0xfffn, "i32")), odd), v.bits(0xffffe000n, "i32")), "f32");
  const a = v.abs(x);
  const coarse = copySign(v, v.sub(v.add(a, c(0.5)), c(0.5)), x);
  const finite = v.select(v.compare("lt", a, c(2 ** -14)), coarse, cut);
  const bounded = v.select(v.compare("ge", a, c(65520)), copySign(v, c(Number.POSITIVE_INFINITY), x), finite);
  return v.select(v.compare("eq", x, x), bounded, x);
}
