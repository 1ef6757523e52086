/** What a graph is, and what each way of storing it costs. */
import { edgeLines } from "../data/graph-write.ts";
import { concat } from "./bytes.ts";
import { columnSizes, vertexContexts } from "./columns.ts";
import { canonicalColumns, type Graph } from "./graph.ts";
import { degrees, lnGamma, uniformIdeal } from "./ideal.ts";
import { candidates, type GraphModel, prepare } from "./models.ts";
import { writeNames } from "./names.ts";

/** Facts of a graph and its sizes. */
export interface Inspection {
  readonly vertices: number;
  readonly edges: number;
  readonly directed: boolean;
  readonly isolated: number;
  readonly loops: number;
  readonly repeats: number;
  readonly meanDegree: number;
  readonly largestDegree: number;
  /** Fraction of directed edges whose reverse is there too. */
  readonly reciprocal: number | undefined;
  /** Bytes that the names of the vertices take beside the edges, or their numbers, if those leave gaps. */
  readonly nameBytes: number;
  /** Columns beside the edges, and beside the vertices, and the bytes that they take in a file. */
  readonly columns: readonly ColumnSize[];
  readonly vertexColumns: readonly ColumnSize[];
  /** Name, bits per edge; ideal sizes of our models, then others. */
  readonly sizes: readonly StorageSize[];
}

/** A column, and the bytes that it takes. */
interface ColumnSize {
  readonly name: string;
  readonly kind: string;
  readonly bytes: number;
}

/** One way of storing a graph: a model of ours, a bound to compare with, or a general compressor. */
export interface StorageSize {
  readonly name: string;
  readonly kind: "ours" | "bound" | "general";
  readonly bits: number | undefined;
  readonly bitsPerEdge: number | undefined;
}

/** A model with its bias or blocks. */
const describe = (model: GraphModel): string =>
  model.name === "urn"
    ? `urn${model.separate ? ", separate" : ""} (bias ${(model.bias.p[0] / model.bias.q).toPrecision(3)})`
    : model.name === "block-urn"
      ? `block urn (${model.blocks.sizes.length} blocks)`
      : `gaps${model.exact ? "" : " (estimate)"}`;

/** StorageSize of some bytes under a general compressor. */
export interface CompressedSize {
  readonly name: string;
  /** Undefined when the compressor is not at hand. */
  readonly bytes: number | undefined;
}

/**
 * What a graph is, and what each way of storing it costs.
 *
 * @param compress  sizes of bytes under general compressors, measured on the text of the edges and on their gaps; without it there are none
 */
export function inspectGraph(g: Graph, compress?: (bytes: Uint8Array) => readonly CompressedSize[]): Inspection {
  const prepared = prepare(g);
  const { graph, facts } = prepared;
  const d = degrees(graph);
  const m = facts.edges;
  const models = m === 0 ? [] : candidates(prepared);
  const size = (name: string, kind: StorageSize["kind"], bits: number | undefined): StorageSize => ({
    name,
    kind,
    bits,
    bitsPerEdge: bits === undefined || m === 0 ? undefined : bits / m,
  });
  const urn = models.find(({ name }) => name === "urn");
  const general = !compress || m === 0 ? [] : generalSizes(graph, compress);
  const simple = facts.loops === 0 && facts.repeats === 0 && m > 0;
  return {
    vertices: graph.vertices,
    edges: m,
    directed: graph.directed,
    isolated: d.reduce((n, x) => n + (x === 0 ? 1 : 0), 0),
    loops: facts.loops,
    repeats: facts.repeats,
    meanDegree: graph.vertices === 0 ? 0 : (2 * m) / graph.vertices,
    largestDegree: d.reduce((a, b) => Math.max(a, b), 0),
    nameBytes: writeNames(graph.names).bytes.length,
    columns: columnSizes(canonicalColumns(g), graph.pairs),
    vertexColumns: g.vertexColumns ? columnSizes(g.vertexColumns, vertexContexts(graph.vertices, graph.pairs)) : [],
    reciprocal: graph.directed && m > 0 ? reciprocity(graph) : undefined,
    sizes: [
      ...models.map((model) => size(describe(model), "ours", model.bits)),
      ...(simple ? [size("uniform simple graph", "bound", uniformIdeal(graph.vertices, m, graph.directed))] : []),
      ...(urn ? [size("urn, order kept", "bound", urn.bits + lnGamma(m + 1) / Math.LN2 + (graph.directed ? 0 : m - facts.loops))] : []),
      ...general.map(({ name, bytes }) => size(name, "general", bytes === undefined ? undefined : 8 * bytes)),
    ],
  };
}

/** Sizes of the sorted edges under general compressors: as text, and as varint gaps. */
function generalSizes(g: Graph, compress: NonNullable<Parameters<typeof inspectGraph>[1]>): CompressedSize[] {
  const text = [...edgeLines({ ...g, names: undefined, columns: undefined, vertexColumns: undefined }, "edges")].slice(1);
  return [
    ...compress(concat(text)).map(({ name, bytes }) => ({ name: `text, ${name}`, bytes })),
    ...compress(gapBytes(g.pairs)).map(({ name, bytes }) => ({ name: `varint gaps, ${name}`, bytes })),
  ];
}

/**
 * Sorted pairs as differences in LEB128: first - previous first, then second - previous second of the same first, or the zigzag number of
 * second - first (0, -1, 1, -2, 2, … are 0, 1, 2, 3, 4, …).
 */
function gapBytes(pairs: Uint32Array): Uint8Array {
  const out = new Uint8Array(10 * pairs.length + 16);
  let at = 0;
  const write = (x: number) => {
    for (; x >= 128; x = Math.floor(x / 128)) out[at++] = 128 + (x % 128);
    out[at++] = x;
  };
  for (let i = 0; i < pairs.length; i += 2) {
    const step = pairs[i] - (i > 0 ? pairs[i - 2] : 0);
    write(step);
    const signed = pairs[i + 1] - pairs[i];
    write(i > 0 && step === 0 ? pairs[i + 1] - pairs[i - 1] : signed >= 0 ? 2 * signed : -2 * signed - 1);
  }
  return out.subarray(0, at);
}

/** Fraction of sorted pairs whose reverse is there too. */
function reciprocity({ pairs }: Graph): number {
  const holds = (a: number, b: number) => {
    let [low, high] = [0, pairs.length / 2];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pairs[2 * middle] < a || (pairs[2 * middle] === a && pairs[2 * middle + 1] < b)) low = middle + 1;
      else high = middle;
    }
    return pairs[2 * low] === a && pairs[2 * low + 1] === b;
  };
  let both = 0;
  for (let i = 0; i < pairs.length; i += 2) if (holds(pairs[i + 1], pairs[i])) both++;
  return (2 * both) / pairs.length;
}
