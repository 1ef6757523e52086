/** `pushforward runs show`: one run on a screen; `pushforward runs fork`: another that goes on from it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Outcome, Registered } from "../../lab/command.ts";
import { type ForkOptions, forkRun } from "../../lab/fork.ts";
import { metricNames } from "../../lab/interim.ts";
import { toFlags } from "../../lab/invocation.ts";
import { sparkline } from "../../lab/progress.ts";
import { changeLines, type RunRecord } from "../../lab/record.ts";
import { findRun, metricsOf } from "../../lab/store/query.ts";
import { textTable } from "../../lab/text-table.ts";
import { duration, formatNumber } from "../../numbers.ts";
import type { ShowOptions } from "../runs.ts";
import { withStore } from "./store.ts";

export async function show(name: string, { root }: ShowOptions): Promise<Outcome> {
  const { run, metrics } = await withStore(root, async (store) => {
    const run = await findRun(store, name);
    return { run, metrics: (await metricsOf(store, [run.id])).get(run.id)! };
  });
  const record = JSON.parse(run.record) as RunRecord;
  const results = run.results === null ? undefined : JSON.parse(run.results);
  const { id, folder, machine, status, step } = run;
  const { invocation } = record;
  const again = invocation && [
    "pushforward",
    ...invocation.command,
    ...invocation.arguments,
    ...toFlags({ ...invocation.options, out: undefined }, invocation.onByDefault),
  ];
  const report = join(run.folder, "report.html");
  const lines = [
    `${run.folder} (${run.status}, ${run.id.slice(0, 8)})`,
    `begun ${new Date(run.created).toISOString().slice(0, 16).replace("T", " ")} UTC on ${run.machine}, code ${record.code}`,
    ...(again ? [`command: ${again.join(" ")}`] : []),
    ...record.inputs.map((f) => `input: ${f.path}, ${f.bytes} bytes, sha256 ${f.sha256.slice(0, 16)}…`),
    ...changeLines(record),
    ...(results?.seconds ? [`took ${duration(results.seconds)}`] : []),
    "",
    ...textTable(
      ["metric", "last", "curve"],
      metricNames(metrics).map((m) => {
        const values = metrics.flatMap((row) => (typeof row[m] === "number" ? [row[m]] : []));
        return [m, formatNumber(values.at(-1)!), sparkline(values, 40)];
      }),
    ),
    "",
    ...textTable(
      ["option", "value"],
      Object.entries(record.config).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]),
    ),
    ...(existsSync(report) ? ["", `report: ${report}`] : []),
  ];
  return { results: { id, folder, machine, status, step, record, results, metrics }, text: lines };
}

/** @param name  of the run, as for `show` */
export async function fork(name: string, given: ForkOptions & ShowOptions, registry: readonly Registered[]): Promise<Outcome> {
  const { folder } = await withStore(given.root, (store) => findRun(store, name));
  return forkRun(folder, given, registry);
}
