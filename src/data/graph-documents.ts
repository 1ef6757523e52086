/** Graphs as node-link JSON and as GraphML: every vertex is listed, numbers as they are. */
import { UserError } from "../errors.ts";
import { type GraphColumn, isNumber, valueText } from "./graph-columns.ts";
import type { EdgeList } from "./graph-sink.ts";

/** The lines of a document. */
export const documentOf = (g: EdgeList, format: "json" | "graphml"): Iterable<string> => (format === "json" ? json(g) : graphMl(g));

function* json({ vertices, directed, pairs, names, columns = [], vertexColumns = [] }: EdgeList): Generator<string> {
  const id = (v: number): string => (names ? JSON.stringify(names[v]) : String(v));
  yield `{"directed":${directed},"multigraph":true,"graph":{},"nodes":[\n`;
  const value = (column: GraphColumn, place: number): string => {
    const text = valueText(column, place);
    if (text === null) return "";
    // a number that JSON cannot write, such as Infinity, is a text
    return `,${JSON.stringify(column.name)}:${column.kind === "text" || (column.kind === "number" && !isNumber(text)) ? JSON.stringify(text) : text}`;
  };
  for (let v = 0; v < vertices; v++)
    yield `${v > 0 ? ",\n" : ""}{"id":${id(v)}${vertexColumns.map((column) => value(column, v)).join("")}}`;
  yield '\n],"links":[\n';
  for (let i = 0; i < pairs.length; i += 2) {
    const values = columns.map((column) => value(column, i / 2)).join("");
    yield `${i > 0 ? ",\n" : ""}{"source":${id(pairs[i])},"target":${id(pairs[i + 1])}${values}}`;
  }
  yield "\n]}\n";
}

function* graphMl({ vertices, directed, pairs, names, columns = [], vertexColumns = [] }: EdgeList): Generator<string> {
  const id = (v: number): string => (names ? escaped(String(names[v])) : String(v));
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n';
  const key = (id: string, of: string, { name, kind }: GraphColumn): string =>
    `<key id="${id}" for="${of}" attr.name="${escaped(name)}" attr.type="${kind === "number" ? "double" : "string"}"/>\n`;
  for (const [k, column] of columns.entries()) yield key(`e${k}`, "edge", column);
  for (const [k, column] of vertexColumns.entries()) yield key(`v${k}`, "node", column);
  const data = (of: readonly GraphColumn[], letter: string, place: number): string =>
    of
      .map((column, k) => {
        const text = valueText(column, place);
        return text === null ? "" : `<data key="${letter}${k}">${escaped(text)}</data>`;
      })
      .join("");
  yield `<graph edgedefault="${directed ? "directed" : "undirected"}">\n`;
  const element = (name: string, inside: string): string => (inside === "" ? "/>" : `>${inside}</${name}>`);
  for (let v = 0; v < vertices; v++) yield `<node id="${id(v)}"${element("node", data(vertexColumns, "v", v))}\n`;
  for (let i = 0; i < pairs.length; i += 2)
    yield `<edge source="${id(pairs[i])}" target="${id(pairs[i + 1])}"${element("edge", data(columns, "e", i / 2))}\n`;
  yield "</graph>\n</graphml>\n";
}

/** In an attribute or an element: line ends and tabs by number, since a reader of XML makes blanks of them. */
function escaped(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 cannot hold
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(name))
    throw new UserError(`the text ${JSON.stringify(name)} has a character that XML cannot hold`, "use --to json");
  return name.replace(/[&<>"'\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
