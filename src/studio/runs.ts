/** Runs as the page shows them: as rows of a list, and one in full. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { findCommand } from "../lab/command.ts";
import { lasting } from "../lab/invocation.ts";
import { lockFiles } from "../lab/lock.ts";
import { optionInfos } from "../lab/options.ts";
import { changeLines, type RunRecord } from "../lab/record.ts";
import { type Found, factNames, type Listed, listRuns } from "../lab/store/query.ts";
import type { RunDetail, RunList, RunRow } from "./api.ts";
import { readLog, type Said } from "./log.ts";
import { line } from "./order.ts";
import { isBelow } from "./places.ts";
import { headline, keyNumbers } from "./report.ts";
import { type Start, statusOf } from "./starts.ts";
import type { Studio } from "./studio.ts";

export interface ListQuery {
  readonly where: readonly string[];
  readonly sort?: string;
  readonly columns: readonly string[];
  readonly tag?: string;
  readonly status?: RunRow["status"];
  /** Words that must all be part of the name or the command. */
  readonly text: readonly string[];
  readonly offset: number;
  readonly limit: number;
}

/** Where the steps of a run stand in its configuration. */
const stepsFact = "config.steps";

/** @throws UserError  for conditions that cannot be read, and names that no run has */
export async function runList(studio: Studio, { where, sort, columns, tag, status, text, offset, limit }: ListQuery): Promise<RunList> {
  const facts = await factNames(studio.store);
  // a name that no run has yet is no mistake of somebody who only looks
  const shown = columns.filter((name) => facts.includes(name.replace(/^(results|last|config)\./, "")));
  const asked = facts.includes("steps") ? [...new Set([...shown, stepsFact])] : shown;
  const open = openStarts(studio);
  const found = await listRuns(studio.store, { where, sort, columns: asked });
  const runs = found.filter(({ folder }) => isBelow(studio.places.root, folder)).map((run) => rowOf(studio, run, shown, open));
  // of what is no run yet no fact is known that a condition could ask for
  const starting = where.length === 0 ? startRows(studio, new Set(runs.map(({ name }) => name))) : [];
  const hasWords = ({ name, command }: RunRow): boolean =>
    text.every((word) => `${name} ${command}`.toLowerCase().includes(word.toLowerCase()));
  const fits = (run: RunRow): boolean =>
    (tag === undefined || run.tags.includes(tag)) && (status === undefined || run.status === status) && hasWords(run);
  const all = [...starting, ...runs].filter(fits);
  return { total: all.length, runs: all.slice(offset, offset + limit), facts, unread: studio.watch.unread() };
}

function rowOf(studio: Studio, { machine: _, facts, ...run }: Listed, shown: readonly string[], open: ReadonlyMap<string, Start>): RunRow {
  const name = studio.nameOf(run.folder);
  const start = open.get(name);
  const steps = facts[stepsFact];
  const { step, total } = studio.progress.get(run.id) ?? { step: run.step, total: typeof steps === "number" ? steps : undefined };
  return {
    ...run,
    name,
    step: Math.max(step, run.step),
    ...(total !== undefined && { total }),
    // a process that is about to take up a run, or to leave it, works on it
    status: start && run.status === "stopped" ? statusOf(start) : run.status,
    tags: studio.tags.of(run.id),
    facts: Object.fromEntries(Object.entries(facts).filter(([key]) => shown.includes(key))),
  };
}

/** What waits or works, by the name of its run. */
const openStarts = ({ starts }: Studio): ReadonlyMap<string, Start> =>
  new Map(starts?.all().flatMap((start) => (start.ended ? [] : [[start.name, start]])));

/** What was asked for and is no run yet, newest first. */
function startRows(studio: Studio, names: ReadonlySet<string>): RunRow[] {
  const last = new Map(studio.starts?.all().map((start) => [start.name, start]));
  return [...last.values()]
    .filter(({ kind, name }) => kind !== "resume" && !names.has(name))
    .toReversed()
    .map((start) => startRow(studio, start));
}

const startRow = (studio: Studio, start: Start): RunRow => ({
  id: start.id,
  name: start.name,
  folder: join(studio.places.root, start.name),
  command: start.command,
  status: statusOf(start),
  created: start.created,
  updated: start.created,
  step: 0,
  facts: {},
  tags: [],
});

/** @param found  as `Studio.find` gives it */
export async function runDetail(studio: Studio, { run, start }: { run?: Found; start?: Start }): Promise<RunDetail | undefined> {
  const said = start && studio.starts ? readLog(studio.starts.logOf(start)) : undefined;
  if (run) return fullDetail(studio, run, start, said);
  if (start === undefined) return undefined;
  const nothing = { config: {}, warnings: said?.notes ?? [], numbers: [], metrics: [], files: [] };
  return {
    ...startRow(studio, start),
    ...nothing,
    log: said?.words ?? "",
    ...(start.ended && { failure: silent, ...failureOf(start, said) }),
  };
}

async function fullDetail(studio: Studio, run: Found, start: Start | undefined, said: Said | undefined): Promise<RunDetail> {
  const { record: text, results: outcome, machine, bytes: _, tail: __, stamp: ___, ...rest } = run;
  const record: RunRecord = JSON.parse(text);
  const { fork, config } = record;
  const results = outcome === null ? undefined : JSON.parse(outcome);
  const facts = { [stepsFact]: typeof config.steps === "number" ? config.steps : "" };
  await studio.curves.advance(run.id, run.folder);
  const report = await readFile(join(run.folder, "report.html"), "utf8").catch(() => "");
  return {
    ...rowOf(studio, { ...rest, machine, facts }, [], openStarts(studio)),
    config,
    ...(await commandOf(studio, record)),
    ...(results !== undefined && { results }),
    warnings: [...changeLines(record), ...(texts(results?.warnings) ?? said?.notes ?? [])],
    ...headline(report),
    numbers: keyNumbers(report),
    metrics: studio.curves.names(run.id),
    files: await filesOf(run.folder),
    log: said?.words ?? "",
    ...(run.status === "stopped" && start?.ended && failureOf(start, said)),
    ...(fork && { fork: { folder: fork.folder, step: fork.step } }),
  };
}

const texts = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? value.filter((text) => typeof text === "string") : undefined;

const silent = "the process ended without a word";

/** Why a process ended: in its own words, or by the signal that ended it; one that was asked to end has not failed. */
function failureOf({ ended }: Start, said: Said | undefined): { failure?: string } {
  if (ended === undefined) return {};
  if (said?.failure !== undefined) return { failure: said.failure };
  if (ended.signal === "SIGTERM") return { failure: "stopped before it began" };
  if (ended.signal !== null) return { failure: `the process was ended by ${ended.signal}` };
  return ended.code === null || ended.code === 0 || ended.code === 130 ? {} : { failure: `the process ended with code ${ended.code}` };
}

/** The line that repeats a run, without what is as it is by default. */
async function commandOf({ registry }: Studio, { invocation }: RunRecord): Promise<{ commandLine?: string }> {
  if (invocation === null) return {};
  const command = await findCommand(invocation.command.join(" "), registry).catch(() => undefined);
  if (command === undefined) return {};
  const defaults = new Map(optionInfos(command.options).map((info) => [info.key, info.default]));
  const { options } = lasting({ ...invocation });
  const told = Object.entries(options).filter(
    ([key, value]) => !["out", "json", "quiet", "overwrite"].includes(key) && value !== null && value !== defaults.get(key),
  );
  const plain = told.map(([key, value]): [string, string | number | boolean] => [
    key,
    typeof value === "number" || typeof value === "boolean" ? value : String(value),
  ]);
  return { commandLine: line({ command, arguments: invocation.arguments, options: Object.fromEntries(plain) }) };
}

/** Most files listed, and how deep. */
const [mostFiles, deepest] = [1000, 4];

/** Files of a run that are whole; links are none of it. */
async function filesOf(folder: string): Promise<{ path: string; bytes: number }[]> {
  const found: { path: string; bytes: number }[] = [];
  const visit = async (path: string, depth: number): Promise<void> => {
    const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length === mostFiles) return;
      const inner = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory() && depth < deepest) await visit(inner, depth + 1);
      else if (entry.isFile() && !entry.name.endsWith(".tmp") && !(path === "" && lockFiles.includes(entry.name))) {
        const { size } = await stat(join(folder, inner)).catch(() => ({ size: 0 })); // gone meanwhile
        found.push({ path: inner, bytes: size });
      }
    }
  };
  await visit("", 1);
  return found;
}
