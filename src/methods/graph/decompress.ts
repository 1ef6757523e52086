/** `pushforward graph decompress`. */
import { extname } from "node:path";
import { z } from "zod";
import { decodeGraph, readHeader } from "../../coding/decode.ts";
import type { Graph } from "../../coding/graph.ts";
import { writeGraphParquet } from "../../data/graph-parquet.ts";
import { vertexTableLines, writeVertexParquet } from "../../data/graph-vertex-table.ts";
import { EDGE_FORMATS, type EdgeFormat, edgeLines, refuseVertexColumns } from "../../data/graph-write.ts";
import { UserError } from "../../errors.ts";
import { job } from "../../lab/command.ts";
import { cpuSeconds, loadFile, opening, talking } from "./input.ts";
import { byteSize, count, replacing, withProgress, writeOut } from "./output.ts";

const FORMAT_OF: Readonly<Record<string, EdgeFormat | "parquet">> = {
  ...{ ".csv": "csv", ".mtx": "mtx", ".json": "json", ".graphml": "graphml", ".parquet": "parquet" },
};

/** A compressed file, as an argument. */
export const file = { name: "<file>", description: "a .pfg file, - for standard input" };

export const decompress = job({
  name: "graph decompress",
  summary: "give the graph back as an edge list",
  arguments: [file],
  examples: ["pushforward graph decompress roads.pfg -o roads.txt"],
  options: z.object({
    out: z.string().default("-").describe("the file to write").meta({ short: "o", placeholder: "file" }),
    to: z
      .enum([...EDGE_FORMATS, "parquet"])
      .optional()
      .describe("edges: two columns with a tab; csv: with a heading; mtx: Matrix Market (default: by the ending of --out, else edges)"),
    shard: z.int().min(0).optional().describe("only this part of a file with shards, from 0").meta({ placeholder: "i" }),
    dropColumns: z.boolean().default(false).describe("leave out what stands beside edges and vertices"),
    vertexTable: z
      .string()
      .optional()
      .describe("write what stands beside the vertices here, as CSV or Parquet, and not beside the edges")
      .meta({ placeholder: "file" }),
    ...opening,
    ...talking,
  }),
  async run([path], { out, shard, dropColumns, vertexTable, trust, memory, json, quiet, ...given }) {
    const to = given.to ?? FORMAT_OF[extname(out).toLowerCase()] ?? "edges";
    if (vertexTable === "-" && out === "-")
      throw new UserError("edges and vertices would both go to standard output", "name a file with --out or --vertex-table");
    if (to === "parquet" && out === "-") throw new UserError("Parquet is not written to standard output", "name a file with --out");
    const bytes = await loadFile(path);
    const start = cpuSeconds();
    const memoryLimit = byteSize(memory);
    const toStderr = out === "-";
    const whole = await withProgress("decompressing", { json, quiet, toStderr }, (onProgress) =>
      decodeGraph(bytes, { memoryLimit, shard, trust, onProgress, lends: true }),
    );
    const seconds = cpuSeconds() - start;
    const g = {
      ...whole,
      ...(dropColumns && { columns: undefined }),
      ...((dropColumns || vertexTable !== undefined) && { vertexColumns: undefined }),
    };
    const header = shard === undefined ? undefined : readHeader(bytes, { memoryLimit, trust });
    if (!quiet && !dropColumns && (header?.columns || header?.vertexColumns))
      process.stderr.write("note: the columns beside edges and vertices are those of all shards: they are left out\n");
    refuseVertexColumns(g, to); // before anything is written
    if (vertexTable !== undefined) await writeVertices(whole, vertexTable);
    if (to === "parquet") await replacing(out, (temporary) => writeGraphParquet(g, temporary));
    else await writeOut(out, edgeLines(g, to, { lends: true }));
    const edges = g.pairs.length / 2;
    const { vertices, directed } = g;
    const results = { out, vertices, edges, directed, cpuSeconds: seconds, edgesPerSecond: edges / seconds };
    const text = [
      `${out}: ${count(edges)} edges, ${count(vertices)} vertices`,
      ...(vertexTable === undefined ? [] : [`${vertexTable}: ${count(whole.vertexColumns?.length ?? 0)} columns of the vertices`]),
    ];
    return { results, text: toStderr ? [] : text, toStderr };
  },
});

/** The table of the vertices: Parquet if its name says so, else CSV. */
async function writeVertices(g: Graph, path: string): Promise<void> {
  if (extname(path).toLowerCase() === ".parquet") await replacing(path, (temporary) => writeVertexParquet(g, temporary));
  else await writeOut(path, vertexTableLines(g));
}
