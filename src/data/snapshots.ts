/** Snapshots of a population: clouds of particles seen at several times, never the same particle twice. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";
import {
  type Column,
  column,
  completeRows,
  isNumeric,
  list,
  selectColumns,
  strayHint,
  strayText,
  type Table,
  type Values,
} from "./table.ts";
import { binned, fewParticles } from "./time-bins.ts";
import { isBookkeeping, isVelocityName, otherTimeNames, timeNames } from "./time-names.ts";
import { readTimes } from "./times.ts";

/** A population at several times. */
export interface Snapshots {
  /** Distinct times, ascending: length K >= 2. */
  readonly times: readonly number[];
  /** The data's own words for each time, where it has words. */
  readonly timeLabels?: readonly (readonly string[])[];
  /** The cloud of each time, [n_k, d]. */
  readonly snapshots: readonly NdArray<"f32">[];
  /** Names of the d coordinates. */
  readonly features: readonly string[];
  /** Measured velocity of each particle, [n_k, d], in units of the features a unit of time. */
  readonly velocities?: readonly NdArray<"f32">[];
  /** Mass of each particle, [n_k]; absent: all equal. */
  readonly weights?: readonly NdArray<"f32">[];
  /** Logarithmic growth rate of each particle a unit of time, as far as it is known beforehand, [n_k]. */
  readonly growthRates?: readonly NdArray<"f32">[];
  /** Name of each particle, where the data has one: n_k names a time. */
  readonly labels?: readonly (readonly string[])[];
  /** What the user should know about the data. */
  readonly warnings: readonly string[];
}

/** Which columns of a table hold times, features, weights and labels. */
export interface SnapshotOptions {
  /** Time column; without it the first of time, t, day, days, year, hour, timepoint. */
  time?: string;
  /** Columns such as "a,b,c" or "pc1..pc5"; without it all numeric columns but those of the other options and row numbers. */
  features?: string;
  /** Columns of measured velocities, one for each feature and in their order, named as features are. */
  velocity?: string;
  /** Column of non-negative masses. */
  weight?: string;
  /** Column of logarithmic growth rates a unit of time. */
  priorGrowth?: string;
  /** Column that names a particle. */
  label?: string;
  /** Leave out rows with a missing value instead of refusing them. */
  dropMissing?: boolean;
  /** Join neighbouring times to so many snapshots. */
  binTimes?: number;
}

/**
 * Splits a table by its time column.
 * @throws UserError  for missing columns or values, text among numbers, a single time, constant features, weights that are no masses:
 *   naming column and row
 */
export function toSnapshots(t: Table, options: SnapshotOptions = {}): Snapshots {
  const time = timeColumn(t, options.time);
  const weight = options.weight === undefined ? undefined : numbersOf(t, column(t, options.weight));
  const rates = options.priorGrowth === undefined ? undefined : numbersOf(t, column(t, options.priorGrowth));
  const label = options.label === undefined ? undefined : column(t, options.label);
  const warnings: string[] = [...(t.notes ?? []), ...(time.note ? [`column "${time.name}": ${time.note}`] : [])];
  const speeds = options.velocity === undefined ? [] : selectColumns(t, options.velocity);
  let features =
    options.features === undefined
      ? allNumeric(t, [time.name, options.weight, options.priorGrowth, options.label, ...speeds], warnings)
      : selectColumns(t, options.features);
  if (features.includes(time.name)) throw new UserError(`${t.source}: column "${time.name}" is the time and cannot be a feature too`);

  if (speeds.length > 0 && speeds.length !== features.length)
    throw new UserError(
      `${t.source}: ${speeds.length} columns of velocities for ${features.length} features (${list(features, 6)})`,
      "each feature needs its velocity, in the same order: name both with --features and --velocity",
    );

  const [columns, velocity] = [features, speeds].map((group) => group.map((name) => numbersOf(t, column(t, name))));
  const named = (name: string, values: Values): Column => ({ name, values });
  const used = [
    named(time.name, time.values),
    ...features.map((name, j) => named(name, columns[j])),
    ...speeds.map((name, j) => named(name, velocity[j])),
    ...(weight ? [named(options.weight!, weight)] : []),
    ...(rates ? [named(options.priorGrowth!, rates)] : []),
  ];
  const lacks = ({ values }: Column, row: number): boolean => !Number.isFinite(Math.fround(Number(values[row]))); // as f32, too
  const rows = completeRows(t, used, options.dropMissing ?? false, warnings, { lacks });
  requireTwoTimes(t, time, rows);
  const own = Map.groupBy(rows, (i) => time.values[i]);
  const byTime = options.binTimes === undefined ? own : binned(own, options.binTimes, time.name, warnings);
  if (options.binTimes === undefined) fewParticles(own, time.name, warnings);
  if (weight) checkWeights(t, options.weight!, weight, time.name, byTime);

  const constant = columns.map((values) => rows.every((i) => values[i] === values[rows[0]]));
  const kept = columns.filter((_, j) => !constant[j]);
  if (constant.includes(true)) {
    const which = features.filter((_, j) => constant[j]);
    const what = `${which.length > 1 ? "columns" : "column"} ${list(which)} ${which.length > 1 ? "are" : "is"} constant`;
    if (options.features !== undefined || kept.length === 0)
      throw new UserError(`${t.source}: ${what}`, "a feature that never changes cannot move: leave it out of --features");
    warnings.push(`${what} and left out`);
    features = features.filter((_, j) => !constant[j]);
  }
  kept.forEach((values, j) => checkOffset(t, features[j], values, rows));
  const moved = velocity.filter((_, j) => !constant[j]);
  return { ...split(time, { columns: kept, velocity: moved, weight, rates, label }, byTime, warnings), features };
}

interface Times {
  readonly name: string;
  readonly values: Float64Array | Float32Array;
  readonly labels?: readonly (string | null)[];
  readonly note?: string;
}

function timeColumn(t: Table, name: string | undefined): Times {
  const names = t.columns.map((c) => c.name);
  const called = (wanted: readonly string[]): string | undefined =>
    wanted.map((n) => names.find((c) => c.toLowerCase() === n)).find((n) => n !== undefined);
  const usual = name ?? called(timeNames);
  const chosen = usual ?? called(otherTimeNames);
  if (chosen === undefined)
    throw new UserError(`${t.source}: which column is the time?`, `name it with --time; the columns are ${list(names)}`);
  const found = column(t, chosen);
  const told = usual === undefined ? "is taken for the time (--time names another)" : undefined;
  if (isNumeric(found.values)) return { name: chosen, values: found.values, note: told };
  const { numbers, note, problem } = readTimes(found.values);
  if (problem) throw new UserError(`${t.source}, column "${chosen}": ${problem.message}`, problem.hint);
  return { name: chosen, values: numbers, labels: found.values, note };
}

function allNumeric(t: Table, except: (string | undefined)[], warnings: string[]): string[] {
  const numeric = t.columns.filter((c) => isNumeric(c.values) && !except.includes(c.name));
  const others = numeric.filter((c) => !numbersRows(c));
  const speeds = others.filter((c) => isVelocityName(c.name) && others.some((o) => !isVelocityName(o.name))).map((c) => c.name);
  const kept = others.filter((c) => isBookkeeping(c.name) && c.values.every((v) => Number.isInteger(v))).map((c) => c.name);
  if (speeds.length > 0) warnings.push(`${list(speeds)}: read like velocities, left out of the features (--velocity uses them)`);
  if (kept.length > 0) warnings.push(`${list(kept)}: read like numbers of rows or parts of the data, left out (--features takes them)`);
  const names = others.map((c) => c.name).filter((c) => !speeds.includes(c) && !kept.includes(c));
  const counters = numeric.filter(numbersRows).map((c) => c.name);
  if (counters.length > 0) warnings.push(`row numbers are left out: ${list(counters)}`);
  const texts = t.columns.filter((c) => !isNumeric(c.values) && !except.includes(c.name));
  // numbers with some text among them are a feature with a fault, not a column of words
  for (const text of texts.filter(strayText)) numbersOf(t, text);
  if (texts.length > 0) warnings.push(`columns of text are left out: ${list(texts.map((c) => c.name))}`);
  if (names.length === 0) throw new UserError(`${t.source}: no numeric column besides the time`, "name the features with --features");
  return names;
}

/**
 * Does a column count the rows from 0 or 1? In a few rows a feature may do so too. A column without a name, pandas' index, need not be in
 * order.
 */
function numbersRows({ name, values }: Column): boolean {
  if (!isNumeric(values)) return false;
  // DuckDB calls it column0, pandas itself Unnamed: 0
  if (/^(column0|Unnamed: 0)$/.test(name)) return values.every(Number.isInteger) && new Set(values).size === values.length;
  return values.length >= 10 && (values[0] === 0 || values[0] === 1) && values.every((v, i) => v === values[0] + i);
}

/** The numbers of a column. Text that is no number is an error with its place. */
function numbersOf(t: Table, source: Column): Float64Array | Float32Array {
  if (isNumeric(source.values)) return source.values;
  const numbers = Float64Array.from(source.values, (text) => (text === null || text.trim() === "" ? Number.NaN : Number(text)));
  refuseText(t, source, numbers);
  return numbers;
}

function refuseText(t: Table, { name, values }: Column, numbers: ArrayLike<number>): void {
  if (isNumeric(values)) return;
  const bad = values.flatMap((text, i) => (text !== null && Number.isNaN(numbers[i]) ? [i] : []));
  if (bad.length === 0) return;
  throw new UserError(
    `${t.source}, column "${name}": ${bad.length} of ${t.rows} values are not numbers ` +
      `(first: row ${bad[0] + 1}, ${JSON.stringify(values[bad[0]])})`,
    bad.length === t.rows ? "choose other columns with --time and --features" : `${strayHint}; or choose other columns with --features`,
  );
}

function checkWeights(t: Table, name: string, weight: ArrayLike<number>, time: string, byTime: Map<number, number[]>): void {
  for (const [at, rows] of byTime) {
    const bad = rows.find((i) => weight[i] < 0);
    if (bad !== undefined)
      throw new UserError(
        `${t.source}, column "${name}", row ${bad + 1}: a weight of ${weight[bad]} is negative`,
        "weights are masses, zero or more",
      );
    if (rows.every((i) => Math.fround(weight[i]) === 0))
      throw new UserError(
        `${t.source}, column "${name}": all weights at ${time} = ${at} are zero`,
        "give each time some mass, or leave out its rows",
      );
  }
}

/** A feature whose spread is small against its size would be rounded away in single precision. */
function checkOffset(t: Table, name: string, values: ArrayLike<number>, rows: number[]): void {
  const mean = rows.reduce((sum, i) => sum + values[i] / rows.length, 0);
  const deviation = Math.sqrt(rows.reduce((sum, i) => sum + (values[i] - mean) ** 2 / rows.length, 0));
  const step = 2 ** (Math.floor(Math.log2(Math.abs(mean))) - 23);
  if (deviation < 1000 * step)
    throw new UserError(
      `${t.source}: column "${name}" varies by ${deviation.toPrecision(2)} about ${mean.toPrecision(6)}, ` +
        `where single precision has steps of ${step.toPrecision(2)}`,
      "subtract a constant near its mean from the column, or leave it out of --features",
    );
}

function requireTwoTimes(t: Table, time: Times, rows: number[]): void {
  if (rows.some((i) => time.values[i] !== time.values[rows[0]])) return;
  throw new UserError(
    `${t.source}: column "${time.name}" has a single time (${time.values[rows[0]]})`,
    "a movement needs at least two snapshots; choose another column with --time",
  );
}

interface Taken {
  readonly columns: ArrayLike<number>[];
  readonly velocity: ArrayLike<number>[];
  readonly weight?: ArrayLike<number>;
  readonly rates?: ArrayLike<number>;
  readonly label?: Column;
}

function split(
  time: Times,
  { columns, velocity, weight, rates, label }: Taken,
  byTime: Map<number, number[]>,
  warnings: string[],
): Omit<Snapshots, "features"> {
  const times = [...byTime.keys()].sort((a, b) => a - b);
  const groups = times.map((at) => byTime.get(at)!);
  const few = times.filter((_, k) => groups[k].length < 10);
  if (few.length > 0)
    warnings.push(`fewer than 10 particles at ${time.name} = ${few.slice(0, 5).join(", ")}${few.length > 5 ? ", …" : ""}`);
  const snapshots = groups.map((group) => ndarray(gather(columns, group), [group.length, columns.length], "f32"));
  snapshots.forEach((cloud, k) => {
    if (distinctRows(cloud) < cloud.shape[0] / 2)
      warnings.push(`more than half of the particles at ${time.name} = ${times[k]} are duplicates`);
  });
  const text = label && (isNumeric(label.values) ? Array.from(label.values, String) : label.values);
  const { labels } = time;
  return {
    times,
    ...(labels && { timeLabels: groups.map((group) => [...new Set(group.map((i) => labels[i]!.trim()))]) }),
    snapshots,
    ...(velocity.length > 0 && {
      velocities: groups.map((group) => ndarray(gather(velocity, group), [group.length, velocity.length], "f32")),
    }),
    ...(rates && { growthRates: groups.map((group) => ndarray(gather([rates], group), [group.length], "f32")) }),
    ...(weight && { weights: groups.map((group) => ndarray(gather([weight], group), [group.length], "f32")) }),
    ...(text && { labels: groups.map((group) => group.map((i) => text[i] ?? "")) }),
    warnings,
  };
}

function gather(columns: ArrayLike<number>[], rows: number[]): Float32Array<ArrayBuffer> {
  const data = new Float32Array(rows.length * columns.length);
  rows.forEach((row, i) => {
    for (let j = 0; j < columns.length; j++) data[i * columns.length + j] = columns[j][row];
  });
  return data;
}

function distinctRows({ shape: [n, d], data }: NdArray<"f32">): number {
  return new Set(Array.from({ length: n }, (_, i) => data.subarray(i * d, (i + 1) * d).join())).size;
}
