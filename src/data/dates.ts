/** Dates written as text: "2020-01-31", "31/01/2020 14:30", "2020-01-31T14:30:00+02:00". */

const clock = String.raw`(?:[T\s]+(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?`;
const yearFirst = new RegExp(String.raw`^(\d{4})([-/.])(\d\d?)\2(\d\d?)${clock}$`, "i");
const yearLast = new RegExp(String.raw`^(\d\d?)([-/.])(\d\d?)\2(\d{4})${clock}$`, "i");

/** Whether a text looks like a date. */
export const isDate = (text: string): boolean => yearFirst.test(text) || yearLast.test(text);

/**
 * Days since 1970, NaN for dates that do not exist; a time of day without an offset is UTC. Where the year is last, the day comes first,
 * unless a part above 12 in any of the texts says that the month does.
 */
export function readDates(texts: readonly string[]): { days: number[]; note?: string } {
  const last = texts.map((text) => yearLast.exec(text));
  const above = (part: 1 | 3): boolean => last.some((found) => found && Number(found[part]) > 12);
  const monthFirst = above(3) && !above(1);
  const days = texts.map((text) => {
    const [, a, , b, c, ...time] = yearFirst.exec(text) ?? yearLast.exec(text) ?? [];
    if (a === undefined) return Number.NaN;
    const [year, month, day] = (a.length === 4 ? [a, b, c] : monthFirst ? [c, a, b] : [c, b, a]).map(Number);
    return daysSince1970(year, month, day) + partOfDay(time);
  });
  const open = above(1) || above(3) ? -1 : last.findIndex((found) => found && found[1] !== found[3]);
  if (open < 0) return { days };
  const iso = new Date(days[open] * 864e5).toISOString().slice(0, 10);
  return { days, note: `"${texts[open]}" is read as ${iso}, the day before the month; write ISO dates if the month comes first` };
}

function daysSince1970(year: number, month: number, day: number): number {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / 864e5 : Number.NaN;
}

function partOfDay([hours = "0", minutes = "0", seconds = "0", zone = "Z"]: (string | undefined)[]): number {
  const [, sign, ahead = "0", minutesAhead = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const offset = (sign === "-" ? -1 : 1) * (Number(ahead) * 60 + Number(minutesAhead));
  return (Number(hours) * 3600 + (Number(minutes) - offset) * 60 + Number(seconds)) / 86400;
}
