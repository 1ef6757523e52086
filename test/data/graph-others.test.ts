import { expect, test } from "vitest";
import { webGraphAgain } from "../../src/data/graph-second-binary.ts";
import { readWebGraph, webGraphProperties } from "../../src/data/graph-webgraph.ts";
import { random } from "../coding/known.ts";

import { read } from "./read-graph.ts";

test("GML: labels are names if they are distinct, else ids; attributes are kept", async () => {
  const gml = (label: string): string =>
    `Creator "x"\ngraph [\n directed 1\n node [ id 5 label "a&#233;&quot;" ]\n node [ id 7 label "${label}" w 1 ]\n edge [ source 5 target 7 value 2.5 ]\n]`;
  const named = await read("gml", gml("b"));
  expect(named).toMatchObject({ directed: true, vertices: 2, edges: ['aé"-b'] });
  expect(named.notes).toEqual([
    expect.stringMatching(/called by their labels/),
    expect.stringMatching(/kept beside each edge: "value"/),
    expect.stringMatching(/kept beside each vertex: "w"/),
  ]);
  const twice = await read("gml", gml("a&#233;&quot;"));
  expect([twice.edges, twice.notes[0]]).toEqual([["5-7"], expect.stringMatching(/called by their ids, not by their labels: some/)]);
  expect((await read("gml", gml("b"), { ids: "number" })).edges).toEqual(["5-7"]);
  await expect(read("gml", "graph [ node [ id 1 ] edge [ source 1 target 2 ] ]")).rejects.toThrow(/edge 1: its target is missing/);
  await expect(read("gml", "graph [ node [ id 1 ]")).rejects.toThrow(/a \[ is never closed/);
  await expect(read("gml", "graph [ ] graph [ ]")).rejects.toThrow(/2 graphs/);
});

test("Pajek: arcs, edges, lists, labels; weights are kept, mixed networks and matrices refused", async () => {
  const head = '*Vertices 3\n1 "a b" 0.1 0.2\n2 "c"\n3 d\n';
  expect(await read("net", `${head}*Arcs\n1 2 1.5\n*Arcslist\n3 1 2\n`)).toMatchObject({
    ...{ directed: true, vertices: 3, edges: ["a b-c", "d-a b", "d-c"] },
    notes: [/labels/, /kept beside each edge: "weight"/, /kept beside each vertex: "x", "y"/].map((note) => expect.stringMatching(note)),
  });
  expect(await read("net", "*Vertices 4\n*Edges\n1 2\n")).toMatchObject({ directed: false, vertices: 4, edges: ["0-1"] });
  await expect(read("net", `${head}*Arcs\n1 2\n*Edges\n1 3\n`)).rejects.toThrow(/arcs and edges/);
  expect((await read("net", `${head}*Arcs\n1 2\n*Edges\n1 3\n`, { directed: false })).edges).toHaveLength(2);
  await expect(read("net", `${head}*Matrix\n0 1 1\n`)).rejects.toThrow(/\*Matrix is not read/);
  await expect(read("net", `${head}*Edges\n1 4\n`)).rejects.toThrow(/line 6: "4" is not a vertex from 1 to 3/);
});

test("METIS: rows of neighbours with their weights; empty rows are vertices; every edge stands twice", async () => {
  const plain = await read("metis", "% note\n4 3\n2\n1 3 3\n2 2\n\n");
  expect(plain).toMatchObject({ directed: false, vertices: 4 });
  expect(plain.edges.toSorted()).toEqual(["0-1", "1-2", "1-2"]);
  expect((await read("metis", "3 2 011 2\n7 7 2 5\n7 7 1 5 3 6\n7 7 2 6\n")).edges).toEqual(["0-1", "1-2"]);
  expect((await read("graph", "3 2\n2\n1 3\n2\n")).edges).toEqual(["0-1", "1-2"]); // no .properties beside it
  await expect(read("metis", "3 2\n2\n3\n2\n")).rejects.toThrow(/row of one of its ends only/);
  await expect(read("metis", "3 5\n2\n1 3\n2\n")).rejects.toThrow(/2 edges, 5 announced/);
  await expect(read("metis", "3 2\n2\n1 3\n")).rejects.toThrow(/2 rows for 3 vertices/);
});

test("GraphML of yEd: ports are told; names with signs, unknown entities, undeclared ends", async () => {
  const graph = (inner: string): string => `<graphml><graph edgedefault="directed">${inner}</graph></graphml>`;
  const ports = await read(
    "graphml",
    graph('<node id="a"><port name="N"/></node><node id="b"/><edge source="a" target="b" sourceport="N"/>'),
  );
  expect([ports.edges, ports.notes]).toEqual([["a-b"], ["1 ports are not kept: edges end at their nodes"]]);
  expect((await read("graphml", graph("<node id='a>b'/><edge source='a>b' target='a>b'/>"))).edges).toEqual(["a>b-a>b"]);
  const undeclared = await read("graphml", graph('<edge source="1" target="2"/>'));
  expect([undeclared.vertices, undeclared.notes]).toEqual([2, ["2 ends of edges are no nodes of the file: they become vertices"]]);
  await expect(read("graphml", graph('<node id="&nbsp;"/>'))).rejects.toThrow(/"&nbsp;" stands for no character/);
  await expect(read("graphml", graph('<node id="&#x110000;"/>'))).rejects.toThrow(/stands for no character/);
  const mixed = graph('<node id="a"/><edge source="a" target="a" directed="false"/>');
  await expect(read("graphml", mixed)).rejects.toThrow(/directed and undirected edges/);
  expect((await read("graphml", mixed, { directed: true })).edges).toEqual(["a-a"]);
});

test("both columns of a bipartite list have vertices of their own", async () => {
  const bipartite = await read("txt", "% bip\n1 1\n1 2\n2 1\n", { bipartite: true });
  expect(bipartite).toMatchObject({ vertices: 4, directed: false });
  expect(bipartite.edges.toSorted()).toEqual(["left 1-right 1", "left 1-right 2", "left 2-right 1"]);
});

/** 50 lines "i (7 i + 3) mod 50", compressed by the tools' own libraries. */
const compressed = {
  bz2: "QlpoOTFBWSZTWX2twhgAADXYAAAQQAB/4DAAxgYx6mT/VSCBoGgZT//VMVUyM5WMRy+979ZkBQ0BsICSSTeMVfFXxZkBQ0BsICSSb++b/t+S5103S6gAAaXbdLtgAAHS6brdQAAJLtLNtwAAGku8a6u2l7bza66y503jpnS7dLvou5IpwoSD7W4QwA==",
  xz: "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AEXAK5dABgIAsi6usQvHfFwFxD3n/LY+hL6sVPuhyLYc8YedqGcgz2Te2Zm16+x4DIMFW4ff14QOmqsyzL8pi0vfuot0/nMU1ImxmYl9IJLyQb62PRbg/o0uxJbVqmNXECijZpX3oqFYOxU1jFJvUI1bGWTk2Ib0pXM84sIBaiDQhz+0k0fPxQgUdbJZstxpiNhdj22Zt6tI1WeVc9RRu9kklxGxgzJXK30BXVvIMAbLrc0kAAAAMvEwbtLvSrnAAHKAZgCAACa3TY1scRn+wIAAAAABFla",
};

test.each(["bz2", "xz"] as const)(
  "%s is undone, by its first bytes whatever the name; what is cut or damaged says so; zip is named",
  async (kind) => {
    const bytes = Buffer.from(compressed[kind], "base64");
    const plain = await read("txt", Buffer.from(Array.from({ length: 50 }, (_, i) => `${i} ${(i * 7 + 3) % 50}\n`).join("")));
    for (const name of [`txt.${kind}`, "txt"]) {
      const { edges, vertices } = await read(name, bytes);
      expect([edges, vertices]).toEqual([plain.edges, plain.vertices]);
    }
    await expect(read("txt", bytes.subarray(0, bytes.length - 20))).rejects.toThrow(/damaged compression|cut off/);
    const damaged = Uint8Array.from(bytes);
    damaged[60] ^= 255;
    await expect(read("txt", damaged)).rejects.toThrow(/damaged compression/);
    await expect(read("txt", Buffer.from("PK\x03\x04rest of it", "latin1"))).rejects.toThrow(/compressed with zip, which is not read/);
  },
);

/** Writes bits, from the highest or the lowest of a byte on, and numbers in the codes of WebGraph. */
function bitWriter(little: boolean, k: number) {
  const list: number[] = [];
  const bits = (value: number, count: number): void => {
    for (let i = 0; i < count; i++) list.push(Math.floor(value / 2 ** (little ? i : count - 1 - i)) % 2);
  };
  const unary = (x: number): void => void list.push(...new Array<number>(x).fill(0), 1);
  const gamma = (x: number): void => {
    const size = Math.floor(Math.log2(x + 1));
    unary(size);
    bits(x + 1 - 2 ** size, size);
  };
  const delta = (x: number): void => {
    const size = Math.floor(Math.log2(x + 1));
    gamma(size);
    bits(x + 1 - 2 ** size, size);
  };
  const zeta = (x: number): void => {
    const h = Math.floor(Math.log2(x + 1) / k);
    const low = 2 ** (h * k);
    unary(h);
    const offset = x + 1 - low;
    if (offset < low) bits(offset, h * k + k - 1);
    else {
      bits(Math.floor((offset + low) / 2), h * k + k - 1);
      bits((offset + low) % 2, 1);
    }
  };
  const nibble = (x: number): void => {
    const groups = Math.max(1, Math.ceil(Math.log2(x + 1) / 3));
    for (let g = groups - 1; g >= 0; g--) {
      bits(g === 0 ? 1 : 0, 1);
      bits(Math.floor(x / 8 ** g) % 8, 3);
    }
  };
  const bytes = (): Uint8Array =>
    Uint8Array.from({ length: Math.ceil(list.length / 8) }, (_, i) =>
      list.slice(8 * i, 8 * i + 8).reduce((sum, b, j) => sum + b * 2 ** (little ? j : 7 - j), 0),
    );
  return { codes: { UNARY: unary, GAMMA: gamma, DELTA: delta, ZETA: zeta, NIBBLE: nibble }, bytes };
}

/** Arcs of a second reading. */
async function again(bytes: Uint8Array, text: string): Promise<number[]> {
  const arcs: number[] = [];
  for await (const [a, b] of webGraphAgain(bytes, text, "g").rows) arcs.push(Number(a), Number(b));
  return arcs;
}

test("WebGraph: every code of degrees and residuals, in both orders of bits, by both readers", async () => {
  const below = random(5);
  for (const little of [false, true])
    for (const [degrees, residuals, k] of [
      ...(["GAMMA", "DELTA", "NIBBLE"] as const).flatMap((a) =>
        (["GAMMA", "DELTA", "NIBBLE", "ZETA"] as const).map((b) => [a, b, 3] as const),
      ),
      ...[1, 2, 5].map((k) => ["GAMMA", "ZETA", k] as const),
    ]) {
      const nodes = 40;
      const rows = Array.from({ length: nodes }, () => Array.from({ length: nodes }, (_, v) => v).filter(() => below(9) === 0));
      const { codes, bytes } = bitWriter(little, k);
      for (const [u, row] of rows.entries()) {
        codes[degrees](row.length);
        row.forEach((v, i) => {
          const first = v >= u ? 2 * (v - u) : 2 * (u - v) - 1;
          codes[residuals](i === 0 ? first : v - row[i - 1] - 1);
        });
      }
      const flags = `OUTDEGREES_${degrees} | RESIDUALS_${residuals}`;
      const arcs = rows.flat().length;
      const text = `graphclass=x.BVGraph\nnodes=${nodes}\narcs=${arcs}\nwindowsize=0\nminintervallength=0\nzetak=${k}\ncompressionflags=${flags}\nendianness=${little ? "little" : "big"}\n`;
      const arcsOf = rows.flatMap((row, u) => row.flatMap((v) => [u, v]));
      expect([...readWebGraph(bytes(), webGraphProperties(text, "p"), "g")]).toEqual(arcsOf);
      expect(await again(bytes(), text)).toEqual(arcsOf);
    }
  expect(() => webGraphProperties("graphclass=BVGraph\nnodes=1\narcs=0\ncompressionflags=RESIDUALS_GOLOMB\n", "p")).toThrow(
    /RESIDUALS_GOLOMB is not read/,
  );
});

test("a file as WebGraph's own tools write it, with a flag that says what is usual, by both readers", async () => {
  const bytes = Buffer.from("5a726ab7e4f1462d45eb337f275a45a4eb495a77af6bd8102e9e9ad7ef60dbd24000000000000000", "hex");
  const text =
    "graphclass=it.unimi.dsi.webgraph.BVGraph\nnodes=24\narcs=28\nminintervallength=4\nwindowsize=7\nzetak=3\ncompressionflags=RESIDUALS_ZETA\n";
  const pairs = readWebGraph(bytes, webGraphProperties(text, "p"), "g");
  expect([pairs.length, ...pairs.subarray(0, 8)]).toEqual([56, 0, 7, 1, 11, 1, 14, 1, 21]);
  expect(await again(bytes, text)).toEqual([...pairs]);
  await expect(again(bytes.subarray(0, 20), text)).rejects.toThrow("g: the bits end before the lists do");
  await expect(again(bytes, text.replace("nodes=24", "nodes=1000000000"))).rejects.toThrow(/1000000000 nodes cannot be in 40 bytes/);
});
