/** Runs side by side: those that differ in the seed alone are one group, with a mean and its standard error. */
import * as Plot from "@observablehq/plot";
import { formatNumber, withError } from "../numbers.ts";
import { type Figure, palette, plot } from "../plots/figure.ts";
import { metricNames } from "./interim.ts";
import type { Metrics } from "./record.ts";
import type { ReportTable } from "./report.ts";

export interface ComparedRun {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metrics: readonly Metrics[];
}

export interface Summary {
  readonly mean: number;
  /** Standard error of the mean over seeds: sd / √n; undefined for one run. */
  readonly error: number | undefined;
  readonly n: number;
}

export interface Group {
  /** What sets it apart from the other groups: "width 32, coupling ot". */
  readonly label: string;
  readonly differing: Readonly<Record<string, unknown>>;
  readonly runs: readonly ComparedRun[];
  /** The last value of each metric. */
  readonly summaries: Readonly<Record<string, Summary>>;
}

export interface Comparison {
  readonly metrics: readonly string[];
  readonly groups: readonly Group[];
}

/** Entries of a configuration that make no other experiment of it. */
const incidental = new Set(["seed"]);

/** @param wanted  metrics to look at; default all that the runs have */
export function compare(runs: readonly ComparedRun[], wanted: readonly string[] = []): Comparison {
  const metrics = wanted.length > 0 ? wanted : [...new Set(runs.flatMap((run) => metricNames(run.metrics)))];
  const differing = differingKeys(runs);
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) {
    const key = JSON.stringify(differing.map((k) => run.config[k]));
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return {
    metrics,
    groups: [...groups.values()].map((members) => ({
      label: labelOf(members, differing),
      differing: Object.fromEntries(differing.map((key) => [key, members[0].config[key]])),
      runs: members,
      summaries: Object.fromEntries(metrics.map((name) => [name, summarize(members.flatMap((run) => lastValue(run, name)))])),
    })),
  };
}

function differingKeys(runs: readonly ComparedRun[]): string[] {
  const keys = new Set(runs.flatMap((run) => Object.keys(run.config)));
  return [...keys].filter((key) => !incidental.has(key) && new Set(runs.map((run) => JSON.stringify(run.config[key]))).size > 1);
}

function labelOf(members: readonly ComparedRun[], differing: readonly string[]): string {
  if (differing.length === 0) return members.length === 1 ? members[0].name : "all runs";
  const { config } = members[0];
  return differing.map((key) => `${key} ${typeof config[key] === "string" ? config[key] : JSON.stringify(config[key] ?? "–")}`).join(", ");
}

const lastValue = (run: ComparedRun, name: string): number[] => {
  const row = run.metrics.findLast((r) => typeof r[name] === "number");
  return row ? [row[name]] : [];
};

/** Mean and standard error. */
export function summarize(values: readonly number[]): Summary {
  const n = values.length;
  const mean = values.reduce((s, v) => s + v, 0) / n;
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1);
  return { mean, error: n > 1 ? Math.sqrt(variance / n) : undefined, n };
}

/** Most points drawn of one curve: more cannot be told apart. */
const most = 250;

/** One picture a metric: every run a thin line, every group of several seeds a thick one through the means. */
export function comparisonFigures({ metrics, groups }: Comparison): Figure[] {
  const labels = distinct(groups.map((g) => g.label));
  return metrics.map((name) => {
    const thin = groups.flatMap((g, k) =>
      g.runs.flatMap((run) => thinned(run, name).map((p) => ({ ...p, group: labels[k], run: run.name }))),
    );
    const thick = groups.flatMap((g, k) => meanCurve(g.runs, name).map((p) => ({ ...p, group: labels[k] })));
    const several = groups.some((g) => g.runs.length > 1);
    return {
      name: `compare-${name}`.replace(/[^\w.-]+/g, "-"),
      title: name,
      caption: several
        ? `${name} by step. Thin: single runs. Thick: the mean over the runs of a group, with one standard error of it shaded.`
        : `${name} by step.`,
      svg: plot({
        height: 320 + 20 * labels.length,
        marginTop: 20 + 20 * labels.length,
        grid: true,
        x: { label: "step" },
        y: { label: name },
        color: { domain: labels, range: labels.map((_, i) => palette[i % palette.length]) },
        marks: [
          Plot.areaY(
            thick.filter((p) => p.error !== undefined),
            { x: "step", y1: (p) => p.value - p.error!, y2: (p) => p.value + p.error!, fill: "group", fillOpacity: 0.18 },
          ),
          Plot.line(thin, {
            x: "step",
            y: "value",
            z: "run",
            stroke: "group",
            strokeWidth: 1,
            strokeOpacity: several ? 0.35 : 0.9,
          }),
          Plot.line(thick, { x: "step", y: "value", stroke: "group", strokeWidth: 2.4 }),
          // labels of groups are long: one a line, above the frame
          ...labels.flatMap((label, i) => [
            Plot.text([label], {
              frameAnchor: "top-left",
              text: (d) => d,
              dx: 16,
              dy: -6 - 18 * (labels.length - i),
              textAnchor: "start",
            }),
            Plot.text(["■"], {
              frameAnchor: "top-left",
              text: (d) => d,
              fill: palette[i % palette.length],
              dy: -6 - 18 * (labels.length - i),
              textAnchor: "start",
            }),
          ]),
        ],
      }),
    };
  });
}

const distinct = (labels: readonly string[]): string[] =>
  labels.map((label, i) => (labels.indexOf(label) === i ? label : `${label} (${i + 1})`));

function thinned({ metrics }: ComparedRun, name: string): { step: number; value: number }[] {
  const rows = metrics.filter((row) => typeof row[name] === "number");
  const every = Math.ceil(rows.length / most);
  return rows.filter((_, i) => i % every === 0 || i === rows.length - 1).map((row) => ({ step: row.step, value: row[name] }));
}

/** Means at the steps that all runs of a group have. */
function meanCurve(runs: readonly ComparedRun[], name: string): { step: number; value: number; error: number | undefined }[] {
  if (runs.length < 2) return [];
  const maps = runs.map((run) => new Map(thinned(run, name).map((p) => [p.step, p.value])));
  return [...maps[0].keys()]
    .filter((step) => maps.every((m) => m.has(step)))
    .map((step) => {
      const { mean, error } = summarize(maps.map((m) => m.get(step)!));
      return { step, value: mean, error };
    });
}

/** Groups as rows: what sets them apart, how many runs, and each metric with its standard error. */
export function comparisonTable({ metrics, groups }: Comparison): ReportTable {
  const show = ({ mean, error }: Summary): string => (error === undefined ? formatNumber(mean) : withError(mean, error));
  const keys = Object.keys(groups[0]?.differing ?? {});
  const cell = (v: unknown) => (typeof v === "number" ? v : typeof v === "string" ? v : JSON.stringify(v ?? "–"));
  return {
    title: "Groups of runs",
    columns: [...(keys.length > 0 ? keys : ["run"]), "runs", ...metrics],
    rows: groups.map((g) => [
      ...(keys.length > 0 ? keys.map((key) => cell(g.differing[key])) : [g.label]),
      g.runs.length,
      ...metrics.map((name) => (g.summaries[name].n === 0 ? "–" : show(g.summaries[name]))),
    ]),
    caption: "Last values; mean and its standard error over the runs of a group, which differ in the seed alone.",
  };
}
