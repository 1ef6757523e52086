/** `pushforward graph verify`. */
import { z } from "zod";
import { decodeGraph } from "../../coding/decode.ts";
import { type Graph, sameGraph } from "../../coding/graph.ts";
import { type Comparison, compareGraph } from "../../data/graph-compare.ts";
import { readAgain } from "../../data/graph-read.ts";
import { UserError } from "../../errors.ts";
import { job } from "../../lab/command.ts";
import { file } from "./decompress.ts";
import { loadFile, loadGraph, opening, type ReadingOptions, reading, readingOf } from "./input.ts";
import { byteSize, count, withProgress } from "./output.ts";

export const verify = job({
  name: "graph verify",
  summary:
    "check that a file is intact: its checksum, that all edges decode to the encoder's first state; optionally that it is a given graph",
  description:
    "check that a file is intact: its checksum, that all edges decode to the encoder's first state; optionally that it is a given graph, " +
    "which is read by other code than compress reads it with",
  arguments: [file, { name: "[original]", description: "a graph in any readable format to compare with" }],
  examples: ["pushforward graph verify roads.pfg roads.txt.gz"],
  options: z.object({ ...opening, ...reading }),
  async run([path, original], options) {
    const bytes = await loadFile(path);
    const g = await withProgress("verifying", options, (onProgress) =>
      decodeGraph(bytes, { memoryLimit: byteSize(options.memory), trust: options.trust, onProgress }),
    );
    const edges = count(g.pairs.length / 2);
    const results = { file: path, intact: true, vertices: g.vertices, edges: g.pairs.length / 2, compared: original };
    if (original === undefined) return { results, text: [`${path}: intact, ${edges} edges`] };
    const { by, heading } = await compared(g, path, original, options);
    const note = heading === undefined ? [] : [`the first row of ${original}, "${heading}", is no edge of it: a heading`];
    return {
      results: { ...results, by, heading },
      text: [`${path}: intact, ${edges} edges, the graph of ${original} (read by ${by})`, ...note],
    };
  },
});

async function compared(g: Graph, path: string, original: string, options: ReadingOptions): Promise<Pick<Comparison, "by" | "heading">> {
  const hint = "compare with the options that it was compressed with";
  const { directed, undirected, distinct, bipartite, heading } = options;
  const how = readingOf(options);
  const second = async () => (original === "-" ? undefined : readAgain(original, how));
  const first = await second();
  if (first) {
    const readings = [first];
    const again = async () => readings.pop() ?? (await second()) ?? first;
    const found = await compareGraph(g, again, { asked: directed || undirected, distinct, bipartite, heading });
    if (found.differs === undefined) return found;
    throw new UserError(`${path} is intact, but it is not the graph of ${original} as ${found.by} reads it: ${found.differs}`, hint);
  }
  const other = await loadGraph(original, {
    ...options,
    ...(!(directed || undirected) && { directed: g.directed, undirected: !g.directed }),
  });
  if (!sameGraph(g, other)) throw new UserError(`${path} is intact, but it is not the graph of ${original}`, hint);
  return { by: "the reader of compress, as standard input comes only once" };
}
