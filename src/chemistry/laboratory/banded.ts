/** Linear systems with a band of two entries on each side of the diagonal, in double precision: O(n), no hot path. */

/** Entries of a matrix beside its diagonal: bands[k][i] = A[i, i + k - 2], k = 0..4; those outside of the matrix are not read. */
export type Bands = readonly Float64Array[];

/** Rows of the working matrix: with row exchanges the upper part fills up to four entries right of the diagonal. */
const width = 7;

/**
 * Solves A x = b for many b, by elimination with partial pivoting done once.
 *
 * @returns  b -> x, a new array
 */
export function bandedSolver(bands: Bands): (b: Float64Array) => Float64Array {
  const n = bands[2].length;
  // work[i] holds columns first[i] .. first[i] + 6 of row i, first[i] = the column that is eliminated when the row is looked at
  const work = new Float64Array(n * width);
  for (let i = 0; i < n; i++) {
    const first = Math.max(0, i - 2);
    for (let j = first; j <= Math.min(n - 1, i + 2); j++) work[i * width + j - first] = bands[j - i + 2][i];
  }
  const factors = new Float64Array(2 * n);
  const pivots = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    const last = Math.min(n - 1, k + 2);
    let pivot = k;
    for (let i = k + 1; i <= last; i++) if (Math.abs(work[i * width]) > Math.abs(work[pivot * width])) pivot = i;
    pivots[k] = pivot;
    if (pivot !== k) swapRows(work, k, pivot);
    for (let i = k + 1; i <= last; i++) {
      const factor = work[i * width] / work[k * width];
      factors[2 * k + i - k - 1] = factor;
      // the row moves on by a column: its next first entry is that of column k + 1
      for (let j = 1; j < width; j++) work[i * width + j - 1] = work[i * width + j] - factor * work[k * width + j];
      work[i * width + width - 1] = 0;
    }
  }
  return (b) => {
    const x = b.slice();
    for (let k = 0; k < n; k++) {
      const pivot = pivots[k];
      [x[k], x[pivot]] = [x[pivot], x[k]];
      for (let i = k + 1; i <= Math.min(n - 1, k + 2); i++) x[i] -= factors[2 * k + i - k - 1] * x[k];
    }
    for (let k = n - 1; k >= 0; k--) {
      let rest = x[k];
      for (let j = 1; j < width && k + j < n; j++) rest -= work[k * width + j] * x[k + j];
      x[k] = rest / work[k * width];
    }
    return x;
  };
}

function swapRows(work: Float64Array, a: number, b: number): void {
  for (let j = 0; j < width; j++) [work[a * width + j], work[b * width + j]] = [work[b * width + j], work[a * width + j]];
}
