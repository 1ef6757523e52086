/** Graph to bytes. */
import { UserError } from "../errors.ts";
import { lengthOf, type Part, varint } from "./bytes.ts";
import { vertexContexts, writeColumns } from "./columns.ts";
import { type CodedShard, codeShards, shardParts } from "./encode-shards.ts";
import { type BodyKind, writeFile } from "./format.ts";
import { encodeGaps } from "./gaps.ts";
import { canonicalColumns, canonicalPairs, checked, type Edges, type Graph, graph, isGraph } from "./graph.ts";
import { encodeLabels } from "./labels.ts";
import { type Bias, chooseModel, codingBytes, type GraphModel, type GraphModelName, prepare } from "./models.ts";
import { MAX_LANES } from "./plan.ts";
import { encodeEdges, type Progress } from "./rec.ts";
import { streamParts, writeStreams } from "./streams.ts";

/** How a graph is compressed. */
export interface EncodeOptions {
  /** "auto" (default) takes the smallest; a model from `candidates` is used as it is. */
  readonly model?: GraphModelName | "auto" | GraphModel;
  /** Urn bias β: a number, or "fit" (default). */
  readonly bias?: number | "fit";
  /**
   * When the edges are given as pairs: whether they are directed (default no), and how many vertices there are (default: the largest plus
   * one).
   */
  readonly directed?: boolean;
  readonly vertices?: number;
  /** Independent parts by pairs of vertex ranges, at least this many; 1 (default) for none. Urn model. */
  readonly shards?: number;
  /** Interleaved states of the urn models, 1 to 64; default 8 from 1 MiB on, else 1: ten bytes each. */
  readonly lanes?: number;
  /** Refuse graphs that need more bytes of memory than this; default: take what they need. */
  readonly memoryLimit?: number;
  /** Called now and then with the number of edges coded. */
  readonly onProgress?: Progress;
}

/** A file, and what went into it. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly model: GraphModelName | "shards" | "empty";
  /** Ideal bits of the edges under the model. */
  readonly idealBits: number;
  /** Bytes of magic, checksum, header, names, columns and parameters: all that is not coded edges (or labels). */
  readonly overheadBytes: number;
}

const lanesFor = (bits: number): number => (bits >= 2 ** 23 ? 8 : 1);
const lanesOf =
  ({ lanes }: EncodeOptions) =>
  (bits: number): number =>
    lanes ?? lanesFor(bits);

/**
 * Compresses a labelled graph without loss, to within a few bytes of the ideal size of the chosen model.
 *
 * @param edges  a graph, or pairs of vertex numbers below 2^30; loops and repeated edges are kept, the order of edges is not
 * @throws UserError when vertices are out of range or the graph is too large for one WebAssembly memory (use `shards`)
 * @example
 *   const bytes = encodeGraph([[0, 1], [1, 2]]);
 *   decodeGraph(bytes).pairs; // Uint32Array [0, 1, 1, 2]
 */
export const encodeGraph = (edges: Edges, options: EncodeOptions = {}): Uint8Array => encode(edges, options).bytes;

/** As `encodeGraph`, with the sizes. */
export function encode(edges: Edges, options: EncodeOptions = {}): Encoded {
  const g = isGraph(edges) ? checked(edges) : graph(edges, options);
  const { lanes } = options;
  if (lanes !== undefined && !(Number.isInteger(lanes) && lanes >= 1 && lanes <= MAX_LANES))
    throw new UserError(`${lanes} lanes: not a whole number from 1 to 64`);
  if (g.pairs.length === 0) return assembled(g, "empty", [], 0, 0);
  refuseTooLarge(g, options);
  const prepared = prepare(g);
  const { shards = 1 } = options;
  if (shards > 1)
    return ofShards(
      g,
      prepared.graph,
      codeShards(prepared.graph, { shards, lanes: lanesOf(options), progress: options.onProgress }),
      shards,
    );
  const model = typeof options.model === "object" ? options.model : chooseModel(prepared, options.model ?? "auto", options);
  const { parts, coded } = bodies(prepared.graph, model, lanes ?? lanesFor(model.bits), options.onProgress);
  return assembled(g, model.name, parts, model.bits, coded);
}

function refuseTooLarge({ vertices, pairs }: Graph, { model = "auto", memoryLimit = Number.POSITIVE_INFINITY }: EncodeOptions): void {
  const name = typeof model === "object" ? model.name : model;
  const need = codingBytes(vertices, pairs.length / 2, name);
  if (need <= memoryLimit) return;
  const mib = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
  throw new UserError(
    `compressing ${vertices} vertices and ${pairs.length / 2} edges needs about ${mib(need)} MiB, more than the limit of ${mib(memoryLimit)} MiB`,
    name === "urn" ? "raise --memory" : "raise --memory, or say --model urn, which needs least",
  );
}

function assembled(g: Graph, body: BodyKind & Encoded["model"], parts: readonly Part[], idealBits: number, coded: number): Encoded {
  const { vertices, directed, names } = g;
  const columns = g.columns?.length ? writeColumns(canonicalColumns(g), canonicalPairs(g)) : undefined;
  const ofVertices = g.vertexColumns?.length ? writeColumns(g.vertexColumns, vertexContexts(vertices, g.pairs)) : undefined;
  const bytes = writeFile({ body, directed, vertices, edges: g.pairs.length / 2, names }, parts, columns, ofVertices);
  return { bytes, model: body, idealBits, overheadBytes: bytes.length - coded };
}

/** The body of a file, in pieces, and how many of its bytes are coded edges and labels. */
interface Body {
  readonly parts: readonly Part[];
  readonly coded: number;
}

function bodies(g: Graph, model: GraphModel, lanes: number, progress?: Progress): Body {
  if (model.name === "urn") return urnBody(g, model.separate, model.bias, lanes, model.bits, progress);
  if (model.name === "block-urn") return blockBody(g, model.blocks.labels, model.blocks.sizes, lanes, model.bits, progress);
  const { reading, repeats, distinct, streams } = encodeGaps(g, model.reading, progress);
  const flags = (reading.transposed ? 1 : 0) + (reading.reversed ? 2 : 0) + (repeats ? 4 : 0);
  const coded = streamParts(streams);
  return { parts: [[flags], repeats ? varint(distinct) : [], varint(streams.length), ...coded], coded: lengthOf(coded) };
}

/** Flags (1 separate urns, 2 repeats, 4 bias or lanes or seed not one, one and zero), these when flagged, streams. */
function urnBody(g: Graph, separate: boolean, bias: Bias, lanes: number, bits: number, progress?: Progress): Body {
  const { vertices: n, directed } = g;
  const prior = new Uint32Array(separate ? 2 * n : n).fill(bias.p[0]);
  if (separate) prior.fill(bias.p[1], n);
  const sides = { left: [n], ...(separate ? { right: [n] } : {}), directed, prior, step: bias.q };
  const { plan, streams } = encodeEdges({ ...sides, edges: g.pairs.length / 2, lanes }, g.pairs, bits, progress);
  const special = bias.q !== 1 || bias.p[0] !== 1 || (separate && bias.p[1] !== 1) || lanes !== 1 || plan.seed !== 0;
  const parameters = special ? [varint(bias.q), varint(bias.p[0]), separate ? varint(bias.p[1]) : [], [lanes], [plan.seed]] : [];
  const coded = streamParts(streams);
  return { parts: [[(separate ? 1 : 0) + (plan.repeats ? 2 : 0) + (special ? 4 : 0)], ...parameters, ...coded], coded: lengthOf(coded) };
}

/** Flags (2 repeats), lanes, seed, number of blocks, length and stream of labels, streams. */
function blockBody(g: Graph, labels: Uint16Array, sizes: readonly number[], lanes: number, bits: number, progress?: Progress): Body {
  const position = positions(labels, sizes);
  const pairs = g.pairs.map((v) => position[v]);
  if (!g.directed)
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] > pairs[i + 1]) [pairs[i], pairs[i + 1]] = [pairs[i + 1], pairs[i]];
  const prior = new Uint32Array(g.directed ? 2 * g.vertices : g.vertices).fill(1);
  const sides = { left: sizes, ...(g.directed ? { right: sizes } : {}), directed: g.directed, prior, step: 1 };
  const { plan, streams } = encodeEdges({ ...sides, edges: pairs.length / 2, lanes }, pairs, bits, progress);
  const labelStream = writeStreams([encodeLabels(labels, sizes)]);
  const coded = [labelStream, ...streamParts(streams)];
  const flags = [plan.repeats ? 2 : 0, lanes, plan.seed];
  return { parts: [flags, varint(sizes.length), varint(labelStream.length), ...coded], coded: lengthOf(coded) };
}

/** Where each vertex lies when the vertices of block 0 come first, then those of block 1, ...; in their own order inside a block. */
export function positions(labels: ArrayLike<number>, sizes: readonly number[]): Uint32Array {
  const next = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
  return Uint32Array.from(labels, (label) => next[label]++);
}

/**
 * A file of shards that were coded elsewhere: the same as `encode` gives with these options.
 * @param coded  all of `codeShards`, group by group
 */
export function encodeCoded(edges: Graph, coded: readonly CodedShard[], shards: number): Encoded {
  const g = checked(edges);
  return g.pairs.length === 0 ? assembled(g, "empty", [], 0, 0) : ofShards(g, prepare(g).graph, coded, shards);
}

/** @param given  as it was given: its columns go with its own order of edges. @param sorted  the same with its edges sorted */
function ofShards(given: Graph, sorted: Graph, coded: readonly CodedShard[], shards: number): Encoded {
  const sum = (f: (shard: CodedShard) => number): number => coded.reduce((total, shard) => total + f(shard), 0);
  const parts = shardParts(sorted, shards, coded);
  return assembled(
    given,
    "shards",
    parts,
    sum(({ bits }) => bits),
    sum(({ streams }) => streams.length),
  );
}

/** The shards of one group of so many, coded as `encode` codes them. */
export function encodeGroup(
  edges: Graph,
  options: EncodeOptions & { readonly shards: number },
  group: { readonly index: number; readonly of: number },
): CodedShard[] {
  const g = checked(edges);
  refuseTooLarge(g, options);
  return codeShards(prepare(g).graph, { shards: options.shards, lanes: lanesOf(options), group, progress: options.onProgress });
}
