/** Tables from files: CSV, TSV, JSON and Parquet through DuckDB, NPZ and NPY through our reader; gzip of any but Parquet. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { readNpy } from "../array/npy.ts";
import { readNpz } from "../array/npz.ts";
import { FileFormatError, UserError } from "../errors.ts";
import { arraysToTable } from "./arrays.ts";
import { readColumns, type TextOptions } from "./duckdb.ts";
import { checkJsonDepth } from "./json-depth.ts";
import { type Table, table } from "./table.ts";

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
 * see `arraysToTable`.
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
  if (kind === "json") await checkJsonDepth(path, source);
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
