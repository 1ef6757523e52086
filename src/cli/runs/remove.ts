/** `pushforward runs rm`: the folders of runs, and what the index knows of them. */
import { existsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { UserError } from "../../errors.ts";
import type { Outcome } from "../../lab/command.ts";
import { removeFolder } from "../../lab/remove.ts";
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
