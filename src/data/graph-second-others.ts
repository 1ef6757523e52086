/** Second readings of GML, Pajek and METIS: by patterns over the whole text, where the first readers go token by token. */
import type { Attribute, SecondReading, SecondRow } from "./graph-second-reading.ts";

/** How vertices are called, as in the first reading. */
interface Naming {
  readonly ids?: "auto" | "number" | "name";
}

/** Labels where every vertex has one of its own and none asked for numbers, else the other names. */
function called(labels: readonly (string | undefined)[], others: readonly string[], { ids }: Naming): readonly string[] {
  const set = new Set(labels);
  return ids !== "number" && labels.length > 0 && !set.has(undefined) && set.size === labels.length ? labels.map(String) : others;
}

async function* listed<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

/** What stands in a pair of brackets, lists inside of it taken out. */
const flat = (text: string): string => {
  const inner = /\b\w+\s*\[(?:"[^"]*"|[^"[\]])*\]/g;
  let [before, after] = ["", text];
  while (before !== after) [before, after] = [after, after.replace(inner, "")];
  return after;
};

/** Keys and values of a flat list; a key that comes again is called "key 2". */
function values(text: string, characters: (text: string) => string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, key, quoted, word] of text.matchAll(/([A-Za-z]\w*)\s+(?:"([^"]*)"|([^\s"[\]]+))/g))
    found.set(unused(found, key), quoted === undefined ? word : characters(quoted));
  return found;
}

/** The key itself, or with the first number from 2 on that is free. */
function unused(found: ReadonlyMap<string, unknown>, key: string): string {
  let [name, k] = [key, 2];
  while (found.has(name)) name = `${key} ${k++}`;
  return name;
}

/** The values of all vertices. */
const attributesOf = (names: readonly string[], all: readonly ReadonlyMap<string, string>[]): Attribute[] =>
  names.flatMap((name, i) => [...all[i]].map(([key, value]): Attribute => [name, key, value]));

/** GML. @source  M. Himsolt, GML: A portable graph file format (1997) */
export async function gmlAgain(text: string, naming: Naming): Promise<SecondReading> {
  const { parseHTML } = await import("linkedom");
  const characters = (quoted: string): string =>
    quoted.includes("&")
      ? (parseHTML(`<p>${quoted.replaceAll("<", "&lt;")}</p>`).document.querySelector("p")?.textContent ?? quoted)
      : quoted;
  const plain = text.replace(/^\s*#.*$/gm, "");
  const list = /\b(node|edge)\s*\[((?:"[^"]*"|[^"[\]]|\[(?:"[^"]*"|[^"[\]]|\[(?:"[^"]*"|[^"[\]])*\])*\])*)\]/g;
  const found = [...plain.matchAll(list)].map(([, kind, inside]) => ({ kind, of: values(flat(inside), characters) }));
  const of = (kind: string) => found.filter((item) => item.kind === kind).map((item) => item.of);
  const [nodes, edges] = [of("node"), of("edge")];
  const ids = nodes.map((node) => String(Number(node.get("id"))));
  const names = called(
    nodes.map((node) => node.get("label")),
    ids,
    naming,
  );
  const place = new Map(ids.map((id, i) => [id, names[i]]));
  const end = (edge: Map<string, string>, key: string): string => place.get(String(Number(edge.get(key)))) ?? "";
  const keys = [...new Set(edges.flatMap((edge) => [...edge.keys()]))].filter((key) => key !== "source" && key !== "target").sort();
  const own = nodes.map((node) => {
    const called = names === ids ? ["id"] : ["id", "label"];
    return new Map([...node].filter(([key]) => !called.includes(key)));
  });
  const outside = flat(plain.replace(list, "").replace(/^[\s\S]*?\bgraph\s*\[/, ""));
  return {
    by: "a second parser",
    byName: true,
    directed: /\bdirected\s+1\b/.test(outside),
    vertices: names,
    attributes: attributesOf(names, own),
    rows: listed(edges.map((edge): SecondRow => [end(edge, "source"), end(edge, "target"), ...keys.map((key) => edge.get(key))])),
  };
}

/** What follows in a row: numbers by place, "[1-3]", a shape where the rest are not pairs, then pairs. */
function pajekValues(text: string, places: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  let rest = text.trim();
  const next = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(rest);
    if (match) rest = rest.slice(match[0].length).trim();
    return match ? match[0].replace(/^"(.*)"$/, "$1") : undefined;
  };
  for (const place of places) {
    const number = next(/^[-+.\d]\S*/);
    if (number === undefined) break;
    found.set(place, number);
  }
  const words: string[] = [];
  for (let word = next(/^("[^"]*"|\S+)/); word !== undefined; word = next(/^("[^"]*"|\S+)/)) {
    if (!/^\[.*\]$/.test(word)) words.push(word);
    else if (!found.has("time")) found.set("time", word);
  }
  if (words.length % 2 === 1) found.set("shape", words.shift()!);
  while (words.length > 0) found.set(unused(found, words.shift()!), words.shift()!);
  return found;
}

/** Pajek. @source  the Pajek manual, "*Vertices", "*Arcs", "*Edges" and their lists */
export function pajekAgain(text: string, naming: Naming): SecondReading {
  const sections = text
    .replace(/^\s*%.*$/gm, "")
    .split(/^\s*\*/m)
    .slice(1)
    .map((section) => {
      const [head, ...lines] = section.split(/\r?\n/);
      return { kind: head.toLowerCase().split(/[\s:]/)[0], head, lines: lines.map((line) => line.trim()).filter((line) => line !== "") };
    });
  const of = (...kinds: string[]): string[] => sections.filter(({ kind }) => kinds.includes(kind)).flatMap(({ lines }) => lines);
  const n = Number(sections.find(({ kind }) => kind === "vertices")?.head.split(/\s+/)[1]);
  const labels = new Array<string | undefined>(n).fill(undefined);
  const others = labels.map(() => new Map<string, string>());
  for (const line of of("vertices")) {
    const [, number, rest = ""] = /^(\d+)\s*([\s\S]*)$/.exec(line) ?? [];
    const isQuoted = rest.startsWith('"');
    const label = isQuoted ? rest.slice(1).split('"')[0] : rest.split(/\s+/)[0];
    labels[Number(number) - 1] = label === "" && !isQuoted ? undefined : label;
    others[Number(number) - 1] = pajekValues(rest.slice(label.length + (isQuoted ? 2 : 0)), ["x", "y", "z"]);
  }
  const numbers = labels.map((_, v) => String(v));
  const names = called(labels, numbers, naming);
  if (names === numbers) labels.forEach((label, v) => label !== undefined && others[v].set(unused(others[v], "label"), label));
  const name = (word: string): string => names[Number(word) - 1] ?? "";
  const found = of("arcs", "edges").map((line) => {
    const [, a = "", b = "", rest = ""] = /^(\S+)\s+(\S+)(.*)$/.exec(line) ?? [];
    return { ends: [name(a), name(b)] as const, values: pajekValues(rest, ["weight"]) };
  });
  const keys = [...new Set(found.flatMap(({ values }) => [...values.keys()]))].sort();
  const single = found.map(({ ends, values }): SecondRow => [...ends, ...keys.map((key) => values.get(key))]);
  const lists = of("arcslist", "edgeslist").flatMap((line): SecondRow[] => {
    const [a, ...others] = line.split(/\s+/);
    return others.map((b) => [name(a), name(b)]);
  });
  const kinds = new Set(sections.map(({ kind }) => kind));
  const directed = kinds.has("arcs") || kinds.has("arcslist");
  const attributes = attributesOf(names, others);
  return { by: "a second parser", byName: true, directed, vertices: names, attributes, rows: listed([...single, ...lists]) };
}

/** METIS: every edge stands in the rows of both ends, and is taken from that of the lower one. @source  the METIS manual, section 4.1.1 */
export function metisAgain(text: string): SecondReading {
  const [head, ...lines] = text
    .replace(/\r/g, "")
    .split("\n")
    .filter((line) => !/^\s*%/.test(line));
  const [n, , fmt = "0", constraints = "1"] = head.trim().split(/\s+/);
  const code = Number.parseInt(fmt, 2);
  const skipped = ((code & 4) >> 2) + ((code & 2) >> 1) * Number(constraints);
  const step = 1 + (code & 1);
  const rows = lines.slice(0, Number(n)).flatMap((line, u): SecondRow[] => {
    const words = (line.match(/\S+/g) ?? []).slice(skipped);
    const each = words.flatMap((word, i): SecondRow[] =>
      i % step === 0 ? [[String(u), String(Number(word) - 1), step === 2 ? words[i + 1] : undefined]] : [],
    );
    return each.filter(([, v]) => Number(v) >= u);
  });
  const vertices = Array.from({ length: Number(n) }, (_, v) => String(v));
  const weight = (k: number): string => (Number(constraints) > 1 ? `weight ${k}` : "weight");
  const attributes = attributesOf(
    vertices,
    vertices.map((_, v) => {
      const words = (lines[v] ?? "").match(/\S+/g) ?? [];
      const sized = (code & 4) >> 2;
      return new Map(words.slice(0, skipped).map((word, k) => [k < sized ? "size" : weight(k - sized + 1), word]));
    }),
  );
  return { by: "a second parser", byName: true, directed: false, vertices, attributes, rows: listed(rows) };
}
