/** `pushforward graph decompress`. */
import { extname } from "node:path";
import { z } from "zod";
import { decodeGraph, readHeader } from "../../coding/decode.ts";
import { writeGraphParquet } from "../../data/graph-parquet.ts";
import { EDGE_FORMATS, type EdgeFormat, edgeLines } from "../../data/graph-write.ts";
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
    dropColumns: z.boolean().default(false).describe("leave weights and labels of edges out"),
    ...opening,
    ...talking,
  }),
  async run([path], { out, shard, dropColumns, trust, memory, json, quiet, ...given }) {
    const to = given.to ?? FORMAT_OF[extname(out).toLowerCase()] ?? "edges";
    if (to === "parquet" && out === "-") throw new UserError("Parquet is not written to standard output", "name a file with --out");
    const bytes = await loadFile(path);
    const start = cpuSeconds();
    const memoryLimit = byteSize(memory);
    const toStderr = out === "-";
    const whole = await withProgress("decompressing", { json, quiet, toStderr }, (onProgress) =>
      decodeGraph(bytes, { memoryLimit, shard, trust, onProgress, lends: true }),
    );
    const seconds = cpuSeconds() - start;
    const g = dropColumns ? { ...whole, columns: undefined } : whole;
    if (shard !== undefined && !quiet && !dropColumns && readHeader(bytes, { memoryLimit, trust }).columns)
      process.stderr.write("note: the columns beside the edges are those of all shards: they are left out\n");
    if (to === "parquet") await replacing(out, (temporary) => writeGraphParquet(g, temporary));
    else await writeOut(out, edgeLines(g, to, { lends: true }));
    const edges = g.pairs.length / 2;
    const { vertices, directed } = g;
    const results = { out, vertices, edges, directed, cpuSeconds: seconds, edgesPerSecond: edges / seconds };
    return { results, text: toStderr ? [] : [`${out}: ${count(edges)} edges, ${count(vertices)} vertices`], toStderr };
  },
});
