/** Graphs in Matrix Market, GraphML and JSON node-link files. */
import { UserError } from "../errors.ts";
import { type EdgeList, edgeSink, type SinkOptions } from "./graph-sink.ts";

/** A graph as it was read. */
export interface ReadGraph {
  readonly graph: EdgeList;
  /** What the input held that the graph does not. */
  readonly notes: readonly string[];
}

type Options = Omit<SinkOptions, "directed"> & { readonly directed?: boolean; readonly columns?: readonly [number, number] };

/** Coordinate matrices: an entry is an edge; symmetric ones are undirected. Values are refused unless `columns` drops them. */
export function readMatrixMarket(text: string, source: string, options: Options): ReadGraph {
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
  if (field !== "pattern" && !options.columns)
    throw new UserError(`${source}: a ${field} matrix has values`, "weights are not kept: --columns 1,2 drops them");
  const body = lines.map((line, i) => ({ line: line.trim(), number: i + 1 })).filter(({ line }) => line !== "" && !line.startsWith("%"));
  const [rows, columns, entries] = (body[0]?.line ?? "").split(/\s+/).map(Number);
  if (![rows, columns, entries].every((x) => Number.isSafeInteger(x) && x >= 0))
    throw new UserError(`${source}: the line of sizes is missing or wrong`);
  if (rows !== columns) throw new UserError(`${source}: ${rows} rows and ${columns} columns`, "a graph needs a square matrix");
  if (rows > 2 ** 30) throw new UserError(`${source}: ${rows} vertices, more than the 2^30 that a graph may have`);
  if (body.length - 1 !== entries)
    throw new UserError(`${source}: ${body.length - 1} entries, ${entries} announced`, "the file may be cut off");
  const sink = edgeSink({ ...options, directed: options.directed ?? symmetry === "general", vertices: rows });
  for (const { line, number } of body.slice(1)) {
    const [a, b] = line.split(/\s+/).map(Number);
    if (![a, b].every((x) => Number.isInteger(x) && x >= 1 && x <= rows))
      throw new UserError(`${source}, line ${number}: "${line.slice(0, 40)}" is not an entry of a matrix of ${rows} rows`);
    sink.addNumbers(a - 1, b - 1);
  }
  return { graph: sink.finish(), notes: ["rows 1, 2, ... are vertices 0, 1, ..."] };
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const unescape = (text: string) =>
  text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (all, name: string) =>
    name[0] === "#"
      ? String.fromCodePoint(Number(name[1].toLowerCase() === "x" ? "0x" + name.slice(2) : name.slice(1)))
      : (entities[name] ?? all),
  );

/** Nodes and edges of the only graph; attributes are dropped with a note. */
export function readGraphMl(given: string, source: string, options: Options): ReadGraph {
  // comments and CDATA may hold what looks like elements; a prefix of the namespace says nothing
  const text = given
    .replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, "")
    .replace(/<(\/?)\w+:(?=(graph|node|edge|data|hyperedge|port|key)\b)/g, "<$1");
  const graphs = text.match(/<graph\b[^>]*>/g)?.length ?? 0;
  if (graphs > 1)
    throw new UserError(`${source}: ${graphs} graphs in one file, or one inside of another`, "one file a graph is read: split it");
  const graphTag = /<graph\b[^>]*>/.exec(text);
  if (!graphTag) throw new UserError(`${source}: no <graph> element`, "is this GraphML?");
  if (!text.includes("</graph>")) throw new UserError(`${source}: the graph has no end`, "the file may be cut off");
  const attribute = (tag: string, name: string) => {
    const match = new RegExp(`\\s${name}\\s*=\\s*("([^"]*)"|'([^']*)')`).exec(tag);
    return match ? unescape(match[2] ?? match[3]) : undefined;
  };
  const directed = options.directed ?? attribute(graphTag[0], "edgedefault") === "directed";
  const sink = edgeSink({ ...options, directed });
  let data = 0;
  const body = text.slice(graphTag.index);
  for (const [tag, name] of body.matchAll(/<(node|edge|data|hyperedge|port)\b[^>]*>/g)) {
    if (name === "data") data++;
    else if (name === "node") {
      const id = attribute(tag, "id");
      if (id === undefined) throw new UserError(`${source}: a node has no id: ${tag.slice(0, 60)}`);
      sink.addVertex(id);
    } else if (name === "edge") {
      const [a, b, own] = [attribute(tag, "source"), attribute(tag, "target"), attribute(tag, "directed")];
      if (a === undefined || b === undefined) throw new UserError(`${source}: an edge has one end only: ${tag.slice(0, 60)}`);
      if (own !== undefined && (own === "true") !== directed)
        throw new UserError(`${source}: directed and undirected edges in one graph`, "--directed or --undirected reads all of them alike");
      sink.addNames(a, b);
    } else throw new UserError(`${source}: <${name}> elements are not read`);
  }
  return { graph: sink.finish(), notes: data > 0 ? [`${data} attributes of nodes and edges are not kept`] : [] };
}

/** Integers that a double cannot hold stay the text they are. */
const exactIntegers: (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown = (_, value, context) =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source ? context.source : value;

/** Node-link JSON as of NetworkX and d3: { directed, nodes: [{ id }], links | edges: [{ source, target }] }. */
export function readNodeLink(text: string, source: string, options: Options): ReadGraph {
  let value: unknown;
  try {
    value = JSON.parse(text, exactIntegers);
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
  // nodes called 0 to n - 1 are vertices by number
  const numbered = hasIds && nodes.every(({ id }) => Number.isInteger(id) && id >= 0 && id < nodes.length);
  const kind = { ...options, directed: options.directed ?? directed === true };
  const sink = edgeSink(numbered ? { ...kind, vertices: Math.max(nodes.length, options.vertices ?? 0) } : kind);
  if (!numbered) for (const name of names) sink.addVertex(name);
  let attributes = 0;
  list.forEach((link: unknown, i) => {
    const { source: a, target: b, ...others } = (link ?? {}) as Record<string, unknown>;
    const [x, y] = [a, b].map((end) =>
      byIndex ? names[end as number] : String(typeof end === "object" && end !== null ? nameOf(end as Record<string, unknown>) : end),
    );
    if (a === undefined || b === undefined || x === undefined || y === undefined || !known.has(x) || !known.has(y))
      throw new UserError(`${source}, link ${i}: an end is missing or no node's`);
    attributes += Object.keys(others).length;
    if (numbered) sink.addNumbers(Number(x), Number(y));
    else sink.addNames(x, y);
  });
  return { graph: sink.finish(), notes: attributes > 0 ? [`${attributes} attributes of links are not kept`] : [] };
}
