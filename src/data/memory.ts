/** How much one file may become in memory, so that a small file that unpacks to a large one ends in words and not in a killed process. */
import { createReadStream, statSync } from "node:fs";
import { totalmem } from "node:os";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { UserError } from "../errors.ts";
import { decompressed } from "./decompress.ts";

/** A quarter of the memory of this machine, or of the container: there are copies on the way, and other work. */
export const mostBytes = (): number => Math.min(process.constrainedMemory?.() || Number.POSITIVE_INFINITY, totalmem()) / 4;

/** Of what deflate makes of a byte, no decoder makes more (RFC 1951: 258 bytes from 2 bits). */
const mostOfOne = 1032;

/** @param what  is larger: "it unpacks to", "cells.csv: its first 1000 rows are" */
export const tooLarge = (most: number, what: string): UserError =>
  new UserError(
    `${what} more than ${Math.floor(most / 2 ** 20)} MiB, the most that is read`,
    "take a part of it, or a machine with more memory",
  );

/** @throws UserError  if a compressed file unpacks to more than so many bytes: found out by unpacking, and keeping nothing */
export async function checkUnpacked(path: string, source: string, most = mostBytes()): Promise<void> {
  if (statSync(path).size * mostOfOne <= most) return;
  let bytes = 0;
  for await (const chunk of decompressed(createReadStream(path), source)) {
    bytes += chunk.length;
    if (bytes > most) throw tooLarge(most, `${source}: it unpacks to`);
  }
}

/** A gzip file in memory as it was. @throws UserError  for damaged ones, and those that unpack to more than so many bytes */
export async function gunzipped(bytes: Uint8Array, source: string, most = mostBytes()): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: Math.min(most, 2 ** 32) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(Math.min(most, 2 ** 32), `${source}: it unpacks to`);
    throw new UserError(`${source}: damaged compression: ${message}`, "the file may be cut off");
  }
}
