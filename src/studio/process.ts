/** Processes of this machine: whether they live, and whether they are those that we mean. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { isLocked, ownerProcess } from "../lab/lock.ts";

/** Numbers of processes are given again: one is known by the words that it was begun with too. */
export function isAlive(pid: number, word: string): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // gone, or another user's
  }
  return commandOf(pid)?.includes(word) ?? false;
}

function commandOf(pid: number): string | undefined {
  try {
    if (existsSync("/proc/self/cmdline")) return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return execFileSync("ps", ["-ww", "-o", "command=", "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

/**
 * Asks the process that works on a run to save it and end.
 * @throws UserError  if there is none, or none that we may ask
 */
export function stopRun(folder: string): void {
  if (!isLocked(folder)) throw new UserError("nothing works on this run");
  const pid = ownerProcess(folder);
  if (pid === undefined || pid === process.pid || !holds(pid, join(folder, "lock")))
    throw new UserError("the process that works on this run cannot be reached from here", "stop it where it was begun");
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    throw new UserError(`process ${pid} cannot be stopped (${(error as NodeJS.ErrnoException).code})`, "it belongs to another user");
  }
}

/** Whether a process has a file open; where the system does not tell, the file beside the lock is believed. */
function holds(pid: number, path: string): boolean {
  const open = `/proc/${pid}/fd`;
  if (!existsSync("/proc/self/fd")) return true;
  try {
    return readdirSync(open).some((fd) => linkOf(join(open, fd)) === path);
  } catch {
    return false;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // closed meanwhile
  }
}
