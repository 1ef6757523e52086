/** NumPy's .npz: a zip archive of .npy files, stored (savez) or deflated (savez_compressed). */
import { unzipSync, zipSync } from "fflate";
import { FileFormatError } from "../errors.ts";
import type { NdArray } from "./ndarray.ts";
import { readNpy, type StringArray, writeNpy } from "./npy.ts";

/** Deflate cannot expand more than this (RFC 1951: 258 bytes from 2 bits); a larger claim is a lie. */
const maxRatio = 1032;
const maxEntries = 65_536;

/**
 * Reads every array of an archive, by name without ".npy"; other files in it are left alone.
 * @param limits.maxBytes  refuse archives that unpack to more (default 2 GiB)
 * @param limits.only  names to read; the others are not even unpacked
 * @throws FileFormatError  naming the array, for anything that does not follow the formats
 */
export function readNpz(
  file: Uint8Array,
  limits: { maxBytes?: number; only?: readonly string[] } = {},
): Record<string, NdArray | StringArray> {
  const { maxBytes = 2 ** 31, only } = limits;
  const seen = new Set<string>();
  let total = 0;
  let entries = 0;
  const wanted = (entry: { name: string; size: number; originalSize: number }): boolean => {
    if (++entries > maxEntries) throw new FileFormatError(`npz: the archive claims more than ${maxEntries} files`);
    if (!entry.name.endsWith(".npy")) return false;
    const name = entry.name.slice(0, -4);
    if (only && !only.includes(name)) return false;
    if (seen.has(name)) throw new FileFormatError(`npz: the archive has "${entry.name}" twice`);
    seen.add(name);
    if (entry.originalSize > maxRatio * entry.size + 64 || entry.size > file.length)
      throw new FileFormatError(`npz: "${entry.name}" claims ${entry.originalSize} bytes from ${entry.size}, which cannot be`);
    total += entry.originalSize;
    if (total > maxBytes) throw new FileFormatError(`npz: the archive unpacks to more than ${maxBytes} bytes`);
    return true;
  };
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(file, { filter: wanted });
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    throw new FileFormatError(`npz: not a readable zip archive: ${(error as Error).message}`);
  }
  const arrays = Object.entries(files).map(([name, bytes]) => {
    try {
      return [name.slice(0, -4), readNpy(bytes)];
    } catch (error) {
      throw new FileFormatError(`npz: array "${name.slice(0, -4)}": ${(error as Error).message}`);
    }
  });
  return Object.fromEntries(arrays);
}

/** Writes an archive, deflated unless `compress` is false. The same input gives the same bytes. */
export function writeNpz(arrays: Record<string, NdArray | StringArray>, { compress = true } = {}): Uint8Array {
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]);
  // a fixed date: a zip archive stores one
  return zipSync(Object.fromEntries(files), { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
