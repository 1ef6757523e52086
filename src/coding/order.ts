/** Order statistics: a Fenwick tree of non-negative counts, with sums before an index and the index that owns a unit. */

/** Counts with fast sums: a Fenwick tree. */
export interface CountTree {
  readonly size: number;
  /** The count at i. */
  at(i: number): number;
  /** Sum of the counts before i; i may be the size. */
  before(i: number): number;
  /** The i with before(i) ≤ unit < before(i + 1). */
  find(unit: number): number;
  add(i: number, delta: number): void;
}

/** All operations in O(log size). @source Fenwick, Software: Practice and Experience 24 (1994) */
export function countTree(counts: ArrayLike<number>): CountTree {
  const size = counts.length;
  const tree = new Float64Array(size + 1);
  const add = (i: number, delta: number) => {
    for (let j = i + 1; j <= size; j += j & -j) tree[j] += delta;
  };
  const before = (i: number) => {
    let total = 0;
    for (let j = i; j > 0; j -= j & -j) total += tree[j];
    return total;
  };
  const find = (unit: number) => {
    let i = 0;
    for (let bit = 2 ** Math.floor(Math.log2(Math.max(1, size))); bit >= 1; bit /= 2)
      if (i + bit <= size && tree[i + bit] <= unit) {
        i += bit;
        unit -= tree[i];
      }
    return i;
  };
  for (let i = 0; i < size; i++) add(i, counts[i]);
  return { size, add, before, find, at: (i) => before(i + 1) - before(i) };
}
