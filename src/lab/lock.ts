/**
 * One process a run. The lock is the operating system's, taken through SQLite on an empty file: it ends with the process, however that
 * ends, so that no stale lock is left and none is ever broken by guessing. (A file with a process number would need such a guess.)
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { UserError } from "../errors.ts";
import { diskError } from "./files.ts";

export interface Lock {
  /** Again it does nothing. */
  release(): void;
}

/** Files of the lock in the run folder. */
export const lockFiles = ["lock", "lock-journal", "owner"];

/** @throws UserError  if another process (or this one) holds the lock */
export function lock(folder: string): Lock {
  const database = tryLock(folder);
  if (database === undefined)
    throw new UserError(
      `${folder}: another process works on this run${ownerOf(folder)}`,
      "wait until it has ended, or choose another folder with --out",
    );
  try {
    // beside the lock, not in it: closing any handle of a POSIX-locked file drops the lock
    writeFileSync(join(folder, "owner"), `process ${process.pid} on ${hostname()}\n`);
  } catch (error) {
    database.close();
    throw diskError(folder, error);
  }
  return { release: () => void (database.open && database.close()) };
}

/** Whether some process works on the run. */
export function isLocked(folder: string): boolean {
  if (!existsSync(join(folder, "lock"))) return false;
  const database = tryLock(folder);
  database?.close();
  return database === undefined;
}

function tryLock(folder: string): Database.Database | undefined {
  const path = join(folder, "lock");
  let database: Database.Database | undefined;
  try {
    if (!existsSync(path)) writeFileSync(path, "", { flag: "a" });
    database = new Database(path);
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if ((error as { code?: string }).code === "SQLITE_BUSY") return undefined;
    if (/^SQLITE_(READONLY|CANTOPEN|PERM|IOERR)/.test((error as { code?: string }).code ?? ""))
      throw new UserError(`${folder}: the run cannot be locked (${(error as Error).message})`, "is the folder writable?");
    throw diskError(folder, error);
  }
}

/** The process of this machine that took the lock last; whether it still has it, `isLocked` tells. */
export function ownerProcess(folder: string): number | undefined {
  const [, pid, host] = /\(process (\d+) on (.*)\)/.exec(ownerOf(folder)) ?? [];
  return host === hostname() ? Number(pid) : undefined;
}

function ownerOf(folder: string): string {
  try {
    return ` (${readFileSync(join(folder, "owner"), "utf8").trim().slice(0, 200)})`;
  } catch {
    return "";
  }
}
