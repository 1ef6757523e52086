/** The report of a run and its summary in the terminal. */
import { join } from "node:path";
import type { Population } from "../../data/population.ts";
import type { KeyNumber, Report, ReportTable } from "../../lab/index.ts";
import { duration, formatNumber } from "../../numbers.ts";
import type { Figure } from "../../plots/index.ts";
import { type Balance, has, type MethodName, methods, type Value } from "../../transport/index.ts";
import { version } from "../program.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";
import type { Choice } from "./auto.ts";
import type { Prediction } from "./predict.ts";

interface Numbers {
  readonly predictions: readonly Prediction[];
  readonly mass: readonly { time: number; mass: number; effective: number }[];
  readonly value?: Value;
  /** The least action through the snapshots, where it is known. */
  readonly least?: { readonly lower: number; readonly upper: number };
  readonly solverError: number;
  readonly balance: readonly Balance[];
  readonly warnings: readonly string[];
  readonly choice?: Choice;
  readonly loss?: number;
  readonly seconds: number;
}

/** The half of a 95 % interval. NaN: the cloud is too small to say. */
const plusMinus = (error: number): string => (Number.isFinite(error) ? ` ± ${(1.96 * error).toFixed(4)}` : "");

export function summary(results: Record<string, unknown>, choice: Choice | undefined): string[] {
  const { warnings, heldOut, seconds, loss, run, mass, value } = results as unknown as {
    warnings: string[];
    heldOut: Prediction[];
    seconds: number;
    loss?: number;
    run: string;
    mass?: { mass: number }[];
    value?: Value;
  };
  const lines = heldOut.flatMap(({ time, scores, floor, paths, mass: ratio, midpointMass }) => [
    `held-out time ${time}: W1 (± 95 %)`,
    ...scores.map(({ name, w1, error }) => `  ${name.padEnd(44)} ${w1.toFixed(4)}${plusMinus(error.w1)}`),
    // the same individuals in both snapshots differ by less than two samples do
    `  ${(paths ? "sampling floor, of other individuals" : "sampling floor").padEnd(44)} ${floor.toFixed(4)}`,
    ...(ratio === undefined
      ? []
      : [
          `  predicted total mass over observed: ${ratio.toFixed(3)}${midpointMass === undefined ? "" : `, of the unbalanced-transport midpoint ${midpointMass.toFixed(3)}`}`,
        ]),
    ...(paths
      ? [
          `  known paths, rms error: learned ${paths.learned.toFixed(4)}, straight line between the neighbours ${paths.straight.toFixed(4)}, copied ${paths.copied.toFixed(4)}`,
        ]
      : []),
  ]);
  return [
    ...(choice ? choice.text : []),
    ...warnings.map((w) => `note: ${w}`),
    ...lines,
    ...(mass ? [`total mass at the end: ${mass.at(-1)!.mass.toFixed(3)} of the start`] : []),
    ...(value
      ? [
          `action of the path: ${value.dual.toFixed(4)}${plusMinus(value.error)}${value.gap ? `, action gap at most ${value.gap.bound.toFixed(4)}${plusMinus(value.gap.error)}` : ""} (± 95 %)`,
        ]
      : []),
    `trained in ${duration(seconds)}${loss === undefined ? "" : `, loss ${formatNumber(loss)}`}`,
    `report: ${join(run, "report.html")}`,
  ];
}

export function report(
  data: Population,
  config: Record<string, unknown>,
  numbers: Numbers,
  figures: readonly Figure[],
  options: TrajectoriesOptions,
): Report {
  const method = options.method as MethodName;
  const { predictions, warnings, seconds, choice } = numbers;
  const flags = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false || ["json", "quiet", "overwrite"].includes(key)) return [];
    const flag = `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    return value === true ? [flag] : [`${flag} ${quoted(String(value))}`];
  });
  const between = "optimal-transport midpoint";
  const names = new Set(predictions.flatMap((p) => p.scores.map((s) => s.name)));
  // a forecast has no midpoint: means are over the same times
  const same = names.has(between) ? predictions.filter((p) => p.scores.some((s) => s.name === between)) : predictions;
  const best = predictions.length
    ? ` Held-out snapshots (${same.map((p) => p.time).join(", ")}) are predicted at a mean W1 of ${formatNumber(meanOf(same, methods[method].title))}${names.has(between) ? `; optimal transport between the neighbours reaches ${formatNumber(meanOf(same, between))}` : ""}.`
    : "";
  return {
    title: `Trajectories: ${data.title}`,
    summary: `A motion learned by ${methods[method].title} from ${data.times.length - predictions.length} unpaired snapshots.${best}`,
    numbers: keyNumbers(data, numbers, method),
    tables: tables(numbers, choice),
    figures,
    warnings,
    config,
    command: ["pushforward trajectories", ...(options.data === undefined ? [quoted(data.source)] : []), ...flags].join(" "),
    provenance: { version: version(), data: data.source, "time taken": duration(seconds) },
  };
}

/** An argument as a shell takes it. */
const quoted = (text: string): string => (/^[\w.,:+@%/~\\-]+$/.test(text) ? text : `"${text.replace(/["$`]/g, "\\$&")}"`);

const meanOf = (predictions: readonly Prediction[], name: string): number =>
  means(predictions.flatMap((p) => p.scores.find((c) => c.name === name)?.w1 ?? []));

const means = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function keyNumbers(data: Population, { predictions, mass, value, least, solverError, loss }: Numbers, method: MethodName): KeyNumber[] {
  const names = [...new Set(predictions.flatMap((p) => p.scores.map((s) => s.name)))].filter((n) => !n.startsWith("copy"));
  return [
    ...names.map((name) => ({
      name: `mean W1, ${name}`,
      value: meanOf(predictions, name),
      note: `standard deviations, over ${predictions
        .filter((p) => p.scores.some((s) => s.name === name))
        .map((p) => p.time)
        .join(", ")}`,
    })),
    ...predictions.flatMap((p) =>
      p.mass === undefined
        ? []
        : [
            {
              name: `total mass at ${p.time}`,
              value: p.mass,
              note:
                p.midpointMass === undefined
                  ? "predicted over observed"
                  : `predicted over observed; of the unbalanced-transport midpoint ${formatNumber(p.midpointMass)}`,
            },
          ],
    ),
    ...(has(method, "growth") ? [{ name: "total mass at the end", value: mass.at(-1)!.mass, note: "relative to the start" }] : []),
    ...(has(method, "growth")
      ? [{ name: "effective particles", value: Math.min(...mass.map((m) => m.effective)), note: "(Σw)² / (n Σw²) at its lowest" }]
      : []),
    ...(value
      ? [
          {
            name: "action of the path",
            value: value.dual,
            error: value.error,
            note: "kinetic less potential energy, in standard deviations and mean intervals; minus the loss on fresh samples; ± one standard error",
          },
        ]
      : []),
    ...(value?.primal === undefined
      ? []
      : [{ name: "cost of the path as labelled", value: value.primal, note: "an upper bound of the action" }]),
    ...(value?.gap
      ? [
          {
            name: "action gap, at most",
            value: value.gap.bound,
            error: value.gap.error,
            note: "the difference of the two: what the action does not account for, ½ ∫ E|∇s - ∇s*|² and the like; ± one standard error",
          },
        ]
      : []),
    ...(value?.lower === undefined
      ? []
      : [
          {
            name: "lower bound, estimated",
            value: value.lower,
            note: "of the least action, from the largest residuals over the particles of the path",
          },
        ]),
    ...(least
      ? [
          {
            name: "least action through the snapshots",
            value: least.lower === least.upper ? least.lower : `${formatNumber(least.lower)} to ${formatNumber(least.upper)}`,
            note:
              least.lower === least.upper
                ? "exact optimal transport of neighbours"
                : "unbalanced transport of neighbours: dual and primal value",
          },
        ]
      : []),
    {
      name: "solver error",
      value: solverError,
      note: "root mean square, in standard deviations: particles of the first snapshot moved to the end in two ways",
    },
    { name: "final loss", value: loss ?? Number.NaN, note: "at the last row of metrics" },
    { name: "particles", value: data.snapshots.map((s) => s.shape[0]).join(", "), note: `at times ${data.times.join(", ")}` },
  ];
}

function tables({ predictions, balance }: Numbers, choice: Choice | undefined): ReportTable[] {
  const result: ReportTable[] = [];
  if (choice) result.push(choice.report);
  if (predictions.length)
    result.push({
      title: "Held-out snapshots",
      columns: ["time", "method", "W1", "± 95 %", "W2", "± 95 %", "MMD²", "± 95 %", "W1 less the straight lines'", "± 95 %"],
      rows: predictions.flatMap(({ time, scores, floor }) => [
        ...scores.map(({ name, w1, w2, mmd, error, behind }) => [
          ...[String(time), name, w1, 1.96 * error.w1, w2, 1.96 * error.w2, mmd, 1.96 * error.mmd],
          ...(behind.difference === 0 ? ["", ""] : [behind.difference, 1.96 * behind.error]),
        ]),
        [String(time), "sampling floor (two halves)", floor, "", "", "", "", "", "", ""],
      ]),
      caption:
        "Exact Wasserstein distances and unbiased squared MMD between predicted and observed clouds, in standard deviations of the features (--scale common: of the one that varies most). Intervals are 1.96 bootstrap standard errors over the sampling of both clouds; those of differences use the same resamples of the snapshot for both.",
    });
  const worst = [...balance].sort((a, b) => Math.abs(b.z) - Math.abs(a.z)).slice(0, 6);
  if (worst.length)
    result.push({
      title: "Balance",
      columns: ["time", "test function", "change in the data", "change by the model", "z"],
      rows: worst.map((b) => [b.time, b.test, b.observed, b.predicted, b.z]),
      caption:
        "d/dt of the mean of a test function at inner snapshots, in standard deviations and mean intervals: from its neighbours, and from the learned motion at the snapshot's own particles; z is the difference in standard errors, the six largest. A bend in time between snapshots shows here too.",
    });
  return result;
}
