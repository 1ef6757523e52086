/** Whether a worker may take an order: it has the code and the files that the sweep stands on. Asked when the order is taken, not after the work. */
import { codeVersion, inputFiles } from "../invocation.ts";
import type { Order } from "./queue.ts";

/** Names of tasks become names of folders: letters, digits, and what cannot lead out of one. */
const nameable = /^[A-Za-z0-9][\w.-]{0,200}$/;

/** @returns  why the order is none for this worker; nothing where it is */
export async function misfit({ task, code, inputs }: Order): Promise<string | undefined> {
  if (code !== codeVersion()) return `it stands on version ${code} of the code, this is ${codeVersion()}`;
  const { arguments: args, options, fileOptions } = task;
  const here = await inputFiles({ command: [], arguments: args, options, fileOptions, cwd: process.cwd(), loggers: [] });
  for (const { path, sha256 } of inputs) {
    const own = here.find((file) => file.path === path);
    if (!own) return `there is no ${path} here`;
    if (own.sha256 !== sha256) return `${path} here is another file than that of the sweep`;
  }
  return undefined;
}

/** Is this the name of a task that a sweep of ours gives? One of another making could lead out of the worker's folder. */
export const isTaskName = (id: unknown): id is string => typeof id === "string" && nameable.test(id) && !id.includes("..");
