/** What the graph commands share: files that appear whole or not at all, progress, messages, sizes. */
import { createWriteStream, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../data/errors.ts";

/** Writes pieces to a file beside `path` and renames it, or to standard output for "-". Ctrl-C leaves nothing behind. */
export async function writeOut(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  if (path === "-") {
    await pipeline(Readable.from(pieces), process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error; // a reader that has seen enough, such as head
    });
    return;
  }
  const temporary = `${path}.${process.pid}.part`;
  const stop = () => {
    rmSync(temporary, { force: true });
    process.exit(130);
  };
  process.once("SIGINT", stop);
  try {
    await pipeline(Readable.from(pieces), createWriteStream(temporary));
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

/** A line on standard error that is written over: what, done, rate, time left. Silent when standard error is no terminal. */
export function progress(what: string, total?: number): (done: number) => void {
  if (!process.stderr.isTTY) return () => undefined;
  const start = performance.now();
  let shown = 0;
  return (done) => {
    const now = performance.now();
    if (now - shown < 200 && done !== total) return;
    shown = now;
    const rate = (1000 * done) / (now - start + 1);
    const left = total === undefined ? "" : `, ${((total - done) / Math.max(1, rate)).toFixed(0)} s left`;
    process.stderr.write(`\r${what}: ${done.toLocaleString("en")} edges, ${(rate / 1e6).toFixed(2)} M/s${left}\u001b[K`);
    if (done === total) process.stderr.write("\r\u001b[K");
  };
}

/** Runs a command's action: mistakes of the user are told in two lines, without a stack trace. */
export const action =
  <A extends unknown[]>(run: (...args: A) => Promise<void>) =>
  async (...args: A): Promise<void> => {
    try {
      await run(...args);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      process.stderr.write(`error: ${error.message}\n${error.hint ? `  hint: ${error.hint}\n` : ""}`);
      process.exitCode = 1;
    }
  };

/** Bytes from "512M", "4G", "1000000". */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
  if (!match) throw new UserError(`--memory ${text} is not a size`, "like 512M or 4G");
  return Number(match[1]) * 1024 ** " kmgt".indexOf(match[2].toLowerCase() || " ");
}

export const count = (x: number): string => x.toLocaleString("en");
