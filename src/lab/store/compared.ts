/** Runs of the index as a comparison takes them. */

import { UserError } from "../../errors.ts";
import { type ComparedRun, type Comparison, compare } from "../compare.ts";
import type { RunRecord } from "../record.ts";
import type { Store } from "./database.ts";
import { type Found, metricsOf } from "./query.ts";
import { nameOf } from "./sync.ts";

/** @throws UserError  for a metric that none of the runs has */
export async function compareFound(
  store: Store,
  found: readonly Found[],
  root: string,
  wanted: readonly string[],
): Promise<Comparison & { readonly runs: readonly ComparedRun[] }> {
  const metrics = await metricsOf(
    store,
    found.map((run) => run.id),
  );
  const runs = found.map((run) => ({
    name: nameOf(run.folder, root),
    config: configOf(JSON.parse(run.record) as RunRecord),
    metrics: metrics.get(run.id)!,
  }));
  const comparison = compare(runs, wanted);
  const missing = comparison.metrics.find((name) => comparison.groups.every((g) => g.summaries[name].n === 0));
  if (missing !== undefined)
    throw new UserError(`none of these runs has the metric "${missing}"`, `they have ${compare(runs).metrics.join(", ") || "no metrics"}`);
  return { ...comparison, runs };
}

/** Options that only say what is computed on, not what, are no difference between experiments. */
function configOf({ config }: RunRecord): Record<string, unknown> {
  const { version: _, ...rest } = config;
  return rest;
}
