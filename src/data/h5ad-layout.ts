/**
 * What HDF5 files of AnnData hold: columns of obs, embeddings of obsm, the expression matrix X.
 *
 * @source  the on-disk format of AnnData 0.7 to 0.12: encodings dataframe, categorical, nullable, csr_matrix, csc_matrix, array
 */
import type { Dataset, Entity, File, Group } from "h5wasm/node";
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { nearest, UserError } from "../errors.ts";
import { entry, intact, isDataset, isGroup } from "./h5ad-hdf5.ts";
import { list, type Table, table, type Values } from "./table.ts";

/** A sparse matrix by rows (csr): row i has the entries indices[k], values[k], starts[i] <= k < starts[i + 1]. */
export interface SparseRows {
  readonly rows: number;
  readonly columns: number;
  readonly starts: Float64Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/** What an open file holds. */
export interface Layout {
  /** Columns of obs: numbers, or text for categories. */
  readonly obs: Table;
  /** Names of the embeddings in obsm. */
  readonly embeddings: readonly string[];
  embedding(name: string): NdArray<"f32">;
  /** Names of the features (genes). */
  genes(): string[];
  /** X. */
  expression(): SparseRows;
}

const text = (attribute: unknown): string => String(attribute ?? "");

/** What is read from an open file, part by part. @throws UserError  for files that are not laid out as AnnData */
export function readLayout(source: string, file: File): Layout {
  const obs = entry(file, "obs");
  if (!isGroup(obs)) throw new UserError(`${source}: there is no table "obs"`, "write the file with AnnData 0.7 or later");
  const obsm = entry(file, "obsm");
  const embeddings = isGroup(obsm) ? obsm.keys() : [];
  return {
    obs: readFrame(source, obs),
    embeddings,
    embedding(name) {
      if (!embeddings.includes(name)) {
        const guess = nearest(name, embeddings);
        throw new UserError(
          `${source}: no embedding "${name}" in obsm`,
          guess ? `did you mean "${guess}"?` : `there are ${list(embeddings) || "none"}`,
        );
      }
      return intact(source, () => readEmbedding(source, name, (obsm as Group).get(name)));
    },
    genes: () =>
      intact(source, () => {
        const group = entry(file, "var");
        if (!isGroup(group)) throw new UserError(`${source}: there is no table "var"`);
        const names = valuesOf(source, group.get(indexName(group)));
        if (names === undefined) throw new UserError(`${source}: the names in "var" are of a kind that is not read`);
        return Array.from(names as ArrayLike<unknown>, String);
      }),
    expression: () => intact(source, () => readMatrix(source, entry(file, "X"))),
  };
}

const indexName = (frame: Group): string => text(frame.attrs._index?.value) || "_index";

function readFrame(source: string, frame: Group): Table {
  const order = frame.attrs["column-order"]?.value;
  const skipped = new Set([indexName(frame), "__categories"]);
  const names = (Array.isArray(order) && order.length > 0 ? order.map(String) : frame.keys()).filter(
    (n) => !skipped.has(n) && frame.keys().includes(n),
  );
  const columns = names.flatMap((name) => {
    const values = readColumn(source, frame, name);
    return values ? [{ name, values }] : [];
  });
  const index = valuesOf(source, entry(frame, indexName(frame)));
  if (index) columns.unshift({ name: indexName(frame), values: Array.from(index as ArrayLike<unknown>, String) });
  return table(`${source}, obs`, columns);
}

/** A column as numbers or text; undefined for encodings that are neither. */
function readColumn(source: string, frame: Group, name: string): Values | undefined {
  const column = frame.get(name);
  // AnnData 0.7 kept categories beside the columns
  const old = entry(frame, "__categories");
  const categories = isGroup(old) ? entry(old, name) : null;
  if (isDataset(column) && isDataset(categories)) return decoded(valuesOf(source, categories), numeric(source, column));
  return valuesOf(source, column);
}

/** Numbers or text of an array, of categories, or of one of AnnData's nullable arrays, in which what is masked is missing. */
function valuesOf(source: string, held: Entity | null): Values | undefined {
  if (isGroup(held)) {
    const [categories, codes, values, mask] = ["categories", "codes", "values", "mask"].map((k) => entry(held, k));
    if (isDataset(codes)) return decoded(valuesOf(source, categories), numeric(source, codes));
    if (!isDataset(values) || !isDataset(mask)) return undefined;
    const [missing, all] = [numeric(source, mask), valuesOf(source, values)];
    if (all === undefined || ArrayBuffer.isView(all)) return all && Float64Array.from(all, (v, i) => (missing[i] ? Number.NaN : v));
    return all.map((v, i) => (missing[i] ? null : v));
  }
  if (!isDataset(held) || held.shape?.length !== 1) return undefined;
  readable(source, held);
  const { value } = held;
  const isText = Array.isArray(value) && value.some((v) => typeof v === "string");
  return isText ? (value as unknown[]).map(String) : Float64Array.from(numeric(source, held));
}

function decoded(categories: Values | undefined, codes: ArrayLike<number>): Values | undefined {
  if (categories === undefined) return undefined;
  if (ArrayBuffer.isView(categories)) return Float64Array.from(codes, (c) => (c < 0 ? Number.NaN : categories[c]));
  return Array.from(codes, (c) => (c < 0 ? null : categories[c]));
}

/** HDF5's number of the filter LZF, which only h5py has. */
const lzf = 32000;

/** @throws UserError  for compression that cannot be undone here */
function readable(source: string, data: Dataset): void {
  if (data.filters.some(({ id }) => id === lzf))
    throw new UserError(
      `${source}: ${data.path} is compressed with LZF, which only h5py reads`,
      'write it anew in Python: adata.write_h5ad(path, compression="gzip")',
    );
}

/** Numbers of any type; booleans (an HDF5 enumeration) are 0 and 1. */
function numeric(source: string, data: Dataset): ArrayLike<number> {
  readable(source, data);
  const { value } = data;
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Float64Array.from(value, Number);
  if (ArrayBuffer.isView(value)) return value;
  return Array.isArray(value) ? value.map(Number) : [Number(value)];
}

/** A matrix of obsm: an array, a sparse matrix, or the columns of a data frame. */
function readEmbedding(source: string, name: string, held: Entity | null): NdArray<"f32"> {
  if (isDataset(held)) {
    const shape = held.shape ?? [];
    if (shape.length !== 2) throw new UserError(`${source}: obsm "${name}" is no matrix`);
    return ndarray(Float32Array.from(numeric(source, held)), shape, "f32");
  }
  const encoding = isGroup(held) ? text(held.attrs["encoding-type"]?.value) : "";
  if (isGroup(held) && encoding === "dataframe") {
    const { columns, rows } = readFrame(source, held);
    const numbers = columns.flatMap(({ name: column, values }) =>
      ArrayBuffer.isView(values) && column !== indexName(held) ? [values] : [],
    );
    if (numbers.length !== columns.length - 1)
      throw new UserError(`${source}: obsm "${name}" is a data frame with columns that are no numbers`, "choose another embedding");
    return ndarray(
      Float32Array.from({ length: rows * numbers.length }, (_, i) => numbers[i % numbers.length][Math.floor(i / numbers.length)]),
      [rows, numbers.length],
      "f32",
    );
  }
  if (!encoding.endsWith("_matrix")) throw new UserError(`${source}: obsm "${name}" (encoding "${encoding}") is not read`);
  const sparse = readMatrix(source, held);
  const dense = new Float32Array(sparse.rows * sparse.columns);
  for (let i = 0; i < sparse.rows; i++)
    for (let k = sparse.starts[i]; k < sparse.starts[i + 1]; k++) dense[i * sparse.columns + sparse.indices[k]] += sparse.values[k];
  return ndarray(dense, [sparse.rows, sparse.columns], "f32");
}

function readMatrix(source: string, x: Entity | null): SparseRows {
  if (x !== null && "attrs" in x && text(x.attrs["encoding-type"]?.value) === "null")
    throw new UserError(`${source}: X is empty (encoding "null")`, "choose an embedding with --embedding");
  if (isDataset(x)) return fromDense(source, x);
  if (!isGroup(x)) throw new UserError(`${source}: there is no matrix X`, "choose an embedding with --embedding");
  const encoding = text(x.attrs["encoding-type"]?.value ?? x.attrs.h5sparse_format?.value);
  const shape = Array.from((x.attrs.shape?.value ?? x.attrs.h5sparse_shape?.value ?? []) as ArrayLike<number | bigint>, Number);
  const [data, indices, indptr] = ["data", "indices", "indptr"].map((k) => entry(x, k));
  if (shape.length !== 2 || !isDataset(data) || !isDataset(indices) || !isDataset(indptr))
    throw new UserError(`${source}: X is no matrix that can be read (encoding "${encoding}")`);
  const parts = {
    starts: Float64Array.from(numeric(source, indptr)),
    indices: Int32Array.from(numeric(source, indices)),
    values: Float32Array.from(numeric(source, data)),
  };
  const byRows = encoding.startsWith("csr");
  const [lines, width] = byRows ? shape : [shape[1], shape[0]];
  if (parts.starts.length !== lines + 1 || parts.starts[lines] !== parts.values.length || parts.indices.some((j) => j < 0 || j >= width))
    throw new UserError(`${source}: the sparse matrix X is damaged`);
  return byRows ? { rows: shape[0], columns: shape[1], ...parts } : transposed(parts, shape[0], shape[1]);
}

function fromDense(source: string, x: Dataset): SparseRows {
  const shape = x.shape ?? [];
  if (shape.length !== 2) throw new UserError(`${source}: X is no matrix`);
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
