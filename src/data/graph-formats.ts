/** Graphs in Matrix Market and JSON node-link files. */
import { UserError } from "../errors.ts";
import { type ColumnChoice, columnSet, distinctNames, droppedNote, isNumber, keptNote } from "./graph-columns.ts";
import { columnNames } from "./graph-said.ts";
import { type EdgeList, edgeSink, type SinkOptions } from "./graph-sink.ts";

/** A graph as it was read. */
export interface ReadGraph {
  readonly graph: EdgeList;
  /** What the input held that the graph does not. */
  readonly notes: readonly string[];
}

/** How Matrix Market, GraphML and JSON are read. */
export type GraphDocumentOptions = Omit<SinkOptions, "directed"> & {
  readonly directed?: boolean;
  readonly columns?: readonly number[];
  readonly others?: ColumnChoice;
  readonly ids?: "auto" | "number" | "name";
};

/** Coordinate matrices: an entry is an edge; symmetric ones are undirected. Values are refused unless `columns` drops them. */
export function readMatrixMarket(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const lines = text.split(/\r?\n/);
  const [banner, kind, layout, field, symmetry] = lines[0].toLowerCase().split(/\s+/);
  if (banner !== "%%matrixmarket" || kind !== "matrix" || layout !== "coordinate" || symmetry === undefined)
    throw new UserError(
      `${source}: not a Matrix Market coordinate matrix`,
      'its first line must be like "%%MatrixMarket matrix coordinate pattern general"',
    );
  if (!["general", "symmetric", "skew-symmetric", "hermitian"].includes(symmetry))
    throw new UserError(
      `${source}: "${symmetry}" is no symmetry that Matrix Market knows`,
      "general lists every edge in its direction, symmetric lists each undirected edge once",
    );
  const drops = options.others === "drop" || options.columns !== undefined;
  const hasValues = field !== "pattern";
  if (hasValues && options.others === "refuse" && !options.columns)
    throw new UserError(`${source}: a ${field} matrix has values, and --strict keeps none`, "--columns 1,2 drops them");
  if (hasValues && !drops && symmetry !== "general" && symmetry !== "symmetric")
    throw new UserError(`${source}: values of a ${symmetry} matrix change with the direction of an edge`, "--drop-columns drops them");
  const said = lines
    .slice(1)
    .find((line) => !line.startsWith("%") || line.startsWith("% columns: "))
    ?.slice(11);
  const usual = field === "complex" ? ["real", "imaginary"] : ["value"];
  const named = columnNames(said ?? "");
  const names = !hasValues ? [] : named?.length === usual.length ? distinctNames(named, 3) : usual;
  const body = lines.map((line, i) => ({ line: line.trim(), number: i + 1 })).filter(({ line }) => line !== "" && !line.startsWith("%"));
  const [rows, columns, entries] = (body[0]?.line ?? "").split(/\s+/).map(Number);
  if (![rows, columns, entries].every((x) => Number.isSafeInteger(x) && x >= 0))
    throw new UserError(`${source}: the line of sizes is missing or wrong`);
  if (rows !== columns) throw new UserError(`${source}: ${rows} rows and ${columns} columns`, "a graph needs a square matrix");
  if (rows > 2 ** 30) throw new UserError(`${source}: ${rows} vertices, more than the 2^30 that a graph may have`);
  if (body.length - 1 !== entries)
    throw new UserError(`${source}: ${body.length - 1} entries, ${entries} announced`, "the file may be cut off");
  const sink = edgeSink({ ...options, directed: options.directed ?? symmetry === "general", vertices: rows });
  const values = columnSet("text", drops ? [] : names);
  for (const { line, number } of body.slice(1)) {
    const words = line.split(/\s+/);
    const [a, b] = words.slice(0, 2).map(Number);
    if (![a, b].every((x) => Number.isInteger(x) && x >= 1 && x <= rows))
      throw new UserError(`${source}, line ${number}: "${line.slice(0, 40)}" is not an entry of a matrix of ${rows} rows`);
    if (!drops && words.length !== 2 + names.length)
      throw new UserError(
        `${source}, line ${number}: ${words.length - 2} values, ${names.length} in a ${field} matrix`,
        "the file may be cut off",
      );
    if (!drops) names.forEach((name, k) => values.put(name, sink.edges(), words[2 + k], isNumber(words[2 + k]) ? "number" : "text"));
    sink.addNumbers(a - 1, b - 1);
  }
  const kept = values.finish(sink.edges());
  const notes = ["rows 1, 2, ... are vertices 0, 1, ...", ...keptNote(kept), ...(options.others === "drop" ? droppedNote(names) : [])];
  return { graph: { ...sink.finish(), ...(kept && { columns: kept }) }, notes };
}

// of ES2026, in Node since 21, not in the types yet
const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON: (text: string) => { readonly rawJSON: string };
  isRawJSON: (value: unknown) => value is { readonly rawJSON: string };
};

/** Ids that a double cannot hold stay the text they are; other numbers stay as they are written, where a double would not. */
const exactNumbers: (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown = (key, value, context) => {
  if (typeof value !== "number" || context?.source === undefined || String(value) === context.source) return value;
  if (["id", "name", "source", "target"].includes(key))
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? context.source : value;
  return rawJSON(context.source);
};

/** Node-link JSON as of NetworkX and d3: { directed, nodes: [{ id }], links | edges: [{ source, target }] }. */
export function readNodeLink(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  let value: unknown;
  try {
    value = JSON.parse(text, exactNumbers);
  } catch (error) {
    throw new UserError(`${source}: not JSON: ${(error as Error).message}`, "the file may be cut off");
  }
  const { nodes, links, edges, directed } = (value ?? {}) as {
    nodes?: unknown;
    links?: unknown;
    edges?: unknown;
    directed?: unknown;
  };
  if (Array.isArray(links) && Array.isArray(edges) && links.length > 0 && edges.length > 0)
    throw new UserError(`${source}: both "links" and "edges" hold edges`, "leave one of them out");
  const list = Array.isArray(links) && (links.length > 0 || !Array.isArray(edges)) ? links : (edges ?? links);
  if (!Array.isArray(nodes) || !Array.isArray(list))
    throw new UserError(`${source}: no "nodes" and "links" (or "edges") lists`, "node-link JSON is needed");
  const hasIds = nodes.every((node) => node !== null && typeof node === "object" && ("id" in node || "name" in node));
  const nameOf = (node: Record<string, unknown>) => String(node.id ?? node.name);
  const names = nodes.map((node, i) => (hasIds ? nameOf(node) : String(i)));
  // d3 counts nodes when links hold numbers and nodes have no numbers for ids
  const known = new Set(names);
  const isEnd = (end: unknown): boolean => Number.isInteger(end) && !known.has(String(end));
  const byIndex =
    list.every((link) => Number.isInteger(link?.source) && Number.isInteger(link?.target)) &&
    list.some((link) => isEnd(link.source) || isEnd(link.target)) &&
    !names.every((n) => /^-?\d+$/.test(n));
  if (known.size < names.length) throw new UserError(`${source}: two nodes have the same id`);
  // ids that are whole numbers are numbers of vertices; there are no others between them
  const numbered = options.ids !== "name" && hasIds && nodes.every(({ id }) => Number.isSafeInteger(id) && id >= 0);
  const sink = edgeSink({ ...options, directed: options.directed ?? directed === true });
  for (const name of names) sink.addVertex(numbered ? Number(name) : name);
  const beside = columnSet("json");
  const dropped = new Set<string>();
  const drops = options.others === "drop" || options.columns !== undefined;
  list.forEach((link: unknown, i) => {
    const { source: a, target: b, ...others } = (link ?? {}) as Record<string, unknown>;
    const [x, y] = [a, b].map((end) =>
      byIndex ? names[end as number] : String(typeof end === "object" && end !== null ? nameOf(end as Record<string, unknown>) : end),
    );
    if (a === undefined || b === undefined || x === undefined || y === undefined || !known.has(x) || !known.has(y))
      throw new UserError(`${source}, link ${i}: an end is missing or no node's`);
    for (const [name, value] of Object.entries(others)) {
      if (options.others === "refuse")
        throw new UserError(`${source}, link ${i}: ${JSON.stringify(name)}, and --strict keeps no values`, "--drop-columns drops them");
      if (drops) dropped.add(name);
      else if (isRawJSON(value)) beside.put(name, sink.edges(), value.rawJSON, "number");
      else if (typeof value === "string") beside.put(name, sink.edges(), value, "text");
      else beside.put(name, sink.edges(), JSON.stringify(value), typeof value === "number" ? "number" : "json");
    }
    if (numbered) sink.addNumbers(Number(x), Number(y));
    else sink.addNames(x, y);
  });
  const exact = numbered && options.vertices === undefined;
  const columns = beside.finish(sink.edges());
  return { graph: { ...sink.finish({ exact }), ...(columns && { columns }) }, notes: [...keptNote(columns), ...droppedNote([...dropped])] };
}
