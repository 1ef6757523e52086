/** Counts of genes to numbers that distances make sense in: log-normalised expression of the most variable genes. */
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { UserError } from "../errors.ts";
import type { SparseRows } from "./h5ad-matrix.ts";

interface Expression {
  /** [cells, genes chosen]. */
  readonly values: NdArray<"f32">;
  /** Indices of the genes chosen. */
  readonly genes: Int32Array;
  /** Were the numbers counts, and normalised here? */
  readonly normalised: boolean;
  /** Cells without any count. */
  readonly empty: number;
}

/**
 * log(1 + 10⁴ x / Σ x) of each cell, if X holds counts (non-negative integers), and of the result the `most` genes of largest variance.
 * A cell without counts stays zero.
 *
 * @throws UserError  for values that are missing or infinite
 */
export function logNormalise(x: SparseRows, most = 2000, name = "X"): Expression {
  const bad = x.values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) {
    const count = x.values.reduce((n, v) => n + Number(!Number.isFinite(v)), 0);
    const cell = x.starts.findIndex((start) => start > bad);
    throw new UserError(
      `${name} has ${count} values that are missing or infinite (first: cell ${cell}, gene ${x.indices[bad] + 1})`,
      "leave these cells or genes out, or choose an embedding with --embedding",
    );
  }
  const normalised = x.values.every((v) => v >= 0 && Number.isInteger(v));
  const values = normalised ? logCounts(x) : x.values;
  const mean = new Float64Array(x.columns);
  const square = new Float64Array(x.columns);
  for (let k = 0; k < values.length; k++) {
    mean[x.indices[k]] += values[k] / x.rows;
    square[x.indices[k]] += values[k] ** 2 / x.rows;
  }
  const variance = square.map((s, j) => s - mean[j] ** 2);
  const genes = Int32Array.from(variance.keys())
    .filter((j) => variance[j] > 0)
    .toSorted((a, b) => variance[b] - variance[a])
    .subarray(0, most)
    .toSorted();
  const place = new Int32Array(x.columns).fill(-1);
  genes.forEach((g, j) => void (place[g] = j));
  const dense = new Float32Array(x.rows * genes.length);
  for (let i = 0; i < x.rows; i++)
    for (let k = x.starts[i]; k < x.starts[i + 1]; k++) {
      const j = place[x.indices[k]];
      if (j >= 0) dense[i * genes.length + j] = values[k];
    }
  const sums = Float64Array.from({ length: x.rows }, (_, i) => x.values.subarray(x.starts[i], x.starts[i + 1]).reduce((s, v) => s + v, 0));
  const empty = normalised ? sums.reduce((n, s) => n + Number(s === 0), 0) : 0;
  return { values: ndarray(dense, [x.rows, genes.length], "f32"), genes, normalised, empty };
}

function logCounts({ rows, starts, values }: SparseRows): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    let total = 0;
    for (let k = starts[i]; k < starts[i + 1]; k++) total += values[k];
    for (let k = starts[i]; k < starts[i + 1]; k++) result[k] = total === 0 ? 0 : Math.log1p((1e4 * values[k]) / total);
  }
  return result;
}
