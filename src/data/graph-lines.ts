/** Lines of two plain numbers, many at a time: the host of the WebAssembly kernel `graph-lines.as.ts`. */
import { growingKernel, type Kernel, unsigned } from "../array/wasm.ts";
import wasm from "./graph-lines.wasm.ts";

interface Calls {
  base(): number;
  readLines(from: number, separator: number, out: number, most: number): number;
  afterLines(): number;
  stoppedAt(): number;
  writeLines(pairs: number, count: number, separator: number, offset: number, out: number): number;
}

/** Lines that are read or written at a time. */
const MOST = 1 << 15;
const PAIR_BYTES = 8;
/** Bytes of text that lie in the kernel's memory at a time: a line of two numbers below 2^32 takes 22 at most. */
const TEXT_BYTES = 22 * MOST;

// pairs first, then two texts, each with a byte behind it
const kernel = growingKernel<Calls>(wasm);
const opened = (): Kernel<Calls> => kernel((call) => call.base() + PAIR_BYTES * MOST + 2 * (TEXT_BYTES + 1));
const pairsAt = ({ call }: Kernel<Calls>): number => unsigned(call.base());
const textAt = (k: Kernel<Calls>, which: 0 | 1 = 0): number => pairsAt(k) + PAIR_BYTES * MOST + which * (TEXT_BYTES + 1);

/** What a run of lines was. */
export interface LineRun {
  readonly lines: number;
  /** Where the last of them ends. */
  readonly next: number;
}

/**
 * A reader of the plain lines of one piece of text: two numbers below 2^32 without leading zeros, one such separator (or any blanks)
 * between, nothing else. It takes a run of whole lines, from a place on to the first line that is none or has no end in the piece.
 *
 * @param take  is given the numbers, in memory that is used again
 */
export function plainLines(bytes: Uint8Array, take: (pairs: Uint32Array) => void): (from: number, separator: number) => LineRun {
  let [start, end] = [0, 0]; // what of the piece lies in the kernel's memory
  const put = (k: Kernel<Calls>, from: number): void => {
    [start, end] = [from, Math.min(from + TEXT_BYTES, bytes.length)];
    const memory = new Uint8Array(k.memory.buffer, textAt(k), end - start + 1);
    memory.set(bytes.subarray(start, end));
    memory[end - start] = 0;
  };
  return (from, separator) => {
    if (from >= bytes.length) return { lines: 0, next: from };
    const k = opened();
    const [pairs, text] = [pairsAt(k), textAt(k)];
    let [lines, next] = [0, from];
    if (from < start || from >= end) put(k, from);
    for (;;) {
      const count = k.call.readLines(text + next - start, separator, pairs, MOST);
      if (count > 0) take(new Uint32Array(k.memory.buffer, pairs, 2 * count));
      lines += count;
      next = start + unsigned(k.call.afterLines()) - text;
      if (count === MOST) continue;
      const isCut = start + unsigned(k.call.stoppedAt()) - text === end && end < bytes.length;
      if (!isCut || next === start) return { lines, next };
      put(k, next);
    }
  };
}

/** One plain line of numbers up to 15 digits; false if it is none. */
export function plainLine(bytes: Uint8Array, from: number, to: number, separator: number, take: (a: number, b: number) => void): boolean {
  let at = from;
  let a = 0;
  let b = 0;
  for (; at < to && bytes[at] >= 48 && bytes[at] <= 57; at++) a = 10 * a + bytes[at] - 48;
  const gap = at;
  if (gap === from || gap - from > 15 || (bytes[from] === 48 && gap > from + 1)) return false;
  while (at < to && bytes[at] === separator) at++;
  if (at === gap || (separator !== 32 && at > gap + 1)) return false;
  const second = at;
  for (; at < to && bytes[at] >= 48 && bytes[at] <= 57; at++) b = 10 * b + bytes[at] - 48;
  if (at === second || at - second > 15 || (bytes[second] === 48 && at > second + 1)) return false;
  if (at < to && !(bytes[at] === 13 && at + 1 === to)) return false;
  take(a, b);
  return true;
}

/**
 * The text of pairs, a line each, in pieces; `offset` is added to each number.
 *
 * @param lends  pieces lie in memory that the next but one takes again, and any list that is read
 */
export function* linesOf(pairs: Uint32Array, separator: number, offset: number, lends = false): Generator<Uint8Array> {
  let which: 0 | 1 = 0;
  for (let from = 0; from < pairs.length; from += 2 * MOST) {
    const part = pairs.subarray(from, from + 2 * MOST);
    const k = opened(); // another text may have been written meanwhile
    which = which === 0 ? 1 : 0;
    const start = textAt(k, which);
    new Uint32Array(k.memory.buffer, pairsAt(k), part.length).set(part);
    const end = unsigned(k.call.writeLines(pairsAt(k), part.length / 2, separator, offset, start));
    const text = new Uint8Array(k.memory.buffer, start, end - start);
    yield lends ? text : text.slice();
  }
}
