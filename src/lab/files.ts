/** Files that are whole or absent, and errors of the disk in words. */
import { existsSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { UserError } from "../errors.ts";

/** Writes to a neighbour, forces it to the disk, renames it: after a crash there is the old file or the new one, never half of one. */
export async function writeAside(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}${temporarySuffix}`;
  try {
    await sync(temporary, "w", content);
    await rename(temporary, path);
    await sync(dirname(path), "r");
  } catch (error) {
    throw diskError(path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** What a process that was killed in `writeAside` leaves behind ends with this. */
export const temporarySuffix = ".tmp";

async function sync(path: string, flags: string, content?: Uint8Array | string): Promise<void> {
  const file = await open(path, flags);
  try {
    if (content !== undefined) await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

const reasons: Record<string, [string, string]> = {
  ENOSPC: ["the disk is full", "make room; nothing written so far is lost, and the run goes on from its last checkpoint"],
  EDQUOT: ["your disk quota is used up", "make room; nothing written so far is lost, and the run goes on from its last checkpoint"],
  EFBIG: ["the file would be larger than this system allows", "look at `ulimit -f`; the run goes on from its last checkpoint"],
  EACCES: ["no permission to write there", "choose another folder with --out, or change its permissions"],
  EPERM: ["no permission to write there", "choose another folder with --out, or change its permissions"],
  EROFS: ["the file system is read-only", "choose another folder with --out"],
  ENOTDIR: ["a part of this path is a file, not a folder", "choose another folder with --out"],
  ENAMETOOLONG: ["the name is too long", "choose a shorter one"],
  EMFILE: ["too many open files", "look at `ulimit -n`"],
};

/** An error of the file system as a message; anything else stays what it is. */
export function diskError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException)?.code ?? "";
  if (code === "ENOENT" && !existsSync(dirname(path)))
    return new UserError(`${dirname(path)}: the folder is gone`, "it was removed or moved while it was written to: start again", {
      cause: error,
    });
  const reason = reasons[code];
  return reason ? new UserError(`${path}: ${reason[0]}`, reason[1], { cause: error }) : error;
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: Error) => {
    const known = diskError(path, error);
    throw known instanceof UserError ? known : new UserError(`${path}: the folder cannot be made (${error.message})`);
  });
}

/**
 * The path of a name inside a folder.
 * @throws UserError  if the name leads out of it ("../x", "/etc/x"), or is empty
 */
export function inside(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (name === "" || name.includes("\0") || !path.startsWith(resolve(folder) + sep))
    throw new UserError(`"${name.replaceAll("\0", "\\0")}" is not a name inside ${folder}`);
  return path;
}
