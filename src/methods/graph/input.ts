/** What the graph commands read: graphs in any format, and compressed files. */
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { distinctEdges, type Graph } from "../../coding/graph.ts";
import { GRAPH_FORMATS, type GraphReadOptions, readGraph } from "../../data/graph-read.ts";
import { UserError } from "../../errors.ts";
import { talkOptions } from "../../lab/options.ts";
import { byteSize, type Talk, withProgress } from "./output.ts";

/** Options of every graph command. */
export const talking = {
  memory: z.string().default("4G").describe("most memory to use for the graph").meta({ placeholder: "size" }),
  ...talkOptions,
};

/** Options of commands that read a compressed file. */
export const opening = {
  trust: z.boolean().default(false).describe("also read a file of few bytes that says it holds millions of edges"),
};

/** Options of commands that read a graph. */
export const reading = {
  directed: z.boolean().default(false).describe("edges (a, b) and (b, a) are different"),
  undirected: z.boolean().default(false).describe("they are the same; the default unless the file says otherwise"),
  from: z
    .enum(GRAPH_FORMATS)
    .optional()
    .describe(`format of the input: ${GRAPH_FORMATS.join(", ")} (default: by its ending, else an edge list)`),
  ids: z.enum(["auto", "number", "name"]).default("auto").describe("what vertices are called"),
  columns: z
    .string()
    .optional()
    .describe("the two columns that hold the edge, from 1, then those that are kept beside it; the others are dropped")
    .meta({ placeholder: "a,b,…" }),
  strict: z.boolean().default(false).describe("refuse what stands beside edges and vertices instead of keeping it"),
  dropColumns: z.boolean().default(false).describe("leave out what stands beside edges and vertices"),
  heading: z.enum(["yes", "no"]).optional().describe("is the first row of an edge list a heading? (default: by what it says, with a note)"),
  bipartite: z.boolean().default(false).describe("the two columns of an edge list number vertices of two kinds"),
  names: z.enum(["sorted", "input"]).default("sorted").describe("number named vertices sorted, or as the input mentions them"),
  vertexTable: z
    .string()
    .optional()
    .describe("a table of the vertices (CSV, Parquet or Arrow), whose columns are kept beside them")
    .meta({ placeholder: "file" }),
  vertices: z.int().min(0).optional().describe("number of vertices, when some at the end are on no edge"),
  distinct: z.boolean().default(false).describe("keep every edge once, drop its repeats"),
  ...talking,
};
export type ReadingOptions = z.infer<z.ZodObject<typeof reading>>;

export const graphInput =
  "edge list, Matrix Market, GraphML, node-link JSON, WebGraph, Parquet or Arrow; also .gz and .zst; - for standard input";

/** The options of the reader. @throws UserError */
export function readingOf(options: ReadingOptions): GraphReadOptions {
  const { directed, undirected, from, ids, heading, bipartite, names, vertices, vertexTable, memory, strict, dropColumns } = options;
  if (strict && dropColumns) throw new UserError("--strict and --drop-columns exclude each other");
  if (directed && undirected) throw new UserError("--directed and --undirected exclude each other");
  return {
    directed: directed ? true : undirected ? false : undefined,
    format: from,
    ids,
    heading,
    bipartite,
    columns: columnNumbers(options.columns),
    others: dropColumns ? "drop" : strict ? "refuse" : "keep",
    nameOrder: names,
    vertices,
    vertexTable,
    memoryLimit: byteSize(memory),
  };
}

/** @throws UserError */
export async function loadGraph(input: string, options: ReadingOptions, talk: Talk = options): Promise<Graph> {
  const { distinct, quiet } = options;
  const how = readingOf(options);
  const size = input === "-" ? undefined : (await stat(input).catch(() => undefined))?.size;
  const read = async (step: (done: number, total: number) => void) => {
    const show = (bytes: number) => size && step(bytes, size);
    const found = await readGraph(input, { ...how, onProgress: show });
    show(size ?? 0); // formats that are read at once tell nothing before
    return found;
  };
  const { graph, notes } = await withProgress("reading (bytes)", talk, read, size);
  if (!quiet) for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return distinct ? distinctEdges(graph) : graph;
}

function columnNumbers(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const numbers = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : 0));
  if (numbers.length < 2 || numbers.some((n) => n < 1) || new Set(numbers).size < numbers.length)
    throw new UserError(
      `--columns ${text} are not two columns or more`,
      "like --columns 1,2; --columns 1,2,3 keeps the third beside the edge",
    );
  return numbers;
}

/** Bytes of a compressed file. */
export async function loadFile(path: string): Promise<Uint8Array> {
  if (path === "-") {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  return readFile(path).catch((error: Error) => {
    throw new UserError(`${path}: cannot be read: ${error.message}`, "check the path; - reads standard input");
  });
}

/** CPU seconds of this process. */
export const cpuSeconds = (): number => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
