/** One run of a sweep as a process of its own: whatever happens to it, the sweep lives. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readCheckpoint } from "../checkpoint.ts";
import { interruptedExitCode } from "../interrupt.ts";
import { toFlags } from "../invocation.ts";

/** Everything that a worker needs to know to do its part. */
export interface Task {
  /** Names the task for ever: a sweep, a job, a round. */
  readonly id: string;
  /** The sweep that it belongs to. */
  readonly sweep: string;
  readonly command: readonly string[];
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** Options that may name files. */
  readonly fileOptions?: readonly string[];
  /** Switches that are on unless they are turned off. */
  readonly onByDefault?: readonly string[];
  /** Pause after this step. */
  readonly stopAt?: number;
}

/** What a task says while it runs: the numbers of its progress line. */
export type Report = Readonly<Record<string, unknown>>;

export interface Watch {
  readonly signal: AbortSignal;
  report(event: Report): void;
}

/** Stopped because it was asked to: not a failure, it can go on. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

/** A failure that would happen again: a mistake in the options, a training that diverges. */
export class Hopeless extends Error {
  override name = "Hopeless";
}

/** The package's own command. */
export const ownProgram: readonly string[] = [fileURLToPath(new URL("../../../bin/pushforward.js", import.meta.url))];

/** Bytes kept of what a process says on standard error. */
const mostWords = 4000;

const isDone = (folder: string): boolean => existsSync(join(folder, "results.json"));

/** Whether a folder holds the run as far as the task goes: done, or past the step to pause at. */
export async function isReached({ stopAt }: Task, folder: string): Promise<boolean> {
  if (isDone(folder) || stopAt === undefined) return isDone(folder);
  const saved = await readCheckpoint(folder).catch(() => undefined); // a damaged one is told by the run itself
  return saved !== undefined && saved.checkpoint.step >= stopAt;
}

/**
 * Runs a task in a run folder, to its end or its pause; a folder that is begun goes on.
 * @param program  script and arguments before the command's
 * @throws Cancelled, Hopeless, or another Error for a process that died and may be tried again
 */
export async function runTask(program: readonly string[], task: Task, folder: string, { signal, report }: Watch): Promise<void> {
  if (await isReached(task, folder)) return;
  if (signal.aborted) throw new Cancelled();
  const given = { ...task.options, out: folder, json: true, quiet: undefined, overwrite: false, stopAt: task.stopAt };
  const flags = toFlags(given, task.onByDefault);
  const args = [...program, ...task.command, ...flags, ...(task.arguments.length > 0 ? ["--", ...task.arguments] : [])];
  // the channel tells the child when we die
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let words = "";
  child.stderr!.on("data", (text) => {
    words = (words + String(text)).slice(-mostWords);
  });
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const event = parse(line);
    if (event?.event === "progress") report(event);
  });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const { code, died } = await new Promise<{ code: number | null; died: string | null }>((resolve) => {
    child.on("error", (error) => resolve({ code: null, died: error.message }));
    child.on("close", (code, died) => resolve({ code, died }));
  });
  signal.removeEventListener("abort", stop);
  if (await isReached(task, folder)) return;
  if (signal.aborted) throw new Cancelled();
  if (code === interruptedExitCode) throw new Cancelled();
  throw failure(words, code, died);
}

function failure(words: string, code: number | null, died: string | null): Error {
  const told = /^error: (.*(?:\n {2}hint: .*)?)$/m.exec(words)?.[1];
  if (told === undefined)
    return new Error(died ? `the process was ended by ${died}` : `the process ended with code ${code}: ${words.trim().split("\n").at(-1)}`);
  const passing = /another process works on this run|fault of the program|disk is full|quota/.test(told);
  return passing ? new Error(told) : new Hopeless(told.replace("\n  hint: ", "; "));
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * The number to compare by. Of a finished run: of results.json, where it may lie deeper ("scores.w1"), or else of the last row of metrics
 * that
 * has it. At a step to pause at: of the last row up to there, however far the run has come since.
 */
export function outcome(folder: string, metric: string, stopAt?: number): number | undefined {
  const fromResults =
    stopAt === undefined && isDone(folder) ? dig(parse(readFileSync(join(folder, "results.json"), "utf8")), metric.split(".")) : undefined;
  if (typeof fromResults === "number") return fromResults;
  const row = rowsIn(folder).findLast((r) => typeof r?.[metric] === "number" && (stopAt === undefined || Number(r.step) <= stopAt));
  return row?.[metric] as number | undefined;
}

function rowsIn(folder: string): (Record<string, unknown> | undefined)[] {
  const path = join(folder, "metrics.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").map(parse) : [];
}

/** Names of all numbers that a finished run has, those that are not finite too: paths into results.json, and metrics. */
export function numberNames(folder: string): string[] {
  const below = (value: unknown, path: string): string[] => {
    if (typeof value === "number" || (value === null && path !== "")) return [path];
    if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
    return Object.entries(value).flatMap(([key, inner]) => below(inner, path === "" ? key : `${path}.${key}`));
  };
  const found = isDone(folder) ? below(parse(readFileSync(join(folder, "results.json"), "utf8")), "") : [];
  return [...new Set([...found, ...rowsIn(folder).flatMap((row) => Object.keys(row ?? {}))])];
}

function dig(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (v, key) => (v !== null && typeof v === "object" && Object.hasOwn(v, key) ? (v as Record<string, unknown>)[key] : undefined),
    value,
  );
}
