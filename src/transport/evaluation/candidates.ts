/** Methods among which one is chosen, what they are compared with, and the choice. */
import type { MethodName } from "../learning/methods.ts";
import type { Curve } from "../paths/curves.ts";
import { timeText } from "../paths/units.ts";
import { plusMinus, type ResultTable } from "./results.ts";

/** A method with its settings. */
export interface Candidate {
  readonly method: MethodName;
  readonly path?: Curve;
  readonly noise?: number;
  readonly growth?: number;
}

/** How near a candidate comes to snapshots that it has not seen. */
export interface CandidateResult extends Candidate {
  readonly w1: number;
  /** Standard error of the mean over the sampling of the snapshots. */
  readonly error: number;
  /** |log| of predicted over observed mass, averaged. */
  readonly massError?: number;
  readonly seconds: number;
}

/** What needs no learning, on the same snapshots left out. */
export interface Unlearned {
  readonly name: string;
  readonly w1: number;
  readonly error: number;
  readonly massError?: number;
}

/**
 * From simple to rich; methods with growth only where masses are known to differ, or nothing else is said.
 *
 * @param growth  λ of all that grow
 * @param curved  does each training have the three snapshots that a curve, or a force, needs?
 */
export function candidates(counted: boolean, growth: number, curved: boolean): Candidate[] {
  const alongCurves = (candidate: Candidate): Candidate[] => [candidate, ...(curved ? [{ ...candidate, path: "spline" } as const] : [])];
  const still: Candidate[] = [
    ...alongCurves({ method: "am" }),
    { method: "wlf-ot" },
    { method: "eam", noise: 0.1 },
    { method: "eam", noise: 0.3 },
    { method: "wlf-sb", noise: 0.1 },
    { method: "ot-cfm" },
    // as a curve, it needs three snapshots in each training
    ...(curved ? [{ method: "mechanics" } as const] : []),
  ];
  const growing: Candidate[] = [...alongCurves({ method: "uam", growth }), { method: "am-wfr", growth }, { method: "wlf-uot", growth }];
  return counted ? growing : [...still, ...growing];
}

/** The method that was chosen, and why. */
export interface Choice {
  readonly best: Candidate;
  readonly table: readonly CandidateResult[];
  readonly text: string[];
  readonly report: ResultTable;
}

/** The simplest candidate within one standard error of the best, with all results as text and as a table. */
export function chosen(
  table: readonly CandidateResult[],
  unlearned: readonly Unlearned[],
  times: readonly number[],
  steps: number,
): Choice {
  const lowest = table.reduce((a, b) => (b.w1 < a.w1 ? b : a));
  const best = table.find((r) => r.w1 <= lowest.w1 + lowest.error) as CandidateResult;
  const { method, path, noise, growth } = best;
  const setting = (r: Candidate): string =>
    [r.path ?? "", r.noise === undefined ? "" : `σ ${r.noise}`, r.growth === undefined ? "" : `λ ${r.growth}`].filter(Boolean).join(", ");
  const limit = lowest.w1 + lowest.error;
  const verdict = (r: CandidateResult): string =>
    r === best
      ? r === lowest
        ? "chosen: the lowest, and none before it is within one standard error"
        : `chosen: the first within one standard error of the lowest, at most ${limit.toFixed(4)}`
      : r === lowest
        ? "lowest"
        : r.w1 <= limit
          ? "within one standard error, but less simple"
          : "";
  const off = ({ massError }: { massError?: number }): string =>
    massError === undefined ? "" : `${(100 * Math.expm1(massError)).toFixed(1)} %`;
  const why =
    `the one-standard-error rule: the simplest method, in the order of the table, whose mean W1 is at most the lowest one and its ` +
    `standard error, ${lowest.w1.toFixed(4)} + ${lowest.error.toFixed(4)} = ${limit.toFixed(4)}; W1 to the snapshots at ${times.map(timeText).join(", ")}, each ` +
    `left out once (${steps} steps), in units of the training`;
  const ahead = unlearned.filter((r) => r.w1 < lowest.w1 && !r.name.startsWith("sampling")).map((r) => r.name);
  const honest = ahead.length ? [`nothing that was tried is closer than what needs no learning: the ${ahead.join(" and the ")}`] : [];
  const lines = [
    ...table.map((r) => ({ ...r, name: `${r.method.padEnd(10)} ${setting(r)}`, last: verdict(r) })),
    ...unlearned.map((r) => ({ ...r, last: "nothing learned" })),
  ];
  const width = Math.max(...lines.map((l) => l.name.length));
  return {
    best: { method, ...(path && { path }), ...(noise !== undefined && { noise }), ...(growth !== undefined && { growth }) },
    table,
    text: [
      `${`chosen: ${method} ${setting(best)}`.trim()} (${plusMinus.sampling})`,
      ...lines.map(
        (l) =>
          `  ${l.name.padEnd(width)} W1 ${l.w1.toFixed(4)} ± ${l.error.toFixed(4)}${off(l) ? `  mass off by ${off(l)}` : ""}  ${l.last}`,
      ),
      ...[why, ...honest].map((l) => `  ${l}`),
    ],
    report: {
      title: "Choice of the method",
      columns: ["method", "setting", "mean W1", "±", "mass off by", "seconds", ""],
      rows: [
        ...table.map((r) => [r.method, setting(r), r.w1, r.error, off(r), r.seconds, verdict(r)]),
        ...unlearned.map((r) => [r.name, "", r.w1, r.error, off(r), "", "nothing learned"]),
      ],
      caption: [`Taken: ${why}. ${plusMinus.sampling}.`, ...honest.map((l) => `${l[0].toUpperCase()}${l.slice(1)}.`)].join(" "),
    },
  };
}
