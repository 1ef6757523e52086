/** Configurations that a circuit yields, decoded and scored. */
import { formatNumber } from "../../numbers.ts";
import { type BinaryNetwork, decode } from "../../quantum/families/network.ts";
import { accuracyOf, lossOf } from "../../quantum/families/points.ts";
import { bitsOf, bitText } from "../../quantum/landscape/table.ts";
import type { Cost } from "../../quantum/search/counter.ts";
import { type Candidate, polish } from "../../quantum/training/outcome.ts";
import type { Networks } from "./problem.ts";

/** A configuration with what it means. */
export interface RankedNetwork extends Candidate {
  readonly bits: string;
  readonly network?: BinaryNetwork;
  readonly accuracy?: number;
  readonly testLoss?: number;
  readonly testAccuracy?: number;
}

/** A configuration decoded and scored. */
export function rankedNetwork(candidate: Candidate, bits: number, networks: Networks | undefined): RankedNetwork {
  const named = { ...candidate, bits: bitText(candidate.index, bits) };
  if (!networks) return named;
  const { family, points, test } = networks;
  const network = decode(family, bitsOf(candidate.index, bits));
  return {
    ...named,
    network,
    accuracy: accuracyOf(network, points),
    ...(test && { testLoss: lossOf(family, network, test), testAccuracy: accuracyOf(network, test) }),
  };
}

/** The best that descents from the five best candidates reach, with all that they ask. */
export function polishedFrom(cost: Cost, bits: number, candidates: readonly Candidate[]) {
  const ends = candidates.slice(0, 5).map(({ index }) => polish(cost, bits, index));
  const evaluations = ends.reduce((sum, end) => sum + end.evaluations, 0);
  return { ...ends.reduce((a, b) => (b.loss < a.loss ? b : a)), evaluations };
}

/** The first of them. */
export const rankedTable = (ranked: readonly RankedNetwork[]) => ({
  title: ranked[0].network ? "Networks of the trained circuit" : "Configurations of the trained circuit",
  columns: [
    "bits",
    "loss",
    "probability",
    ...(ranked[0].network ? ["accuracy", ...(ranked[0].testAccuracy === undefined ? [] : ["test accuracy"])] : []),
  ],
  rows: ranked.slice(0, 10).map((r) => [r.bits, r.loss, r.probability, ...[r.accuracy, r.testAccuracy].filter((v) => v !== undefined)]),
});

/** What the first lines say of the best. */
export const bestText = (best: RankedNetwork): string =>
  `best of the circuit: loss ${formatNumber(best.loss)} at ${best.bits}${best.accuracy === undefined ? "" : `, accuracy ${percent(best.accuracy)}${best.testAccuracy === undefined ? "" : `, on the test ${percent(best.testAccuracy)}`}`}`;

/** Accuracies of the best, as key numbers. */
export const accuracyNumbers = (best: RankedNetwork) => [
  ...(best.accuracy === undefined
    ? []
    : [{ name: "accuracy", value: best.accuracy, note: "of the best network, on the data of the search" }]),
  ...(best.testAccuracy === undefined
    ? []
    : [{ name: "test accuracy", value: best.testAccuracy, note: `loss ${formatNumber(best.testLoss ?? 0)}` }]),
];

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
