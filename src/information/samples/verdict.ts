/** Which number to trust, and what is certain. */
import { formatNumber, withError } from "../../numbers.ts";
import { bits } from "../bound.ts";
import type { Measured, Part } from "./measured.ts";
import { mostColumns } from "./nearest.ts";
import type { EntropyCap } from "./parametric.ts";
import type { SamplePairs } from "./prepare.ts";
import { nearCap } from "./work.ts";

/** An end of the interval, and why it is there. */
export interface End {
  readonly value: number | null;
  /** Of a value that was measured. */
  readonly se?: number;
  readonly why: string;
}

/** What is said about I. */
export interface Verdict {
  readonly lower: End;
  readonly upper: End;
  /** The number to trust, by name. */
  readonly trusted?: string;
  readonly sentence: string;
  readonly warnings: readonly string[];
}

/** The test's level above which no dependence is seen. */
const level = 0.05;

/** Nats and bits. */
export const inBoth = (nats: number, error?: number): string =>
  error === undefined
    ? `${formatNumber(nats)} nats (${formatNumber(bits(nats))} bits)`
    : `${withError(nats, error)} nats (${withError(bits(nats), bits(error))} bits)`;

/** @param pairs  what the reading of the columns found */
export function judge(pairs: SamplePairs, all: readonly Measured[], parts: readonly Part[], caps: readonly EntropyCap[]): Verdict {
  const [lower, upper] = [lowerEnd(all), upperEnd(caps)];
  const p = parts.find((part) => part.test)?.test?.p;
  const chosen = trusted(pairs, all);
  const unseen = p !== undefined && p > level ? ` No dependence is seen: shuffled pairs give as much (p = ${formatNumber(p)}).` : "";
  return {
    ...{ lower: lower.end, upper },
    ...(chosen && { trusted: chosen.name }),
    sentence: `${sentence(pairs, chosen, lower.from, all)}${unseen}`,
    warnings: [...manyColumns(pairs, all), ...disagreements(all, upper, chosen)],
  };
}

/** The lower bound that was highest on the validation rows, as the held-out pairs have it. */
function lowerEnd(all: readonly Measured[]): { end: End; from?: Measured } {
  const candidates = all.filter((m) => m.validated !== undefined);
  if (candidates.length === 0) return { end: { value: 0, why: "I is never negative; no lower bound was trained (--methods infonce)" } };
  const from = candidates.reduce((a, b) => ((b.validated ?? 0) > (a.validated ?? 0) ? b : a));
  if (!from.valid) return { end: { value: 0, why: `I is never negative; ${from.name} was chosen and failed: ${from.why}` } };
  const choice =
    candidates.length > 1 ? `${from.name}, the highest of ${candidates.length} lower bounds on the validation rows` : from.name;
  return { end: { value: from.mean, se: from.se, why: `${choice}; evaluated on ${from.pairs} other pairs with the critic frozen` }, from };
}

function upperEnd(caps: readonly EntropyCap[]): End {
  const valid = caps.filter((cap) => cap.valid);
  if (valid.length === 0)
    return {
      value: null,
      why:
        caps.length > 0
          ? `${caps[0].side} has ${caps[0].labels} labels, too many for these rows: its entropy is not known`
          : "numbers on both sides: no sample bounds their information from above",
    };
  const least = valid.reduce((a, b) => (b.mean < a.mean ? b : a));
  return { value: least.mean, se: least.se, why: `the entropy of ${least.side}, ${least.labels} labels: I ≤ H` };
}

/** Counts before distances, distances before correlations; none if none stands. */
function trusted({ unique }: SamplePairs, all: readonly Measured[]): Measured | undefined {
  if (unique.length > 0) return undefined;
  const standing = (name: string): Measured | undefined => all.find((m) => m.name === name && m.valid);
  return standing("plug-in") ?? standing("Ross") ?? standing("mixed KSG") ?? standing("KSG-1") ?? standing("CCA (Gaussian)");
}

function sentence({ unique }: SamplePairs, chosen: Measured | undefined, lower: Measured | undefined, all: readonly Measured[]): string {
  if (unique.length > 0)
    return "Trust none of these numbers: where every row has its own label, the information is the logarithm of the number of rows.";
  if (chosen) return `Trust ${chosen.name}: I is ${inBoth(chosen.mean, chosen.se)}. ${capital(chosen.why)}.`;
  const doubted = all.find((m) => m.method === "ksg") ?? all.find((m) => m.method === "cca");
  const because = doubted ? ` ${doubted.name} is not to be trusted: ${doubted.why}.` : "";
  if (!lower) return `No number here can be trusted as the value of I.${because}`;
  const cap = lower.cap !== undefined && lower.mean > lower.cap - nearCap;
  return (
    `Trust the lower bound only: I is at least ${inBoth(lower.mean, lower.se)} (${lower.name}).${because} ` +
    `Numbers from pairs alone are lower bounds that saturate: about ${formatNumber(Math.log(lower.pairs))} nats is the most ` +
    `that ${lower.pairs} held-out pairs can show${cap ? ", and this one is there" : ""}.`
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A Gaussian value that counts, distances or a bound contradict is none. */
export function contradicted(all: readonly Measured[]): Measured[] {
  const apart = (m: Measured, other: Measured): number => (other.mean - m.mean) / Math.hypot(m.se, other.se);
  const near = all.find((m) => m.method === "ksg" && m.valid);
  return all.map((m): Measured => {
    if (m.method !== "cca" || !m.valid) return m;
    const above = all.find((other) => other.kind === "lower" && other.valid && apart(m, other) > tolerance);
    const against = near && Math.abs(apart(m, near)) > tolerance ? near : above;
    return against ? { ...m, valid: false, why: `${against.name} says otherwise: the pairs are not jointly normal` } : m;
  });
}

/** Said with many columns whatever the numbers are. */
function manyColumns({ x, z }: SamplePairs, all: readonly Measured[]): string[] {
  if (x.columns.length + z.columns.length <= mostColumns || !all.some((m) => m.method !== "cca")) return [];
  return [
    `${x.columns.length} + ${z.columns.length} columns: neighbours and critics see a part of the dependence only; their numbers are ` +
      `lower bounds that saturate near the logarithm of the number of pairs (log ${x.rows} = ${formatNumber(Math.log(x.rows))} nats)`,
  ];
}

/** Errors by which an estimate may pass a bound. */
const tolerance = 3;

function disagreements(all: readonly Measured[], upper: End, chosen: Measured | undefined): string[] {
  const above = all.filter((m) => m.kind !== "upper" && upper.value !== null && m.mean - tolerance * m.se > upper.value);
  const passed = above.map((m) => `${m.name} is above ${formatNumber(upper.value ?? 0)} nats, ${upper.why}: it is wrong`);
  const bounds = all.filter((m) => m.kind === "lower" && m.valid);
  const contradicted = chosen
    ? bounds
        .filter((m) => m.mean - chosen.mean > tolerance * Math.hypot(m.se, chosen.se))
        .map((m) => `${m.name}, a lower bound, is above ${chosen.name}: ${chosen.name} is too low`)
    : [];
  const negative = all.filter((m) => m.mean < 0).map((m) => m.name);
  const below =
    negative.length > 0
      ? [`${negative.join(", ")} ${negative.length === 1 ? "is" : "are"} negative, as estimates of a small I may be: reported as found`]
      : [];
  return [...passed, ...contradicted, ...below];
}
