/** Graphs in GraphML files. */
import { UserError } from "../errors.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { edgeSink } from "./graph-sink.ts";

interface Tag {
  /** Without the prefix of its namespace. */
  readonly name: string;
  readonly closes: boolean;
  readonly text: string;
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
      yield { name, closes: slash !== "", text: tag };
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
  for (const { name, closes, text: tag } of tags(text, source)) {
    if (name === "graph") {
      if (closes) ends++;
      else if (++graphs > 1) refuse("several graphs in one file, or one inside of another", "one file a graph is read: split it");
      else {
        if (tag.endsWith("/")) ends++;
        directed ??= attribute(tag, "edgedefault") === "directed";
      }
    } else if (closes || graphs === 0) continue;
    else if (name === "data") data++;
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
      pairs.push(a, b);
    }
  }
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
  const notes = [
    data > 0 && `${data} attributes of nodes and edges are not kept`,
    ports > 0 && `${ports} ports are not kept: edges end at their nodes`,
    unknown.length > 0 && `${new Set(unknown).size} ends of edges are no nodes of the file: they become vertices`,
  ];
  return { graph: sink.finish({ exact: options.vertices === undefined }), notes: notes.filter((note) => note !== false) };
}
