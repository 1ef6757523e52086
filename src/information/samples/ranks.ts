/** The place of each value among all, 0 … n - 1; equal values share the mean of theirs. */
export function meanRanks(values: ArrayLike<number>): Float64Array {
  const n = values.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(n);
  for (let i = 0, j = 0; i < n; i = j) {
    while (j < n && values[order[j]] === values[order[i]]) j++;
    for (let k = i; k < j; k++) ranks[order[k]] = (i + j - 1) / 2;
  }
  return ranks;
}
