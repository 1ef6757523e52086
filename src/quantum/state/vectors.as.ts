/**
 * State vectors of qubits in doubles, real and imaginary parts apart, two lanes at a time; plain multiplications and additions, so that the
 * same circuit gives the same bits everywhere. Besides ψ there may be λ of adjoint differentiation, and room for a permuted copy.
 */
import { lanePairBack, lanePairTurn, pairBack, pairTurn } from "./rotations.as";
import { diagonalBack, diagonalTurn } from "./diagonal.as";

let n: i32 = 0;
let part: usize = 0; // bytes of one part of a state
let psi: usize = 0; // f64 [2, 2^n]
let lambda: usize = 0; // f64 [2, 2^n]
let weights: usize = 0; // f64 [2^n], probabilities or slopes
let scratch: usize = 0; // f64 [2, 2^n]
let tables: usize = 0; // f64 [9, 2^(n/2 + 1)]: phases of low and high bits (re, im each), sums of low and high bits, sources of low and high bits, sums of low bits again
let across: usize = 0; // bytes of one table
const sums: usize = 64; // f64 [slot, half, qubit of a pair]
const mostSlots: usize = 32;

/**
 * Every sweep is of two halves, which touch nothing in common: rotations have the real and the imaginary parts for halves, phases the even
 * and the odd rows, the rest those below and above the middle. An instance does its own; two of them, on one shared memory, are two
 * threads. Sums are kept by halves, so that they are the same however many work.
 */
let firstHalf: i32 = 0;
let endHalf: i32 = 2;

/** Which halves this instance does: from `first` to before `end`. */
export function own(first: i32, end: i32): void {
  firstHalf = first;
  endHalf = end;
}

/** Sets the sizes, in numbers of type T; returns the bytes of memory needed: ψ alone (states 0), with weights (1), with λ too (2), and room for a permuted copy. */
export function layout<T>(qubits: i32, states: i32, withCopy: bool): usize {
  n = qubits;
  part = sizeof<T>() << n;
  across = sizeof<T>() << ((n >> 1) + 1);
  tables = sums + mostSlots * 32;
  psi = tables + 9 * across;
  weights = psi + 2 * part;
  lambda = weights + (states > 0 ? part : 0);
  scratch = lambda + (states > 1 ? 2 * part : 0);
  return scratch + (withCopy ? 2 * part : 0);
}

export function addressOfSums(): usize {
  return sums;
}
export function addressOfPsi(): usize {
  return psi;
}
export function addressOfWeights(): usize {
  return weights;
}
export function addressOfLambda(): usize {
  return lambda;
}
export function addressOfTable(which: i32): usize {
  return tables + <usize>which * across;
}

/** ψ = |0…0>. */
export function reset<T>(): void {
  memory.fill(psi, 0, 2 * part);
  store<T>(psi, 1);
}

/** Of a state in which bits from `qubit` on are 0, RY on that qubit: the amplitudes below are doubled into [c, s]. */
export function spread<T>(qubit: i32, c: f64, s: f64): void {
  const length = sizeof<T>() << qubit;
  for (let at: usize = 0; at < length; at += sizeof<T>()) {
    const value = load<T>(psi + at);
    store<T>(psi + length + at, <T>s * value);
    store<T>(psi + at, <T>c * value);
  }
}

/** Where the rotations of this instance begin, and their bytes. */
@inline
function start(state: usize): usize {
  return state + <usize>firstHalf * part;
}
@inline
function length(): usize {
  return <usize>(endHalf - firstHalf) * part;
}

/** RY on qubits 1 <= a < b as scaled turns (see `turn` in rotations). */
export function turn<T>(a: i32, b: i32, ta: f64, tb: f64, kind: i32): void {
  pairTurn<T>(start(psi), length(), a, b, ta, tb, kind);
}

/** RY on qubit 0 by (c, s), and on qubit b as a scaled turn. */
export function turnLane<T>(a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32): void {
  lanePairTurn<T>(start(psi), length(), a, b, c, s, tb, kind);
}

/** As `turn`, on ψ and λ, after <λ|Y|ψ> of both qubits has been left in the sums of a slot. `kind` 4: these only. */
export function turnBack<T>(a: i32, b: i32, ta: f64, tb: f64, kind: i32, slot: i32): void {
  for (let half = firstHalf; half < endHalf; half++)
    pairBack<T>(psi + <usize>half * part, lambda + <usize>half * part, part, sumsOf(slot, half), a, b, ta, tb, kind);
}

export function turnLaneBack<T>(a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32, slot: i32): void {
  for (let half = firstHalf; half < endHalf; half++)
    lanePairBack<T>(psi + <usize>half * part, lambda + <usize>half * part, part, sumsOf(slot, half), a, b, c, s, tb, kind);
}

@inline
function sumsOf(slot: i32, half: i32): usize {
  return sums + <usize>(2 * slot + half) * 16;
}

/** ψ'[k ^ ((k & mask) << 1)] = phase(k) ψ[k], phase(k) = low[k mod 2^bits] · high[k div 2^bits]. */
export function diagonal<T>(bits: i32, mask: i32): void {
  for (let half = firstHalf; half < endHalf; half++) diagonalTurn<T>(psi, part, tables, across, n, bits, mask, half);
}

/** The inverse with conjugate phases, on ψ and λ; sums of Im(λ̄ψ) by low bits are left in the tables 4 (even rows) and 8 (odd), by high bits in 5. */
export function diagonalInverse<T>(bits: i32, mask: i32): void {
  for (let half = firstHalf; half < endHalf; half++) diagonalBack<T>(psi, lambda, part, tables, across, n, bits, mask, half);
}

/** ψ'[k] = ψ[low[k mod 2^bits] ^ high[k div 2^bits]], indices as u32 in the tables 6 and 7; or that of λ, into the room that ψ has left. */
export function permute<T>(bits: i32, ofLambda: bool): void {
  if (ofLambda) lambda = gathered<T>(lambda, bits);
  else psi = gathered<T>(psi, bits);
}

function gathered<T>(from: usize, bits: i32): usize {
  const low = tables + 6 * across;
  const high = tables + 7 * across;
  const lows = (<usize>4) << bits;
  const half = (<usize>2) << (n - bits);
  let to = scratch + <usize>firstHalf * (part >> 1);
  for (let i: usize = <usize>firstHalf * half; i < <usize>endHalf * half; i += 4) {
    const base = load<u32>(high + i);
    for (let j: usize = 0; j < lows; j += 4, to += sizeof<T>()) {
      const source = from + <usize>(base ^ load<u32>(low + j)) * sizeof<T>();
      store<T>(to, load<T>(source));
      store<T>(to + part, load<T>(source + part));
    }
  }
  const result = scratch;
  scratch = from;
  return result;
}

/** Swaps the amplitudes of k and k ^ target for all k with the bits of `controls` and without that of `target`. */
export function flip<T>(controls: i32, target: i32, both: bool): void {
  flipped<T>(psi, controls, target);
  if (both) flipped<T>(lambda, controls, target);
}

function flipped<T>(state: usize, controls: i32, target: i32): void {
  const size = 1 << n;
  const fixed = controls | target;
  for (let k = fixed; k < size; k = (k + 1) | fixed) {
    const one = state + <usize>k * sizeof<T>();
    const zero = state + <usize>(k ^ target) * sizeof<T>();
    for (let at: usize = 0; at <= part; at += part) {
      const value = load<T>(one + at);
      store<T>(one + at, load<T>(zero + at));
      store<T>(zero + at, value);
    }
  }
}

/** Multiplies by c + is where all bits of the mask are 1. With `both`, λ too, and returns the sum of Im(λ̄ψ) there. */
export function phase<T>(mask: i32, c: f64, s: f64, both: bool): f64 {
  const size = 1 << n;
  let sum: f64 = 0;
  for (let k = mask; k < size; k = (k + 1) | mask) {
    const at = <usize>k * sizeof<T>();
    if (both) {
      sum += load<T>(lambda + at) * load<T>(psi + part + at) - load<T>(lambda + part + at) * load<T>(psi + at);
      rotated<T>(lambda + at, c, s);
    }
    rotated<T>(psi + at, c, s);
  }
  return sum;
}

@inline
function rotated<T>(at: usize, c: f64, s: f64): void {
  const re = load<T>(at);
  const im = load<T>(at + part);
  store<T>(at, <T>c * re - <T>s * im);
  store<T>(at + part, <T>s * re + <T>c * im);
}

/** weights = factor |ψ|². */
export function square<T>(factor: f64): void {
  const f = v128.splat<T>(<T>factor);
  const half = part >> 1;
  for (let at: usize = <usize>firstHalf * half; at < <usize>endHalf * half; at += 16) {
    const re = v128.load(psi + at);
    const im = v128.load(psi + part + at);
    v128.store(weights + at, v128.mul<T>(f, v128.add<T>(v128.mul<T>(re, re), v128.mul<T>(im, im))));
  }
}

/** λ = weights ψ. */
export function weigh<T>(): void {
  const half = part >> 1;
  for (let at: usize = <usize>firstHalf * half; at < <usize>endHalf * half; at += 16) {
    const weight = v128.load(weights + at);
    v128.store(lambda + at, v128.mul<T>(weight, v128.load(psi + at)));
    v128.store(lambda + part + at, v128.mul<T>(weight, v128.load(psi + part + at)));
  }
}

/**
 * Of a density matrix, vec ρ with its columns' bits above: depolarizing on one qubit, bits a (row) and b (column). Entries off the diagonal
 * are multiplied by `keep`, both on it move towards their mean.
 */
export function depolarize<T>(a: i32, b: i32, keep: f64): void {
  const size = 1 << n;
  const stay = <T>(0.5 * (1 + keep));
  const move = <T>(0.5 * (1 - keep));
  const fixed = a | b;
  for (let k = fixed; k < size; k = (k + 1) | fixed) {
    for (let at: usize = 0; at <= part; at += part) {
      const p = psi + at;
      const one = load<T>(p + <usize>k * sizeof<T>());
      const zero = load<T>(p + <usize>(k ^ fixed) * sizeof<T>());
      store<T>(p + <usize>k * sizeof<T>(), stay * one + move * zero);
      store<T>(p + <usize>(k ^ fixed) * sizeof<T>(), stay * zero + move * one);
      store<T>(p + <usize>(k ^ a) * sizeof<T>(), <T>keep * load<T>(p + <usize>(k ^ a) * sizeof<T>()));
      store<T>(p + <usize>(k ^ b) * sizeof<T>(), <T>keep * load<T>(p + <usize>(k ^ b) * sizeof<T>()));
    }
  }
}

/** The same on two qubits: of the 16 entries of a block, the four on the diagonal move towards their mean, all others are multiplied. */
export function depolarizePair<T>(a: i32, b: i32, c: i32, d: i32, keep: f64): void {
  const size = 1 << n;
  const first = a | b;
  const second = c | d;
  const fixed = first | second;
  const move = <T>(0.25 * (1 - keep));
  for (let k = fixed; k < size; k = (k + 1) | fixed) {
    for (let at: usize = 0; at <= part; at += part) {
      const p = psi + at;
      const mean =
        move *
        (load<T>(p + <usize>k * sizeof<T>()) +
          load<T>(p + <usize>(k ^ first) * sizeof<T>()) +
          load<T>(p + <usize>(k ^ second) * sizeof<T>()) +
          load<T>(p + <usize>(k ^ fixed) * sizeof<T>()));
      for (let i = 0; i < 16; i++) {
        const other = k ^ (i & 1 ? a : 0) ^ (i & 2 ? b : 0) ^ (i & 4 ? c : 0) ^ (i & 8 ? d : 0);
        const entry = p + <usize>other * sizeof<T>();
        const onDiagonal = (i & 1) == (i >> 1 & 1) && (i >> 2 & 1) == i >> 3;
        store<T>(entry, <T>keep * load<T>(entry) + (onDiagonal ? mean : 0));
      }
    }
  }
}

/**
 * Either channel over its factor `keep`, so that entries off the diagonal stand as they are: to those on it, where the bits of `first`
 * are equal, and those of `second` unless there are none, `share` of their sum is added. Of ψ, and of λ with a share of its own.
 */
export function mix<T>(first: i32, second: i32, share: f64, both: bool, shareBack: f64): void {
  mixed<T>(psi, first, second, <T>share);
  if (both) mixed<T>(lambda, first, second, <T>shareBack);
}

function mixed<T>(state: usize, first: i32, second: i32, share: T): void {
  const size = 1 << n;
  const fixed = first | second;
  for (let k = fixed; k < size; k = (k + 1) | fixed) {
    for (let at: usize = 0; at <= part; at += part) {
      const p = state + at;
      const w = p + <usize>k * sizeof<T>();
      const x = p + <usize>(k ^ first) * sizeof<T>();
      if (second == 0) {
        const add = share * (load<T>(w) + load<T>(x));
        store<T>(w, load<T>(w) + add);
        store<T>(x, load<T>(x) + add);
      } else {
        const y = p + <usize>(k ^ second) * sizeof<T>();
        const z = p + <usize>(k ^ fixed) * sizeof<T>();
        const add = share * (load<T>(w) + load<T>(x) + (load<T>(y) + load<T>(z)));
        store<T>(w, load<T>(w) + add);
        store<T>(x, load<T>(x) + add);
        store<T>(y, load<T>(y) + add);
        store<T>(z, load<T>(z) + add);
      }
    }
  }
}
