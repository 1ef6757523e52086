/** Probabilities of a decision from contexts, mixed and learned. */
import { BLOCK, cost, damaged, decisions, flush, likelihood, measuring, readBit, reading, used } from "./decisions.as";

const LOGISTIC: usize = memory.data<i32>([
  22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4970, 7812, 11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60566, 62428,
  63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
]);
export let slotMask: u32 = 0;
const FASTEST: u32 = 127;
const SETS: u32 = 6 * 256;
const STRETCH: usize = memory.data(2 * 4096, 16);
const SQUASH: usize = memory.data(4 * 4096, 16);
const WEIGHTS: usize = memory.data(4 * 8 * SETS, 16);
const USES: usize = memory.data(4 * SETS, 16);
const C: usize = memory.data(4 * 8, 16); // contexts of the bit being coded
const AT: usize = memory.data(4 * 8, 16); // their slots
const X: usize = memory.data(4 * 8, 16); // their predictions
export let slots: usize = 0; // u32: probability of 22 bits, times seen of 10

function squash(x: i32): i32 {
  const i = x + 2048;
  const low = load<i32>(LOGISTIC + ((i >> 7) << 2));
  return low + (((load<i32>(LOGISTIC + (((i >> 7) + 1) << 2)) - low) * (i & 127)) >> 7);
}

export function prepare(): void {
  for (let x = -2047; x <= 2047; x++) store<i32>(SQUASH + ((x + 2048) << 2), squash(x));
  let x = -2047;
  for (let p = 0; p < 4096; p++) {
    while (x < 2047 && squash(x) >> 4 < p) x++;
    store<i16>(STRETCH + (p << 1), <i16>x);
  }
  for (let i: u32 = 0; i < SETS * 8; i++) store<i32>(WEIGHTS + (i << 2), 1 << 14);
  memory.fill(USES, 0, 4 * SETS);
  for (let i: usize = 0; i <= slotMask; i++) store<u32>(slots + (i << 2), 1 << 31);
}

// @ts-ignore: decorator
@inline
export function hash(a: u32, b: u32): u32 {
  let h = (a * 0x2c1b3c6d) ^ ((b + 0x9e37) * 0x297a2d39);
  h ^= h >> 15;
  h *= 0x2c1b3c6d;
  return h ^ (h >> 13);
}

// @ts-ignore: decorator
@inline
export function context(i: u32, a: u32, b: u32): void {
  store<u32>(C + (i << 2), hash(a, b));
}

export function addCost(): void {
  cost -= Math.log2(likelihood);
  likelihood = 1;
}

export function code(count: u32, node: u32, set: u32, bit: u32): u32 {
  const weights = WEIGHTS + (set << 5);
  const place = node * 0x9e3779b1;
  let dot: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    let h = (load<u32>(C + (i << 2)) + place) * 0x85ebca6b;
    h ^= h >> 15;
    const at = slots + ((h & slotMask) << 2);
    store<u32>(AT + (i << 2), <u32>at);
    const x = <i32>load<i16>(STRETCH + ((load<u32>(at) >> 20) << 1));
    store<i32>(X + (i << 2), x);
    dot += <i64>x * <i64>load<i32>(weights + (i << 2));
  }
  const mixed = <i32>max<i64>(-2047, min<i64>(2047, dot >> 16));
  const p = load<i32>(SQUASH + ((mixed + 2048) << 2));
  if (reading) bit = readBit(p);
  else if (measuring) {
    likelihood *= <f64>(bit ? p : 65536 - p) / 65536;
    if (likelihood < 1e-200) addCost();
  }
  else {
    store<u32>(decisions + (used << 2), p | (bit << 16));
    if (++used == BLOCK) flush();
  }
  const uses = USES + (set << 2);
  const times = load<u32>(uses);
  if (times < 65535) store<u32>(uses, times + 1);
  const push = <i64>((<i32>bit << 16) - p) * <i64>(8 + 2304 / (16 + times));
  const goal: i32 = bit ? (1 << 22) - 1 : 0;
  for (let i: u32 = 0; i < count; i++) {
    const w = weights + (i << 2);
    store<i32>(w, load<i32>(w) + <i32>((<i64>load<i32>(X + (i << 2)) * push + (1 << 17)) >> 18));
    const at = <usize>load<u32>(AT + (i << 2));
    const slot = load<u32>(at);
    const seen = slot & 1023;
    const q = <i32>(slot >> 10);
    const moved = q + (2 * (goal - q)) / <i32>(2 * seen + 3);
    store<u32>(at, (<u32>moved << 10) | (seen < FASTEST ? seen + 1 : seen));
  }
  return bit;
}

// @ts-ignore: decorator
@inline
export function bitLength(x: u32): u32 {
  return 32 - <u32>clz(x);
}

// @ts-ignore: decorator
@inline
export function level(x: u32): u32 {
  return min<u32>(23, bitLength(x));
}

export const DEGREE: u32 = 0;
export const REFERENCE: u32 = 1;
export const FIRST: u32 = 2;
export const GAP: u32 = 3;
export const MULTIPLICITY: u32 = 4;
export const COPY: u32 = 5;

export function codeNumber(count: u32, kind: u32, value: u32): u32 {
  const set = kind << 8;
  const size = bitLength(value);
  let node: u32 = 1;
  for (let b: i32 = 5; b >= 0; b--) node = 2 * node + code(count, node, set + node, (size >> b) & 1);
  const length = node - 64;
  if (length > 31) damaged = true;
  if (length == 0 || damaged) return 0;
  const first = load<u32>(C);
  const second = load<u32>(C, 4);
  const last = load<u32>(C + ((count - 1) << 2));
  let x: u32 = 1;
  for (let b = <i32>length - 2; b >= 0; b--) {
    const depth = length - 2 - b;
    const bit = (value >> b) & 1;
    if (depth < 3) x = 2 * x + code(count, 64 + 64 * length + x, set + 64 + 4 * length + depth, bit);
    else {
      store<u32>(C, 0x5151);
      context(1, last, x);
      x = 2 * x + code(2, 64 + 64 * length + 32 + b, set + 192 + b, bit);
    }
  }
  store<u32>(C, first);
  store<u32>(C, second, 4);
  return x;
}
