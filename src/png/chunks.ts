/** PNG files as chunks: a length, four letters, data and a checksum each (PNG specification, third edition, section 5). */
import { FileFormatError } from "../errors.ts";

export interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Whether bytes begin as a PNG does. */
export const isPng = (bytes: Uint8Array): boolean => signature.every((byte, i) => bytes[i] === byte);

/**
 * The chunks of a PNG file, up to its end chunk. Their data are views of the file.
 * @throws FileFormatError  for what is no PNG, ends early, or has a wrong checksum
 */
export function readChunks(png: Uint8Array): Chunk[] {
  if (!isPng(png)) throw new FileFormatError("PNG: wrong first bytes");
  const view = viewOf(png);
  const chunks: Chunk[] = [];
  for (let at = signature.length; chunks.at(-1)?.type !== "IEND"; ) {
    if (at + 12 > png.length) throw new FileFormatError("PNG: the file ends before its end chunk");
    const length = view.getUint32(at);
    if (length > png.length - at - 12) throw new FileFormatError(`PNG: a chunk of ${length} bytes where ${png.length - at - 12} are left`);
    const body = png.subarray(at + 4, at + 8 + length);
    const type = String.fromCharCode(...body.subarray(0, 4));
    if (!/^[a-zA-Z]{4}$/.test(type)) throw new FileFormatError("PNG: a chunk whose type is no four letters");
    if (crc32(body) !== view.getUint32(at + 8 + length)) throw new FileFormatError(`PNG: wrong checksum of chunk ${type}`);
    if (chunks.length === 0 && (type !== "IHDR" || length !== 13)) throw new FileFormatError("PNG: no header");
    chunks.push({ type, data: body.subarray(4) });
    at += 12 + length;
  }
  return chunks;
}

/** A file of chunks. */
export const writeChunks = (chunks: readonly Chunk[]): Uint8Array => joined(signature, ...chunks.map(encoded));

function encoded({ type, data }: Chunk): Uint8Array {
  const body = joined(new TextEncoder().encode(type), data);
  return joined(words(data.length), body, words(crc32(body)));
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Numbers of 32 bits, the highest byte first. */
export function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((v, i) => void view.setUint32(4 * i, v));
  return new Uint8Array(view.buffer);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** The check of a chunk: CRC-32 with the polynomial 0xEDB88320 (PNG specification, annex D). */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = (n >>> 1) ^ (n & 1 ? 0xedb88320 : 0);
  return n;
});
