import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type NdArray, ndarray, randomStream } from "../../src/array/index.ts";
import { principalComponents, project } from "../../src/data/components.ts";
import { logNormalise } from "../../src/data/expression.ts";
import { openAnnotated, writeAnnotated } from "../../src/data/h5ad.ts";
import { isDataset, openFile } from "../../src/data/h5ad-hdf5.ts";
import { fromDense } from "../../src/data/h5ad-matrix.ts";
import { UserError } from "../../src/errors.ts";
import { random } from "../coding/known.ts";
import { countsOf, type Layout, writeLayout } from "./annotated.ts";
import { spoilt, targets } from "./mutations.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pushforward-h5ad-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const layout: Layout = { cells: 30, genes: 12, x: "csr", embedding: true };
const make = async (name: string, changes: Partial<Layout> = {}): Promise<string> => {
  const path = join(folder, name);
  await writeLayout(path, { ...layout, ...changes });
  return path;
};

test("columns of obs come as numbers and as text, with missing categories", async () => {
  const file = await openAnnotated(await make("obs.h5ad"));
  const column = (name: string) => file.obs.columns.find((c) => c.name === name)?.values;
  expect(Array.from(column("day") as Float64Array).slice(0, 4)).toEqual([0, 1, 2, 0]);
  expect(Array.from(column("batch") as Float64Array).slice(0, 3)).toEqual([0, 1, 0]);
  expect((column("type") as string[]).slice(0, 3)).toEqual([null, "early", "late"]);
  expect((column("cell") as string[])[29]).toBe("cell29");
  expect(file.embeddings).toEqual(["X_pca"]);
  expect((await file.embedding("X_pca")).shape).toEqual([30, 2]);
  expect((await file.genes())[11]).toBe("g11");
  await expect(file.embedding("X_pac")).rejects.toThrow(/X_pac/);
  file.close();
});

test.each(["csr", "csc", "dense"] as const)("the matrix X stored as %s is the same matrix", async (x) => {
  const file = await openAnnotated(await make(`${x}.h5ad`, { x }));
  const { rows, columns, starts, indices, values } = await file.expression();
  const full = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let k = starts[i]; k < starts[i + 1]; k++) full[i * columns + indices[k]] = values[k];
  expect(full).toEqual(countsOf(layout));
  file.close();
});

test("a dense matrix is the same by blocks of any number of rows", async () => {
  const path = await make("blocks.h5ad", { x: "dense" });
  const file = await openFile(path, "r");
  const x = file.get("X");
  if (!isDataset(x)) throw new Error("X is dense");
  const whole = fromDense("blocks.h5ad", x, "X");
  expect(whole.starts[30]).toBe(countsOf(layout).filter((v) => v !== 0).length);
  for (const block of [1, 7, 29, 30, 31]) expect(fromDense("blocks.h5ad", x, "X", block)).toEqual(whole);
  file.close();
});

test("counts are log-normalised to ten thousand a cell, and the most variable genes are kept", async () => {
  const file = await openAnnotated(await make("counts.h5ad"));
  const all = logNormalise(await file.expression(), 12);
  file.close();
  expect(all.normalised).toBe(true);
  for (let i = 0; i < 30; i++) {
    let total = 0;
    for (let j = 0; j < all.genes.length; j++) total += Math.expm1(all.values.data[i * all.genes.length + j]);
    expect(Math.abs(total - 1e4)).toBeLessThan(1);
  }
  const variance = (j: number): number => {
    const column = Array.from({ length: 30 }, (_, i) => all.values.data[i * 12 + j]);
    const mean = column.reduce((a, b) => a + b) / 30;
    return column.reduce((s, v) => s + (v - mean) ** 2, 0);
  };
  const few = logNormalise({ ...(await expressionOf("few.h5ad")) }, 4);
  const byVariance = Array.from({ length: 12 }, (_, j) => j).sort((a, b) => variance(b) - variance(a));
  expect(Array.from(few.genes)).toEqual(byVariance.slice(0, 4).sort((a, b) => a - b));
});

async function expressionOf(name: string) {
  const file = await openAnnotated(await make(name));
  const x = await file.expression();
  file.close();
  return x;
}

test("components have the variances of the data along orthonormal directions, and lead back", async () => {
  // independent columns of deviations 5, 3, 1, 0.2, rotated by a reflection
  const n = 3000;
  const deviations = [5, 3, 1, 0.2];
  const z = randomStream(1).normal([n, 4]).data;
  const axis = [0.5, 0.5, 0.5, 0.5];
  const data = new Float32Array(4 * n);
  for (let i = 0; i < n; i++) {
    const row = deviations.map((s, j) => s * z[4 * i + j]);
    const along = row.reduce((s, v, j) => s + v * axis[j], 0);
    row.forEach((v, j) => void (data[4 * i + j] = v - 2 * along * axis[j] + 7));
  }
  const x: NdArray<"f32"> = ndarray(data, [n, 4], "f32");
  const components = await principalComponents(x, 3);
  const total = deviations.reduce((s, v) => s + v * v, 0);
  // sample variances of 3000: relative standard error √(2/3000) = 0.026
  components.explained.forEach((share, k) => void expect(Math.abs((share * total) / deviations[k] ** 2 - 1)).toBeLessThan(0.13));
  for (let a = 0; a < 3; a++)
    for (let b = 0; b < 3; b++) {
      let dot = 0;
      for (let j = 0; j < 4; j++) dot += components.directions[4 * a + j] * components.directions[4 * b + j];
      expect(dot).toBeCloseTo(a === b ? 1 : 0, 5);
    }
  const scores = project(components, x);
  const back = Array.from({ length: n }, (_, i) =>
    [0, 1, 2].reduce((s, k) => s + scores.data[3 * i + k] * components.directions[4 * k + 2], components.mean[2]),
  );
  // what is lost has deviation at most 0.2
  const lost = Math.sqrt(back.reduce((s, v, i) => s + (v - data[4 * i + 2]) ** 2, 0) / n);
  expect(lost).toBeLessThan(0.21);
  expect(lost).toBeGreaterThan(0);
});

test("results are written into a copy, and read back; a second time they are replaced", async () => {
  const from = await make("from.h5ad");
  const to = join(folder, "to.h5ad");
  const rate = Float64Array.from({ length: 30 }, (_, i) => i / 7);
  const velocity = ndarray(
    Float32Array.from({ length: 60 }, (_, i) => i),
    [60 / 2, 2],
    "f32",
  );
  await writeAnnotated(from, to, { obs: { rate }, obsm: { velocity } });
  const again = join(folder, "again.h5ad");
  await writeAnnotated(to, again, { obs: { rate: rate.map((v) => -v) }, obsm: { velocity } });
  for (const [path, sign] of [
    [to, 1],
    [again, -1],
  ] as const) {
    const file = await openAnnotated(path);
    const names = file.obs.columns.map((c) => c.name);
    expect(names).toEqual(["cell", "day", "type", "batch", "rate"]);
    expect(Array.from(file.obs.columns[4].values as Float64Array)).toEqual(Array.from(rate, (v) => sign * v));
    expect((await file.embedding("velocity")).data).toEqual(velocity.data);
    file.close();
  }
});

test("files that are no AnnData are refused with a message", async () => {
  const bad = join(folder, "bad.h5ad");
  await writeFile(bad, "this is no HDF5 file");
  await expect(openAnnotated(bad)).rejects.toThrow(UserError);
  await expect(openAnnotated(join(folder, "missing.h5ad"))).rejects.toThrow(/no such file/);
  const file = await openAnnotated(await make("none.h5ad", { x: "none", embedding: false }));
  await expect(file.expression()).rejects.toThrow(/no matrix X/);
  file.close();
});

test("incomplete and damaged files are refused without HDF5's own messages", async () => {
  const whole = await readFile(await make("whole.h5ad"));
  const short = join(folder, "short.h5ad");
  await writeFile(short, whole.subarray(0, whole.length / 2));
  await expect(openAnnotated(short)).rejects.toThrow(
    expect.objectContaining({ message: "short.h5ad: the file is incomplete or damaged", hint: expect.stringMatching(/copy/) }),
  );
  // what is asked for after a refusal is read as before
  const file = await openAnnotated(join(folder, "whole.h5ad"));
  expect(file.obs.rows).toBe(30);
  file.close();
});

test("a file that keeps HDF5 busy without end is refused when its time is over, and others are read afterwards", async () => {
  const endless = join(folder, "endless.h5ad");
  const below = random(41); // the spoilt file 41 of study/fuzz.ts
  const [sample] = targets.h5ad.samples;
  below(1);
  await writeFile(endless, spoilt(sample, below));
  const refused = {
    message: expect.stringMatching(/endless.h5ad: HDF5 has not come to an end after 1 s/),
    hint: expect.stringMatching(/copy/),
  };
  await expect(openAnnotated(endless, { seconds: 1 })).rejects.toThrow(expect.objectContaining(refused));
  const file = await openAnnotated(await make("after.h5ad"));
  const [genes, pca] = await Promise.all([file.genes(), file.embedding("X_pca")]); // each request gets its own answer
  expect([genes.length, pca.shape]).toEqual([12, [30, 2]]);
  file.close();
  await expect(file.genes()).rejects.toThrow(UserError);
});

test("a file written by AnnData 0.8 itself is read as it was meant", async () => {
  const file = await openAnnotated(join(import.meta.dirname, "fixtures", "anndata-0.8.h5ad"));
  const column = (name: string) => file.obs.columns.find((c) => c.name === name)?.values;
  const cells = Array.from({ length: 48 }, (_, i) => i);
  expect(Array.from(column("day") as Float64Array)).toEqual(cells.map((i) => i % 3));
  expect(column("stage")).toEqual(cells.map((i) => `D${2 * (i % 3)}`));
  expect(column("type")).toEqual(cells.map((i) => (i % 4 === 0 ? null : i % 2 ? "a" : "b")));
  expect(column("sample")).toEqual(cells.map((i) => `s${i % 2}`));
  expect(Array.from(column("kept") as Float64Array)).toEqual(cells.map((i) => (i % 5 > 0 ? 1 : 0)));
  expect(Array.from(column("score") as Float64Array)).toEqual(cells.map((i) => (i % 7 === 0 ? Number.NaN : i)));
  expect(await file.genes()).toEqual(Array.from({ length: 20 }, (_, j) => `gene${j}`));
  const pca = await file.embedding("X_pca");
  expect(pca.shape).toEqual([48, 3]);
  cells.forEach((i) => void expect(pca.data[3 * i]).toBeCloseTo((i % 3) + i / 100, 5));
  const { rows, columns, values } = await file.expression();
  expect([rows, columns]).toEqual([48, 20]);
  expect(values.every((v) => Number.isInteger(v) && v > 0)).toBe(true);
  file.close();
});

test("layers and raw have their own numbers, and raw its own genes", async () => {
  const file = await openAnnotated(await make("layers.h5ad", { others: true }));
  const total = async (layer?: string): Promise<number> => (await file.expression(layer)).values.reduce((a, b) => a + b, 0);
  expect(await total("spliced")).toBe(2 * (await total()));
  expect((await file.expression("raw")).columns).toBe(11);
  const counts = countsOf(layout).filter((_, e) => e % 12 < 11);
  expect(await total("raw")).toBe(3 * counts.reduce((a, b) => a + b, 0));
  const tenth = async (layer?: string): Promise<string> => (await file.genes(layer))[10];
  expect([await tenth(), await tenth("spliced"), await tenth("raw")]).toEqual(["g10", "g10", "r10"]);
  await expect(file.expression("rwa")).rejects.toThrow(/there is no layer "rwa"/);
  file.close();
});
