/** Run folders into the index: what has changed since it was last read, and nothing twice. */
import { createHash, randomUUID } from "node:crypto";
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { isLocked } from "../lock.ts";
import { inspect, type RunRecord, writeRecord } from "../record.ts";
import type { RunStatus, Store, Tables } from "./database.ts";

/** Largest piece of metrics in one row of the database. */
const pieceBytes = 1 << 20;
/** How deep below a root run folders are looked for: sweeps have theirs two levels down. */
const deepest = 4;
/** Most facts kept of one run, and characters of one. */
const [mostFacts, longestFact] = [500, 300];

/** A run that cannot be read. */
export interface Damaged {
  readonly folder: string;
  readonly why: string;
}

/** Brings the index up to date with all run folders below a root; forgets those that are gone or damaged. */
export async function syncRoot(store: Store, root: string): Promise<{ readonly read: number; readonly damaged: readonly Damaged[] }> {
  const damaged: Damaged[] = [];
  const folders = await outdated(store, root);
  for (const folder of folders) {
    const why = await syncRun(store, folder);
    if (why !== undefined) damaged.push({ folder, why });
  }
  return { read: folders.length, damaged };
}

/** Run folders below a root that the index does not hold as they are now; it forgets those that are gone. */
export async function outdated(store: Store, root: string): Promise<string[]> {
  const folders = runFolders(root);
  const known = await store.selectFrom("runs").select(["id", "folder", "stamp", "status"]).where("machine", "=", hostname()).execute();
  const byFolder = new Map(known.map((row) => [row.folder, row]));
  const here = new Set(folders);
  const below = resolve(root) + sep;
  const gone = known.filter(({ folder }) => `${folder}${sep}`.startsWith(below) && !here.has(folder));
  for (const { id } of gone) await forget(store, id);
  return folders.filter((folder) => {
    const row = byFolder.get(folder);
    return !row || row.stamp !== stampOf(folder) || (row.status !== "done" && statusOf(folder) !== row.status);
  });
}

/** Brings one run folder into the index. A folder that holds no run is passed over. @returns  why it cannot be read, if it holds a damaged one */
export async function syncRun(store: Store, name: string, status?: RunStatus): Promise<string | undefined> {
  const folder = resolve(name);
  const stamp = stampOf(folder); // before the files are read: what changes meanwhile is read again
  const found = await inspect(folder).catch((error: Error) => error);
  if (typeof found === "string" || found instanceof Error) {
    await store.deleteFrom("runs").where("folder", "=", folder).where("machine", "=", hostname()).execute();
    if (!existsSync(folder)) return undefined; // gone meanwhile
    return found instanceof Error ? found.message : damageIn(folder);
  }
  const record = await ofItsOwn(store, folder, found);
  const before = await store.selectFrom("runs").select(["bytes", "tail"]).where("id", "=", record.id).executeTakeFirst();
  const { pieces, bytes, tail, again } = readNew(join(folder, "metrics.jsonl"), before);
  const results = readJson(join(folder, "results.json"));
  const last = lastRow(pieces.at(-1)?.lines);
  const row = {
    id: record.id,
    folder,
    machine: hostname(),
    command: record.invocation?.command.join(" ") ?? String(record.config.command ?? "program"),
    status: status ?? statusOf(folder),
    created: record.created,
    updated: Date.now(),
    bytes,
    tail,
    stamp,
    record: JSON.stringify(record),
    results: results === undefined ? null : JSON.stringify(results),
  };
  const step = last === undefined ? undefined : Number(last.step ?? 0);
  await store.transaction().execute(async (t) => {
    // another beginning of a run in the same folder replaces the one before
    await t.deleteFrom("runs").where("folder", "=", folder).where("machine", "=", row.machine).where("id", "!=", record.id).execute();
    await t
      .insertInto("runs")
      .values({ ...row, step: step ?? 0 })
      .onConflict((c) => c.column("id").doUpdateSet(step === undefined && !again ? row : { ...row, step: step ?? 0 }))
      .execute();
    if (again) await t.deleteFrom("metrics").where("run", "=", record.id).execute();
    for (const { start, lines } of pieces)
      await t
        .insertInto("metrics")
        .values({ run: record.id, start, lines })
        .onConflict((c) => c.columns(["run", "start"]).doUpdateSet({ lines }))
        .execute();
    await writeFacts(t, record, results, last);
  });
  return undefined;
}

/** A folder that has what only runs have, and a config.json that is none of ours. */
function damageIn(folder: string): string | undefined {
  const left = ["metrics.jsonl", "checkpoint"].every((name) => existsSync(join(folder, name)));
  return left ? `${join(folder, "config.json")} is damaged (it is no record of a run)` : undefined;
}

/**
 * The record of a folder, with an id that no other folder has. A copy of a run brings the id of the original with it: it gets one of its own, in its
 * config.json where that may be written, else one made from its place.
 */
async function ofItsOwn(store: Store, folder: string, record: RunRecord): Promise<RunRecord> {
  const other = await store.selectFrom("runs").select(["folder", "machine"]).where("id", "=", record.id).executeTakeFirst();
  if (!other || other.machine !== hostname() || other.folder === folder) return record;
  const twin = await inspect(other.folder).catch(() => "foreign" as const);
  if (typeof twin === "string" || twin.id !== record.id) return record; // it was moved, or begun again there
  const own = { ...record, id: randomUUID() };
  if (lockedSafely(folder)) return record;
  const written = await writeRecord(folder, own).then(
    () => true,
    () => false,
  );
  return written ? own : { ...record, id: createHash("sha256").update(folder).digest("hex").slice(0, 36) };
}

/** Removes a run from the index; its folder stays. */
export async function forget(store: Store, id: string): Promise<void> {
  await store.deleteFrom("runs").where("id", "=", id).execute();
}

async function writeFacts(store: Store, record: RunRecord, results: unknown, last: Record<string, unknown> | undefined): Promise<void> {
  const facts = [...flat("config", record.config), ...flat("results", results), ...flat("last", last)].slice(0, mostFacts);
  if (facts.length === 0) return;
  const rows = facts.map(([key, value]) => ({
    run: record.id,
    key,
    number: typeof value === "number" ? value : null,
    text: String(value).slice(0, longestFact),
  }));
  // a few hundred parameters a statement, which every database takes
  for (let i = 0; i < rows.length; i += 100)
    await store
      .insertInto("facts")
      .values(rows.slice(i, i + 100))
      .onConflict((c) => c.columns(["run", "key"]).doUpdateSet((e) => ({ number: e.ref("excluded.number"), text: e.ref("excluded.text") })))
      .execute();
}

/** Numbers, texts and truth values of a tree, with the paths to them. */
function flat(path: string, value: unknown): [string, number | string][] {
  if (value === null || value === undefined) return [];
  if (typeof value === "object") return Object.entries(value).flatMap(([key, inner]) => flat(`${path}.${key}`, inner));
  return [[path.slice(0, 200), typeof value === "number" ? value : String(value)]];
}

/** Folders below the root that have a config.json; their insides are not searched. */
export const runFolders = (root: string): string[] => scan(root).runs;

/** Folders of runs below the root, and those in which others may come up: the root, sweeps, what is still empty. */
export function scan(root: string): { readonly runs: string[]; readonly others: string[] } {
  const found: { runs: string[]; others: string[] } = { runs: [], others: [] };
  const visit = (folder: string, depth: number): void => {
    let entries: import("node:fs").Dirent[];
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      return; // gone, or not ours to read
    }
    if (entries.some((e) => e.name === "config.json")) {
      found.runs.push(folder);
      return;
    }
    found.others.push(folder);
    if (depth === deepest) return;
    for (const e of entries) if (e.isDirectory() && !e.name.startsWith(".")) visit(join(folder, e.name), depth + 1);
  };
  visit(resolve(root), 0);
  return found;
}

function stampOf(folder: string): string {
  return ["config.json", "metrics.jsonl", "results.json"]
    .map((name) => {
      const stat = statSync(join(folder, name), { throwIfNoEntry: false });
      return stat ? `${stat.size}@${stat.mtimeMs}` : "-";
    })
    .join(" ");
}

function statusOf(folder: string): RunStatus {
  if (statSync(join(folder, "results.json"), { throwIfNoEntry: false })) return "done";
  return lockedSafely(folder) ? "running" : "stopped";
}

/** A folder that we may read but not write cannot be asked. */
function lockedSafely(folder: string): boolean {
  try {
    return isLocked(folder);
  } catch {
    return false;
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function lastRow(lines: string | undefined): Record<string, unknown> | undefined {
  const line = lines?.trimEnd().split("\n").at(-1);
  if (!line) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // not written by us
  }
}

interface NewLines {
  pieces: { start: number; lines: string }[];
  bytes: number;
  tail: string;
  /** The file is not a continuation of what the index holds. */
  again: boolean;
}

const tailBytes = 64;

/** The whole lines of metrics.jsonl that the index does not have. A half-written line stays for the next time. */
function readNew(path: string, before: Pick<Tables["runs"], "bytes" | "tail"> | undefined): NewLines {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return { pieces: [], bytes: 0, tail: "", again: before !== undefined };
  }
  try {
    const { size } = fstatSync(file);
    const known = before?.bytes ?? 0;
    const continues = known <= size && (known === 0 || readText(file, Math.max(0, known - tailBytes), known) === before?.tail);
    let start = continues ? known : 0;
    const pieces: NewLines["pieces"] = [];
    while (start < size) {
      const chunk = Buffer.alloc(Math.min(pieceBytes, size - start));
      const got = readSync(file, chunk, 0, chunk.length, start);
      const end = chunk.subarray(0, got).lastIndexOf(0x0a) + 1;
      if (end === 0) break;
      pieces.push({ start, lines: chunk.toString("utf8", 0, end).replaceAll("\0", "") }); // PostgreSQL takes no NUL
      start += end;
    }
    return { pieces, bytes: start, tail: readText(file, Math.max(0, start - tailBytes), start), again: !continues };
  } finally {
    closeSync(file);
  }
}

function readText(file: number, from: number, to: number): string {
  const bytes = Buffer.alloc(to - from);
  readSync(file, bytes, 0, bytes.length, from);
  return bytes.toString("latin1").replaceAll("\0", "");
}

/** A run's name as people use it: the path of its folder below the root, or the whole path. */
export function nameOf(folder: string, root: string): string {
  const name = relative(root, folder);
  return name === "" || name.startsWith("..") ? folder : name;
}
