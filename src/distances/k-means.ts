/** Groups of points by their means. */
import type { NdArray, Random } from "../array/index.ts";

/** Starts of the search, and sweeps of each. */
const starts = 5;
const sweeps = 50;

/** Means of groups, each [d]. */
export type Centres = readonly (readonly number[])[];

/**
 * k-means: Lloyd's sweeps from the seeds of k-means++, the start of least squared distance of five.
 *
 * @param x  points [n, d]
 * @returns  k centres, fewer where there are fewer distinct points
 * @source   Arthur & Vassilvitskii, SODA 2007
 */
export function kMeans(x: NdArray<"f32">, k: number, rng: Random): Centres {
  const found = Array.from({ length: starts }, (_, s) => lloyd(x, k, rng.fold(s)));
  return found.reduce((a, b) => (b.error < a.error ? b : a)).centres;
}

/** The centre that is nearest to a row, and its squared distance. */
export function nearestCentre({ data, shape: [, d] }: NdArray<"f32">, row: number, centres: Centres): { index: number; square: number } {
  let [index, least] = [0, Number.POSITIVE_INFINITY];
  centres.forEach((centre, c) => {
    let square = 0;
    for (let j = 0; j < d; j++) square += (data[row * d + j] - centre[j]) ** 2;
    if (square < least) [index, least] = [c, square];
  });
  return { index, square: least };
}

function lloyd(x: NdArray<"f32">, k: number, rng: Random): { centres: Centres; error: number } {
  const [n, d] = x.shape;
  const row = (i: number): number[] => Array.from(x.data.subarray(i * d, (i + 1) * d));
  const chance = rng.uniform([k], "f64").data;
  let centres: Centres = [row(Math.min(n - 1, Math.floor(chance[0] * n)))];
  // k-means++: the next seed with a chance that is its squared distance from those before
  for (let c = 1; c < Math.min(k, n); c++) {
    const squares = Array.from({ length: n }, (_, i) => nearestCentre(x, i, centres).square);
    let left = chance[c] * squares.reduce((a, b) => a + b, 0);
    const seed = squares.findIndex((s) => (left -= s) < 0);
    if (seed < 0) break; // fewer distinct points than groups
    centres = [...centres, row(seed)];
  }
  let error = Number.POSITIVE_INFINITY;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const found = Array.from({ length: n }, (_, i) => nearestCentre(x, i, centres));
    const now = found.reduce((sum, f) => sum + f.square, 0);
    if (!(now < error)) break;
    error = now;
    const sums = centres.map(() => new Array<number>(d + 1).fill(0));
    found.forEach(({ index }, i) => {
      for (let j = 0; j < d; j++) sums[index][j] += x.data[i * d + j];
      sums[index][d]++;
    });
    centres = sums.map((s, c) => (s[d] > 0 ? s.slice(0, d).map((v) => v / s[d]) : centres[c]));
  }
  return { centres, error };
}
