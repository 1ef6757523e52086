/** Multisets by bits back: the order of the elements is not paid for. */
import { type Ans, pop, push } from "./ans.ts";

/** A multiset of bigint keys, kept as a sorted list: rank and selection with multiplicity. The obvious structure, O(size) an operation. */
export interface Multiset {
  readonly sorted: bigint[];
}

/** A multiset of these keys. */
export const multiset = (keys: Iterable<bigint> = []): Multiset => ({
  sorted: [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
});

/** Number of elements below the key. */
function rank({ sorted }: Multiset, key: bigint): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

const multiplicity = (set: Multiset, key: bigint): number => rank(set, key + 1n) - rank(set, key);

/** Takes an element out, chosen by the state: *removes* log2(size / multiplicity) bits from it. */
export function popElement(state: Ans, set: Multiset): bigint {
  const key = pop(state, set.sorted.length, (slot) => {
    const symbol = set.sorted[slot];
    return { start: rank(set, symbol), f: multiplicity(set, symbol), symbol };
  });
  set.sorted.splice(rank(set, key), 1);
  return key;
}

/** The inverse: puts an element in, and gives the state back the bits that its choice took. */
export function pushElement(state: Ans, set: Multiset, key: bigint): void {
  set.sorted.splice(rank(set, key), 0, key);
  push(state, rank(set, key), multiplicity(set, key), set.sorted.length);
}
