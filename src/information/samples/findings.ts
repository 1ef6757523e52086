/** Numbers, tables and lines of a measurement. */
import { formatNumber, withError } from "../../numbers.ts";
import { type Bound, bits } from "../bound.ts";
import type { Measured, Part } from "./measured.ts";
import { type EntropyCap, entropyCaps } from "./parametric.ts";
import type { SamplePairs } from "./prepare.ts";
import { contradicted, type End, inBoth, judge, type Verdict } from "./verdict.ts";

/** All that was found. */
export interface SampleFindings {
  readonly pairs: SamplePairs;
  readonly parts: readonly Part[];
  readonly measured: readonly Measured[];
  readonly caps: readonly EntropyCap[];
  readonly verdict: Verdict;
}

export function findings(pairs: SamplePairs, parts: readonly Part[]): SampleFindings {
  const measured = contradicted(parts.flatMap((part) => part.measured));
  if (pairs.x.columns.length === 0 || pairs.z.columns.length === 0) return { pairs, parts, measured, caps: [], verdict: constantVerdict };
  const caps = entropyCaps(pairs.x, pairs.z);
  return { pairs, parts, measured, caps, verdict: judge(pairs, measured, parts, caps) };
}

const constantVerdict: Verdict = {
  lower: { value: 0, why: "I is never negative" },
  upper: { value: 0, why: "a side never changes: its entropy is 0" },
  sentence: "I is 0, exactly: one side never changes.",
  warnings: [],
};

/** Normal quantile that an end passes with probability 5 %. */
const oneSided = 1.645;
const beyond = ({ value, se = 0 }: End, errors: number): number | null => (value === null ? null : value + errors * se);

/** For programs: nats throughout. */
export function sampleResults({ pairs, parts, measured, caps, verdict }: SampleFindings) {
  const test = parts.find((part) => part.test)?.test;
  const bounds: Bound[] = [
    ...measured.map(({ name, kind, mean, se, valid, why }) => ({ name, kind, mean, se, valid, why })),
    ...caps.map(
      (cap): Bound => ({
        ...{ name: `H(${cap.side})`, kind: "upper", mean: cap.mean, se: cap.se, valid: cap.valid },
        why: cap.valid ? `entropy of ${cap.labels} labels: I ≤ H` : `${cap.labels} labels are too many for these rows`,
      }),
    ),
  ];
  return {
    unit: "nats",
    interval: [verdict.lower.value, verdict.upper.value],
    interval95: [beyond(verdict.lower, -oneSided), beyond(verdict.upper, oneSided)],
    why: [verdict.lower.why, verdict.upper.why],
    trusted: verdict.trusted ?? null,
    sentence: verdict.sentence,
    bounds,
    baselines: Object.fromEntries(measured.map(({ name, baseline }) => [name, baseline])),
    caps: Object.fromEntries(measured.flatMap(({ name, cap }) => (cap === undefined ? [] : [[name, cap]]))),
    permutation: test
      ? { statistic: test.statistic, observed: test.observed, p: test.p, permutations: test.shuffled.length, pairs: test.pairs }
      : null,
    skipped: parts.flatMap((part) => part.skipped),
    columns: { x: pairs.x.names, z: pairs.z.names, constant: pairs.constant },
    rows: pairs.x.rows,
  };
}

const columns = ["estimator", "kind", "nats", "bits", "shuffled", "most possible", "to be trusted?"];

/** One line for each number. */
export const measuredTable = ({ measured }: SampleFindings) => ({
  title: "Every estimate",
  columns,
  rows: measured.map((m) => [
    m.name,
    m.kind,
    withError(m.mean, m.se),
    withError(bits(m.mean), bits(m.se)),
    withError(m.baseline.mean, m.baseline.se),
    m.cap === undefined ? "" : formatNumber(m.cap),
    `${m.valid ? "yes" : "no"}: ${m.why}`,
  ]),
  caption: "Errors are standard errors. Shuffled: the same on pairs whose partners were exchanged, whose information is 0.",
});

/** What stands at the top of the page. */
export function sampleNumbers({ measured, parts, caps, verdict }: SampleFindings) {
  const chosen = measured.find(({ name }) => name === verdict.trusted);
  const test = parts.find((part) => part.test)?.test;
  const { lower, upper } = verdict;
  return [
    ...(chosen
      ? [{ name: `I(X;Z), ${chosen.name}`, value: chosen.mean, error: chosen.se, note: `nats; ${formatNumber(bits(chosen.mean))} bits` }]
      : []),
    { name: "at least", value: lower.value ?? 0, note: `nats; ${lower.why}` },
    { name: "at most", value: upper.value ?? "not known", note: upper.value === null ? upper.why : `nats; ${upper.why}` },
    ...caps.map((cap) => ({ name: `H(${cap.side.toUpperCase()})`, value: cap.mean, error: cap.se, note: `nats, ${cap.labels} labels` })),
    ...(test
      ? [
          {
            name: "p of independence",
            value: test.p,
            note: `${test.statistic} against ${test.shuffled.length} shuffles of ${test.pairs} pairs`,
          },
        ]
      : []),
  ];
}

/** For people at a terminal. */
export function sampleLines({ measured, parts, verdict }: SampleFindings, took: string): string[] {
  const width = Math.max(0, ...measured.map(({ name }) => name.length));
  const doubt = (m: Measured): string => (m.valid ? "" : ` [${m.why}]`);
  const shuffled = ({ baseline }: Measured): string => `shuffled ${withError(baseline.mean, baseline.se)}`;
  const line = (m: Measured): string => `${m.name.padEnd(width)}  ${m.kind.padEnd(8)}  ${inBoth(m.mean, m.se)}; ${shuffled(m)}${doubt(m)}`;
  const test = parts.find((part) => part.test)?.test;
  const { lower, upper } = verdict;
  const most = upper.value === null ? "∞" : formatNumber(upper.value);
  return [
    ...measured.map(line),
    ...parts.flatMap((part) => part.skipped).map(({ method, why }) => `${method.padEnd(width)}  left out: ${why}`),
    ...(test ? [`independence: p = ${formatNumber(test.p)} (${test.statistic} against ${test.shuffled.length} shuffles)`] : []),
    `interval: [${formatNumber(lower.value ?? 0)}, ${most}] nats; below: ${lower.why}; above: ${upper.why}`,
    verdict.sentence,
    `took ${took}`,
  ];
}

/** Sentences that the reader must know first. */
export const sampleWarnings = ({ parts, verdict }: SampleFindings): string[] => [
  ...parts.flatMap((part) => part.notes),
  ...verdict.warnings,
];
