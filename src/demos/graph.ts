/**
 * A graph made small: an edge list of theirs, or one that is made here, through random edge coding and back, beside general compressors.
 */
import { gzipSync } from "fflate";
import { randomStream } from "../array/index.ts";
import { concat } from "../coding/bytes.ts";
import { decodeGraph, encode, type Graph, graph as graphOf, inspectGraph, type StorageSize, sameGraph } from "../coding/index.ts";
import { graphOfBytes } from "../data/graph-bytes.ts";
import { edgeLines } from "../data/graph-write.ts";
import { UserError } from "../errors.ts";
import { formatNumber } from "../numbers.ts";
import type { Demo, Frame, GivenFile, Panel, TakeAway } from "./demo.ts";
import { file, form, range } from "./form.ts";
import { running } from "./running.ts";

/** Bytes of a file that a page reads; memory that its edges may take. */
const [largest, memoryLimit] = [32 * 2 ** 20, 2 ** 29];
/** Parts of the edges, at random, whose sizes are shown; edges above which the parts are left out. */
const [parts, mostInParts] = [[1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1], 400_000];

const { controls, read } = form({
  file: file({
    label: "An edge list",
    accept: ".txt,.tsv,.csv,.edges,.mtx,.graphml,.gml,.json,.net,.paj,.metis,.gz",
    largest,
    help: "Two vertices a line; also Matrix Market, GraphML, GML, Pajek, METIS, node-link JSON. It stays in this page.",
  }),
  vertices: range({
    label: "Vertices of the made graph",
    min: 1000,
    max: 50_000,
    step: 1000,
    value: 10_000,
    help: "Where no file is given.",
  }),
  links: range({
    label: "Edges of each new vertex",
    min: 1,
    max: 16,
    step: 1,
    value: 5,
    help: "They go to vertices with many edges: a scale-free graph.",
  }),
});

export const graph: Demo = {
  name: "graph",
  docs: "graph.md",
  controls,
  command: (settings) => {
    const { file: given } = read(settings);
    return `pushforward graph compress ${given ? JSON.stringify(given.name) : "edges.txt"}`;
  },
  async start(settings, seed) {
    const given = read(settings);
    const story: Story = { seed, sizes: [], notes: [] };
    return running(frames(story, given), () => filesOf(story));
  },
};

/** Sizes of a random part of the edges, in bits an edge. */
interface PartSize {
  readonly edges: number;
  readonly ours: number;
  readonly gzip: number;
}

/** What has happened so far. */
interface Story {
  readonly seed: number;
  sizes: PartSize[];
  notes: readonly string[];
  graph?: Graph;
  /** Bytes of the file that was given. */
  given?: number;
  table?: readonly StorageSize[];
  coded?: { readonly bytes: Uint8Array; readonly model: string; readonly idealBits: number };
  same?: boolean;
}

interface Asked {
  readonly file: GivenFile | undefined;
  readonly vertices: number;
  readonly links: number;
}

async function* frames(story: Story, { file: given, vertices, links }: Asked): AsyncGenerator<Frame, void> {
  if (given) {
    const { graph: found, notes } = await graphOfBytes(given.bytes, given.name, { memoryLimit });
    Object.assign(story, { graph: found, notes, given: given.bytes.length });
  } else story.graph = scaleFree(vertices, links, story.seed);
  const whole = story.graph!;
  const edges = whole.pairs.length / 2;
  if (edges === 0) throw new UserError("the graph has no edges", "give a file with two vertices a line");
  yield frameOf(story, 0.1, "read");
  const order = shuffled(edges, story.seed);
  for (const part of edges > mostInParts ? [] : parts) {
    const count = Math.max(1, Math.round(part * edges));
    const some = partOf(whole, order.subarray(0, count));
    story.sizes = [
      ...story.sizes,
      { edges: count, ours: (8 * encode(some, { model: "urn" }).bytes.length) / count, gzip: (8 * gzipped(some).length) / count },
    ];
    yield frameOf(story, 0.1 + 0.5 * part, `a part of ${count.toLocaleString("en")} edges`);
  }
  story.coded = encode(whole);
  yield frameOf(story, 0.7, "coded; reading it back");
  story.same = sameGraph(whole, decodeGraph(story.coded.bytes, { memoryLimit, trust: true }));
  if (!story.same) throw new Error("the file does not give the graph back");
  yield frameOf(story, 0.85, "the same graph came back; other ways to store it");
  story.table = inspectGraph(whole, (bytes) => [{ name: "gzip -9", bytes: gzipSync(bytes, { level: 9 }).length }]).sizes;
  yield frameOf(story, 1, "done");
}

/** Each new vertex is linked to ends of edges that are there, chosen at random: those with many edges get more. */
function scaleFree(vertices: number, links: number, seed: number): Graph {
  const rng = randomStream(seed).fold("graph");
  const uniforms = rng.uniform([vertices * links], "f64").data;
  const ends: number[] = [0];
  const edges: [number, number][] = [];
  for (let v = 1; v < vertices; v++) {
    const chosen = new Set<number>();
    for (let k = 0; k < links; k++) chosen.add(ends[Math.floor(uniforms[v * links + k] * ends.length)]);
    for (const other of chosen) {
      edges.push([v, other]);
      ends.push(v, other);
    }
  }
  return graphOf(edges, { vertices });
}

const shuffled = (edges: number, seed: number): Int32Array => Int32Array.from(randomStream(seed).fold("parts").permutation(edges).data);

/** Some of the edges, between all vertices. */
function partOf({ vertices, directed, pairs }: Graph, which: Int32Array): Graph {
  const some = new Uint32Array(2 * which.length);
  which.forEach((edge, i) => some.set(pairs.subarray(2 * edge, 2 * edge + 2), 2 * i));
  return { vertices, directed, pairs: some };
}

/** The edges as text, packed by gzip. */
function gzipped(g: Graph): Uint8Array {
  return gzipSync(concat([...edgeLines(g, "edges")]), { level: 6 });
}

function frameOf(story: Story, progress: number, label: string): Frame {
  const { graph: whole, coded, same, given, notes, table } = story;
  if (!whole) return { progress, label, cautions: [], numbers: [], panels: [] };
  const edges = whole.pairs.length / 2;
  const saved = coded && (8 * coded.bytes.length) / edges;
  return {
    progress,
    label,
    cautions: [...notes, ...(edges > mostInParts ? [`Sizes of parts are left out above ${mostInParts.toLocaleString("en")} edges.`] : [])],
    numbers: [
      { name: "vertices", value: whole.vertices },
      { name: "edges", value: edges },
      ...(coded ? [{ name: "bytes", value: coded.bytes.length, note: `model: ${coded.model}` }] : []),
      ...(saved === undefined
        ? []
        : [{ name: "bits an edge", value: saved, note: `ideal of the model: ${formatNumber(coded!.idealBits / edges)}` }]),
      ...(coded && given ? [{ name: "of the file that was given", value: `${((100 * coded.bytes.length) / given).toFixed(1)} %` }] : []),
      ...(same ? [{ name: "decoded", value: "the same graph" }] : []),
    ],
    panels: [...(story.sizes.length > 0 ? [partsPanel(story)] : []), degreesPanel(whole), ...(table ? [sizesPanel(table)] : [])],
  };
}

function partsPanel({ sizes }: Story): Panel {
  const series = (label: string, color: number, of: (size: PartSize) => number) => ({
    ...{ label, color, x: sizes.map((s) => Math.log2(s.edges)), y: sizes.map(of) },
  });
  return {
    kind: "curves",
    title: "Bits an edge, of random parts of the edges",
    xLabel: "log2 of the edges",
    yLabel: "bits an edge",
    series: [series("random edge coding (urn)", 0, (s) => s.ours), series("text, gzip", 9, (s) => s.gzip)],
  };
}

/** Share of the vertices with at least d edges, both in powers of ten. */
function degreesPanel({ vertices, pairs }: Graph): Panel {
  const degrees = new Uint32Array(vertices);
  for (const v of pairs) degrees[v]++;
  const sorted = degrees.filter((d) => d > 0).sort();
  const x: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && sorted[i] === sorted[i - 1]) continue;
    x.push(Math.log10(sorted[i]));
    y.push(Math.log10((sorted.length - i) / vertices));
  }
  return {
    kind: "curves",
    title: "Vertices with at least so many edges",
    xLabel: "log10 of the edges",
    yLabel: "log10 of the share",
    series: [{ label: "vertices", x, y, color: 3 }],
  };
}

const sizesPanel = (table: readonly StorageSize[]): Panel => ({
  kind: "table",
  title: "Ways to store it",
  columns: ["way", "bits an edge", "bytes"],
  rows: table
    .filter((row) => row.bits !== undefined)
    .map(({ name, bits, bitsPerEdge }) => [name, bitsPerEdge === undefined ? "–" : formatNumber(bitsPerEdge), Math.ceil((bits ?? 0) / 8)]),
});

function filesOf({ coded, graph: whole, given }: Story): TakeAway[] {
  if (!coded || !whole) return [];
  const packed: TakeAway = { name: "edges.pfg", type: "application/octet-stream", bytes: coded.bytes };
  if (given !== undefined) return [packed];
  return [packed, { name: "edges.txt", type: "text/plain", bytes: concat([...edgeLines(whole, "edges")]) }];
}
