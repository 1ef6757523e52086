/** What stands beside vertices is kept: in files of ours, in every format with room for it, and in a table of its own for the others. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { crc32, fixed } from "../../src/coding/bytes.ts";
import { decodeGraph, encodeGraph, inspectGraph, sameGraph } from "../../src/coding/index.ts";
import { type GraphColumn, valueText } from "../../src/data/graph-columns.ts";
import { compareGraph } from "../../src/data/graph-compare.ts";
import { writeGraphParquet } from "../../src/data/graph-parquet.ts";
import { type GraphReadOptions, readAgain, readGraph } from "../../src/data/graph-read.ts";
import type { EdgeList } from "../../src/data/graph-sink.ts";
import { vertexTableLines, writeVertexParquet } from "../../src/data/graph-vertex-table.ts";
import { type EdgeFormat, edgeLines } from "../../src/data/graph-write.ts";
import { UserError } from "../../src/errors.ts";
import fc from "../property.ts";
import { called, column, odd } from "./columns.ts";
import { read } from "./read-graph.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-vertices-"));
afterAll(() => rmSync(base, { recursive: true }));
let files = 0;
const file = (ending: string, content: string | Uint8Array = ""): string => {
  const path = join(base, `${files++}.${ending}`);
  writeFileSync(path, content);
  return path;
};

/** What the graph is, whatever the order of its edges, vertices and columns. */
function meaning({ directed, vertices, pairs, names, columns = [], vertexColumns = [] }: EdgeList, kinds = false): unknown {
  const name = (v: number): string => String(names ? names[v] : v);
  const values = (of: readonly GraphColumn[], place: number): unknown[] =>
    of.flatMap((c) => {
      const text = valueText(c, place);
      return text === null ? [] : [JSON.stringify([c.name, ...(kinds ? [c.kind] : []), text])];
    });
  const edges = Array.from({ length: pairs.length / 2 }, (_, i) => {
    const ends = [name(pairs[2 * i]), name(pairs[2 * i + 1])];
    return JSON.stringify([directed ? ends : ends.sort(), values(columns, i).sort()]);
  });
  const own = Array.from({ length: vertices }, (_, v) => JSON.stringify([name(v), values(vertexColumns, v).sort()]));
  return { directed, vertices: own.sort(), edges: edges.sort() };
}

const kinds: fc.Arbitrary<Pick<EdgeList, "vertices" | "names">> = fc.constantFrom(
  { vertices: 4 },
  { vertices: 4, names: ["n 0", "n1", "x\ny", "é"] },
  { vertices: 3, names: Float64Array.of(5, 2 ** 40, Number.MAX_SAFE_INTEGER) },
);
const graphs: fc.Arbitrary<EdgeList> = fc
  .tuple(kinds, fc.boolean(), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }), called, called)
  .chain(([g, directed, list, ofEdges, ofVertices]) =>
    fc
      .tuple(fc.tuple(...ofEdges.map(() => column(list.length))), fc.tuple(...ofVertices.map(() => column(g.vertices))))
      .map(([edges, vertices]) => ({
        ...g,
        directed,
        pairs: Uint32Array.from(list.flat(), (v) => v % g.vertices),
        ...(list.length > 0 && { columns: edges.map((one, k) => ({ ...one, name: ofEdges[k] })) }),
        vertexColumns: vertices.map((one, k) => ({ ...one, name: ofVertices[k] })),
      })),
  );

const texts = ({ columns = [], vertexColumns = [] }: EdgeList): string[] =>
  [...columns, ...vertexColumns].flatMap((c) => Array.from({ length: c.values.length }, (_, i) => valueText(c, i) ?? ""));
const isUnicode = (g: EdgeList): boolean => texts(g).every((value) => value.isWellFormed());
const holds = (g: EdgeList, format: string): boolean =>
  isUnicode(g) && (format !== "graphml" || !texts(g).some((value) => odd.test(value)));

/** Texts and JSON's strings are the same in JSON. */
const asJson = (g: EdgeList): EdgeList => {
  const meant = (of: readonly GraphColumn[] | undefined) =>
    of?.map((c) => {
      const values = Array.from({ length: c.values.length }, (_, i) => valueText(c, i));
      return { ...c, values: values.map((value) => (value !== null && c.kind === "text" ? JSON.stringify(value) : value)) };
    });
  return { ...g, columns: meant(g.columns), vertexColumns: meant(g.vertexColumns) };
};

test("a file of ours gives the columns of edges and vertices back, with any model and in shards", () => {
  fc.assert(
    fc.property(graphs, fc.constantFrom("auto", "urn", "block-urn", "gaps", "shards"), (g, model) => {
      fc.pre(isUnicode(g));
      const bytes = encodeGraph(g, model === "shards" ? { shards: 3 } : { model: model as "auto" });
      const back = decodeGraph(bytes);
      expect(meaning(back, true)).toEqual(meaning(g, true));
      expect(sameGraph(g, back)).toBe(true);
      expect(bytes[3]).toBe(3);
      const changed = g.vertexColumns!.map((c, k) =>
        k > 0 ? c : { ...c, kind: "text" as const, values: new Array(g.vertices).fill("other") },
      );
      expect(sameGraph({ ...g, vertexColumns: changed }, back)).toBe(false);
    }),
    { numRuns: 100 },
  );
});

for (const format of ["edges", "json", "graphml"] as const)
  test(`${format}: what stands beside vertices is read as it was written, and a second reader finds it`, async () => {
    const property = fc.asyncProperty(graphs, async (g) => {
      fc.pre(holds(g, format));
      const path = file({ edges: "txt", json: "json", graphml: "graphml" }[format], Buffer.concat([...edgeLines(g, format)]));
      const { graph: back } = await readGraph(path);
      const meant = format === "json" ? asJson : (h: EdgeList) => h;
      expect(meaning(meant(back))).toEqual(meaning(meant(g)));
      if (format === "json") return; // DuckDB takes a while to start
      expect((await compareGraph(back, () => readAgain(path, {}))).differs).toBeUndefined();
    });
    await fc.assert(property, { numRuns: 60 });
  });

test("formats without room refuse, and a table beside them holds what stands beside vertices", async () => {
  const all = fc.sample(graphs, { numRuns: 60, seed: 2 }).filter((g) => isUnicode(g) && !g.names?.includes("x\ny" as never));
  for (const [i, drawn] of all.slice(0, 9).entries()) {
    const format = (["csv", "parquet", "mtx"] as const)[i % 3];
    const g = format === "mtx" ? { ...drawn, columns: undefined, names: undefined } : drawn;
    const write = async (h: EdgeList): Promise<string> => {
      if (format !== "parquet") return file(format, Buffer.concat([...edgeLines(h, format)]));
      const path = file("parquet");
      await writeGraphParquet(h, path);
      return path;
    };
    await expect(write(g)).rejects.toThrow(/has no place for the \d column\(s\) of vertices/);
    const path = await write({ ...g, vertexColumns: undefined });
    for (const ending of ["csv", "parquet"]) {
      const table = file(ending, ending === "csv" ? Buffer.concat([...vertexTableLines(g)]) : "");
      if (ending === "parquet") await writeVertexParquet(g, table);
      const how: GraphReadOptions = { vertexTable: table };
      const { graph } = await readGraph(path, how);
      expect(meaning(graph)).toEqual(meaning(g));
      expect((await compareGraph(graph, () => readAgain(path, how))).differs).toBeUndefined();
      if (g.vertices === 0) continue;
      const others = [{ name: g.vertexColumns![0].name, kind: "text" as const, values: new Array<string>(g.vertices).fill("other") }];
      const { differs } = await compareGraph({ ...graph, vertexColumns: others }, () => readAgain(path, how));
      expect(differs).toMatch(/of the vertex|have no value in the file/);
    }
  }
});

test("a table of vertices: Neo4j's heading, vertices on no edge, what is refused", async () => {
  const edges = file("csv", "source,target\na,b\n");
  const table = file("csv", 'name,personId:ID,age:int\n"x, y",a,3\n,c,007\n');
  const { graph, notes } = await readGraph(edges, { vertexTable: table });
  expect(graph.names).toEqual(["a", "b", "c"]);
  expect(graph.vertexColumns?.map((c) => [c.name, [...c.values]])).toEqual([
    ["name", ["x, y", null, null]],
    ["age:int", ["3", null, "007"]],
  ]);
  expect(notes.join("\n")).toMatch(
    /called by its column "personId:ID"[\s\S]*1 of its vertices are on no edge[\s\S]*kept beside each vertex: "name"/,
  );
  await expect(readGraph(edges, { vertexTable: file("csv", "id,x\na,1\na,2\n") })).rejects.toThrow(/row 2: the vertex "a" comes twice/);
  await expect(readGraph(edges, { vertexTable: file("csv", "id,x\na,1,2\n") })).rejects.toThrow(/row 1: 3 columns, 2 in the heading/);
  await expect(readGraph(edges, { vertexTable: file("csv", 'id,x\na,"1\n') })).rejects.toThrow(/never closed/);
  const numbers = file("txt", "0 1\n1 2\n");
  await expect(readGraph(numbers, { vertexTable: table })).rejects.toThrow(/row 1: "a" is no number of a vertex/);
  await expect(readGraph(numbers, { vertexTable: file("csv", "id,x\n1000000000,1\n") })).rejects.toThrow(/far above those on edges/);
  const four = await readGraph(numbers, { vertexTable: file("csv", "id,x\n3,1.50\n") });
  expect([four.graph.vertices, four.graph.vertexColumns?.[0].values]).toEqual([4, [null, null, null, "1.50"]]);
});

const beside = (g: Pick<EdgeList, "vertexColumns">) => g.vertexColumns?.map((c) => [c.name, c.kind, [...c.values]]);
const samples = {
  gml: 'graph [ node [ id 0 label "a" x 1.50 big 9007199254740993 ] node [ id 1 label "a" graphics [ x 1 ] pos 1 pos 2 ] edge [ source 0 target 1 ] ]',
  net: '*Vertices 3\n1 "a b" 0.1 0.25 0.5 ellipse ic "Light Blue" bc Black\n2 c\n3 d 1 2 [1-3]\n*Arcs\n1 2 1.5 l "x y" w 2\n2 3\n',
  metis: "3 2 111 2\n1 7 8 2 5\n2 0 0 1 5 3 6\n3 9 9 2 6\n",
  graphml:
    '<graphml><key id="d" for="node" attr.name="day" attr.type="int"><default>1</default></key><key id="n" attr.name="id"/>' +
    '<graph edgedefault="directed"><data key="n">whole</data><node id="a"><data key="d">2</data><port name="p"><data key="n">port</data></port>' +
    '<data key="n">x<![CDATA[<y>]]></data></node><node id="b"/><edge source="a" target="b"/></graph></graphml>',
  json:
    '{"directed":false,"graph":{"name":"k"},"nodes":[{"id":1,"name":"x","w":1.50,"big":9007199254740993},{"id":2,"list":[1,2.0]}],' +
    '"links":[{"source":1,"target":2}]}',
};
const expected: Record<keyof typeof samples, unknown> = {
  gml: [
    ["label", "text", ["a", "a"]],
    ["x", "number", ["1.50", null]],
    ["big", "number", ["9007199254740993", null]],
    ["pos", "number", [Number.NaN, 1]],
    ["pos 2", "number", [Number.NaN, 2]],
  ],
  net: [
    ["x", "number", [0.1, Number.NaN, 1]],
    ["y", "number", [0.25, Number.NaN, 2]],
    ["z", "number", [0.5, Number.NaN, Number.NaN]],
    ["shape", "text", ["ellipse", null, null]],
    ["ic", "text", ["Light Blue", null, null]],
    ["bc", "text", ["Black", null, null]],
    ["time", "text", [null, null, "[1-3]"]],
  ],
  metis: [
    ["size", "number", [1, 2, 3]],
    ["weight 1", "number", [7, 0, 9]],
    ["weight 2", "number", [8, 0, 9]],
  ],
  graphml: [
    ["day", "number", [2, 1]],
    ["id 2", "text", ["x<y>", null]],
  ],
  json: [
    ["name", "text", ["x", null]],
    ["w", "number", ["1.50", null]],
    ["big", "number", ["9007199254740993", null]],
    ["list", "json", [null, "[1,2.0]"]],
  ],
};

test.each(Object.keys(samples) as (keyof typeof samples)[])("%s: attributes of vertices are columns, in both readings", async (ending) => {
  const path = file(ending, samples[ending]);
  const { graph } = await readGraph(path);
  expect(beside(graph)).toEqual(expected[ending]);
  expect((await compareGraph(graph, () => readAgain(path, {}))).differs).toBeUndefined();
  const [first, ...rest] = graph.vertexColumns!;
  const other = { ...first, kind: "text" as const, values: new Array<string>(graph.vertices).fill("other") };
  expect((await compareGraph({ ...graph, vertexColumns: [other, ...rest] }, () => readAgain(path, {}))).differs).toMatch(/of the vertex/);
  const none = await compareGraph({ ...graph, vertexColumns: undefined }, () => readAgain(path, {}));
  expect(none.differs).toMatch(/missing/);
  const { graph: without, notes } = await readGraph(path, { others: "drop" });
  expect([beside(without), notes.join("\n")]).toEqual([undefined, expect.stringMatching(/not kept: .* of the vertices/)]);
  expect((await compareGraph(without, () => readAgain(path, { others: "drop" }))).differs).toBeUndefined();
  await expect(readGraph(path, { others: "refuse" })).rejects.toThrow(/--strict/);
});

test("what is still not kept is counted or refused", async () => {
  expect((await read("gml", samples.gml)).notes.join("\n")).toMatch(/1 lists inside of nodes and edges are not kept/);
  expect((await read("graphml", samples.graphml)).notes.join("\n")).toMatch(/2 attributes of the graph and of ports/);
  expect((await read("json", samples.json)).notes.join("\n")).toMatch(/not kept: "name" of the graph/);
  await expect(read("gml", "graph [ node [ id 0 id 1 ] ]")).rejects.toThrow(/"id" comes twice in one list: 0, 1/);
  await expect(read("metis", "2 1 011\n5 2 3\n4 1 2\n")).rejects.toThrow(/or has another weight there/);
  await expect(read("metis", "2 1 010\n5 2\n\n")).rejects.toThrow(/line 3: a weight is missing/);
  await expect(read("json", '{"nodes":[{"id":1},{}],"links":[]}')).rejects.toThrow(/node 1: it has no id, others have one/);
  await expect(read("json", '{"directed":"yes","nodes":[],"links":[]}')).rejects.toThrow(/"directed" is "yes", neither true nor false/);
  const bare = await read("json", '{"nodes":["b","a"],"links":[{"source":"b","target":"a"}]}');
  expect(bare.edges).toEqual(["b-a"]);
});

const small: EdgeList = {
  ...{ vertices: 3, directed: true, pairs: Uint32Array.of(0, 1, 1, 2) },
  columns: [{ name: "w", kind: "number", values: Float64Array.of(0.5, 3) }],
};

test("files without columns of vertices are what they were, and older ones are read", () => {
  // written before there were any
  const old = [
    ["UEZHAhyMFrNpAwIGCGNgYmBkYAYABgg7vDIpWSEFAA4BAXcEBggz0DP9b/wfAAUBlAGUAQEAZRtiK9gVBQ==", { ...small, names: ["é", "b", "c d"] }],
    ["UEZHAT5Ft9sJAwIFAZQBlAEBAGUbYivYFQU=", { ...small, columns: undefined }],
  ] as const;
  for (const [base64, g] of old) {
    const bytes = new Uint8Array(Buffer.from(base64, "base64"));
    expect(sameGraph(decodeGraph(bytes), g)).toBe(true);
    expect(encodeGraph(g)).toEqual(bytes);
  }
});

test("damaged columns of vertices, and those that need too much memory, are refused in words; inspect tells their sizes", () => {
  const many = {
    ...{ vertices: 1000, directed: true, pairs: Uint32Array.of(0, 1) },
    vertexColumns: [{ name: "l", kind: "text" as const, values: new Array<string>(1000).fill("x".repeat(60)) }],
  };
  const bytes = encodeGraph(many);
  expect(bytes.length).toBeLessThan(2000);
  expect(() => decodeGraph(bytes, { memoryLimit: 2 ** 16 })).toThrow(
    /the columns of the vertices need about \d+ MiB, more than the memory limit/,
  );
  expect(sameGraph(decodeGraph(bytes), many)).toBe(true);
  const [told] = inspectGraph(many).vertexColumns;
  expect([told.name, told.kind, told.bytes < bytes.length]).toEqual(["l", "text", true]);
  const packed = encodeGraph({ ...small, vertexColumns: [{ name: "l", kind: "text", values: ["a", null, "é"] }] });
  for (let i = 0; i < 400; i++) {
    const other = packed.slice();
    other[8 + ((i * 7) % (packed.length - 8))] ^= 1 << ((i * 5) % 8);
    other.set(fixed(crc32(other.subarray(8)), 4), 4);
    try {
      decodeGraph(other);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
    }
  }
});

test("a value of a vertex may be anything in an edge list of ours, and nothing is left of one that has too many", async () => {
  const format: EdgeFormat = "edges";
  const text = Buffer.concat([...edgeLines({ ...small, vertexColumns: [{ name: "a", kind: "text", values: ["#", "", null] }] }, format)]);
  expect(beside(await read("txt", text))).toEqual([["a", "text", ["#", "", null]]]);
  await expect(read("txt", text.toString().replace(/# vertex\t0\t(\S+)/, "# vertex\t0\t$1\tmore"))).rejects.toThrow(
    /2 values of vertex "0"/,
  );
});
