/** What measuring a trained circuit gives. */
import type { Random } from "../../array/index.ts";

/** -Σ p log p, in nats. */
export const entropy = (p: Float64Array): number => p.reduce((sum, pk) => (pk > 0 ? sum - pk * Math.log(pk) : sum), 0);

/** States with probability above a thousandth: those that a thousand shots show. */
export const support = (p: Float64Array): number => p.reduce((count, pk) => count + (pk > 1e-3 ? 1 : 0), 0);

/** Shots until one of them is in a set of probability p, with probability 99 %: ln 0.01 / ln(1 - p). At least 1. */
export const shotsFor99 = (p: number): number => (p >= 1 ? 1 : Math.max(1, Math.log(0.01) / Math.log1p(-p)));

/**
 * Wilson's interval of a probability of which `hits` of `shots` were seen; 95 % at z = 1.96.
 * @source  Wilson, JASA 22 (1927)
 */
export function wilson(hits: number, shots: number, z = 1.959963984540054): readonly [number, number] {
  const share = hits / shots;
  const weight = (z * z) / shots;
  const centre = (share + weight / 2) / (1 + weight);
  const half = (z * Math.sqrt((share * (1 - share)) / shots + weight / (4 * shots))) / (1 + weight);
  return [hits === 0 ? 0 : centre - half, hits === shots ? 1 : centre + half];
}

export interface Counted {
  readonly index: number;
  readonly count: number;
}

/** Draws of configurations: sorted uniforms against the cumulative p. O(2^n + shots). The most frequent first. */
export function sample(p: Float64Array, shots: number, rng: Random): Counted[] {
  const total = p.reduce((sum, pk) => sum + pk, 0);
  const at = rng.uniform([shots], "f64").data.sort();
  const counts: { index: number; count: number }[] = [];
  let [k, sum] = [0, p[0]];
  for (const u of at) {
    while (k < p.length - 1 && sum < u * total) sum += p[++k];
    const last = counts[counts.length - 1];
    if (last?.index === k) last.count++;
    else counts.push({ index: k, count: 1 });
  }
  return counts.sort((a, b) => b.count - a.count || a.index - b.index);
}

/**
 * The configurations that a circuit would be said to have found: those of probability above 1/1000, or else the most probable one; by
 * cost, then by probability.
 */
export function ranked(p: Float64Array, costs: Float64Array, most = 20): readonly number[] {
  const likely: number[] = [];
  let top = 0;
  p.forEach((pk, k) => {
    if (pk > 1e-3) likely.push(k);
    if (pk > p[top]) top = k;
  });
  return (likely.length ? likely : [top]).sort((a, b) => costs[a] - costs[b] || p[b] - p[a]).slice(0, most);
}
