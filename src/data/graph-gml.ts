/** Graphs in GML files. */
import { UserError } from "../errors.ts";
import { type ColumnKind, columnSet, droppedNote, isNumber } from "./graph-columns.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { graphOf, naming } from "./graph-places.ts";

/** A value as it is written, without its quotation marks. */
interface GmlText {
  readonly text: string;
  readonly quoted: boolean;
}
type GmlValue = GmlText | GmlList;
interface GmlList extends ReadonlyArray<readonly [key: string, value: GmlValue]> {}

const isText = (value: GmlValue): value is GmlText => "text" in value;
const kindOf = ({ text, quoted }: GmlText): ColumnKind => (!quoted && isNumber(text) ? "number" : "text");

const gmlToken = /\s+|#[^\n]*|([[\]])|"([^"]*)"|([^\s[\]"]+)/y;

function parseGml(text: string, refuse: (what: string, hint?: string) => never): GmlList {
  const stack: [string, GmlValue][][] = [[]];
  let key: string | undefined;
  gmlToken.lastIndex = 0;
  while (gmlToken.lastIndex < text.length) {
    const at = gmlToken.lastIndex;
    const match = gmlToken.exec(text);
    if (!match) return refuse(`character ${at + 1}: a quotation mark is never closed`, "the file may be cut off");
    const [, bracket, quoted, word] = match;
    if (bracket === undefined && quoted === undefined && word === undefined) continue;
    const list = stack[stack.length - 1];
    if (bracket === "]") {
      if (stack.length === 1 || key !== undefined) refuse(`character ${at + 1}: a ] without its [`);
      stack.pop();
    } else if (key === undefined) {
      if (bracket === "[" || quoted !== undefined) refuse(`character ${at + 1}: a key is expected`, "GML is made of keys and values");
      key = word;
    } else if (bracket === "[") {
      if (stack.length > 100) refuse("lists are nested more than 100 deep");
      const inner: [string, GmlValue][] = [];
      list.push([key, inner]);
      stack.push(inner);
      key = undefined;
    } else {
      list.push([key, quoted === undefined ? { text: word, quoted: false } : { text: characters(quoted, refuse), quoted: true }]);
      key = undefined;
    }
  }
  if (stack.length > 1) refuse("a [ is never closed", "the file may be cut off");
  return stack[0];
}

/** GML writes what is not ASCII as in HTML. */
const characters = (text: string, refuse: (what: string) => never): string =>
  text.replace(/&#(\d{1,7});|&(quot|amp|lt|gt|apos);/g, (all, code: string | undefined, name: string) => {
    if (code === undefined) return { quot: '"', amp: "&", lt: "<", gt: ">", apos: "'" }[name] ?? all;
    return Number(code) > 0x10ffff ? refuse(`${all} stands for no character`) : String.fromCodePoint(Number(code));
  });

/** The only graph of a GML file: nodes with whole numbers for ids, labels that are names. */
export function readGml(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const refuse = (what: string, hint?: string): never => {
    throw new UserError(`${source}: ${what}`, hint);
  };
  const lists = (list: GmlList, key: string): GmlList[] => list.flatMap(([k, v]) => (k === key && !isText(v) ? [v] : []));
  const get = (list: GmlList, key: string): GmlText | undefined => {
    const [value, another] = list.flatMap(([k, v]) => (k === key && isText(v) ? [v] : []));
    return another === undefined ? value : refuse(`${JSON.stringify(key)} comes twice in one list: ${value.text}, ${another.text}`);
  };
  const number = (value: GmlText | undefined): number => (value === undefined || value.quoted ? Number.NaN : Number(value.text));
  const graphs = lists(parseGml(text, refuse), "graph");
  if (graphs.length !== 1) refuse(`${graphs.length} graphs`, graphs.length > 1 ? "one file a graph is read: split it" : "is this GML?");
  const [nodes, edges] = [lists(graphs[0], "node"), lists(graphs[0], "edge")];
  const ids = nodes.map((node, i) => {
    const id = number(get(node, "id"));
    return Number.isSafeInteger(id) && id >= 0 ? id : refuse(`node ${i + 1} has no whole number for an id`);
  });
  const places = new Map(ids.map((id, i) => [id, i]));
  if (places.size < ids.length) refuse("two nodes have the same id");
  const pairs = edges.flatMap((edge, i) =>
    ["source", "target"].map((end) => places.get(number(get(edge, end))) ?? refuse(`edge ${i + 1}: its ${end} is missing or no node's`)),
  );
  const labels = nodes.map((node) => get(node, "label")?.text);
  const { called, values, notes } = naming(labels, ids, options);
  const beside = columnSet("text");
  const besideNames = new Set<string>();
  let others = 0;
  nodes.forEach((items, place) => {
    for (const [key, value] of items) {
      if (!isText(value)) others++;
      else if (key !== "id" && key !== "label") values.push({ place, name: key, text: value.text, kind: kindOf(value) });
    }
  });
  edges.forEach((items, edge) => {
    for (const [key, value] of items) {
      if (key === "source" || key === "target") continue;
      if (!isText(value)) {
        others++;
        continue;
      }
      besideNames.add(key);
      beside.put(key, edge, value.text, kindOf(value));
    }
  });
  if (others > 0) notes.push(`${others} lists inside of nodes and edges are not kept`);
  const ofGraph = graphs[0].map(([key]) => key).filter((key) => !["node", "edge", "directed"].includes(key));
  notes.push(...droppedNote([...new Set(ofGraph)], "graph"));
  return graphOf(
    { directed: number(get(graphs[0], "directed")) === 1, called, pairs, beside, besideNames, values, notes },
    source,
    options,
  );
}
