/**
 * Lines of two plain numbers, read and written (AssemblyScript, compiled to WebAssembly); the host is `graph-lines.ts`, which lays out the
 * memory. A line: a number, the separator, a number, and a newline, before which a carriage return may stand. A number: its digits, the
 * first no zero unless it is the only one, below 2^32.
 */

const ZERO: u32 = 48;
const NEWLINE: u32 = 10;
const RETURN: u32 = 13;
const BLANK: u32 = 32;

/** The first byte that memory laid out by the host may take. */
export function base(): usize {
  return (__heap_base + 63) & ~63;
}

let at: usize = 0;
let number: u32 = 0;

/** Reads the number at `at`, and leaves `at` behind it; false if there is none. */
// @ts-ignore: decorator
@inline
function readNumber(): bool {
  const start = at;
  let value: u64 = 0;
  for (;;) {
    const digit = <u32>load<u8>(at) - ZERO;
    if (digit > 9) break;
    value = value * 10 + digit;
    at++;
  }
  const digits = at - start;
  if (digits - 1 > 9 || value > 0xffffffff || (digits > 1 && load<u8>(start) == ZERO)) return false;
  number = <u32>value;
  return true;
}

let next: usize = 0;

/**
 * Reads plain lines from `from` on to `out`, two u32 each, at most `most` of them; returns how many. The byte at the end of the text, which
 * nothing is read beyond, must be 0.
 *
 * @param separator  one such byte, or any number of blanks
 */
export function readLines(from: usize, separator: u32, out: usize, most: u32): u32 {
  next = from;
  at = from;
  let count: u32 = 0;
  while (count < most) {
    if (!readNumber()) break;
    const a = number;
    if (load<u8>(at) != separator) break;
    at++;
    if (separator == BLANK) while (load<u8>(at) == BLANK) at++;
    if (!readNumber()) break;
    if (load<u8>(at) == RETURN) at++;
    if (load<u8>(at) != NEWLINE) break;
    at++;
    store<u32>(out, a);
    store<u32>(out, number, 4);
    out += 8;
    count++;
    next = at;
  }
  return count;
}

/** Where the last line that was read ends. */
export function afterLines(): usize {
  return next;
}

/** Where reading came to something else than a plain line. */
export function stoppedAt(): usize {
  return at;
}

/** Writes a number, and returns where it ends. */
// @ts-ignore: decorator
@inline
function writeNumber(value: u32, to: usize): usize {
  let digits: usize = 1;
  for (let power: u64 = 10; value >= power; power *= 10) digits++;
  const end = to + digits;
  for (let place = end; place > to; ) {
    const tenth = value / 10;
    store<u8>(--place, ZERO + value - 10 * tenth);
    value = tenth;
  }
  return end;
}

/** Writes `count` lines of two numbers, each plus `offset`, to `out`; returns where they end: at most 22 bytes a line. */
export function writeLines(pairs: usize, count: u32, separator: u32, offset: u32, out: usize): usize {
  for (const end = pairs + (<usize>count << 3); pairs < end; pairs += 8) {
    out = writeNumber(load<u32>(pairs) + offset, out);
    store<u8>(out, separator);
    out = writeNumber(load<u32>(pairs, 4) + offset, out + 1);
    store<u8>(out++, NEWLINE);
  }
  return out;
}
