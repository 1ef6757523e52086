/** `pushforward runs rm`: the folders of runs, and what the index knows of them. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { UserError } from "../../errors.ts";
import type { Outcome } from "../../lab/command.ts";
import { diskError } from "../../lab/files.ts";
import { lock } from "../../lab/lock.ts";
import { readRecord } from "../../lab/record.ts";
import type { Found } from "../../lab/store/query.ts";
import { forget } from "../../lab/store/sync.ts";
import type { RemoveOptions } from "../runs.ts";
import { chosen, withStore } from "./store.ts";

export async function remove(names: readonly string[], { root, yes }: RemoveOptions): Promise<Outcome> {
  return withStore(root, async (store) => {
    const runs = await chosen(store, names, {});
    if (!yes) await ask(runs);
    for (const run of runs) {
      if (existsSync(run.folder)) await removeFolder(run);
      await forget(store, run.id);
    }
    const removed = runs.map((run) => run.folder);
    return { results: { removed }, text: removed.map((folder) => `removed ${folder}`) };
  });
}

async function ask(runs: readonly Found[]): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError(`this would remove ${runs.map((r) => r.folder).join(", ")}`, "say --yes");
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(`remove ${runs.map((r) => r.folder).join(", ")}? [y/N] `);
  asked.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new UserError("nothing was removed");
}

/** Only a folder that holds this very run, on which nothing works, is removed. */
async function removeFolder(run: Found): Promise<void> {
  const record = await readRecord(run.folder);
  if (record.id !== run.id) throw new UserError(`${run.folder} holds another run by now`, "list the runs again");
  const held = lock(run.folder);
  try {
    await rm(run.folder, { recursive: true });
  } catch (error) {
    throw diskError(run.folder, error);
  } finally {
    held.release();
  }
}
