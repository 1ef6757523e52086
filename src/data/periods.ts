/** Periods of the calendar written as text: months, quarters, ISO weeks, decades. */

interface Period {
  /** Of the times. */
  readonly unit: string;
  readonly pattern: RegExp;
  /** The time of a match; NaN for a period that does not exist. */
  readonly time: (...parts: number[]) => number;
}

const names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Monday of an ISO week in weeks since Monday, 5 January 1970; the first week of a year has its first Thursday. */
function isoWeek(year: number, week: number): number {
  const fourth = Date.UTC(year, 0, 4) / 864e5; // always in week 1
  const monday = (of: number): number => Math.floor((of - 4) / 7); // day 4 of 1970 was a Monday
  const first = monday(fourth);
  const weeks = monday(Date.UTC(year + 1, 0, 4) / 864e5) - first;
  return week >= 1 && week <= weeks ? first + week - 1 : Number.NaN;
}

const month = (year: number, m: number): number => (m >= 1 && m <= 12 ? 12 * (year - 1970) + m - 1 : Number.NaN);

const periods: readonly Period[] = [
  { unit: "months since January 1970", pattern: /^(\d{4})[-/](\d\d)$/, time: month },
  { unit: "quarters since the first of 1970", pattern: /^(\d{4})[- ]?q([1-4])$/i, time: (year, q) => 4 * (year - 1970) + q - 1 },
  { unit: "weeks since 5 January 1970", pattern: /^(\d{4})-?w(\d\d?)$/i, time: isoWeek },
  { unit: "years", pattern: /^([12]\d\d0)s$/, time: (year) => year },
];

/** Parts of a label as numbers: "Jan 2020" is 2020-01, "Q1 2020" is 2020-Q1. */
function normal(label: string): string {
  const text = label.trim().replace(/^(q[1-4])[- ](\d{4})$/i, "$2-$1");
  const [, before, year, after] = /^(?:([a-z]{3,9})[ -])?(\d{4})(?:[ -]([a-z]{3,9}))?$/i.exec(text) ?? [];
  const m = names.indexOf((before ?? after ?? "").slice(0, 3).toLowerCase());
  return m < 0 ? text : `${year}-${String(m + 1).padStart(2, "0")}`;
}

/** Times of labels that are all periods of one kind, and their unit; undefined if they are not. */
export function readPeriods(labels: readonly string[]): { times: number[]; unit: string } | undefined {
  const texts = labels.map(normal);
  for (const { unit, pattern, time } of periods) {
    const found = texts.map((text) => pattern.exec(text));
    if (found.some((match) => match === null)) continue;
    return { times: found.map((match) => time(...match!.slice(1).map(Number))), unit };
  }
  return undefined;
}
