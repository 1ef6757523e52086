/** Graphs in GML, Pajek and METIS files. */
import { UserError } from "../errors.ts";
import { type ColumnSet, columnSet, droppedNote, isNumber, keptNote } from "./graph-columns.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { edgeSink } from "./graph-sink.ts";

/** Vertices by place with what they are called, and edges between places. */
interface Places {
  readonly directed: boolean;
  /** What each vertex is called; numbers where labels are missing or come twice. */
  readonly called: readonly (string | number)[];
  readonly pairs: readonly number[];
  /** Values beside the edges, and what they are called. */
  readonly beside: ColumnSet;
  readonly besideNames: ReadonlySet<string>;
  readonly notes: readonly string[];
}

function graphOf({ directed, called, pairs, beside, besideNames, notes }: Places, options: GraphDocumentOptions): ReadGraph {
  if (options.others === "refuse" && besideNames.size > 0)
    throw new UserError(`edges have values (${[...besideNames].join(", ")}), and --strict keeps none`, "--drop-columns drops them");
  const drops = options.others === "drop" || options.columns !== undefined;
  const columns = drops ? undefined : beside.finish(pairs.length / 2);
  const told = drops ? droppedNote([...besideNames]) : keptNote(columns);
  const sink = edgeSink({ ...options, directed: options.directed ?? directed });
  const names = options.ids === "name" ? called.map(String) : called;
  for (const vertex of names) sink.addVertex(vertex);
  for (let i = 0; i < pairs.length; i += 2) {
    const [a, b] = [names[pairs[i]], names[pairs[i + 1]]];
    if (typeof a === "number" && typeof b === "number") sink.addNumbers(a, b);
    else sink.addNames(String(a), String(b));
  }
  const graph = { ...sink.finish({ exact: options.vertices === undefined }), ...(columns && { columns }) };
  return { graph, notes: [...notes, ...told] };
}

/** Labels if all vertices have one and none comes twice, else the other names; which is told. */
function naming(
  labels: readonly (string | undefined)[],
  others: readonly number[],
  { ids }: GraphDocumentOptions,
): { called: readonly (string | number)[]; notes: string[] } {
  const given = labels.filter((label) => label !== undefined);
  if (given.length === 0) return { called: others, notes: [] };
  const distinct = given.length === labels.length && new Set(given).size === labels.length;
  if (distinct && ids !== "number") return { called: given, notes: ["vertices are called by their labels (--ids number takes their ids)"] };
  const why = distinct ? "as --ids number asks" : "some vertices have none, or the label of another";
  return { called: others, notes: [`${given.length} labels of vertices are not kept: ${why}`] };
}

// --- GML ------------------------------------------------------------------------------------------------------------------------

type GmlValue = string | number | GmlList;
interface GmlList extends ReadonlyArray<readonly [key: string, value: GmlValue]> {}

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
      list.push([key, quoted === undefined ? Number(word) : characters(quoted, refuse)]);
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
  const lists = (list: GmlList, key: string): GmlList[] => list.flatMap(([k, v]) => (k === key && typeof v === "object" ? [v] : []));
  const get = (list: GmlList, key: string): GmlValue | undefined => list.find(([k]) => k === key)?.[1];
  const graphs = lists(parseGml(text, refuse), "graph");
  if (graphs.length !== 1) refuse(`${graphs.length} graphs`, graphs.length > 1 ? "one file a graph is read: split it" : "is this GML?");
  const [nodes, edges] = [lists(graphs[0], "node"), lists(graphs[0], "edge")];
  const ids = nodes.map((node, i) => {
    const id = get(node, "id");
    return typeof id === "number" && Number.isSafeInteger(id) && id >= 0 ? id : refuse(`node ${i + 1} has no whole number for an id`);
  });
  const places = new Map(ids.map((id, i) => [id, i]));
  if (places.size < ids.length) refuse("two nodes have the same id");
  const pairs = edges.flatMap((edge, i) =>
    ["source", "target"].map((end) => places.get(Number(get(edge, end))) ?? refuse(`edge ${i + 1}: its ${end} is missing or no node's`)),
  );
  const labels = nodes.map((node) => {
    const label = get(node, "label");
    return label === undefined || typeof label === "object" ? undefined : String(label);
  });
  const { called, notes } = naming(labels, ids, options);
  const plain = new Set(["id", "label", "source", "target"]);
  const beside = columnSet("text");
  const besideNames = new Set<string>();
  let others = nodes.reduce((sum, item) => sum + item.filter(([key]) => !plain.has(key)).length, 0);
  edges.forEach((items, edge) => {
    for (const [key, value] of items) {
      if (key === "source" || key === "target") continue;
      if (typeof value === "object") {
        others++;
        continue;
      }
      besideNames.add(key);
      beside.put(key, edge, String(value), typeof value === "number" && isNumber(String(value)) ? "number" : "text");
    }
  });
  if (others > 0) notes.push(`${others} attributes of nodes, and lists of edges, are not kept`);
  return graphOf({ directed: get(graphs[0], "directed") === 1, called, pairs, beside, besideNames, notes }, options);
}

// --- Pajek ----------------------------------------------------------------------------------------------------------------------

/** A Pajek network: *Vertices, then *Arcs, *Edges, *Arcslist, *Edgeslist. */
export function readPajek(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const labels: (string | undefined)[] = [];
  const pairs: number[] = [];
  const kinds = new Set<string>();
  const beside = columnSet("text");
  const besideNames = new Set<string>();
  let [section, count, attributes, skipped] = ["", -1, 0, 0];
  text.split(/\r?\n/).forEach((line, i) => {
    const refuse = (what: string, hint?: string): never => {
      throw new UserError(`${source}, line ${i + 1}: ${what}`, hint);
    };
    const row = line.trim();
    if (row === "" || row.startsWith("%")) return;
    if (row.startsWith("*")) {
      section = row.slice(1).split(/[\s:]/)[0].toLowerCase();
      if (section === "matrix") refuse("a *Matrix is not read", "save the network with *Arcs or *Edges");
      if (section === "vertices") {
        if (count >= 0) refuse("a second network", "one file a graph is read: split it");
        count = Number(row.split(/\s+/)[1]);
        if (!Number.isSafeInteger(count) || count < 0 || count > 2 ** 27)
          refuse(`${JSON.stringify(row.slice(0, 40))} gives no number of vertices`);
        labels.length = count;
      }
      return;
    }
    const vertex = (word: string | undefined): number => {
      const v = /^\d+$/.test(word ?? "") ? Number(word) : 0;
      return v >= 1 && v <= count ? v - 1 : refuse(`${JSON.stringify(word ?? "")} is not a vertex from 1 to ${Math.max(0, count)}`);
    };
    if (section === "vertices") {
      const [, number, quoted, word] = /^(\d+)(?:\s+(?:"([^"]*)"|(\S+)))?/.exec(row) ?? [];
      labels[vertex(number)] = quoted ?? word;
    } else if (section === "arcs" || section === "edges") {
      const [a, b, weight, ...others] = row.split(/\s+/);
      if (weight !== undefined) {
        besideNames.add("weight");
        beside.put("weight", pairs.length / 2, weight, isNumber(weight) ? "number" : "text");
      }
      if (others.length > 0) attributes++;
      pairs.push(vertex(a), vertex(b));
      kinds.add(section);
    } else if (section === "arcslist" || section === "edgeslist") {
      const [a, ...others] = row.split(/\s+/);
      for (const b of others) pairs.push(vertex(a), vertex(b));
      kinds.add(section.replace("list", ""));
    } else if (section === "") refuse("a Pajek network begins with *Vertices", "name another format with --from");
    else skipped++;
  });
  if (count < 0) throw new UserError(`${source}: no *Vertices`, "is this a Pajek network?");
  if (kinds.size > 1 && options.directed === undefined)
    throw new UserError(`${source}: arcs and edges in one network`, "--directed or --undirected reads all of them alike");
  const own = Array.from({ length: count }, (_, v) => v);
  const { called, notes } = naming(Array.from(labels), own, options);
  if (typeof called[0] === "number") notes.push("vertices 1, 2, ... are 0, 1, ...");
  if (attributes > 0) notes.push(`${attributes} edges have attributes besides the weight, which are not kept`);
  if (skipped > 0) notes.push(`${skipped} rows of other sections are not kept`);
  return graphOf({ directed: kinds.has("arcs"), called, pairs, beside, besideNames, notes }, options);
}

// --- METIS ----------------------------------------------------------------------------------------------------------------------

/** A METIS graph: "n m [fmt [ncon]]", then the neighbours of each vertex, from 1; each edge is in two rows. */
export function readMetis(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const lines = text
    .replace(/\r?\n$/, "")
    .split(/\r?\n/)
    .flatMap((line, i) => (line.trimStart().startsWith("%") ? [] : [{ line: line.trim(), number: i + 1 }]));
  const [n, m, fmt = "0", ncon = "1"] = (lines[0]?.line ?? "").split(/\s+/);
  const [vertices, edges, constraints] = [n, m, ncon].map(Number);
  if (
    !/^\d+$/.test(n ?? "") ||
    !/^\d+$/.test(m ?? "") ||
    !/^[01]{1,3}$/.test(fmt) ||
    !Number.isSafeInteger(constraints) ||
    constraints > 100
  )
    throw new UserError(`${source}: the first line is not "vertices edges [format]"`, "is this a METIS graph?");
  const [sizes, ofVertices, ofEdges] = fmt
    .padStart(3, "0")
    .split("")
    .map((digit) => digit === "1");
  const before = (sizes ? 1 : 0) + (ofVertices ? constraints : 0);
  const rows = lines.slice(1);
  while (rows.length > vertices && rows[rows.length - 1].line === "") rows.pop();
  if (rows.length !== vertices) throw new UserError(`${source}: ${rows.length} rows for ${vertices} vertices`, "the file may be cut off");
  const pairs: number[] = [];
  const beside = columnSet("text");
  const seen = new Map<string, number>();
  let [loops, balance] = [0, 0];
  rows.forEach(({ line, number }, u) => {
    const numbers = line === "" ? [] : line.split(/\s+/).slice(before);
    for (let i = 0; i < numbers.length; i += ofEdges ? 2 : 1) {
      const v = Number(numbers[i]) - 1;
      if (!/^\d+$/.test(numbers[i]) || v < 0 || v >= vertices)
        throw new UserError(`${source}, line ${number}: "${numbers[i].slice(0, 40)}" is not a vertex from 1 to ${vertices}`);
      if (v === u) loops++;
      const weight = numbers[i + 1];
      if (ofEdges && v >= u && weight !== undefined) beside.put("weight", pairs.length / 2, weight, isNumber(weight) ? "number" : "text");
      if (v >= u) pairs.push(u, v);
      // each edge once upwards, once downwards
      const key = u < v ? `${u} ${v}` : `${v} ${u}`;
      const count = (seen.get(key) ?? 0) + Math.sign(v - u);
      balance += Math.abs(count) - Math.abs(seen.get(key) ?? 0);
      seen.set(key, count);
    }
  });
  if (balance !== 0) throw new UserError(`${source}: an edge is in the row of one of its ends only`, "METIS lists every edge twice");
  if (pairs.length / 2 !== edges)
    throw new UserError(`${source}: ${pairs.length / 2} edges, ${edges} announced`, "the file may be cut off");
  const notes = ["vertices 1, 2, ... are 0, 1, ..."];
  if (sizes || ofVertices) notes.push("weights of vertices are not kept");
  if (loops > 0) notes.push(`${loops} loops, which METIS itself does not know`);
  const called = Array.from({ length: vertices }, (_, v) => v);
  const besideNames = new Set(ofEdges ? ["weight"] : []);
  return graphOf({ directed: false, called, pairs, beside, besideNames, notes }, options);
}
