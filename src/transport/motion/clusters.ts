/** Groups of particles where the data name none. */
import type { Random } from "../../array/index.ts";
import { kMeans, nearestCentre, rowsOf } from "../../distances/index.ts";
import { type Cloud, stacked } from "../paths/cloud.ts";

/** Rows that centres are sought from. */
const most = 2000;

/**
 * Groups of all particles by k-means, numbered by the mean place in time of their particles.
 *
 * @param clouds  snapshots in time
 * @returns  a name for each particle, a list a snapshot: "cluster 1" is the earliest
 */
export function clustered(clouds: readonly Pick<Cloud, "points">[], k: number, rng: Random): string[][] {
  const all = stacked(clouds.map((c) => c.points));
  const [n] = all.shape;
  const few = n <= most ? all : rowsOf(all, rng.fold("rows").permutation(n).data.subarray(0, most));
  const centres = kMeans(few, k, rng);
  let at = 0;
  const groups = clouds.map(({ points: { shape } }) => Array.from({ length: shape[0] }, () => nearestCentre(all, at++, centres).index));
  const count = (g: number, worth: (snapshot: number) => number): number =>
    groups.reduce((sum, rows, s) => sum + worth(s) * rows.filter((r) => r === g).length, 0);
  const place = centres.map((_, g) => count(g, (s) => s) / count(g, () => 1));
  const order = centres.map((_, g) => g).sort((a, b) => place[a] - place[b]);
  return groups.map((rows) => rows.map((g) => `cluster ${order.indexOf(g) + 1}`));
}
