/** `pushforward runs compare`. */
import { join } from "node:path";
import type { Outcome } from "../../lab/command.ts";
import { comparisonFigures, comparisonTable } from "../../lab/compare.ts";
import { makeFolder, writeAside } from "../../lab/files.ts";
import { codeVersion } from "../../lab/invocation.ts";
import { toPng } from "../../lab/png.ts";
import { renderReport } from "../../lab/report.ts";
import { compareFound } from "../../lab/store/compared.ts";
import { textTable } from "../../lab/text-table.ts";
import type { CompareOptions } from "../runs.ts";
import { chosen, listed, withStore } from "./store.ts";

/** Pictures of so many metrics are drawn unless some are asked for. */
const mostFigures = 6;

export async function compareRuns(names: readonly string[], options: CompareOptions): Promise<Outcome> {
  const { root } = options;
  const comparison = await withStore(root, async (store) =>
    compareFound(store, await chosen(store, names, options), root, listed(options.metric)),
  );
  const { runs } = comparison;
  const table = comparisonTable(comparison);
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
