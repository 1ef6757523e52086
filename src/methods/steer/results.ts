/** What commands of `steer` print and write: texts, bounds, divergences. */

import type { ReportTable } from "../../lab/index.ts";
import { type LogWeights, type RunBounds, sandwichOf, type TextParticles, type TextTarget, untilEnd } from "../../language/index.ts";
import { formatNumber } from "../../numbers.ts";
import { divergences, type Estimate, estimate } from "../../sampling/index.ts";

/** A text as programs get it. */
export interface TextRow {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly logModel: number;
  readonly logProposal: number;
  readonly logPotential: number;
  /** Share among the texts of its run. */
  readonly weight: number;
  /** Of every step, the number of the particle that it descends from. */
  readonly ancestors?: readonly number[];
}

/** The particles of the first population, heaviest first. */
export function textRows(
  { model, prompt, length }: TextTarget,
  particles: TextParticles,
  logWeights: Float64Array,
  count: number,
  lines?: readonly Int32Array[],
): TextRow[] {
  const top = logWeights.subarray(0, count).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const shares = Float64Array.from(logWeights.subarray(0, count), (log) => (top === Number.NEGATIVE_INFINITY ? 0 : Math.exp(log - top)));
  const total = shares.reduce((a, b) => a + b, 0) || 1;
  return Array.from({ length: count }, (_, row) => {
    const tokens = untilEnd(particles.tokens.data.slice(row * length, (row + 1) * length), model.tokenizer.end);
    return {
      text: model.tokenizer.decode([...prompt, ...tokens]),
      tokens: Array.from(tokens),
      logModel: particles.logModel.data[row],
      logProposal: particles.logProposal.data[row],
      logPotential: particles.logPotential.data[row],
      weight: shares[row] / total,
      ...(lines && { ancestors: lines.map((line) => line[row]) }),
    };
  }).sort((a, b) => b.weight - a.weight);
}

/** Equal texts as one row, the most likely first. */
export function distinct(rows: readonly TextRow[]): { text: string; weight: number; copies: number; logPotential: number }[] {
  const found = new Map<string, { text: string; weight: number; copies: number; logPotential: number }>();
  for (const { text, weight, logPotential } of rows) {
    const known = found.get(text);
    found.set(text, { text, logPotential, weight: weight + (known?.weight ?? 0), copies: 1 + (known?.copies ?? 0) });
  }
  return [...found.values()].sort((a, b) => b.weight - a.weight);
}

/** -Infinity has no JSON. */
export const plain = (value: number | undefined): number | null => (value === undefined || !Number.isFinite(value) ? null : value);

export const jsonl = (rows: readonly TextRow[]): string =>
  rows.map((row) => `${JSON.stringify({ ...row, logPotential: plain(row.logPotential) })}\n`).join("");

export const textTable = (rows: readonly TextRow[], most = 20): ReportTable => ({
  title: "Texts",
  columns: ["text", "weight", "log φ", "copies"],
  rows: distinct(rows)
    .slice(0, most)
    .map((row) => [row.text, row.weight.toFixed(3), formatNumber(row.logPotential), row.copies]),
  caption: "Different texts with the sum of their weights, the heaviest first.",
});

/** Names of what `logZResults` and `divergenceResults` give, for `metrics`. */
export const logZNumbers = ["logZ.lower", "logZ.upper", "logZ.se", "logZ.lowerSe", "logZ.upperSe"];
export const divergenceNumbers = ["kl.qToTarget", "kl.targetToQ", "klIntervals.qToTarget.*", "klIntervals.targetToQ.*"];
/** Those of `measure`. */
export const measuredNumbers = [...logZNumbers, ...divergenceNumbers, "ess", "uniqueAncestors"];

/** `{lower, upper, se}`, and why there is no upper bound. */
export function logZResults(bounds: RunBounds, why: string | undefined) {
  const { lower, upper } = sandwichOf(bounds);
  return {
    lower: plain(lower.mean),
    ...(upper ? { upper: plain(upper.mean) } : { why: why ?? "no exact draws of the target" }),
    se: plain(upper ? Math.max(lower.error, upper.error) : lower.error),
    lowerSe: plain(lower.error),
    ...(upper && { upperSe: plain(upper.error) }),
  };
}

/** Both divergences with what bounds them; of log Z exact where it is known. */
export function divergenceResults(
  weights: LogWeights,
  logZ: { readonly lower?: Estimate; readonly upper?: Estimate },
  why: string | undefined,
) {
  const { fromProposal, fromTarget } = divergences(weights, logZ);
  // the middle of the interval of log Z, as the paper has it
  const middle = logZ.lower && logZ.upper && (logZ.lower.mean + logZ.upper.mean) / 2;
  const [F, G] = [estimate(weights.proposal).mean, weights.target && estimate(weights.target).mean];
  const interval = ({ lower, upper }: { lower?: Estimate; upper?: Estimate }) => ({
    ...(lower && Number.isFinite(lower.mean) && { lower: lower.mean, lowerSe: lower.error }),
    ...(upper && Number.isFinite(upper.mean) && { upper: upper.mean, upperSe: upper.error }),
  });
  const qToTarget = middle === undefined ? undefined : middle - F;
  const targetToQ = middle === undefined || G === undefined ? undefined : G - middle;
  return {
    kl: {
      qToTarget: plain(qToTarget),
      targetToQ: plain(targetToQ),
      ...(targetToQ === undefined && { why: why ?? "no exact draws of the target" }),
    },
    klIntervals: { qToTarget: interval(fromProposal), targetToQ: interval(fromTarget) },
  };
}

const nats = (value: number, error: number): string => `${value.toFixed(3)} ± ${(error || 0).toFixed(3)}`;

/** "log Z is at least a and at most b nats". */
export function boundsSentence(bounds: RunBounds, why: string | undefined): string {
  const { lower, upper } = sandwichOf(bounds);
  return upper
    ? `log Z is at least ${nats(lower.mean, lower.error)} and at most ${nats(upper.mean, upper.error)} nats`
    : `log Z is at least ${nats(lower.mean, lower.error)} nats; no upper bound: ${why ?? "there are no exact draws"}`;
}

export function divergenceLines({ kl, klIntervals }: ReturnType<typeof divergenceResults>): string[] {
  const line = (name: string, value: number | null, { lower, upper }: { lower?: number; upper?: number }): string[] =>
    value === null && lower === undefined && upper === undefined
      ? []
      : [
          `${name} ${value === null ? "" : `${value.toFixed(3)} nats, `}${lower === undefined ? "" : `at least ${lower.toFixed(3)}`}${lower !== undefined && upper !== undefined ? ", " : ""}${upper === undefined ? "" : `at most ${upper.toFixed(3)}`}`,
        ];
  return [...line("KL(q ‖ target)", kl.qToTarget, klIntervals.qToTarget), ...line("KL(target ‖ q)", kl.targetToQ, klIntervals.targetToQ)];
}
