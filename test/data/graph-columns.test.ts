/** Weights, labels and attributes of edges are kept: in files of ours, in every format that can hold them, and beside the right edge. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { crc32, fixed } from "../../src/coding/bytes.ts";
import { decodeGraph, encodeGraph, sameGraph } from "../../src/coding/index.ts";
import { isNumber, valueText } from "../../src/data/graph-columns.ts";
import { compareGraph } from "../../src/data/graph-compare.ts";
import { writeGraphParquet } from "../../src/data/graph-parquet.ts";
import { readAgain, readGraph } from "../../src/data/graph-read.ts";
import type { EdgeList } from "../../src/data/graph-sink.ts";
import { type EdgeFormat, edgeLines } from "../../src/data/graph-write.ts";
import { UserError } from "../../src/errors.ts";
import fc from "../property.ts";
import { called, column, odd } from "./columns.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-columns-"));
afterAll(() => rmSync(base, { recursive: true }));
let files = 0;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(base, `${files++}-${name}`);
  writeFileSync(path, content);
  return path;
};

type Format = EdgeFormat | "parquet";
const endings: Readonly<Record<Format, string>> = {
  ...{ edges: "txt", csv: "csv", mtx: "mtx", json: "json", graphml: "graphml", parquet: "parquet" },
};
async function written(g: EdgeList, format: Format): Promise<string> {
  const path = file(`g.${endings[format]}`, "");
  if (format === "parquet") await writeGraphParquet(g, path);
  else writeFileSync(path, Buffer.concat([...edgeLines(g, format)]));
  return path;
}

/** Every edge with its ends and what is beside it; a kind only where the format knows kinds. */
function rows({ directed, pairs, names, columns = [] }: EdgeList, kinds: boolean): unknown {
  const name = (v: number): string => String(names ? names[v] : v);
  const edges = Array.from({ length: pairs.length / 2 }, (_, i) => {
    const ends = [name(pairs[2 * i]), name(pairs[2 * i + 1])];
    return JSON.stringify([directed ? ends : ends.sort(), columns.map((column) => valueText(column, i))]);
  });
  return { columns: columns.map(({ name, kind }) => (kinds ? [name, kind] : name)), edges: edges.sort() };
}

const graphs: fc.Arbitrary<EdgeList> = fc
  .tuple(fc.boolean(), fc.boolean(), fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 7 }), called)
  .chain(([directed, named, list, names]) =>
    fc.tuple(...names.map(() => column(list.length))).map((columns) => ({
      vertices: 4,
      directed,
      pairs: Uint32Array.from(list.flat()),
      ...(named ? { names: ["n 0", "n1", "x", "é"] } : {}),
      columns: columns.map((one, k) => ({ ...one, name: names[k] })),
    })),
  );

const texts = (g: EdgeList): (string | null)[] =>
  (g.columns ?? []).flatMap((c) => Array.from({ length: c.values.length }, (_, i) => valueText(c, i)));
/** Half of a surrogate pair has no UTF-8. */
const holds = (g: EdgeList, format: Format): boolean => {
  if (texts(g).some((value) => value !== null && !value.isWellFormed())) return false;
  if (format === "graphml") return !texts(g).some((value) => value !== null && odd.test(value));
  if (format !== "mtx") return true;
  return !g.names && g.columns?.length === 1 && texts(g).every((value) => value !== null && isNumber(value));
};

test("a file of ours gives every column back, beside its edge, with any model", () => {
  fc.assert(
    fc.property(graphs, fc.constantFrom("auto", "urn", "block-urn", "gaps"), (g, model) => {
      fc.pre(holds(g, "json"));
      const bytes = encodeGraph(g, { model: model as "auto" });
      const back = decodeGraph(bytes);
      expect(rows(back, true)).toEqual(rows(g, true));
      expect(sameGraph(g, back)).toBe(true);
      expect(bytes[3]).toBe(2);
    }),
    { numRuns: 80 },
  );
});

for (const format of ["edges", "csv", "json", "graphml"] as const)
  test(`${format}: columns are read as they were written, and a second reader finds them`, async () => {
    const property = fc.asyncProperty(graphs, async (g) => {
      fc.pre(holds(g, format));
      // what is missing everywhere cannot be told from what is not there
      fc.pre(g.columns!.every((c) => Array.from({ length: c.values.length }, (_, i) => valueText(c, i)).some((value) => value !== null)));
      const path = await written(g, format);
      const back = (await readGraph(path)).graph;
      const meant = format === "json" ? asJson : (h: EdgeList) => h;
      expect(rows(meant(back), false)).toEqual(rows(meant(inOrder(g, back)), false));
      if (format === "json") return; // DuckDB takes a while to start
      expect((await compareGraph(back, () => readAgain(path, {}))).differs).toBeUndefined();
    });
    await fc.assert(property, { numRuns: 40 });
  });

/** JSON lists what is beside an edge by name: its columns come in the order in which they are met. */
const inOrder = (g: EdgeList, like: EdgeList): EdgeList => ({
  ...g,
  columns: [...(g.columns ?? [])].sort((a, b) => place(like, a.name) - place(like, b.name)),
});
const place = ({ columns = [] }: EdgeList, name: string): number => columns.findIndex((c) => c.name === name);

/** Texts and JSON's strings are the same in JSON. */
const asJson = (g: EdgeList): EdgeList => ({
  ...g,
  columns: g.columns?.map((c) => {
    const values = Array.from({ length: c.values.length }, (_, i) => valueText(c, i));
    return { ...c, values: values.map((value) => (value !== null && c.kind === "text" ? JSON.stringify(value) : value)) };
  }),
});

const weights: EdgeList = {
  ...{ vertices: 3, directed: true, pairs: Uint32Array.of(1, 2, 0, 1, 1, 2, 2, 2) },
  columns: [{ name: "w", kind: "number", values: Float64Array.of(0.5, -1, 1e21, 3) }],
};

test("Matrix Market holds one column of numbers; Parquet any; DuckDB finds them in Parquet and JSON", async () => {
  const two = { ...weights, columns: [...weights.columns!, { name: "l", kind: "text" as const, values: ["a", null, "", "b,c"] }] };
  for (const [g, format] of [
    [weights, "mtx"],
    [two, "parquet"],
    [two, "json"],
  ] as const) {
    const path = await written(g, format);
    const back = (await readGraph(path)).graph;
    expect(rows(back, true)).toEqual(rows(g, true));
    expect((await compareGraph(back, () => readAgain(path, {}))).differs).toBeUndefined();
    const other = { ...back, columns: back.columns!.map((c, k) => (k > 0 ? c : { ...c, values: Float64Array.of(0.5, -1, 1e21, 4) })) };
    // the last edge, 2 2 (3 3 where counting begins at 1), has 3 in the file and 4 here
    const { differs } = await compareGraph(other, () => readAgain(path, {}));
    expect(differs).toMatch(/^the edge \["2","2",.*"3(\.0)?".*\] of the file is missing/);
  }
  expect(() => [...edgeLines(two, "mtx")]).toThrow(/one column, with a number for every edge/);
});

test("parallel edges keep their own values; exchanged ones are another graph", () => {
  const back = decodeGraph(encodeGraph(weights));
  expect([...back.pairs]).toEqual([0, 1, 1, 2, 1, 2, 2, 2]);
  expect([...back.columns![0].values]).toEqual([-1, 0.5, 1e21, 3]);
  const exchanged = { ...weights, columns: [{ ...weights.columns![0], values: Float64Array.of(0.5, 3, 1e21, -1) }] };
  expect(sameGraph(weights, exchanged)).toBe(false);
  const equal = { ...weights, columns: [{ ...weights.columns![0], values: Float64Array.of(1e21, -1, 0.5, 3) }] };
  expect(sameGraph(weights, equal)).toBe(true); // the same two edges, in another order
});

test("what is beside an edge is kept, dropped with a note, or refused; --columns chooses", async () => {
  const path = file("w.txt", "source target weight kind\n1 2 0.5 x\n2 3 1.50 y\n");
  const { graph, notes } = await readGraph(path);
  expect(graph.columns?.map((c) => [c.name, c.kind, [...c.values]])).toEqual([
    ["weight", "number", ["0.5", "1.50"]],
    ["kind", "text", ["x", "y"]],
  ]);
  expect(notes.at(-1)).toMatch(/kept beside each edge: "weight", "kind"/);
  const dropped = await readGraph(path, { others: "drop" });
  expect([dropped.graph.columns ?? [], dropped.notes.at(-1)]).toEqual([[], expect.stringMatching(/not kept: "weight", "kind"/)]);
  await expect(readGraph(path, { others: "refuse" })).rejects.toThrow(/4 columns/);
  expect((await readGraph(path, { columns: [1, 2, 4] })).graph.columns?.map(({ name }) => name)).toEqual(["kind"]);
  await expect(readGraph(file("r.txt", "1 2 3\n2 3\n"))).rejects.toThrow(/line 2: 2 columns, 3 in the rows before/);
});

test("values that need more memory than they may take are refused", async () => {
  const many = file("m.txt", Array.from({ length: 40000 }, (_, i) => `1 2 label${i}\n`).join(""));
  await expect(readGraph(many, { memoryLimit: 2 ** 20 })).rejects.toThrow(/the columns beside edges and vertices need \d+ MiB so far/);
  expect((await readGraph(many, { memoryLimit: 2 ** 20, others: "drop" })).graph.pairs.length).toBe(80000);
});

test("values of GraphML with defaults, of GML, Pajek and METIS", async () => {
  const xml =
    '<graphml><key id="w" for="edge" attr.name="weight" attr.type="double"><default>1</default></key><graph edgedefault="directed"><node id="a"/>' +
    '<edge source="a" target="a"><data key="w"> 2.5<!-- c --></data></edge><edge source="a" target="a"/></graph></graphml>';
  expect((await readGraph(file("d.graphml", xml))).graph.columns).toEqual([{ name: "weight", kind: "text", values: [" 2.5", "1"] }]);
  const gml = 'graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 value 2 label "x" ] ]';
  expect((await readGraph(file("d.gml", gml))).graph.columns?.map((c) => [c.name, [...c.values]])).toEqual([
    ["value", [2]],
    ["label", ["x"]],
  ]);
  const net = "*Vertices 2\n*Edges\n1 2 2.5\n2 2\n";
  expect((await readGraph(file("d.net", net))).graph.columns?.[0].values).toEqual(Float64Array.of(2.5, Number.NaN));
  const metis = await readGraph(file("d.metis", "2 1 001\n2 7\n1 7\n"));
  expect([...metis.graph.columns![0].values]).toEqual([7]);
});

test("damaged columns, and those that need too much memory or time, are refused in words", () => {
  const many = {
    vertices: 2,
    directed: true,
    pairs: new Uint32Array(20000).fill(1),
    columns: [{ name: "l", kind: "text" as const, values: new Array<string>(10000).fill("x".repeat(60)) }],
  };
  const bytes = encodeGraph(many);
  expect(bytes.length).toBeLessThan(2000);
  expect(() => decodeGraph(bytes, { memoryLimit: 2 ** 20 })).toThrow(
    /the columns of the edges need about \d+ MiB, more than the memory limit/,
  );
  expect(sameGraph(decodeGraph(bytes), many)).toBe(true);
  const small = encodeGraph({ ...weights, columns: [...weights.columns!, { name: "l", kind: "text", values: ["a", null, "", "é"] }] });
  for (let i = 0; i < 400; i++) {
    const other = small.slice();
    other[8 + ((i * 7) % (small.length - 8))] ^= 1 << ((i * 5) % 8);
    other.set(fixed(crc32(other.subarray(8)), 4), 4);
    try {
      decodeGraph(other);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
    }
  }
});
