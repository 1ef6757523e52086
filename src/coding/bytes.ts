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

/** Bytes, as an array of them or a list of numbers. */
export type Part = ArrayLike<number> & Iterable<number>;

/** How many bytes the parts hold. */
export const lengthOf = (parts: readonly Part[]): number => parts.reduce((n, { length }) => n + length, 0);

/** All parts, one after another. */
export function concat(parts: readonly Part[]): Uint8Array {
  const out = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** What a byte becomes in the checksum, then what it becomes with one, two and three zero bytes behind it. */
const CRC_TABLES = crcTables();

function crcTables(): Uint32Array {
  const tables = new Uint32Array(4 * 256);
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    tables[n] = crc;
  }
  for (let i = 256; i < 4 * 256; i++) tables[i] = tables[tables[i - 256] & 255] ^ (tables[i - 256] >>> 8);
  return tables;
}

/** CRC-32 (IEEE 802.3), as in gzip, four bytes at a time. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4)
    crc =
      CRC_TABLES[768 + ((crc ^ bytes[i]) & 255)] ^
      CRC_TABLES[512 + (((crc >>> 8) ^ bytes[i + 1]) & 255)] ^
      CRC_TABLES[256 + (((crc >>> 16) ^ bytes[i + 2]) & 255)] ^
      CRC_TABLES[(crc >>> 24) ^ bytes[i + 3]];
  for (; i < bytes.length; i++) crc = CRC_TABLES[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
