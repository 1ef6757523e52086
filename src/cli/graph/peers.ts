/** General compressors on the same graph: sizes for comparison. */
import { spawnSync } from "node:child_process";
import * as zlib from "node:zlib";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

export interface PeerSize {
  readonly name: string;
  /** Undefined when the compressor is not at hand. */
  readonly bytes: number | undefined;
}

/** Sorted pairs as differences in LEB128: first - previous first, then second - previous second of the same first (or + 1 zigzag of second - first). */
export function gapBytes(pairs: Uint32Array): Uint8Array {
  const out = new Uint8Array(10 * pairs.length + 16);
  let at = 0;
  const write = (x: number) => {
    for (; x >= 128; x = Math.floor(x / 128)) out[at++] = 128 + (x % 128);
    out[at++] = x;
  };
  for (let i = 0; i < pairs.length; i += 2) {
    const step = pairs[i] - (i > 0 ? pairs[i - 2] : 0);
    write(step);
    const signed = pairs[i + 1] - pairs[i];
    write(i > 0 && step === 0 ? pairs[i + 1] - pairs[i - 1] : signed >= 0 ? 2 * signed : -2 * signed - 1);
  }
  return out.subarray(0, at);
}

const zstd = (zlib as { zstdCompressSync?: typeof zlib.zstdCompressSync }).zstdCompressSync;

/** Sizes under gzip -9, zstd -19, brotli -11 (quality 9 above 8 MiB) and, where installed, xz -9e. */
export function peerSizes(bytes: Uint8Array): PeerSize[] {
  const quality = bytes.length > 2 ** 23 ? 9 : 11;
  const xz = spawnSync("xz", ["-9e", "--stdout"], { input: bytes, maxBuffer: 2 ** 31 - 1 });
  return [
    { name: "gzip -9", bytes: gzipSync(bytes, { level: 9 }).length },
    { name: "zstd -19", bytes: zstd?.(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }).length },
    {
      name: `brotli -${quality}`,
      bytes: brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: quality,
          [constants.BROTLI_PARAM_LGWIN]: 24,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }).length,
    },
    { name: "xz -9e", bytes: xz.status === 0 ? xz.stdout.length : undefined },
  ];
}
