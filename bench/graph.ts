/**
 * Graph benchmark: how fast and in how much memory graphs are compressed and decompressed, and how small they get.
 *
 *   npm run bench -- graph [--sizes 1e5,1e6,1e7] [--rounds 3] [--models urn,auto] [--real] [--peers 1e6] [--python path/to/python] [--json]
 *   npm run bench -- graph --commands [--sizes 1e7] [--rounds 3] [--models urn,auto] [--shuffled] [--against FOLDER] [--json]
 *   npm run bench -- graph --table [--only NAME]
 *
 * Speed: generated graphs of preferential attachment (and, with --real, real ones), every run in a process of its own. Seconds are CPU
 * seconds
 * (user and system) of one process, the fastest of the rounds; bytes per edge: peak resident memory less that before the graph was read, so
 * that
 * the edges themselves (8 bytes each) are counted. xz and zstd pack the text of the sorted edge list, up to --peers edges; the authors'
 * algorithm
 * in Python (bench/peers/graph.py, needs numpy) runs on 20,000 edges.
 *
 * --commands: whole commands, from and to text; see graph-commands.ts.
 *
 * --table: bits per edge of every model and of general compressors on every real graph, of the text and of varint differences.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compressedSizes } from "../src/coding/compressors.ts";
import { canonicalPairs, decodeGraph, encode, type Graph, type GraphModelName } from "../src/coding/index.ts";
import { inspectGraph } from "../src/coding/inspect.ts";
import { edgeLines } from "../src/data/graph-write.ts";
import { type CommandRow, measureCommands } from "./graph-commands.ts";
import { preferentialAttachment, realGraphs } from "./graph-inputs.ts";
import { packed } from "./packed.ts";

const options = {
  sizes: { type: "string", default: "1e5,1e6,1e7" },
  rounds: { type: "string", default: "3" },
  models: { type: "string", default: "urn,auto" },
  peers: { type: "string", default: "1e6" },
  python: { type: "string", default: process.env.PUSHFORWARD_PYTHON ?? "" },
  real: { type: "boolean", default: false },
  commands: { type: "boolean", default: false },
  shuffled: { type: "boolean", default: false },
  against: { type: "string" },
  table: { type: "boolean", default: false },
  only: { type: "string" },
  json: { type: "boolean", default: false },
  run: { type: "string" },
} as const;

interface Measured {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly bytes?: number;
}

interface Row extends Partial<Measured> {
  readonly graph: string;
  readonly edges: number;
  readonly tool: string;
  readonly step: string;
}

const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;

/** The child: one encoding or decoding, measured. */
function measure(step: string, folder: string, model: GraphModelName | "auto"): Measured {
  const before = process.memoryUsage().rss;
  const { vertices, directed } = JSON.parse(readFileSync(join(folder, "graph.json"), "utf8"));
  const input = readFileSync(join(folder, step === "encode" ? "graph.u32" : `${model}.pfg`));
  const start = cpuSeconds();
  let bytes: number | undefined;
  if (step === "encode") {
    const pairs = new Uint32Array(input.buffer, input.byteOffset, input.length / 4);
    const coded = encode({ vertices, directed, pairs }, { model }).bytes;
    bytes = coded.length;
    writeFileSync(join(folder, `${model}.pfg`), coded);
  } else decodeGraph(input);
  const seconds = cpuSeconds() - start;
  return { seconds, peakBytes: 1024 * process.resourceUsage().maxRSS - before, bytes };
}

function inChild(step: string, folder: string, model: string): Measured {
  const args = ["bench/main.ts", "graph", "--run", step, "--only", folder, "--models", model];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function* speed(name: string, g: Graph, models: string[], rounds: number, mostForPeers: number, python: string): Generator<Row> {
  const folder = mkdtempSync(join(tmpdir(), "pushforward-bench-"));
  const edges = g.pairs.length / 2;
  const row = (tool: string, step: string, m: Measured | undefined): Row => ({ graph: name, edges, tool, step, ...m });
  try {
    const { vertices, directed } = g;
    writeFileSync(join(folder, "graph.json"), JSON.stringify({ vertices, directed }));
    writeFileSync(join(folder, "graph.u32"), g.pairs);
    for (const model of models)
      for (const step of ["encode", "decode"]) {
        const runs = Array.from({ length: rounds }, () => inChild(step, folder, model));
        const best = runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
        yield row(`pushforward ${model}`, step, { ...best, peakBytes: Math.max(...runs.map((r) => r.peakBytes)) });
      }
    if (edges <= mostForPeers) {
      const [text, out] = [join(folder, "graph.txt"), join(folder, "out")];
      writeFileSync(text, Buffer.concat([...edgeLines({ ...g, pairs: canonicalPairs(g) }, "edges")].slice(1)));
      for (const [pack, unpack] of [
        ["xz -6", "xz -d"],
        ["zstd -q -19", "zstd -q -d"],
        ["zstd -q -3", "zstd -q -d"],
      ]) {
        const there = packed(`${pack} -c`, text, out);
        const back = there && packed(`${unpack} -c`, out, join(folder, "back"));
        yield row(pack, "encode", there && { seconds: there.cpuSeconds, peakBytes: Number.NaN, bytes: there.bytes });
        yield row(pack, "decode", back && { seconds: back.cpuSeconds, peakBytes: Number.NaN });
      }
    }
    if (edges <= 30_000 && existsSync(python)) {
      const args = ["bench/peers/graph.py", join(folder, "graph.u32"), String(vertices)];
      const { encode, decode, bits, same } = JSON.parse(spawnSync(python, args, { encoding: "utf8" }).stdout);
      if (!same) throw new Error("the Python port does not give the graph back");
      yield row("authors' algorithm, Python", "encode", { seconds: encode, peakBytes: Number.NaN, bytes: bits / 8 });
      yield row("authors' algorithm, Python", "decode", { seconds: decode, peakBytes: Number.NaN });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print({ graph, edges, tool, step, seconds, peakBytes, bytes }: Row): void {
  if (seconds === undefined) {
    console.log(`| ${graph} | ${edges} | ${tool} | ${step} | not installed | | |`);
    return;
  }
  const memory = Number.isNaN(peakBytes) ? "" : (peakBytes! / edges).toFixed(1);
  const rate = bytes ? ((8 * bytes) / edges).toFixed(3) : "";
  console.log(`| ${graph} | ${edges} | ${tool} | ${step} | ${(edges / seconds / 1e6).toPrecision(3)} | ${memory} | ${rate} |`);
}

function printCommand({ edges, command, tree, wallSeconds, cpuSeconds, peakBytes, bytes }: CommandRow): void {
  const memory = Number.isNaN(peakBytes) ? "" : (peakBytes / edges).toFixed(1);
  const name = tree === "other" ? `${command} (other checkout)` : command;
  const rate = (edges / wallSeconds / 1e6).toPrecision(3);
  console.log(`| ${edges} | ${name} | ${wallSeconds.toFixed(2)} | ${cpuSeconds.toFixed(2)} | ${rate} | ${memory} | ${bytes} |`);
}

function table(only: string | undefined, json: boolean): void {
  for (const [name, read] of realGraphs) {
    if (only && !name.includes(only)) continue;
    const g = read();
    const { vertices, edges, sizes } = inspectGraph(g, compressedSizes);
    const { bytes, model } = encode(g);
    if (json) console.log(JSON.stringify({ name, vertices, edges, directed: g.directed, file: bytes.length, model, sizes }));
    else {
      console.log(`${name}: ${vertices} vertices, ${edges} edges, file ${((8 * bytes.length) / edges).toFixed(3)} (${model})`);
      for (const s of sizes) console.log(`    ${(s.bitsPerEdge ?? Number.NaN).toFixed(3).padStart(8)}  ${s.name}`);
    }
  }
}

export async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options });
  if (values.run) {
    console.log(JSON.stringify(measure(values.run, values.only!, values.models as "urn")));
    return;
  }
  if (values.table) {
    table(values.only, values.json);
    return;
  }
  const sizes = values.sizes
    .split(",")
    .filter((size) => size !== "")
    .map(Number);
  if (values.commands) {
    const { rounds, models, shuffled, against, json } = values;
    if (!json) console.log("| edges | command | wall s | CPU s | M edges/s | peak bytes/edge | bytes |\n|---|---|---|---|---|---|---|");
    for (const row of measureCommands({ sizes, rounds: Number(rounds), models: models.split(","), shuffled, against }))
      json ? console.log(JSON.stringify(row)) : printCommand(row);
    return;
  }
  const inputs: [string, () => Graph][] = sizes.map((size) => ["preferential attachment", () => preferentialAttachment(size)]);
  if (existsSync(values.python)) inputs.unshift(["preferential attachment", () => preferentialAttachment(20_000)]);
  if (values.real)
    inputs.push(...realGraphs.filter(([, read]) => read().pairs.length > 200_000).map(([n, read]) => [n, read] as [string, () => Graph]));
  if (!values.json) console.log("| graph | edges | tool | step | M edges/s | peak bytes/edge | bits/edge |\n|---|---|---|---|---|---|---|");
  for (const [name, read] of inputs)
    for (const row of speed(name, read(), values.models.split(","), Number(values.rounds), Number(values.peers), values.python))
      values.json ? console.log(JSON.stringify(row)) : print(row);
}
