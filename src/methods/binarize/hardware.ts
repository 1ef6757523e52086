/** `pushforward binarize hardware`: a training whose circuits are run elsewhere, on a quantum computer. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { job, type Outcome } from "../../lab/command.ts";
import { writeAside } from "../../lab/files.ts";
import { talkOptions } from "../../lab/options.ts";
import { toPng } from "../../lab/png.ts";
import { progress, progressMode } from "../../lab/progress.ts";
import { formatNumber, withError } from "../../numbers.ts";
import { type BitOrder, orderedCounts, parseCounts, type ReadCounts, shotMean } from "../../quantum/counts.ts";
import { tracesFigure } from "../../quantum/figures/traces.ts";
import { rangeOf } from "../../quantum/landscape/optima.ts";
import { readText } from "./costs.ts";
import { costsOf } from "./enumerated.ts";
import { compared } from "./import-counts.ts";
import { costOptions } from "./options.ts";
import { type Loaded, loadCosts } from "./problem.ts";
import { rankedNetwork } from "./ranked.ts";
import {
  absolute,
  ansatze,
  countsPaths,
  digestOf,
  format,
  optimisers,
  orders,
  readSession,
  type Session,
  standing,
  stepName,
  type Told,
  writeSession,
} from "./session.ts";

/** Options that are decided by the first call. */
const firstOptions = {
  ...costOptions,
  data: z.string().optional().describe("a built-in data set instead of a file"),
  ansatz: z.enum(ansatze).optional().describe("family of circuits (default: brick)"),
  layers: z.int().min(1).max(1000).optional().describe("layers of the circuit (default: 2)"),
  optimiser: z
    .enum(optimisers)
    .optional()
    .describe("spsa: two circuits a step (default); adam: gradients by parameter shift, 2P + 1 circuits"),
  qasm: z.enum(["2", "3"]).optional().describe("version of OpenQASM (default: 3)"),
  seed: z.int().min(0).optional().describe("seed of the first angles and of SPSA's directions (default: 0)"),
};

const options = z.object({
  ...firstOptions,
  order: z.enum(orders).optional().describe("whether qubit 0 is the last character of a counted string, or the first"),
  width: z.int().min(1).max(30).optional().describe("bits of a string, where strings are hexadecimal"),
  ...talkOptions,
});
type Options = z.infer<typeof options>;

export const hardware = job({
  name: "binarize hardware",
  summary: "train a circuit on a quantum computer: circuits out, counts in, step by step",
  description:
    "The first call begins a training in <folder> and writes the circuits that it wants to be run. Run them, save what was counted as JSON beside each (circuit-00.qasm, circuit-00.json), and call again with the folder alone: the angles move, and the next circuits are written.",
  arguments: [
    { name: "<folder>", description: "folder of the training" },
    { name: "[file]", description: "data, at the first call: CSV, Parquet, JSON or NPZ, or a folder of pictures by class" },
  ],
  examples: [
    "pushforward binarize hardware runs/device --table costs.txt --layers 2",
    "pushforward binarize hardware runs/device --order last-first",
  ],
  notes: 'Counts are files such as {"0101": 12, "1100": 3}. All else that the first call was told is kept: --order is said once.',
  options,
  async run([folder, file], given) {
    const session = await readSession(folder);
    return session ? advance(folder, session, file, given) : begin(folder, file, given);
  },
});

/** What is known of a problem. */
interface Known {
  readonly loaded: Loaded;
  readonly costs: Float64Array;
}

async function problemOf({ file, costs: asked }: Pick<Session, "file" | "costs">, seed: number, given: Options): Promise<Known> {
  const loaded = await loadCosts(file, { ...asked, seed }, "all");
  const costs = await costsOf(loaded, (label, total) => progress({ label, total, mode: progressMode(given) }));
  if (!costs) throw new Error("costs that nobody interrupts are computed");
  return { loaded, costs };
}

async function begin(folder: string, file: string | undefined, given: Options): Promise<Outcome> {
  const { ansatz = "brick", layers = 2, optimiser = "spsa", seed = 0, qasm, order, width: _, quiet: __, json: ___, ...asked } = given;
  const { table, family } = asked;
  const known = /\.(ya?ml|json)$/i.test(family ?? "") ? { family: absolute(family) } : {};
  const problem = { file: absolute(file), costs: { ...asked, ...(table !== undefined && { table: absolute(table) }), ...known } };
  const { loaded, costs } = await problemOf(problem, seed, given);
  const session: Session = {
    ...{ format, ...problem, digest: digestOf(costs), ansatz, layers, optimiser, seed },
    ...{ qasm: qasm === "2" ? 2 : 3, told: [] },
    ...(order && { order }),
  };
  const at = standing(session, costs);
  await writeSession(folder, session, at, loaded.bits);
  return outcome(folder, session, at.wanted.length, loaded, loaded.notes);
}

async function advance(folder: string, before: Session, file: string | undefined, given: Options): Promise<Outcome> {
  refuseChanges(folder, before, file, given);
  const { loaded, costs } = await problemOf(before, before.seed, given);
  if (digestOf(costs) !== before.digest)
    throw new UserError(
      `${folder}: the costs are others than those this training began with`,
      "put the old file back, or begin in a new folder",
    );
  const step = before.told.length + 1;
  const paths = countsPaths(folder, step, standing(before, costs).wanted.length);
  const counted = await Promise.all(paths.map((path) => countsAt(path, given.width)));
  const missing = paths.filter((_, i) => counted[i] === undefined).map((path) => relative(folder, path));
  if (missing.length > 0)
    throw new UserError(
      `step ${step} waits for ${missing.length > 3 ? `${missing.length} files, the first of them ${missing[0]}` : missing.join(" and ")} in ${folder}`,
      "run the circuits beside them, and save their counts under these names",
    );
  const read = counted.filter((c) => c !== undefined);
  const order = orderOf(before, given, paths[0], read[0], costs);
  const session: Session = { ...before, order, told: [...before.told, read.map((c, i) => toldBy(c, order, costs, paths[i]))] };
  const at = standing(session, costs);
  await writeSession(folder, session, at, loaded.bits);
  await writeAside(join(folder, "training.png"), await pictureOf(session, at.trace, costs));
  const notes = [...new Set(read.flatMap(({ notes: said }) => said))];
  return outcome(folder, session, at.wanted.length, loaded, [...loaded.notes, ...notes]);
}

/** What the first call has decided stays. */
function refuseChanges(folder: string, session: Session, file: string | undefined, given: Options): void {
  const kept: Readonly<Record<string, unknown>> = { ...session.costs, ...session, qasm: String(session.qasm) };
  const defaults: Readonly<Record<string, unknown>> = z.object(firstOptions).parse({});
  const differs = (key: string, value: unknown): boolean =>
    value !== defaults[key] && value !== kept[key] && !(typeof value === "string" && absolute(value) === kept[key]);
  const wrong = Object.entries(given).find(([key, value]) => key in firstOptions && differs(key, value));
  if (wrong || (file !== undefined && absolute(file) !== session.file))
    throw new UserError(
      `${folder} is a training that has begun${wrong ? ` with --${wrong[0]} ${kept[wrong[0]] ?? "not given"}` : " with other data"}`,
      "leave that away, or begin in a new folder",
    );
  if (session.order && given.order && given.order !== session.order)
    throw new UserError(`the strings of this training are ${session.order}`, "leave --order away, or begin in a new folder");
}

/** Counts of a file; none where there is no such file. */
async function countsAt(path: string, width: number | undefined): Promise<ReadCounts | undefined> {
  return existsSync(path) ? parseCounts(await readText(path), path, width) : undefined;
}

function orderOf({ order: kept }: Session, { order: asked }: Options, path: string, read: ReadCounts, costs: Float64Array): BitOrder {
  const order = asked ?? kept;
  if (order) return order;
  checkWidth(read, costs, path);
  throw new UserError(`${path}: which end of a string is qubit 0?`, `--order last-first or --order first-first${compared(read, costs)}`);
}

function checkWidth({ width }: ReadCounts, costs: Float64Array, path: string): void {
  const bits = Math.log2(costs.length);
  if (width !== bits)
    throw new UserError(`${path} has strings of ${width} bits, the circuit measures ${bits}`, "are they another circuit's?");
}

function toldBy(read: ReadCounts, order: BitOrder, costs: Float64Array, path: string): Told {
  checkWidth(read, costs, path);
  const counts = orderedCounts(read, order);
  const best = counts.states.reduce((a, b) => (costs[b] < costs[a] ? b : a));
  return { ...shotMean(counts, costs), shots: counts.shots, best: { state: best, cost: costs[best] } };
}

async function pictureOf({ layers }: Session, scaled: readonly number[], costs: Float64Array): Promise<Uint8Array> {
  const { minimum, maximum, mean } = rangeOf(costs);
  const trace = scaled.map((value) => mean + (maximum - minimum || 1) * value);
  return toPng(tracesFigure([{ layers, trace, energy: trace[trace.length - 1] }], minimum, 0, false).svg);
}

/** The lowest cost among all that was measured, with the network that it is. */
function lowestOf(all: readonly Told[], { bits, networks }: Loaded) {
  if (all.length === 0) return undefined;
  const { state, cost } = all.map(({ best }) => best).reduce((a, b) => (b.cost < a.cost ? b : a));
  const { loss: _, index: __, probability: ___, ...known } = rankedNetwork({ index: state, loss: cost, probability: 0 }, bits, networks);
  return { ...known, cost };
}

function outcome(folder: string, session: Session, wanted: number, loaded: Loaded, notes: readonly string[]): Outcome {
  const { told: steps, optimiser } = session;
  const next = steps.length + 1;
  const waiting = countsPaths(folder, next, wanted).map((path) => relative(folder, path));
  const all = steps.flat();
  const best = lowestOf(all, loaded);
  const shots = all.reduce((sum, circuit) => sum + circuit.shots, 0);
  const last = steps.at(-1);
  // of SPSA the mean of both sides, of gradients the circuit at the angles, which is the first
  const shown = last && (optimiser === "spsa" ? last : last.slice(0, 1));
  const value = shown && shown.reduce((sum, { mean }) => sum + mean, 0) / shown.length;
  const error = shown && Math.sqrt(shown.reduce((sum, told) => sum + told.error ** 2, 0)) / shown.length;
  const results = { step: steps.length, value, standardError: error, best, shots, circuits: all.length, waiting, notes };
  const circuits = join(folder, stepName(next));
  const text = [
    ...notes.map((note) => `note: ${note}`),
    ...(value !== undefined && error !== undefined && best
      ? [
          `step ${steps.length}: mean cost ${withError(value, error)}; lowest measured so far ${formatNumber(best.cost)} at ${best.bits}${best.accuracy === undefined ? "" : `, a network of accuracy ${formatNumber(best.accuracy)}`}, in ${shots.toLocaleString("en")} shots`,
        ]
      : []),
    `next: run the ${wanted} circuits in ${circuits}, save the counts of each beside it (circuit-00.qasm, circuit-00.json), and call this again with ${folder}`,
  ];
  return { results, text };
}
