/** Writes graphs as text, with all that they hold: direction, number of vertices, those on no edge, names with any character. */
import { UserError } from "../errors.ts";
import { type GraphColumn, isNumber, valueText } from "./graph-columns.ts";
import { documentOf } from "./graph-documents.ts";
import { linesOf } from "./graph-lines.ts";
import type { EdgeList } from "./graph-sink.ts";

/** Formats that are written as text. */
export const EDGE_FORMATS = ["edges", "csv", "mtx", "json", "graphml"] as const;
/** The name of one of them. */
export type EdgeFormat = (typeof EDGE_FORMATS)[number];

const CHUNK = 1 << 20;

/**
 * The text of a graph in pieces. "edges": a comment, then two columns with a tab between; "csv": with a heading; "mtx": Matrix Market;
 * "json": node-link; "graphml".
 *
 * @param lends  a piece need only stay what it is until the next but one is asked for
 */
export function* edgeLines(g: EdgeList, format: EdgeFormat, { lends = false } = {}): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  refuseVertexColumns(g, format);
  if (format === "json" || format === "graphml") yield* pieces(documentOf(g, format), encoder);
  else if (format === "mtx") {
    if (g.names) throw new UserError("the vertices have names or sparse numbers, which Matrix Market cannot hold", "use --to csv");
    yield* matrix(g, encoder, lends);
  } else if (g.names || g.columns?.length || g.vertexColumns?.length || (format === "csv" && (g.directed || isolated(g).length > 0)))
    yield* pieces(rows(g, format), encoder);
  else {
    yield encoder.encode(format === "csv" ? "source,target\n" : header(g));
    yield* linesOf(g.pairs, format === "csv" ? 44 : 9, 0, lends);
  }
}

/** @throws UserError  for a format without a place for what stands beside vertices */
export function refuseVertexColumns({ vertexColumns = [] }: EdgeList, format: string): void {
  if (vertexColumns.length === 0 || format === "edges" || format === "json" || format === "graphml") return;
  const names = vertexColumns.map(({ name }) => JSON.stringify(name)).join(", ");
  throw new UserError(
    `${format} has no place for the ${vertexColumns.length} column(s) of vertices: ${names}`,
    "--vertex-table vertices.csv writes them to a file of their own, --drop-columns leaves all columns out; or --to graphml, json or edges",
  );
}

/** A symmetric matrix lists its lower half, and rows count from 1. */
function* matrix(g: EdgeList, encoder: TextEncoder, lends: boolean): Generator<Uint8Array> {
  const { columns = [], directed, vertices } = g;
  const pairs = directed ? g.pairs : g.pairs.map((_, i) => g.pairs[i ^ 1]);
  const values = Array.from({ length: columns.length === 1 ? pairs.length / 2 : 0 }, (_, i) => valueText(columns[0], i));
  if (columns.length > 1 || values.some((value) => value === null || !isNumber(value)))
    throw new UserError("Matrix Market holds one column, with a number for every edge", "use another format, or --drop-columns");
  const said = columns.length > 0 ? `% columns: ${JSON.stringify(columns.map(({ name }) => name))}\n` : "";
  const banner = `%%MatrixMarket matrix coordinate ${columns.length > 0 ? "real" : "pattern"} ${directed ? "general" : "symmetric"}`;
  yield encoder.encode(`${banner}\n${said}${vertices} ${vertices} ${pairs.length / 2}\n`);
  if (columns.length === 0) yield* linesOf(pairs, 32, 1, lends);
  else
    yield* pieces(
      Array.from(values, (value, i) => `${pairs[2 * i] + 1} ${pairs[2 * i + 1] + 1} ${value}\n`),
      encoder,
    );
}

/** Vertices on no edge, ascending. */
export function isolated({ vertices, pairs }: EdgeList): number[] {
  const seen = new Uint8Array(vertices);
  for (const v of pairs) seen[v] = 1;
  const alone: number[] = [];
  for (let v = 0; v < vertices; v++) if (!seen[v]) alone.push(v);
  return alone;
}

/** Text in pieces of about a mebibyte. */
function* pieces(lines: Iterable<string>, encoder: TextEncoder): Generator<Uint8Array> {
  let block = "";
  for (const line of lines) {
    block += line;
    if (block.length > CHUNK) {
      yield encoder.encode(block);
      block = "";
    }
  }
  yield encoder.encode(block);
}

function header({ vertices, pairs, directed, names, columns = [], vertexColumns = [] }: EdgeList): string {
  const kind = names === undefined ? "" : names instanceof Float64Array ? "numbered " : "named ";
  const listed = (what: string, of: readonly GraphColumn[]): string =>
    of.length > 0 ? `# ${what}: ${JSON.stringify(of.map(({ name }) => name))}\n` : "";
  const beside = listed("columns", columns) + listed("vertex columns", vertexColumns);
  return `# ${vertices} ${kind}vertices, ${pairs.length / 2} ${directed ? "directed" : "undirected"} edges\n${beside}`;
}

/** Rows with names; vertices on no edge, and those with values, are comments in a list with tabs, rows with one end in a CSV file. */
function* rows(g: EdgeList, format: "edges" | "csv"): Generator<string> {
  const { pairs, directed, names, columns = [], vertexColumns = [] } = g;
  const text = Array.from({ length: g.vertices }, (_, v) => (names ? csvCell(String(names[v])) : String(v)));
  const separator = format === "csv" ? "," : "\t";
  // a column of that name could be taken for the direction, were it not said
  const typed = directed || columns.some(({ name }) => /^type$/i.test(name));
  const type = format !== "csv" || !typed ? "" : directed ? ",Directed" : ",Undirected";
  const value = (text: string | null): string => separator + (text === null ? "" : csvCell(text));
  yield format === "csv" ? heading(g, type !== "") : header(g);
  for (let i = 0; i < pairs.length; i += 2) {
    const values = columns.map((column) => value(valueText(column, i / 2))).join("");
    yield `${text[pairs[i]]}${separator}${text[pairs[i + 1]]}${type}${values}\n`;
  }
  const alone = isolated(g);
  if (format === "csv") for (const v of alone) yield `${text[v]},${type}\n`;
  else {
    const onNoEdge = new Set(alone);
    for (let v = 0; v < g.vertices; v++) {
      const values = vertexColumns.map((column) => valueText(column, v));
      if (onNoEdge.has(v) || values.some((x) => x !== null)) yield `# vertex\t${text[v]}${values.map(value).join("")}\n`;
    }
  }
}

/** What a first row of numbers, or a name that reads like a heading, would leave open is said by types. */
function heading({ names, pairs, columns = [] }: EdgeList, typed: boolean): string {
  const numeric = (v: number | undefined): boolean => v !== undefined && names !== undefined && /^[-+\d.]/.test(String(names[v]));
  const first = pairs.length > 0 ? pairs[0] : 0;
  const doubtful = numeric(first) || (Array.isArray(names) && names.some((name) => /^(source|target)$/i.test(name)));
  const kind = names instanceof Float64Array ? ":long" : doubtful ? ":string" : "";
  const beside = columns.map(({ name }) => `,${csvCell(name)}`).join("");
  return `source${kind},target${kind}${typed ? ",type" : ""}${beside}\n`;
}

/** A name in quotation marks if it could be taken for something else. */
export const csvCell = (name: string): string =>
  /[",;\n\r\t]|^\s|\s$|^(#|%|\/\/)/.test(name) || name === "" ? `"${name.replaceAll('"', '""')}"` : name;
