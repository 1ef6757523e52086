/** Tables from files: CSV, TSV, JSON and Parquet through DuckDB, NPZ and NPY through our reader; gzip of any but Parquet. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { readNpy } from "../array/npy.ts";
import { readNpz } from "../array/npz.ts";
import { FileFormatError, UserError } from "../errors.ts";
import { arraysToTable } from "./arrays.ts";
import { readColumns, type TextOptions } from "./duckdb.ts";
import { fromText } from "./formula-text.ts";
import { checkJsonDepth } from "./json-depth.ts";
import { checkUnpacked, gunzipped, mostBytes } from "./memory.ts";
import { isNumeric, type Table, table } from "./table.ts";

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
  if (kind !== "csv" && (options.decimal || options.missing)) throw new UserError(`${source}: --decimal and --missing are for text files`);
  if (kind === "npz" || kind === "npy") return readArrays(path, source, kind, options);
  // DuckDB takes a path for a pattern
  if (/[*?[\]]/.test(path)) throw new UserError(`${path}: a path with *, ?, [ or ] cannot be read`, "rename the file");
  if (/\.gz$/i.test(path)) await checkUnpacked(path, source, options.most);
  if (kind === "json") await checkJsonDepth(path, source);
  const columns = await readColumns(path, source, kind, options);
  if (columns.length === 0 || columns[0].values.length === 0) throw new UserError(`${source}: the table has no rows`);
  return kind === "csv" ? withoutMarks(table(source, columns)) : table(source, columns);
}

/** Marks before text that is a formula to spreadsheets are no part of it. */
function withoutMarks(t: Table): Table {
  const notes: string[] = [];
  const columns = t.columns.map(({ name, values }) => {
    if (isNumeric(values)) return { name: fromText(name), values };
    const read = values.map((v) => v && fromText(v));
    const marked = read.flatMap((v, i) => (v === values[i] ? [] : [i + 1]));
    if (marked.length > 0)
      notes.push(
        `${t.source}: column "${fromText(name)}": ${marked.length} texts with a ' before = + - or @ are read without it, as spreadsheets do (first: row ${marked[0]})`,
      );
    return { name: fromText(name), values: read };
  });
  return { ...t, columns, ...(notes.length > 0 && { notes: [...(t.notes ?? []), ...notes] }) };
}

async function readArrays(path: string, source: string, kind: "npz" | "npy", { most }: TextOptions): Promise<Table> {
  let bytes: Uint8Array = await readFile(path);
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = await gunzipped(bytes, source, most);
    return arraysToTable(
      source,
      kind === "npz" ? readNpz(bytes, { maxBytes: Math.min(most ?? mostBytes(), 2 ** 31) }) : { x: readNpy(bytes) },
    );
  } catch (error) {
    if (error instanceof FileFormatError) throw new UserError(`${source}: ${error.message}`);
    throw error;
  }
}
