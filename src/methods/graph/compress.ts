/** `pushforward graph compress`. */
import { z } from "zod";
import { decodeGraph } from "../../coding/decode.ts";
import { encode } from "../../coding/encode.ts";
import { needsTrust } from "../../coding/format.ts";
import { edgeSum, type Graph, makeCanonical, sameGraph } from "../../coding/graph.ts";
import { withOneMemory } from "../../coding/kernel.ts";
import { idealBits } from "../../coding/models.ts";
import { job } from "../../lab/command.ts";
import { cpuSeconds, graphInput, loadGraph, reading } from "./input.ts";
import { byteSize, count, type Talk, withProgress, writeOut } from "./output.ts";

const options = z.object({
  out: z
    .string()
    .optional()
    .describe("the file to write, - for standard output (default: the input with .pfg)")
    .meta({ short: "o", placeholder: "file" }),
  model: z.enum(["auto", "urn", "block-urn", "gaps"]).default("auto").describe("what to compress with"),
  bias: z.string().default("fit").describe("bias of the urns: a number, or fit").meta({ placeholder: "β" }),
  shards: z.int().min(0).optional().describe("at least this many independent parts, by ranges of vertices (urn model)"),
  lanes: z.int().min(0).optional().describe("interleaved states (default: 8 from 1 MiB on, else 1)"),
  check: z.boolean().default(true).describe("do not decompress and compare afterwards"),
  ...reading,
});

export const compress = job({
  name: "graph compress",
  summary: "make a graph as small as its model allows, without loss",
  arguments: [{ name: "<input>", description: graphInput }],
  examples: ["pushforward graph compress roads.txt.gz -o roads.pfg"],
  options,
  async run([input], flags) {
    const { out = input === "-" ? "-" : `${input}.pfg`, model, shards, lanes, check } = flags;
    const bias = flags.bias === "fit" ? "fit" : Number(flags.bias);
    const talk = { ...flags, toStderr: out === "-" };
    const g = await loadGraph(input, flags, talk);
    const edges = g.pairs.length / 2;
    const how = { model, bias, shards, lanes, memoryLimit: byteSize(flags.memory) } as const;
    const { coded, seconds } = await withOneMemory(async () => {
      const sum = edgeSum(g);
      const start = cpuSeconds();
      const work = (step: (done: number, total: number) => void) => {
        makeCanonical(g); // once, where it lies, for all that follows
        return encode(g, { ...how, onProgress: (done) => step(done, edges) });
      };
      const coded = await withProgress("compressing", talk, work, edges);
      const seconds = cpuSeconds() - start;
      if (check) await compare(coded.bytes, g, sum, talk);
      return { coded, seconds };
    });
    await writeOut(out, [coded.bytes]);
    const bytes = coded.bytes.length;
    const bitsPerEdge = edges ? (8 * bytes) / edges : undefined;
    // beside shards, the ideal size of one file by the urn model
    const loss = coded.model === "shards" && { lossOfShardsBytes: (coded.idealBits - idealBits(g, "urn", { bias })) / 8 };
    const results = {
      ...{ out, model: coded.model, vertices: g.vertices, edges, directed: g.directed, bytes, bitsPerEdge },
      ...{ idealBytes: coded.idealBits / 8, overheadBytes: coded.overheadBytes, ...loss },
      ...{ cpuSeconds: seconds, edgesPerSecond: edges / seconds },
      ...(g.columns?.length ? { columns: g.columns.map(({ name }) => name) } : {}),
      ...(g.vertexColumns?.length ? { vertexColumns: g.vertexColumns.map(({ name }) => name) } : {}),
    };
    const rate =
      bitsPerEdge === undefined
        ? ""
        : `, ${bitsPerEdge.toFixed(3)} bits per edge (${coded.model}${g.columns?.length || g.vertexColumns?.length ? ", with columns" : ""})`;
    const trust = needsTrust(bytes, { body: coded.model, vertices: g.vertices, edges });
    const note = trust ? ["so few bytes hold so much that reading them takes long: decompress asks for --trust"] : [];
    return { results, text: [`${out}: ${count(edges)} edges, ${count(bytes)} bytes${rate}`, ...note], toStderr: out === "-" };
  },
});

/** Decompresses a file and compares it with its graph, and with the sum of the edges as they were read. */
async function compare(bytes: Uint8Array, g: Graph, sum: readonly number[], talk: Talk): Promise<void> {
  const back = await withProgress("checking", talk, (onProgress) =>
    decodeGraph(bytes, { memoryLimit: Number.POSITIVE_INFINITY, trust: true, onProgress, lends: true }),
  );
  const isSame = sameGraph(g, back) && edgeSum(back).every((part, i) => part === sum[i]);
  if (!isSame) throw new Error("the file does not give the graph back: a defect of this program");
}
