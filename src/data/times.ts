/** Times written as text: numbers, ISO dates, and labels around one number such as "D3", "day 12-15", "8h" or "E8.5". */

export interface ReadTimes {
  /** NaN where there is no value, or none that can be read. */
  readonly numbers: Float64Array;
  /** How labels were read; absent for plain numbers and dates. */
  readonly note?: string;
}

/** Seconds of a unit. */
const units: Readonly<Record<string, number>> = {
  ...{ s: 1, sec: 1, second: 1, min: 60, minute: 60, h: 3600, hr: 3600, hour: 3600 },
  ...{ d: 86400, day: 86400, w: 604800, wk: 604800, week: 604800, y: 31_557_600, yr: 31_557_600, year: 31_557_600 },
};
const secondsOf = (text: string): number | undefined => units[text] ?? units[text.replace(/s$/, "")];

const date = /^\d{4}-\d\d-\d\d/;
const label = /^(\D*?)\s*(-?\d+(?:\.\d+)?)(?:\s*(?:-|–|to)\s*(\d+(?:\.\d+)?))?\s*(\D*)$/i;

/** Dates count as days since 1970. */
const fromDate = (text: string): number =>
  Date.parse(text.length === 10 ? text : `${text.replace(" ", "T").replace(/Z?$/, "Z")}`) / 864e5;

/**
 * Numbers of a column of times. Labels are read if all have the same words before the number, and behind it the same words or units of time, which are
 * brought to the smallest one; a range counts as its middle.
 */
export function readTimes(values: readonly (string | null)[]): ReadTimes {
  const texts = values.map((v) => (v === null || v.trim() === "" ? undefined : v.trim()));
  const plain = Float64Array.from(texts, (v) => (v === undefined ? Number.NaN : date.test(v) ? fromDate(v) : Number(v)));
  const unread = texts.findIndex((v, i) => v !== undefined && Number.isNaN(plain[i]));
  if (unread < 0) return { numbers: plain };
  const parts = texts.map((v) => (v === undefined ? undefined : label.exec(v)));
  if (parts.includes(null)) return { numbers: plain };
  const word = (i: number, group: number): string => parts[i]?.[group].trim().toLowerCase().replace(/[_.\s]+$/, "") ?? ""; // biome-ignore format: one line
  const given = texts.flatMap((v, i) => (v === undefined ? [] : [i]));
  const words = (group: number): string[] => [...new Set(given.map((i) => word(i, group)))];
  const suffixes = words(4);
  const seconds = suffixes.map(secondsOf);
  if (words(1).length > 1 || (suffixes.length > 1 && seconds.includes(undefined))) return { numbers: plain };
  const smallest = Math.min(...(seconds as number[]));
  const numbers = Float64Array.from(texts, (_, i) => {
    const found = parts[i];
    if (!found) return Number.NaN;
    const number = found[3] === undefined ? Number(found[2]) : (Number(found[2]) + Number(found[3])) / 2;
    return suffixes.length > 1 ? (number * (secondsOf(word(i, 4)) as number)) / smallest : number;
  });
  const unit = suffixes.length > 1 ? suffixes[seconds.indexOf(smallest)] : suffixes[0];
  return { numbers, note: `labels such as "${texts[unread]}" are read as ${numbers[unread]}${unit ? ` ${unit}` : ""}` };
}
