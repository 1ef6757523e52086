/** The page of a run that was stopped before its end: how far it came, and its curves so far. */
import { type CurvePoint, curve } from "../plots/curve.ts";
import type { Metrics, RunRecord } from "./record.ts";
import { renderReport } from "./report.ts";

/** Most points that a curve shows. */
const most = 1000;

export function interimReport(record: RunRecord, history: readonly Metrics[], step: number, steps: number): string {
  const last = history.at(-1);
  const names = metricNames(history);
  return renderReport({
    title: `${record.invocation?.command.join(" ") ?? "run"}: stopped at step ${step} of ${steps}`,
    summary: "The run was stopped and can go on. These are its metrics so far, not its results.",
    numbers: last ? names.map((name) => ({ name, value: latest(history, name), note: "latest" })) : [],
    figures: names.map((name) => curve(name, course(name, history))),
    config: record.config,
    command: "pushforward resume <this folder>",
    provenance: {},
    record,
  });
}

/** All names of metrics but the step, in the order in which they come up. */
export function metricNames(history: readonly Metrics[]): string[] {
  return [...new Set(history.flatMap((row) => Object.keys(row)))].filter((name) => name !== "step");
}

const latest = (history: readonly Metrics[], name: string): number => history.findLast((row) => row[name] !== undefined)![name];

/** A metric by step. */
function course(name: string, history: readonly Metrics[]): CurvePoint[] {
  const rows = history.filter((row) => row[name] !== undefined);
  const every = Math.ceil(rows.length / most);
  return rows.filter((_, i) => i % every === 0 || i === rows.length - 1).map((row) => ({ step: row.step, value: row[name] }));
}
