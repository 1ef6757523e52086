/**
 * Shards by pairs of vertex blocks: membership of an edge is told by its ends, so that no order information is lost; each shard is coded
 * by itself with urns of its two blocks only. What is lost is that urns learn degrees again in every shard.
 *
 *   Δ = Σ_s I_s - I,   equation (6); known before coding, negative when the numbering carries locality
 */

import type { Graph } from "./graph.ts";
import { degreeCounts, degrees, edgeFacts, fitBias, orderBits, urnBits } from "./ideal.ts";
import type { Plan } from "./plan.ts";
import { bitsFor } from "./plan.ts";
import { sortPairs } from "./rec.ts";

/** Edges between two blocks of vertices. */
export interface Shard {
  /** Blocks of the first and second ends; undirected: first ≤ second. */
  readonly blocks: readonly [number, number];
  /** Pairs counted from the starts of their blocks. */
  readonly pairs: Uint32Array;
}

/** Blocks K such that all their pairs are at least `shards`. */
export const blocksForShards = (shards: number, directed: boolean): number =>
  directed ? Math.ceil(Math.sqrt(shards)) : Math.ceil((Math.sqrt(8 * shards + 1) - 1) / 2);

/** K ranges of vertices with about the same number of ends each; sizes, all at least one. */
export function vertexRanges(g: Graph, K: number): number[] {
  const d = degrees(g);
  const blocks = Math.max(1, Math.min(K, g.vertices));
  const sizes: number[] = [];
  let [seen, from] = [0, 0];
  for (let v = 0; v < g.vertices && sizes.length < blocks - 1; v++) {
    seen += d[v];
    const full = seen >= (g.pairs.length * (sizes.length + 1)) / blocks;
    const due = g.vertices - v - 1 === blocks - sizes.length - 1;
    if (full || due) {
      sizes.push(v + 1 - from);
      from = v + 1;
    }
  }
  if (g.vertices > from) sizes.push(g.vertices - from);
  return sizes;
}

/** Splits canonical pairs by the blocks of their ends; every pair of blocks is listed, empty or not, in order (0,0), (0,1), ... */
export function split(g: Graph, sizes: readonly number[]): Shard[] {
  const K = sizes.length;
  const blockOf = new Uint16Array(g.vertices);
  const starts: number[] = [];
  for (let k = 0, at = 0; k < K; at += sizes[k++]) {
    starts.push(at);
    blockOf.fill(k, at, at + sizes[k]);
  }
  const counts = new Float64Array(K * K);
  for (let i = 0; i < g.pairs.length; i += 2) counts[blockOf[g.pairs[i]] * K + blockOf[g.pairs[i + 1]]]++;
  const parts = Array.from(counts, (count) => new Uint32Array(2 * count));
  const at = new Float64Array(K * K);
  for (let i = 0; i < g.pairs.length; i += 2) {
    const [a, b] = [blockOf[g.pairs[i]], blockOf[g.pairs[i + 1]]];
    const part = a * K + b;
    parts[part][at[part]++] = g.pairs[i] - starts[a];
    parts[part][at[part]++] = g.pairs[i + 1] - starts[b];
  }
  return shardBlocks(K, g.directed).map(([a, b]) => ({ blocks: [a, b], pairs: parts[a * K + b] }));
}

/** The pairs of blocks in file order. */
export const shardBlocks = (K: number, directed: boolean): [number, number][] =>
  Array.from({ length: K }, (_, a) =>
    Array.from({ length: K - (directed ? 0 : a) }, (_, i): [number, number] => [a, directed ? i : a + i]),
  ).flat();

/** Puts the decoded shards of K ranges together, sorted. */
export function join(vertices: number, sizes: readonly number[], shards: readonly Shard[]): Uint32Array {
  const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
  const pairs = new Uint32Array(shards.reduce((n, { pairs }) => n + pairs.length, 0));
  let at = 0;
  for (const shard of shards) for (let i = 0; i < shard.pairs.length; i++) pairs[at++] = shard.pairs[i] + starts[shard.blocks[i % 2]];
  return sortPairs(pairs, bitsFor(vertices), bitsFor(vertices));
}

/** How a shard is coded: inside a block of an undirected graph with one urn, otherwise with an urn for either end. Bias β = p / 16. */
export function shardModel(
  g: { directed: boolean },
  sizes: readonly number[],
  shard: Shard,
): { separate: boolean; p: [number, number]; bits: number } {
  const [a, b] = shard.blocks;
  const separate = g.directed || a !== b;
  const ends = (end: 0 | 1) => degreeCounts(degrees({ vertices: sizes[shard.blocks[end]], directed: true, pairs: shard.pairs }, end));
  const both = degreeCounts(degrees({ vertices: sizes[a], directed: false, pairs: separate ? new Uint32Array() : shard.pairs }));
  const fitted = (counts: ReturnType<typeof degreeCounts>) => Math.max(1, Math.round(16 * fitBias(counts)));
  const p: [number, number] = separate ? [fitted(ends(0)), fitted(ends(1))] : [fitted(both), 0];
  const sequence = separate ? urnBits(ends(0), p[0] / 16) + urnBits(ends(1), p[1] / 16) : urnBits(both, p[0] / 16);
  return { separate, p, bits: sequence - orderBits(edgeFacts(shard.pairs), separate) };
}

/** The plan of one shard: urns of its two blocks only. */
export function shardPlan(
  sizes: readonly number[],
  blocks: readonly [number, number],
  separate: boolean,
  p: readonly number[],
): Pick<Plan, "left" | "right" | "directed" | "prior" | "step"> {
  const [left, right] = [sizes[blocks[0]], sizes[blocks[1]]];
  const prior = new Uint32Array(separate ? left + right : left).fill(p[0]);
  if (separate) prior.fill(p[1], left);
  return { left: [left], ...(separate ? { right: [right] } : {}), directed: separate, prior, step: 16 };
}
