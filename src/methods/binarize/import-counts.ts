/** `pushforward binarize import-counts`: what hardware has measured, against a table of costs. */
import { basename } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { job } from "../../lab/command.ts";
import { talkOptions } from "../../lab/options.ts";
import { formatNumber, withError } from "../../numbers.ts";
import { type BitOrder, orderedCounts, parseCounts, type ReadCounts, shotMean } from "../../quantum/counts.ts";
import { bitText } from "../../quantum/landscape/table.ts";
import { wilson } from "../../quantum/sample.ts";
import { readCosts, readText } from "./costs.ts";

export const importCounts = job({
  name: "binarize import-counts",
  summary: "mean cost and best string of counts that hardware has measured",
  arguments: [{ name: "<counts>", description: 'a JSON file such as {"0101": 12, "1100": 3}' }],
  examples: ["pushforward binarize import-counts counts.json --order last-first --table costs.txt"],
  notes:
    "Strings do not say which end is qubit 0: IBM's programs print it last, Braket's first. Without --order both are shown, and none is chosen.",
  options: z.object({
    order: z.enum(["last-first", "first-first"]).optional().describe("whether qubit 0 is the last character of a string, or the first"),
    table: z.string().optional().describe("costs of basis states, one a line").meta({ placeholder: "file", file: true }),
    width: z.int().min(1).max(30).optional().describe("bits of a string, where strings are hexadecimal"),
    ...talkOptions,
  }),
  async run([path], { order, table, width, quiet, json }) {
    const read = parseCounts(await readText(path), basename(path), width);
    const costs = table === undefined ? undefined : await readCosts(table);
    if (costs && costs.length !== 2 ** read.width)
      throw new UserError(
        `${path} has strings of ${read.width} bits, and ${table} has ${costs.length} costs`,
        `a table for them has ${2 ** read.width} lines`,
      );
    if (!order)
      throw new UserError(
        `${path}: which end of a string is qubit 0?`,
        `--order last-first or --order first-first${costs ? compared(read, costs) : ""}`,
      );
    if (!quiet && !json) for (const note of read.notes) process.stderr.write(`note: ${note}\n`);
    const results = { ...summary(read, order, costs), notes: read.notes };
    return { results, text: lines(results) };
  },
});

/** Mean costs by both orders, where none was said. */
export const compared = (read: ReadCounts, costs: Float64Array): string => {
  const [last, first] = (["last-first", "first-first"] as const).map((order) => shotMean(orderedCounts(read, order), costs).mean);
  return `: the mean cost is ${formatNumber(last)} with the former and ${formatNumber(first)} with the latter`;
};

function summary(read: ReadCounts, order: BitOrder, costs: Float64Array | undefined) {
  const counts = orderedCounts(read, order);
  const n = read.width;
  const states = counts.states.map((k, i) => ({
    index: k,
    bits: bitText(k, n),
    count: counts.counts[i],
    ...(costs && { cost: costs[k] }),
  }));
  const base = { order, qubits: n, shots: counts.shots, distinct: states.length };
  const sorted = states.sort((a, b) => b.count - a.count || a.index - b.index);
  if (!costs) return { ...base, states: sorted };
  const { mean, error } = shotMean(counts, costs);
  const lowest = costs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const hits = counts.states.reduce((sum, k, i) => (costs[k] === lowest ? sum + counts.counts[i] : sum), 0);
  const best = counts.states.reduce((a, b) => (costs[b] < costs[a] ? b : a));
  const optimal = { cost: lowest, share: hits / counts.shots, interval: wilson(hits, counts.shots) };
  return {
    ...base,
    expectation: mean,
    standardError: error,
    best: { bits: bitText(best, n), cost: costs[best] },
    optimum: optimal,
    states: sorted,
  };
}

function lines(results: ReturnType<typeof summary>): readonly string[] {
  const said = [
    `${results.shots} shots of ${results.qubits} bits, ${results.distinct} different strings, qubit 0 ${results.order === "last-first" ? "last" : "first"}`,
  ];
  if ("best" in results) {
    const { expectation, standardError, best, optimum } = results;
    said.push(
      `mean cost ${withError(expectation, standardError)}; best ${best.cost} at ${best.bits}`,
      `optimum ${optimum.cost}: ${formatNumber(100 * optimum.share)} % of shots (95 %: ${optimum.interval.map((p) => formatNumber(100 * p)).join(" to ")} %)`,
    );
  }
  return [...said, "", ...results.states.slice(0, 12).map(({ bits, count }) => `${bits}  ${count}`)];
}
