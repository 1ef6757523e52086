/** A table is plain data: where it came from, and named columns of equal length. */
import { nearest, UserError } from "../errors.ts";

/** Numbers (a missing value is NaN) or text (a missing value is null). */
export type Values = Float64Array | Float32Array | readonly (string | null)[];

/** A column: all its values by name. */
export interface Column {
  readonly name: string;
  readonly values: Values;
}

/** Columns of equal length. */
export interface Table {
  /** The file or data set, for messages. */
  readonly source: string;
  readonly rows: number;
  readonly columns: readonly Column[];
  /** What reading the file left out. */
  readonly notes?: readonly string[];
}

/** Whether values are numbers. */
export const isNumeric = (values: Values): values is Float64Array | Float32Array => ArrayBuffer.isView(values);

/** Is a value missing: null, empty, or no finite number? */
export const isMissing = ({ values }: Column, row: number): boolean =>
  isNumeric(values) ? !Number.isFinite(values[row]) : values[row] === null || values[row] === "";

/**
 * The rows that have all values of some columns.
 *
 * @param drop    leave out the others, with a warning, instead of refusing the table
 * @param advice  what to do about some such rows
 * @param none    what to do if no row is whole
 * @param lacks   what counts as missing: values that are not there or infinite
 * @throws UserError  naming column and row
 */
export function completeRows(
  t: Table,
  columns: readonly Column[],
  drop: boolean,
  warnings: string[],
  { advice = "use --drop-missing to leave these rows out", none = "choose fewer columns with --features", lacks = isMissing } = {},
): number[] {
  const [rows, bad]: number[][] = [[], []];
  let count = 0;
  let first: string | undefined;
  for (let i = 0; i < t.rows; i++) {
    const lacking = columns.filter((c) => lacks(c, i));
    (lacking.length > 0 ? bad : rows).push(i);
    count += lacking.length;
    if (lacking.length > 0) first ??= `column "${lacking[0].name}", row ${i + 1}: ${lacking[0].values[i] || "missing"}`;
  }
  if (count === 0) return rows;
  const what = `${count} missing or infinite ${count === 1 ? "value" : "values"} in ${bad.length} of ${t.rows} rows (first: ${first})`;
  if (!drop) throw new UserError(`${t.source}: ${what}`, advice);
  if (rows.length === 0) throw new UserError(`${t.source}: every row has a missing value (first: ${first})`, none);
  warnings.push(`${what}: rows left out`);
  return rows;
}

/** Text in a column of which most values are numbers. */
export interface StrayText {
  readonly count: number;
  /** Of all values that are there. */
  readonly of: number;
  readonly row: number;
  readonly text: string;
}

/** What keeps a column of text from being one of numbers, if at least half of its values are numbers; decimal commas count as numbers. */
export function strayText({ values }: Column): StrayText | undefined {
  if (isNumeric(values)) return undefined;
  const there = values.flatMap((text, row) => (text === null || text === "" ? [] : [{ text, row }]));
  const numbers = there.filter(({ text }) => /^\s*[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?\s*$/i.test(text));
  if (2 * numbers.length < there.length) return undefined;
  const stray = there.filter(({ text }) => text.trim() === "" || !Number.isFinite(Number(text)));
  return stray.length > 0 ? { count: stray.length, of: there.length, ...stray[0] } : undefined;
}

/** The same in words. */
export const strayNote = (name: string, { count, of, row, text }: StrayText): string =>
  `column "${name}": ${count} of ${of} values are no plain numbers (first: row ${row + 1}, ${JSON.stringify(text)})`;

/** What to do about it. */
export const strayHint = '--missing "?" takes such a word for a missing value, --decimal , reads decimal commas';

/** A table of these columns. */
export function table(source: string, columns: readonly Column[], notes: readonly string[] = []): Table {
  const rows = columns[0]?.values.length ?? 0;
  const odd = columns.find((c) => c.values.length !== rows);
  if (odd) throw new UserError(`${source}: column "${odd.name}" has ${odd.values.length} rows, "${columns[0].name}" has ${rows}`);
  return { source, rows, columns, notes };
}

/** The column of a name; the error suggests the nearest one. */
export function column(t: Table, name: string): Column {
  const found = t.columns.find((c) => c.name === name);
  if (found) return found;
  const names = t.columns.map((c) => c.name);
  const guess = nearest(name, names);
  throw new UserError(`${t.source}: no column "${name}"`, guess ? `did you mean "${guess}"?` : `the columns are ${list(names)}`);
}

/**
 * Column names from a specification: names separated by commas, or ranges of numbered names such as `pc1..pc5` or `pc1..5`, in the
 * given order.
 */
export function selectColumns(t: Table, specification: string): string[] {
  const names: string[] = [];
  for (const part of specification.split(",").map((p) => p.trim())) {
    const range = /^(.*?)(\d+)\.\.(.*?)(\d+)$/.exec(part);
    if (!range || t.columns.some((c) => c.name === part)) {
      names.push(column(t, part).name);
      continue;
    }
    const [, prefix, from, prefixAgain, to] = range;
    if (prefixAgain !== "" && prefixAgain !== prefix)
      throw new UserError(`"${part}": the ends of a range need the same name before the number`);
    if (Number(from) > Number(to) || Number(to) - Number(from) >= 100_000) throw new UserError(`"${part}" is not a range`);
    for (let i = Number(from); i <= Number(to); i++) names.push(column(t, `${prefix}${i}`).name);
  }
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice !== undefined) throw new UserError(`column "${twice}" is named twice in "${specification}"`);
  return names;
}

/** Names for a message: all of a few, the first of many. */
export function list(names: readonly string[], most = 12): string {
  const shown = names.slice(0, most).map((n) => `"${n}"`);
  return names.length > most ? `${shown.join(", ")} and ${names.length - most} more` : shown.join(", ");
}

/** The names, of which later ones get a number where an earlier one is the same but for upper and lower case. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let i = 2; taken.has(own.toLowerCase()); i++) own = `${name} ${i}`;
    taken.add(own.toLowerCase());
    return own;
  });
}
