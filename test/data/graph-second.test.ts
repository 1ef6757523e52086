/** Second readings of GML, Pajek, METIS and Arrow find the graph that the first ones read, and no other. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { afterAll, expect, test } from "vitest";
import { compareGraph } from "../../src/data/graph-compare.ts";
import { readAgain, readGraph } from "../../src/data/graph-read.ts";
import fc from "../property.ts";

const folder = mkdtempSync(join(tmpdir(), "pushforward-second-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Drawn {
  readonly labels: readonly string[];
  readonly edges: readonly (readonly [number, number, number])[];
  readonly directed: boolean;
}

/** Labels without the marks that no file of these formats can hold. */
const label = fc.stringMatching(/^[A-Za-z0-9 _.,:;()äß#-]{1,8}$/);
const drawn: fc.Arbitrary<Drawn> = fc.uniqueArray(label, { minLength: 1, maxLength: 8 }).chain((labels) =>
  fc.record({
    labels: fc.constant(labels),
    edges: fc.uniqueArray(fc.tuple(fc.nat(labels.length - 1), fc.nat(labels.length - 1), fc.integer({ min: 1, max: 99 })), {
      minLength: 1,
      maxLength: 12,
      selector: ([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`,
    }),
    directed: fc.boolean(),
  }),
);

const writers: Record<string, (g: Drawn) => string | Uint8Array> = {
  arrow: ({ labels, edges }) => {
    const ends = (side: 0 | 1) => edges.map((edge) => labels[edge[side]]);
    return tableToIPC(tableFromArrays({ weight: Float64Array.from(edges, ([, , w]) => w / 8), from: ends(0), target: ends(1) }), "file");
  },
  gml: ({ labels, edges, directed }) =>
    [
      "# a comment",
      `graph [ directed ${Number(directed)}`,
      ...labels.map((l, i) => `  node [ id ${10 * i} label "${l}" graphics [ x 1 fill "#FF[0]" ] ]`),
      ...edges.map(([a, b, w]) => `  edge [ source ${10 * a}\n target ${10 * b} weight ${w} ]`),
      "]",
    ].join("\n"),
  pajek: ({ labels, edges, directed }) =>
    [
      `*Vertices ${labels.length}`,
      ...labels.map((l, i) => `${i + 1} "${l}" 0.1 0.2`),
      directed ? "*Arcs" : "*Edges",
      ...edges.map(([a, b, w]) => ` ${a + 1}  ${b + 1} ${w}`),
    ].join("\r\n"),
  metis: ({ labels, edges }) => {
    const rows = labels.map((_, u) =>
      edges
        .flatMap(([a, b, w]) => (a === u && b === u ? [`${u + 1} ${w}`] : a === u ? [`${b + 1} ${w}`] : b === u ? [`${a + 1} ${w}`] : []))
        .join(" "),
    );
    return [`% a comment`, `${labels.length} ${edges.length} 001`, ...rows, ""].join("\n");
  },
};

test.each(Object.keys(writers))("%s: the same graph by both, and another one by none", async (format) => {
  let file = 0;
  const path = join(folder, `graph-${format}`);
  await fc.assert(
    fc.asyncProperty(drawn, async (g) => {
      const here = `${path}-${file++}`;
      writeFileSync(here, writers[format](g));
      const options = { format: format as "gml" };
      const { graph } = await readGraph(here, options);
      const again = () => readAgain(here, options);
      const found = await compareGraph(graph, again);
      expect([found.differs, found.edges, found.by]).toEqual([undefined, g.edges.length, "a second parser"]);
      const other = { ...graph, pairs: Uint32Array.of(...graph.pairs, 0, 0) };
      expect((await compareGraph(other, again)).differs).toMatch(/has no edge|has it less often/);
      if (!graph.columns) return;
      const [weights, ...rest] = graph.columns;
      const changed = { ...weights, values: Float64Array.from(g.edges, () => 1000) };
      expect((await compareGraph({ ...graph, columns: [changed as typeof weights, ...rest] }, again)).differs).toMatch(
        /is missing, or is there less often|has no edge/,
      );
    }),
    { numRuns: 60 },
  );
});

test("labels that come twice give way to numbers in both readings, and so does --ids number", async () => {
  const twice = join(folder, "twice.gml");
  writeFileSync(twice, 'graph [ node [ id 3 label "a" ] node [ id 4 label "a" ] edge [ source 3 target 4 ] ]');
  const { graph } = await readGraph(twice, { format: "gml" });
  expect((await compareGraph(graph, () => readAgain(twice, { format: "gml" }))).differs).toBeUndefined();
  const named = join(folder, "named.net");
  writeFileSync(named, '*Vertices 2\n1 "x &amp; y"\n2 z\n*Arcslist\n1 2\n');
  for (const ids of ["name", "number"] as const) {
    const { graph } = await readGraph(named, { format: "pajek", ids });
    expect((await compareGraph(graph, () => readAgain(named, { format: "pajek", ids }))).differs).toBeUndefined();
  }
});

test("Arrow: integers of 64 bits keep their digits in both readings, streams are read as files are", async () => {
  const [big, bigger] = [2n ** 53n + 1n, -(2n ** 62n)];
  const table = tableFromArrays({ source: BigInt64Array.of(big, 3n), target: BigInt64Array.of(bigger, big) });
  for (const kind of ["file", "stream"] as const) {
    const path = join(folder, `${kind}.arrow`);
    writeFileSync(path, tableToIPC(table, kind));
    const { rows } = await readAgain(path, {});
    const found: unknown[] = [];
    for await (const row of rows) found.push(row);
    expect(found).toEqual([
      ["9007199254740993", "-4611686018427387904"],
      ["3", "9007199254740993"],
    ]);
    const { graph } = await readGraph(path);
    expect((await compareGraph(graph, () => readAgain(path, {}))).differs).toBeUndefined();
  }
});
