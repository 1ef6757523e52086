/** Instructions of vectors by their names in the core specification of WebAssembly. */

export const simd = {
  ...{ load: 0, load16Splat: 8, load32Splat: 9, load64Splat: 10, store: 11, constant: 12, shuffle: 13 },
  ...{ load32Lane: 0x56, load64Lane: 0x57, store8Lane: 0x58, store16Lane: 0x59, store32Lane: 0x5a, store64Lane: 0x5b },
  ...{ load8Lane: 0x54, load32Zero: 0x5c, load64Zero: 0x5d },
  ...{ not: 0x4d, and: 0x4e, andNot: 0x4f, or: 0x50, xor: 0x51, bitselect: 0x52, anyTrue: 0x53 },
  ...{ demote: 0x5e, promote: 0x5f, truncF32: 0xf8, convertI32: 0xfa, truncF64: 0xfc, convertI32F64: 0xfe },
  ...{ narrow16: 0x65, narrow16Unsigned: 0x66, narrow32: 0x85, narrow32Unsigned: 0x86 },
  ...{ extend8: 0x89, extend16: 0xa9, extend32: 0xc7, extend32Unsigned: 0xc9 },
} as const;

/** Numbers of the same instruction for each kind of lanes. */
interface Family {
  readonly splat: number;
  readonly extract: number;
  readonly replace: number;
  readonly add: number;
  readonly sub: number;
  readonly mul: number;
  readonly neg: number;
  readonly abs: number;
  readonly eq: number;
  readonly ne: number;
  readonly lt: number;
  readonly gt: number;
  readonly le: number;
  readonly ge: number;
}

const i32 = { splat: 17, extract: 27, replace: 28, add: 0xae, sub: 0xb1, mul: 0xb5, neg: 0xa1, abs: 0xa0 };
const i64 = { splat: 18, extract: 29, replace: 30, add: 0xce, sub: 0xd1, mul: 0xd5, neg: 0xc1, abs: 0xc0 };
const f32 = { splat: 19, extract: 31, replace: 32, add: 0xe4, sub: 0xe5, mul: 0xe6, neg: 0xe1, abs: 0xe0 };
const f64 = { splat: 20, extract: 33, replace: 34, add: 0xf0, sub: 0xf1, mul: 0xf2, neg: 0xed, abs: 0xec };

export const families = {
  i32x4: { ...i32, ...{ eq: 0x37, ne: 0x38, lt: 0x39, gt: 0x3b, le: 0x3d, ge: 0x3f } },
  i64x2: { ...i64, ...{ eq: 0xd6, ne: 0xd7, lt: 0xd8, gt: 0xd9, le: 0xda, ge: 0xdb } },
  f32x4: { ...f32, ...{ eq: 0x41, ne: 0x42, lt: 0x43, gt: 0x44, le: 0x45, ge: 0x46 } },
  f64x2: { ...f64, ...{ eq: 0x47, ne: 0x48, lt: 0x49, gt: 0x4a, le: 0x4b, ge: 0x4c } },
} as const satisfies Record<string, Family>;
export type Lane = keyof typeof families;

/** What only floats have. */
export const floats = {
  f32x4: { sqrt: 0xe3, div: 0xe7, min: 0xe8, max: 0xe9, pmin: 0xea, pmax: 0xeb, ceil: 0x67, floor: 0x68, nearest: 0x6a },
  f64x2: { sqrt: 0xef, div: 0xf3, min: 0xf4, max: 0xf5, pmin: 0xf6, pmax: 0xf7, ceil: 0x74, floor: 0x75, nearest: 0x94 },
} as const;

/** Shifts of integers. */
export const shifts = {
  i32x4: { shl: 0xab, shr: 0xac, shrUnsigned: 0xad },
  i64x2: { shl: 0xcb, shr: 0xcc, shrUnsigned: 0xcd },
} as const;
