/** Graphs as node-link JSON and as GraphML: every vertex is listed, numbers as they are. */
import { UserError } from "../errors.ts";
import { type EdgeColumn, isNumber, valueText } from "./graph-columns.ts";
import type { EdgeList } from "./graph-sink.ts";

/** The lines of a document. */
export const documentOf = (g: EdgeList, format: "json" | "graphml"): Iterable<string> => (format === "json" ? json(g) : graphMl(g));

function* json({ vertices, directed, pairs, names, columns = [] }: EdgeList): Generator<string> {
  const id = (v: number): string => (names ? JSON.stringify(names[v]) : String(v));
  yield `{"directed":${directed},"multigraph":true,"graph":{},"nodes":[\n`;
  for (let v = 0; v < vertices; v++) yield `${v > 0 ? ",\n" : ""}{"id":${id(v)}}`;
  yield '\n],"links":[\n';
  const value = (column: EdgeColumn, edge: number): string => {
    const text = valueText(column, edge);
    if (text === null) return "";
    // a number that JSON cannot write, such as Infinity, is a text
    return `,${JSON.stringify(column.name)}:${column.kind === "text" || (column.kind === "number" && !isNumber(text)) ? JSON.stringify(text) : text}`;
  };
  for (let i = 0; i < pairs.length; i += 2) {
    const values = columns.map((column) => value(column, i / 2)).join("");
    yield `${i > 0 ? ",\n" : ""}{"source":${id(pairs[i])},"target":${id(pairs[i + 1])}${values}}`;
  }
  yield "\n]}\n";
}

function* graphMl({ vertices, directed, pairs, names, columns = [] }: EdgeList): Generator<string> {
  const id = (v: number): string => (names ? escaped(String(names[v])) : String(v));
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n';
  for (const [k, { name, kind }] of columns.entries())
    yield `<key id="e${k}" for="edge" attr.name="${escaped(name)}" attr.type="${kind === "number" ? "double" : "string"}"/>\n`;
  yield `<graph edgedefault="${directed ? "directed" : "undirected"}">\n`;
  for (let v = 0; v < vertices; v++) yield `<node id="${id(v)}"/>\n`;
  for (let i = 0; i < pairs.length; i += 2) {
    const data = columns.map((column, k) => {
      const text = valueText(column, i / 2);
      return text === null ? "" : `<data key="e${k}">${escaped(text)}</data>`;
    });
    yield `<edge source="${id(pairs[i])}" target="${id(pairs[i + 1])}"${columns.length === 0 ? "/>" : `>${data.join("")}</edge>`}\n`;
  }
  yield "</graph>\n</graphml>\n";
}

/** In an attribute or an element: line ends and tabs by number, since a reader of XML makes blanks of them. */
function escaped(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 cannot hold
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(name))
    throw new UserError(`the text ${JSON.stringify(name)} has a character that XML cannot hold`, "use --to json");
  return name.replace(/[&<>"'\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
