/** Reads a graph from a file or standard input, whatever its format and compression. */
import { createReadStream, existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { UserError } from "../errors.ts";
import { arrowTable } from "./arrow-table.ts";
import { decompressed } from "./decompress.ts";
import { readIdColumns } from "./duckdb.ts";
import { type EdgeListOptions, graphOfDocument, graphOfEdges, isMatrixMarket } from "./graph-bytes.ts";
import { columnSet, distinctNames, droppedNote, isNumber, keptNote } from "./graph-columns.ts";
import type { ReadGraph } from "./graph-formats.ts";
import { parquetFacts } from "./graph-parquet.ts";
import type { SecondReading } from "./graph-second-reading.ts";
import { edgeSink, type SaidOfGraph, undirectedNote } from "./graph-sink.ts";
import { vertexTableAgain, withVertexTable } from "./graph-vertex-table.ts";
import { readWebGraph, webGraphProperties } from "./graph-webgraph.ts";
import type { Column } from "./table.ts";

/** Formats that are read. */
export const GRAPH_FORMATS = ["edges", "mtx", "graphml", "json", "webgraph", "parquet", "arrow", "gml", "pajek", "metis"] as const;
/** The name of one of them. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** How a graph is to be read. */
export interface GraphReadOptions extends EdgeListOptions {
  /** Default: by the file's ending; edge list otherwise. */
  readonly format?: GraphFormat;
  /** Called now and then with the bytes of the input read so far (text formats and Arrow). */
  readonly onProgress?: (bytes: number) => void;
  /** A table of the vertices, whose columns are kept beside them: CSV, Parquet or Arrow. */
  readonly vertexTable?: string;
}

const FORMAT_OF: Record<string, GraphFormat> = {
  ".mtx": "mtx",
  ".graphml": "graphml",
  ".xml": "graphml",
  ".json": "json",
  ".graph": "webgraph",
  ".gml": "gml",
  ".net": "pajek",
  ".paj": "pajek",
  ".metis": "metis",
  ".parquet": "parquet",
  ".arrow": "arrow",
  ".feather": "arrow",
  ".ipc": "arrow",
};

/** A graph from the file at `path`, or from standard input for "-". @throws UserError naming file and line */
export async function readGraph(path: string, options: GraphReadOptions = {}): Promise<ReadGraph> {
  const found = await readFileOf(path, options);
  return options.vertexTable === undefined ? found : withVertexTable(found, options.vertexTable, options);
}

async function readFileOf(path: string, options: GraphReadOptions): Promise<ReadGraph> {
  const standardInput = path === "-";
  if (!standardInput && !existsSync(path)) throw new UserError(`${path}: no such file`, "check the path; - reads standard input");
  const source = standardInput ? "standard input" : path;
  const inner = path.replace(/\.(gz|zst)$/, "");
  const format = options.format ?? (await isMetis(path)) ?? FORMAT_OF[extname(inner).toLowerCase()] ?? "edges";
  const { directed } = options;
  if (format === "webgraph" || format === "parquet") {
    if (standardInput) throw new UserError(`${format} is not read from standard input`, "give the path of a file");
    if (format === "parquet") return fromColumns(await readIdColumns(path, source), source, options, await parquetFacts(path));
    const properties = path.replace(/\.graph$/i, ".properties");
    if (!existsSync(properties))
      throw new UserError(`${path}: ${properties} is not beside it`, "the .properties file belongs to the .graph file");
    const header = webGraphProperties(await readFile(properties, "utf8"), properties);
    const pairs = readWebGraph(await readFile(path), header, path);
    return { graph: { vertices: header.nodes, directed: directed ?? true, pairs }, notes: [] };
  }
  let read = 0;
  const whole = decompressed(bytesOf(path, source), source, (bytes) => options.onProgress?.((read += bytes)));
  const { input, isMatrix } = await announced(whole);
  if (format === "edges" && options.format === undefined && isMatrix)
    return graphOfDocument("mtx", await collected(input, options), source, options);
  if (format === "edges") return graphOfEdges(input, source, options);
  const bytes = await collected(input, options);
  if (format === "arrow") return fromColumns(await arrowTable(bytes, source), source, options);
  return graphOfDocument(format, bytes, source, options);
}

/** METIS and WebGraph both end in .graph: without its properties, and with two numbers first, it is one of METIS. */
async function isMetis(path: string): Promise<"metis" | undefined> {
  if (!/\.graph$/i.test(path) || existsSync(path.replace(/\.graph$/i, ".properties"))) return undefined;
  for await (const chunk of createReadStream(path, { end: 4095 }))
    return /^(\s*%[^\n]*\n)*\s*\d+\s+\d+[ \d]*\r?\n/.test((chunk as Buffer).toString("latin1")) ? "metis" : undefined;
  return undefined;
}

/**
 * The file in a second reading, by other code than `readGraph`.
 * @throws UserError
 */
export async function readAgain(path: string, options: GraphReadOptions): Promise<SecondReading> {
  const reading = await readFileAgain(path, options);
  if (options.vertexTable === undefined || options.others === "drop") return reading;
  const { attributes, vertices } = await vertexTableAgain(options.vertexTable);
  // properties of a reading may be known only when its rows have been read
  return {
    by: reading.by,
    byName: reading.byName,
    rows: reading.rows,
    get directed() {
      return reading.directed;
    },
    get vertices() {
      return [...(reading.vertices ?? []), ...vertices];
    },
    get attributes() {
      return [...(reading.attributes ?? []), ...attributes];
    },
  };
}

async function readFileAgain(path: string, options: GraphReadOptions): Promise<SecondReading> {
  const format = options.format ?? (await isMetis(path)) ?? FORMAT_OF[extname(path.replace(/\.(gz|zst)$/, "")).toLowerCase()] ?? "edges";
  const { secondReading } = await import("./graph-second.ts");
  const how = { columns: options.columns, beside: options.others !== "drop", ids: options.ids };
  const whole = decompressed(bytesOf(path, path), path);
  if (format === "parquet") return secondReading(path, format, { ...how, bytes: whole }); // which opens the file itself
  const { input, isMatrix } = await announced(whole);
  const isOther = isMatrix && format === "edges" && options.format === undefined;
  return secondReading(path, isOther ? "mtx" : format, { ...how, bytes: input });
}

/** Does the input begin as a Matrix Market file does, whatever it is called? The bytes come as they were. */
async function announced(bytes: AsyncGenerator<Uint8Array>): Promise<{ input: AsyncIterable<Uint8Array>; isMatrix: boolean }> {
  const first = await bytes.next();
  async function* input(): AsyncGenerator<Uint8Array> {
    try {
      if (!first.done) yield first.value;
      yield* bytes;
    } finally {
      await bytes.return(undefined); // who stops at the first piece closes the file too
    }
  }
  return { input: input(), isMatrix: !first.done && isMatrixMarket(first.value) };
}

async function collected(
  input: AsyncIterable<Uint8Array>,
  { memoryLimit = Number.POSITIVE_INFINITY }: GraphReadOptions,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input) {
    chunks.push(chunk.slice());
    size += chunk.length;
    if (4 * size > memoryLimit)
      throw new UserError(
        "the input needs more than the memory limit",
        "raise --memory, or convert it to an edge list, which is read as a stream",
      );
  }
  return Buffer.concat(chunks);
}

/** The bytes of standard input, or of a file. */
async function* bytesOf(path: string, source: string): AsyncGenerator<Uint8Array> {
  try {
    yield* path === "-" ? process.stdin : fileBytes(path);
  } catch (error) {
    throw new UserError(`${source}: cannot be read: ${(error as Error).message}`, "check the path; - reads standard input");
  }
}

/** Bytes that are read at a time. */
const PIECE = 1 << 19;

/** The bytes of a file, each piece in the place of the one before: fresh memory for every piece takes ten times as long as reading it. */
async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const piece = new Uint8Array(PIECE);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PIECE, null);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

const END_NAMES = [/^(source|src|from|tail|u|a|node_?1|id_?1|start)$/i, /^(target|dst|to|head|v|b|node_?2|id_?2|end)$/i];

/** Edges from two columns: those named like ends, or the only two, or those chosen. */
function fromColumns(columns: readonly Column[], source: string, options: GraphReadOptions, said?: SaidOfGraph): ReadGraph {
  const chosen =
    options.columns?.slice(0, 2).map((i) => columns[i - 1]) ?? END_NAMES.map((pattern) => columns.find(({ name }) => pattern.test(name)));
  const [a, b] = chosen.every((c) => c !== undefined) ? chosen : columns.length === 2 ? columns : [];
  if (!a || !b)
    throw new UserError(
      `${source}: which columns hold the ends of edges? There are ${columns.map(({ name }) => name).join(", ")}`,
      "name them source and target, or say --columns 1,2",
    );
  const others = options.columns
    ? options.columns.slice(2).flatMap((i) => columns[i - 1] ?? [])
    : columns.filter((c) => c !== a && c !== b);
  if (others.length > 0 && options.others === "refuse")
    throw new UserError(
      `${source}: columns ${others.map(({ name }) => name).join(", ")} are beside the ends, and --strict keeps none`,
      "--columns says which two to keep, and drops the others",
    );
  const names = distinctNames(
    others.map(({ name }) => name),
    3,
  );
  const beside = columnSet("text", options.others === "drop" ? [] : names);
  const sink = edgeSink(options);
  const ends = [a, b].map(({ values }) => Array.from(values as ArrayLike<string | number | null>, (v) => (v === null ? null : String(v))));
  const whole = ends.every((column) => column.every((v) => v === null || /^\d+$/.test(v)));
  const safe = whole && ends.every((column) => column.every((v) => v === null || (Number.isSafeInteger(Number(v)) && !/^0\d/.test(v))));
  const numbers = options.ids !== "name" && safe;
  if (options.ids === "number" && !safe)
    throw new UserError(`${source}: not all ends are whole numbers from 0 to 2^53 - 1`, "say --ids name");
  for (let i = 0; i < a.values.length; i++) {
    const [x, y] = [ends[0][i], ends[1][i]];
    if (said && x !== null && y === null) {
      sink.addVertex(numbers ? Number(x) : x);
      continue;
    }
    if (options.others !== "drop")
      others.forEach(({ values }, k) => {
        const text = values[i] === null || values[i] === undefined ? null : String(values[i]);
        if (text !== null && !(typeof values[i] === "number" && text === "NaN"))
          beside.put(names[k], sink.edges(), text, isNumber(text) ? "number" : "text");
      });
    if (x === null || y === null || x === "NaN" || y === "NaN") throw new UserError(`${source}, row ${i + 1}: an end is missing`);
    if (numbers) sink.addNumbers(Number(x), Number(y));
    else sink.addNames(x, y);
  }
  const notes = whole && !numbers && options.ids !== "name" ? ["vertices are named: some numbers are above 2^53 - 1 or begin with 0"] : [];
  if (said?.directed === undefined && options.directed === undefined) notes.unshift(undirectedNote);
  const kept = beside.finish(sink.edges());
  notes.push(...keptNote(kept), ...(options.others === "drop" ? droppedNote(names) : []));
  return { graph: { ...sink.finish(said), ...(kept && { columns: kept }) }, notes };
}
