/** Writes small AnnData files for tests, in the layout of AnnData 0.10. */
import type { Group } from "h5wasm/node";
import { randomStream } from "../../src/array/index.ts";

export interface Layout {
  readonly cells: number;
  readonly genes: number;
  readonly x: "csr" | "csc" | "dense" | "none";
  /** Embedding of two columns: X_pca. */
  readonly embedding?: boolean;
  /** A layer "spliced" of twice the counts, and raw with three times those of all genes but the last. */
  readonly others?: boolean;
  /** Types that the cells have in turn; without it "early" and "late" by day, some missing. */
  readonly types?: readonly string[];
}

/** Counts [cells, genes] of the file: gene j of cell i. Half of the entries are zero; gene 0 grows with the day. */
export function countsOf({ cells, genes }: Layout): Float32Array {
  const u = randomStream(5).uniform([cells * genes], "f64").data;
  return Float32Array.from(u, (v, e) => {
    const [i, j] = [Math.floor(e / genes), e % genes];
    return j === 0 ? 5 + 40 * (i % 3) : v < 0.5 ? 0 : Math.floor(10 * v);
  });
}

export async function writeLayout(path: string, layout: Layout): Promise<void> {
  const { default: h5wasm } = await import("h5wasm/node");
  await h5wasm.ready;
  const { cells, genes } = layout;
  const file = new h5wasm.File(path, "w");
  const obs = file.create_group("obs");
  obs.create_attribute("_index", "cell");
  obs.create_attribute("column-order", ["day", "type", "batch"]);
  obs.create_dataset({ name: "cell", data: Array.from({ length: cells }, (_, i) => `cell${i}`) });
  obs.create_dataset({ name: "day", data: Float64Array.from({ length: cells }, (_, i) => i % 3) });
  const { types } = layout;
  const type = (i: number): number => (types ? i % types.length : i % 3 === 2 ? 1 : i % 7 === 0 ? -1 : 0);
  categorical(
    obs,
    "type",
    types ?? ["early", "late"],
    Int8Array.from({ length: cells }, (_, i) => type(i)),
  );
  obs.create_dataset({ name: "batch", data: Int32Array.from({ length: cells }, (_, i) => i % 2) });
  const vars = file.create_group("var");
  vars.create_attribute("_index", "gene");
  vars.create_dataset({ name: "gene", data: Array.from({ length: genes }, (_, j) => `g${j}`) });
  if (layout.embedding) {
    const z = randomStream(6)
      .normal([cells, 2])
      .data.map((v, e) => 0.3 * v + (e % 2 === 0 ? (e >> 1) % 3 : 0));
    file.create_group("obsm").create_dataset({ name: "X_pca", data: Float32Array.from(z), shape: [cells, 2] });
  }
  const counts = countsOf(layout);
  if (layout.others) {
    const twice = counts.map((v) => 2 * v);
    file.create_group("layers").create_dataset({ name: "spliced", data: twice, shape: [cells, genes] });
    // raw has its own genes, one fewer
    const raw = file.create_group("raw");
    const rawGenes = raw.create_group("var");
    rawGenes.create_attribute("_index", "gene");
    rawGenes.create_dataset({ name: "gene", data: Array.from({ length: genes - 1 }, (_, j) => `r${j}`) });
    const fewer = counts.filter((_, e) => e % genes < genes - 1).map((v) => 3 * v);
    sparse(raw.create_group("X"), fewer, cells, genes - 1, "csr");
  }
  if (layout.x === "dense") file.create_dataset({ name: "X", data: counts, shape: [cells, genes] });
  if (layout.x === "csr" || layout.x === "csc") sparse(file.create_group("X"), counts, cells, genes, layout.x);
  file.close();
}

function categorical(obs: Group, name: string, categories: readonly string[], codes: Int8Array): void {
  const group = obs.create_group(name);
  group.create_attribute("encoding-type", "categorical");
  group.create_dataset({ name: "categories", data: [...categories] });
  group.create_dataset({ name: "codes", data: codes });
}

function sparse(x: Group, counts: Float32Array, rows: number, columns: number, kind: "csr" | "csc"): void {
  const [lines, width] = kind === "csr" ? [rows, columns] : [columns, rows];
  const at = (line: number, k: number): number => (kind === "csr" ? counts[line * columns + k] : counts[k * columns + line]);
  const [data, indices, indptr] = [[] as number[], [] as number[], [0]];
  for (let line = 0; line < lines; line++) {
    for (let k = 0; k < width; k++)
      if (at(line, k) !== 0) {
        data.push(at(line, k));
        indices.push(k);
      }
    indptr.push(data.length);
  }
  x.create_attribute("encoding-type", `${kind}_matrix`);
  x.create_attribute("shape", BigInt64Array.of(BigInt(rows), BigInt(columns)));
  x.create_dataset({ name: "data", data: Float32Array.from(data) });
  x.create_dataset({ name: "indices", data: Int32Array.from(indices) });
  x.create_dataset({ name: "indptr", data: Int32Array.from(indptr) });
}
