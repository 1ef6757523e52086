/** Transitions between groups, for the terminal, the report, the JSON and files. */
import type { Population } from "../../data/population.ts";
import type { Column } from "../../data/table.ts";
import { formatNumber, withError } from "../../numbers.ts";
import type { Estimated, GroupTransition } from "../motion/transitions.ts";
import { timeText } from "../paths/units.ts";
import { plusMinus, type ResultTable } from "./results.ts";

/** Groups that hold less are not told in the terminal. */
const least = 0.005;

const sum = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0);

/** Of every group the parts of its descendants and ancestors, in lines. */
export function transitionText(all: readonly GroupTransition[]): string[] {
  const line = (name: string, names: readonly string[], { value, error }: Estimated, r: number): string => {
    const parts = names.map((n, c) => ({ n, p: value[r][c], e: error[r][c] })).filter(({ p }) => p >= least);
    return `  ${name}: ${parts
      .sort((a, b) => b.p - a.p)
      .map(({ n, p, e }) => `${n} ${withError(p, e)}`)
      .join(", ")}`;
  };
  return all.flatMap((t) => [
    `descendants, from ${timeText(t.from)} to ${timeText(t.to)} (${plusMinus.particles})`,
    ...t.starts.map((name, s) => line(name, t.ends, t.descendants, s)),
    `ancestors, from ${timeText(t.to)} back to ${timeText(t.from)}`,
    ...t.ends.map((name, e) => line(name, t.starts, t.ancestors, e)),
  ]);
}

/** The mass on its way, a table for each two times. */
export const transitionTables = (all: readonly GroupTransition[]): ResultTable[] =>
  all.map(({ from, to, starts, ends, mass }) => ({
    title: `Mass from ${timeText(from)} to ${timeText(to)}`,
    columns: [`from \\ to`, ...ends, "together"],
    rows: [
      ...starts.map((name, s) => [
        name,
        ...ends.map((_, e) => withError(mass.value[s][e], mass.error[s][e])),
        formatNumber(sum(mass.value[s])),
      ]),
      ["together", ...ends.map((_, e) => formatNumber(sum(mass.value.map((row) => row[e])))), formatNumber(sum(mass.value.map(sum)))],
    ],
    caption:
      `Mass that arrives at ${timeText(to)}, by groups; all mass at ${timeText(from)} is one, so that the last number is the growth of ` +
      `the whole. ${plusMinus.particles}.`,
  }));

/** The matrices for programs. */
export const transitionResults = (all: readonly GroupTransition[]) => all.map(({ forward: _, backward: _b, ...matrices }) => matrices);

/** transitions: a row for each start and end. */
export function transitionsTable(all: readonly GroupTransition[]): Column[] {
  const rows = all.flatMap((t) => t.starts.flatMap((start, s) => t.ends.map((end, e) => ({ t, start, end, s, e }))));
  const number = (f: (r: (typeof rows)[number]) => number): Float64Array => Float64Array.from(rows, f);
  return [
    { name: "from", values: number(({ t }) => t.from) },
    { name: "to", values: number(({ t }) => t.to) },
    { name: "start", values: rows.map((r) => r.start) },
    { name: "end", values: rows.map((r) => r.end) },
    { name: "mass", values: number(({ t, s, e }) => t.mass.value[s][e]) },
    { name: "mass error", values: number(({ t, s, e }) => t.mass.error[s][e]) },
    { name: "descendants", values: number(({ t, s, e }) => t.descendants.value[s][e]) },
    { name: "descendants error", values: number(({ t, s, e }) => t.descendants.error[s][e]) },
    { name: "ancestors", values: number(({ t, s, e }) => t.ancestors.value[e][s]) },
    { name: "ancestors error", values: number(({ t, s, e }) => t.ancestors.error[e][s]) },
  ];
}

/**
 * lineage: every particle of the earlier snapshots with the groups of its descendants, and of the later ones with those of its ancestors.
 *
 * @param groups  of each particle, a list a snapshot
 */
export function lineageTable(
  data: Pick<Population, "times" | "labels">,
  groups: readonly (readonly string[])[],
  all: readonly GroupTransition[],
): Column[] {
  const names = [...new Set(all.flatMap((t) => [...t.starts, ...t.ends]))];
  const rows = all.flatMap((t) => {
    const [from, to] = [t.from, t.to].map((time) => data.times.indexOf(time));
    const side = (k: number, other: number, kind: string, of: readonly string[], shares: Float64Array) =>
      groups[k].map((group, i) => ({
        ...{ k, i, kind, group, other },
        offspring: kind === "descendants" ? t.forward.offspring[i] : Number.NaN,
        share: (name: string): number => (of.includes(name) ? shares[i * of.length + of.indexOf(name)] : 0),
      }));
    return [...side(from, to, "descendants", t.ends, t.forward.shares), ...side(to, from, "ancestors", t.starts, t.backward)];
  });
  const number = (f: (r: (typeof rows)[number]) => number): Float64Array => Float64Array.from(rows, f);
  const { labels, times } = data;
  return [
    { name: "kind", values: rows.map((r) => r.kind) },
    { name: "time", values: number((r) => times[r.k]) },
    { name: "other time", values: number((r) => times[r.other]) },
    { name: "particle", values: number((r) => r.i) },
    ...(labels ? [{ name: "label", values: rows.map((r) => labels[r.k][r.i]) }] : []),
    { name: "group", values: rows.map((r) => r.group) },
    { name: "offspring", values: number((r) => r.offspring) },
    ...names.map((name) => ({ name: `part ${name}`, values: number((r) => r.share(name)) })),
  ];
}
