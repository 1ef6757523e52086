/** What the two ends of a random-edge-coding stream agree on before the first edge. */

/**
 * Vertices are *positions*: block after block, so that a block is a range. An edge is a pair (a, b) of positions, b counted from the start
 * of its own side. Each block is an urn; a vertex is drawn from urn g with probability
 *
 *   (prior_v + step · times v was drawn) / Σ_{u in g} (the same),          bias β = prior / step
 *
 * and the pair of urns of an edge is itself drawn from an urn over all admissible pairs (bias 1).
 *
 * @source Severo, Townsend, Khisti, Makhzani, "Random Edge Coding", ICML 2023, section 4 (one block); the block form is ours.
 */
export interface Plan {
  /** Sizes of the blocks on the left. */
  readonly left: readonly number[];
  /** Sizes of the blocks of second ends; undefined: both ends come from the left urns. */
  readonly right?: readonly number[];
  /** Whether (a, b) and (b, a) are different edges. Always true with right blocks; otherwise blocks > 1 needs false. */
  readonly directed: boolean;
  /** Weight of every position, left then right, before the first edge. */
  readonly prior: Uint32Array;
  /** Weight added by a draw. */
  readonly step: number;
  readonly edges: number;
  /** Whether some edge occurs more than once. */
  readonly repeats: boolean;
  /** Interleaved ANS states. */
  readonly lanes: number;
  /** Seed of the order of edges. */
  readonly seed: number;
}

/** One ANS state: the head in [2^45, 2^53) and the bytes below it, bottom first. */
export interface Stream {
  readonly head: number;
  readonly bytes: Uint8Array;
}

/** L of profile REC53: heads are kept in [L, 256 L). */
export const HEAD = 2 ** 45;
/** Weights of one urn must stay below this. */
export const WEIGHT_LIMIT = 2 ** 31 - 1;

/** Bits needed to write the numbers 0..count-1. */
export const bitsFor = (count: number): number => (count <= 1 ? 0 : Math.ceil(Math.log2(count)));

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

/** Vertices of each side; the two sides are the same vertices unless there are right blocks. */
export const sides = (plan: Plan): { left: number; right: number } => ({
  left: sum(plan.left),
  right: sum(plan.right ?? plan.left),
});

/** Number of admissible pairs of urns; the pair (g, h) has number g·|right| + h with right blocks, h(h+1)/2 + g (g ≤ h) without. */
export const pairTypes = ({ left, right }: Plan): number => (right ? left.length * right.length : (left.length * (left.length + 1)) / 2);

/** Most lanes of a stream. */
export const MAX_LANES = 64;
/** Most distinct keys beyond its line that a decoder's bucket holds, in overflow records of eight. */
export const LONGEST_CHAIN = 24;
/** The decoder keeps 2^bucketBits buckets: about four edges in each. */
export const bucketBits = (edges: number, keyBits: number): number =>
  Math.min(keyBits, Math.max(0, Math.ceil(Math.log2(Math.max(1, edges) / 5))));
