/** Graphs as node-link JSON and as GraphML: every vertex is listed, numbers as they are. */
import { UserError } from "../errors.ts";
import type { EdgeList } from "./graph-sink.ts";

/** The lines of a document. */
export const documentOf = (g: EdgeList, format: "json" | "graphml"): Iterable<string> => (format === "json" ? json(g) : graphMl(g));

function* json({ vertices, directed, pairs, names }: EdgeList): Generator<string> {
  const id = (v: number): string => (names ? JSON.stringify(names[v]) : String(v));
  yield `{"directed":${directed},"multigraph":true,"graph":{},"nodes":[\n`;
  for (let v = 0; v < vertices; v++) yield `${v > 0 ? ",\n" : ""}{"id":${id(v)}}`;
  yield '\n],"links":[\n';
  for (let i = 0; i < pairs.length; i += 2) yield `${i > 0 ? ",\n" : ""}{"source":${id(pairs[i])},"target":${id(pairs[i + 1])}}`;
  yield "\n]}\n";
}

function* graphMl({ vertices, directed, pairs, names }: EdgeList): Generator<string> {
  const id = (v: number): string => (names ? escaped(String(names[v])) : String(v));
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n';
  yield `<graph edgedefault="${directed ? "directed" : "undirected"}">\n`;
  for (let v = 0; v < vertices; v++) yield `<node id="${id(v)}"/>\n`;
  for (let i = 0; i < pairs.length; i += 2) yield `<edge source="${id(pairs[i])}" target="${id(pairs[i + 1])}"/>\n`;
  yield "</graph>\n</graphml>\n";
}

/** In an attribute: line ends and tabs by number, since a reader of XML makes blanks of them. */
function escaped(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 cannot hold
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(name))
    throw new UserError(`the name ${JSON.stringify(name)} has a character that XML cannot hold`, "use --to json");
  return name.replace(/[&<>"'\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
