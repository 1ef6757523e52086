/** Where particles end up: groups of the last snapshot that moved particles arrive among. */
import type { NdArray } from "../tensor/index.ts";

/** The groups of reference points, by name. */
export interface Reference {
  readonly points: NdArray<"f32">;
  readonly groups: readonly string[];
}

/**
 * Probability that a point belongs to each group: the share of its k nearest reference points.
 *
 * @param x  [n, d]
 * @returns  [n, groups], row-major, in the order of `names`
 */
export function membership(x: NdArray<"f32">, { points, groups }: Reference, names: readonly string[], k = 15): Float64Array {
  const [n, d] = x.shape;
  const m = points.shape[0];
  const nearest = Math.min(k, m);
  const index = new Map(names.map((name, j) => [name, j]));
  const result = new Float64Array(n * names.length);
  const distance = new Float64Array(m);
  const order = Int32Array.from({ length: m }, (_, j) => j);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let square = 0;
      for (let c = 0; c < d; c++) square += (x.data[i * d + c] - points.data[j * d + c]) ** 2;
      distance[j] = square;
    }
    for (const j of order.toSorted((a, b) => distance[a] - distance[b]).subarray(0, nearest))
      result[i * names.length + (index.get(groups[j]) as number)] += 1 / nearest;
  }
  return result;
}

/** Probabilities of ending in each group, from each starting group; weights are the descendants of each particle. */
export interface FateMatrix {
  readonly starts: readonly string[];
  readonly ends: readonly string[];
  /** [starts, ends]; rows add up to one. */
  readonly probability: readonly (readonly number[])[];
  /** Descendants at the end per particle at the start, for each starting group. */
  readonly expansion: readonly number[];
}

/**
 * @param starts     group of each particle at the start
 * @param fates      memberships at the end, [n, ends]
 * @param weights    w of each particle at the end, relative to the start
 */
export function fateMatrix(
  starts: readonly string[],
  ends: readonly string[],
  fates: Float64Array,
  weights: ArrayLike<number>,
): FateMatrix {
  const names = [...new Set(starts)].sort();
  const probability = names.map(() => new Array<number>(ends.length).fill(0));
  const total = names.map(() => 0);
  const count = names.map(() => 0);
  starts.forEach((start, i) => {
    const s = names.indexOf(start);
    total[s] += weights[i];
    count[s]++;
    ends.forEach((_, e) => void (probability[s][e] += weights[i] * fates[i * ends.length + e])); // biome-ignore format: one line
  });
  return {
    starts: names,
    ends,
    probability: probability.map((row, s) => row.map((p) => (total[s] > 0 ? p / total[s] : 0))),
    expansion: names.map((_, s) => total[s] / count[s]),
  };
}
