/** Rows of edge lists: their columns, and the whole numbers in them. */
import { UserError } from "../errors.ts";

/** How the rows of a list are written. */
export interface Style {
  /** The separator's byte; 32 stands for blanks of any kind. */
  readonly separator: number;
  /** Vertices are whole numbers, not names. */
  readonly numbers: boolean;
}

/** Refuses a row: what is wrong with it, and what to do. */
export type Refuse = (what: string, hint: string) => never;

/** The separator that a row shows; quoted ones do not count. */
export function separatorOf(text: string): number {
  const outside = text.replace(/"[^"]*"?/g, "");
  return (["\t", ",", ";"].find((s) => outside.includes(s)) ?? " ").charCodeAt(0);
}

const signOf = (separator: number): string => (separator === 9 ? "\\t" : String.fromCharCode(separator));

/** Does a quoted column go on in the next line? */
export function isOpen(text: string, separator: number): boolean {
  if (separator === 32 || !text.includes('"')) return false;
  return text.replace(/[^"]/g, "").length % 2 === 1 && new RegExp(`(^|${signOf(separator)})"`).test(text);
}

/**
 * Columns of a row; quoted ones may hold anything, and doubled quotes stand for one. An empty column without quotes is undefined.
 *
 * @param trims  whether blanks around a column without quotes are none of it
 */
export function fields(text: string, separator: number, trims = true): (string | undefined)[] {
  if (separator === 32) return text.trim().split(/\s+/);
  const sign = signOf(separator);
  const plain = (field: string): string | undefined => (trims ? field.trim() : field) || undefined;
  if (!text.includes('"')) return text.split(String.fromCharCode(separator)).map(plain);
  const parts: (string | undefined)[] = [];
  const pattern = new RegExp(`(?:"((?:[^"]|"")*)"|([^${sign}]*))(${sign}|$)`, "y");
  for (;;) {
    const match = pattern.exec(text);
    if (!match) return text.split(String.fromCharCode(separator)).map(plain);
    parts.push(match[1] === undefined ? plain(match[2]) : match[1].replaceAll('""', '"'));
    if (match[3] === "") return parts;
  }
}

/** Also 1e3 and 1.5, so that they are refused as numbers and not dropped as words. */
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** Do the first two columns look like numbers? */
export const areNumbers = (parts: readonly (string | undefined)[]): boolean =>
  parts.slice(0, 2).every((field) => field === undefined || NUMBER.test(field)) && parts[0] !== undefined;

/** A vertex from 0 to 2^53 - 1, written plainly. */
export function wholeNumber(text: string, refuse: Refuse): number {
  if (!/^\d+$/.test(text)) {
    if (/^-\d+$/.test(text)) refuse(`vertex ${text} is negative`, "vertices are whole numbers from 0, or names: --ids name");
    refuse(`"${short(text)}" is not a whole number`, "if vertices have names, say --ids name");
  }
  const value = Number(text);
  if (/^0\d/.test(text)) refuse(`vertex ${text} begins with a zero: as a number it is ${value}`, "--ids name keeps it as it is");
  if (value > Number.MAX_SAFE_INTEGER) refuse(`vertex ${text} is above 2^53 - 1`, "such numbers can be kept as names: --ids name");
  return value;
}

/** The beginning of a text, for messages. */
export const short = (text: string): string => (text.length > 40 ? text.slice(0, 37) + "..." : text);

/** A UserError that names file and line. */
export const refusing =
  (source: string, line: number): Refuse =>
  (what, hint) => {
    throw new UserError(`${source}, line ${line}: ${what}`, hint);
  };
