/** checkpoint/state.safetensors: the state of a run after a step, and how much of metrics.jsonl belongs to it. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { NdArray } from "../array/ndarray.ts";
import { readSafetensors, writeSafetensors } from "../array/safetensors.ts";
import { FileFormatError, UserError } from "../errors.ts";
import { writeAside } from "./files.ts";

export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  readonly tensors: Record<string, NdArray>;
  /** What else is needed to go on exactly (states of random streams, …): plain JSON. */
  readonly state: unknown;
}

/** The rows of metrics that a checkpoint stands behind: their length in bytes and their SHA-256. */
export interface MetricsMark {
  readonly bytes: number;
  readonly sha256: string;
}

/** A hash that goes on: Node's, in words of ours, for public types need none of Node's. */
interface RunningHash {
  update(bytes: Uint8Array): unknown;
  copy(): RunningHash;
  digest(encoding: "hex"): string;
}

/** The metrics up to the checkpoint, and their running hash. */
export interface KeptMetrics {
  readonly rows: Readonly<Record<string, number>>[];
  readonly bytes: number;
  readonly hash: RunningHash;
}

const pathOf = (folder: string) => join(folder, "checkpoint", "state.safetensors");

/** @param config  the configuration that the run has: a checkpoint of one is none of another */
export async function writeCheckpoint(
  folder: string,
  { step, tensors, state }: Checkpoint,
  mark: MetricsMark,
  config: object,
): Promise<void> {
  // not "recursive": a run whose folder was removed is not begun again from its middle
  await mkdir(join(folder, "checkpoint")).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const metadata = {
    step: String(step),
    metricsBytes: String(mark.bytes),
    metricsSha256: mark.sha256,
    state: JSON.stringify(state),
    config: JSON.stringify(config),
  };
  await writeAside(pathOf(folder), writeSafetensors(tensors, { ...metadata, crc32: checksum(tensors, metadata) }));
}

/** A checkpoint with what it belongs to. */
export interface Saved {
  readonly checkpoint: Checkpoint;
  readonly mark: MetricsMark;
  /** The configuration that it was taken with. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** @throws UserError  if a byte of it is not what was written */
export async function readCheckpoint(folder: string): Promise<Saved | undefined> {
  const path = pathOf(folder);
  if (!existsSync(path)) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(await readFile(path));
    const { crc32: expected, ...rest } = metadata;
    if (checksum(tensors, rest) !== expected) throw new FileFormatError("its checksum differs");
    const [step, bytes] = [Number(rest.step), Number(rest.metricsBytes)];
    if (!Number.isSafeInteger(step) || !Number.isSafeInteger(bytes)) throw new FileFormatError("no step in the metadata");
    return {
      checkpoint: { step, tensors, state: JSON.parse(rest.state) },
      mark: { bytes, sha256: rest.metricsSha256 },
      config: JSON.parse(rest.config),
    };
  } catch (error) {
    throw new UserError(
      `${path}: the checkpoint is damaged (${(error as Error).message})`,
      "restore it from a copy, remove the folder, or begin again with --overwrite",
    );
  }
}

/** Against damage, not malice: over all bytes of the data, the names, shapes and metadata. */
function checksum(tensors: Record<string, NdArray>, metadata: Record<string, string>): string {
  let sum = crc32(JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))));
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, data } = tensors[name];
    sum = crc32(JSON.stringify([name, dtype, shape]), sum);
    sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
  }
  return sum.toString(16);
}

/**
 * The rows of metrics.jsonl that a checkpoint stands behind; the file is cut there, for later rows will be written again.
 * @throws UserError  if the file is shorter, or differs
 */
export async function keepMetrics(path: string, mark: MetricsMark | undefined): Promise<KeptMetrics> {
  const hash = createHash("sha256");
  const file = await open(path, "a+");
  try {
    const { bytes, sha256 } = mark ?? { bytes: 0, sha256: hash.copy().digest("hex") };
    const kept = Buffer.alloc(bytes);
    const { bytesRead } = bytes === 0 ? { bytesRead: 0 } : await file.read(kept, 0, bytes, 0);
    hash.update(kept);
    if (bytesRead !== bytes || hash.copy().digest("hex") !== sha256)
      throw new UserError(
        `${path}: the metrics are not those that the checkpoint was taken with`,
        "restore both from a copy, or begin again with --overwrite",
      );
    await file.truncate(bytes);
    await file.sync();
    const rows = kept
      .toString("utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return { rows, bytes, hash };
  } finally {
    await file.close();
  }
}
