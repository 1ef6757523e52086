/** Bytes to graph. */
import { UserError } from "../errors.ts";
import { type Reader, reader } from "./bytes.ts";
import { vertexContexts } from "./columns.ts";
import { positions } from "./encode.ts";
import { type Header, readFile } from "./format.ts";
import { decodeGaps } from "./gaps.ts";
import { canonicalPairs, type Graph } from "./graph.ts";
import { decodeLabels } from "./labels.ts";
import { MAX_LANES, type Plan, WEIGHT_LIMIT } from "./plan.ts";
import { decodeEdges, type Progress } from "./rec.ts";
import { join, type Shard, shardBlocks, shardPlan } from "./shards.ts";
import { readStreams } from "./streams.ts";

/** How much memory may be used, and what is decoded. */
export interface DecodeOptions {
  /** Refuse files that need more bytes of memory than this; default 4 GiB. */
  readonly memoryLimit?: number;
  /** Also decode a file of few bytes that says it holds millions of edges, which takes minutes; default: refuse it. */
  readonly trust?: boolean;
  /** Only the shard with this number (files with shards), without columns. */
  readonly shard?: number;
  /** Leave the edges in the memory they were decoded in where that spares a copy: for graphs that are soon given up. */
  readonly lends?: boolean;
  /** Called now and then with the number of edges decoded, and of all edges. */
  readonly onProgress?: (done: number, edges: number) => void;
}

const DEFAULT_LIMIT = 2 ** 32;
const wrong = (what: string) => new UserError(`file damaged: ${what}`, "get an intact copy of the file");

/**
 * The graph that `encodeGraph` was given, its edges sorted. Time and memory are bounded by what the header announces, and that by the
 * limit.
 *
 * @throws UserError when the bytes are not an intact file
 */
export function decodeGraph(bytes: Uint8Array, options: DecodeOptions = {}): Graph {
  const { header, body } = readFile(bytes, options.memoryLimit ?? DEFAULT_LIMIT, options.trust);
  const { vertices, directed, names } = header;
  const { onProgress } = options;
  const pairs = decodeBody(header, body, options, onProgress && ((done) => onProgress(done, header.edges)));
  // the columns are those of all edges and vertices
  const columns = options.shard === undefined ? header.columns?.map((column) => column.unpack(pairs)) : undefined;
  const contexts = header.vertexColumns && options.shard === undefined ? vertexContexts(vertices, pairs) : undefined;
  const vertexColumns = contexts && header.vertexColumns?.map((column) => column.unpack(contexts));
  return { vertices, directed, pairs, ...(names && { names }), ...(columns && { columns }), ...(vertexColumns && { vertexColumns }) };
}

/** The header of a file: what is in it, without decoding the edges. @throws UserError as `decodeGraph` */
export const readHeader = (bytes: Uint8Array, options: DecodeOptions = {}): Header =>
  readFile(bytes, options.memoryLimit ?? DEFAULT_LIMIT, options.trust).header;

function decodeBody(header: Header, body: Reader, { shard, lends }: DecodeOptions, progress?: Progress): Uint32Array {
  if (shard !== undefined && header.body !== "shards") throw new UserError("the file has no shards", "leave --shard out");
  switch (header.body) {
    case "urn":
      return urnBody(header, body, progress, lends);
    case "block-urn":
      return blockBody(header, body, progress);
    case "gaps":
      return gapsBody(header, body, progress);
    case "shards":
      return shardsBody(header, body, shard, progress);
    case "empty":
      if (body.left() > 0) throw wrong("bytes after the end");
      return new Uint32Array();
  }
}

function validLanes(lanes: number): number {
  if (lanes < 1 || lanes > MAX_LANES) throw wrong(`${lanes} lanes`);
  return lanes;
}

/** Weights that the kernel cannot hold never come from an encoder. */
function validPlan(plan: Plan): Plan {
  const start = plan.prior.reduce((a, b) => a + b, 0);
  if (plan.step < 1 || plan.prior.some((p) => p < 1) || start + 2 * plan.step * plan.edges > 2 * WEIGHT_LIMIT)
    throw wrong("impossible urns");
  return plan;
}

const weight = (p: number) => {
  if (p < 1 || p > WEIGHT_LIMIT) throw wrong("impossible urns");
  return p;
};

function urnBody({ vertices: n, edges, directed }: Header, body: Reader, progress?: Progress, lends?: boolean): Uint32Array {
  const flags = body.byte();
  const [separate, repeats, special] = [1, 2, 4].map((bit) => (flags & bit) > 0);
  if (flags > 7 || (separate && !directed)) throw wrong("impossible flags");
  const q = special ? weight(body.varint()) : 1;
  const p = special ? weight(body.varint()) : 1;
  const second = special && separate ? weight(body.varint()) : p;
  const lanes = special ? validLanes(body.byte()) : 1;
  const seed = special ? body.byte() : 0;
  const streams = readStreams(body, lanes);
  if (n * p + n * second > 4 * WEIGHT_LIMIT) throw wrong("impossible urns");
  const prior = new Uint32Array(separate ? 2 * n : n).fill(p);
  if (separate) prior.fill(second, n);
  return decodeEdges(
    validPlan({ left: [n], ...(separate ? { right: [n] } : {}), directed, prior, step: q, edges, repeats, lanes, seed }),
    streams,
    progress,
    lends,
  );
}

function blockBody({ vertices: n, edges, directed }: Header, body: Reader, progress?: Progress): Uint32Array {
  const flags = body.byte();
  const lanes = validLanes(body.byte());
  const seed = body.byte();
  const K = body.varint();
  if ((flags !== 0 && flags !== 2) || K < 1 || K > Math.min(n, 4096)) throw wrong("impossible blocks");
  const labels = decodeLabels(readStreams(reader(body.take(body.varint())), 1)[0], n, K);
  if (labels === undefined) throw wrong("the labels of blocks");
  const sizes = new Array<number>(K).fill(0);
  for (const label of labels) sizes[label]++;
  if (sizes.includes(0)) throw wrong("an empty block");
  const streams = readStreams(body, lanes);
  const prior = new Uint32Array(directed ? 2 * n : n).fill(1);
  const sides = { left: sizes, ...(directed ? { right: sizes } : {}), directed, prior, step: 1 };
  const pairs = decodeEdges(validPlan({ ...sides, edges, repeats: flags === 2, lanes, seed }), streams, progress);
  const vertexAt = new Uint32Array(n);
  positions(labels, sizes).forEach((position, v) => (vertexAt[position] = v));
  return canonicalPairs({ vertices: n, directed, pairs: pairs.map((position) => vertexAt[position]) });
}

function gapsBody({ vertices, edges, directed }: Header, body: Reader, progress?: Progress): Uint32Array {
  const flags = body.byte();
  if (flags > 7) throw wrong("impossible flags");
  const repeats = (flags & 4) > 0;
  const distinct = repeats ? body.varint() : edges;
  if (distinct < 1 || distinct > edges) throw wrong("more distinct edges than edges");
  const count = body.varint();
  if (count < 1) throw wrong("no streams");
  const streams = readStreams(body, count);
  const reading = { transposed: (flags & 1) > 0, reversed: (flags & 2) > 0 };
  return decodeGaps({ vertices, directed }, edges, { reading, repeats, distinct, streams }, progress);
}

function shardsBody({ vertices, edges, directed }: Header, body: Reader, only?: number, progress?: Progress): Uint32Array {
  const K = body.varint();
  if (K < 1 || K > Math.min(vertices, 4096)) throw wrong("impossible ranges");
  const sizes = Array.from({ length: K - 1 }, () => body.varint());
  sizes.push(vertices - sizes.reduce((a, b) => a + b, 0));
  if (sizes.some((size) => size < 1)) throw wrong("impossible ranges");
  const blocks = shardBlocks(K, directed);
  if (only !== undefined && only >= blocks.length)
    throw new UserError(`shard ${only} of ${blocks.length}`, `shards are 0 to ${blocks.length - 1}`);
  const shards: Shard[] = [];
  let done = 0;
  blocks.forEach((pair, number) => {
    const m = body.varint();
    if (m > edges - done) throw wrong("more edges in shards than in the graph");
    done += m;
    if (m === 0) return;
    const part = reader(body.take(body.varint()));
    if (only === undefined || only === number) shards.push({ blocks: pair, pairs: shardPairs(directed, sizes, pair, m, part) });
    progress?.(done);
  });
  if (done !== edges || body.left() > 0) throw wrong("shards do not add up");
  return join(vertices, sizes, shards);
}

function shardPairs(directed: boolean, sizes: number[], blocks: [number, number], edges: number, part: Reader): Uint32Array {
  const separate = directed || blocks[0] !== blocks[1];
  const flags = part.byte();
  const lanes = validLanes(part.byte());
  const seed = part.byte();
  if (flags !== 0 && flags !== 2) throw wrong("impossible flags");
  const p = Array.from({ length: separate ? 2 : 1 }, () => weight(part.varint()));
  const streams = readStreams(part, lanes);
  if (p.some((x, i) => x * sizes[blocks[i]] > WEIGHT_LIMIT)) throw wrong("impossible urns");
  return decodeEdges(validPlan({ ...shardPlan(sizes, blocks, separate, p), edges, repeats: flags === 2, lanes, seed }), streams);
}
