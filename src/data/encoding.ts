/** How columns of a table become features, and the same again for a table that comes later. */
import { UserError } from "../errors.ts";
import { type Column, isNumeric, list, type Table } from "./table.ts";

/** A number as it is; or, with values, one 0/1 feature for each of them. */
export interface Encoding {
  readonly column: string;
  readonly values?: readonly string[];
}

/** Features of a column, one value a row. */
export interface Feature {
  readonly name: string;
  readonly values: Float64Array;
}

/** Most values of a text column that become features of their own. */
const mostCategories = 64;

/**
 * The encoding that fits some rows of a column.
 * @throws UserError  for a text column with too many different values
 */
export function encodingOf(t: Table, { name, values }: Column, rows: readonly number[]): Encoding {
  if (isNumeric(values)) return { column: name };
  const distinct = [...new Set(rows.map((i) => values[i]))].map(String).sort();
  if (distinct.length > mostCategories)
    throw new UserError(
      `${t.source}, column "${name}": ${distinct.length} different texts (first: ${JSON.stringify(distinct[0])})`,
      `a text column may have ${mostCategories} values; choose columns with --features`,
    );
  return { column: name, values: distinct };
}

/** The names of the features that an encoding makes. */
export const featureNames = ({ column, values }: Encoding): string[] => values?.map((value) => `${column}=${value}`) ?? [column];

/**
 * Rows of a column as features. A value that the encoding does not know is in none of its features.
 * @throws UserError  for text where numbers are wanted
 */
export function encodeColumn(t: Table, { name, values }: Column, rows: readonly number[], encoding: Encoding): Feature[] {
  const names = featureNames(encoding);
  if (encoding.values)
    return encoding.values.map((value, k) => ({
      name: names[k],
      values: Float64Array.from(rows, (i) => Number(String(values[i]) === value)),
    }));
  if (isNumeric(values)) return [{ name, values: Float64Array.from(rows, (i) => values[i]) }];
  const bad = rows.find((i) => !Number.isFinite(Number(values[i] ?? Number.NaN))) ?? rows[0];
  throw new UserError(`${t.source}, column "${name}": row ${bad + 1} is ${JSON.stringify(values[bad])}, the model was trained on numbers`);
}

/** What of a column an encoding does not know, as a note; undefined if it knows all. */
export function unknownValues({ name, values }: Column, rows: readonly number[], { values: known }: Encoding): string | undefined {
  if (!known) return undefined;
  const set = new Set(known);
  const unknown = rows.filter((i) => !set.has(String(values[i])));
  if (unknown.length === 0) return undefined;
  const shown = list([...new Set(unknown.map((i) => String(values[i])))], 4);
  return `column "${name}": ${unknown.length} rows have values that training has not seen (${shown}): they count as none of the known ones`;
}

/** Features side by side, row by row; in f64, for they may vary little about a large number. */
export function featureMatrix(features: readonly Feature[], rows: number): Float64Array<ArrayBuffer> {
  const data = new Float64Array(rows * features.length);
  for (const [j, { values }] of features.entries()) for (let i = 0; i < rows; i++) data[i * features.length + j] = values[i];
  return data;
}

/**
 * The rows that have all values of some columns.
 *
 * @param drop  leave out the others, with a warning, instead of refusing the table
 * @throws UserError  naming row and column
 */
export function completeRows(t: Table, columns: readonly Column[], drop: boolean, warnings: string[]): number[] {
  const missing = ({ values }: Column, i: number): boolean =>
    isNumeric(values) ? !Number.isFinite(values[i]) : values[i] === null || values[i] === "";
  const bad = new Map<number, string>();
  for (const c of columns) for (let i = 0; i < t.rows; i++) if (!bad.has(i) && missing(c, i)) bad.set(i, c.name);
  if (bad.size > 0) {
    const [row, name] = bad.entries().next().value!;
    const what = `${bad.size} of ${t.rows} rows have a missing or infinite value (first: row ${row + 1}, column "${name}")`;
    if (!drop) throw new UserError(`${t.source}: ${what}`, "use --drop-missing to leave these rows out");
    if (bad.size === t.rows) throw new UserError(`${t.source}: ${what}`, "choose fewer columns with --features");
    warnings.push(`${what}: left out`);
  }
  return Array.from({ length: t.rows }, (_, i) => i).filter((i) => !bad.has(i));
}
