/** Questions to the index. */
import { resolve } from "node:path";
import { type ExpressionBuilder, sql } from "kysely";
import { nearest, UserError } from "../../errors.ts";
import type { Metrics } from "../record.ts";
import type { RunStatus, Store, Tables } from "./database.ts";

export interface Listed {
  readonly id: string;
  readonly folder: string;
  readonly machine: string;
  readonly command: string;
  readonly status: RunStatus;
  readonly created: number;
  readonly updated: number;
  readonly step: number;
  /** The facts that were asked for. */
  readonly facts: Readonly<Record<string, number | string>>;
}

export interface Selection {
  /** Conditions such as "width=32", "loss<0.1", "status!=done"; all must hold. */
  readonly where?: readonly string[];
  /** A column or fact; "-loss" for the largest first. */
  readonly sort?: string;
  readonly limit?: number;
  /** Facts to show. */
  readonly columns?: readonly string[];
}

const columns = ["id", "folder", "machine", "command", "status", "created", "updated", "step"] as const;
type Column = (typeof columns)[number];
const isColumn = (name: string): name is Column => (columns as readonly string[]).includes(name);

/** Where a bare name is looked for, in this order. */
const kinds = ["results", "last", "config"];

/**
 * Runs, newest first unless sorted otherwise.
 * @throws UserError  for a condition that cannot be read, or a name that no run has
 */
export async function listRuns(
  store: Store,
  { where = [], sort = "-created", limit, columns: shown = [] }: Selection = {},
): Promise<Listed[]> {
  let query = store.selectFrom("runs").select(columns);
  for (const condition of where) {
    const { name, operator, value } = parseCondition(condition);
    if (isColumn(name)) query = query.where(sql.ref<string | number>(name), operator, typedValue(name, value));
    else {
      const key = await factKey(store, name);
      query = query.where((e) => e.exists(factWhere(e, key, operator, value)));
    }
  }
  const descending = sort.startsWith("-");
  const by = sort.replace(/^-/, "");
  if (isColumn(by)) query = query.orderBy(by, descending ? "desc" : "asc");
  else {
    const key = await factKey(store, by);
    const fact = (column: "number" | "text") => (e: ExpressionBuilder<Tables, "runs">) =>
      e.selectFrom("facts").select(column).whereRef("facts.run", "=", "runs.id").where("facts.key", "=", key);
    // runs that lack it come last in both directions
    query = query.orderBy((e) => sql`case when ${fact("text")(e)} is null then 1 else 0 end`);
    for (const column of ["number", "text"] as const) query = query.orderBy(fact(column), descending ? "desc" : "asc");
  }
  query = query.orderBy("id");
  const rows = await (limit === undefined ? query : query.limit(limit)).execute();
  const facts = await factsOf(
    store,
    rows.map((r) => r.id),
    shown,
  );
  return rows.map((row) => ({ ...row, facts: facts.get(row.id) ?? {} }));
}

function factWhere(e: ExpressionBuilder<Tables, "runs">, key: string, operator: Operator, value: string) {
  const facts = e.selectFrom("facts").select(sql.lit(1).as("one")).whereRef("facts.run", "=", "runs.id").where("facts.key", "=", key);
  const number = value.trim() === "" ? Number.NaN : Number(value);
  return Number.isNaN(number) ? facts.where("facts.text", operator, value) : facts.where("facts.number", operator, number);
}

const statuses: readonly string[] = ["running", "done", "stopped"] satisfies RunStatus[];

type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

function parseCondition(text: string): { name: string; operator: Operator; value: string } {
  const found = /^\s*([\w.-]+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*$/.exec(text);
  if (!found) throw new UserError(`--where: "${text}" is not a condition`, 'write, for example, "loss<0.1" or "width=32"');
  const [, name, operator, value] = found;
  if (/^[=<>!]/.test(value))
    throw new UserError(`--where: "${text}" is not a condition`, `write "${name}${operator}${value.replace(/^[=<>!]+/, "")}"`);
  if (name === "status" && !statuses.includes(value))
    throw new UserError(`--where: there is no status "${value}"`, `one of ${statuses.join(", ")}`);
  return { name, operator: operator as Operator, value };
}

function typedValue(name: Column, value: string): string | number {
  const numeric = name === "created" || name === "updated" || name === "step";
  if (!numeric) return value;
  const number = Number(value);
  const date = Date.parse(value);
  if (!Number.isNaN(number)) return number;
  if (Number.isNaN(date)) throw new UserError(`--where: ${name} is compared with a ${name === "step" ? "number" : "date"}, not "${value}"`);
  return date;
}

/** The full key of a fact: "loss" may be "results.loss", "last.loss" or "config.loss". */
async function factKey(store: Store, name: string): Promise<string> {
  const candidates = [...kinds.map((kind) => `${kind}.${name}`), name];
  const found = await store.selectFrom("facts").select("key").distinct().where("key", "in", candidates).execute();
  const key = candidates.find((c) => found.some((f) => f.key === c));
  if (key !== undefined) return key;
  const all = await store.selectFrom("facts").select("key").distinct().limit(5000).execute();
  const guess = nearest(name, [...columns, ...all.map((f) => f.key.replace(/^\w+\./, ""))]);
  throw new UserError(`no run has "${name}"`, guess && `did you mean "${guess}"?`);
}

async function factsOf(
  store: Store,
  ids: readonly string[],
  names: readonly string[],
): Promise<Map<string, Record<string, number | string>>> {
  const facts = new Map<string, Record<string, number | string>>();
  if (names.length === 0 || ids.length === 0) return facts;
  const keys = new Map<string, string>();
  for (const name of names) keys.set(await factKey(store, name), name);
  for (let i = 0; i < ids.length; i += 500) {
    const rows = await store
      .selectFrom("facts")
      .selectAll()
      .where("key", "in", [...keys.keys()])
      .where("run", "in", ids.slice(i, i + 500))
      .execute();
    for (const { run, key, number, text } of rows) facts.set(run, { ...facts.get(run), [keys.get(key)!]: number ?? text });
  }
  return facts;
}

/** Names of all facts that runs have, as they are asked for. */
export async function factNames(store: Store): Promise<string[]> {
  const found = await store.selectFrom("facts").select("key").distinct().execute();
  return [...new Set(found.map(({ key }) => key.replace(/^(results|last|config)\./, "")))].sort();
}

/** A run with all that the index has of it. */
export type Found = Tables["runs"];

/** The run of an id, if there is one. */
export const runById = (store: Store, id: string): Promise<Found | undefined> =>
  store.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst();

/**
 * The run that a user means: by its folder, by the end of the folder's path, or by the first letters of its id.
 * @throws UserError  if there is none, or more than one
 */
export async function findRun(store: Store, name: string): Promise<Found> {
  const all = () => store.selectFrom("runs").selectAll();
  const path = resolve(name);
  const clean = name.replaceAll("\\", "/").replace(/\/+$/, "");
  const suffix = `%/${clean.replace(/^\.\//, "").replace(/[%_!]/g, "!$&")}`;
  const exact = await all()
    .where((e) => e.or([e("folder", "=", path), e("id", "=", name)]))
    .execute();
  const found =
    exact.length > 0 || clean === ""
      ? exact
      : await all()
          .where((e) =>
            e.or([sql<boolean>`folder like ${suffix} escape '!'`, ...(/^[0-9a-f-]{4,}$/.test(name) ? [e("id", "like", `${name}%`)] : [])]),
          )
          .limit(10)
          .execute();
  if (found.length === 1) return found[0];
  if (found.length > 1)
    throw new UserError(`"${name}" is more than one run: ${found.map((f) => f.folder).join(", ")}`, "give more of its path");
  const names = await store.selectFrom("runs").select("folder").limit(5000).execute();
  const guess = nearest(
    clean,
    names.map((f) => f.folder.split(/[\\/]/).at(-1)!),
  );
  throw new UserError(`there is no run "${name}"`, guess ? `did you mean "${guess}"?` : "`pushforward runs list` shows the runs");
}

/** Rows of metrics, by run. Lines that are no JSON are left out: a folder may be edited by others. */
export async function metricsOf(store: Store, ids: readonly string[]): Promise<Map<string, Metrics[]>> {
  const pieces = await store
    .selectFrom("metrics")
    .selectAll()
    .where("run", "in", [...ids])
    .orderBy("start")
    .execute();
  const rows = new Map<string, Metrics[]>(ids.map((id) => [id, []]));
  for (const { run, lines } of pieces) {
    const into = rows.get(run)!;
    for (const line of lines.split("\n")) {
      const row = line === "" ? undefined : parseLine(line);
      if (row) into.push(row);
    }
  }
  return rows;
}

function parseLine(line: string): Metrics | undefined {
  try {
    const row = JSON.parse(line);
    return typeof row === "object" && row !== null ? row : undefined;
  } catch {
    return undefined;
  }
}
