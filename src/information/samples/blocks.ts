/** Errors of estimates that are no means of independent values: from disjoint blocks of rows. */
import type { Random } from "../../array/index.ts";

/** Fewest rows of a block, of which `least` says the estimate's own need. */
const leastRows = 50;
/** Blocks of a partition, and partitions, drawn afresh. */
const [most, partitions] = [10, 4];

/** Shares of the rows 0 … n - 1, of equal size, in random order; what is left over is in none. */
function partition(n: number, blocks: number, rng: Random): Int32Array[] {
  const order = rng.permutation(n).data;
  const size = Math.floor(n / blocks);
  return Array.from({ length: blocks }, (_, b) => order.slice(b * size, (b + 1) * size));
}

const variance = (values: readonly number[]): number => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
};

/** Estimates from some rows, several at a time. */
export type OnRows = (rows: Int32Array) => Promise<readonly number[]>;

/**
 * The variance of an estimate falls as B / N: B = m s² from estimates on disjoint blocks of m rows, s² their variance within a partition
 * of the rows, averaged over partitions. The spread of 10 blocks over 4 partitions gives the error to about 20 %.
 *
 * @returns  the standard errors on all n rows; undefined where there are no two blocks, below 100 rows
 * @source   Holmes & Nemenman, Phys. Rev. E 100 (2019), section III
 */
export async function blockErrors(estimate: OnRows, n: number, rng: Random, least = leastRows): Promise<readonly number[] | undefined> {
  const blocks = Math.min(most, Math.floor(n / Math.max(least, leastRows)));
  if (blocks < 2) return undefined;
  let sums: readonly number[] = [];
  for (let p = 0; p < partitions; p++) {
    const values: (readonly number[])[] = [];
    for (const rows of partition(n, blocks, rng.fold(p))) values.push(await estimate(rows));
    sums = values[0].map((_, e) => (sums[e] ?? 0) + variance(values.map((v) => v[e])) / partitions);
  }
  return sums.map((sum) => Math.sqrt((sum * Math.floor(n / blocks)) / n));
}

/**
 * The means of the estimates on two halves of the rows. An estimate that still moves from there to all rows is biased by their number, and
 * by about as much again.
 *
 * @source  Holmes & Nemenman (2019), section IV
 */
export async function onHalves(estimate: OnRows, n: number, rng: Random): Promise<readonly number[]> {
  const [a, b] = partition(n, 2, rng);
  const [first, second] = [await estimate(a), await estimate(b)];
  return first.map((v, e) => (v + second[e]) / 2);
}
