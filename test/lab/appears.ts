/** Waits for what other processes write, by the system's word and not by looking again and again. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { watch } from "node:fs";
import type { Readable } from "node:stream";

/** Resolves when it is so; asked once the folder is watched, and after every change in it. */
export const until = (folder: string, isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, look);
    look();
  });

/** A process of Node, and when it has ended, with what it said as it went wrong. */
export interface Started {
  readonly process: ChildProcessByStdio<null, null, Readable>;
  readonly gone: Promise<string>;
}

export function start(args: readonly string[]): Started {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (said += text));
  return { process: child, gone: new Promise((resolve) => child.once("exit", (code, signal) => resolve(`${code ?? signal}: ${said}`))) };
}

/** The same of what a process writes: one that ends before does not keep anybody waiting. */
export const untilBy = ({ gone }: Started, folder: string, isSo: () => boolean): Promise<void> =>
  Promise.race([
    until(folder, isSo),
    gone.then((how) => {
      if (!isSo()) throw new Error(`the process has ended, ${how}`);
    }),
  ]);
