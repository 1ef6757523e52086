/** Tables of vertices in files of their own, for formats without a place for what stands beside vertices. */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { UserError } from "../errors.ts";
import { arrowTable } from "./arrow-table.ts";
import { decompressed } from "./decompress.ts";
import { readIdColumns, withDuckDb } from "./duckdb.ts";
import { distinctNames, type GraphColumn, isNumber, valueText } from "./graph-columns.ts";
import type { ReadGraph } from "./graph-formats.ts";
import { fields, isOpen, separatorOf } from "./graph-rows.ts";
import type { Attribute } from "./graph-second-reading.ts";
import { type EdgeList, edgeSink } from "./graph-sink.ts";
import { byVertex, type VertexChoice, vertexValues } from "./graph-vertex-values.ts";
import { csvCell } from "./graph-write.ts";

/** A table with a row for each vertex. */
interface VertexTable {
  /** The heading of the column that says what vertices are called. */
  readonly id: string;
  readonly names: readonly string[];
  readonly rows: readonly { readonly vertex: string; readonly values: readonly (string | undefined)[] }[];
}

/** "id", or Neo4j's ":ID" and "personId:ID(Person)"; else the first column. */
const idColumn = (names: readonly (string | undefined)[]): number =>
  Math.max(
    0,
    names.findIndex((name) => /(^|:)id(\(.*\))?$/i.test(name ?? "")),
  );

function tableOf(
  source: string,
  heading: readonly (string | undefined)[],
  rows: readonly (readonly (string | undefined)[])[],
): VertexTable {
  const refuse = (row: number, what: string): never => {
    throw new UserError(`${source}, row ${row + 1}: ${what}`, "a table of vertices has a heading, and a row for each vertex");
  };
  const at = idColumn(heading);
  const others = heading.map((_, k) => k).filter((k) => k !== at);
  const names = distinctNames(
    others.map((k) => heading[k]),
    1,
    [],
  );
  const seen = new Set<string>();
  const read = rows.map((row, i) => {
    if (row.length !== heading.length) refuse(i, `${row.length} columns, ${heading.length} in the heading`);
    const vertex = row[at] ?? refuse(i, "it does not say which vertex it is");
    if (seen.has(vertex)) refuse(i, `the vertex ${JSON.stringify(vertex)} comes twice`);
    seen.add(vertex);
    return { vertex, values: others.map((k) => row[k]) };
  });
  return { id: heading[at] ?? "", names, rows: read };
}

const kindOf = (path: string): "parquet" | "arrow" | "text" => {
  const ending = extname(path).toLowerCase();
  return ending === ".parquet" ? "parquet" : [".arrow", ".feather", ".ipc"].includes(ending) ? "arrow" : "text";
};

/** CSV, TSV, Parquet or Arrow. @throws UserError */
async function readVertexTable(path: string, memoryLimit: number): Promise<VertexTable> {
  const kind = kindOf(path);
  const bytes = await readFile(path).catch((error: Error) => {
    throw new UserError(`${path}: cannot be read: ${error.message}`, "check the path of --vertex-table");
  });
  if (4 * bytes.length > memoryLimit) throw new UserError(`${path} needs more than the memory limit`, "raise --memory");
  if (kind === "text") return textTable(await textOf(bytes, path, memoryLimit), path);
  const columns = kind === "arrow" ? await arrowTable(bytes, path) : await readIdColumns(path, path);
  const text = (value: number | string | null): string | undefined =>
    value === null || (typeof value === "number" && Number.isNaN(value)) ? undefined : String(value);
  const rows = Array.from({ length: columns[0]?.values.length ?? 0 }, (_, i) => columns.map(({ values }) => text(values[i])));
  return tableOf(
    path,
    columns.map(({ name }) => name),
    rows,
  );
}

async function textOf(bytes: Uint8Array, path: string, memoryLimit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of decompressed(pieceOf(bytes), path)) {
    chunks.push(chunk.slice());
    size += chunk.length;
    if (4 * size > memoryLimit) throw new UserError(`${path} needs more than the memory limit`, "raise --memory");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new UserError(`${path}: not UTF-8 text`, "convert it to UTF-8");
  }
}

async function* pieceOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Rows of text; a quoted cell may go on in the next line. */
function textTable(text: string, path: string): VertexTable {
  const lines = text.split("\n");
  const separator = separatorOf(lines[0] ?? "");
  const rows: (string | undefined)[][] = [];
  let row = "";
  lines.forEach((line, i) => {
    row += row === "" ? line : `\n${line}`;
    if (i < lines.length - 1 && isOpen(row, separator)) return;
    if (isOpen(row, separator)) throw new UserError(`${path}: a quotation mark is never closed`, "the file may be cut off");
    if (row.trim() !== "") rows.push(fields(row.replace(/\r$/, ""), separator, false));
    row = "";
  });
  if (rows.length === 0) throw new UserError(`${path}: no heading`, "a table of vertices names its columns in the first row");
  return tableOf(path, rows[0], rows.slice(1));
}

/** How a table is joined to a graph. */
export interface VertexTableOptions extends VertexChoice {
  readonly nameOrder?: "sorted" | "input";
  readonly memoryLimit?: number;
}

/**
 * The graph with the columns of a table beside its vertices; those that only the table has are on no edge.
 * @throws UserError  for a vertex that comes twice, or that is no number where the vertices of the graph are
 */
export async function withVertexTable({ graph: g, notes }: ReadGraph, path: string, options: VertexTableOptions): Promise<ReadGraph> {
  const table = await readVertexTable(path, options.memoryLimit ?? Number.POSITIVE_INFINITY);
  const named = Array.isArray(g.names);
  const called = table.rows.map(({ vertex }, i) => (named ? vertex : numberOf(vertex, `${path}, row ${i + 1}`)));
  const { graph, more } = joined(g, called, options);
  const taken = (g.vertexColumns ?? []).map(({ name }) => name);
  const names = distinctNames(table.names, 1, taken);
  const own = vertexValues(path, "text", options, names);
  table.rows.forEach(({ values }, i) =>
    values.forEach((value, k) => {
      if (value !== undefined) own.put(called[i], names[k], value, isNumber(value) ? "number" : "text");
    }),
  );
  const found = own.beside({ ...graph, vertexColumns: undefined });
  const vertexColumns = [...(graph.vertexColumns ?? []), ...(found.graph.vertexColumns ?? [])];
  const told = [
    `${path}: vertices are called by its column ${JSON.stringify(table.id)}`,
    ...(more > 0 ? [`${path}: ${more} of its vertices are on no edge`] : []),
  ];
  return { graph: { ...graph, ...(vertexColumns.length > 0 && { vertexColumns }) }, notes: [...notes, ...told, ...found.notes] };
}

function numberOf(text: string, where: string): number {
  if (!/^(0|[1-9]\d*)$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new UserError(
      `${where}: ${JSON.stringify(text)} is no number of a vertex`,
      "the graph has numbers; --ids name takes them for names",
    );
  return Number(text);
}

/** The graph with further vertices on no edge. */
function joined(g: EdgeList, called: readonly (string | number)[], options: VertexTableOptions): { graph: EdgeList; more: number } {
  const { names, vertices, pairs, directed } = g;
  const name = (v: number): string | number => (names ? names[v] : v);
  if (!names) {
    const more = called.filter((v) => Number(v) >= vertices);
    const wanted = more.reduce<number>((most, v) => Math.max(most, Number(v) + 1), vertices);
    if (wanted > 2 * (vertices + called.length) + 1024)
      throw new UserError(
        `vertex ${wanted - 1} of the table is far above those on edges (${vertices})`,
        "--ids name takes numbers for names",
      );
    return { graph: withVertices(g, wanted), more: more.length };
  }
  const known = new Map(Array.from({ length: vertices }, (_, v) => [name(v), v]));
  const more = called.filter((v) => !known.has(v));
  if (more.length === 0) return { graph: g, more: 0 };
  const sink = edgeSink({ ...options, directed });
  for (const v of known.keys()) sink.addVertex(v);
  for (const v of more) sink.addVertex(v);
  for (let i = 0; i < pairs.length; i += 2) {
    const [a, b] = [name(pairs[i]), name(pairs[i + 1])];
    if (typeof a === "number" && typeof b === "number") sink.addNumbers(a, b);
    else sink.addNames(String(a), String(b));
  }
  const graph = sink.finish({ exact: true });
  const { columns, vertexColumns } = g;
  const kept = vertexColumns && byVertex(graph, vertexColumns, known);
  return { graph: { ...graph, ...(columns && { columns }), ...(kept && { vertexColumns: kept }) }, more: more.length };
}

const withVertices = (g: EdgeList, vertices: number): EdgeList =>
  vertices === g.vertices
    ? g
    : { ...g, vertices, ...(g.vertexColumns && { vertexColumns: byVertex({ ...g, vertices }, g.vertexColumns, ownPlaces(g.vertices)) }) };

const ownPlaces = (vertices: number): ReadonlyMap<number, number> => new Map(Array.from({ length: vertices }, (_, v) => [v, v]));

/** The table of the vertices of a graph as CSV, in pieces. */
export function* vertexTableLines({ vertices, names, vertexColumns = [] }: EdgeList): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const row = (cells: readonly (string | null)[]): string => `${cells.map((cell) => (cell === null ? "" : csvCell(cell))).join(",")}\n`;
  const free = distinctNames(
    vertexColumns.map(({ name }) => name),
    1,
    ["id"],
  );
  let block = row(["id", ...free]);
  for (let v = 0; v < vertices; v++) {
    block += row([String(names ? names[v] : v), ...vertexColumns.map((column) => valueText(column, v))]);
    if (block.length < 1 << 20) continue;
    yield encoder.encode(block);
    block = "";
  }
  yield encoder.encode(block);
}

/** The table of the vertices as Parquet. */
export async function writeVertexParquet({ vertices, names, vertexColumns = [] }: EdgeList, path: string): Promise<void> {
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const type = ({ values }: GraphColumn): string => (values instanceof Float64Array ? "DOUBLE" : "VARCHAR");
  const free = distinctNames(
    vertexColumns.map(({ name }) => name),
    1,
    ["id"],
  );
  await withDuckDb(async (db) => {
    const text = Array.isArray(names);
    const columns = vertexColumns.map((column, k) => `, ${quoted(free[k])} ${type(column)}`);
    await db.run(`CREATE TABLE vertices (id ${text ? "VARCHAR" : "BIGINT"}${columns.join("")})`);
    const rows = await db.createAppender("vertices");
    for (let v = 0; v < vertices; v++) {
      if (text) rows.appendVarchar(String(names[v]));
      else rows.appendBigInt(BigInt(names ? Number(names[v]) : v));
      for (const column of vertexColumns) {
        const value = valueText(column, v);
        if (value === null) rows.appendNull();
        else if (column.values instanceof Float64Array) rows.appendDouble(Number(value));
        else rows.appendVarchar(value);
      }
      rows.endRow();
    }
    rows.closeSync();
    await db.run(`COPY vertices TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`);
  });
}

/** The values of a table in a second reading, by DuckDB. @throws UserError */
export async function vertexTableAgain(path: string): Promise<{ attributes: Attribute[]; vertices: string[] }> {
  const kind = kindOf(path);
  if (kind === "arrow")
    throw new UserError(`${path}: a table of vertices in Arrow is not read a second time`, "verify with a CSV or Parquet table");
  const from =
    kind === "parquet"
      ? "read_parquet($path)"
      : "read_csv($path, header = false, all_varchar = true, quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, null_padding = true, comment = '')";
  return withDuckDb(async (db) => {
    const described = (await db.runAndReadAll(`DESCRIBE FROM ${from}`, { path })).getRows().map(([name]) => String(name));
    const wanted = described.map((name) => `'_' || "${name.replaceAll('"', '""')}"::VARCHAR`);
    const found = (await db.runAndReadAll(`SELECT ${wanted.join(", ")} FROM ${from}`, { path })).getRows();
    const all = found.map((row) => row.map((x) => (x === null ? undefined : String(x).slice(1))));
    const [heading = [], ...rows] = kind === "parquet" ? [described, ...all] : all;
    const marked = heading.findIndex((name) => /(^|:)id(\(.*\))?$/i.test(name ?? ""));
    const at = Math.max(0, marked);
    const attributes = rows.flatMap((row) =>
      row.flatMap((value, k): Attribute[] => (k === at || value === undefined ? [] : [[row[at] ?? "", heading[k] ?? "", value]])),
    );
    return { attributes, vertices: rows.map((row) => row[at] ?? "") };
  });
}
