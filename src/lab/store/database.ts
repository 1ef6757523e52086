/**
 * The index of runs: a database beside the folders, or one that a team shares. It holds copies; whatever it holds can be made again from
 * the folders. One set of queries for SQLite and PostgreSQL.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Dialect, Kysely, type Migration, Migrator, PostgresDialect, SqliteDialect, sql } from "kysely";
import { UserError } from "../../errors.ts";
import { diskError } from "../files.ts";

export interface Tables {
  runs: {
    /** The record's id. */
    id: string;
    /** Path of the folder, on the machine that has it. */
    folder: string;
    machine: string;
    command: string;
    status: RunStatus;
    /** Milliseconds since 1970. */
    created: number;
    updated: number;
    /** Steps of the last row of metrics. */
    step: number;
    /** Bytes of metrics.jsonl that the index holds, and the last of them, to notice a file that was cut and has grown again. */
    bytes: number;
    tail: string;
    /** Sizes and times of the files when they were read. */
    stamp: string;
    record: string;
    results: string | null;
  };
  /** Numbers and texts of configurations, results and last rows of metrics, to filter and sort by: "config.width", "results.loss", … */
  facts: { run: string; key: string; number: number | null; text: string };
  /** metrics.jsonl in pieces of whole lines, by the byte at which they begin. */
  metrics: { run: string; start: number; lines: string };
}

export type RunStatus = "running" | "stopped" | "done";
export type Store = Kysely<Tables>;

/** Names are the order. Never change one that was published; add another. */
const migrations: Record<string, Migration> = {
  "001-runs": {
    async up(db) {
      await db.schema
        .createTable("runs")
        .addColumn("id", "text", (c) => c.primaryKey())
        .addColumn("folder", "text", (c) => c.notNull())
        .addColumn("machine", "text", (c) => c.notNull())
        .addColumn("command", "text", (c) => c.notNull())
        .addColumn("status", "text", (c) => c.notNull())
        .addColumn("created", "double precision", (c) => c.notNull())
        .addColumn("updated", "double precision", (c) => c.notNull())
        .addColumn("step", "double precision", (c) => c.notNull())
        .addColumn("bytes", "double precision", (c) => c.notNull())
        .addColumn("tail", "text", (c) => c.notNull())
        .addColumn("stamp", "text", (c) => c.notNull())
        .addColumn("record", "text", (c) => c.notNull())
        .addColumn("results", "text")
        .execute();
      await db.schema.createIndex("runs_folder").on("runs").columns(["folder", "machine"]).execute();
      await db.schema
        .createTable("facts")
        .addColumn("run", "text", (c) => c.notNull().references("runs.id").onDelete("cascade"))
        .addColumn("key", "text", (c) => c.notNull())
        .addColumn("number", "double precision")
        .addColumn("text", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("facts_primary", ["run", "key"])
        .execute();
      await db.schema.createIndex("facts_key").on("facts").columns(["key", "number"]).execute();
      await db.schema
        .createTable("metrics")
        .addColumn("run", "text", (c) => c.notNull().references("runs.id").onDelete("cascade"))
        .addColumn("start", "double precision", (c) => c.notNull())
        .addColumn("lines", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("metrics_primary", ["run", "start"])
        .execute();
    },
  },
};

/** The index beside the run folders. */
export const indexFile = (root: string): string => join(root, "index.sqlite");

/** Forgets the index of a folder; the next question makes it again. */
export function dropIndex(root: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(indexFile(root) + suffix, { force: true });
}

/** Does an error say that the file of an index is damaged? One that is too short is an error of reading; a disk that fails does so again. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Error && /not a database|malformed|disk I\/O error/i.test(error.message);

/** The index beside the run folders; one that is damaged is made again. @throws UserError  as `openStore` does */
export async function openIndex(root: string): Promise<Store> {
  return openStore(indexFile(root)).catch((error: unknown) => {
    if (!isDamage(error)) throw error;
    dropIndex(root);
    return openStore(indexFile(root));
  });
}

/**
 * Opens a store and brings its tables up to date.
 * @param place  postgres://user@host/database, or the path of an SQLite file
 * @throws UserError  if it cannot be reached, or is no store of ours
 */
export async function openStore(place: string): Promise<Store> {
  const shown = place.replace(/\/\/[^@/]*@/, "//"); // without a password
  const store = new Kysely<Tables>({ dialect: await dialectOf(place, shown) });
  try {
    await migrate(store);
    return store;
  } catch (error) {
    await store.destroy().catch(() => undefined);
    throw new UserError(`the index of runs at ${shown} cannot be used (${reason(error)})`, hintFor(place));
  }
}

/** Others may do the same at this moment; SQLite has no lock for it, so whoever comes second looks again a little later. */
async function migrate(store: Store): Promise<void> {
  for (let attempt = 0; !(await upToDate(store)); attempt++) {
    const migrator = new Migrator({ db: store, provider: { getMigrations: async () => migrations } });
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (attempt === 20 || !/already exists|locked|busy/i.test((error as Error).message)) throw error;
    await setTimeout(50);
  }
}

/** The last migration alone decides: one query, where the migrator needs ten. */
async function upToDate(store: Store): Promise<boolean> {
  const last = Object.keys(migrations).sort().at(-1);
  const { rows } = await sql<{ name: string }>`select name from kysely_migration where name = ${last}`
    .execute(store)
    .catch((error: Error) => {
      if (/kysely_migration/.test(error.message)) return { rows: [] };
      throw error;
    });
  return rows.length > 0;
}

/** Some errors of sockets have no message, only a code. */
const reason = (error: unknown): string => {
  const { message, code } = error as NodeJS.ErrnoException;
  return (message || code || String(error)).split("\n", 1)[0];
};

const hintFor = (place: string): string =>
  isPostgres(place)
    ? "is PUSHFORWARD_STORE right, and does the server run?"
    : "if the file is damaged, remove it: it is made again from the run folders";

const isPostgres = (place: string): boolean => /^postgres(ql)?:\/\//.test(place);

async function dialectOf(place: string, shown: string): Promise<Dialect> {
  if (isPostgres(place)) {
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({ connectionString: place, max: 4, connectionTimeoutMillis: 10_000, allowExitOnIdle: true });
    pool.on("error", () => undefined); // a lost idle connection is replaced when the next query needs one
    return new PostgresDialect({ pool });
  }
  if (/^\w+:\/\//.test(place))
    throw new UserError(`PUSHFORWARD_STORE: "${shown}" is not a store`, "give postgres://… or the path of an SQLite file");
  const { default: Database } = await import("libsql");
  try {
    const fresh = !existsSync(place);
    const database = new Database(place);
    database.exec("PRAGMA busy_timeout = 10000");
    if (fresh) database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = NORMAL");
    database.exec("PRAGMA foreign_keys = ON");
    return new SqliteDialect({ database });
  } catch (error) {
    const known = diskError(place, error);
    if (known instanceof UserError) throw known;
    throw new UserError(`the index of runs at ${place} cannot be used (${reason(error)})`, hintFor(place));
  }
}
