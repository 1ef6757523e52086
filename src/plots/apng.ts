/** Animated PNG from single pictures: their compressed data are taken over as they are. */
interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** The chunks of a PNG file. */
export function pngChunks(png: Uint8Array): Chunk[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Chunk[] = [];
  for (let at = signature.length; at + 12 <= png.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    chunks.push({ type, data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

/**
 * An APNG that shows PNG pictures of equal size and colour type one after another, for ever.
 *
 * @param delay  milliseconds a picture
 * @source  PNG specification, third edition, section 11.3.4 (acTL, fcTL, fdAT)
 */
export function animatedPng(frames: readonly Uint8Array[], delay: number): Uint8Array {
  const parsed = frames.map(pngChunks);
  const header = parsed[0][0].data;
  const odd = parsed.findIndex((chunks) => chunks[0].data.some((byte, i) => byte !== header[i]));
  if (odd >= 0) throw new RangeError(`animatedPng: picture ${odd} has another size or colour type than the first`);
  const chunks: Chunk[] = [
    { type: "IHDR", data: header },
    { type: "acTL", data: words(frames.length, 0) },
  ];
  let sequence = 0;
  parsed.forEach((picture, k) => {
    chunks.push({ type: "fcTL", data: frameControl(sequence++, header, delay) });
    for (const { type, data } of picture)
      if (type === "IDAT") chunks.push(k === 0 ? { type, data } : { type: "fdAT", data: joined(words(sequence++), data) });
  });
  chunks.push({ type: "IEND", data: new Uint8Array() });
  return joined(signature, ...chunks.map(encoded));
}

/** The whole area, replaced without blending. */
function frameControl(sequence: number, header: Uint8Array, delay: number): Uint8Array {
  const rest = new Uint8Array(6);
  const view = new DataView(rest.buffer);
  view.setUint16(0, Math.round(delay));
  view.setUint16(2, 1000);
  return joined(words(sequence), header.subarray(0, 8), words(0, 0), rest);
}

function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((v, i) => void view.setUint32(4 * i, v));
  return new Uint8Array(view.buffer);
}

function encoded({ type, data }: Chunk): Uint8Array {
  const body = joined(new TextEncoder().encode(type), data);
  return joined(words(data.length), body, words(crc32(body)));
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

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
