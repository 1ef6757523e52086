/** config.json: what a run is. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { temporarySuffix, writeAside } from "./files.ts";
import { codeVersion, currentInvocation, type InputFile, inputFiles, lasting } from "./invocation.ts";
import { lockFiles } from "./lock.ts";

/** Everything that decides the result of a run, defaults written out: plain JSON. */
export type Config = Readonly<Record<string, unknown>>;

/** A row of metrics.jsonl. */
export type Metrics = Readonly<Record<string, number>>;

const format = 2;

const recordSchema = z.object({
  format: z.literal(format),
  /** Names this beginning of the run: a folder that begins again gets another. */
  id: z.string().regex(/^[\w-]{1,64}$/),
  /** Milliseconds since 1970. */
  created: z.number(),
  code: z.string(),
  /** The command that `pushforward resume` repeats; null for a run begun by a program of the user's. */
  invocation: z
    .object({
      command: z.array(z.string()),
      arguments: z.array(z.string()),
      options: z.record(z.string(), z.unknown()),
      onByDefault: z.array(z.string()).optional(),
      cwd: z.string(),
      loggers: z.array(z.string()),
      stopAt: z.number().optional(),
    })
    .nullable(),
  inputs: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
  config: z.record(z.string(), z.unknown()),
  /** What was asked for, where the run has decided more of its configuration by work of its own. */
  asked: z.record(z.string(), z.unknown()).optional(),
  /** The run from whose state this one went on, with settings of its own; step 0: it began anew. */
  fork: z.object({ id: z.string(), folder: z.string(), code: z.string(), step: z.number(), changed: z.array(z.string()) }).optional(),
  /** Code and input files that changed under the run, each time that it was told to go on all the same: what they were before. */
  changes: z
    .array(
      z.object({
        accepted: z.number(),
        code: z.object({ before: z.string(), after: z.string() }).optional(),
        inputs: z.array(z.object({ path: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
      }),
    )
    .optional(),
});

export type RunRecord = z.infer<typeof recordSchema>;

/** The record of a run that begins now. @param open  whether work of its own decides more of the configuration */
export async function newRecord(config: Config, open = false): Promise<RunRecord> {
  const invocation = currentInvocation();
  const written: RunRecord["config"] = JSON.parse(JSON.stringify(config));
  return {
    format,
    id: randomUUID(),
    created: Date.now(),
    code: codeVersion(),
    invocation: invocation ? (lasting(invocation) as RunRecord["invocation"]) : null,
    inputs: invocation ? await inputFiles(invocation) : [],
    config: written,
    ...(open && { asked: written }),
  };
}

export const writeRecord = (folder: string, record: RunRecord): Promise<void> =>
  writeAside(join(folder, "config.json"), `${JSON.stringify(record, undefined, 2)}\n`);

/**
 * The record of the run in a folder, or what the folder is instead.
 * @throws UserError  if it is the record of another version of the product, or damaged
 */
export async function inspect(folder: string): Promise<RunRecord | "empty" | "foreign"> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith(temporarySuffix) && !lockFiles.includes(name));
  if (names.length === 0) return "empty";
  const path = join(folder, "config.json");
  if (!existsSync(path)) return "foreign";
  let found: unknown;
  try {
    found = JSON.parse(await readFile(path, "utf8"));
  } catch {
    return "foreign";
  }
  const { format: theirs } = (found ?? {}) as { format?: unknown };
  if (typeof theirs !== "number") return "foreign";
  if (theirs !== format)
    throw new UserError(
      `${folder} holds a run of format ${theirs}; this version writes format ${format}`,
      "choose another folder with --out",
    );
  const parsed = recordSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new UserError(
    `${path} is damaged (${parsed.error.issues[0].path.join(".")}: ${parsed.error.issues[0].message})`,
    "remove the folder",
  );
}

/**
 * The record of the run in a folder.
 * @throws UserError  if the folder holds none
 */
export async function readRecord(folder: string): Promise<RunRecord> {
  const found = existsSync(folder) ? await inspect(folder).catch(rethrow(folder)) : "missing";
  if (typeof found === "string")
    throw new UserError(`${folder} ${found === "missing" ? "does not exist" : "holds no run"}`, "`pushforward runs list` shows the runs");
  return found;
}

const rethrow = (folder: string) => (error: NodeJS.ErrnoException) => {
  throw error.code === "ENOTDIR" ? new UserError(`${folder} is a file, not the folder of a run`) : error;
};

/** The entries in which two configurations differ, as "seed: 1 there, 2 here". */
export function differences(there: Config, here: Config): string[] {
  const show = (v: unknown) => (v === undefined ? "nothing" : JSON.stringify(v).slice(0, 60));
  return [...new Set([...Object.keys(there), ...Object.keys(here)])]
    .filter((key) => JSON.stringify(there[key]) !== JSON.stringify(here[key]))
    .map((key) => `${key}: ${show(there[key])} there, ${show(here[key])} here`);
}

/** The first of them. */
export const firstDifference = (there: Config, here: Config): string | undefined => differences(there, here)[0];

/** The record of a run that goes on with other code or files than it began with, which are written down with those before. */
export function withChanges(there: RunRecord, here: RunRecord): RunRecord {
  const sha = (files: readonly InputFile[], path: string) => files.find((f) => f.path === path)?.sha256 ?? null;
  const paths = there.invocation && here.invocation ? [...new Set([...there.inputs, ...here.inputs].map((f) => f.path))] : [];
  const inputs = paths
    .map((path) => ({ path, before: sha(there.inputs, path), after: sha(here.inputs, path) }))
    .filter(({ before, after }) => before !== after);
  if (inputs.length === 0 && there.code === here.code) return there;
  const code = there.code === here.code ? undefined : { before: there.code, after: here.code };
  const change = { accepted: Date.now(), ...(code && { code }), inputs };
  return { ...there, code: here.code, inputs: here.inputs, changes: [...(there.changes ?? []), change] };
}

/** What a run stands on besides its own beginning, in words: the run that it was forked from, and what changed under it. */
export const changeLines = ({ changes = [], fork }: Pick<RunRecord, "changes" | "fork">): string[] => [
  ...(fork
    ? [
        `${fork.step > 0 ? `went on from step ${fork.step} of` : "began anew beside"} ${fork.folder} (${fork.id.slice(0, 8)}, code ${fork.code}) with other settings: ` +
          `${fork.changed.join("; ") || "none"}`,
      ]
    : []),
  ...changes.flatMap(({ accepted, code, inputs }) => {
    const when = `on ${new Date(accepted).toISOString().slice(0, 16).replace("T", " ")} UTC it went on`;
    const short = (sha: string | null): string => (sha === null ? "no file" : `sha256 ${sha.slice(0, 16)}…`);
    return [
      ...(code ? [`${when} with code ${code.after} instead of ${code.before}`] : []),
      ...inputs.map(({ path, before, after }) => `${when} with another ${path}: ${short(after)} instead of ${short(before)}`),
    ];
  }),
];

/**
 * A run may go on only where it would have: with the same code and the same input files.
 * @throws UserError  naming what has changed
 */
export function checkUnchanged(folder: string, there: RunRecord, here: RunRecord): void {
  const hint = "begin again with --overwrite; or let it go on, no longer to the same bits, with `pushforward resume --accept-changes`";
  const sha = (files: readonly InputFile[], path: string) => files.find((f) => f.path === path)?.sha256;
  for (const path of new Set([...there.inputs, ...here.inputs].map((f) => f.path)))
    if (sha(there.inputs, path) !== sha(here.inputs, path) && there.invocation && here.invocation)
      throw new UserError(`${folder}: the input ${path} has changed since the run began`, hint);
  if (there.code !== here.code)
    throw new UserError(`${folder}: the run was begun by version ${there.code} of the code, this is ${here.code}`, hint);
}
