/** What the graph commands share: files that appear whole or not at all, progress, sizes. */
import { rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../errors.ts";
import { type Progress, progress, progressMode } from "../../lab/progress.ts";

/**
 * Writes pieces to a file beside `path` and renames it, or to standard output for "-". Ctrl-C leaves nothing behind. A piece need only stay
 * what it is until the next but one is asked for.
 */
export async function writeOut(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  if (path === "-") {
    await pipeline(Readable.from(copies(pieces)), process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error; // a reader that has seen enough, such as head
    });
    return;
  }
  await replacing(path, (temporary) => writePieces(temporary, pieces));
}

function* copies(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const piece of pieces) yield piece.slice();
}

/** Writes a file; each piece is made while the one before is written. */
async function writePieces(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, "w");
  let written: Promise<void> = Promise.resolve();
  try {
    for (const piece of pieces) {
      await written;
      written = file.writeFile(piece);
    }
    await written;
  } finally {
    await written.catch(() => undefined); // it has been told, or another error comes first
    await file.close();
  }
}

/** Lets a file be written beside `path` and renames it. Ctrl-C leaves nothing behind. */
export async function replacing(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  const stop = () => {
    rmSync(temporary, { force: true });
    process.exit(130);
  };
  process.once("SIGINT", stop);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof UserError || code === undefined) throw error;
    throw new UserError(`${path}: cannot be written: ${message}`, "check the folder and its free space");
  } finally {
    process.off("SIGINT", stop);
  }
}

/** How much a command says while it works, and whether its result goes to standard output. */
export interface Talk {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly toStderr?: boolean;
}

/**
 * Runs a part of a command and shows its progress: `work` tells how many of how many steps are done. Rates count from here if `steps` is
 * given.
 */
export async function withProgress<R>(
  label: string,
  { json, quiet, toStderr }: Talk,
  work: (step: (done: number, total: number) => void) => R | Promise<R>,
  steps?: number,
): Promise<R> {
  const lines = toStderr ? (text: string) => process.stderr.write(text) : undefined;
  const open = (total: number) => progress({ label, total, mode: progressMode({ json, quiet }), lines });
  let line: Progress | undefined = steps ? open(steps) : undefined;
  try {
    return await work((done, total) => {
      line ??= open(total);
      line.update(done);
    });
  } finally {
    line?.finish();
  }
}

/** Bytes from "512M", "4G", "1000000". */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
  if (!match) throw new UserError(`--memory ${text} is not a size`, "like 512M or 4G");
  return Number(match[1]) * 1024 ** " kmgt".indexOf(match[2].toLowerCase() || " ");
}

/** A whole number with commas; what `toLocaleString` needs for that takes 30 ms to load. */
export const count = (x: number): string => String(x).replace(/\B(?=(\d{3})+$)/g, ",");
