/** `pushforward graph decompress` and `verify`. */
import { z } from "zod";
import { decodeGraph } from "../../coding/decode.ts";
import { sameGraph } from "../../coding/graph.ts";
import { EDGE_FORMATS, edgeLines } from "../../data/graph-write.ts";
import { UserError } from "../../errors.ts";
import { job } from "../../lab/command.ts";
import { cpuSeconds, loadFile, loadGraph, reading, talking } from "./input.ts";
import { byteSize, count, withProgress, writeOut } from "./output.ts";

const file = { name: "<file>", description: "a .pfg file, - for standard input" };

export const decompress = job({
  name: "graph decompress",
  summary: "give the graph back as an edge list",
  arguments: [file],
  examples: ["pushforward graph decompress roads.pfg -o roads.txt"],
  options: z.object({
    out: z.string().default("-").describe("the file to write").meta({ short: "o", placeholder: "file" }),
    to: z.enum(EDGE_FORMATS).default("edges").describe("edges: two columns with a tab; csv: with a heading; mtx: Matrix Market"),
    shard: z.int().min(0).optional().describe("only this part of a file with shards, from 0").meta({ placeholder: "i" }),
    ...talking,
  }),
  async run([path], { out, to, shard, memory, json, quiet }) {
    const bytes = await loadFile(path);
    const start = cpuSeconds();
    const memoryLimit = byteSize(memory);
    const toStderr = out === "-";
    const g = await withProgress("decompressing", { json, quiet, toStderr }, (onProgress) =>
      decodeGraph(bytes, { memoryLimit, shard, onProgress }),
    );
    const seconds = cpuSeconds() - start;
    await writeOut(out, edgeLines(g, to));
    const edges = g.pairs.length / 2;
    const { vertices, directed } = g;
    const results = { out, vertices, edges, directed, cpuSeconds: seconds, edgesPerSecond: edges / seconds };
    return { results, text: toStderr ? [] : [`${out}: ${count(edges)} edges, ${count(vertices)} vertices`], toStderr };
  },
});

export const verify = job({
  name: "graph verify",
  summary:
    "check that a file is intact: its checksum, that all edges decode to the encoder's first state; optionally that it is a given graph",
  arguments: [file, { name: "[original]", description: "a graph in any readable format to compare with" }],
  examples: ["pushforward graph verify roads.pfg roads.txt.gz"],
  options: z.object(reading),
  async run([path, original], options) {
    const bytes = await loadFile(path);
    const g = await withProgress("verifying", options, (onProgress) =>
      decodeGraph(bytes, { memoryLimit: byteSize(options.memory), onProgress }),
    );
    if (original !== undefined) {
      const said = options.directed || options.undirected;
      const other = await loadGraph(original, { ...options, ...(!said && { directed: g.directed, undirected: !g.directed }) });
      if (!sameGraph(g, other))
        throw new UserError(
          `${path} is intact, but it is not the graph of ${original}`,
          "compare with the options that it was compressed with",
        );
    }
    const edges = g.pairs.length / 2;
    return {
      results: { file: path, intact: true, vertices: g.vertices, edges, compared: original },
      text: [`${path}: intact, ${count(edges)} edges${original ? `, the graph of ${original}` : ""}`],
    };
  },
});
