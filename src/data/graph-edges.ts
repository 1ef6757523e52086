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
  /** Whether the first row is a heading; default: by what it says, told in a note. */
  readonly heading?: "yes" | "no";
}

/** What an edge list says of itself. */
interface EdgeTextFacts {
  /** From a comment such as "# Directed graph" or "% asym". */
  readonly directed?: boolean;
  /** From a comment such as our own "# 34 vertices, 78 undirected edges". */
  readonly vertices?: number;
  /** What was decided, and why. */
  readonly notes: readonly string[];
}

interface EdgeTextParser {
  write(chunk: Uint8Array): void;
  end(): EdgeTextFacts;
}

const COMMENT = /^\s*(#|%|\/\/)/;
const NEWLINE = 10;

/** A parser that feeds `sink`. @throws UserError naming the line */
export function edgeText(source: string, sink: EdgeSink, options: EdgeTextOptions = {}): EdgeTextParser {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = new Uint8Array();
  let line = 0;
  let style: Style | undefined;
  let first: FirstRow | undefined; // a row that may be a heading
  let directed: boolean | undefined;
  let vertices: number | undefined;
  const notes: string[] = [];

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
    if (text.trim() === "") return;
    if (COMMENT.test(text)) {
      if (style === undefined) {
        directed = directionIn(text, fail) ?? directed;
        const count = /^#\s*(\d+) vertices, \d+ (un)?directed edges/.exec(text)?.[1];
        if (count !== undefined) vertices = Number(count);
      }
      return;
    }
    if (style === undefined && first === undefined) return begin(text);
    if (style === undefined && first) settle(text, first);
    if (first?.doubtful && style && !style.numbers) mentioned(fields(text, style), first);
    addEdge(text, style!, line);
  };

  /** The first row: an edge, a heading, or not known yet. */
  const begin = (text: string): void => {
    const found = detect(text);
    const parts = fields(text, found);
    const numeric = parts.slice(0, 2).every((field) => NUMBER.test(field));
    const numbers = options.ids === "number" || (options.ids !== "name" && numeric);
    if (options.heading === "yes") {
      first = { text, at: line, doubtful: false };
      return; // what vertices are is shown by the second row
    }
    if (options.heading === "no" || numeric) {
      style = { ...found, numbers };
      addEdge(text, style, line);
    } else first = { text, at: line, doubtful: isHeading(parts) };
  };

  /** The second row tells what vertices are, and whether words above numbers are a heading. */
  const settle = (text: string, row: FirstRow): void => {
    const found = detect(text);
    const numeric = fields(text, found)
      .slice(0, 2)
      .every((field) => NUMBER.test(field));
    style = { ...found, numbers: options.ids === "number" || (options.ids !== "name" && numeric) };
    if (options.heading === "yes") first = undefined;
    else if (numeric) {
      notes.push(`first row "${short(row.text)}" taken for a heading (--heading no keeps it as an edge)`);
      first = undefined;
    } else if (!row.doubtful) {
      addEdge(row.text, style, row.at);
      first = undefined;
    }
  };

  /** A row of words such as "node1,node2" is an edge if one of them is mentioned again. */
  const mentioned = (parts: readonly string[], row: FirstRow): void => {
    const names = fields(row.text, style!).slice(0, 2);
    if (!parts.slice(0, 2).some((part) => names.includes(part))) return;
    first = undefined;
    notes.push(`first row "${short(row.text)}" kept as an edge: its names come again (--heading yes leaves it out)`);
    addEdge(row.text, style!, row.at);
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
    if (gap === from || gap - from > 15 || (bytes[from] === 48 && gap > from + 1)) return false;
    while (at < to && bytes[at] === style!.separator) at++;
    if (at === gap || (style!.separator !== 32 && at > gap + 1)) return false;
    const second = at;
    for (; at < to && bytes[at] >= 48 && bytes[at] <= 57; at++) b = 10 * b + bytes[at] - 48;
    if (at === second || at - second > 15 || (bytes[second] === 48 && at > second + 1)) return false;
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
      if (first && style === undefined && options.heading !== "yes")
        // the only row: an edge between names, unless numbers were asked for
        addEdge(first.text, { ...detect(first.text), numbers: options.ids === "number" }, first.at);
      else if (first?.doubtful) notes.push(`first row "${short(first.text)}" taken for a heading (--heading no keeps it as an edge)`);
      return { directed, vertices, notes };
    },
  };
}

interface FirstRow {
  readonly text: string;
  readonly at: number;
  /** It reads like a heading, but could be an edge. */
  readonly doubtful: boolean;
}

/**
 * What a comment says of the direction of all edges: SNAP's and our own "directed" and "undirected", KONECT's "asym" and "sym".
 * @throws UserError  for a bipartite network, whose two sides are both numbered from 1
 */
function directionIn(comment: string, fail: (what: string, hint: string) => never): boolean | undefined {
  const konect = /^\s*%\s*(sym|asym|bip)\b/.exec(comment)?.[1];
  if (konect === "bip")
    fail("a bipartite network numbers both sides from 1: their vertices would be merged", "number the second side on from the first");
  if (konect) return konect === "asym";
  const word = /\b(undirected|directed)\b/i.exec(comment)?.[1].toLowerCase();
  return word === undefined ? undefined : word === "directed";
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

/** Also 1e3 and 1.5, so that they are refused as numbers and not dropped as words. */
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

const ENDS = "source|target|from|to|src|dst|start|end";
const ROLES = `${ENDS}|tail|head|u|v|user|friend|follower|followee|citing|cited|parent|child|(node|id)[ _]?\\d|from ?node ?id|to ?node ?id`;
const HEADING = new RegExp(`^:?(${ROLES}|(${ENDS})[ _]?(node)?[ _]?(id)?(\\(.*\\))?)$`, "i");
const isHeading = (parts: readonly string[]) => parts.length >= 2 && parts.slice(0, 2).every((p) => HEADING.test(p));

function wholeNumber(text: string, fail: (what: string, hint: string) => never): number {
  if (!/^\d+$/.test(text)) {
    if (/^-\d+$/.test(text)) fail(`vertex ${text} is negative`, "vertices are whole numbers from 0, or names: --ids name");
    fail(`"${short(text)}" is not a whole number`, "if vertices have names, say --ids name");
  }
  const value = Number(text);
  if (/^0\d/.test(text)) fail(`vertex ${text} begins with a zero: as a number it is ${value}`, "--ids name keeps it as it is");
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
