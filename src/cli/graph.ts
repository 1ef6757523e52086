/** `pushforward graph`: compress, decompress, inspect and verify labelled graphs. */
import { readFile, stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { compressedSizes } from "../coding/compressors.ts";
import { decodeGraph } from "../coding/decode.ts";
import { encode } from "../coding/encode.ts";
import { distinctEdges, type Graph, sameGraph } from "../coding/graph.ts";
import { inspectGraph } from "../coding/inspect.ts";
import { idealBits } from "../coding/models.ts";
import { GRAPH_FORMATS, type GraphFormat, type GraphReadOptions, readGraph } from "../data/graph-read.ts";
import { EDGE_FORMATS, type EdgeFormat, edgeLines } from "../data/graph-write.ts";
import { UserError } from "../errors.ts";
import { writeInspection } from "./graph/inspect.ts";
import { byteSize, count, type Talk, withProgress, writeOut } from "./graph/output.ts";

interface InputFlags {
  directed?: boolean;
  undirected?: boolean;
  from?: GraphFormat;
  ids: "auto" | "number" | "name";
  columns?: string;
  names: "sorted" | "input";
  vertices?: string;
  distinct?: boolean;
  memory: string;
  json?: boolean;
  quiet?: boolean;
}

/** Options of every graph command. */
const talking = (command: Command): Command =>
  command
    .option("--memory <size>", "most memory to use for the graph", "4G")
    .option("--json", "print JSON lines; the last one holds all results")
    .option("--quiet", "print results only");

/** Options of commands that read a graph. */
const reading = (command: Command): Command =>
  talking(command)
    .option("--directed", "edges (a, b) and (b, a) are different")
    .option("--undirected", "they are the same; the default unless the file says otherwise")
    .addOption(new Option("--from <format>", "format of the input (default: by its ending, else an edge list)").choices(GRAPH_FORMATS))
    .addOption(new Option("--ids <kind>", "what vertices are called").choices(["auto", "number", "name"]).default("auto"))
    .option("--columns <a,b>", "the two columns that hold the edge, from 1; the others are dropped")
    .addOption(
      new Option("--names <order>", "number named vertices sorted, or as the input mentions them")
        .choices(["sorted", "input"])
        .default("sorted"),
    )
    .option("--vertices <n>", "number of vertices, when some at the end are on no edge")
    .option("--distinct", "keep every edge once, drop its repeats");

function wholeOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UserError(`--${name} ${text} is not a whole number`);
  return Number(text);
}

async function load(input: string, flags: InputFlags, talk: Talk = flags): Promise<Graph> {
  if (flags.directed && flags.undirected) throw new UserError("--directed and --undirected exclude each other");
  const columns = flags.columns?.split(",").map((part) => wholeOption("columns", part.trim()) ?? 0);
  if (columns && (columns.length !== 2 || columns.some((c) => c < 1)))
    throw new UserError(`--columns ${flags.columns} are not two columns`, "like --columns 1,2");
  const options: GraphReadOptions = {
    directed: flags.directed ? true : flags.undirected ? false : undefined,
    format: flags.from,
    ids: flags.ids,
    columns: columns as [number, number] | undefined,
    nameOrder: flags.names,
    vertices: wholeOption("vertices", flags.vertices),
    memoryLimit: byteSize(flags.memory),
  };
  const size =
    input === "-"
      ? undefined
      : await stat(input).then(
          ({ size }) => size,
          () => undefined,
        );
  const { graph, notes } = await withProgress(
    "reading (bytes)",
    talk,
    async (step) => {
      const show = (bytes: number) => size && step(bytes, size);
      const read = await readGraph(input, { ...options, onProgress: show });
      show(size ?? 0); // formats that are read at once tell nothing before
      return read;
    },
    size,
  );
  if (!flags.quiet) for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return flags.distinct ? distinctEdges(graph) : graph;
}

async function loadFile(path: string): Promise<Uint8Array> {
  if (path === "-") {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  return readFile(path).catch((error: Error) => {
    throw new UserError(`${path}: cannot be read: ${error.message}`, "check the path; - reads standard input");
  });
}

/** One JSON line, or lines for people; on standard error when the result itself goes to standard output. */
function report(json: boolean | undefined, result: object, text: string, toStderr = false): void {
  (toStderr ? process.stderr : process.stdout).write(json ? JSON.stringify(result) + "\n" : text + "\n");
}

/** Ideal bits of one file by the urn model, for comparison with shards. */
const oneFileBits = (g: Graph, bias: number | "fit") => idealBits(g, "urn", { bias });

/** CPU seconds of this process. */
const cpuSeconds = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;

const compress = () =>
  reading(new Command("compress"))
    .description("make a graph as small as its model allows, without loss")
    .argument(
      "<input>",
      "edge list, Matrix Market, GraphML, node-link JSON, WebGraph, Parquet or Arrow; also .gz and .zst; - for standard input",
    )
    .option("-o, --out <file>", "the file to write, - for standard output (default: the input with .pfg)")
    .addOption(new Option("--model <model>", "what to compress with").choices(["auto", "urn", "block-urn", "gaps"]).default("auto"))
    .option("--bias <β>", "bias of the urns: a number, or fit", "fit")
    .option("--shards <n>", "at least this many independent parts, by ranges of vertices (urn model)")
    .option("--lanes <n>", "interleaved states (default: 8 from 1 MiB on, else 1)")
    .option("--no-check", "do not decompress and compare afterwards")
    .addHelpText("after", "\nExample:\n  pushforward graph compress roads.txt.gz -o roads.pfg")
    .action(
      async (
        input: string,
        flags: InputFlags & { out?: string; model: "auto"; bias: string; shards?: string; lanes?: string; check: boolean },
      ) => {
        const out = flags.out ?? (input === "-" ? "-" : `${input}.pfg`);
        const bias = flags.bias === "fit" ? "fit" : Number(flags.bias);
        const [shards, lanes] = [wholeOption("shards", flags.shards), wholeOption("lanes", flags.lanes)];
        const talk = { ...flags, toStderr: out === "-" };
        const g = await load(input, flags, talk);
        const edges = g.pairs.length / 2;
        const start = cpuSeconds();
        const coded = await withProgress(
          "compressing",
          talk,
          (step) => encode(g, { model: flags.model, bias, shards, lanes, onProgress: (done) => step(done, edges) }),
          edges,
        );
        const seconds = cpuSeconds() - start;
        if (flags.check) {
          const back = await withProgress("checking", talk, (onProgress) =>
            decodeGraph(coded.bytes, { memoryLimit: Number.POSITIVE_INFINITY, onProgress }),
          );
          if (!sameGraph(g, back)) throw new Error("the file does not give the graph back: a defect of this program");
        }
        await writeOut(out, [coded.bytes]);
        const { model, overheadBytes } = coded;
        const bytes = coded.bytes.length;
        const result = {
          out,
          model,
          vertices: g.vertices,
          edges,
          directed: g.directed,
          bytes,
          bitsPerEdge: edges ? (8 * bytes) / edges : undefined,
          idealBytes: coded.idealBits / 8,
          overheadBytes,
          ...(model === "shards" ? { lossOfShardsBytes: (coded.idealBits - oneFileBits(g, bias)) / 8 } : {}),
          cpuSeconds: seconds,
          edgesPerSecond: edges / seconds,
        };
        const rate = edges ? `, ${((8 * bytes) / edges).toFixed(3)} bits per edge (${model})` : "";
        report(flags.json, result, `${out}: ${count(edges)} edges, ${count(bytes)} bytes${rate}`, out === "-");
      },
    );

const decompress = () =>
  talking(new Command("decompress"))
    .description("give the graph back as an edge list")
    .argument("<file>", "a .pfg file, - for standard input")
    .option("-o, --out <file>", "the file to write", "-")
    .addOption(
      new Option("--to <format>", "edges: two columns with a tab; csv: with a heading; mtx: Matrix Market")
        .choices(EDGE_FORMATS)
        .default("edges"),
    )
    .option("--shard <i>", "only this part of a file with shards, from 0")
    .addHelpText("after", "\nExample:\n  pushforward graph decompress roads.pfg -o roads.txt")
    .action(
      async (file: string, flags: { out: string; to: EdgeFormat; shard?: string; memory: string; json?: boolean; quiet?: boolean }) => {
        const bytes = await loadFile(file);
        const start = cpuSeconds();
        const memoryLimit = byteSize(flags.memory);
        const shard = wholeOption("shard", flags.shard);
        const g = await withProgress("decompressing", { ...flags, toStderr: flags.out === "-" }, (onProgress) =>
          decodeGraph(bytes, { memoryLimit, shard, onProgress }),
        );
        const seconds = cpuSeconds() - start;
        await writeOut(flags.out, edgeLines(g, flags.to));
        const edges = g.pairs.length / 2;
        const result = {
          out: flags.out,
          vertices: g.vertices,
          edges,
          directed: g.directed,
          cpuSeconds: seconds,
          edgesPerSecond: edges / seconds,
        };
        if (flags.out !== "-" || flags.json)
          report(flags.json, result, `${flags.out}: ${count(edges)} edges, ${count(g.vertices)} vertices`, flags.out === "-");
      },
    );

const inspect = () =>
  reading(new Command("inspect"))
    .description("what a graph is, and its size under every model and under general compressors")
    .argument("<input>", "as for compress, or a .pfg file")
    .option("-o, --out <folder>", "write numbers and pictures here")
    .option("--quick", "leave the general compressors out")
    .addHelpText("after", "\nExample:\n  pushforward graph inspect roads.txt.gz --out roads-report")
    .action(async (input: string, flags: InputFlags & { out?: string; quick?: boolean }) => {
      const g = input.endsWith(".pfg")
        ? decodeGraph(await loadFile(input), { memoryLimit: byteSize(flags.memory) })
        : await load(input, flags);
      const inspection = inspectGraph(g, flags.quick ? undefined : compressedSizes);
      const files = flags.out ? await writeInspection(flags.out, g, inspection) : [];
      const { vertices, edges, isolated, loops, repeats, meanDegree, largestDegree } = inspection;
      const lines = [
        `${count(vertices)} vertices (${count(isolated)} isolated), ${count(edges)} ${g.directed ? "directed" : "undirected"} edges`,
        `${count(loops)} loops, ${count(repeats)} repeats; degrees ${meanDegree.toFixed(2)} on average, at most ${count(largestDegree)}`,
        ...(edges > 0 && 2 * repeats === edges
          ? ["as many repeats as edges: if the input lists both directions, --distinct halves the file"]
          : []),
        "",
        "bits per edge       bytes",
        ...inspection.sizes.map(
          ({ name, bits, bitsPerEdge }) =>
            `${bitsPerEdge === undefined ? "not installed".padStart(25) : bitsPerEdge.toFixed(3).padStart(13) + count(Math.ceil(bits! / 8)).padStart(12)}  ${name}`,
        ),
        ...files.map((file) => `wrote ${file}`),
      ];
      report(flags.json, { ...inspection, files }, lines.join("\n"));
    });

const verify = () =>
  reading(new Command("verify"))
    .description(
      "check that a file is intact: its checksum, that all edges decode to the encoder's first state; optionally that it is a given graph",
    )
    .argument("<file>", "a .pfg file, - for standard input")
    .argument("[original]", "a graph in any readable format to compare with")
    .addHelpText("after", "\nExample:\n  pushforward graph verify roads.pfg roads.txt.gz")
    .action(async (file: string, original: string | undefined, flags: InputFlags) => {
      const bytes = await loadFile(file);
      const g = await withProgress("verifying", flags, (onProgress) =>
        decodeGraph(bytes, { memoryLimit: byteSize(flags.memory), onProgress }),
      );
      if (original !== undefined) {
        const other = await load(original, {
          ...flags,
          ...(flags.directed || flags.undirected ? {} : { directed: g.directed, undirected: !g.directed }),
        });
        if (!sameGraph(g, other))
          throw new UserError(
            `${file} is intact, but it is not the graph of ${original}`,
            "compare with the options that it was compressed with",
          );
      }
      const edges = g.pairs.length / 2;
      report(
        flags.json,
        { file, intact: true, vertices: g.vertices, edges, compared: original },
        `${file}: intact, ${count(edges)} edges${original ? `, the graph of ${original}` : ""}`,
      );
    });

/** The command with its subcommands, for the program to add. */
export const graphCommand = (): Command =>
  new Command("graph")
    .description("compress, decompress, inspect and verify labelled graphs")
    .addCommand(compress())
    .addCommand(decompress())
    .addCommand(inspect())
    .addCommand(verify());
