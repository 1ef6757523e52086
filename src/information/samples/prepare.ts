/** From columns to sides: what is a label, what is constant, in which units; and everything that the reader of the numbers should know. */
import { type Column, isNumeric, list } from "../../data/table.ts";
import { UserError } from "../../errors.ts";
import { formatNumber } from "../../numbers.ts";
import { normalQuantile } from "../../sampling/diagnostics/r-hat.ts";
import { meanOf } from "./ksg.ts";
import { meanRanks } from "./ranks.ts";
import type { RawPairs } from "./read.ts";
import { codes, countsOf, isDiscrete, isLabel, type Side } from "./side.ts";
import { mostTies, tiedShare } from "./ties.ts";

export const marginalNames = ["rank", "standardise", "none"] as const;
export type Marginals = (typeof marginalNames)[number];

/** Pairs that estimators take, and what was seen on the way. */
export interface SamplePairs {
  readonly x: Side;
  readonly z: Side;
  /** Columns that never change, left out; a side of which nothing is left makes I exactly 0. */
  readonly constant: readonly string[];
  /** Sides on which (nearly) every row has a label of its own. */
  readonly unique: readonly ("x" | "z")[];
  /** Columns of both sides. */
  readonly shared: readonly string[];
  readonly notes: readonly string[];
}

/** A column of numbers in which a value has this many rows on average is taken for labels … */
const rowsPerValue = 10;
/** … if it has no more values than this. Others are rounded numbers, whose order says something; their ties are spread. */
const mostDetected = 10;

/** @throws UserError  for pairs whose information cannot be finite, or that are too few */
export function preparePairs(raw: RawPairs, marginals: Marginals, neighbours: number): SamplePairs {
  const shared = raw.x.map((c) => c.name).filter((name) => raw.z.some((c) => c.name === name));
  const constant = [...new Set([...raw.x, ...raw.z].filter(isConstant).map((c) => c.name))];
  const notes = [...raw.notes];
  const side = (columns: readonly Column[]): Side =>
    toSide(
      columns.filter((c) => !constant.includes(c.name)),
      raw,
      marginals,
      notes,
    );
  const [x, z] = [side(raw.x), side(raw.z)];
  refuseShared(raw, shared, [x, z]);
  if (raw.rows < neighbours + 2)
    throw new UserError(
      `${raw.title}: ${raw.rows} ${raw.rows === 1 ? "pair is" : "pairs are"} too few for ${neighbours} neighbours`,
      `at least ${neighbours + 2} are needed`,
    );
  if (constant.length > 0)
    notes.push(`${list(constant)} ${constant.length === 1 ? "never changes" : "never change"}: no information, exactly; left out`);
  if (shared.length > 0) notes.push(`${list(shared)} is in --x and in --z: the information of labels about themselves is their entropy`);
  const unique = (["x", "z"] as const).filter((name) => isUnique({ x, z }[name]));
  for (const name of unique)
    notes.push(
      `--${name}: ${countsOf(codes([{ x, z }[name]])).length} labels in ${raw.rows} rows: (nearly) every row has its own, and ` +
        "whatever is estimated is about log N",
    );
  notes.push(...copiesNote(x, z));
  notes.push(...tiesNote(x), ...tiesNote(z), ...duplicatesNote(x, z), ...seriesNote(x, z));
  notes.push(...(marginals === "none" ? scalesNote(x, z) : []), ...(marginals === "rank" ? [] : tailsNote(x, z)));
  return { x, z, constant, unique, shared, notes: [...new Set(notes)] };
}

const isConstant = ({ values }: Column): boolean => values.length > 0 && Array.from<unknown>(values).every((v) => v === values[0]);

/** More labels than half of the rows. */
const isUnique = (side: Side): boolean =>
  side.columns.length > 0 && isDiscrete(side) && 2 * countsOf(codes([side])).length > side.rows && side.rows > 10;

function refuseShared({ title }: RawPairs, shared: readonly string[], sides: readonly Side[]): void {
  const bad = shared.find((name) => sides.some((side) => side.names.some((n, c) => n === name && !isLabel(side, c))));
  if (bad !== undefined)
    throw new UserError(
      `${title}: column "${bad}" is in --x and in --z, and a number knows infinitely much of itself: I(X;X) = ∞`,
      "leave it out of one side, or declare it a label with --discrete if it is one",
    );
}

function toSide(columns: readonly Column[], { rows, declared }: RawPairs, marginals: Marginals, notes: string[]): Side {
  const made = columns.map((c) => {
    const values: ArrayLike<number | string | null> = c.values;
    const distinct = [...new Set(Array.from(values))].sort((a, b) => (isNumeric(c.values) ? Number(a) - Number(b) : 0));
    const asked = declared !== "none" && declared?.includes(c.name);
    const detected = declared !== "none" && isNumeric(c.values) && !asked && distinct.length <= Math.min(mostDetected, rows / rowsPerValue);
    if (detected)
      notes.push(
        `"${c.name}": ${distinct.length} different numbers in ${rows} rows, taken for labels (--discrete none keeps them numbers)`,
      );
    if (asked || detected || !isNumeric(c.values)) {
      const code = new Map(distinct.map((v, i) => [v, i]));
      return { name: c.name, level: distinct.length, values: Float64Array.from(Array.from(values, (v) => code.get(v) ?? 0)) };
    }
    return { name: c.name, level: 0, values: inUnits(c.values, marginals) };
  });
  return { names: made.map((c) => c.name), rows, columns: made.map((c) => c.values), levels: made.map((c) => c.level) };
}

/**
 * Numbers without units: mean 0 and variance 1, or the normal scores of their ranks, Φ⁻¹((r + 5/8) / (n + 1/4)) for r = 0 … n - 1. Equal
 * values stay equal.
 * Neither changes I.
 */
export function inUnits(values: ArrayLike<number>, marginals: Marginals): Float64Array {
  const own = Float64Array.from(values);
  if (marginals === "none") return own;
  if (marginals === "rank") return meanRanks(own).map((rank) => normalQuantile((rank + 0.625) / (own.length + 0.25)));
  // by the largest first: squares of 1e200 are no numbers
  const largest = own.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const scaled = own.map((v) => v / largest);
  const mean = meanOf(scaled);
  const deviation = Math.sqrt(meanOf(scaled.map((v) => (v - mean) ** 2)));
  return scaled.map((v) => (v - mean) / deviation);
}

/** The same numbers under two names. */
function copiesNote(x: Side, z: Side): string[] {
  const same = (a: Float64Array, b: Float64Array): boolean => a.every((v, i) => v === b[i]);
  return x.columns.flatMap((a, i) =>
    z.columns.flatMap((b, j) =>
      isLabel(x, i) || isLabel(z, j) || x.names[i] === z.names[j] || !same(a, b)
        ? []
        : [`"${x.names[i]}" and "${z.names[j]}" hold the same numbers: I is infinite, and estimates only say how many rows there are`],
    ),
  );
}

function tiesNote(side: Side): string[] {
  return side.columns.flatMap((values, c) => {
    const share = isLabel(side, c) ? 0 : tiedShare(values);
    if (share <= mostTies) return [];
    const tied = `"${side.names[c]}": ${(100 * share).toFixed(0)} % of the rows share their number with others (rounded?)`;
    return [`${tied}: for neighbours they are spread over the gaps between numbers by noise, which changes no information`];
  });
}

/** Whole rows that occur again are not independent of each other: those held out are known from training. */
function duplicatesNote(x: Side, z: Side): string[] {
  if ([...x.levels, ...z.levels].every((m) => m > 0)) return [];
  const seen = new Set<string>();
  const columns = [...x.columns, ...z.columns];
  for (let i = 0; i < x.rows; i++) seen.add(columns.map((values) => values[i]).join());
  const repeated = x.rows - seen.size;
  return repeated > mostTies * x.rows
    ? [
        `${repeated} of ${x.rows} rows repeat an earlier one: if they are copies, leave them out; errors are too small and ` +
          "held-out pairs are known",
      ]
    : [];
}

/** Correlation of neighbouring rows above which rows are no independent draws: at 0.3 errors are too small by a fifth or more. */
const mostAutocorrelation = 0.3;

function seriesNote(x: Side, z: Side): string[] {
  const largest = (side: Side): number =>
    side.columns.reduce((a, values, c) => Math.max(a, isLabel(side, c) ? 0 : Math.abs(lagOne(values))), 0);
  const [a, b] = [largest(x), largest(z)];
  return Math.min(a, b) > Math.max(mostAutocorrelation, 4 / Math.sqrt(x.rows))
    ? [
        `rows follow each other (correlations with the row before: ${formatNumber(a)} in x, ${formatNumber(b)} in z): ` +
          "errors and the permutation test take them for independent, and are too confident",
      ]
    : [];
}

function lagOne(values: Float64Array): number {
  const mean = meanOf(values);
  let [product, square] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    square += (values[i] - mean) ** 2;
    if (i > 0) product += (values[i] - mean) * (values[i - 1] - mean);
  }
  return square === 0 ? 0 : product / square;
}

/** Excess kurtosis from which most rows are crowded together in units of the deviation: KSG was 40 % low on Student's t with one degree. */
const mostKurtosis = 30;

function tailsNote(x: Side, z: Side): string[] {
  return [x, z].flatMap((side) =>
    side.columns.flatMap((values, c) => {
      const mean = meanOf(values);
      const [second, fourth] = [2, 4].map((power) => meanOf(values.map((v) => (v - mean) ** power)));
      return isLabel(side, c) || fourth / second ** 2 - 3 <= mostKurtosis
        ? []
        : [`"${side.names[c]}": heavy tails crowd most rows together, and estimates are too low: --marginals rank does not see tails`];
    }),
  );
}

/** Ratio of deviations from which one column decides who is near. */
const mostScales = 10;

function scalesNote(x: Side, z: Side): string[] {
  return [x, z].flatMap((side) => {
    const deviations = side.columns.flatMap((values, c) => {
      const mean = meanOf(values);
      return isLabel(side, c) ? [] : [Math.sqrt(meanOf(values.map((v) => (v - mean) ** 2)))];
    });
    const ratio = Math.max(...deviations) / Math.min(...deviations);
    const told = `deviations of the columns differ ${formatNumber(ratio)} times and --marginals none keeps them: units decide the results`;
    return ratio > mostScales ? [told] : [];
  });
}
