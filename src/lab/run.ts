/**
 * A run is a folder: config.json, metrics.jsonl (append-only), checkpoint/ (replaced as a whole), artifacts/, and results.json once it is
 * done. A run that is killed at any moment goes on from its last checkpoint as if nothing had happened.
 */
import { existsSync, type PathLike } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../data/errors.ts";
import { FileFormatError } from "../tensor/errors.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import { readSafetensors, writeSafetensors } from "../tensor/safetensors.ts";

/** Everything that decides the result of a run, defaults written out: plain JSON. */
export type Config = Readonly<Record<string, unknown>>;
export type Metrics = Readonly<Record<string, number>>;

export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  readonly tensors: Record<string, NdArray>;
  /** What else is needed to go on exactly (states of random streams, …): plain JSON. */
  readonly state: unknown;
}

export interface Run {
  readonly folder: string;
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

const format = 1;

/**
 * Opens a folder for a run. An empty or new folder begins it; the folder of the same, unfinished run goes on at its checkpoint; a finished
 * one, or any with `overwrite`, begins again.
 *
 * @throws UserError  if the folder holds something else or a run of another configuration (unless `overwrite`)
 */
export async function openRun(folder: string, config: Config, { overwrite = false } = {}): Promise<Run> {
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new UserError(`${folder}: the folder for the run cannot be made (${error.message})`);
  });
  const found = await inspect(folder);
  if (found === "foreign") throw new UserError(`${folder} is not empty and holds no run`, "choose another folder with --out");
  const wanted = JSON.parse(JSON.stringify(config)) as Config;
  const changed = found === "empty" ? undefined : firstDifference(found, wanted);
  if (changed !== undefined && !overwrite)
    throw new UserError(
      `${folder} holds a run with another configuration (${changed})`,
      "choose another folder with --out, or use --overwrite",
    );
  const goOn = found !== "empty" && changed === undefined && !overwrite && !existsSync(join(folder, "results.json"));
  if (found !== "empty" && !goOn) await clear(folder);
  const kept = goOn ? await readCheckpoint(folder) : undefined;
  if (!goOn) await writeAside(join(folder, "config.json"), `${JSON.stringify({ format, config: wanted }, undefined, 2)}\n`);
  return start(folder, kept);
}

async function start(folder: string, kept: (Checkpoint & { bytes: number }) | undefined): Promise<Run> {
  await mkdir(join(folder, "artifacts"), { recursive: true });
  const path = join(folder, "metrics.jsonl");
  const log = await open(path, "a");
  // rows written after the checkpoint will be written again
  await truncate(path, kept?.bytes ?? 0);
  const metrics = (await readFile(path, "utf8")).split("\n").filter(Boolean).map((line) => JSON.parse(line) as Metrics); // biome-ignore format: one line
  return {
    folder,
    metrics,
    checkpoint: kept && { step: kept.step, tensors: kept.tensors, state: kept.state },
    artifact: (name) => join(folder, "artifacts", name),
    async log(row) {
      await log.write(`${JSON.stringify(row)}\n`);
    },
    async save({ step, tensors, state }) {
      await log.sync();
      const { size } = await log.stat();
      await mkdir(join(folder, "checkpoint"), { recursive: true });
      const metadata = { step: String(step), metricsBytes: String(size), state: JSON.stringify(state) };
      await writeAside(checkpointPath(folder), writeSafetensors(tensors, metadata));
    },
    async write(name, content) {
      await writeAside(join(folder, name), content);
      return join(folder, name);
    },
    complete: (results) => writeAside(join(folder, "results.json"), `${JSON.stringify(results, undefined, 2)}\n`),
    close: () => log.close(),
  };
}

/** The configuration of the run in a folder, or what the folder is instead. */
async function inspect(folder: string): Promise<Config | "empty" | "foreign"> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith(".tmp"));
  if (names.length === 0) return "empty";
  try {
    const found = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    return found.format === format && typeof found.config === "object" && found.config !== null ? found.config : "foreign";
  } catch {
    return "foreign";
  }
}

/** Removes what a run has written, and nothing else. */
async function clear(folder: string): Promise<void> {
  for (const name of ["results.json", "metrics.jsonl", "checkpoint", "artifacts", "report.html"])
    await rm(join(folder, name), { recursive: true, force: true });
}

/** The first entry in which two configurations differ, as "seed: 1 there, 2 here". */
function firstDifference(there: Config, here: Config): string | undefined {
  const show = (v: unknown) => (v === undefined ? "nothing" : JSON.stringify(v).slice(0, 60));
  for (const key of new Set([...Object.keys(there), ...Object.keys(here)]))
    if (JSON.stringify(there[key]) !== JSON.stringify(here[key]))
      return `${key}: ${show(there[key])} there, ${show(here[key])} here`;
  return undefined;
}

const checkpointPath = (folder: string) => join(folder, "checkpoint", "state.safetensors");

async function readCheckpoint(folder: string): Promise<(Checkpoint & { bytes: number }) | undefined> {
  const path = checkpointPath(folder);
  if (!existsSync(path)) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(await readFile(path));
    const [step, bytes] = [Number(metadata.step), Number(metadata.metricsBytes)];
    if (!Number.isSafeInteger(step) || !Number.isSafeInteger(bytes)) throw new FileFormatError("no step in the metadata");
    return { step, bytes, tensors, state: JSON.parse(metadata.state) };
  } catch (error) {
    throw new UserError(
      `${path}: the checkpoint is damaged (${(error as Error).message})`,
      "remove the folder, or begin again with --overwrite",
    );
  }
}

/** Writes to a neighbour, forces it to the disk, renames it: after a crash there is the old file or the new one, never half of one. */
async function writeAside(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await sync(temporary, "w", content);
    await rename(temporary, path);
    await sync(dirname(path), "r");
  } finally {
    await rm(temporary, { force: true });
  }
}

async function sync(path: PathLike, flags: string, content?: Uint8Array | string): Promise<void> {
  const file = await open(path, flags);
  try {
    if (content !== undefined) await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
