/** HDF5 files by the library's WebAssembly: opened, and read with errors that a user can act on. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { Dataset, Entity, File, Group } from "h5wasm/node";
import { UserError } from "../errors.ts";

/** Opens a file. @throws UserError  for what is no HDF5 file, or a damaged one */
export async function openFile(path: string, mode: "r" | "a"): Promise<File> {
  const { default: h5wasm } = await import("h5wasm/node");
  // errors are thrown instead of printed
  (await h5wasm.ready).activate_throwing_error_handler();
  if (!(await hasSignature(path))) throw new UserError(`${basename(path)}: this is not an HDF5 file`, "h5ad files are written by AnnData");
  return intact(basename(path), () => new h5wasm.File(path, mode));
}

/** What is read from a file. HDF5's own errors, stacks of its calls or an abort, become one that a user can act on. */
export function intact<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError || (error instanceof Error && error.message.startsWith("HDF5-DIAG")))) throw error;
    throw new UserError(`${source}: the file is incomplete or damaged`, "copy it again, or write it anew with AnnData", { cause: error });
  }
}

/** HDF5's eight bytes, at the start or behind a user block of 512, 1024 or 2048 bytes. */
async function hasSignature(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer } = await handle.read(Buffer.alloc(2056), 0, 2056, 0);
    return [0, 512, 1024, 2048].some((at) => buffer.toString("latin1", at, at + 8) === "\x89HDF\r\n\x1a\n");
  } finally {
    await handle.close();
  }
}

/** Is it a group? */
export const isGroup = (e: Entity | null): e is Group => e !== null && "keys" in e && typeof (e as Group).keys === "function";
/** Is it an array? */
export const isDataset = (e: Entity | null): e is Dataset => e !== null && "metadata" in e && "slice" in e;

/** The entry of a group, or null without a message of the library. */
export const entry = (group: Group, name: string): Entity | null => (group.keys().includes(name) ? group.get(name) : null);
