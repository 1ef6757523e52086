/** Tables from files: CSV, TSV, JSON and Parquet through DuckDB, NPZ and NPY through our reader; gzip of any but Parquet. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type NdArray, toNumbers } from "../array/ndarray.ts";
import { readNpy, type StringArray } from "../array/npy.ts";
import { readNpz } from "../array/npz.ts";
import { FileFormatError, UserError } from "../errors.ts";
import { readColumns, type TextOptions } from "./duckdb.ts";
import { type Column, type Table, table } from "./table.ts";

const kinds: Record<string, "csv" | "json" | "parquet" | "npz" | "npy"> = {
  csv: "csv",
  tsv: "csv",
  txt: "csv",
  tab: "csv",
  json: "json",
  jsonl: "json",
  ndjson: "json",
  parquet: "parquet",
  pq: "parquet",
  npz: "npz",
  npy: "npy",
};
const known = "CSV, TSV, JSON, Parquet, NPZ and NPY files are read (also .gz)";

/**
 * Reads a file as a table. Integers, decimals and booleans become doubles; dates, times and nested values become text. In an NPZ file
 * a vector is a column, and a matrix X of k columns becomes X1 .. Xk; arrays of another length than most are left out.
 *
 * @param options  how a text file writes its numbers
 * @throws UserError  naming the file and what is wrong in it
 */
export async function readTable(path: string, options: TextOptions = {}): Promise<Table> {
  const source = basename(path);
  if (!existsSync(path)) throw new UserError(`${path}: there is no such file`, "check the path");
  if (statSync(path).isDirectory()) throw new UserError(`${path} is a folder, not a file`, known);
  if (statSync(path).size === 0) throw new UserError(`${source}: the file is empty`);
  const name = source.toLowerCase().replace(/\.gz$/, "");
  const extension = name.slice(name.lastIndexOf(".") + 1);
  const kind = Object.hasOwn(kinds, extension) ? kinds[extension] : undefined;
  if (!kind) throw new UserError(`${source}: ".${extension}" is not a kind of file that is read`, known);
  if (kind === "npz" || kind === "npy") return readArrays(path, source, kind);
  // DuckDB takes a path for a pattern
  if (/[*?[\]]/.test(path)) throw new UserError(`${path}: a path with *, ?, [ or ] cannot be read`, "rename the file");
  if (kind !== "csv" && (options.decimal || options.missing)) throw new UserError(`${source}: --decimal and --missing are for text files`);
  const columns = await readColumns(path, source, kind, options);
  if (columns.length === 0 || columns[0].values.length === 0) throw new UserError(`${source}: the table has no rows`);
  return table(source, columns);
}

async function readArrays(path: string, source: string, kind: "npz" | "npy"): Promise<Table> {
  let bytes: Uint8Array = await readFile(path);
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = await promisify(gunzip)(bytes, { maxOutputLength: 2 ** 32 });
    return arraysToTable(source, kind === "npz" ? readNpz(bytes) : { x: readNpy(bytes) });
  } catch (error) {
    if (error instanceof FileFormatError || (error as NodeJS.ErrnoException).code?.startsWith("Z_"))
      throw new UserError(`${source}: ${(error as Error).message}`);
    throw error;
  }
}

function arraysToTable(source: string, arrays: Record<string, NdArray | StringArray>): Table {
  const usable = Object.entries(arrays).filter(([, a]) => a.shape.length === 1 || a.shape.length === 2);
  const shapeOf = ([name, a]: (typeof usable)[number]): string => `"${name}" of shape [${a.shape.join(", ")}]`;
  if (usable.length === 0)
    throw new UserError(
      `${source}: no vector or matrix among the arrays, only ${Object.entries(arrays).map(shapeOf).join(", ")}`,
      "a table is a matrix [rows, columns] or vectors of one length; reshape the array",
    );
  const counts = new Map<number, number>();
  for (const [, { shape }] of usable) counts.set(shape[0], (counts.get(shape[0]) ?? 0) + 1);
  const [rows] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  const fits = ([, { shape }]: (typeof usable)[number]): boolean => shape.length > 0 && shape.length <= 2 && shape[0] === rows;
  const columns = usable.filter(fits).flatMap(([name, a]) => arrayColumns(name, a));
  if (rows === 0) throw new UserError(`${source}: the arrays have no rows`);
  const others = Object.entries(arrays).filter((entry) => !fits(entry));
  return table(source, columns, others.length > 0 ? [`no columns of ${rows} rows, left out: ${others.map(shapeOf).join(", ")}`] : []);
}

function arrayColumns(name: string, array: NdArray | StringArray): Column[] {
  const [rows, width = 1] = array.shape;
  const flat: ArrayLike<number | string> = array.dtype === "string" ? array.data : toNumbers(array);
  return Array.from({ length: width }, (_, j) => {
    const cell = (i: number) => flat[i * width + j];
    const values = array.dtype === "string" ? Array.from({ length: rows }, (_, i) => cell(i) as string) : new Float64Array(rows);
    if (values instanceof Float64Array) for (let i = 0; i < rows; i++) values[i] = cell(i) as number;
    return { name: array.shape.length === 1 ? name : `${name}${j + 1}`, values };
  });
}
