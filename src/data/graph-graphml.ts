/** Graphs in GraphML files. */
import { UserError } from "../errors.ts";
import { type ColumnKind, columnSet, distinctNames, droppedNote, isNumber, keptNote } from "./graph-columns.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { edgeSink } from "./graph-sink.ts";

interface Tag {
  /** Without the prefix of its namespace. */
  readonly name: string;
  readonly closes: boolean;
  readonly text: string;
  /** Where the tag begins, and where what follows it does. */
  readonly from: number;
  readonly to: number;
}

/** The tags of a document; what stands in comments, CDATA and instructions is none. */
function* tags(text: string, source: string): Generator<Tag> {
  const skipped = [
    { start: "<!--", end: "-->" },
    { start: "<![CDATA[", end: "]]>" },
    { start: "<?", end: "?>" },
    { start: "<!", end: ">" },
  ];
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const skip = skipped.find(({ start }) => text.startsWith(start, at));
    const end = skip ? text.indexOf(skip.end, at + skip.start.length) : endOfTag(text, at);
    if (end < 0)
      throw new UserError(`${source}: ${JSON.stringify(text.slice(at, at + 40))} has no end`, "the file may be cut off, or is no XML");
    if (!skip) {
      const tag = text.slice(at + 1, end);
      const [, slash, name] = /^(\/?)(?:[\w.-]+:)?([\w.-]*)/.exec(tag)!;
      yield { name, closes: slash !== "", text: tag, from: at, to: end + 1 };
    }
    at = end + 1;
  }
}

/** The place of the > that closes a tag: not one in an attribute. */
function endOfTag(text: string, from: number): number {
  let quote = "";
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (quote) quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === ">") return at;
  }
  return -1;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescape(text: string, source: string): string {
  return text.replace(/&([^;&\s]*;?)/g, (all, body: string) => {
    const name = body.slice(0, -1);
    const code = /^#x[\da-f]{1,6}$/i.test(name) ? Number(`0x${name.slice(2)}`) : /^#\d{1,7}$/.test(name) ? Number(name.slice(1)) : -1;
    const found =
      code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? undefined : code >= 0 ? String.fromCodePoint(code) : entities[name];
    if (found === undefined || !body.endsWith(";"))
      throw new UserError(`${source}: ${JSON.stringify(all)} stands for no character`, "write & as &amp;");
    return found;
  });
}

/** The text of an element without others in it: CDATA as it is, comments left out, line ends as XML has them. */
const contentOf = (text: string, source: string): string =>
  text
    .replace(/\r\n?/g, "\n")
    .split(/(<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>)/)
    .map((part) => (part.startsWith("<![CDATA[") ? part.slice(9, -3) : part.startsWith("<") ? "" : unescape(part, source)))
    .join("");

/** An attribute that edges may have. */
interface Key {
  readonly name: string;
  readonly kind: ColumnKind;
  standard?: string;
}

const WHOLE = /^(0|[1-9]\d{0,15})$/;

/** Nodes and edges of the only graph; what is not kept is told. */
export function readGraphMl(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const attribute = (tag: string, name: string): string | undefined => {
    const match = new RegExp(`\\s${name}\\s*=\\s*("([^"]*)"|'([^']*)')`).exec(tag);
    return match ? unescape(match[2] ?? match[3], source) : undefined;
  };
  const refuse = (what: string, hint?: string): never => {
    throw new UserError(`${source}: ${what}`, hint);
  };
  let [graphs, ends, data, ports] = [0, 0, 0, 0];
  let directed = options.directed;
  const nodes = new Set<string>();
  const pairs: string[] = [];
  const keys = new Map<string, Key>();
  const values: { readonly edge: number; readonly key: string; readonly text: string }[] = [];
  let open: { readonly key: string; readonly at: number; readonly edge: number } | undefined; // the data of an edge, or a default
  let [edge, key, deep] = [-1, "", 0]; // the edge and the key that are open, and elements inside of data
  for (const { name, closes, text: tag, from, to } of tags(text, source)) {
    if (open && name !== (open.edge < 0 ? "default" : "data")) deep++;
    else if (open && closes) {
      const content = deep > 0 ? undefined : contentOf(text.slice(open.at, from), source);
      if (content === undefined) data++;
      else if (open.edge >= 0) values.push({ edge: open.edge, key: open.key, text: content });
      else keys.get(open.key)!.standard = content;
      open = undefined;
    } else if (name === "key" && !closes && ["edge", "all", undefined].includes(attribute(tag, "for"))) {
      key = attribute(tag, "id") ?? "";
      keys.set(key, { name: attribute(tag, "attr\\.name") ?? key, kind: kindOf(attribute(tag, "attr\\.type")) });
      if (tag.endsWith("/")) key = "";
    } else if (name === "key") key = "";
    else if (name === "default" && !closes && keys.has(key) && !tag.endsWith("/")) [open, deep] = [{ key, at: to, edge: -1 }, 0];
    else if (name === "graph") {
      if (closes) ends++;
      else if (++graphs > 1) refuse("several graphs in one file, or one inside of another", "one file a graph is read: split it");
      else {
        if (tag.endsWith("/")) ends++;
        directed ??= attribute(tag, "edgedefault") === "directed";
      }
    } else if (name === "edge" && closes) edge = -1;
    else if (closes || graphs === 0) continue;
    else if (name === "data" && edge >= 0) {
      const of = attribute(tag, "key") ?? refuse(`data of an edge without a key: ${tag.slice(0, 60)}`);
      if (tag.endsWith("/")) values.push({ edge, key: of, text: "" });
      else [open, deep] = [{ key: of, at: to, edge }, 0];
    } else if (name === "data") data++;
    else if (name === "port") ports++;
    else if (name === "hyperedge") refuse("<hyperedge> elements are not read", "an edge of a graph has two ends");
    else if (name === "node") {
      const id = attribute(tag, "id") ?? refuse(`a node has no id: ${tag.slice(0, 60)}`);
      if (nodes.has(id)) refuse(`two nodes have the id ${JSON.stringify(id)}`);
      nodes.add(id);
    } else if (name === "edge") {
      const [a, b, own] = [attribute(tag, "source"), attribute(tag, "target"), attribute(tag, "directed")];
      if (a === undefined || b === undefined) return refuse(`an edge has one end only: ${tag.slice(0, 60)}`);
      if (options.directed === undefined && own !== undefined && /^(true|1)$/.test(own.trim()) !== directed)
        refuse("directed and undirected edges in one graph", "--directed or --undirected reads all of them alike");
      if (!tag.endsWith("/")) edge = pairs.length / 2;
      pairs.push(a, b);
    }
  }
  if (open) refuse("data have no end", "the file may be cut off");
  if (graphs === 0) refuse("no <graph> element", "is this GraphML?");
  if (ends < graphs) refuse("the graph has no end", "the file may be cut off");
  const unknown = pairs.filter((name) => !nodes.has(name));
  const whole = (name: string): boolean => WHOLE.test(name) && Number.isSafeInteger(Number(name));
  const numbers = options.ids !== "name" && [...nodes, ...unknown].every(whole);
  if (options.ids === "number" && !numbers) refuse("not all ids are whole numbers from 0 to 2^53 - 1", "say --ids name");
  const sink = edgeSink({ ...options, directed });
  for (const id of nodes) sink.addVertex(numbers ? Number(id) : id);
  for (let i = 0; i < pairs.length; i += 2)
    if (numbers) sink.addNumbers(Number(pairs[i]), Number(pairs[i + 1]));
    else sink.addNames(pairs[i], pairs[i + 1]);
  const drops = options.others === "drop" || options.columns !== undefined;
  if (values.length > 0 && options.others === "refuse")
    refuse(`${values.length} values of edges, and --strict keeps none`, "--drop-columns drops them");
  const columns = drops ? undefined : columnsOf(keys, values, pairs.length / 2);
  const notes = [
    ...keptNote(columns),
    ...(drops ? droppedNote([...new Set(values.map(({ key }) => keys.get(key)?.name ?? key))]) : []),
    data > 0 && `${data} attributes of nodes, and of edges with elements in them, are not kept`,
    ports > 0 && `${ports} ports are not kept: edges end at their nodes`,
    unknown.length > 0 && `${new Set(unknown).size} ends of edges are no nodes of the file: they become vertices`,
  ];
  const graph = { ...sink.finish({ exact: options.vertices === undefined }), ...(columns && { columns }) };
  return { graph, notes: notes.filter((note) => note !== false) };
}

const kindOf = (type: string | undefined): ColumnKind => (/^(int|long|float|double)$/i.test(type ?? "") ? "number" : "text");

/** Values of edges as columns in the order of their keys; a default stands where an edge has none. */
function columnsOf(
  keys: ReadonlyMap<string, Key>,
  values: readonly { readonly edge: number; readonly key: string; readonly text: string }[],
  edges: number,
): ReturnType<ReturnType<typeof columnSet>["finish"]> {
  const used = new Set(values.map(({ key }) => key));
  for (const [id, { standard }] of keys) if (standard !== undefined && edges > 0) used.add(id);
  const ids = [...keys.keys()].filter((id) => used.has(id));
  ids.push(...[...used].filter((id) => !keys.has(id)));
  const names = distinctNames(
    ids.map((id) => keys.get(id)?.name ?? id),
    1,
  );
  const set = columnSet("text", names);
  const put = (id: string, edge: number, text: string): void =>
    set.put(names[ids.indexOf(id)], edge, text, keys.get(id)?.kind === "number" && isNumber(text) ? "number" : "text");
  for (const id of ids) {
    const { standard } = keys.get(id) ?? {};
    if (standard === undefined) continue;
    const given = new Set(values.flatMap(({ key, edge }) => (key === id ? [edge] : [])));
    for (let edge = 0; edge < edges; edge++) if (!given.has(edge)) put(id, edge, standard);
  }
  for (const { edge, key, text } of values) put(key, edge, text);
  return set.finish(edges);
}
