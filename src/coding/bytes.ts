/** Bytes of the file format: variable-length integers, a bounds-checked reader, CRC-32. */
import { UserError } from "../errors.ts";

const truncated = () => new UserError("file truncated or damaged: it ends before its parts do", "get an intact copy of the file");

/** A little-endian base-128 integer below 2^53: seven bits a byte, the high bit of all but the last byte set. */
export function varint(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push(128 + (value % 128));
  return [...out, value];
}

/** A value in exactly `size` little-endian bytes. */
export const fixed = (value: number, size: number): number[] => Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);

/** Bytes that are read from first to last. */
export interface Reader {
  /** Throws UserError when fewer bytes are left. */
  take(length: number): Uint8Array;
  byte(): number;
  fixed(size: number): number;
  varint(): number;
  left(): number;
}

/** A reader from the first byte on. */
export function reader(bytes: Uint8Array): Reader {
  let at = 0;
  const take = (length: number) => {
    if (length > bytes.length - at) throw truncated();
    at += length;
    return bytes.subarray(at - length, at);
  };
  const byte = () => take(1)[0];
  return {
    take,
    byte,
    left: () => bytes.length - at,
    fixed: (size) => take(size).reduce((value, b, i) => value + b * 256 ** i, 0),
    varint() {
      let value = 0;
      for (let shift = 1; ; shift *= 128) {
        const b = byte();
        value += (b % 128) * shift;
        if (value > Number.MAX_SAFE_INTEGER || (b === 0 && shift > 1)) throw truncated();
        if (b < 128) return value;
      }
    },
  };
}

/** All parts, one after another. */
export function concat(parts: readonly (ArrayLike<number> & Iterable<number>)[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** CRC-32 (IEEE 802.3), as in gzip. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
