/** Particles of another population, in the features of one that was learned from. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";
import { project } from "./components.ts";
import type { TextOptions } from "./duckdb.ts";
import type { Population } from "./population.ts";
import { type Column, column, completeRows, isMissing, selectColumns, type Table } from "./table.ts";

/** Places [n, d] in the user's features, and velocities where they were measured. */
export interface NewParticles {
  readonly source: string;
  readonly points: NdArray<"f32">;
  readonly velocities?: NdArray<"f32">;
  readonly warnings: readonly string[];
}

/**
 * The rows of a table as particles; other columns are left aside.
 *
 * @param velocity  columns of measured velocities, as they were named for the data
 * @throws UserError  for features that the table does not have, and values that are missing or no numbers, naming column and row
 */
export async function readParticles(
  path: string,
  { features, components }: Pick<Population, "features" | "components">,
  { velocity, dropMissing = false, ...text }: TextOptions & { readonly velocity?: string; readonly dropMissing?: boolean } = {},
): Promise<NewParticles> {
  if (components && velocity !== undefined)
    throw new UserError("--start: velocities of principal components cannot be taken from a table", "leave --components or --velocity out");
  const { readTable } = await import("./read.ts");
  const t = await readTable(path, /\.(csv|tsv|txt|tab)(\.gz)?$/i.test(path) ? text : {}); // the other population need not be text
  const places = (components?.features ?? features).map((name) => column(t, name));
  const speeds = velocity === undefined ? [] : selectColumns(t, velocity).map((name) => column(t, name));
  const warnings: string[] = [...(t.notes ?? [])];
  const lacks = (c: Column, row: number): boolean => isMissing(c, row) || !Number.isFinite(Number(c.values[row]));
  const rows = completeRows(t, [...places, ...speeds], dropMissing, warnings, { lacks, none: "every particle needs all features" });
  if (rows.length === 0) throw new UserError(`${t.source}: there are no particles in it`, "give a table with a row a particle");
  const x = matrix(t, places, rows);
  return {
    source: t.source,
    points: components ? project(components, x) : x,
    ...(speeds.length && { velocities: matrix(t, speeds, rows) }),
    warnings,
  };
}

function matrix(t: Table, columns: readonly Column[], rows: readonly number[]): NdArray<"f32"> {
  const d = columns.length;
  const data = Float32Array.from({ length: rows.length * d }, (_, i) => Number(columns[i % d].values[rows[Math.floor(i / d)]]));
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new UserError(`${t.source}, column "${columns[bad % d].name}", row ${rows[Math.floor(bad / d)] + 1}: too large a number`);
  return ndarray(data, [rows.length, d], "f32");
}
