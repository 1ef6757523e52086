/** Shards to bytes: each by itself, wherever that is done. */
import { concat, type Part, varint } from "./bytes.ts";
import type { Graph } from "./graph.ts";
import { encodeEdges, type Progress } from "./rec.ts";
import { blocksForShards, type Shard, shardModel, shardPlan, split, vertexRanges } from "./shards.ts";
import { writeStreams } from "./streams.ts";

/** A shard as bytes: plain data. */
export interface CodedShard {
  readonly edges: number;
  /** Ideal bits of its edges; known before coding. */
  readonly bits: number;
  /** Lanes, seed and biases, then streams; empty without edges. */
  readonly head: Uint8Array;
  readonly streams: Uint8Array;
}

/** How shards are coded: at least so many, with so many interleaved states. */
export interface ShardOptions {
  readonly shards: number;
  readonly lanes: (bits: number) => number;
  /** The shards of one of so many groups of neighbours with about the same number of edges; default: all. */
  readonly group?: { readonly index: number; readonly of: number };
  readonly progress?: Progress;
}

/** @param g  with sorted edges */
export function codeShards(g: Graph, { shards, lanes, group = { index: 0, of: 1 }, progress }: ShardOptions): CodedShard[] {
  const sizes = shardRanges(g, shards);
  const coded: CodedShard[] = [];
  let [before, done] = [0, 0];
  for (const shard of split(g, sizes)) {
    const edges = shard.pairs.length / 2;
    const middle = (before + edges / 2) / (g.pairs.length / 2);
    before += edges;
    if (Math.min(group.of - 1, Math.floor(group.of * middle)) !== group.index) continue;
    coded.push(codeShard(g, sizes, shard, lanes, (n) => progress?.(done + n)));
    done += edges;
  }
  return coded;
}

/** Ranges of vertices whose pairs are at least so many shards. */
const shardRanges = (g: Graph, shards: number): number[] => vertexRanges(g, blocksForShards(shards, g.directed));

function codeShard(g: Graph, sizes: readonly number[], shard: Shard, lanesFor: ShardOptions["lanes"], progress: Progress): CodedShard {
  const edges = shard.pairs.length / 2;
  if (edges === 0) return { edges, bits: 0, head: new Uint8Array(), streams: new Uint8Array() };
  const { separate, p, bits } = shardModel(g, sizes, shard);
  const lanes = lanesFor(bits);
  const result = encodeEdges({ ...shardPlan(sizes, shard.blocks, separate, p), edges, lanes }, shard.pairs, bits, progress);
  const head = concat([[result.plan.repeats ? 2 : 0, lanes, result.plan.seed], ...p.slice(0, separate ? 2 : 1).map(varint)]);
  return { edges, bits, head, streams: writeStreams(result.streams) };
}

/** Number of ranges, their sizes but the last; then for every pair of ranges its edges and, if any, its length and body. */
export function shardParts(g: Graph, shards: number, coded: readonly CodedShard[]): Part[] {
  const sizes = shardRanges(g, shards);
  return [
    varint(sizes.length),
    ...sizes.slice(0, -1).map(varint),
    ...coded.flatMap(({ edges, head, streams }): Part[] =>
      edges === 0 ? [varint(0)] : [varint(edges), varint(head.length + streams.length), head, streams],
    ),
  ];
}
