/** The page of a run, and its pictures as files. */
import { toPng } from "./png.ts";
import { type Report, renderReport } from "./report.ts";
import type { Run } from "./run.ts";

/** Writes report.html, with the code and inputs that the run began with, and every figure as artifacts/name.svg and .png. */
export async function publish(run: Run, report: Omit<Report, "record">): Promise<void> {
  for (const { name, svg } of report.figures) {
    await run.write(`artifacts/${name}.svg`, svg);
    await run.write(`artifacts/${name}.png`, await toPng(svg));
  }
  await run.write("report.html", renderReport({ ...report, record: run.record }));
}
