/** What measuring a trained circuit gives. */

/** States with probability above a thousandth: those that a thousand shots show. */
export const support = (p: Float64Array): number => p.reduce((count, pk) => count + (pk > 1e-3 ? 1 : 0), 0);

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
