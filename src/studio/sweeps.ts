/** Sweeps below the root, and how they stand: from their plans, and from the index of runs. */
import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import { scan } from "../lab/store/sync.ts";
import { expand, type Plan, parsePlan } from "../lab/sweep/plan.ts";
import type { SweepView } from "./api.ts";
import type { Studio } from "./studio.ts";

export async function sweepViews(studio: Studio, name?: string): Promise<SweepView[]> {
  const views: SweepView[] = [];
  for (const folder of scan(studio.places.root).others) {
    const own = studio.nameOf(folder);
    const plan = name === undefined || name === own ? planOf(folder) : undefined;
    if (plan) views.push(await viewOf(studio, folder, own, plan));
  }
  return views;
}

function planOf(folder: string): Plan | undefined {
  try {
    return parsePlan(join(folder, "sweep.json"));
  } catch {
    return undefined; // no sweep, or a damaged one: the command tells
  }
}

async function viewOf(studio: Studio, folder: string, name: string, { sweep, named }: Plan): Promise<SweepView> {
  const runs = await runsIn(studio, folder, sweep.metric);
  const over = existsSync(join(folder, "results.csv"));
  const unfinished = over ? (sweep.halving ? "dropped" : "failed") : undefined;
  const varied = [...Object.keys(sweep.grid), ...Object.keys(sweep.random?.space ?? {}), "seed"];
  return {
    name,
    metric: sweep.metric,
    minimize: sweep.goal === "minimise",
    command: sweep.command,
    jobs: expand(sweep, named).map((job) => {
      const run = runs.get(join(folder, job.name));
      const progress = run && studio.progress.get(run.id);
      const steps = sweep.halving?.max ?? job.options.steps;
      const total = progress?.total ?? (typeof steps === "number" ? steps : undefined);
      const state = run?.status ?? "waiting";
      return {
        name: job.name,
        ...(run && { run: run.id, step: Math.max(run.step, progress?.step ?? 0) }),
        ...(run && total !== undefined && { total }),
        ...(run?.value !== undefined && { value: run.value }),
        state: state === "done" || state === "running" ? state : (unfinished ?? state),
        settings: Object.fromEntries(varied.map((key) => [key, job.options[key]])),
      };
    }),
  };
}

interface Standing {
  readonly id: string;
  readonly status: string;
  readonly step: number;
  value?: number;
}

/** Runs of a folder, with the number that they are compared by: of the results, or else of the last row that was read. */
async function runsIn({ store }: Studio, folder: string, metric: string): Promise<Map<string, Standing>> {
  const below = folder + sep;
  const rows = await store
    .selectFrom("runs")
    .leftJoin("facts", (join) => join.onRef("facts.run", "=", "runs.id").on("facts.key", "in", [`results.${metric}`, `last.${metric}`]))
    .select(["runs.id", "runs.folder", "runs.status", "runs.step", "facts.key", "facts.number"])
    .where("runs.folder", ">", below)
    .where("runs.folder", "<", `${below}\u{10ffff}`)
    .orderBy("facts.key", "asc") // "last" before "results", which counts more
    .execute();
  const found = new Map<string, Standing>();
  for (const { id, folder, status, step, number } of rows) {
    const before = found.get(folder)?.value;
    found.set(folder, { id, status, step, value: number ?? before });
  }
  return found;
}
