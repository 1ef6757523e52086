/**
 * A run is a folder: config.json, metrics.jsonl (append-only), checkpoint/ (replaced as a whole), artifacts/, and results.json once it is
 * done. A run that is killed at any moment goes on from its last checkpoint as if nothing had happened.
 */
import { existsSync } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type Checkpoint, keepMetrics, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { diskError, inside, makeFolder, temporarySuffix, writeAside } from "./files.ts";
import { currentInvocation } from "./invocation.ts";
import { type Lock, lock } from "./lock.ts";
import { openLoggers } from "./log/logger.ts";
import {
  type Config,
  checkUnchanged,
  firstDifference,
  inspect,
  type Metrics,
  newRecord,
  type RunRecord,
  withChanges,
  writeRecord,
} from "./record.ts";

export type { Checkpoint, Config, Metrics };

export interface Run {
  readonly folder: string;
  readonly record: RunRecord;
  /** Where to go on, or undefined for a run that begins. */
  readonly checkpoint: Checkpoint | undefined;
  /** The metrics up to the checkpoint. */
  readonly metrics: readonly Metrics[];
  /** Appends one row. */
  log(row: Metrics): Promise<void>;
  /** Replaces the checkpoint, all or nothing. */
  save(checkpoint: Checkpoint): Promise<void>;
  /** Writes a file such as "report.html" or "artifacts/loss.svg", all or nothing; returns its path. */
  write(name: string, content: Uint8Array | string): Promise<string>;
  /** The path of artifacts/name, for writers of their own. */
  artifact(name: string): string;
  /** Marks the run as done. */
  complete(results: unknown): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a folder for a run. An empty or new folder begins it; the folder of the same, unfinished run goes on at its checkpoint; a finished
 * one, or any with `overwrite`, begins again.
 *
 * @throws UserError  if the folder holds something else or a run of another configuration (unless `overwrite`), if another process works
 * on it, or if code, input files, checkpoint or metrics are not those that the run began with
 */
export const openRun = async (folder: string, config: Config, options: ClaimOptions = {}): Promise<Run> =>
  (await claimRun(folder, config, options)).begin();

interface ClaimOptions {
  readonly overwrite?: boolean;
  /** Work in the folder decides more of the configuration, which `begin` is given. */
  readonly open?: boolean;
}

/** A folder that is held for a run, before it begins. */
export interface Claim {
  readonly folder: string;
  readonly record: RunRecord;
  /**
   * @param decided  the whole configuration, where it was open
   * @throws UserError  if checkpoint and metrics are not those that the run began with, or stand on something else than was decided now
   */
  begin(decided?: Config): Promise<Run>;
  /** Leaves it, for another time. */
  release(): void;
}

/** Holds a folder as `openRun` does, for work that comes before the first step of the run. */
export async function claimRun(folder: string, config: Config, { overwrite = false, open = false }: ClaimOptions = {}): Promise<Claim> {
  await makeFolder(folder);
  await examine(folder, config, overwrite); // before a lock is left in a folder that is not ours
  const held = lock(folder);
  const guarded = async <T>(job: () => Promise<T>): Promise<T> => {
    try {
      return await job();
    } catch (error) {
      held.release();
      throw diskError(folder, error);
    }
  };
  const record = await guarded(async () => {
    const here = await newRecord(config, open);
    const found = await examine(folder, config, overwrite); // again: another process may just have left it
    const goOn = found !== undefined && !overwrite && !existsSync(join(folder, "results.json"));
    if (goOn) await sweepUp(folder);
    return goOn ? goingOn(folder, found, here) : begin(folder, here);
  });
  return {
    folder,
    record,
    begin: (decided) => guarded(async () => start(folder, decided ? await withDecision(folder, record, decided) : record, held)),
    release: () => held.release(),
  };
}

/** The record of a run of which the configuration has been decided, in this session or an earlier one, which must agree. */
async function withDecision(folder: string, record: RunRecord, decided: Config): Promise<RunRecord> {
  const { asked = {} } = record;
  const config: RunRecord["config"] = JSON.parse(JSON.stringify(decided));
  const changed = firstDifference(record.config, asked) && firstDifference(record.config, config);
  if (changed !== undefined)
    throw new UserError(
      `${folder}: config.json does not hold what is chosen here (${changed})`,
      "undo the change, or begin again with --overwrite",
    );
  const saved = await readCheckpoint(folder);
  // a fork brings the checkpoint of another run, on which it stands from here on
  if (saved && firstDifference(saved.config, asked) === undefined) await writeCheckpoint(folder, saved.checkpoint, saved.mark, config);
  const settled = { ...record, config };
  if (firstDifference(record.config, config) !== undefined) await writeRecord(folder, settled);
  return settled;
}

/**
 * Opens the first of the folders base, base-2, base-3, … that is free, or holds a run of the same configuration.
 *
 * @returns  the run, and why it is not in the first of them
 */
export async function openFreeRun(base: string, config: Config, options: ClaimOptions = {}): Promise<{ run: Run; note?: string }> {
  const { claim, ...rest } = await claimFreeRun(base, config, options);
  return { run: await claim.begin(), ...rest };
}

/** Holds such a folder. */
export async function claimFreeRun(base: string, config: Config, options: ClaimOptions = {}): Promise<{ claim: Claim; note?: string }> {
  if (options.overwrite) return { claim: await claimRun(base, config, options) };
  let why: string | undefined;
  for (let k = 1; k < 1000; k++) {
    const folder = k === 1 ? base : `${base}-${k}`;
    const found = existsSync(folder) ? await inspect(folder) : "empty";
    const changed = typeof found === "string" ? undefined : firstDifference(askedOf(found), JSON.parse(JSON.stringify(config)));
    if (found !== "foreign" && changed === undefined)
      return { claim: await claimRun(folder, config, options), note: why && `${why}: this run is in ${folder}` };
    why ??= `${folder} ${found === "foreign" ? "holds no run" : `holds a run with another configuration (${changed})`}`;
  }
  throw new UserError(`${base} and 999 folders beside it hold other runs`, "choose another folder with --out");
}

/**
 * Could a run with these settings be in the folder? For a look before work that decides the others: only those that are given are compared,
 * and nothing is written.
 *
 * @throws UserError  as `openRun` would, for a folder that holds something else or a run that differs in one of them
 */
export async function checkFolder(folder: string, decided: Config, { overwrite = false } = {}): Promise<void> {
  if (existsSync(folder)) await examine(folder, decided, overwrite, (key) => key in decided);
}

/** The record of the run in the folder, or undefined if there is none yet. */
async function examine(
  folder: string,
  config: Config,
  overwrite: boolean,
  counts: (key: string) => boolean = () => true,
): Promise<RunRecord | undefined> {
  const found = await inspect(folder).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  if (found === "foreign") throw new UserError(`${folder} is not empty and holds no run`, "choose another folder with --out");
  if (found === "empty") return undefined;
  const there = Object.fromEntries(Object.entries(askedOf(found)).filter(([key]) => counts(key)));
  const changed = overwrite ? undefined : firstDifference(there, JSON.parse(JSON.stringify(config)));
  if (changed !== undefined)
    throw new UserError(
      `${folder} holds a run with another configuration (${changed})`,
      "choose another folder with --out, or use --overwrite",
    );
  return found;
}

/** The configuration that was asked for. */
const askedOf = ({ asked, config }: RunRecord): RunRecord["config"] => asked ?? config;

/** The record of a run that goes on: as it was, or with the changes that were accepted written down in it. */
async function goingOn(folder: string, found: RunRecord, here: RunRecord): Promise<RunRecord> {
  if (!currentInvocation()?.acceptChanges) {
    checkUnchanged(folder, found, here);
    return found;
  }
  const record = withChanges(found, here);
  if (record !== found) await writeRecord(folder, record);
  return record;
}

/** Removes what an earlier run has written, and nothing else; config.json is replaced first, so that a half-cleared folder is a new run. */
async function begin(folder: string, here: RunRecord): Promise<RunRecord> {
  const origin = currentInvocation()?.forkOf;
  if (origin !== undefined) {
    const record = await (await import("./fork.ts")).takeOver(folder, origin, here);
    await writeRecord(folder, record); // last: a folder with half of it is none
    return record;
  }
  await rm(join(folder, "results.json"), { force: true });
  await rm(join(folder, "checkpoint"), { recursive: true, force: true });
  await writeRecord(folder, here);
  for (const name of ["metrics.jsonl", "seconds.json", "artifacts", "report.html", "parts", "tensorboard", "mlflow.json"])
    await rm(join(folder, name), { recursive: true, force: true });
  return here;
}

/** Files that a killed process was still writing. */
async function sweepUp(folder: string): Promise<void> {
  for (const place of ["", "checkpoint", "artifacts"].map((name) => join(folder, name))) {
    const names = await readdir(place).catch(() => []);
    for (const name of names) if (name.endsWith(temporarySuffix)) await rm(join(place, name), { force: true });
  }
}

async function start(folder: string, record: RunRecord, held: Lock): Promise<Run> {
  const path = join(folder, "metrics.jsonl");
  const saved = await readCheckpoint(folder);
  const edited = saved && firstDifference(saved.config, record.config);
  if (edited !== undefined)
    throw new UserError(
      `${folder}: config.json was edited since the checkpoint was taken (${edited})`,
      "undo the change; `pushforward runs fork` with --set makes a run of its own from this one with it",
    );
  const kept = await keepMetrics(path, saved?.mark);
  const { hash } = kept;
  let { bytes } = kept;
  let count = kept.rows.length;
  await mkdir(join(folder, "artifacts"), { recursive: true });
  const names = currentInvocation()?.loggers ?? [];
  const loggers = await openLoggers(names, { folder, record, metrics: kept.rows });
  const file = await open(path, "a");
  let done = false;
  const guarded = async <T>(job: () => Promise<T>): Promise<T> => {
    try {
      return await job();
    } catch (error) {
      throw diskError(path, error);
    }
  };
  return {
    folder,
    record,
    metrics: kept.rows,
    checkpoint: saved?.checkpoint,
    artifact: (name) => inside(join(folder, "artifacts"), name),
    log: (row) =>
      guarded(async () => {
        const line = Buffer.from(`${JSON.stringify(row)}\n`);
        hash.update(line);
        bytes += line.length;
        await file.appendFile(line);
        count++;
        loggers.row(row);
      }),
    save: (checkpoint) =>
      guarded(async () => {
        const mark = { bytes, sha256: hash.copy().digest("hex") };
        const rows = count;
        await file.sync(); // the rows must be there before a checkpoint that counts on them
        await writeCheckpoint(folder, checkpoint, mark, record.config);
        void loggers.saved(rows);
      }),
    async write(name, content) {
      const target = inside(folder, name);
      await writeAside(target, content);
      return join(folder, name);
    },
    complete: async (results) => {
      await file.sync();
      await writeAside(join(folder, "results.json"), `${JSON.stringify(results, undefined, 2)}\n`);
      done = true;
    },
    async close() {
      await loggers.ended(done);
      await file.close();
      held.release();
    },
  };
}
