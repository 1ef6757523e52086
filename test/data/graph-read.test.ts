/** What a graph's reader can meet that is not plain, and what it does with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { withDuckDb } from "../../src/data/duckdb.ts";
import { readGraph } from "../../src/data/graph-read.ts";
import { undirectedNote } from "../../src/data/graph-sink.ts";

import { read } from "./read-graph.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-graphs-"));
afterAll(() => rmSync(base, { recursive: true }));

test("a first row that reads like a heading is an edge if its names come again, else a heading; both are told", async () => {
  const kept = await read("csv", "node1,node2\nnode2,node3\nnode3,node1\n");
  expect(kept.edges.toSorted()).toEqual(["node1-node2", "node2-node3", "node3-node1"]);
  expect(kept.notes.at(-1)).toMatch(/"node1,node2" kept as an edge: its names come again/);
  for (const heading of ["user,friend", ":START_ID,:END_ID", "FromNodeId,ToNodeId", "id1,id2", "u,v"]) {
    const dropped = await read("csv", `${heading}\nann,bob\nbob,eve\n`);
    expect(dropped.edges.toSorted()).toEqual(["ann-bob", "bob-eve"]);
    const direction = heading.startsWith(":") ? "directed, as the file says" : undirectedNote;
    expect(dropped.notes).toEqual([direction, `first row "${heading}" taken for a heading (--heading no keeps it as an edge)`]);
    expect((await read("csv", `${heading}\nann,bob\n`, { heading: "no" })).edges).toHaveLength(2);
  }
  const above = await read("csv", "person,knows\n0,1\n1,2\n");
  expect([above.edges.length, above.notes[1]]).toEqual([2, expect.stringMatching(/"person,knows" taken for a heading/)]);
  expect((await read("csv", "ann,bob\nbob,eve\n", { heading: "yes" })).edges).toEqual(["bob-eve"]);
  const plain = await read("txt", "ann bob\ncid dan\n");
  expect([plain.edges, plain.notes.at(-1)]).toEqual([["ann-bob", "cid-dan"], expect.stringMatching(/"ann bob" taken for an edge/)]);
  expect((await read("txt", "u v\n")).notes.at(-1)).toMatch(/"u v" taken for an edge/);
});

test("two words that count, and words above numbers beside the ends, are a heading unless names of their form come", async () => {
  const heading = async (text: string): Promise<unknown> => (await read("csv", text)).notes.find((note) => note.startsWith("first row"));
  for (const words of ["gene_a,gene_b", "playerA,playerB", "protein1,protein2", "p.1,p.2"])
    expect(await heading(`${words}\nann,bob\n`)).toMatch(/taken for a heading/);
  expect(await heading("bait,prey,score\nann,bob,3\n")).toMatch(/taken for a heading/);
  expect(await heading("bait,prey,score\nann,bait,3\n")).toMatch(/kept as an edge: its names come again/);
  for (const text of ["node1,node2\nnode3,node4\n", "gene_a,gene_b\ngene_c,x\n", "u,v\nw,x\n"])
    expect(await heading(text)).toMatch(/kept as an edge: names of the same form come/);
  for (const words of ["anna,annb", "s1,t2", "x1,x3"]) expect(await heading(`${words}\nann,bob\n`)).toMatch(/taken for an edge/);
});

test("numbers that are no vertices are refused, not taken for words", async () => {
  await expect(read("txt", "1e3 2\n2 3\n")).rejects.toThrow('line 1: "1e3" is not a whole number');
  await expect(read("txt", "1.5 2\n2 3\n")).rejects.toThrow(/"1.5" is not a whole number/);
  await expect(read("txt", "01001 2\n1001 3\n")).rejects.toThrow(/01001 begins with a zero: as a number it is 1001/);
  await expect(read("txt", "1001 2\n3 01001\n")).rejects.toThrow(/line 2: vertex 01001/);
  expect((await read("txt", "01001 2\n1001 3\n", { ids: "name" })).vertices).toBe(4);
});

test("comments say whether edges have a direction, and how many vertices there are", async () => {
  expect(await read("txt", "# Directed graph: x.txt\n0\t1\n")).toMatchObject({ directed: true, notes: ["directed, as the file says"] });
  expect(await read("txt", "# Undirected graph\n0\t1\n")).toMatchObject({ directed: false });
  expect(await read("txt", "% asym unweighted\n1 2\n2 1\n")).toMatchObject({ directed: true });
  expect(await read("txt", "% sym\n1 2\n")).toMatchObject({ directed: false });
  expect(await read("txt", "% asym\n1 2\n", { directed: false })).toMatchObject({ directed: false, notes: [] });
  await expect(read("txt", "% bip unweighted\n1 1\n")).rejects.toThrow(/bipartite/);
  expect(await read("txt", "# 9 vertices, 1 directed edges\n0\t1\n")).toMatchObject({ vertices: 9, directed: true });
  expect(await read("txt", "# nothing said\n0 1\n")).toMatchObject({ directed: false, notes: [undirectedNote] });
  expect(await read("json", '{"nodes":[],"links":[]}')).toMatchObject({ directed: false, notes: [undirectedNote] });
  expect(await read("graphml", "<graphml><graph/></graphml>")).toMatchObject({ directed: false, notes: [undirectedNote] });
  expect(await read("txt", "0 1\n", { directed: false })).toMatchObject({ directed: false, notes: [] });
});

test("Matrix Market files are known by their first line; what they say is checked", async () => {
  const banner = "%%MatrixMarket matrix coordinate pattern";
  expect((await read("txt", `${banner} symmetric\n3 3 2\n2 1\n3 1\n`)).edges).toEqual(["1-0", "2-0"]);
  await expect(read("mtx", `${banner} genral\n3 3 1\n2 1\n`)).rejects.toThrow(/"genral" is no symmetry/);
  await expect(read("mtx", `${banner} general\n4000000000 4000000000 1\n1 2\n`)).rejects.toThrow(/4000000000 vertices, more than/);
});

test("GraphML: CDATA and comments are no edges, prefixes and encodings are read, several graphs are refused", async () => {
  const graph = (inner: string, head = ""): string => `${head}<graphml><graph edgedefault="directed">${inner}</graph></graphml>`;
  const two = '<node id="a"/><node id="b"/><edge source="a" target="b"/>';
  const hidden = `<data key="d"><![CDATA[<edge source="a" target="a"/>]]></data><!-- <edge source="b" target="b"/> -->`;
  expect((await read("graphml", graph(two + hidden))).edges).toEqual(["a-b"]);
  expect((await read("graphml", graph(two).replace(/<(\/?)(?=\w)/g, "<$1g:"))).edges).toEqual(["a-b"]);
  await expect(read("graphml", graph(`<node id="a"><graph edgedefault="directed">${two}</graph></node>`))).rejects.toThrow(
    /several graphs/,
  );
  const named = graph(
    '<node id="\u00e9"/><node id="\u00e8"/><edge source="\u00e9" target="\u00e8"/>',
    '<?xml version="1.0" encoding="ISO-8859-1"?>',
  );
  expect((await read("graphml", Buffer.from(named, "latin1"))).edges).toEqual(["\u00e9-\u00e8"]);
  await expect(read("graphml", Buffer.from(named.replace(/<\?.*\?>/, ""), "latin1"))).rejects.toThrow(/not utf-8 text/);
});

test("64-bit identifiers keep all their digits in JSON and Parquet; negative ones are names", async () => {
  const [a, b] = ["9007199254740993", "9007199254740992"];
  const json = (ids: readonly string[]) =>
    `{"nodes":[${ids.map((id) => `{"id":${id}}`)}],"links":[{"source":${ids[0]},"target":${ids[1]}}]}`;
  expect((await read("json", json([a, b]))).edges).toEqual([`${a}-${b}`]);
  expect((await read("json", json(["-1", "1"]))).edges).toEqual(["-1-1"]);
  await expect(read("json", '{"nodes":[{"id":0}],"links":[{"source":0,"target":0}],"edges":[{"source":0,"target":0}]}')).rejects.toThrow(
    /both/,
  );
  expect((await read("json", '{"nodes":[{"id":0},{"id":1}],"links":[],"edges":[{"source":0,"target":1}]}')).edges).toEqual(["0-1"]);
  const path = join(base, "wide.parquet");
  await withDuckDb((db) => db.run(`COPY (SELECT ${a}::BIGINT AS source, ${b}::BIGINT AS target) TO '${path}'`));
  const { graph, notes } = await readGraph(path);
  expect([[...(graph.names as readonly string[])].toSorted(), notes]).toEqual([
    [b, a],
    [undirectedNote, expect.stringMatching(/above 2\^53/)],
  ]);
});
