/** Matrices of an AnnData file: dense, or sparse by rows or columns; and how entries of HDF5 are read as numbers. */
import type { Dataset, Entity } from "h5wasm/node";
import { UserError } from "../errors.ts";
import { entry, isDataset, isGroup } from "./h5ad-hdf5.ts";

/** A sparse matrix by rows (csr): row i has the entries indices[k], values[k], starts[i] <= k < starts[i + 1]. */
export interface SparseRows {
  readonly rows: number;
  readonly columns: number;
  readonly starts: Float64Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

export const text = (attribute: unknown): string => String(attribute ?? "");

/** HDF5's number of the filter LZF, which only h5py has. */
const lzf = 32000;

/** @throws UserError  for compression that cannot be undone here */
export function readable(source: string, data: Dataset): void {
  if (data.filters.some(({ id }) => id === lzf))
    throw new UserError(
      `${source}: ${data.path} is compressed with LZF, which only h5py reads`,
      'write it anew in Python: adata.write_h5ad(path, compression="gzip")',
    );
}

/** Numbers of any type; booleans (an HDF5 enumeration) are 0 and 1. */
export function numeric(source: string, data: Dataset): ArrayLike<number> {
  readable(source, data);
  return asNumbers(data.value);
}

function asNumbers(value: Dataset["value"]): ArrayLike<number> {
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Float64Array.from(value, Number);
  if (ArrayBuffer.isView(value)) return value;
  return Array.isArray(value) ? value.map(Number) : [Number(value)];
}

/**
 * @param name  of the matrix, for messages
 * @throws UserError  for what is no matrix that can be read
 */
export function readMatrix(source: string, x: Entity | null, name = "X"): SparseRows {
  if (x !== null && "attrs" in x && text(x.attrs["encoding-type"]?.value) === "null")
    throw new UserError(`${source}: ${name} is empty (encoding "null")`, "choose an embedding with --embedding");
  if (isDataset(x)) return fromDense(source, x, name);
  if (!isGroup(x)) throw new UserError(`${source}: there is no matrix ${name}`, "choose an embedding with --embedding");
  const encoding = text(x.attrs["encoding-type"]?.value ?? x.attrs.h5sparse_format?.value);
  const shape = Array.from((x.attrs.shape?.value ?? x.attrs.h5sparse_shape?.value ?? []) as ArrayLike<number | bigint>, Number);
  const [data, indices, indptr] = ["data", "indices", "indptr"].map((k) => entry(x, k));
  if (shape.length !== 2 || !isDataset(data) || !isDataset(indices) || !isDataset(indptr))
    throw new UserError(`${source}: ${name} is no matrix that can be read (encoding "${encoding}")`);
  const parts = {
    starts: Float64Array.from(numeric(source, indptr)),
    indices: Int32Array.from(numeric(source, indices)),
    values: Float32Array.from(numeric(source, data)),
  };
  const byRows = encoding.startsWith("csr");
  const [lines, width] = byRows ? shape : [shape[1], shape[0]];
  if (parts.starts.length !== lines + 1 || parts.starts[lines] !== parts.values.length || parts.indices.some((j) => j < 0 || j >= width))
    throw new UserError(`${source}: the sparse matrix ${name} is damaged`);
  return byRows ? { rows: shape[0], columns: shape[1], ...parts } : transposed(parts, shape[0], shape[1]);
}

/** Bytes of a dense matrix that are read at a time: HDF5's memory here ends at two gibibytes, matrices of cells do not. */
const blockBytes = 2 ** 26;

/** @param block  rows that are read at a time */
export function fromDense(
  source: string,
  x: Dataset,
  name: string,
  block = Math.max(1, Math.floor(blockBytes / (8 * (x.shape?.[1] || 1)))),
): SparseRows {
  const shape = x.shape ?? [];
  if (shape.length !== 2) throw new UserError(`${source}: ${name} is no matrix`);
  readable(source, x);
  const [rows, columns] = shape;
  const starts = new Float64Array(rows + 1);
  const found: { readonly indices: Int32Array; readonly values: Float32Array }[] = [];
  for (let from = 0; from < rows; from += block) {
    const to = Math.min(rows, from + block);
    const dense = asNumbers(x.slice([[from, to], []]));
    let filled = 0;
    for (let e = 0; e < dense.length; e++) {
      if (dense[e] === 0) continue;
      starts[from + Math.floor(e / columns) + 1]++;
      filled++;
    }
    const [indices, values] = [new Int32Array(filled), new Float32Array(filled)];
    for (let e = 0, at = 0; e < dense.length; e++) {
      if (dense[e] === 0) continue;
      indices[at] = e % columns;
      values[at++] = dense[e];
    }
    found.push({ indices, values });
  }
  for (let i = 0; i < rows; i++) starts[i + 1] += starts[i];
  const [indices, values] = [new Int32Array(starts[rows]), new Float32Array(starts[rows])];
  let at = 0;
  for (const part of found) {
    indices.set(part.indices, at);
    values.set(part.values, at);
    at += part.values.length;
  }
  return { rows, columns, starts, indices, values };
}

/** Columns (csc) to rows. */
function transposed(
  { starts, indices, values }: Pick<SparseRows, "starts" | "indices" | "values">,
  rows: number,
  columns: number,
): SparseRows {
  const begin = new Float64Array(rows + 1);
  for (const i of indices) begin[i + 1]++;
  for (let i = 0; i < rows; i++) begin[i + 1] += begin[i];
  const next = begin.slice();
  const [js, vs] = [new Int32Array(indices.length), new Float32Array(indices.length)];
  for (let j = 0; j < columns; j++)
    for (let k = starts[j]; k < starts[j + 1]; k++) {
      const at = next[indices[k]]++;
      js[at] = j;
      vs[at] = values[k];
    }
  return { rows, columns, starts: begin, indices: js, values: vs };
}
