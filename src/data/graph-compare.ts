/** Is a graph what a file says, by a second reading? The multisets of edges are compared as sums of hashes, so that any size fits. */
import { isNumber, valueText } from "./graph-columns.ts";
import type { Attribute, SecondReading, SecondRow } from "./graph-second-reading.ts";
import type { EdgeList } from "./graph-sink.ts";

/** What the comparison found; `differs` is undefined if nothing does. */
export interface Comparison {
  readonly by: string;
  readonly edges: number;
  /** The first row, which is no edge of the graph: a heading. */
  readonly heading?: string;
  readonly differs?: string;
}

/** Four sums of 32-bit hashes, and a count: equal multisets have equal sums, and others by chance once in 2^128. */
interface Sum {
  count: number;
  readonly parts: Uint32Array;
}

const seeds = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];
const emptySum = (): Sum => ({ count: 0, parts: new Uint32Array(4) });

function add(sum: Sum, text: string, times = 1): void {
  sum.count += times;
  for (let k = 0; k < 4; k++) {
    let h = seeds[k] ^ text.length;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193 + 2 * k * 0x3d4d51) ^ (h >>> 13);
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    sum.parts[k] += times * ((Math.imul(h ^ (h >>> 15), 0x846ca68b) ^ (h >>> 16)) >>> 0);
  }
}

const same = (a: Sum, b: Sum): boolean => a.count === b.count && a.parts.every((x, k) => x === b.parts[k]);

/** An edge as one text; without a direction the smaller end comes first. */
const edgeText = (a: string, b: string, directed: boolean): string =>
  directed || a <= b ? `${a.length} ${a} ${b}` : `${b.length} ${b} ${a}`;

/** Numbers are what they mean, also those inside of lists and objects of JSON. */
function meant(value: string): string {
  if (isNumber(value)) return String(Number(value));
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.stringify(JSON.parse(value));
  } catch {
    return value;
  }
}

/** Values beside an edge as one text; those at the end that are missing do not count. */
function valuesText(values: readonly (string | null | undefined)[], loose = false): string {
  let end = values.length;
  while (end > 0 && (values[end - 1] ?? undefined) === undefined) end--;
  const text = (value: string | null | undefined): string => {
    if (value === null || value === undefined) return "-";
    const said = loose ? meant(value) : value;
    return `${said.length} ${said}`;
  };
  return end === 0 ? "" : ` | ${values.slice(0, end).map(text).join(" ")}`;
}

/** The values beside each edge of a graph, in the order in which a reading has them. */
function besideOf({ columns = [] }: EdgeList, byName = false): (edge: number) => string {
  if (columns.length === 0) return () => "";
  const order = byName ? [...columns].sort((a, b) => (a.name < b.name ? -1 : 1)) : columns;
  return (edge) =>
    valuesText(
      order.map((column) => valueText(column, edge)),
      byName,
    );
}

/** What may differ knowingly. */
export interface CompareOptions {
  /** Direction was asked for, whatever the file says. */
  readonly asked?: boolean;
  /** Each edge is kept once. */
  readonly distinct?: boolean;
  /** The two columns number vertices of two kinds. */
  readonly bipartite?: boolean;
  /** Whether a first row of words may be a heading. */
  readonly heading?: "yes" | "no";
}

/** @param read  opens the file; it is read again to name the first difference */
export async function compareGraph(g: EdgeList, read: () => Promise<SecondReading>, options: CompareOptions = {}): Promise<Comparison> {
  const { directed, names, pairs } = g;
  const name = (v: number): string => String(names ? names[v] : v);
  const own = emptySum();
  const reading = await read();
  const { by, byName } = reading;
  const beside = besideOf(g, byName);
  for (let i = 0; i < pairs.length; i += 2) add(own, edgeText(name(pairs[i]), name(pairs[i + 1]), directed) + beside(i / 2));
  const found = emptySum();
  const without = emptySum(); // the same without the first row
  const seen = new Set<string>();
  let first: SecondRow | undefined;
  for await (const row of reading.rows) {
    const text = textOf(row, directed, options, byName);
    if (options.distinct && seen.has(text)) continue;
    if (options.distinct) seen.add(text);
    if (first) add(without, text);
    first ??= row;
    add(found, text);
  }
  const result = { by, edges: found.count };
  const isHead = first !== undefined && options.heading !== "no" && !same(own, found) && same(own, without);
  const heading = isHead && first ? first.slice(0, 2).join(" ") : undefined;
  if (!same(own, found) && heading === undefined) return { ...result, differs: await firstDifference(g, await read(), options) };
  if (!options.asked && reading.directed !== undefined && reading.directed !== directed)
    return { ...result, differs: `the file says ${reading.directed ? "directed" : "undirected"}, the graph is not` };
  const known = new Set(Array.from({ length: g.vertices }, (_, v) => name(v)));
  const lost = (reading.vertices ?? []).find((vertex) => !known.has(vertex));
  if (lost !== undefined) return { ...result, differs: `the vertex ${JSON.stringify(lost)}, which is on no edge, is missing` };
  const differs = attributesDiffer(g, reading.attributes);
  return { ...result, edges: own.count, heading, ...(differs !== undefined && { differs }) };
}

/** Names a value of a vertex that is another, or missing. Numbers are what they mean. */
function attributesDiffer(
  { vertices, names, vertexColumns = [] }: EdgeList,
  attributes: readonly Attribute[] | undefined,
): string | undefined {
  if (attributes === undefined) return undefined;
  const place = (vertex: string, column: string): string => JSON.stringify([vertex, column]);
  const own = new Map<string, string>();
  for (const column of vertexColumns)
    for (let v = 0; v < vertices; v++) {
      const text = valueText(column, v);
      if (text !== null) own.set(place(String(names ? names[v] : v), column.name), text);
    }
  for (const [vertex, column, value] of attributes) {
    const found = own.get(place(vertex, column));
    if (found === undefined || meant(found) !== meant(value))
      return `${JSON.stringify(column)} of the vertex ${JSON.stringify(vertex)} is ${JSON.stringify(value)} in the file, ${found === undefined ? "missing" : JSON.stringify(found)} in the graph`;
    own.delete(place(vertex, column));
  }
  const [left] = own;
  return left && `the vertex and column ${left[0]} of the graph have no value in the file`;
}

const textOf = ([a, b, ...values]: SecondRow, directed: boolean, { bipartite }: CompareOptions, byName?: boolean): string =>
  (bipartite ? edgeText(`left ${a}`, `right ${b}`, directed) : edgeText(a, b, directed)) + valuesText(values, byName);

/** Names an edge that one has more often than the other. */
async function firstDifference(g: EdgeList, reading: SecondReading, options: CompareOptions): Promise<string> {
  const { directed, names, pairs } = g;
  const name = (v: number): string => String(names ? names[v] : v);
  if (pairs.length > 4e6) return "their edges differ";
  const counts = new Map<string, number>();
  const beside = besideOf(g, reading.byName);
  for (let i = 0; i < pairs.length; i += 2) {
    const text = edgeText(name(pairs[i]), name(pairs[i + 1]), directed) + beside(i / 2);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  let [row, heading] = [0, ""];
  for await (const found of reading.rows) {
    row++;
    const text = textOf(found, directed, options, reading.byName);
    const left = counts.get(text) ?? 0;
    const missing = `the edge ${JSON.stringify(found)} of the file is missing, or is there less often`;
    // a first row that is missing may be a heading: another difference says more
    if (left === 0 && row > 1) return missing;
    if (left === 0) heading = missing;
    else if (!options.distinct) counts.set(text, left - 1);
  }
  const [text] = [...counts].find(([, count]) => count > 0) ?? [undefined];
  if (text === undefined) return heading;
  return `the file has no edge ${JSON.stringify(text.replace(/^\d+ /, ""))}, or has it less often`;
}
