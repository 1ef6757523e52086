/** Writing a graph and reading it gives the same graph, in every format, and from every format to every other. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compareGraph } from "../../src/data/graph-compare.ts";
import { writeGraphParquet } from "../../src/data/graph-parquet.ts";
import { readAgain, readGraph } from "../../src/data/graph-read.ts";
import type { EdgeList } from "../../src/data/graph-sink.ts";
import { type EdgeFormat, edgeLines } from "../../src/data/graph-write.ts";
import fc from "../property.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-formats-"));
afterAll(() => rmSync(base, { recursive: true }));

type Format = EdgeFormat | "parquet";
const endings: Readonly<Record<Format, string>> = {
  ...{ edges: "txt", csv: "csv", mtx: "mtx", json: "json", graphml: "graphml", parquet: "parquet" },
};
let files = 0;

async function written(g: EdgeList, format: Format): Promise<string> {
  const path = join(base, `${files++}.${endings[format]}`);
  if (format === "parquet") await writeGraphParquet(g, path);
  else writeFileSync(path, Buffer.concat([...edgeLines(g, format)]));
  return path;
}

const passed = async (g: EdgeList, format: Format): Promise<EdgeList> => (await readGraph(await written(g, format))).graph;

/** A graph by what its vertices are called: direction, all vertices, and the multiset of edges. */
function meaning({ vertices, directed, pairs, names }: EdgeList): unknown {
  const name = (v: number): string => String(names ? names[v] : v);
  const edges = Array.from({ length: pairs.length / 2 }, (_, i) => {
    const ends = [name(pairs[2 * i]), name(pairs[2 * i + 1])];
    return JSON.stringify(directed ? ends : ends.sort());
  });
  return { directed, vertices: Array.from({ length: vertices }, (_, v) => name(v)).sort(), edges: edges.sort() };
}

const word = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom(
    "",
    " ",
    "a b",
    "\t",
    "#1",
    "%",
    "//",
    '"',
    '""',
    "a,b",
    "x\ny",
    "x\r\ny",
    "\r",
    "7",
    "007",
    "1e3",
    "source",
    "target",
    "a;b",
  ),
  fc.constantFrom("9007199254740993", "-3", "\ufeff", "\u00a0x", "&amp;", "<a>", "'", "type", "from", "left 1", "\u2028"),
);
const named = fc.uniqueArray(word, { minLength: 1, maxLength: 6 }).map((names) => ({ vertices: names.length, names }));
const numbers = fc.uniqueArray(fc.maxSafeNat(), { minLength: 2, maxLength: 6 }).map((list) => {
  const names = Float64Array.from(list).sort();
  return { vertices: names.length, names };
});
const plain = fc.integer({ min: 1, max: 6 }).map((vertices) => ({ vertices, names: undefined }));
const graphs = (kind: fc.Arbitrary<Pick<EdgeList, "vertices" | "names">>): fc.Arbitrary<EdgeList> =>
  fc
    .tuple(kind, fc.boolean(), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }))
    .map(([g, directed, list]) => ({ ...g, directed, pairs: Uint32Array.from(list.flat(), (v) => v % g.vertices) }));

const holds = (g: EdgeList, format: Format): boolean => {
  if (format === "mtx") return g.names === undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 cannot hold
  const odd = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
  return format !== "graphml" || !Array.from({ length: g.vertices }, (_, v) => String(g.names?.[v])).some((name) => odd.test(name));
};

for (const format of ["edges", "csv", "mtx", "json", "graphml"] as const)
  for (const [what, kind] of Object.entries(format === "mtx" ? { plain } : { named, numbers, plain }))
    test(`${format}: a graph of ${what} vertices is read as it was written`, async () => {
      const property = fc.asyncProperty(graphs(kind), async (g) => {
        fc.pre(holds(g, format));
        expect(meaning(await passed(g, format))).toEqual(meaning(g));
      });
      await fc.assert(property, { numRuns: 40 });
    });

test("from each format to each other, and to Parquet", async () => {
  const formats: readonly Format[] = ["edges", "csv", "mtx", "json", "graphml", "parquet"];
  const kinds = fc.oneof(graphs(named), graphs(numbers), graphs(plain));
  await fc.assert(
    fc.asyncProperty(kinds, fc.constantFrom(...formats), fc.constantFrom(...formats), async (g, a, b) => {
      fc.pre(holds(g, a) && holds(g, b));
      const there = await passed(g, a);
      fc.pre(holds(there, b));
      expect(meaning(await passed(there, b))).toEqual(meaning(g));
    }),
    { numRuns: 40 },
  );
});

test("a second reading, by other code, finds the graph that was written, and that one with another edge is not it", async () => {
  const check = async (g: EdgeList, format: Format): Promise<void> => {
    const path = await written(g, format);
    const second = () => readAgain(path, {});
    const found = await compareGraph(g, second);
    expect([found.differs, found.edges, path]).toEqual([undefined, g.pairs.length / 2, path]);
    const more = await compareGraph({ ...g, pairs: Uint32Array.of(...g.pairs, 0, 0) }, second);
    expect(more.differs).toMatch(/^the file has no edge ".*", or has it less often$/s);
    const less = await compareGraph({ ...g, pairs: g.pairs.subarray(2) }, second, { heading: "no" });
    expect(less.differs).toMatch(/^the edge \[".*\] of the file is missing, or is there less often$/s);
  };
  const property = fc.asyncProperty(
    fc.oneof(graphs(named), graphs(numbers), graphs(plain)),
    fc.constantFrom(...(["edges", "csv", "mtx", "graphml"] as const)),
    async (g, format) => {
      fc.pre(holds(g, format) && g.pairs.length > 0);
      await check(g, format);
    },
  );
  await fc.assert(property, { numRuns: 40 });
  // DuckDB takes a while to start: some graphs only
  const examples = fc.sample(graphs(named), { numRuns: 12, seed: 1 }).filter((g) => g.pairs.length > 0);
  for (const [i, g] of examples.slice(0, 4).entries()) await check(g, i % 2 === 0 ? "json" : "parquet");
});
