/** Groups of particles where the data name none. */
import type { NdArray, Random } from "../../array/index.ts";
import { rowsOf } from "../../distances/index.ts";
import { type Cloud, stacked } from "../paths/cloud.ts";

/** Rows that centres are sought from, starts of the search, and sweeps of each. */
const most = 2000;
const starts = 5;
const sweeps = 50;

/**
 * Groups of all particles by k-means: Lloyd's sweeps from the seeds of k-means++, the start of least squared distance of five. Numbered by
 * the mean place in time of their particles.
 *
 * @param clouds  snapshots in time
 * @returns  a name for each particle, a list a snapshot: "cluster 1" is the earliest
 */
export function clustered(clouds: readonly Pick<Cloud, "points">[], k: number, rng: Random): string[][] {
  const all = stacked(clouds.map((c) => c.points));
  const [n] = all.shape;
  const few = n <= most ? all : rowsOf(all, rng.fold("rows").permutation(n).data.subarray(0, most));
  const found = Array.from({ length: starts }, (_, s) => lloyd(few, k, rng.fold(s)));
  const { centres } = found.reduce((a, b) => (b.error < a.error ? b : a));
  let at = 0;
  const groups = clouds.map(({ points: { shape } }) => Array.from({ length: shape[0] }, () => nearest(all, at++, centres).index));
  const count = (g: number, worth: (snapshot: number) => number): number =>
    groups.reduce((sum, rows, s) => sum + worth(s) * rows.filter((r) => r === g).length, 0);
  const place = centres.map((_, g) => count(g, (s) => s) / count(g, () => 1));
  const order = centres.map((_, g) => g).sort((a, b) => place[a] - place[b]);
  return groups.map((rows) => rows.map((g) => `cluster ${order.indexOf(g) + 1}`));
}

type Centres = readonly (readonly number[])[];

function nearest({ data, shape: [, d] }: NdArray<"f32">, row: number, centres: Centres): { index: number; square: number } {
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
    const squares = Array.from({ length: n }, (_, i) => nearest(x, i, centres).square);
    let left = chance[c] * squares.reduce((a, b) => a + b, 0);
    const seed = squares.findIndex((s) => (left -= s) < 0);
    if (seed < 0) break; // fewer distinct particles than groups
    centres = [...centres, row(seed)];
  }
  let error = Number.POSITIVE_INFINITY;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const found = Array.from({ length: n }, (_, i) => nearest(x, i, centres));
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
