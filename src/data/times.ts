/** Times written as text: numbers, dates, periods of the calendar, and labels around one number such as "D3", "day 12-15", "8h" or "E8.5". */
import { isDate, readDates } from "./dates.ts";
import { readPeriods } from "./periods.ts";
import { list } from "./table.ts";

interface ReadTimes {
  /** NaN where there is no value, or none that can be read. */
  readonly numbers: Float64Array;
  /** How labels were read; absent for plain numbers and for dates of one meaning. */
  readonly note?: string;
  /** Why they cannot be read as times, and what to do. */
  readonly problem?: Problem;
}

interface Problem {
  readonly message: string;
  readonly hint: string;
}

/** What distinct labels mean. */
type Meaning = { readonly times: readonly number[]; readonly note?: string } | { readonly problem: Problem };

/** Numbers of a column of times: all of one kind. */
export function readTimes(values: readonly (string | null)[]): ReadTimes {
  const texts = values.map((v) => v?.trim() || undefined);
  const labels = [...new Set(texts.filter((text) => text !== undefined))];
  const found = meaning(labels);
  if ("problem" in found) return { numbers: new Float64Array(values.length).fill(Number.NaN), problem: found.problem };
  const times = new Map(labels.map((label, i) => [label, found.times[i]]));
  const numbers = Float64Array.from(texts, (text) => (text === undefined ? Number.NaN : times.get(text)!));
  return { numbers, ...(found.note !== undefined && { note: found.note }) };
}

function meaning(labels: readonly string[]): Meaning {
  const plain = labels.map(Number);
  if (!plain.some(Number.isNaN)) return { times: plain };
  const date = labels.find(isDate);
  const periods = readPeriods(labels);
  if (periods) return inPeriods(labels, periods);
  if (date === undefined) return readLabels(labels);
  const other = labels.find((label) => !isDate(label));
  if (other !== undefined)
    return refused(`dates ("${date}") are mixed with other values ("${other}")`, "write all of them as dates, or all as numbers");
  const { days, note } = readDates(labels);
  const unread = days.findIndex(Number.isNaN);
  return unread < 0 ? { times: days, note } : refused(`"${labels[unread]}" is no date`, "write dates as 2020-01-31");
}

const refused = (message: string, hint = understood): Meaning => ({ problem: { message, hint } });
const understood =
  "times are numbers, dates (2020-01-31), months (2020-01), weeks (2020-W05), quarters (2020-Q1), or labels of one kind around " +
  'one number or range: D3, day-3, "day 12-15", E8.5, 8h and 1d, 3mo and 1y';

interface Unit {
  readonly name: string;
  readonly seconds: number;
  readonly spellings: readonly string[];
}

const unit = (name: string, seconds: number, spellings: string): Unit => ({ name, seconds, spellings: spellings.split(" ") });
const units: readonly Unit[] = [
  unit("milliseconds", 1e-3, "ms msec millisecond"),
  unit("seconds", 1, "s sec second"),
  unit("minutes", 60, "m min minute"),
  unit("hours", 3600, "h hr hour"),
  unit("days", 86400, "d day"),
  unit("weeks", 604800, "w wk week"),
  unit("months", 30.4375 * 86400, "mo mon mth month"),
  unit("years", 365.25 * 86400, "y yr year"),
];
const unitOf = (text: string): Unit | undefined => units.find((u) => u.spellings.some((s) => text === s || text === `${s}s`));

interface Label {
  readonly text: string;
  /** Before the number, without the separator. */
  readonly word: string;
  readonly number: number;
  /** Behind the number. */
  readonly unit: string;
  /** Is the separator a hyphen? */
  readonly hyphen: boolean;
}

const shape = /^(\D*)(\d+(?:\.\d+)?)(?:\s*(?:-|–|to)\s*(\d+(?:\.\d+)?))?(\D*)$/i;

/** Ranges ascend, between numbers of about as many digits: "T1-2020" is none. */
function parse(text: string): Label | undefined {
  const [, head, from, to, tail] = shape.exec(text) ?? [];
  if (from === undefined) return undefined;
  // a hyphen right behind a word separates: day-3 is not before day 0, but "day -3" is
  const minus = /(^|[\s_])-$/.test(head);
  const first = (minus ? -1 : 1) * Number(from);
  const digits = (number: string): number => number.split(".")[0].length;
  if (to !== undefined && (Number(to) <= first || Math.abs(digits(to) - digits(from)) > 1)) return undefined;
  const bare = (part: string): string => part.replace(/^[\s_.-]+|[\s_.-]+$/g, "").toLowerCase();
  return {
    ...{ text, word: bare(head), unit: bare(tail), hyphen: !minus && head.endsWith("-") },
    number: to === undefined ? first : (first + Number(to)) / 2,
  };
}

/** Labels have the same word before the number, and behind it the same word or units of time, which are brought to the smallest one. */
function readLabels(texts: readonly string[]): Meaning {
  const parsed = texts.map(parse);
  const odd = texts.filter((_, i) => parsed[i] === undefined);
  if (odd.length > 0) return refused(`${list(odd, 3)} ${odd.length === 1 ? "is not read as a time" : "are not read as times"}`);
  const labels = parsed as Label[];
  const [first] = labels;
  const stranger = labels.find((l) => l.word !== first.word);
  if (stranger) return refused(`the labels "${first.text}" and "${stranger.text}" are not of one kind`);
  const hyphen = labels.find((l) => l.hyphen);
  if (hyphen && !labels.every((l) => l.hyphen))
    return refused(
      `the hyphen of "${hyphen.text}" may be a minus or a separator, as other labels have none`,
      'write "day -2" for two days before, "day 2" for two days after',
    );
  return inOneUnit(labels);
}

function inOneUnit(labels: readonly Label[]): Meaning {
  const [{ unit: suffix }] = labels;
  const found = labels.map((l) => unitOf(l.unit));
  // a single unit may be any word; "m" alone is left open
  if (labels.every((l) => l.unit === suffix))
    return asTimes(
      labels,
      labels.map((l) => l.number),
      (suffix !== "m" && found[0]?.name) || suffix,
    );
  const strange = labels.find((_, i) => !found[i]);
  if (strange) return refused(`"${strange.text}" has no unit of time, and other labels have one`);
  const used = found as Unit[];
  if (labels.some((l) => l.unit === "m") && !used.some((u) => u.name === "seconds" || u.name === "hours"))
    return refused('"m" may be minutes or months', 'write "min" or "mo"');
  const smallest = used.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  return asTimes(
    labels,
    labels.map((l, i) => (l.number * used[i].seconds) / smallest.seconds),
    smallest.name,
  );
}

function inPeriods(labels: readonly string[], { times, unit }: { times: readonly number[]; unit: string }): Meaning {
  const none = times.findIndex(Number.isNaN);
  if (none >= 0) return refused(`"${labels[none]}" does not exist in the calendar`);
  return asTimes(
    labels.map((text) => ({ text })),
    times,
    unit,
  );
}

/** Labels that a note lists. */
const most = 8;

function asTimes(labels: readonly Pick<Label, "text">[], times: readonly number[], name: string): Meaning {
  const pairs = labels.map((l, i) => ({ text: l.text, time: times[i] })).sort((a, b) => a.time - b.time);
  const shown = pairs.slice(0, most).map((p) => `"${p.text}" = ${Number(p.time.toPrecision(6))}`);
  const rest = pairs.length > most ? ` and ${pairs.length - most} more` : "";
  return { times, note: `labels are read as times${name && ` in ${name}`}: ${shown.join(", ")}${rest}` };
}
