/** How columns of a table become features, and the same again for a table that comes later. */
import { UserError } from "../errors.ts";
import { type Column, isMissing, isNumeric, list, type StrayText, strayHint, strayNote, strayText, type Table } from "./table.ts";

/** A number as it is; or, with values, one 0/1 feature for each of them. */
export interface Encoding {
  readonly column: string;
  readonly values?: readonly string[];
  /** What a missing value counts as; absent: rows without one are left out. */
  readonly fill?: number | string;
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
 *
 * @param impute  fill missing values with the median, or of text with the commonest value
 * @param warnings  is told of text among numbers that became categories
 * @throws UserError  for a text column with too many different values
 */
export function encodingOf(t: Table, given: Column, rows: readonly number[], impute: boolean, warnings: string[]): Encoding {
  const { name, values } = given;
  const there = rows.filter((i) => !isMissing(given, i));
  const filled = impute && there.length < rows.length;
  if (isNumeric(values)) {
    const sorted = there.map((i) => values[i]).sort((a, b) => a - b);
    const median = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
    return { column: name, ...(filled && { fill: median }) };
  }
  const counts = new Map<string, number>();
  for (const i of there) counts.set(String(values[i]), (counts.get(String(values[i])) ?? 0) + 1);
  const distinct = [...counts.keys()].sort();
  const stray = strayText(given);
  if (distinct.length > mostCategories) throw tooManyTexts(t, name, distinct, stray);
  if (stray) warnings.push(`${strayNote(name, stray)}: taken as ${distinct.length} categories; ${strayHint}`);
  const commonest = distinct.reduce((a, b) => (counts.get(b)! > counts.get(a)! ? b : a), distinct[0]);
  return { column: name, values: distinct, ...(filled && { fill: commonest }) };
}

function tooManyTexts(t: Table, name: string, distinct: readonly string[], stray: StrayText | undefined): UserError {
  if (stray) return new UserError(`${t.source}, ${strayNote(name, stray)}`, strayHint);
  return new UserError(
    `${t.source}, column "${name}": ${distinct.length} different texts (first: ${JSON.stringify(distinct[0])})`,
    `a text column may have ${mostCategories} values; choose columns with --features`,
  );
}

/** The names of the features that an encoding makes. */
export const featureNames = ({ column, values }: Encoding): string[] => values?.map((value) => `${column}=${value}`) ?? [column];

/**
 * Rows of a column as features. A value that the encoding does not know is in none of its features.
 * @throws UserError  for text where numbers are wanted
 */
export function encodeColumn(t: Table, given: Column, rows: readonly number[], encoding: Encoding): Feature[] {
  const { name, values } = given;
  const names = featureNames(encoding);
  const { fill } = encoding;
  if (encoding.values) {
    const text = (i: number): string => String(isMissing(given, i) ? (fill ?? "") : values[i]);
    return encoding.values.map((value, k) => ({ name: names[k], values: Float64Array.from(rows, (i) => Number(text(i) === value)) }));
  }
  if (isNumeric(values)) return [{ name, values: Float64Array.from(rows, (i) => (isMissing(given, i) ? Number(fill) : values[i])) }];
  const bad = rows.find((i) => !isMissing(given, i) && !Number.isFinite(Number(values[i]))) ?? rows[0];
  throw new UserError(`${t.source}, column "${name}": row ${bad + 1} is ${JSON.stringify(values[bad])}, the model was trained on numbers`);
}

/** What of a column an encoding does not know, and what it fills in, as notes. */
export function encodingNotes(given: Column, rows: readonly number[], { values: known, fill }: Encoding): string[] {
  const { name, values } = given;
  const missing = fill === undefined ? 0 : rows.filter((i) => isMissing(given, i)).length;
  const set = new Set(known);
  const unknown = known ? rows.filter((i) => !isMissing(given, i) && !set.has(String(values[i]))) : [];
  const shown = list([...new Set(unknown.map((i) => String(values[i])))], 4);
  const notes = [
    `column "${name}": ${missing} missing values count as ${fill}`,
    `column "${name}": ${unknown.length} rows have values that training has not seen (${shown}): they count as none of the known ones`,
  ];
  return notes.filter((_, i) => [missing, unknown.length][i] > 0);
}

/** Features side by side, row by row; in f64, for they may vary little about a large number. */
export function featureMatrix(features: readonly Feature[], rows: number): Float64Array<ArrayBuffer> {
  const data = new Float64Array(rows * features.length);
  for (const [j, { values }] of features.entries()) for (let i = 0; i < rows; i++) data[i * features.length + j] = values[i];
  return data;
}
