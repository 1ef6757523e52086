/** `pushforward binarize simulate`: what a circuit of a file gives. */
import { z } from "zod";
import { randomStream } from "../../array/random.ts";
import { UserError } from "../../errors.ts";
import { job } from "../../lab/command.ts";
import { talkOptions } from "../../lab/options.ts";
import { formatNumber, withError } from "../../numbers.ts";
import type { Circuit } from "../../quantum/circuit.ts";
import { shotMean } from "../../quantum/counts.ts";
import { mostDensityQubits, noisyProbabilities } from "../../quantum/density.ts";
import { bitText } from "../../quantum/landscape/table.ts";
import { depolarizing, errorsOf, readOut, trajectories } from "../../quantum/noise.ts";
import { type QasmCircuit, readQasm } from "../../quantum/qasm/read.ts";
import { entropy, sampleShots, wilson } from "../../quantum/sample.ts";
import { probabilities } from "../../quantum/simulate.ts";
import { readCosts, readText } from "./costs.ts";

const options = {
  table: z
    .string()
    .optional()
    .describe("costs of basis states, one a line: their expectation is printed")
    .meta({ placeholder: "file", file: true }),
  parameters: z.string().optional().describe('values of inputs, such as "theta=0.3,phi=1.2"').meta({ placeholder: "name=value,…" }),
  noise: z.number().min(0).default(0).describe("scale p of depolarizing noise: errors 0.001 p after gates on one qubit, 0.00375 p on two"),
  readout: z.number().min(0).max(0.5).default(0).describe("probability that a bit is read wrong"),
  trajectories: z.int().min(2).max(10_000_000).default(1000).describe("noisy runs that are averaged above 12 qubits"),
  shots: z.int().min(0).max(100_000_000).default(0).describe("measurements to draw besides"),
  bitOrder: z
    .enum(["first-lowest", "first-highest"])
    .default("first-lowest")
    .describe("whether the first declared qubit is the least or the most significant bit of index k"),
  seed: z.int().min(0).default(0).describe("seed of all random numbers"),
  ...talkOptions,
};
type Options = z.infer<z.ZodObject<typeof options>>;

export const simulate = job({
  name: "binarize simulate",
  summary: "probabilities of a circuit in OpenQASM, and the expectation of a table of costs, with noise if wanted",
  arguments: [{ name: "<circuit>", description: "a file in OpenQASM 2 or 3" }],
  examples: ["pushforward binarize simulate circuit.qasm --table costs.txt --noise 1 --shots 1000"],
  notes: "Line k + 1 of a table is the cost of basis state k. The first parameter of a configuration is the most significant bit of k.",
  options: z.object(options),
  async run([path], given) {
    const text = await readText(path);
    const read = located(path, () => readQasm(text, valuesOf(given.parameters)));
    if (read.inputs.length > 0)
      throw new UserError(
        `${path}: ${read.inputs.join(", ")} ${read.inputs.length > 1 ? "have" : "has"} no value`,
        `--parameters ${read.inputs.map((name) => `${name}=0.1`).join(",")}`,
      );
    const costs = given.table === undefined ? undefined : await readCosts(given.table);
    const { qubits } = read.circuit;
    if (costs && costs.length !== 2 ** qubits)
      throw new UserError(
        `${given.table} has ${costs.length} costs, and ${path} has ${qubits} qubits`,
        `a table for it has ${2 ** qubits} lines`,
      );
    const { results, warnings, text: lines } = simulated(read, costs, given);
    const notes = [...read.notes, ...warnings];
    if (!given.quiet && !given.json) for (const note of notes) process.stderr.write(`note: ${note}\n`);
    return { results: { ...results, notes }, text: lines };
  },
});

/** Mistakes in a text, with the name of its file. */
function located<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`, error.hint);
    throw error;
  }
}

function valuesOf(text: string | undefined): Readonly<Record<string, number>> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [name, value, ...more] = pair.split("=").map((part) => part.trim());
      if (!name || !value || more.length > 0 || !Number.isFinite(Number(value)))
        throw new UserError(`--parameters: "${pair}" is not name=number`, "such as --parameters theta=0.3,phi=1.2");
      return [name, Number(value)];
    }),
  );
}

/** Probabilities of the ideal or noisy circuit; above 12 qubits with the standard error of the expectation. */
function distribution(circuit: Circuit, costs: ArrayLike<number> | undefined, { noise, trajectories: count, seed }: Options) {
  if (noise === 0) return { p: probabilities(circuit, []), how: "state vector", error: undefined };
  const channel = depolarizing(noise);
  if (circuit.qubits <= mostDensityQubits) return { p: noisyProbabilities(circuit, [], channel), how: "density matrix", error: undefined };
  const random = randomStream(seed).fold("trajectories");
  const found = trajectories(circuit, [], channel, { count, random, values: costs });
  return { p: found.probabilities, how: `${count} trajectories`, error: found.value?.error };
}

function simulated(read: QasmCircuit, costs: Float64Array | undefined, given: Options) {
  const { circuit, names, version } = read;
  const n = circuit.qubits;
  const highest = given.bitOrder === "first-highest";
  // trajectories average costs in the qubits' own order of bits, as they are when bits have been read
  const aligned = costs && highest ? reversed(costs, n) : costs;
  const own = aligned && given.readout > 0 ? readOut(aligned, given.readout) : aligned;
  const { p: ideal, how, error } = distribution(circuit, own, given);
  const ordered = highest ? reversed(ideal, n) : ideal;
  const p = given.readout > 0 ? readOut(ordered, given.readout) : ordered;
  const expectation = costs?.reduce((sum, cost, k) => sum + cost * p[k], 0);
  const likely = highest8(p);
  const errors = errorsOf(circuit, depolarizing(given.noise));
  const shots = given.shots > 0 ? shotResults(p, costs, given, n) : undefined;
  const order = [highest ? names[n - 1] : names[0], highest ? names[0] : names[n - 1]];
  const bitOrder = `${order[0]} is the least and ${order[1]} the most significant bit of index k; bits are written with the most significant first`;
  const results = {
    ...(expectation !== undefined && { expectation, ...(error !== undefined && { standardError: error }) }),
    ...(n <= 12 && { probabilities: [...p] }),
    entropy: entropy(p),
    ...(costs && optimum(costs, p)),
    likely: likely.map((k) => ({ index: k, bits: bitText(k, n), probability: p[k], ...(costs && { cost: costs[k] }) })),
    ...(shots && { shots }),
    ...{ qubits: n, gates: circuit.gates.length, version, names, bitOrder, method: how },
    ...(given.noise > 0 && { noise: { scale: given.noise, ...depolarizing(given.noise), errors: errors.mean, withoutError: errors.none } }),
  };
  const warnings =
    given.noise > 0 && errors.mean > 1
      ? [`the noise makes ${formatNumber(errors.mean)} errors a circuit: only ${formatNumber(100 * errors.none)} % of runs have none`]
      : [];
  const text = [
    `${n} qubits, ${circuit.gates.length} gates (OpenQASM ${version}), by ${how}`,
    bitOrder,
    ...(expectation === undefined
      ? []
      : [`expectation ${error === undefined ? expectation.toPrecision(10) : withError(expectation, error)}`]),
    ...(results.optimum ? [`optimum ${results.optimum.cost}, found with probability ${formatNumber(results.optimum.probability)}`] : []),
    `entropy ${formatNumber(results.entropy)} nats`,
    "",
    `${"bits".padEnd(Math.max(4, n))}  probability${costs ? "        cost" : ""}`,
    ...results.likely.map(
      ({ bits, probability, index }) =>
        `${bits.padEnd(4)}  ${probability.toFixed(8).padStart(11)}${costs ? formatNumber(costs[index]).padStart(12) : ""}`,
    ),
    ...(shots
      ? [
          "",
          `${given.shots} shots: ${shots.states.length} different strings${shots.mean === undefined ? "" : `, mean cost ${withError(shots.mean, shots.error ?? 0)}`}`,
        ]
      : []),
  ];
  return { results, warnings, text };
}

/** The most probable states, the first of them first. */
function highest8(p: Float64Array): readonly number[] {
  let found: number[] = [];
  for (let k = 0; k < p.length; k++)
    if (found.length < 8 || p[k] > p[found[7]]) found = [...found, k].sort((a, b) => p[b] - p[a] || a - b).slice(0, 8);
  return found;
}

/** The lowest cost, how many states have it, and with which probability one of them is found. */
function optimum(costs: Float64Array, p: Float64Array) {
  const cost = costs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  let [count, probability] = [0, 0];
  for (let k = 0; k < costs.length; k++)
    if (costs[k] === cost) {
      count++;
      probability += p[k];
    }
  return { optimum: { cost, count, probability } };
}

function shotResults(p: Float64Array, costs: Float64Array | undefined, { shots, seed }: Options, n: number) {
  const drawn = sampleShots(p, shots, randomStream(seed).fold("shots"));
  const states = drawn.states.map((k, i) => ({ bits: bitText(k, n), count: drawn.counts[i] }));
  const sorted = states.sort((a, b) => b.count - a.count || (a.bits < b.bits ? -1 : 1));
  if (!costs) return { count: shots, states: sorted };
  const { mean, error } = shotMean(drawn, costs);
  const best = drawn.states.reduce((a, b) => (costs[b] < costs[a] ? b : a));
  const lowest = costs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const hits = drawn.states.reduce((sum, k, i) => (costs[k] === lowest ? sum + drawn.counts[i] : sum), 0);
  return {
    count: shots,
    mean,
    error,
    best: { bits: bitText(best, n), cost: costs[best] },
    pOptimal: { share: hits / shots, interval: wilson(hits, shots) },
    states: sorted,
  };
}

/** The same by indices with their bits in reverse. */
const reversed = (values: Float64Array, n: number): Float64Array =>
  values.map((_, k) => {
    let other = 0;
    for (let j = 0; j < n; j++) other = (other << 1) | ((k >> j) & 1);
    return values[other];
  });
