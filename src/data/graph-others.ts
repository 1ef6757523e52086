/** Graphs in Pajek and METIS files. */
import { UserError } from "../errors.ts";
import { columnSet, isNumber } from "./graph-columns.ts";
import type { GraphDocumentOptions, ReadGraph } from "./graph-formats.ts";
import { graphOf, naming, type VertexValue, valueOf } from "./graph-places.ts";

// --- Pajek ----------------------------------------------------------------------------------------------------------------------

/** Words of a row; what stands in quotation marks is one. */
const wordsOf = (row: string): string[] => [...row.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);

/** What follows a vertex and its label, or an edge: numbers by place, a shape, "[1-3]" for times, then names with their values. */
function* parameters(words: readonly string[], numbers: readonly string[]): Generator<readonly [name: string, value: string]> {
  let at = 0;
  for (; at < numbers.length && /^[-+.\d]/.test(words[at] ?? ""); at++) yield [numbers[at], words[at]];
  const rest = words.slice(at).filter((word) => !/^\[.*\]$/.test(word));
  const times = words.slice(at).find((word) => /^\[.*\]$/.test(word));
  if (times !== undefined) yield ["time", times];
  if (rest.length % 2 === 1) yield ["shape", rest[0]];
  for (let i = rest.length % 2; i < rest.length; i += 2) yield [rest[i], rest[i + 1]];
}

/** A Pajek network: *Vertices, then *Arcs, *Edges, *Arcslist, *Edgeslist. */
export function readPajek(text: string, source: string, options: GraphDocumentOptions): ReadGraph {
  const labels: (string | undefined)[] = [];
  const pairs: number[] = [];
  const kinds = new Set<string>();
  const beside = columnSet("text");
  const besideNames = new Set<string>();
  const values: VertexValue[] = [];
  let [section, count, skipped] = ["", -1, 0];
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
      const [number, label, ...others] = wordsOf(row);
      const place = vertex(number);
      labels[place] = label;
      for (const [name, text] of parameters(others, ["x", "y", "z"])) values.push(valueOf(place, name, text));
    } else if (section === "arcs" || section === "edges") {
      const [a, b, ...others] = wordsOf(row);
      for (const [name, text] of parameters(others, ["weight"])) {
        besideNames.add(name);
        beside.put(name, pairs.length / 2, text, isNumber(text) ? "number" : "text");
      }
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
  const { called, values: ofLabels, notes } = naming(Array.from(labels), own, options);
  values.unshift(...ofLabels);
  if (typeof called[0] === "number") notes.push("vertices 1, 2, ... are 0, 1, ...");
  if (skipped > 0) notes.push(`${skipped} rows of other sections are not kept`);
  return graphOf({ directed: kinds.has("arcs"), called, pairs, beside, besideNames, values, notes }, source, options);
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
  const weights = Array.from({ length: ofVertices ? constraints : 0 }, (_, k) => (constraints > 1 ? `weight ${k + 1}` : "weight"));
  const names = [...(sizes ? ["size"] : []), ...weights];
  const values: VertexValue[] = [];
  const rows = lines.slice(1);
  while (rows.length > vertices && rows[rows.length - 1].line === "") rows.pop();
  if (rows.length !== vertices) throw new UserError(`${source}: ${rows.length} rows for ${vertices} vertices`, "the file may be cut off");
  const pairs: number[] = [];
  const beside = columnSet("text");
  const seen = new Map<string, number>();
  let [loops, balance] = [0, 0];
  rows.forEach(({ line, number }, u) => {
    const words = line === "" ? [] : line.split(/\s+/);
    const numbers = words.slice(before);
    if (words.length < before || (ofEdges && numbers.length % 2 === 1))
      throw new UserError(
        `${source}, line ${number}: a weight is missing`,
        "the file may be cut off, or its format (first line) is another",
      );
    names.forEach((name, k) => values.push(valueOf(u, name, words[k])));
    for (let i = 0; i < numbers.length; i += ofEdges ? 2 : 1) {
      const v = Number(numbers[i]) - 1;
      if (!/^\d+$/.test(numbers[i]) || v < 0 || v >= vertices)
        throw new UserError(`${source}, line ${number}: "${numbers[i].slice(0, 40)}" is not a vertex from 1 to ${vertices}`);
      if (v === u) loops++;
      const weight = numbers[i + 1];
      if (ofEdges && v >= u) beside.put("weight", pairs.length / 2, weight, isNumber(weight) ? "number" : "text");
      if (v >= u) pairs.push(u, v);
      // each edge once upwards, once downwards
      const key = `${Math.min(u, v)} ${Math.max(u, v)} ${ofEdges ? weight : ""}`;
      const count = (seen.get(key) ?? 0) + Math.sign(v - u);
      balance += Math.abs(count) - Math.abs(seen.get(key) ?? 0);
      seen.set(key, count);
    }
  });
  if (balance !== 0)
    throw new UserError(
      `${source}: an edge is in the row of one of its ends only${ofEdges ? ", or has another weight there" : ""}`,
      "METIS lists every edge twice",
    );
  if (pairs.length / 2 !== edges)
    throw new UserError(`${source}: ${pairs.length / 2} edges, ${edges} announced`, "the file may be cut off");
  const notes = ["vertices 1, 2, ... are 0, 1, ..."];
  if (loops > 0) notes.push(`${loops} loops, which METIS itself does not know`);
  const called = Array.from({ length: vertices }, (_, v) => v);
  const besideNames = new Set(ofEdges ? ["weight"] : []);
  return graphOf({ directed: false, called, pairs, beside, besideNames, values, notes }, source, options);
}
