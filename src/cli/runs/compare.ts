/** `pushforward runs compare`. */
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import type { Outcome } from "../../lab/command.ts";
import { compare, comparisonFigures, comparisonTable, type Summary } from "../../lab/compare.ts";
import { makeFolder, writeAside } from "../../lab/files.ts";
import { codeVersion } from "../../lab/invocation.ts";
import { toPng } from "../../lab/png.ts";
import type { RunRecord } from "../../lab/record.ts";
import { renderReport } from "../../lab/report.ts";
import { metricsOf } from "../../lab/store/query.ts";
import { nameOf } from "../../lab/store/sync.ts";
import { textTable } from "../../lab/text-table.ts";
import { formatNumber, withError } from "../../numbers.ts";
import type { CompareOptions } from "../runs.ts";
import { chosen, listed, withStore } from "./store.ts";

/** Pictures of so many metrics are drawn unless some are asked for. */
const mostFigures = 6;

export async function compareRuns(names: readonly string[], options: CompareOptions): Promise<Outcome> {
  const { root } = options;
  const runs = await withStore(root, async (store) => {
    const found = await chosen(store, names, options);
    const metrics = await metricsOf(
      store,
      found.map((run) => run.id),
    );
    return found.map((run) => ({
      name: nameOf(run.folder, root),
      config: configOf(JSON.parse(run.record) as RunRecord),
      metrics: metrics.get(run.id)!,
    }));
  });
  const comparison = compare(runs, listed(options.metric));
  const missing = comparison.metrics.find((name) => comparison.groups.every((g) => g.summaries[name].n === 0));
  if (missing !== undefined)
    throw new UserError(`none of these runs has the metric "${missing}"`, `they have ${compare(runs).metrics.join(", ") || "no metrics"}`);
  const show = ({ mean, error }: Summary) => (error === undefined ? formatNumber(mean) : withError(mean, error));
  const table = comparisonTable(comparison, show);
  const out = options.out ?? join(root, "comparison");
  const page = join(out, "comparison.html");
  await makeFolder(out);
  const figures = comparisonFigures({ ...comparison, metrics: comparison.metrics.slice(0, mostFigures) });
  for (const f of figures) {
    await writeAside(join(out, `${f.name}.svg`), f.svg);
    await writeAside(join(out, `${f.name}.png`), await toPng(f.svg, 1.5));
  }
  const shown = [
    "pushforward runs compare",
    ...names,
    ...(options.where ? [`--where "${options.where}"`] : []),
    ...(options.metric ? [`--metric ${options.metric}`] : []),
  ];
  await writeAside(
    page,
    renderReport({
      title: "Comparison of runs",
      summary: `${runs.length} runs in ${comparison.groups.length} groups.`,
      numbers: [],
      tables: [table],
      figures,
      config: { runs: runs.map((r) => r.name).join(", ") },
      command: shown.join(" "),
      provenance: { code: codeVersion() },
    }),
  );
  const groups = comparison.groups.map(({ label, runs, summaries }) => ({ label, runs: runs.map((r) => r.name), summaries }));
  return { results: { groups, page }, text: [...textTable(table.columns, table.rows), "", `page: ${page}`] };
}

/** Options that only say what is computed on, not what, are no difference between experiments. */
function configOf({ config }: RunRecord): Record<string, unknown> {
  const { version: _, ...rest } = config;
  return rest;
}
