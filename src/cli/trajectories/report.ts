/** The report of a run and its summary in the terminal. */
import { join } from "node:path";
import type { Population } from "../../data/population.ts";
import type { Report } from "../../lab/index.ts";
import { duration, formatNumber } from "../../numbers.ts";
import type { Figure } from "../../plots/index.ts";
import {
  type Assessment,
  balanceTable,
  type Choice,
  has,
  headline,
  keyNumbers,
  type MethodName,
  massText,
  predictionText,
  scoresTable,
  valueText,
} from "../../transport/index.ts";
import { version } from "../program.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";

/** What a run adds to its assessment. */
export interface Ran {
  readonly choice?: Choice;
  readonly loss?: number;
  readonly seconds: number;
}

/** The summary in the terminal. */
export function summary(folder: string, method: MethodName, found: Assessment, { choice, loss, seconds }: Ran): string[] {
  const { warnings, predictions, mass, value } = found;
  return [
    ...(choice ? choice.text : []),
    ...warnings.map((w) => `note: ${w}`),
    ...predictions.flatMap(predictionText),
    ...(has(method, "growth") ? [massText(mass)] : []),
    ...(value ? [valueText(value)] : []),
    `trained in ${duration(seconds)}${loss === undefined ? "" : `, loss ${formatNumber(loss)}`}`,
    `report: ${join(folder, "report.html")}`,
  ];
}

/** The page of a run. */
export function report(
  data: Population,
  config: Record<string, unknown>,
  found: Assessment,
  { choice, loss, seconds }: Ran,
  figures: readonly Figure[],
  options: TrajectoriesOptions,
): Report {
  const method = options.method as MethodName;
  const { predictions, balance, warnings } = found;
  const flags = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false || ["json", "quiet", "overwrite"].includes(key)) return [];
    const flag = `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    return value === true ? [flag] : [`${flag} ${quoted(String(value))}`];
  });
  return {
    title: `Trajectories: ${data.title}`,
    summary: headline(method, data.times.length, predictions),
    numbers: keyNumbers(data, { ...found, loss }, method),
    tables: [
      ...(choice ? [choice.report] : []),
      ...(predictions.length ? [scoresTable(predictions)] : []),
      ...(balance.length ? [balanceTable(balance)] : []),
    ],
    figures,
    warnings,
    config,
    command: ["pushforward trajectories", ...(options.data === undefined ? [quoted(data.source)] : []), ...flags].join(" "),
    provenance: { version: version(), data: data.source, "time taken": duration(seconds) },
  };
}

/** An argument as a shell takes it. */
const quoted = (text: string): string => (/^[\w.,:+@%/~\\-]+$/.test(text) ? text : `"${text.replace(/["$`]/g, "\\$&")}"`);
