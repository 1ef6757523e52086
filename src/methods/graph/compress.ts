/** `pushforward graph compress`. */
import { z } from "zod";
import { decodeGraph } from "../../coding/decode.ts";
import { type Encoded, type EncodeOptions, encode } from "../../coding/encode.ts";
import { needsTrust } from "../../coding/format.ts";
import { edgeSum, type Graph, makeCanonical, sameGraph } from "../../coding/graph.ts";
import { withOneMemory } from "../../coding/kernel.ts";
import { idealBits } from "../../coding/models.ts";
import { job, type Outcome } from "../../lab/command.ts";
import { interruptedExitCode } from "../../lab/interrupt.ts";
import { partOptions, type WhoWorks } from "../../lab/parts.ts";
import { cpuSeconds, graphInput, loadGraph, reading } from "./input.ts";
import { byteSize, count, type Talk, withProgress, writeOut } from "./output.ts";
import { checkHands, compressElsewhere, compressGroup } from "./shards.ts";

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
  ...partOptions,
  ...reading,
});

export const compress = job({
  name: "graph compress",
  summary: "make a graph as small as its model allows, without loss",
  arguments: [{ name: "<input>", description: graphInput }],
  examples: ["pushforward graph compress roads.txt.gz -o roads.pfg"],
  options,
  async run([input], flags) {
    const { out = input === "-" ? "-" : `${input}.pfg`, model, shards, lanes, check, part } = flags;
    const bias = flags.bias === "fit" ? "fit" : Number(flags.bias);
    const talk = { ...flags, toStderr: out === "-" };
    const how = { model, bias, shards, lanes, memoryLimit: byteSize(flags.memory) } as const;
    checkHands(input, out, how, flags);
    const read = () => loadGraph(input, flags, part === undefined && !elsewhere(flags) ? talk : silent);
    if (part !== undefined) {
      const whole = await compressGroup(part, out, read, how, talk);
      return { results: { part: out }, text: [whole ? `the part is done: ${out}` : "stopped"], exitCode: whole ? 0 : interruptedExitCode };
    }
    return elsewhere(flags) ? there({ out, how, check, talk }, read, flags) : here({ out, how, check, talk }, await read());
  },
});

interface Asked {
  readonly out: string;
  readonly how: EncodeOptions & { readonly bias: number | "fit"; readonly memoryLimit: number };
  readonly check: boolean;
  readonly talk: Talk;
}

async function conclude(g: Graph, sum: readonly number[], coded: Encoded, { out, check, talk }: Asked): Promise<void> {
  if (check) await compare(coded.bytes, g, sum, talk);
  await writeOut(out, [coded.bytes]);
}

async function here(asked: Asked, g: Graph): Promise<Outcome> {
  const { out, how, talk } = asked;
  const edges = g.pairs.length / 2;
  const { coded, seconds } = await withOneMemory(async () => {
    const sum = edgeSum(g);
    const start = cpuSeconds();
    const work = (step: (done: number, total: number) => void) => {
      makeCanonical(g); // once, where it lies, for all that follows
      return encode(g, { ...how, onProgress: (done) => step(done, edges) });
    };
    const coded = await withProgress("compressing", talk, work, edges);
    const seconds = cpuSeconds() - start;
    await conclude(g, sum, coded, asked);
    return { coded, seconds };
  });
  return outcomeOf(out, g, coded, how.bias, seconds);
}

/** The graph is read and sorted while others work. */
async function there(asked: Asked, read: () => Promise<Graph>, who: WhoWorks): Promise<Outcome> {
  const { out, how, talk } = asked;
  const reading = read().then((g) => {
    const sum = edgeSum(g);
    makeCanonical(g);
    return { g, sum };
  });
  reading.catch(() => undefined); // told when it is waited for
  const made = await compressElsewhere({ out, graph: async () => (await reading).g }, how, talk, who, async (coded) => {
    const { g, sum } = await reading;
    await withOneMemory(() => conclude(g, sum, coded, asked));
    return { g, coded };
  });
  if (made) return outcomeOf(out, made.g, made.coded, how.bias);
  return {
    results: { interrupted: true },
    text: ["stopped; the same command goes on with the other parts"],
    exitCode: interruptedExitCode,
  };
}

const elsewhere = ({ workers, queue }: WhoWorks): boolean => workers !== undefined || queue !== undefined;

/** Where others tell how far they are, reading tells nothing. */
const silent: Talk = { quiet: true };

/** @param seconds  of this process, where it did the work */
function outcomeOf(out: string, g: Graph, coded: Encoded, bias: number | "fit", seconds?: number): Outcome {
  const edges = g.pairs.length / 2;
  const bytes = coded.bytes.length;
  const bitsPerEdge = edges ? (8 * bytes) / edges : undefined;
  // beside shards, the ideal size of one file by the urn model
  const loss = coded.model === "shards" && { lossOfShardsBytes: (coded.idealBits - idealBits(g, "urn", { bias })) / 8 };
  const results = {
    ...{ out, model: coded.model, vertices: g.vertices, edges, directed: g.directed, bytes, bitsPerEdge },
    ...{ idealBytes: coded.idealBits / 8, overheadBytes: coded.overheadBytes, ...loss },
    ...(seconds !== undefined && { cpuSeconds: seconds, edgesPerSecond: edges / seconds }),
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
}

/** Decompresses a file and compares it with its graph, and with the sum of the edges as they were read. */
async function compare(bytes: Uint8Array, g: Graph, sum: readonly number[], talk: Talk): Promise<void> {
  const back = await withProgress("checking", talk, (onProgress) =>
    decodeGraph(bytes, { memoryLimit: Number.POSITIVE_INFINITY, trust: true, onProgress, lends: true }),
  );
  const isSame = sameGraph(g, back) && edgeSum(back).every((part, i) => part === sum[i]);
  if (!isSame) throw new Error("the file does not give the graph back: a defect of this program");
}
