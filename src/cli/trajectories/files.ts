/** Files of a run: tables as CSV and Parquet, models as ONNX, and a copy of the h5ad file with the results in it. */

import type { Population } from "../../data/population.ts";
import { type Column, table, uniqueNames } from "../../data/table.ts";
import { writeCsv, writeParquet } from "../../data/write.ts";
import { type openRun, toPng } from "../../lab/index.ts";
import { animatedPng } from "../../plots/index.ts";
import {
  type Animation,
  type Assessment,
  annotations,
  cellsTable,
  exportedModels,
  fatesTable,
  featuresTable,
  type Prepared,
  type Trained,
  trajectoriesTable,
} from "../../transport/index.ts";
import { version } from "../program.ts";

type Run = Awaited<ReturnType<typeof openRun>>;

/** Every table and model of a run, and the copy of the h5ad file. */
export async function writeAll(run: Run, trained: Trained, data: Population, { units }: Prepared, found: Assessment): Promise<void> {
  const { frames, along, fields, fates, density, curves } = found;
  await both(run, "trajectories", trajectoriesTable(data, frames, along));
  await both(run, "cells", cellsTable(data, fields, fates, density));
  await both(run, "features", featuresTable(curves));
  if (fates) await both(run, "fates", fatesTable(fates));
  const labels = { features: data.features, times: data.times, producer: `pushforward ${version()}` };
  for (const [name, content] of exportedModels(trained, units, labels, fields[0])) await run.write(`artifacts/${name}.onnx`, content);
  await writeIntoAnnotated(run.artifact(data.name), data, found);
}

/**
 * As CSV and Parquet. Names of features and groups may be those of our own columns, or differ in case alone, which Parquet's readers do not
 * tell apart.
 */
async function both({ artifact }: Run, name: string, columns: readonly Column[]): Promise<void> {
  const names = uniqueNames(columns.map((c) => c.name));
  const rows = table(
    name,
    columns.map(({ values }, i) => ({ name: names[i], values })),
  );
  await writeCsv(artifact(`${name}.csv`), rows);
  await writeParquet(artifact(`${name}.parquet`), rows);
}

async function writeIntoAnnotated(path: string, data: Population, { fields, fates, density }: Assessment): Promise<void> {
  const { annotated } = data;
  if (!annotated) return;
  const { openAnnotated, writeAnnotated } = await import("../../data/h5ad.ts");
  const file = await openAnnotated(annotated.path);
  const n = file.obs.rows;
  file.close();
  await writeAnnotated(annotated.path, path, annotations(data, n, annotated.rows, fields, fates, density));
}

/** An animated PNG. */
export async function encoded({ pictures, delay, repeats }: Animation): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for (const svg of pictures) all.push(await toPng(svg, 1));
  return animatedPng([...all, ...new Array<Uint8Array>(repeats).fill(all[all.length - 1])], delay);
}
