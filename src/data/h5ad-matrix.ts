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
  const { value } = data;
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

function fromDense(source: string, x: Dataset, name: string): SparseRows {
  const shape = x.shape ?? [];
  if (shape.length !== 2) throw new UserError(`${source}: ${name} is no matrix`);
  const [rows, columns] = shape;
  const dense = numeric(source, x);
  const starts = new Float64Array(rows + 1);
  for (let i = 0; i < dense.length; i++) if (dense[i] !== 0) starts[Math.floor(i / columns) + 1]++;
  for (let i = 0; i < rows; i++) starts[i + 1] += starts[i];
  const [indices, values] = [new Int32Array(starts[rows]), new Float32Array(starts[rows])];
  let at = 0;
  for (let i = 0; i < dense.length; i++) {
    if (dense[i] === 0) continue;
    indices[at] = i % columns;
    values[at++] = dense[i];
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
