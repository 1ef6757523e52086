/**
 * Work that splits into parts: done one after another here, by processes on this machine, or by workers on any, to the same bytes. A part
 * is done by the command of the whole with `--part`; what comes out is JSON in a folder of its own, `parts/name` of the run, where it stays
 * until the run is done: what is finished is not done again.
 */
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { makeFolder, writeAside } from "./files.ts";
import { currentInvocation } from "./invocation.ts";
import { lock } from "./lock.ts";
import type { Progress } from "./progress.ts";
import { Cancelled, type Report, type Task, type Watch } from "./sweep/child.ts";
import { isTaskName } from "./sweep/fits.ts";
import type { Executor } from "./sweep/pool.ts";

/** A part, in plain JSON: with it and the options of the whole, any machine knows what to do. */
export interface WorkPart {
  /** Letters, digits, ".", "-" and "_": the name of its folder, by which failures are told. */
  readonly name: string;
  /** Steps that it takes, for the line of progress. */
  readonly steps: number;
}

/** A part that is done. Its result has been JSON, wherever it was done: infinities are null. */
export interface Finished<P extends WorkPart, Result> {
  readonly part: P;
  readonly result: Result;
}

/** Who does the work. */
export const partOptions = {
  workers: z.int().min(1).max(1024).optional().describe("do the parts of the work in so many processes on this machine"),
  queue: z.string().optional().describe("redis://host:port: leave the parts to `pushforward worker`, on any machine"),
  part: z.string().optional().describe("do one part alone, in the JSON that workers are given"),
};

export type WhoWorks = z.infer<z.ZodObject<typeof partOptions>>;

/** A part as `--part` gives it. @throws UserError */
export function readPart<P extends WorkPart>(text: string): P {
  try {
    const part = JSON.parse(text);
    if (isTaskName(part.name) && part.steps >= 0) return part;
  } catch {
    // told below
  }
  throw new UserError(`--part: "${text.slice(0, 60)}" is no part`, "a name and steps, in JSON, as workers are given");
}

/** Does one part, until its folder holds the result. @throws Cancelled  when the signal asks to end */
type Hand<P> = (part: P, folder: string, watch: Watch) => Promise<void>;

/** The parts of a run. */
export interface Division<P extends WorkPart, Result> {
  /** The parts that can be done after those that are finished; when none of them is new, the work is done. */
  readonly parts: (finished: readonly Finished<P, Result>[]) => readonly P[];
  readonly folder: string;
  readonly hand: Hand<P>;
  readonly bar: Progress;
  readonly signal: AbortSignal;
  /** Stop after so many parts. */
  readonly until?: number;
}

/**
 * Has all parts done, those that need nothing of each other at once. @returns nothing if it was stopped
 * @throws UserError  naming the part that failed; the others are stopped, what is finished stays
 */
export async function finishParts<P extends WorkPart, Result>(division: Division<P, Result>): Promise<Finished<P, Result>[] | undefined> {
  const { parts, folder, until = Number.POSITIVE_INFINITY } = division;
  const finished: Finished<P, Result>[] = [];
  for (;;) {
    const names = new Set(finished.map(({ part }) => part.name));
    const next = parts(finished).filter(({ name }) => !names.has(name));
    if (next.length === 0) return finished;
    for (const [i, { name }] of next.entries())
      if (!isTaskName(name) || next.findIndex((part) => part.name === name) < i) throw new Error(`"${name}" is no name of a part`);
    const now = next.slice(0, Math.max(0, until - finished.length));
    const done = finished.reduce((sum, { part }) => sum + part.steps, 0);
    if (!(await doTogether(now, done, division)) || now.length < next.length) return undefined;
    for (const part of now) {
      const result = finishedPart<Result>(join(folder, part.name), part);
      if (result === undefined) throw new Error(`${part.name} was done and left no result`);
      finished.push({ part, result });
    }
  }
}

/** @returns  whether none was stopped */
async function doTogether<P extends WorkPart, Result>(
  parts: readonly P[],
  before: number,
  division: Division<P, Result>,
): Promise<boolean> {
  const { folder, hand, bar } = division;
  const failing = new AbortController();
  const signal = AbortSignal.any([division.signal, failing.signal]);
  const steps = new Map<string, number>();
  const show = (name: string, step: number, metrics: Readonly<Record<string, number>> = {}): void => {
    steps.set(name, step);
    bar.update(
      [...steps.values()].reduce((a, b) => a + b, before),
      metrics,
    );
  };
  const report = (name: string, { event, step, total, job, worker, why, ...rest }: Report): void => {
    if (why !== undefined) bar.note(`${name}: ${String(why)}`);
    else show(name, Number(step), rest as Readonly<Record<string, number>>); // what a line of progress shows besides is numbers
  };
  const open = new Set(parts.filter((part) => finishedPart(join(folder, part.name), part) === undefined));
  // damaged, or of another part: not to be taken for this one
  for (const { name } of open) await rm(join(folder, name, "results.json"), { force: true });
  const outcomes = await Promise.allSettled(
    parts.map(async (part) => {
      const { name } = part;
      try {
        // nothing is waited for before: hands take parts in the order in which they are given
        if (open.has(part)) await hand(part, join(folder, name), { signal, report: (event) => report(name, event) });
        show(name, part.steps);
      } catch (error) {
        if (!(error instanceof Cancelled)) failing.abort();
        throw error;
      }
    }),
  );
  const reasons = outcomes.flatMap((o) => (o.status === "rejected" ? [o.reason] : []));
  const failure = reasons.find((reason) => !(reason instanceof Cancelled));
  if (failure !== undefined) throw failure;
  return reasons.length === 0;
}

/** What came out of a part; nothing if it is not done, or was another one. */
function finishedPart<Result>(folder: string, part: WorkPart): Result | undefined {
  const path = join(folder, "results.json");
  if (!existsSync(path)) return undefined;
  try {
    const found = JSON.parse(readFileSync(path, "utf8"));
    return JSON.stringify(found.part) === JSON.stringify(part) ? found.result : undefined;
  } catch {
    return undefined; // damaged: it is done again
  }
}

/**
 * Does a part in this process. @returns whether it came to its end
 * @throws UserError  if another process works on it
 */
export async function performPart<Result>(part: WorkPart, folder: string, work: () => Promise<Result | undefined>): Promise<boolean> {
  await makeFolder(folder);
  const held = lock(folder);
  try {
    const result = await work();
    if (result === undefined) return false;
    await writeAside(join(folder, "results.json"), `${JSON.stringify({ part, result })}\n`);
    return true;
  } finally {
    held.release();
  }
}

/** One part after another in this process, in the order in which they are handed in. @param work  whether a part came to its end */
export function ownHand<P extends WorkPart>(work: (part: P, folder: string, watch: Watch) => Promise<boolean>): Hand<P> {
  let last: Promise<void> = Promise.resolve();
  return (part, folder, watch) => {
    last = last.then(async () => {
      if (watch.signal.aborted || !(await work(part, folder, watch).catch(named(part.name)))) throw new Cancelled();
    });
    return last;
  };
}

const named = (name: string) => (error: Error) => {
  throw error instanceof UserError
    ? new UserError(`${name}: ${error.message}`, error.hint, { cause: error })
    : new Error(`${name}: ${error.message}`, { cause: error });
};

/** Further attempts for a part whose process dies. */
const retries = 2;

/**
 * Parts as tasks of a pool or a queue: the command of the whole, for one part.
 * @param run  id of the whole run
 * @param threaded  whether the command has --threads
 */
export async function otherHands<P extends WorkPart>(
  run: string,
  { workers = 1, queue }: { readonly workers?: number; readonly queue?: string },
  threaded = true,
): Promise<{ readonly hand: Hand<P>; readonly close: () => Promise<void> }> {
  const { command = [], arguments: args = [], options = {}, fileOptions, onByDefault, program } = currentInvocation() ?? {};
  const { run: runTask, close }: Executor =
    queue === undefined
      ? (await import("./sweep/pool.ts")).localPool(workers, retries, program)
      : await (await import("./sweep/queue.ts")).queueExecutor(queue, retries);
  // machines of a queue have as many processors as they like, and rounding follows the number of threads
  const threads = options.threads ?? (queue === undefined || !threaded ? undefined : 1);
  const hand: Hand<P> = (part, folder, watch) => {
    const own = { ...options, threads, workers: undefined, queue: undefined, part: JSON.stringify(part) };
    const task: Task = { id: `${run}-${part.name}`, sweep: run, command, arguments: args, options: own, fileOptions, onByDefault };
    return runTask(task, folder, watch).catch((error: Error) => {
      if (error instanceof Cancelled) throw error;
      throw new UserError(`${part.name}: ${error.message}`, "the same command goes on with what is finished", { cause: error });
    });
  };
  return { hand, close };
}
