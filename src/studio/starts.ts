/**
 * Runs that were begun from the page. Each is a process of its own that outlives the page and the server, with a log and a note beside it
 * in .studio/starts below the root, by which a server that begins later finds it again. So many run at a time; the others wait.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { diskError } from "../lab/files.ts";
import { isLocked, ownerProcess } from "../lab/lock.ts";
import { isAlive } from "./process.ts";

const startSchema = z.object({
  /** Stands for the run until that has an id. */
  id: z.string().regex(/^start-[0-9a-f]{16}$/),
  created: z.number(),
  kind: z.enum(["new", "resume", "fork"]),
  /** Words of the command, without those that the studio adds, for people. */
  command: z.string(),
  /** The folder of the run, below the root. */
  name: z.string(),
  /** All words that the program is given. */
  words: z.array(z.string()),
  pid: z.number().optional(),
  ended: z.object({ code: z.number().nullable(), signal: z.string().nullable() }).optional(),
});

export type Start = z.infer<typeof startSchema>;

export const isWaiting = ({ pid, ended }: Start): boolean => pid === undefined && ended === undefined;
export const isGoing = ({ pid, ended }: Start): boolean => pid !== undefined && ended === undefined;

/** Of one that is no run yet. */
export const statusOf = (start: Start): "waiting" | "running" | "failed" =>
  start.ended ? "failed" : isGoing(start) ? "running" : "waiting";

export interface Starts {
  /** Newest last. */
  all(): readonly Start[];
  get(id: string): Start | undefined;
  /** The last that had to do with a folder. */
  of(name: string): Start | undefined;
  logOf(start: Start): string;
  add(wanted: Pick<Start, "kind" | "command" | "name" | "words">): Start;
  /** Takes one that waits out of the queue, or asks one that has not opened its folder yet to end. */
  cancel(start: Start): void;
  /** Forgets all that had to do with a folder. */
  forget(name: string): void;
  /** Looks which processes have ended, and begins those that wait. */
  tick(): void;
  /** Notes nothing more; the processes go on. */
  close(): void;
}

export interface StartsOptions {
  readonly root: string;
  /** Processes at a time. */
  readonly workers: number;
  /** Script and arguments before the command's. */
  readonly program: readonly string[];
  readonly changed: (start: Start) => void;
}

/** Most that are remembered after their end, and that may wait. */
const [mostKept, mostWaiting] = [500, 1000];

export function openStarts({ root, workers, program, changed }: StartsOptions): Starts {
  const folder = join(root, ".studio", "starts");
  mkdirSync(folder, { recursive: true });
  const starts = new Map(readStarts(folder).map((start) => [start.id, start]));
  const fileOf = ({ id }: Start, ending: string): string => join(folder, `${id}.${ending}`);

  const children = new Set<string>(); // begun by this server: their end is an event, with a reason
  let closed = false;

  function write(start: Start): void {
    const path = fileOf(start, "json");
    try {
      writeFileSync(`${path}.tmp`, JSON.stringify(start, undefined, 1));
      renameSync(`${path}.tmp`, path);
    } catch (error) {
      throw diskError(folder, error);
    }
  }

  /** What happens to a process is so, whether there is room to write it down or not. */
  function keep(start: Start): void {
    starts.set(start.id, start);
    try {
      write(start);
    } catch (error) {
      process.stderr.write(`warning: ${error instanceof Error ? error.message : error}; another studio will not know of ${start.name}\n`);
    }
    changed(start);
  }

  function drop(start: Start): void {
    starts.delete(start.id);
    for (const ending of ["json", "log"]) rmSync(fileOf(start, ending), { force: true });
  }

  /** Only words that nobody else's process has: its folder. */
  const alive = (start: Start): boolean => start.pid !== undefined && isAlive(start.pid, join(root, start.name));

  function begin(start: Start): void {
    const log = openLog(fileOf(start, "log"));
    const child = spawn(process.execPath, [...program, ...start.words], { detached: true, stdio: ["ignore", log, log] });
    if (typeof log === "number") closeSync(log);
    child.on("error", () => end(start.id, null, null));
    child.on("exit", (code, signal) => end(start.id, code, signal));
    child.unref();
    children.add(start.id);
    keep({ ...start, pid: child.pid });
  }

  function end(id: string, code: number | null, signal: string | null): void {
    const start = starts.get(id);
    children.delete(id);
    if (closed || start === undefined || start.ended) return;
    keep({ ...start, ended: { code, signal } });
    fill();
  }

  function fill(): void {
    const going = [...starts.values()].filter(isGoing);
    const busy = new Set(going.map(({ name }) => name));
    for (const start of [...starts.values()].filter(isWaiting)) {
      if (busy.size >= workers) break;
      if (busy.has(start.name)) continue;
      busy.add(start.name);
      begin(start);
    }
    const over = [...starts.values()].filter(({ ended }) => ended);
    for (const start of over.slice(0, -mostKept)) drop(start);
  }

  // a server that was killed between beginning a process and writing that down: the run's own lock tells
  for (const start of [...starts.values()].filter(isWaiting)) {
    const run = join(root, start.name);
    if (existsSync(run) && isLocked(run)) keep({ ...start, pid: ownerProcess(run) });
  }

  return {
    all: () => [...starts.values()],
    get: (id) => starts.get(id),
    of: (name) => [...starts.values()].findLast((start) => start.name === name),
    logOf: (start) => fileOf(start, "log"),
    add(wanted) {
      if ([...starts.values()].filter(isWaiting).length >= mostWaiting) throw new UserError(`${mostWaiting} runs wait already`);
      const start: Start = { id: `start-${randomBytes(8).toString("hex")}`, created: Date.now(), ...wanted };
      write(start); // what is promised is written
      keep(start);
      fill();
      return start;
    },
    cancel(start) {
      if (isGoing(start) && alive(start)) process.kill(start.pid!, "SIGTERM");
      else end(start.id, null, "SIGTERM");
    },
    forget(name) {
      for (const start of starts.values()) if (start.name === name && start.ended) drop(start);
    },
    close() {
      closed = true;
    },
    tick() {
      for (const start of starts.values()) if (isGoing(start) && !children.has(start.id) && !alive(start)) end(start.id, null, null);
      fill();
    },
  };
}

/** A run is worth more than its log. */
function openLog(path: string): number | "ignore" {
  try {
    return openSync(path, "a");
  } catch {
    return "ignore";
  }
}

/** Notes of earlier servers; one that cannot be read is left alone. */
function readStarts(folder: string): Start[] {
  const found = readdirSync(folder).flatMap((file) => {
    if (!file.endsWith(".json")) return [];
    try {
      const { success, data } = startSchema.safeParse(JSON.parse(readFileSync(join(folder, file), "utf8")));
      return success ? [data] : [];
    } catch {
      return [];
    }
  });
  return found.sort((a, b) => a.created - b.created);
}
