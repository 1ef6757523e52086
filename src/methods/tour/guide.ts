/** The entries of a tour at work: in processes of their own, some side by side, each in a folder where what is done stays. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { writeAside } from "../../lab/files.ts";
import { commandText } from "../../lab/invocation.ts";
import { ownProgram, runTask, type Watch } from "../../lab/sweep/child.ts";
import type { TourEntry, Verdict } from "./entry.ts";

/** What an entry came to. */
export interface Stop {
  readonly entry: TourEntry;
  readonly verdict?: Verdict;
  /** Why there is none. */
  readonly failure?: string;
  /** The picture of its run. */
  readonly svg?: string;
  readonly seconds: number;
}

/** How a tour is made. */
export interface TourOptions {
  readonly folder: string;
  readonly quick: boolean;
  readonly seed: number;
  /** Entries at a time, and threads of each. */
  readonly jobs: number;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** An entry has come so far, of 1. */
  readonly report: (name: string, share: number) => void;
}

/** All entries, in their order. @returns nothing if it was stopped; what is done stays done */
export async function tour(entries: readonly TourEntry[], options: TourOptions): Promise<Stop[] | undefined> {
  const stops = new Array<Stop | undefined>(entries.length);
  let next = 0;
  const guide = async (): Promise<void> => {
    while (next < entries.length && !options.signal.aborted) {
      const i = next++;
      stops[i] = await visit(entries[i], options);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, guide));
  const all = stops.filter((stop) => stop !== undefined);
  return all.length === entries.length ? all : undefined;
}

/** Whether the data of an entry are here. */
function missing({ needs }: TourEntry): string | undefined {
  if (needs === undefined) return undefined;
  try {
    createRequire(import.meta.url).resolve(`${needs}/package.json`);
    return undefined;
  } catch {
    return `its data are not here: npm install ${needs}`;
  }
}

async function visit(entry: TourEntry, options: TourOptions): Promise<Stop | undefined> {
  const failure = missing(entry);
  if (failure) return { entry, failure, seconds: 0 };
  const folder = join(options.folder, "entries", entry.name);
  await mkdir(folder, { recursive: true });
  try {
    const done = finished(folder) ?? (await worked(entry, folder, options));
    if (!done) return undefined;
    options.report(entry.name, 1);
    const picture = join(folder, "artifacts", `${entry.figure}.svg`);
    return {
      entry,
      verdict: entry.judge(done.results),
      seconds: done.seconds,
      ...(existsSync(picture) && { svg: readFileSync(picture, "utf8") }),
    };
  } catch (error) {
    if (options.signal.aborted) return undefined;
    return { entry, failure: error instanceof Error ? error.message.split("\n", 1)[0] : String(error), seconds: 0 };
  }
}

/** What an entry leaves when it is done. */
interface Done {
  readonly results: unknown;
  readonly seconds: number;
}

const doneFile = "tour.json";

function finished(folder: string): Done | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, doneFile), "utf8"));
  } catch {
    return undefined; // not yet, or damaged: it is done again
  }
}

async function worked(entry: TourEntry, folder: string, { quick, seed, threads, signal, report }: TourOptions): Promise<Done | undefined> {
  const began = performance.now();
  const { command, arguments: given = [], name } = entry;
  if (entry.work) await writeAside(join(folder, "results.json"), JSON.stringify(await entry.work(folder)));
  else {
    const watch: Watch = { signal, report: ({ step, total }) => report(name, Math.min(1, Number(step) / Math.max(1, Number(total)))) };
    const task = { id: name, sweep: "tour", command, arguments: given, options: { ...entry.options(quick), seed, threads } };
    await runTask(ownProgram, task, folder, watch);
  }
  if (signal.aborted) return undefined;
  const results: unknown = JSON.parse(readFileSync(join(folder, "results.json"), "utf8"));
  const done: Done = { results, seconds: (performance.now() - began) / 1000 };
  await writeAside(join(folder, doneFile), JSON.stringify(done));
  return done;
}

/** The command line of an entry, for people. */
export const commandOf = ({ command, arguments: given = [], options, work }: TourEntry, quick: boolean): string =>
  commandText({ command, arguments: work ? ["wordnet.txt"] : given, options: options(quick) });
