/** The page of a run that was stopped before its end: how far it came, and its curves so far. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../plots/figure.ts";
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
    figures: names.map((name) => curve(name, history)),
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
export function curve(name: string, history: readonly Metrics[]): Figure {
  const rows = history.filter((row) => row[name] !== undefined);
  const every = Math.ceil(rows.length / most);
  const points = rows.filter((_, i) => i % every === 0 || i === rows.length - 1).map((row) => ({ step: row.step, value: row[name] }));
  return {
    name: `metric-${name}`.replace(/[^\w.-]+/g, "-"),
    title: name,
    caption: `${name} by step.`,
    svg: plot({
      height: 260,
      grid: true,
      x: { label: "step" },
      y: { label: name },
      marks: [Plot.line(points, { x: "step", y: "value", stroke: palette[0], strokeWidth: 1.6 })],
    }),
  };
}
