/**
 * Whole commands: `pushforward graph compress` and `decompress` of generated graphs, from and to text.
 *
 * Every command is a process of its own, the median of the rounds is told: seconds by the clock and of the processor, and the peak of
 * resident memory beyond that of the same command on a graph of one edge. With `against`, the command of another checkout takes turns.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph } from "../src/coding/index.ts";
import { edgeLines } from "../src/data/graph-write.ts";
import { preferentialAttachment, uniformNumbers } from "./graph-inputs.ts";
import { packed } from "./packed.ts";

export interface CommandOptions {
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Models to compress with; "auto": as nobody asks for one. */
  readonly models: readonly string[];
  /** Rows in a random order, not sorted as `decompress` writes them. */
  readonly shuffled: boolean;
  /** Folder of another checkout. */
  readonly against?: string;
}

export interface CommandRow {
  readonly edges: number;
  readonly command: string;
  /** Of ours: whose. */
  readonly tree?: "this" | "other";
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** NaN for other programs. */
  readonly peakBytes: number;
  /** Of the file that was written. */
  readonly bytes: number;
}

interface Usage {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Code that a command runs before it begins: at its end it writes what it used. Linux counts a parent's memory into `maxRSS`. */
const reporting = (report: string): string => `
  import { existsSync, readFileSync, writeFileSync } from "node:fs";
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const own = existsSync("/proc/self/status") && /VmHWM:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"));
    const used = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: 1024 * Number(own ? own[1] : maxRSS) };
    writeFileSync(${JSON.stringify(report)}, JSON.stringify(used));
  });`;

/** One run of a command of the checkout at `root`; it writes what it used at `report`. */
function runCommand(root: string, args: readonly string[], report: string): Usage {
  const preload = `data:text/javascript,${encodeURIComponent(reporting(report))}`;
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ["--import", preload, join(root, "bin/pushforward.js"), "graph", ...args], {
    encoding: "utf8",
  });
  const wallSeconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(stderr);
  return { wallSeconds, ...JSON.parse(readFileSync(report, "utf8")) };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const medians = (runs: readonly Usage[], idle: number): Usage => ({
  wallSeconds: median(runs.map((run) => run.wallSeconds)),
  cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
  peakBytes: median(runs.map((run) => run.peakBytes)) - idle,
});

/** The edges in a random order. */
function shuffledRows(g: Graph): Graph {
  const pairs = new BigUint64Array(g.pairs.slice().buffer);
  const uniform = uniformNumbers(2);
  for (let i = pairs.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [pairs[i], pairs[j]] = [pairs[j], pairs[i]];
  }
  return { ...g, pairs: new Uint32Array(pairs.buffer) };
}

function writeText(path: string, g: Graph): void {
  const file = openSync(path, "w");
  for (const piece of edgeLines(g, "edges")) writeSync(file, piece);
  closeSync(file);
}

/** A checkout whose command is measured. */
interface Tree {
  readonly tree: "this" | "other";
  readonly root: string;
}

/** One command of each checkout in turn. @throws Error  if they write different files */
function* measured(command: string, edges: number, trees: readonly Tree[], folder: string, rounds: number): Generator<CommandRow> {
  const [from, to] = command === "decompress" ? ["pfg", "back"] : ["txt", "pfg"];
  const path = (name: string): string => join(folder, name);
  const run = (root: string, input: string, output: string): Usage =>
    runCommand(root, [...command.split(" "), "--quiet", path(input), "--out", path(output)], path("usage.json"));
  const idle = trees.map(({ root }) => run(root, `one.${from}`, `one.${to}`).peakBytes);
  const runs = trees.map((): Usage[] => []);
  for (let round = 0; round < rounds; round++)
    trees.forEach(({ tree, root }, t) => void runs[t].push(run(root, `graph.${from}`, `${tree}.${to}`)));
  const results = trees.map(({ tree }) => readFileSync(path(`${tree}.${to}`)));
  if (results.some((bytes) => !bytes.equals(results[0]))) throw new Error(`${command}: the checkouts write different files`);
  writeFileSync(path(`graph.${to}`), results[0]);
  for (const [t, { tree }] of trees.entries()) yield { edges, command, tree, ...medians(runs[t], idle[t]), bytes: results[0].length };
}

/** Measures all commands on graphs of all sizes. */
export function* measureCommands({ sizes, rounds, models, shuffled, against }: CommandOptions): Generator<CommandRow> {
  const trees: Tree[] = [{ tree: "this", root: "." }, ...(against === undefined ? [] : [{ tree: "other", root: against } as const])];
  const folder = mkdtempSync(join(tmpdir(), "pushforward-commands-"));
  const compress = models.map((model) => (model === "auto" ? "compress" : `compress --model ${model}`));
  try {
    writeFileSync(join(folder, "one.txt"), "0\t1\n");
    for (const size of sizes) {
      const g = preferentialAttachment(size);
      writeText(join(folder, "graph.txt"), shuffled ? shuffledRows(g) : g);
      const edges = g.pairs.length / 2;
      for (const command of [...compress, `${compress[0]} --no-check`, "decompress"])
        yield* measured(command, edges, trees, folder, rounds);
      for (const [tool, from, to] of [
        ["zstd -q -3 -c", "graph.txt", "graph.zst"],
        ["zstd -q -d -c", "graph.zst", "graph.unpacked"],
      ]) {
        const found = packed(tool, join(folder, from), join(folder, to));
        if (found) yield { edges, command: tool, peakBytes: Number.NaN, ...found };
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
