/** Files of a run: tables as CSV and Parquet, models as ONNX, and a copy of the h5ad file with the results in it. */
import type { Population } from "../../data/population.ts";
import { type Column, uniqueNames } from "../../data/table.ts";
import type { Artifact } from "../../lab/artifact.ts";
import { version } from "../../lab/invocation.ts";
import {
  type Assessment,
  annotations,
  cellsTable,
  exportedModels,
  fatesTable,
  featuresTable,
  type Lineage,
  lineageTable,
  type MovedPopulation,
  type PreparedPopulation,
  type TrainedModel,
  trajectoriesTable,
  transitionsTable,
} from "../../transport/index.ts";

export function* filesOf(
  trained: TrainedModel,
  data: Population,
  { units }: PreparedPopulation,
  found: Assessment,
  lineage?: Lineage,
): Iterable<Artifact> {
  const { frames, along, fields, fates, density, curves } = found;
  yield* both("trajectories", trajectoriesTable(data, frames, along));
  yield* both("cells", cellsTable(data, fields, fates, density));
  yield* both("features", featuresTable(curves));
  if (fates) yield* both("fates", fatesTable(fates));
  if (lineage) {
    yield* both("transitions", transitionsTable(found.transitions));
    yield* both("lineage", lineageTable(data, lineage.groups, found.transitions));
  }
  const labels = { features: data.features, times: data.times, producer: `pushforward ${version()}` };
  for (const [name, content] of exportedModels(trained, units, labels, fields[0])) yield { name: `${name}.onnx`, content };
  const { annotated } = data;
  if (annotated) yield { name: data.name, write: (path) => writeIntoAnnotated(path, annotated, data, found) };
}

/** Particles of another population in time. */
export const populationFiles = (data: Population, { frames, along }: MovedPopulation): Artifact[] =>
  both("population", trajectoriesTable({ ...data, labels: undefined, weights: undefined }, frames, along));

/**
 * As CSV and Parquet. Names of features and groups may be those of our own columns, or differ in case alone, which Parquet's readers do not
 * tell apart.
 */
function both(name: string, given: readonly Column[]): Artifact[] {
  const names = uniqueNames(given.map((c) => c.name));
  const columns = given.map(({ values }, i) => ({ name: names[i], values }));
  return [".csv", ".parquet"].map((ending) => ({ name: name + ending, columns }));
}

async function writeIntoAnnotated(
  path: string,
  annotated: NonNullable<Population["annotated"]>,
  data: Population,
  { fields, fates, density }: Assessment,
): Promise<void> {
  const { openAnnotated, writeAnnotated } = await import("../../data/h5ad.ts");
  const file = await openAnnotated(annotated.path);
  const n = file.obs.rows;
  file.close();
  await writeAnnotated(annotated.path, path, annotations(data, n, annotated.rows, fields, fates, density));
}
