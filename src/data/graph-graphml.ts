/** Graphs in GraphML files. */
import { UserError } from "../errors.ts";
import {
  type ColumnKind,
  columnSet,
  distinctNames,
  droppedNote,
  type GraphColumn,
  isNumber,
  keptNote,
  valueText,
} from "./graph-columns.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { edgeSink, undirectedNote } from "./graph-sink.ts";
import { vertexValues } from "./graph-vertex-values.ts";

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

/** An attribute that edges or nodes may have. */
interface Key {
  readonly name: string;
  readonly kind: ColumnKind;
  /** What may have it; undefined: all. */
  readonly of: string | undefined;
  standard?: string;
}

/** A value of an edge, or of a node, by its place in the file. */
interface Value {
  readonly at: number;
  readonly key: string;
  readonly text: string;
}

/** Whose data are read: an edge's or a node's, by its place, or those of something that keeps none. */
interface Owner {
  readonly of: "edge" | "node" | "other";
  readonly at: number;
}

const other: Owner = { of: "other", at: 0 };

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
  let isSaid = false; // whether edges have a direction
  const nodes = new Set<string>();
  const pairs: string[] = [];
  const keys = new Map<string, Key>();
  const values: Record<"edge" | "node", Value[]> = { edge: [], node: [] };
  let open: { readonly key: string; readonly at: number; readonly owner: Owner | undefined } | undefined; // data, or a default
  let [key, deep] = ["", 0]; // the key that is open, and elements inside of data
  const owners: Owner[] = []; // nodes, ports and edges that are open
  for (const { name, closes, text: tag, from, to } of tags(text, source)) {
    if (open && name !== (open.owner ? "data" : "default")) deep++;
    else if (open && closes) {
      const content = deep > 0 ? undefined : contentOf(text.slice(open.at, from), source);
      if (content === undefined || open.owner?.of === "other") data++;
      else if (open.owner) values[open.owner.of].push({ at: open.owner.at, key: open.key, text: content });
      else keys.get(open.key)!.standard = content;
      open = undefined;
    } else if (name === "key" && !closes && ["edge", "node", "all", undefined].includes(attribute(tag, "for"))) {
      key = attribute(tag, "id") ?? "";
      const of = attribute(tag, "for");
      const what = { name: attribute(tag, "attr\\.name") ?? key, kind: kindOf(attribute(tag, "attr\\.type")) };
      keys.set(key, { ...what, of: of === "all" ? undefined : of });
      if (tag.endsWith("/")) key = "";
    } else if (name === "key") key = "";
    else if (name === "default" && !closes && keys.has(key) && !tag.endsWith("/")) [open, deep] = [{ key, at: to, owner: undefined }, 0];
    else if (name === "graph") {
      if (closes) ends++;
      else if (++graphs > 1) refuse("several graphs in one file, or one inside of another", "one file a graph is read: split it");
      else {
        if (tag.endsWith("/")) ends++;
        const usual = attribute(tag, "edgedefault");
        isSaid = usual !== undefined;
        directed ??= usual === "directed";
      }
    } else if (closes && ["edge", "node", "port"].includes(name)) owners.pop();
    else if (closes || graphs === 0) continue;
    else if (name === "data") {
      const owner = owners.at(-1) ?? other;
      const of = attribute(tag, "key") ?? (owner === other ? "" : refuse(`data without a key: ${tag.slice(0, 60)}`));
      if (!tag.endsWith("/")) [open, deep] = [{ key: of, at: to, owner }, 0];
      else if (owner.of === "other") data++;
      else values[owner.of].push({ at: owner.at, key: of, text: "" });
    } else if (name === "port") {
      ports++;
      if (!tag.endsWith("/")) owners.push(other);
    } else if (name === "hyperedge") refuse("<hyperedge> elements are not read", "an edge of a graph has two ends");
    else if (name === "node") {
      const id = attribute(tag, "id") ?? refuse(`a node has no id: ${tag.slice(0, 60)}`);
      if (nodes.has(id)) refuse(`two nodes have the id ${JSON.stringify(id)}`);
      if (!tag.endsWith("/")) owners.push({ of: "node", at: nodes.size });
      nodes.add(id);
    } else if (name === "edge") {
      const [a, b, own] = [attribute(tag, "source"), attribute(tag, "target"), attribute(tag, "directed")];
      if (a === undefined || b === undefined) return refuse(`an edge has one end only: ${tag.slice(0, 60)}`);
      if (options.directed === undefined && own !== undefined && /^(true|1)$/.test(own.trim()) !== directed)
        refuse("directed and undirected edges in one graph", "--directed or --undirected reads all of them alike");
      if (!tag.endsWith("/")) owners.push({ of: "edge", at: pairs.length / 2 });
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
  if (values.edge.length > 0 && options.others === "refuse")
    refuse(`${values.edge.length} values of edges, and --strict keeps none`, "--drop-columns drops them");
  const columns = drops ? undefined : columnsOf("edge", keys, values.edge, pairs.length / 2);
  const own = vertexValues(source, "text", options);
  const called = [...nodes];
  for (const column of columnsOf("node", keys, values.node, nodes.size) ?? [])
    called.forEach((id, i) => {
      const text = valueText(column, i);
      if (text !== null) own.put(numbers ? Number(id) : id, column.name, text, column.kind);
    });
  const plain = sink.finish({ exact: options.vertices === undefined });
  const { graph, notes: told } = own.beside({ ...plain, ...(columns && { columns }) });
  const notes = [
    !isSaid && options.directed === undefined && undirectedNote,
    ...keptNote(columns),
    ...(drops ? droppedNote([...new Set(values.edge.map(({ key }) => keys.get(key)?.name ?? key))]) : []),
    ...told,
    data > 0 && `${data} attributes of the graph and of ports, and those with elements in them, are not kept`,
    ports > 0 && `${ports} ports are not kept: edges end at their nodes`,
    unknown.length > 0 && `${new Set(unknown).size} ends of edges are no nodes of the file: they become vertices`,
  ];
  return { graph, notes: notes.filter((note) => note !== false) };
}

const kindOf = (type: string | undefined): ColumnKind => (/^(int|long|float|double)$/i.test(type ?? "") ? "number" : "text");

/** Values of edges or of nodes as columns in the order of their keys; a default stands where one has none. */
function columnsOf(
  what: "edge" | "node",
  keys: ReadonlyMap<string, Key>,
  values: readonly Value[],
  count: number,
): readonly GraphColumn[] | undefined {
  const used = new Set(values.map(({ key }) => key));
  for (const [id, { standard, of }] of keys) if (standard !== undefined && count > 0 && (of ?? what) === what) used.add(id);
  const ids = [...keys.keys()].filter((id) => used.has(id));
  ids.push(...[...used].filter((id) => !keys.has(id)));
  const names = distinctNames(
    ids.map((id) => keys.get(id)?.name ?? id),
    1,
    what === "edge" ? undefined : ["id"],
  );
  const set = columnSet("text", names);
  const put = (id: string, at: number, text: string): void =>
    set.put(names[ids.indexOf(id)], at, text, keys.get(id)?.kind === "number" && isNumber(text) ? "number" : "text");
  for (const id of ids) {
    const { standard, of } = keys.get(id) ?? {};
    if (standard === undefined || (of ?? what) !== what) continue;
    const given = new Set(values.flatMap(({ key, at }) => (key === id ? [at] : [])));
    for (let at = 0; at < count; at++) if (!given.has(at)) put(id, at, standard);
  }
  for (const { at, key, text } of values) put(key, at, text);
  return set.finish(count);
}
