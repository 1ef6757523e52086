/**
 * What HDF5 files of AnnData hold: columns of obs, embeddings of obsm, the expression matrix X.
 *
 * @source  the on-disk format of AnnData 0.7 to 0.12: encodings dataframe, categorical, nullable, csr_matrix, csc_matrix, array
 */
import type { Entity, File, Group } from "h5wasm/node";
import { type NdArray, ndarray } from "../array/ndarray.ts";
import { nearest, UserError } from "../errors.ts";
import { entry, intact, isDataset, isGroup } from "./h5ad-hdf5.ts";
import { numeric, readable, readMatrix, type SparseRows, text } from "./h5ad-matrix.ts";
import { list, type Table, table, type Values } from "./table.ts";

/** What an open file holds. */
export interface Layout {
  /** Columns of obs: numbers, or text for categories. */
  readonly obs: Table;
  /** Names of the embeddings in obsm. */
  readonly embeddings: readonly string[];
  embedding(name: string): NdArray<"f32">;
  /** Names of the features (genes) of X and the layers, or of "raw". */
  genes(layer?: string): string[];
  /** X, a matrix of layers, or "raw". */
  expression(layer?: string): SparseRows;
}

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
    genes: (layer) =>
      intact(source, () => {
        const raw = layer === "raw" ? entry(file, "raw") : null;
        const group = entry(isGroup(raw) ? raw : file, "var");
        if (!isGroup(group)) throw new UserError(`${source}: there is no table "var"`);
        const names = valuesOf(source, group.get(indexName(group)));
        if (names === undefined) throw new UserError(`${source}: the names in "var" are of a kind that is not read`);
        return Array.from(names as ArrayLike<unknown>, String);
      }),
    expression: (layer) => intact(source, () => readMatrix(source, matrixOf(source, file, layer), matrixName(layer))),
  };
}

/** How a matrix of expression is called in messages. */
export const matrixName = (layer?: string): string => (layer === undefined ? "X" : layer === "raw" ? "raw.X" : `layer "${layer}"`);

/** X, or the layer that is asked for. @throws UserError  if there is none of that name */
function matrixOf(source: string, file: File, layer: string | undefined): Entity | null {
  if (layer === undefined) return entry(file, "X");
  const [raw, layers] = [entry(file, "raw"), entry(file, "layers")];
  const names = [...(isGroup(layers) ? layers.keys() : []), ...(isGroup(raw) ? ["raw"] : [])];
  if (!names.includes(layer)) {
    const guess = nearest(layer, names);
    throw new UserError(
      `${source}: there is no layer "${layer}"`,
      guess ? `did you mean "${guess}"?` : `there ${names.length === 1 ? "is" : "are"} ${list(names) || "none"}`,
    );
  }
  return layer === "raw" ? entry(raw as Group, "X") : entry(layers as Group, layer); // names come from them
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
