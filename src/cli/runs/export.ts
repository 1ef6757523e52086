/** `pushforward runs export`: a tidy table, a row for each row of metrics, with the run and its configuration beside it. */
import { table } from "../../data/table.ts";
import { writeCsv, writeParquet } from "../../data/write.ts";
import { UserError } from "../../errors.ts";
import type { Outcome } from "../../lab/command.ts";
import { writeAside } from "../../lab/files.ts";
import type { RunRecord } from "../../lab/record.ts";
import { metricsOf } from "../../lab/store/query.ts";
import { nameOf } from "../../lab/store/sync.ts";
import type { ExportOptions } from "../runs.ts";
import { chosen, withStore } from "./store.ts";

export async function exportRuns(names: readonly string[], options: ExportOptions): Promise<Outcome> {
  const { out, root } = options;
  const kind = /\.(csv|parquet|jsonl)$/.exec(out)?.[1];
  if (kind === undefined) throw new UserError(`--out: "${out}" is not a table`, "end it in .csv, .parquet or .jsonl");
  const rows = await withStore(root, async (store) => {
    const runs = await chosen(store, names, options);
    const metrics = await metricsOf(
      store,
      runs.map((run) => run.id),
    );
    return runs.flatMap((run) => {
      const { config } = JSON.parse(run.record) as RunRecord;
      const plain = Object.fromEntries(
        Object.entries(config).map(([key, v]) => [`config.${key}`, typeof v === "object" ? JSON.stringify(v) : v]),
      );
      const first = { run: nameOf(run.folder, root), id: run.id, status: run.status, ...plain };
      return metrics.get(run.id)!.map((row) => ({ ...first, ...row }) as Record<string, unknown>);
    });
  });
  if (kind === "jsonl") await writeAside(out, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  else await (kind === "csv" ? writeCsv : writeParquet)(out, table("metrics", columnsOf(rows)));
  return { results: { file: out, rows: rows.length }, text: [`${rows.length} rows in ${out}`] };
}

/** Numbers where all values are numbers or missing, else text. */
function columnsOf(rows: readonly Record<string, unknown>[]) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name) => {
    const numeric = rows.every((row) => row[name] === undefined || typeof row[name] === "number");
    if (numeric) return { name, values: Float64Array.from(rows, (row) => (row[name] as number | undefined) ?? Number.NaN) };
    return { name, values: rows.map((row) => (row[name] === undefined ? "" : String(row[name]))) };
  });
}
