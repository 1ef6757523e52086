/** Jobs whose work splits: as `divided`, for what makes a file and no run. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { makeFolder } from "./files.ts";
import { onInterrupt } from "./interrupt.ts";
import { codeVersion, currentInvocation, inputFiles } from "./invocation.ts";
import { lock, lockFiles } from "./lock.ts";
import { type Finished, finishParts, otherHands, performPart, readPart, type WhoWorks, type WorkPart } from "./parts.ts";
import { progress, progressMode } from "./progress.ts";

interface Talk {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A part that belongs to one job: the same command on the same files, by the same code. */
interface OfJob {
  readonly job: string;
}

/**
 * Has the parts of the current job done by other processes or machines, and what is made of them. The finished ones are kept in a folder beside the file
 * that is made, until it is: the same command goes on with the others.
 *
 * @param folder  the file with ".parts"
 * @returns  nothing if it was stopped
 * @throws UserError  if something else is in the folder, another process works there, or a part fails
 */
export async function jobOfParts<P extends WorkPart, Result, Made>(
  parts: readonly P[],
  folder: string,
  label: string,
  talk: Talk,
  who: WhoWorks,
  make: (results: readonly Result[]) => Promise<Made>,
): Promise<Made | undefined> {
  if (who.workers !== undefined && who.queue !== undefined) throw new UserError("give either --workers or --queue, not both");
  const places = ["parts", ...lockFiles];
  const strange = existsSync(folder) && (await readdir(folder)).find((name) => !places.includes(name));
  if (strange) throw new UserError(`${folder} holds something else (${strange})`, "move it away, or choose another --out");
  await makeFolder(folder);
  const held = lock(folder);
  try {
    const done = await doneElsewhere<P, Result>(parts, folder, label, talk, who);
    if (done === undefined) return undefined;
    const made = await make(done.map(({ result }) => result));
    await rm(folder, { recursive: true, force: true });
    return made;
  } finally {
    held.release();
  }
}

async function doneElsewhere<P extends WorkPart, Result>(
  parts: readonly P[],
  folder: string,
  label: string,
  talk: Talk,
  who: WhoWorks,
): Promise<readonly Finished<P & OfJob, Result>[] | undefined> {
  const job = await identity();
  const own = parts.map((part): P & OfJob => ({ ...part, job }));
  const { hand, close } = await otherHands<P & OfJob>(job, who, false);
  const interrupt = onInterrupt();
  const bar = progress({ label, total: parts.reduce((sum, { steps }) => sum + steps, 0), mode: progressMode(talk) });
  try {
    return await finishParts<P & OfJob, Result>({ parts: () => own, folder: join(folder, "parts"), hand, bar, signal: interrupt.signal });
  } finally {
    interrupt.dispose();
    bar.finish();
    await close();
  }
}

/** Names the current job for ever: another command, file or version of the code has another name. */
async function identity(): Promise<string> {
  const { workers: _, queue: __, json: ___, quiet: ____, ...options } = currentInvocation()?.options ?? {};
  const { command = [], arguments: args = [], fileOptions, cwd = process.cwd() } = currentInvocation() ?? {};
  const inputs = await inputFiles({ command, arguments: args, options, fileOptions, cwd, loggers: [] });
  const said = JSON.stringify([codeVersion(), command, args, options, inputs]);
  return createHash("sha256").update(said).digest("hex").slice(0, 16);
}

/**
 * What a worker does: one part, given in JSON.
 * @param work  told how to tell of its steps; nothing when it was stopped
 * @returns  whether it came to its end
 */
export async function partOfJob<P extends WorkPart>(
  text: string,
  folder: string,
  label: string,
  talk: Talk,
  work: (part: P, tell: (step: number) => void) => Promise<unknown>,
): Promise<boolean> {
  const part = readPart<P>(text);
  const bar = progress({ label: `${label}: ${part.name}`, total: part.steps, mode: progressMode(talk) });
  try {
    return await performPart(part, folder, () => work(part, (step) => bar.update(step)));
  } finally {
    bar.finish();
  }
}
