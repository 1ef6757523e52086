/**
 * rANS as an exact stack, profile REC53: L = 2^45, 8-bit words, every state below 2^53, so that plain doubles are exact.
 *
 * The state is a head s and a stack of bytes. Before an operation that needs M, s is brought into an interval [a, 256a); as such intervals
 * are determined by s alone, the number of bytes moved is too, and `pop` undoes `push` exactly, and the other way round, from any state.
 *
 *   push(start, f, M):  s ∈ [f⌊L/M⌋, 256 f⌊L/M⌋)  ->  ⌊s/f⌋ M + start + s mod f
 *   pop(M):             s ∈ [M⌊L/M⌋, 256 M⌊L/M⌋)  ->  slot s mod M, then f ⌊s/M⌋ + slot - start
 *
 * A push costs log2(M/f) bits, at most log2(1 + 1/⌊L/M⌋) more.
 *
 * @source Duda, arXiv 1311.2540; Townsend, arXiv 2001.09186; section 3 of the specification page in docs/graph-format.md
 */
import { HEAD } from "./plan.ts";

/** A state: the bits that are written so far. */
export interface Ans {
  head: number;
  /** Bytes below the head, bottom first. */
  readonly stack: number[];
  /** Zeros read below the bottom of the stack. */
  underflow: number;
}

/** A state without anything in it. */
export const ans = (head = HEAD, stack: number[] = []): Ans => ({ head, stack, underflow: 0 });

/** Brings the head into [a, 256a). */
export function renormalize(state: Ans, a: number): void {
  while (state.head >= 256 * a) {
    state.stack.push(state.head % 256);
    state.head = Math.floor(state.head / 256);
  }
  while (state.head < a) {
    if (state.stack.length === 0) state.underflow++;
    state.head = 256 * state.head + (state.stack.pop() ?? 0);
  }
}

/** Encodes a symbol that owns [start, start + f) of [0, M). M ≤ 2^31. */
export function push(state: Ans, start: number, f: number, M: number): void {
  renormalize(state, f * Math.floor(HEAD / M));
  const q = Math.floor(state.head / f);
  state.head = q * M + start + (state.head - q * f);
}

/** Decodes the symbol whose interval holds the slot. */
export function pop<T>(state: Ans, M: number, lookup: (slot: number) => { start: number; f: number; symbol: T }): T {
  renormalize(state, M * Math.floor(HEAD / M));
  const q = Math.floor(state.head / M);
  const slot = state.head - q * M;
  const { start, f, symbol } = lookup(slot);
  state.head = q * f + (slot - start);
  return symbol;
}

/** Length of the state in bits, as a real number: 8 · bytes + log2 s. */
export const height = (state: Ans): number => 8 * state.stack.length + Math.log2(state.head);
