/** A run that begins where another is, with other settings. */
import { existsSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { z } from "zod";
import { nearest, UserError } from "../errors.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { findCommand, type Outcome, type Registered } from "./command.ts";
import { camelKey } from "./config-file.ts";
import { optionInfos } from "./options.ts";
import { differences, type RunRecord, readRecord } from "./record.ts";

/** What is different ("learning-rate=0.001,steps=2000"), where the new run goes, and how it talks. */
export interface ForkOptions {
  readonly set?: string;
  readonly out?: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * Performs the command of a run again with some options changed, from the checkpoint of that run where it learns step by step, in a folder of its own.
 * The old run stays as it is.
 * @throws UserError  for options that the command does not have or take, and for settings under which the checkpoint has other shapes
 */
export async function forkRun(folder: string, { set, out, json, quiet }: ForkOptions, registry: readonly Registered[]): Promise<Outcome> {
  const { invocation } = await readRecord(folder);
  if (invocation === null) throw new UserError(`${folder} was begun by a program, not by a command`, "let that program begin another run");
  const command = await findCommand(invocation.command.join(" "), registry);
  const target = out === undefined ? freeName(`${folder}-fork`) : resolve(out);
  if (existsSync(join(target, "config.json"))) throw new UserError(`${target} holds a run`, "choose another folder with --out");
  const options = { ...invocation.options, ...settings(set, command.options), json, quiet, overwrite: false, out: target };
  // relative paths mean what they meant
  if (existsSync(invocation.cwd)) process.chdir(invocation.cwd);
  const begun = (await readCheckpoint(folder))?.checkpoint.step;
  try {
    return await command.perform(invocation.arguments, options, { loggers: invocation.loggers, forkOf: folder });
  } catch (error) {
    // settings that do not go with the checkpoint leave nothing worth keeping
    if (existsSync(target) && (await readCheckpoint(target))?.checkpoint.step === begun) await rm(target, { recursive: true });
    throw error;
  }
}

const freeName = (base: string, k = 1): string => {
  const name = k === 1 ? base : `${base}-${k}`;
  return existsSync(name) ? freeName(base, k + 1) : name;
};

/** "learning-rate=0.001,hold-out=1970,1990" by keys of the options; a value may have commas. */
function settings(text: string | undefined, schema: z.ZodObject): Record<string, unknown> {
  const infos = optionInfos(schema).filter(({ key }) => !["out", "json", "quiet", "overwrite"].includes(key));
  const pairs = text?.split(/,(?=\s*[\w-]+=)/).map((pair) => /^\s*([\w-]+)=(.*)$/s.exec(pair) ?? pair) ?? [];
  return Object.fromEntries(
    pairs.map((pair) => {
      if (typeof pair === "string") throw new UserError(`--set: "${pair}" is not key=value`, 'such as "steps=2000"');
      const [, name, value] = pair;
      const info = infos.find(({ key }) => key === camelKey(name));
      const guess =
        info ??
        nearest(
          camelKey(name),
          infos.map(({ key }) => key),
        );
      if (info === undefined)
        throw new UserError(`--set: unknown option ${name}`, typeof guess === "string" ? `did you mean ${guess}?` : undefined);
      return [info.key, info.type === "boolean" && /^(true|false)$/.test(value) ? value === "true" : value];
    }),
  );
}

/**
 * Puts the checkpoint of a run, and the rows of metrics behind it, into the folder of another, which may have other settings. What does not learn
 * step by step has parts of its own settings in its checkpoint: none of it is taken.
 * @returns  the record of the new run, which says where it comes from
 */
export async function takeOver(folder: string, from: string, here: RunRecord): Promise<RunRecord> {
  const there = await readRecord(from);
  const saved = await readCheckpoint(from);
  if (!saved || Object.keys(saved.checkpoint.tensors).length === 0)
    return { ...here, fork: originOf(there, from, 0, there.asked ?? there.config, here) };
  await copyFile(join(from, "metrics.jsonl"), join(folder, "metrics.jsonl"));
  await writeCheckpoint(folder, saved.checkpoint, saved.mark, here.config);
  return { ...here, fork: originOf(there, from, saved.checkpoint.step, there.asked ?? saved.config, here) };
}

const originOf = ({ id, code }: RunRecord, folder: string, step: number, config: RunRecord["config"], here: RunRecord) => ({
  ...{ id, folder, code, step },
  changed: differences(config, here.config),
});
