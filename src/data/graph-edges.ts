/**
 * Edge lists as text: two vertices a line, separated by blanks, commas, tabs or semicolons, with comments; parsed from bytes as they come.
 */
import {
  type ColumnChoice,
  type ColumnSet,
  columnSet,
  distinctNames,
  droppedNote,
  type GraphColumn,
  isNumber,
  keptNote,
  within,
} from "./graph-columns.ts";
import { plainLine, plainLines } from "./graph-lines.ts";
import { areNumbers, fields, isOpen, type Refuse, refusing, type Style, separatorOf, short, wholeNumber } from "./graph-rows.ts";
import { formOf, isComment, isHeading, readComment, readHeading, type Said } from "./graph-said.ts";
import type { EdgeSink, SaidOfGraph } from "./graph-sink.ts";
import { type VertexValues, vertexValues } from "./graph-vertex-values.ts";

/** How an edge list is written. */
export interface EdgeTextOptions {
  /** Whether vertices are whole numbers, any strings, or whichever the first line shows (default). */
  readonly ids?: "auto" | "number" | "name";
  /** Which two columns hold the ends, from 1, and which are kept beside them; the others are dropped knowingly. Default: all are kept. */
  readonly columns?: readonly number[];
  /** What becomes of columns beside the ends; default: they are kept. */
  readonly others?: ColumnChoice;
  readonly memoryLimit?: number;
  /** Whether the first row is a heading; default: by what it says, told in a note. */
  readonly heading?: "yes" | "no";
  /** The two columns number vertices of two kinds: those of the second come after those of the first, or get a mark. */
  readonly bipartite?: boolean;
}

/** What an edge list says of itself, and what was decided, and why. */
type EdgeTextFacts = SaidOfGraph & {
  readonly notes: readonly string[];
  readonly columns?: readonly GraphColumn[];
  readonly ofVertices?: VertexValues;
};

interface EdgeTextParser {
  write(chunk: Uint8Array): void;
  end(): EdgeTextFacts;
}

const NEWLINE = 10;
const neverClosed = ["a quotation mark is never closed", 'a quotation mark inside of a name is written ""'] as const;

/** A parser that feeds `sink`. @throws UserError naming the line */
export function edgeText(source: string, sink: EdgeSink, options: EdgeTextOptions = {}): EdgeTextParser {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = new Uint8Array();
  let line = 0;
  let open: { readonly text: string; readonly at: number } | undefined; // a row whose quoted column goes on
  let style: Style | undefined;
  let first: FirstRow | undefined; // a row that may be a heading
  let singles = 0;
  let beside: Beside | undefined; // known from the first edge on
  const said: Said = {};
  const notes: string[] = [];

  const slow = (bytes: Uint8Array) => {
    const refuse = refusing(source, line);
    let raw: string;
    try {
      raw = decoder.decode(bytes);
    } catch {
      return refuse("not UTF-8 text", "is this a compressed or binary file? Name its format with --from");
    }
    if (line === 1) raw = raw.replace(/^\uFEFF/, "");
    const whole = open ? `${open.text}\n${raw}` : raw;
    const at = open?.at ?? line;
    open = undefined;
    if (whole.trim() === "") return;
    const comment = isComment(whole);
    if (goesOn(whole, comment)) {
      if (whole.length > 2 ** 20) refusing(source, at)(...neverClosed);
      open = { text: whole, at };
      return;
    }
    const text = whole.replace(/\r$/, "");
    if (comment) readComment(text, said, refuse, options.bipartite);
    else row(text, at);
  };

  /** Is a quotation mark open at the end of the line? */
  const goesOn = (text: string, comment: boolean): boolean => {
    if (comment) return text.startsWith("# vertex\t") && isOpen(text.slice(9), 9);
    const alone = style === undefined && first === undefined && text.startsWith('"');
    const separator = style?.separator ?? separatorOf(first?.text ?? text);
    return isOpen(text, alone && separator === 32 ? 44 : separator);
  };

  const row = (text: string, at: number): void => {
    if (style === undefined && first === undefined) {
      begin(text, at);
      return;
    }
    if (style === undefined && first) settle(text, first);
    if (first?.doubtful && style && !style.numbers) mentioned(fields(text, style.separator), first);
    addEdge(text, style!, at);
  };

  const styleOf = (text: string): Style => {
    const separator = separatorOf(text);
    const ids = options.ids === undefined || options.ids === "auto" ? said.ids : options.ids;
    return { separator, numbers: ids === "number" || (ids !== "name" && areNumbers(fields(text, separator))) };
  };

  /** The first row: an edge, a heading, or not known yet. */
  const begin = (text: string, at: number): void => {
    const parts = fields(text, separatorOf(text));
    if (options.heading === "yes") {
      first = { text, at, doubtful: false };
      readHeading(parts, said);
    } else if (options.heading === "no" || said.ours || areNumbers(parts)) {
      style = styleOf(text);
      addEdge(text, style, at);
    } else first = { text, at, doubtful: isHeading(parts) };
  };

  /** The second row tells what vertices are, and whether words above numbers are a heading. */
  const settle = (text: string, row: FirstRow): void => {
    const parts = fields(row.text, separatorOf(row.text));
    const ours = row.doubtful && parts.slice(0, 2).every((part) => part?.includes(":"));
    const numeric = areNumbers(fields(text, separatorOf(text)));
    const isHead = options.heading !== "yes" && (numeric || ours);
    const above = fields(text, separatorOf(text)).some((x, k) => k > 1 && x !== undefined && isNumber(x) && !isNumber(parts[k] ?? "0"));
    const isDoubtful = row.doubtful || (above && options.heading !== "yes");
    if (isDoubtful) readHeading(parts, said);
    style = styleOf(text);
    if (isHead) notes.push(`first row "${short(row.text)}" taken for a heading (--heading no keeps it as an edge)`);
    if (isHead || options.heading === "yes") first = undefined;
    else if (isDoubtful) first = { ...row, doubtful: true };
    else {
      notes.push(`first row "${short(row.text)}" taken for an edge (--heading yes leaves it out)`);
      addEdge(row.text, style, row.at);
      first = undefined;
    }
  };

  /** A row of words such as "node1,node2" is an edge if one of them is mentioned again, or others like them are. */
  const mentioned = (parts: readonly (string | undefined)[], row: FirstRow): void => {
    const names = fields(row.text, style!.separator).slice(0, 2);
    const isAgain = parts.slice(0, 2).some((part) => names.includes(part));
    const form = isAgain ? undefined : formOf(names);
    if (!isAgain && !parts.slice(0, 2).some((part) => part !== undefined && form?.test(part))) return;
    first = undefined;
    const why = isAgain ? "its names come again" : "names of the same form come";
    notes.push(`first row "${short(row.text)}" kept as an edge: ${why} (--heading yes leaves it out)`);
    said.typed = said.singles = false;
    said.heading = undefined;
    addEdge(row.text, style!, row.at);
  };

  const addEdge = (text: string, { separator, numbers }: Style, at: number) => {
    const refuse = refusing(source, at);
    const parts = fields(text, separator);
    const [i, j] = options.columns ?? [1, 2];
    const [a, b] = [parts[i - 1], parts[j - 1]];
    if (said.singles && a !== undefined && b === undefined && parts.length > 1 && !options.columns) {
      singles++;
      sink.addVertex(numbers ? wholeNumber(a, refuse) : a);
      if (said.typed && parts[2] !== undefined) direction(parts[2], refuse);
      if (parts.slice(said.typed ? 3 : 2).some((part) => part !== undefined)) refuse("a value without an edge", "is an end missing?");
      return;
    }
    if (a === undefined || b === undefined)
      return refuse(
        `"${short(text)}" has ${parts.filter((p) => p !== undefined).length} column(s), an edge needs two`,
        "the file may be cut off, or --columns is wrong",
      );
    if (said.typed && beside === undefined && !/^(un)?directed$/i.test(parts[2] ?? "")) said.typed = false;
    if (said.typed && !options.columns) direction(parts[2] ?? "", refuse);
    beside ??= besideEdges(parts, said, options, refuse);
    if (parts.length > beside.width && !options.columns)
      refuse(
        `${parts.length} columns, ${beside.width} in the rows before`,
        "quotation marks hold a name together; --columns 1,2 reads two of them",
      );
    if (parts.length < beside.width && separator === 32 && !options.columns)
      refuse(`${parts.length} columns, ${beside.width} in the rows before`, "the file may be cut off; --columns 1,2 reads two of them");
    beside.places.forEach((place, k) => {
      const value = parts[place];
      if (value !== undefined) beside?.set.put(beside.names[k], sink.edges(), value, isNumber(value) ? "number" : "text");
    });
    if (!numbers) return options.bipartite ? sink.addNames(`left ${a}`, `right ${b}`) : sink.addNames(a, b);
    const [x, y] = [wholeNumber(a, refuse), wholeNumber(b, refuse)];
    if (options.bipartite) sink.addNames(`left ${x}`, `right ${y}`);
    else sink.addNumbers(x, y);
  };

  /** A graph has edges of one kind. */
  const direction = (word: string, refuse: ReturnType<typeof refusing>): void => {
    const found = { directed: true, undirected: false }[word.toLowerCase()];
    if (found === undefined) refuse(`the type "${short(word)}" is neither Directed nor Undirected`, "--columns 1,2 drops the column");
    if (said.directed !== undefined && said.directed !== found)
      refuse("directed and undirected edges in one graph", "--columns 1,2 with --directed or --undirected reads all of them alike");
    said.directed = found;
  };

  /** Is every line that is no comment one of two numbers alone, so far as is known? */
  const isPlain = (): boolean =>
    style?.numbers === true && options.columns === undefined && !options.bipartite && !(beside && beside.width > 2) && !open;

  const lines = (bytes: Uint8Array, last: boolean): number => {
    const run = plainLines(bytes, sink.addPairs);
    for (let from = 0; ; ) {
      if (isPlain()) {
        const plain = run(from, style!.separator);
        line += plain.lines;
        from = plain.next;
      }
      let to = bytes.indexOf(NEWLINE, from);
      if (to < 0) {
        if (!last || from >= bytes.length) return from;
        to = bytes.length;
      }
      line++;
      if (!(isPlain() && plainLine(bytes, from, to, style!.separator, sink.addNumbers))) slow(bytes.subarray(from, to));
      from = to + 1;
    }
  };

  /** The only row: an edge between names, unless numbers were asked for; or one of our own headings. */
  const last = (row: FirstRow): void => {
    const parts = fields(row.text, separatorOf(row.text));
    if (/^source(:\w+)?,target(:\w+)?(,|$)/.test(parts.join(","))) {
      notes.push(`first row "${short(row.text)}" taken for a heading (--heading no keeps it as an edge)`);
      return;
    }
    notes.push(`first row "${short(row.text)}" taken for an edge (--heading yes leaves it out)`);
    addEdge(row.text, { separator: separatorOf(row.text), numbers: options.ids === "number" }, row.at);
  };

  return {
    write(chunk) {
      const border = rest.length === 0 ? 0 : chunk.indexOf(NEWLINE) + 1; // where the line ends that the last chunk began
      if (border > 0) lines(joined(rest, chunk.subarray(0, border)), false);
      const own = border > 0 || rest.length === 0 ? chunk.subarray(border) : joined(rest, chunk);
      rest = own.slice(lines(own, false));
      if (rest.length > 2 ** 20)
        refusing(source, line)("a line of more than a mebibyte", "is this a compressed or binary file? Name its format with --from");
    },
    end() {
      lines(rest, true);
      if (open) refusing(source, open.at)(...neverClosed);
      if (first && style === undefined && options.heading !== "yes") last(first);
      else if (first?.doubtful) notes.push(`first row "${short(first.text)}" taken for a heading (--heading no keeps it as an edge)`);
      const names = said.vertexColumns ?? [];
      const ofVertices = names.length > 0 ? vertexValues(source, "text", options, names, within(options.memoryLimit)) : undefined;
      for (const [name = "", ...values] of said.alone ?? []) {
        if (values.length > names.length && said.vertexColumns)
          refusing(source, line)(
            `${values.length} values of vertex "${short(name)}", ${names.length} columns`,
            "is a name missing in the heading?",
          );
        const vertex = style?.numbers || (!style && /^\d+$/.test(name) && said.ids !== "name") ? Number(name) : name;
        sink.addVertex(vertex);
        names.forEach((column, k) => {
          const value = values[k];
          if (value !== undefined) ofVertices?.put(vertex, column, value, isNumber(value) ? "number" : "text");
        });
      }
      if (singles > 0) notes.push(`${singles} rows have one end: these vertices are on no edge`);
      if (options.bipartite) notes.push('both columns number vertices of their own: they are called "left 1", "right 1"');
      const { directed, vertices, exact } = said;
      const columns = beside?.set.finish(sink.edges());
      notes.push(...keptNote(columns), ...droppedNote(beside?.dropped ?? []));
      return { directed, vertices: options.bipartite ? undefined : vertices, exact, notes, columns, ofVertices };
    },
  };
}

/** What stands beside the ends of an edge. */
interface Beside {
  /** Columns of a row. */
  readonly width: number;
  /** Places of what is kept, from 0, and what it is called. */
  readonly places: readonly number[];
  readonly names: readonly string[];
  readonly dropped: readonly string[];
  readonly set: ColumnSet;
}

/** Decides on the first edge which columns are kept. @throws UserError  if others are refused */
function besideEdges(parts: readonly unknown[], said: Said, { columns, others, memoryLimit }: EdgeTextOptions, refuse: Refuse): Beside {
  const width = Math.max(parts.length, said.heading?.length ?? 0, 2 + (said.columns?.length ?? 0));
  const first = said.typed && !columns ? 3 : 2;
  const all = Array.from({ length: Math.max(0, width - first) }, (_, i) => first + i);
  const places = columns ? columns.slice(2).map((place) => place - 1) : all;
  if (others === "refuse" && places.length > 0)
    refuse(`${width} columns`, "--strict keeps no weights: --columns 1,2 says that the first two are the edge and drops the others");
  const names =
    said.columns ??
    distinctNames(
      places.map((place) => said.heading?.[place]),
      first + 1,
    );
  if (others === "drop") return { width, places: [], names: [], dropped: names, set: columnSet("text") };
  return { width, places, names, dropped: [], set: columnSet("text", names, within(memoryLimit)) };
}

interface FirstRow {
  readonly text: string;
  readonly at: number;
  /** It reads like a heading, but could be an edge. */
  readonly doubtful: boolean;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
