/**
 * A second reading of graph files, which shares no code with the first: plain machines for text, bits and Arrow, DuckDB for JSON and
 * Parquet, a parser of documents for GraphML. It gives edges as pairs of texts; what a file of edges holds is the multiset of them.
 */
import { readFile } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { withDuckDb } from "./duckdb.ts";
import { arrowAgain, endsOf, webGraphAgain } from "./graph-second-binary.ts";
import { gmlAgain, metisAgain, pajekAgain } from "./graph-second-others.ts";
import type { Attribute, SecondOptions, SecondReading, SecondRow } from "./graph-second-reading.ts";

/** The second reading of a format. */
export async function secondReading(path: string, format: string, options: SecondOptions): Promise<SecondReading> {
  if (format === "parquet") return parquet(path, options);
  if (format === "edges") return edgeRows(options.bytes, options);
  const chunks: Uint8Array[] = [];
  for await (const chunk of options.bytes) chunks.push(chunk.slice()); // it may lie where the next one will
  const bytes = Buffer.concat(chunks);
  if (format === "arrow") return arrowAgain(bytes, path, options);
  if (format === "webgraph") {
    const properties = path.replace(/\.graph$/i, ".properties");
    const text = await readFile(properties, "utf8").catch(() => {
      throw new UserError(`${path}: ${properties} is not beside it`, "the .properties file belongs to the .graph file");
    });
    return webGraphAgain(bytes, text, path);
  }
  const encoding = /^<\?xml[^>]*encoding=["']([^"']+)/.exec(bytes.toString("latin1", 0, 200))?.[1];
  const text = new TextDecoder(encoding ?? "utf-8").decode(bytes);
  const others = { gml: gmlAgain, pajek: pajekAgain, metis: metisAgain };
  if (format === "gml" || format === "pajek" || format === "metis")
    return withoutValues(await others[format](text, options), options.beside);
  if (format === "json") return nodeLink(text, options.beside);
  return format === "graphml" ? graphMl(text, options.beside) : matrix(text, options.beside);
}

/** The ends of edges alone, unless what stands beside them is compared. */
function withoutValues(reading: SecondReading, beside: boolean | undefined): SecondReading {
  if (beside) return reading;
  async function* ends(): AsyncGenerator<SecondRow> {
    for await (const [a, b] of reading.rows) yield [a, b];
  }
  return { ...reading, rows: ends(), attributes: undefined };
}

/** Characters of a stream; the machine below looks at one after the other. */
async function* characters(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8");
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Does a comment of ours name a vertex whose name goes on in the next line? */
const isUnclosed = (comment: string): boolean => /^# vertex\t(.*\t)?"/s.test(comment) && comment.split('"').length % 2 === 0;

/** Rows of fields, by a machine that knows blanks, one separator, quotation marks and comments. */
async function* machine(bytes: AsyncIterable<Uint8Array>, onComment: (text: string) => void): AsyncGenerator<(string | undefined)[]> {
  let [row, field, state, separator]: [(string | undefined)[], string, "start" | "plain" | "quoted" | "ending" | "comment", string] = [
    [],
    "",
    "start",
    "",
  ];
  let line = ""; // the first row, until the separator is known
  const close = (): void => {
    row.push(state === "ending" ? field : field.trim() || undefined); // without quotation marks nothing is no name
    field = "";
    state = "start";
  };
  for await (const text of characters(bytes))
    for (const c of text) {
      if (separator === "") {
        line += c;
        if (c !== "\n") continue;
        if (isUnclosed(line)) continue;
        if (/^\s*(#|%|\/\/)/.test(line) || line.trim() === "") {
          onComment(line.trim());
          line = "";
          continue;
        }
        const outside = line.split('"').filter((_, i) => i % 2 === 0);
        if (line.split('"').length % 2 === 0) continue; // a quoted field goes on
        separator = ["\t", ",", ";"].find((s) => outside.some((part) => part.includes(s))) ?? " ";
      }
      const input = line === "" ? c : line;
      line = "";
      for (const x of input) {
        if (state === "comment") {
          if (x !== "\n" || isUnclosed(field)) field += x;
          else {
            onComment(field);
            [state, field] = ["start", ""];
          }
        } else if (state === "quoted") {
          if (x === '"') state = "ending";
          else field += x;
        } else if (state === "ending" && x === '"') [state, field] = ["quoted", `${field}"`];
        else if (x === "\n") {
          if (row.length > 0 || field.trim() !== "" || state === "ending") {
            close();
            yield row.filter((value) => separator !== " " || value !== undefined);
          }
          [row, field, state] = [[], "", "start"];
        } else if (separator === " " ? /\s/.test(x) : x === separator) {
          if (separator !== " " || field !== "") close();
        } else if (x === '"' && state === "start" && field === "" && separator !== " ") state = "quoted";
        else if (state !== "ending") {
          field += x;
          if (x.trim() !== "" && state === "start") state = "plain";
          if (row.length === 0 && /^\s*(#|%|\/\/)$/.test(field)) state = "comment";
        }
      }
    }
  const rest = line.split(/\r?\n/).filter((text) => text.trim() !== "" && !/^\s*(#|%|\/\/)/.test(text));
  for (const text of rest) yield text.trim().split(text.includes("\t") ? "\t" : /[,;]/.test(text) ? /\s*[,;]\s*/ : /\s+/);
  if (state !== "comment" && (row.length > 0 || field.trim() !== "")) {
    close();
    yield row;
  }
}

async function edgeRows(bytes: AsyncIterable<Uint8Array>, { columns = [], beside }: SecondOptions): Promise<SecondReading> {
  const [a = 1, b = 2, ...kept] = columns;
  let typed: boolean | undefined; // does the third column say what is directed?
  const said: { directed?: boolean; vertices: string[] } = { vertices: [] };
  const attributes: Attribute[] = [];
  let ofVertices: readonly string[] = [];
  const comment = (text: string): void => {
    if (text.startsWith("# vertex\t")) {
      const cells = [...text.slice(9).matchAll(/\t?(?:"((?:[^"]|"")*)"|([^\t]*))/g)].map(([, quoted, plain]) =>
        quoted === undefined ? plain.trim() || undefined : quoted.replaceAll('""', '"'),
      );
      const [vertex = "", ...values] = cells;
      said.vertices.push(vertex);
      values.forEach((value, k) => {
        if (value !== undefined && k < ofVertices.length) attributes.push([vertex, ofVertices[k], value]);
      });
    } else if (/^[#%] (vertex )?columns: \[/.test(text)) {
      // a column may be called "directed"
      if (text.startsWith("# vertex")) ofVertices = JSON.parse(text.slice(text.indexOf("["))) as string[];
    } else if (/\bundirected\b|^%\s*sym\b/i.test(text)) said.directed = false;
    else if (/\bdirected\b|^%\s*asym\b/i.test(text)) said.directed = true;
  };
  async function* rows(): AsyncGenerator<SecondRow> {
    let isFirst = true;
    for await (const row of machine(bytes, comment)) {
      const [x, y, type = ""] = [row[a - 1], row[b - 1], row[2]];
      if (isFirst && x?.startsWith(":START_ID") && y?.startsWith(":END_ID")) said.directed = true;
      if (isFirst && /^type$/i.test(type)) typed = true;
      else if (typed && !/^(un)?directed$/i.test(type)) typed = undefined;
      isFirst = false;
      const values = !beside ? [] : columns.length > 0 ? kept.map((place) => row[place - 1]) : row.slice(typed ? 3 : 2);
      if (typed && /^(un)?directed$/i.test(type)) said.directed = type.toLowerCase() === "directed";
      if (x !== undefined && y === undefined) said.vertices.push(x);
      else yield [x ?? "", y ?? "", ...values];
    }
  }
  // what comments say is known when the rows have been read
  return {
    by: "a second parser",
    rows: rows(),
    get directed() {
      return said.directed;
    },
    vertices: said.vertices,
    get attributes() {
      return beside ? attributes : undefined;
    },
  };
}

async function matrix(text: string, beside?: boolean): Promise<SecondReading> {
  const lines = text.split("\n").filter((line) => !line.startsWith("%") && line.trim() !== "");
  async function* rows(): AsyncGenerator<SecondRow> {
    for (const line of lines.slice(1)) {
      const [a, b, ...values] = line.trim().split(/\s+/);
      yield [String(Number(a) - 1), String(Number(b) - 1), ...(beside ? values : [])];
    }
  }
  const n = Number(lines[0]?.trim().split(/\s+/)[0]);
  return { by: "a second parser", directed: / general\b/i.test(text.slice(0, 200)), rows: rows(), vertices: numbersTo(n) };
}

const numbersTo = (n: number): string[] => Array.from({ length: Math.min(n, 2 ** 24) }, (_, i) => String(i));

async function parquet(path: string, { columns, beside }: SecondOptions): Promise<SecondReading> {
  return withDuckDb(async (db) => {
    const described = await db.runAndReadAll("DESCRIBE FROM read_parquet($path)", { path });
    const names = described.getRows().map(([name]) => String(name));
    const { ends, others } = endsOf(names, columns);
    const wanted = [...ends, ...(beside ? others : [])].map((name) => `'_' || "${name.replaceAll('"', '""')}"::VARCHAR`); // a mark at the beginning would be lost
    const result = await db.runAndReadAll(`SELECT ${wanted.join(", ")} FROM read_parquet($path)`, { path });
    const all = result.getRows().map((row) => row.map((x) => (x === null ? undefined : String(x).slice(1))));
    const edges = all.flatMap(([x, y, ...values]): SecondRow[] => (y === undefined ? [] : [[String(x), y, ...values]]));
    return { by: "DuckDB", byName: true, rows: listed(edges), vertices: all.flatMap(([x, y]) => (y === undefined ? [String(x)] : [])) };
  });
}

/** DuckDB's reader of JSON keeps integers of 64 bits. */
async function nodeLink(text: string, beside?: boolean): Promise<SecondReading> {
  return withDuckDb(async (db) => {
    await db.run("INSTALL json; LOAD json").catch(() => undefined); // part of the usual builds
    const list = async (path: string): Promise<(string | null)[]> => {
      const sql = "SELECT unnest(list_transform(json_extract_string($text::JSON, $path), x -> '_' || x)) AS x";
      return (await db.runAndReadAll(sql, { text, path })).getRows().map(([x]) => (x === null ? null : String(x).slice(1)));
    };
    const objects = async (path: string): Promise<Record<string, unknown>[]> => {
      const sql = "SELECT '_' || (unnest(json_extract($text::JSON, $path))::VARCHAR) AS x";
      return (await db.runAndReadAll(sql, { text, path })).getRows().map(([x]) => JSON.parse(String(x).slice(1)));
    };
    const key = (await list("$.links[*].source")).length > 0 ? "links" : "edges";
    const ends = async (end: string): Promise<(string | null)[]> => {
      const ids = await list(`$.${key}[*].${end}.id`);
      return ids.length > 0 && ids.every((id) => id !== null) ? ids : list(`$.${key}[*].${end}`);
    };
    const [a, b] = [await ends("source"), await ends("target")];
    const ids = await list("$.nodes[*].id");
    const named = ids.length > 0 ? ids : await list("$.nodes[*].name");
    const about = await objects("$.nodes[*]");
    const bare = about.length > 0 && about.every((node) => typeof node !== "object");
    const own = bare ? await list("$.nodes[*]") : named;
    const nodes =
      own.length > 0
        ? own.map(String)
        : numbersTo(Number((await db.runAndReadAll("SELECT json_array_length($text::JSON, '$.nodes')", { text })).getRows()[0][0]));
    const known = new Set(nodes);
    const called = (x: string | null): string => (known.has(String(x)) ? String(x) : (nodes[Number(x)] ?? String(x)));
    const links = beside ? await objects(`$.${key}[*]`) : [];
    const names = [...new Set(links.flatMap((link) => Object.keys(link)))].filter((name) => name !== "source" && name !== "target").sort();
    const valueOf = (x: unknown): string | undefined => (typeof x === "string" ? x : x === undefined ? undefined : JSON.stringify(x));
    const idKey = ids.length > 0 ? "id" : "name";
    const attributes = about.flatMap((node, i): Attribute[] =>
      Object.entries(bare ? {} : node).flatMap(([key, x]): Attribute[] => (key === idKey ? [] : [[nodes[i], key, valueOf(x) ?? ""]])),
    );
    const [directed] = (await db.runAndReadAll("SELECT json_extract_string($text::JSON, '$.directed')", { text })).getRows()[0];
    return {
      ...{ by: "DuckDB", vertices: nodes, directed: directed === null ? undefined : directed === "true" },
      byName: true,
      ...(beside && { attributes }),
      rows: listed(a.map((x, i): SecondRow => [called(x), called(b[i]), ...names.map((name) => valueOf(links[i][name]))])),
    };
  });
}

async function graphMl(text: string, beside?: boolean): Promise<SecondReading> {
  const { DOMParser } = await import("linkedom");
  const document = new DOMParser().parseFromString(text, "text/xml");
  const all = (name: string): Element[] =>
    [...document.querySelectorAll("*")].filter((e) => e.localName.split(":").at(-1) === name) as Element[];
  const graph = all("graph")[0];
  if (!graph) throw new UserError("no <graph> element in the second reading");
  // getAttribute would give the value escaped
  const of = (e: Element, name: string): string => e.attributes.getNamedItem(name)?.value ?? "";
  const keys = all("key").filter(() => beside);
  const calledBy = new Map(keys.map((e) => [of(e, "id"), of(e, "attr.name") || of(e, "id")]));
  /** Columns by name; one name may come twice. */
  const columnsOf = (what: "edge" | "node", taken: readonly string[]) => {
    const mine = keys.filter((e) => [what, "all", ""].includes(of(e, "for")));
    const usual = mine.flatMap((e) => [...e.children].slice(0, 1).map((d): [string, string] => [of(e, "id"), d.textContent ?? ""]));
    const given = all(what).map((e) => {
      const data = [...e.children].filter((c) => beside && c.localName.split(":").at(-1) === "data" && c.children.length === 0);
      const found = new Map<string, string>();
      for (const d of data) found.set(freeIn(found, of(d, "key")), d.textContent ?? "");
      return new Map([...usual, ...found]);
    });
    const ids = [...new Set([...calledBy.keys(), ...given.flatMap((values) => [...values.keys()])])];
    const names = new Map<string, string>(taken.map((name) => [name, ""]));
    for (const id of ids.filter((id) => given.some((values) => values.has(id)))) names.set(freeIn(names, calledBy.get(id) ?? id), id);
    return [...names]
      .slice(taken.length)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([name, id]) => ({ name, values: given.map((values) => values.get(id)) }));
  };
  const [nodes, edges] = [columnsOf("node", ["id"]), columnsOf("edge", ["source", "target"])];
  const ids = all("node").map((e) => of(e, "id"));
  const attributes = nodes.flatMap(({ name, values }) =>
    values.flatMap((value, i): Attribute[] => (value === undefined ? [] : [[ids[i], name, value]])),
  );
  return {
    byName: true,
    ...{ by: "linkedom", directed: of(graph, "edgedefault") === "directed", vertices: ids },
    ...(beside && { attributes }),
    rows: listed(all("edge").map((e, i): SecondRow => [of(e, "source"), of(e, "target"), ...edges.map(({ values }) => values[i])])),
  };
}

/** The name itself, or with the first number from 2 on that is free. */
function freeIn(taken: ReadonlyMap<string, unknown>, name: string): string {
  for (let [free, k] = [name, 2]; ; free = `${name} ${k++}`) if (!taken.has(free)) return free;
}

async function* listed<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}
