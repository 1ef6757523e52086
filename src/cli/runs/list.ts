/** `pushforward runs list` and `index`. */
import type { z } from "zod";
import { sharedStore } from "../../lab/store/database.ts";
import { listRuns } from "../../lab/store/query.ts";
import { nameOf } from "../../lab/store/sync.ts";
import { formatNumber } from "../../numbers.ts";
import type { indexSchema, listSchema } from "../runs.ts";
import { ago, textTable } from "../table.ts";
import { dropIndex, listed, selection, withStore } from "./store.ts";

export async function list(options: z.infer<typeof listSchema>): Promise<void> {
  const { root, json } = options;
  const columns = listed(options.columns);
  const runs = await withStore(root, (store) => listRuns(store, { ...selection(options), columns }));
  if (json) {
    const shown = runs.map((run) => ({
      name: nameOf(run.folder, root),
      ...run,
      created: new Date(run.created),
      updated: new Date(run.updated),
    }));
    process.stdout.write(`${JSON.stringify(shown)}\n`);
    return;
  }
  if (runs.length === 0) {
    process.stdout.write(`no runs${options.where === undefined ? ` below ${root}` : ` with ${options.where}`}\n`);
    return;
  }
  const cell = (value: number | string | undefined) => (typeof value === "number" ? formatNumber(value) : (value ?? "–"));
  const now = Date.now();
  const rows = runs.map((run) => [
    nameOf(run.folder, root),
    run.command,
    run.status,
    run.step,
    ...columns.map((name) => cell(run.facts[name])),
    ago(now - run.created),
  ]);
  process.stdout.write(`${textTable(["run", "command", "status", "step", ...columns, "begun"], rows).join("\n")}\n`);
}

export async function rebuild({ root, json }: z.infer<typeof indexSchema>): Promise<void> {
  if (sharedStore() === undefined) dropIndex(root);
  const count = await withStore(root, async (store) => (await listRuns(store)).length);
  process.stdout.write(json ? `${JSON.stringify({ runs: count })}\n` : `${count} runs in the index\n`);
}
