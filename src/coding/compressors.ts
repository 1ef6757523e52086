/** General compressors, for comparison. Needs Node. */
import { spawnSync } from "node:child_process";
import * as zlib from "node:zlib";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { CompressedSize } from "./inspect.ts";

const zstd = (zlib as { zstdCompressSync?: typeof zlib.zstdCompressSync }).zstdCompressSync;

/** Sizes under gzip -9, zstd -19, brotli -11 (quality 9 above 8 MiB) and, where installed, xz -9e. */
export function compressedSizes(bytes: Uint8Array): CompressedSize[] {
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
