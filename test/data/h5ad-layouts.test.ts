/** Layouts that AnnData 0.12 and later, and other writers, use beside the plain ones. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Group } from "h5wasm/node";
import { afterAll, expect, test } from "vitest";
import { logNormalise } from "../../src/data/expression.ts";
import { openAnnotated } from "../../src/data/h5ad.ts";
import { loadPopulation } from "../../src/data/load.ts";
import { writeLayout } from "./annotated.ts";

const base = mkdtempSync(join(tmpdir(), "pushforward-layouts-"));
afterAll(() => rmSync(base, { recursive: true }));

/** A file of 9 cells and 4 genes, changed by a function. */
async function made(name: string, change: (file: Group) => void): Promise<string> {
  const path = join(base, `${name}.h5ad`);
  await writeLayout(path, { cells: 9, genes: 4, x: "csr", embedding: true });
  const { default: h5wasm } = await import("h5wasm/node");
  const file = new h5wasm.File(path, "a");
  change(file);
  file.close();
  return path;
}

/** An array of which some values are masked, as a group. */
function nullable(parent: Group, name: string, kind: "string-array" | "integer", data: string[] | Int32Array, missing: number[]): void {
  const group = parent.create_group(name);
  group.create_attribute("encoding-type", `nullable-${kind}`);
  group.create_dataset({ name: "values", data });
  group.create_dataset({ name: "mask", data: Int8Array.from({ length: data.length }, (_, i) => Number(missing.includes(i))) });
}

test("nullable text and numbers are read, as columns, categories and names of cells and genes", async () => {
  const path = await made("nullable", (file) => {
    const obs = file.get("obs") as Group;
    nullable(
      obs,
      "names",
      "string-array",
      Array.from({ length: 9 }, (_, i) => `n${i}`),
      [],
    );
    nullable(
      obs,
      "stage",
      "string-array",
      Array.from({ length: 9 }, (_, i) => `day ${i % 3}`),
      [4],
    );
    nullable(
      obs,
      "age",
      "integer",
      Int32Array.from({ length: 9 }, (_, i) => i),
      [2],
    );
    const kind = obs.create_group("kind");
    kind.create_attribute("encoding-type", "categorical");
    nullable(kind, "categories", "string-array", ["a", "b"], []);
    kind.create_dataset({ name: "codes", data: Int8Array.from([0, 1, -1, 0, 1, 0, 1, 0, 1]) });
    obs.delete_attribute("_index");
    obs.create_attribute("_index", "names");
    obs.delete_attribute("column-order");
    obs.create_attribute("column-order", ["day", "stage", "age", "kind"]);
    const genes = file.get("var") as Group;
    nullable(genes, "symbols", "string-array", ["g0", "g1", "g2", "g3"], []);
    genes.delete_attribute("_index");
    genes.create_attribute("_index", "symbols");
  });
  const file = await openAnnotated(path);
  const values = (name: string) => Array.from(file.obs.columns.find((c) => c.name === name)!.values as ArrayLike<unknown>);
  expect(values("names")[8]).toBe("n8");
  expect(values("stage").slice(3, 6)).toEqual(["day 0", null, "day 2"]);
  expect(values("age").slice(0, 4)).toEqual([0, 1, Number.NaN, 3]);
  expect(values("kind").slice(0, 3)).toEqual(["a", "b", null]);
  expect(await file.genes()).toEqual(["g0", "g1", "g2", "g3"]);
  file.close();
  const population = await loadPopulation(path, { seed: 0, quick: false, dropMissing: true, time: "stage" });
  expect(population.snapshots.map((s) => s.shape[0])).toEqual([3, 2, 3]);
});

test("embeddings as data frames and as sparse matrices are read; others are refused by their encoding", async () => {
  const path = await made("obsm", (file) => {
    const obsm = file.get("obsm") as Group;
    const frame = obsm.create_group("X_frame");
    frame.create_attribute("encoding-type", "dataframe");
    frame.create_attribute("_index", "cell");
    frame.create_attribute("column-order", ["one", "two"]);
    frame.create_dataset({ name: "cell", data: Array.from({ length: 9 }, (_, i) => `c${i}`) });
    frame.create_dataset({ name: "one", data: Float64Array.from({ length: 9 }, (_, i) => i) });
    frame.create_dataset({ name: "two", data: Float64Array.from({ length: 9 }, (_, i) => -i) });
    const sparse = obsm.create_group("X_sparse");
    sparse.create_attribute("encoding-type", "csr_matrix");
    sparse.create_attribute("shape", BigInt64Array.of(9n, 3n));
    sparse.create_dataset({ name: "data", data: Float32Array.of(5, 7) });
    sparse.create_dataset({ name: "indices", data: Int32Array.of(2, 0) });
    sparse.create_dataset({ name: "indptr", data: Int32Array.of(0, 1, 1, 2, 2, 2, 2, 2, 2, 2) });
    obsm.create_group("X_odd").create_attribute("encoding-type", "awkward-array");
  });
  const file = await openAnnotated(path);
  const frame = await file.embedding("X_frame");
  expect([frame.shape, [...frame.data.slice(0, 6)]]).toEqual([
    [9, 2],
    [0, -0, 1, -1, 2, -2],
  ]);
  const sparse = await file.embedding("X_sparse");
  expect([sparse.shape, [...sparse.data.slice(0, 9)]]).toEqual([
    [9, 3],
    [0, 0, 5, 0, 0, 0, 7, 0, 0],
  ]);
  await expect(file.embedding("X_odd")).rejects.toThrow('obsm "X_odd" (encoding "awkward-array") is not read');
  file.close();
});

test("values of X that are missing are refused with their place; a cell without counts stays zero and is counted", () => {
  const rows = (values: number[]) => ({
    ...{ rows: 3, columns: 2, starts: Float64Array.of(0, 2, 4, 6), indices: Int32Array.of(0, 1, 0, 1, 0, 1) },
    values: Float32Array.from(values),
  });
  expect(() => logNormalise(rows([1, 2, 3, Number.NaN, 5, 6]))).toThrow(
    "X has 1 values that are missing or infinite (first: cell 2, gene 2)",
  );
  const { values, empty, genes } = logNormalise(rows([1, 3, 0, 0, 5, 6]));
  expect([empty, genes.length]).toEqual([1, 2]);
  expect([...values.data.slice(2, 4)]).toEqual([0, 0]);
  expect(values.data[0]).toBeCloseTo(Math.log1p(2500), 5);
});
