/** What stands beside the edges and the vertices of a graph: weights, labels, attributes, as columns. */

import { UserError } from "../errors.ts";

/** What values are: numbers as JSON writes them, texts, or any JSON value. */
export type ColumnKind = "number" | "text" | "json";

/** One value for each edge, in the order of the edges, or for each vertex, in the order of the vertices. */
export interface GraphColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Numbers, NaN where there is none; or what was written, if a double is not all of it (and for texts), null where there is none. */
  readonly values: Float64Array | readonly (string | null)[];
}

/** The value at an edge, or a vertex, as it is written; null: there is none. */
export function valueText({ values }: GraphColumn, place: number): string | null {
  const value = values[place];
  return typeof value === "number" ? (Number.isNaN(value) ? null : String(value)) : value;
}

/** Is it a number as JSON writes them? */
export const isNumber = (text: string): boolean => /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text);

/** Counts bytes that values take, and refuses more than a limit. */
export function within(limit = Number.POSITIVE_INFINITY): (bytes: number) => void {
  let held = 0;
  return (bytes) => {
    held += bytes;
    if (held > limit)
      throw new UserError(
        `the columns beside edges and vertices need ${Math.ceil(held / 2 ** 20)} MiB so far, more than the memory limit`,
        "raise --memory, or say --drop-columns",
      );
  };
}

/** Takes the values of one column as they come. */
export interface ColumnBuilder {
  has(edge: number): boolean;
  put(edge: number, text: string, kind: ColumnKind): void;
  finish(edges: number): GraphColumn;
}

/**
 * @param mixed  what becomes of values of different kinds: texts, or JSON
 * @param take   told about the bytes that values take
 */
export function columnBuilder(name: string, mixed: "text" | "json", take: (bytes: number) => void = () => {}): ColumnBuilder {
  let numbers = new Float64Array(16).fill(Number.NaN);
  let texts: (string | null)[] | undefined; // once a value is no plain number
  const kinds = new Set<ColumnKind>();
  const others = new Map<number, ColumnKind>(); // kinds of single values, where they differ from the first
  let first: ColumnKind | undefined;
  let last = -1; // the largest edge with a value so far
  const grow = (edge: number): void => {
    if (edge < numbers.length) return;
    const more = new Float64Array(Math.max(edge + 1, 2 * numbers.length)).fill(Number.NaN);
    take(8 * (more.length - numbers.length));
    more.set(numbers);
    numbers = more;
  };
  return {
    has: (edge) => (texts === undefined ? edge < numbers.length && !Number.isNaN(numbers[edge]) : (texts[edge] ?? null) !== null),
    put(edge, text, kind) {
      first ??= kind;
      kinds.add(kind);
      if (kind !== first) others.set(edge, kind);
      last = Math.max(last, edge);
      if (texts === undefined && kind === "number" && String(Number(text)) === text) {
        grow(edge);
        numbers[edge] = Number(text);
        return;
      }
      texts ??= Array.from(numbers.subarray(0, last + 1), (x) => (Number.isNaN(x) ? null : String(x)));
      while (texts.length < edge) texts.push(null);
      take(32 + 2 * text.length);
      texts[edge] = text;
    },
    finish(edges) {
      if (texts === undefined) {
        grow(edges);
        return { name, kind: "number", values: numbers.slice(0, edges) };
      }
      while (texts.length < edges) texts.push(null);
      if (kinds.size === 1) return { name, kind: first ?? "text", values: texts };
      if (mixed === "text") return { name, kind: "text", values: texts };
      const json = texts.map((text, edge) => (text !== null && (others.get(edge) ?? first) === "text" ? JSON.stringify(text) : text));
      return { name, kind: "json", values: json };
    },
  };
}

/** Columns by name, in the order in which names come first; a second value of one name at one place goes to a column "name 2". */
export interface ColumnSet {
  put(name: string, edge: number, text: string, kind: ColumnKind): void;
  /** The columns for so many edges; undefined if there are none. */
  finish(edges: number): readonly GraphColumn[] | undefined;
}

export function columnSet(mixed: "text" | "json", names: readonly string[] = [], take?: (bytes: number) => void): ColumnSet {
  const builders = new Map(names.map((name) => [name, columnBuilder(name, mixed, take)]));
  return {
    put(name, edge, text, kind) {
      let free = name;
      for (let k = 2; builders.get(free)?.has(edge); k++) free = `${name} ${k}`;
      let builder = builders.get(free);
      if (!builder) builders.set(free, (builder = columnBuilder(free, mixed, take)));
      builder.put(edge, text, kind);
    },
    finish: (edges) => (builders.size === 0 ? undefined : [...builders.values()].map((builder) => builder.finish(edges))),
  };
}

/** The columns with their values in another order; below zero: there is none. */
export const reordered = (columns: readonly GraphColumn[], order: Uint32Array | Int32Array): GraphColumn[] =>
  columns.map((column) => {
    const { values } = column;
    return {
      ...column,
      values:
        values instanceof Float64Array
          ? Float64Array.from(order, (i) => (i < 0 ? Number.NaN : values[i]))
          : Array.from(order, (i) => (i < 0 ? null : values[i])),
    };
  });

/** Names of columns that differ, from each other and from what names the ends of edges, or the vertex. */
export function distinctNames(
  names: readonly (string | undefined)[],
  firstPlace: number,
  others: readonly string[] = ["source", "target"],
): string[] {
  const taken = new Set(others);
  return names.map((given, i) => {
    const name = given || `column ${firstPlace + i}`;
    let free = name;
    for (let k = 2; taken.has(free); k++) free = `${name} ${k}`;
    taken.add(free);
    return free;
  });
}

/** What a reader does with columns beside the ends: keeps them, drops them, or refuses them. */
export type ColumnChoice = "keep" | "drop" | "refuse";

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");

/** Tells that columns are kept. */
export const keptNote = (columns: readonly GraphColumn[] | undefined, beside = "edge"): string[] =>
  columns && columns.length > 0
    ? [`kept beside each ${beside}: ${quoted(columns.map(({ name }) => name))} (--drop-columns leaves it out)`]
    : [];

/** Tells that columns are not kept. */
export const droppedNote = (names: readonly string[], of = "edges"): string[] =>
  names.length > 0 ? [`not kept: ${quoted(names)} of the ${of}`] : [];
