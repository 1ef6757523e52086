/** `pushforward runs list` and `index`. */
import type { Outcome } from "../../lab/command.ts";
import { dropIndex } from "../../lab/store/database.ts";
import { listRuns } from "../../lab/store/query.ts";
import { sharedStore } from "../../lab/store/shared.ts";
import { nameOf } from "../../lab/store/sync.ts";
import { ago, textTable } from "../../lab/text-table.ts";
import { formatNumber } from "../../numbers.ts";
import type { ListOptions, ShowOptions } from "../runs.ts";
import { listed, selection, withStore } from "./store.ts";

export async function list(options: ListOptions): Promise<Outcome> {
  const { root } = options;
  const columns = listed(options.columns);
  const runs = await withStore(root, (store) => listRuns(store, { ...selection(options), columns }));
  const results = runs.map((run) => ({
    name: nameOf(run.folder, root),
    ...run,
    created: new Date(run.created),
    updated: new Date(run.updated),
  }));
  if (runs.length === 0) return { results, text: [`no runs${options.where === undefined ? ` below ${root}` : ` with ${options.where}`}`] };
  const cell = (value: number | string | undefined) => (typeof value === "number" ? formatNumber(value) : (value ?? "–"));
  const rows = runs.map((run) => [
    nameOf(run.folder, root),
    run.command,
    run.status,
    run.step,
    ...columns.map((name) => cell(run.facts[name])),
    ago(Date.now() - run.created),
  ]);
  return { results, text: textTable(["run", "command", "status", "step", ...columns, "begun"], rows) };
}

export async function rebuild({ root }: ShowOptions): Promise<Outcome> {
  if (sharedStore() === undefined) dropIndex(root);
  const count = await withStore(root, async (store) => (await listRuns(store)).length);
  return { results: { runs: count }, text: [`${count} runs in the index`] };
}
