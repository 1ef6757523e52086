/** Errors of estimates that are no means of independent values: from disjoint blocks of rows. */
import type { Random } from "../../array/index.ts";

/** Fewest rows of a block. */
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

/**
 * The variance of an estimate falls as B / N: B = m s² from estimates on disjoint blocks of m rows, s² their variance within a partition
 * of the rows, averaged over partitions. The spread of 10 blocks over 4 partitions gives the error to about 20 %.
 *
 * @returns  the standard error on all n rows; undefined below 100 rows, where there are no two blocks
 * @source   Holmes & Nemenman, Phys. Rev. E 100 (2019), section III
 */
export async function blockError(
  estimate: (rows: Int32Array) => Promise<number>,
  n: number,
  rng: Random,
): Promise<number | undefined> {
  const blocks = Math.min(most, Math.floor(n / leastRows));
  if (blocks < 2) return undefined;
  let sum = 0;
  for (let p = 0; p < partitions; p++) {
    const values: number[] = [];
    for (const rows of partition(n, blocks, rng.fold(p))) values.push(await estimate(rows));
    sum += variance(values) / partitions;
  }
  return Math.sqrt((sum * Math.floor(n / blocks)) / n);
}

/**
 * How much the estimate on all rows exceeds the mean of those on two halves. An estimate that still moves with the number of rows is
 * biased by it, and by about as much again.
 *
 * @source  Holmes & Nemenman (2019), section IV
 */
export async function drift(all: number, estimate: (rows: Int32Array) => Promise<number>, n: number, rng: Random): Promise<number> {
  let sum = 0;
  for (const rows of partition(n, 2, rng)) sum += (await estimate(rows)) / 2;
  return all - sum;
}
