/** What came out of a sweep: results.csv, a page with curves, the best settings. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { table } from "../../data/table.ts";
import { writeCsv } from "../../data/write.ts";
import { UserError } from "../../errors.ts";
import { formatNumber, withError } from "../../numbers.ts";
import type { Outcome } from "../command.ts";
import { compare, comparisonFigures } from "../compare.ts";
import { writeAside } from "../files.ts";
import { codeVersion } from "../invocation.ts";
import { toPng } from "../png.ts";
import type { Metrics } from "../record.ts";
import { renderReport } from "../report.ts";
import { textTable } from "../text-table.ts";
import type { Sweep } from "./plan.ts";
import type { SettingResult, SweepResult } from "./sweep.ts";

/** Settings shown in the terminal, and drawn. */
const [mostShown, mostDrawn] = [10, 8];

/**
 * Writes the table and the page of a sweep that is over.
 * @throws UserError  if all runs failed
 */
export async function conclude(file: string, plan: Sweep, { jobs, settings }: SweepResult, out: string): Promise<Outcome> {
  const failed = jobs.filter((j) => j.state === "failed");
  if (failed.length === jobs.length)
    throw new UserError(`all ${jobs.length} runs failed; the first: ${failed[0].why}`, `the folders are below ${out}`);
  const varied = [...Object.keys(plan.grid), ...Object.keys(plan.random?.space ?? {})];
  await writeCsv(join(out, "results.csv"), resultsTable(plan, jobs));
  const page = await writePage(file, plan, jobs, settings, varied, out);
  const runs = jobs.map(({ job, state, value, why }) => ({ run: job.name, options: job.options, state, value, why }));
  const rows = settings.slice(0, mostShown).map((s) => rowOf(s, varied));
  const lines = [
    ...textTable([...varied, "runs", plan.metric], rows),
    ...(settings.length > mostShown ? [`… and ${settings.length - mostShown} more in ${join(out, "results.csv")}`] : []),
    ...failed.slice(0, 5).map(({ job, why }) => `failed: ${job.name}: ${why}`),
    ...(failed.length > 5 ? [`… and ${failed.length - 5} more failures`] : []),
    `page: ${page}`,
  ];
  return { results: { sweep: out, metric: plan.metric, settings, runs, page }, text: lines, exitCode: failed.length > 0 ? 1 : 0 };
}

function rowOf({ options, summary }: SettingResult, varied: readonly string[]): string[] {
  const value = Number.isNaN(summary.mean)
    ? "failed"
    : summary.error === undefined
      ? formatNumber(summary.mean)
      : withError(summary.mean, summary.error);
  return [...varied.map((key) => String(options[key])), String(summary.n), value];
}

function resultsTable(plan: Sweep, jobs: SweepResult["jobs"]) {
  const keys = [...new Set(jobs.flatMap(({ job }) => Object.keys(job.options)))];
  return table("results", [
    { name: "run", values: jobs.map(({ job }) => job.name) },
    { name: "state", values: jobs.map((j) => j.state) },
    ...keys.map((key) => ({ name: key, values: jobs.map(({ job }) => String(job.options[key] ?? "")) })),
    { name: plan.metric, values: Float64Array.from(jobs, (j) => j.value ?? Number.NaN) },
  ]);
}

async function writePage(
  file: string,
  plan: Sweep,
  jobs: SweepResult["jobs"],
  settings: readonly SettingResult[],
  varied: readonly string[],
  out: string,
): Promise<string> {
  const drawn = new Set(settings.slice(0, mostDrawn).map((s) => s.setting));
  const runs = await Promise.all(
    jobs
      .filter(({ job, state }) => drawn.has(job.setting) && state === "done")
      .map(async ({ job }) => ({ name: job.name, config: job.options, metrics: await rowsOf(join(out, job.name)) })),
  );
  const figures = comparisonFigures(compare(runs, [plan.metric])).filter(() =>
    runs.some((r) => r.metrics.some((m) => typeof m[plan.metric] === "number")),
  );
  for (const f of figures) {
    await writeAside(join(out, `${f.name}.svg`), f.svg);
    await writeAside(join(out, `${f.name}.png`), await toPng(f.svg));
  }
  const failed = jobs.filter((j) => j.state === "failed").length;
  const page = join(out, "report.html");
  const [first] = settings;
  await writeAside(
    page,
    renderReport({
      title: `Sweep of ${plan.command}`,
      summary:
        `${jobs.length} runs of ${new Set(jobs.map(({ job }) => job.setting)).size} settings; ` +
        `the ${plan.goal === "minimise" ? "smallest" : "largest"} ${plan.metric} is best.`,
      numbers: [
        {
          name: `best ${plan.metric}`,
          value: first.summary.mean,
          error: first.summary.error,
          note: varied.map((key) => `${key} ${first.options[key]}`).join(", "),
        },
      ],
      tables: [
        {
          title: "Settings",
          columns: [...varied, "runs", plan.metric],
          rows: settings.map((s) => rowOf(s, varied)),
          caption: "Best first; mean and its standard error over seeds.",
        },
      ],
      figures,
      warnings: failed > 0 ? [`${failed} runs failed: see results.csv and their folders`] : [],
      config: plan,
      command: `pushforward sweep ${file} --out ${out}`,
      provenance: { code: codeVersion() },
    }),
  );
  return page;
}

async function rowsOf(folder: string): Promise<Metrics[]> {
  const path = join(folder, "metrics.jsonl");
  if (!existsSync(path)) return [];
  return (await readFile(path, "utf8"))
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
