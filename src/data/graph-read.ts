/** Reads a graph from a file or standard input, whatever its format and compression. */
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { pipeline, type Readable, Transform } from "node:stream";
import * as zlib from "node:zlib";
import { UserError } from "../errors.ts";
import { type EdgeTextOptions, edgeText } from "./graph-edges.ts";
import { type ReadGraph, readGraphMl, readMatrixMarket, readNodeLink } from "./graph-formats.ts";
import { edgeSink, type SinkOptions } from "./graph-sink.ts";
import { readWebGraph, webGraphProperties } from "./graph-webgraph.ts";
import { readTable } from "./read.ts";
import type { Column } from "./table.ts";

/** Formats that are read. */
export const GRAPH_FORMATS = ["edges", "mtx", "graphml", "json", "webgraph", "parquet", "arrow"] as const;
/** The name of one of them. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** How a graph is to be read. */
export interface GraphReadOptions extends EdgeTextOptions, Omit<SinkOptions, "directed"> {
  /** Default: what the file says, else undirected. */
  readonly directed?: boolean;
  /** Default: by the file's ending; edge list otherwise. */
  readonly format?: GraphFormat;
  /** Called now and then with the bytes of the input read so far (text formats and Arrow). */
  readonly onProgress?: (bytes: number) => void;
}

const FORMAT_OF: Record<string, GraphFormat> = {
  ".mtx": "mtx",
  ".graphml": "graphml",
  ".xml": "graphml",
  ".json": "json",
  ".graph": "webgraph",
  ".parquet": "parquet",
  ".arrow": "arrow",
  ".feather": "arrow",
  ".ipc": "arrow",
};

/** A graph from the file at `path`, or from standard input for "-". @throws UserError naming file and line */
export async function readGraph(path: string, options: GraphReadOptions = {}): Promise<ReadGraph> {
  const standardInput = path === "-";
  if (!standardInput && !existsSync(path)) throw new UserError(`${path}: no such file`, "check the path; - reads standard input");
  const source = standardInput ? "standard input" : path;
  const inner = path.replace(/\.(gz|zst)$/, "");
  const format = options.format ?? FORMAT_OF[extname(inner).toLowerCase()] ?? "edges";
  const { directed } = options;
  if (format === "webgraph" || format === "parquet") {
    if (standardInput) throw new UserError(`${format} is not read from standard input`, "give the path of a file");
    if (format === "parquet") return fromColumns((await readTable(path)).columns, source, options);
    const properties = path.replace(/\.graph$/, ".properties");
    if (!existsSync(properties))
      throw new UserError(`${path}: ${properties} is not beside it`, "the .properties file belongs to the .graph file");
    const header = webGraphProperties(await readFile(properties, "utf8"), properties);
    const pairs = readWebGraph(await readFile(path), header, path);
    return { graph: { vertices: header.nodes, directed: directed ?? true, pairs }, notes: [] };
  }
  let read = 0;
  const raw: Readable = standardInput ? process.stdin : createReadStream(path, { highWaterMark: 1 << 20 });
  const input = decompressed(raw, source, (bytes) => options.onProgress?.((read += bytes)));
  if (format === "edges") return fromText(input, source, options);
  const bytes = await collected(input, options);
  if (format === "arrow") return fromArrow(bytes, source, options);
  const text = new TextDecoder().decode(bytes);
  return { mtx: readMatrixMarket, graphml: readGraphMl, json: readNodeLink }[format](text, source, options);
}

async function fromText(input: Readable, source: string, options: GraphReadOptions): Promise<ReadGraph> {
  const sink = edgeSink({ ...options, directed: options.directed ?? false });
  const parser = edgeText(source, sink, options);
  for await (const chunk of input as AsyncIterable<Uint8Array>) parser.write(chunk);
  parser.end();
  return { graph: sink.finish(), notes: [] };
}

async function collected(input: Readable, { memoryLimit = Number.POSITIVE_INFINITY }: GraphReadOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (4 * size > memoryLimit)
      throw new UserError(
        "the input needs more than the memory limit",
        "raise --memory, or convert it to an edge list, which is read as a stream",
      );
  }
  return Buffer.concat(chunks);
}

/** Undoes gzip or zstd, told by the first bytes. */
function decompressed(input: Readable, source: string, onRead: (bytes: number) => void): Readable {
  const zstd = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  let inner: Transform | undefined;
  const out = new Transform({
    readableHighWaterMark: 1 << 20,
    transform(chunk: Buffer, _, done) {
      onRead(chunk.length);
      if (inner === undefined) {
        const magic = chunk.length >= 4 ? chunk.readUInt32LE(0) : 0;
        if (magic === 0xfd2fb528 && !zstd)
          return done(new UserError(`${source}: zstd needs Node 22.15 or later`, "update Node, or decompress it first"));
        if ((magic & 0xffff) === 0x8b1f) inner = zlib.createGunzip();
        else if (magic === 0xfd2fb528) inner = zstd!();
        else inner = new Transform({ transform: (c, _e, ready) => ready(null, c) });
        inner.on("data", (c) => out.push(c));
        inner.on("error", (e) => out.destroy(new UserError(`${source}: damaged compression: ${e.message}`, "the file may be cut off")));
      }
      inner.write(chunk, (error) => (error ? undefined : done()));
    },
    flush(done) {
      if (inner === undefined) return done();
      inner.on("end", () => done());
      inner.end();
    },
  });
  input.on("error", (error) =>
    out.destroy(new UserError(`${source}: cannot be read: ${error.message}`, "check the path; - reads standard input")),
  );
  return pipeline(input, out, () => undefined);
}

const END_NAMES = [/^(source|src|from|tail|u|a|node_?1|id_?1|start)$/i, /^(target|dst|to|head|v|b|node_?2|id_?2|end)$/i];

/** Edges from two columns: those named like ends, or the only two, or those chosen. */
function fromColumns(columns: readonly Column[], source: string, options: GraphReadOptions): ReadGraph {
  const chosen = options.columns?.map((i) => columns[i - 1]) ?? END_NAMES.map((pattern) => columns.find(({ name }) => pattern.test(name)));
  const [a, b] = chosen.every((c) => c !== undefined) ? chosen : columns.length === 2 ? columns : [];
  if (!a || !b)
    throw new UserError(
      `${source}: which columns hold the ends of edges? There are ${columns.map(({ name }) => name).join(", ")}`,
      "name them source and target, or say --columns 1,2",
    );
  const others = columns.filter((c) => c !== a && c !== b);
  if (others.length > 0 && !options.columns)
    throw new UserError(
      `${source}: columns ${others.map(({ name }) => name).join(", ")} would be lost`,
      "--columns says which two to keep, and drops the others",
    );
  const sink = edgeSink({ ...options, directed: options.directed ?? false });
  const numbers = options.ids !== "name" && a.values instanceof Float64Array && b.values instanceof Float64Array;
  for (let i = 0; i < a.values.length; i++) {
    const [x, y] = [a.values[i], b.values[i]];
    if (x === null || y === null || Number.isNaN(x) || Number.isNaN(y)) throw new UserError(`${source}, row ${i + 1}: an end is missing`);
    if (!numbers) sink.addNames(String(x), String(y));
    else {
      if (![x, y].every((v) => Number.isSafeInteger(v) && (v as number) >= 0))
        throw new UserError(
          `${source}, row ${i + 1}: ${x}, ${y} are not whole numbers from 0 to 2^53 - 1`,
          "if vertices have names, say --ids name",
        );
      sink.addNumbers(x as number, y as number);
    }
  }
  return { graph: sink.finish(), notes: [] };
}

async function fromArrow(bytes: Uint8Array, source: string, options: GraphReadOptions): Promise<ReadGraph> {
  const { tableFromIPC } = await import("apache-arrow");
  let columns: Column[];
  try {
    const table = tableFromIPC(bytes);
    columns = table.schema.fields.map(({ name }) => {
      const values = Array.from(table.getChild(name) ?? [], (v) => (typeof v === "bigint" ? Number(v) : v)) as (number | string | null)[];
      const numeric = values.every((v) => typeof v === "number");
      return {
        name,
        values: numeric ? Float64Array.from(values as number[]) : values.map((v) => (v === null ? null : String(v))),
      };
    });
  } catch (error) {
    throw new UserError(`${source}: not an Arrow file: ${(error as Error).message}`, "uncompressed Arrow IPC files and streams are read");
  }
  return fromColumns(columns, source, options);
}
