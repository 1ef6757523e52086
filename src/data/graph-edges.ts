/**
 * Edge lists as text: two vertices a line, separated by blanks, commas, tabs or semicolons, with comments; parsed from bytes as they come.
 */
import { UserError } from "../errors.ts";
import type { EdgeSink } from "./graph-sink.ts";

/** How an edge list is written. */
export interface EdgeTextOptions {
  /** Whether vertices are whole numbers, any strings, or whichever the first line shows (default). */
  readonly ids?: "auto" | "number" | "name";
  /** Which two columns hold the ends, from 1; the others are dropped knowingly. Without it a third column is an error. */
  readonly columns?: readonly [number, number];
}

interface EdgeTextParser {
  write(chunk: Uint8Array): void;
  end(): void;
}

const COMMENT = /^\s*(#|%|\/\/)/;
const NEWLINE = 10;

/** A parser that feeds `sink`. @throws UserError naming the line */
export function edgeText(source: string, sink: EdgeSink, options: EdgeTextOptions = {}): EdgeTextParser {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = new Uint8Array();
  let line = 0;
  let style: Style | undefined;
  let pending: string | undefined; // a first line that may be a heading

  const fail = (what: string, hint: string): never => {
    throw new UserError(`${source}, line ${line}: ${what}`, hint);
  };

  const slow = (bytes: Uint8Array) => {
    let text: string;
    try {
      text = decoder.decode(bytes).replace(/\r$/, "");
    } catch {
      return fail("not UTF-8 text", "is this a compressed or binary file? Name its format with --from");
    }
    if (line === 1) text = text.replace(/^\uFEFF/, "");
    if (text.trim() === "" || COMMENT.test(text)) return;
    if (style === undefined) {
      const found = detect(text);
      const numeric = fields(text, found)
        .slice(0, 2)
        .every((field) => /^-?\d+(\.\d+)?$/.test(field));
      if (options.ids !== "name" && !numeric && pending === undefined) {
        pending = text;
        return;
      }
      style = { ...found, numbers: options.ids === "number" || (options.ids !== "name" && numeric) };
      if (options.ids === "name" && found.separator !== 32 && isHeading(fields(text, found))) return;
      if (pending !== undefined && !style.numbers && !isHeading(fields(pending, style))) addEdge(pending, style, line - 1);
    }
    addEdge(text, style, line);
  };

  const addEdge = (text: string, found: Style, at: number) => {
    const parts = fields(text, found);
    const [i, j] = options.columns ?? [1, 2];
    const where = (what: string, hint: string): never => {
      throw new UserError(`${source}, line ${at}: ${what}`, hint);
    };
    if (parts.length < Math.max(i, j, 2) || parts[i - 1] === "" || parts[j - 1] === "")
      where(
        `"${short(text)}" has ${parts.filter((p) => p !== "").length} column(s), an edge needs two`,
        "the file may be cut off, or --columns is wrong",
      );
    if (parts.length > 2 && options.columns === undefined)
      where(`${parts.length} columns`, "weights are not kept: --columns 1,2 says that the first two are the edge and drops the others");
    const [a, b] = [parts[i - 1], parts[j - 1]];
    if (!found.numbers) return sink.addNames(a, b);
    sink.addNumbers(wholeNumber(a, where), wholeNumber(b, where));
  };

  /** A line of two plain numbers, straight from the bytes; false when it needs the slow path. */
  const fast = (bytes: Uint8Array, from: number, to: number): boolean => {
    let at = from;
    let a = 0;
    let b = 0;
    for (; at < to && bytes[at] >= 48 && bytes[at] <= 57; at++) a = 10 * a + bytes[at] - 48;
    const gap = at;
    if (gap === from || gap - from > 15) return false;
    while (at < to && bytes[at] === style!.separator) at++;
    if (at === gap || (style!.separator !== 32 && at > gap + 1)) return false;
    const second = at;
    for (; at < to && bytes[at] >= 48 && bytes[at] <= 57; at++) b = 10 * b + bytes[at] - 48;
    if (at === second || at - second > 15) return false;
    if (at < to && !(bytes[at] === 13 && at + 1 === to)) return false;
    sink.addNumbers(a, b);
    return true;
  };

  const lines = (bytes: Uint8Array, last: boolean): number => {
    let from = 0;
    for (;;) {
      let to = bytes.indexOf(NEWLINE, from);
      if (to < 0) {
        if (!last || from >= bytes.length) return from;
        to = bytes.length;
      }
      line++;
      if (!(style?.numbers && options.columns === undefined && fast(bytes, from, to))) slow(bytes.subarray(from, to));
      from = to + 1;
    }
  };

  return {
    write(chunk) {
      const bytes = rest.length ? joined(rest, chunk) : chunk;
      rest = bytes.slice(lines(bytes, false));
      if (rest.length > 2 ** 20) fail("a line of more than a mebibyte", "is this a compressed or binary file? Name its format with --from");
    },
    end() {
      lines(rest, true);
      if (pending !== undefined && style === undefined) {
        // the only line: an edge between names, unless numbers were asked for
        const found = detect(pending);
        addEdge(pending, { ...found, numbers: options.ids === "number" }, line);
      }
    },
  };
}

interface Style {
  /** The separator's byte; 32 stands for blanks of any kind. */
  readonly separator: number;
  readonly numbers: boolean;
}

function detect(text: string): Style {
  const outside = text.replace(/"[^"]*"/g, "");
  const separator = ["\t", ",", ";"].find((s) => outside.includes(s)) ?? " ";
  return { separator: separator.charCodeAt(0), numbers: false };
}

/** Columns of a line; quoted ones may hold separators, and doubled quotes stand for one. */
function fields(text: string, { separator }: Style): string[] {
  if (separator === 32) return text.trim().split(/\s+/);
  const sign = String.fromCharCode(separator);
  if (!text.includes('"')) return text.split(sign).map((field) => field.trim());
  const parts: string[] = [];
  const pattern = new RegExp(`(?:"((?:[^"]|"")*)"|([^${sign === "\t" ? "\\t" : sign}]*))(${sign === "\t" ? "\\t" : sign}|$)`, "y");
  for (;;) {
    const match = pattern.exec(text);
    if (!match) return text.split(sign);
    parts.push(match[1] === undefined ? match[2].trim() : match[1].replaceAll('""', '"'));
    if (match[3] === "") return parts;
  }
}

const HEADING = /^(source|target|from|to|src|dst|tail|head|node_?\d|id_?\d|u|v|start|end)$/i;
const isHeading = (parts: readonly string[]) => parts.length >= 2 && parts.slice(0, 2).every((p) => HEADING.test(p));

function wholeNumber(text: string, fail: (what: string, hint: string) => never): number {
  if (!/^\d+$/.test(text)) {
    if (/^-\d+$/.test(text)) fail(`vertex ${text} is negative`, "vertices are whole numbers from 0, or names: --ids name");
    fail(`"${short(text)}" is not a whole number`, "if vertices have names, say --ids name");
  }
  const value = Number(text);
  if (value > Number.MAX_SAFE_INTEGER) fail(`vertex ${text} is above 2^53 - 1`, "such numbers can be kept as names: --ids name");
  return value;
}

const short = (text: string) => (text.length > 40 ? text.slice(0, 37) + "..." : text);

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
