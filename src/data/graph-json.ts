/** Graphs in JSON node-link files. */
import { UserError } from "../errors.ts";
import { type ColumnKind, columnSet, droppedNote, keptNote } from "./graph-columns.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { edgeSink, undirectedNote } from "./graph-sink.ts";
import { vertexValues } from "./graph-vertex-values.ts";

// of ES2026, in Node since 21, not in the types yet
const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON: (text: string) => { readonly rawJSON: string };
  isRawJSON: (value: unknown) => value is { readonly rawJSON: string };
};

/** Numbers stay as they are written, where a double would not. */
const exactNumbers: (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown = (_, value, context) =>
  typeof value !== "number" || context?.source === undefined || String(value) === context.source ? value : rawJSON(context.source);

/** Ids that a double cannot hold stay the text they are. */
function idOf(value: unknown): unknown {
  if (!isRawJSON(value)) return value;
  const number = Number(value.rawJSON);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? value.rawJSON : number;
}

/** A value as a column has it. */
function asValue(value: unknown): { readonly text: string; readonly kind: ColumnKind } {
  if (isRawJSON(value)) return { text: value.rawJSON, kind: "number" };
  if (typeof value === "string") return { text: value, kind: "text" };
  return { text: JSON.stringify(value), kind: typeof value === "number" ? "number" : "json" };
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJSON(value);

/** A node: what it is called, if it says so, and the rest. */
interface Node {
  readonly id: unknown;
  readonly others: Fields;
}

function nodeOf(node: unknown): Node | undefined {
  if (!isFields(node)) {
    const id = idOf(node);
    return typeof id === "string" || typeof id === "number" ? { id, others: {} } : undefined;
  }
  const { id, name, ...others } = node;
  if (id === undefined || id === null) return { id: idOf(name), others };
  return { id: idOf(id), others: name === undefined ? others : { name, ...others } };
}

/** An end is an id, or the whole node, as d3 leaves it. */
const endOf = (end: unknown): unknown => (isFields(end) ? nodeOf(end)?.id : idOf(end));

/** Node-link JSON as of NetworkX and d3: { directed, nodes: [{ id }], links | edges: [{ source, target }] }. */
export function readNodeLink(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const refuse = (what: string, hint?: string): never => {
    throw new UserError(`${source}${what}`, hint);
  };
  const { nodes, links, edges, directed, multigraph: _, graph: ofGraph, ...rest } = parsed(text, source);
  if (Array.isArray(links) && Array.isArray(edges) && links.length > 0 && edges.length > 0)
    refuse(': both "links" and "edges" hold edges', "leave one of them out");
  const list = Array.isArray(links) && (links.length > 0 || !Array.isArray(edges)) ? links : (edges ?? links);
  if (!Array.isArray(nodes) || !Array.isArray(list))
    return refuse(': no "nodes" and "links" (or "edges") lists', "node-link JSON is needed");
  if (![true, false, undefined, null].includes(directed as boolean) && options.directed === undefined)
    refuse(`: "directed" is ${JSON.stringify(directed)}, neither true nor false`, "--directed or --undirected decides");
  const read = nodes.map((node, i) => nodeOf(node) ?? refuse(`, node ${i}: neither an object nor an id`));
  const hasIds = read.every(({ id }) => id !== undefined);
  const without = read.findIndex(({ id }) => id === undefined);
  if (!hasIds && read.some(({ id }) => id !== undefined))
    refuse(`, node ${without}: it has no id, others have one`, 'all need an "id" (or "name"), or none: then links count nodes');
  const names = read.map(({ id }, i) => String(hasIds ? id : i));
  // d3 counts nodes when links hold numbers and nodes have no numbers for ids
  const known = new Set(names);
  const ends = list.map((link: unknown) => (isFields(link) ? [endOf(link.source), endOf(link.target)] : [undefined, undefined]));
  const byIndex =
    ends.flat().every(Number.isInteger) && ends.flat().some((end) => !known.has(String(end))) && !names.every((n) => /^-?\d+$/.test(n));
  if (known.size < names.length) refuse(": two nodes have the same id");
  // ids that are whole numbers are numbers of vertices; there are no others between them
  const numbered =
    options.ids !== "name" && hasIds && read.every(({ id }) => typeof id === "number" && Number.isSafeInteger(id) && id >= 0);
  const vertex = (name: string): string | number => (numbered ? Number(name) : name);
  const sink = edgeSink({ ...options, directed: options.directed ?? directed === true });
  const own = vertexValues(source, "json", options);
  read.forEach(({ others }, i) => {
    sink.addVertex(vertex(names[i]));
    for (const [name, value] of Object.entries(others)) {
      const { text, kind } = asValue(value);
      own.put(vertex(names[i]), name, text, kind);
    }
  });
  const beside = columnSet("json");
  const dropped = new Set<string>();
  const drops = options.others === "drop" || options.columns !== undefined;
  list.forEach((link: unknown, i) => {
    const { source: _source, target: _target, ...others } = isFields(link) ? link : {};
    const [x, y] = ends[i].map((end) => (byIndex ? names[end as number] : String(end)));
    if (ends[i].includes(undefined) || x === undefined || y === undefined || !known.has(x) || !known.has(y))
      refuse(`, link ${i}: an end is missing or no node's`);
    for (const [name, value] of Object.entries(others)) {
      if (options.others === "refuse")
        refuse(`, link ${i}: ${JSON.stringify(name)}, and --strict keeps no values`, "--drop-columns drops them");
      const { text, kind } = asValue(value);
      if (drops) dropped.add(name);
      else beside.put(name, sink.edges(), text, kind);
    }
    if (numbered) sink.addNumbers(Number(x), Number(y));
    else sink.addNames(x, y);
  });
  const columns = beside.finish(sink.edges());
  const exact = numbered && options.vertices === undefined;
  const { graph, notes } = own.beside({ ...sink.finish({ exact }), ...(columns && { columns }) });
  const lost = droppedNote([...Object.keys(rest), ...(isFields(ofGraph) ? Object.keys(ofGraph) : [])], "graph");
  const said = (directed ?? options.directed) === undefined ? [undirectedNote] : [];
  return { graph, notes: [...said, ...keptNote(columns), ...droppedNote([...dropped]), ...notes, ...lost] };
}

function parsed(text: string, source: string): Fields {
  try {
    const value: unknown = JSON.parse(text, exactNumbers);
    return isFields(value) ? value : {};
  } catch (error) {
    throw new UserError(`${source}: not JSON: ${(error as Error).message}`, "the file may be cut off");
  }
}
