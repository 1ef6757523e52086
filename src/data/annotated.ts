/** Snapshots from an h5ad file: a time column of obs, and an embedding or components of X. */
import { basename } from "node:path";
import type { NdArray } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { type Components, principalComponents, project } from "./components.ts";
import { logNormalise } from "./expression.ts";
import { type Annotated, openAnnotated } from "./h5ad.ts";
import { matrixName } from "./h5ad-layout.ts";
import { type Population, type PopulationOptions, velocityName } from "./population.ts";
import { toSnapshots } from "./snapshots.ts";
import { column, isNumeric, table } from "./table.ts";

/** Components of X where none are in the file. */
const defaultComponents = 50;
/** Components that a motion is learned in unless more are asked for: later ones are mostly noise. */
const usedOfEmbedding = 30;

/**
 * The population of an h5ad file, with the rows of the file that its particles are.
 *
 * @throws UserError
 */
export async function loadAnnotated(path: string, options: PopulationOptions): Promise<Population> {
  if (options.features !== undefined)
    throw new UserError("--features is for tables", "choose coordinates of an h5ad file with --embedding and --components");
  const file = await openAnnotated(path);
  try {
    const { points, names, components, warnings } = await coordinates(basename(path), file, options);
    const [n, d] = points.shape;
    await refuseOtherVelocity(file, basename(path), d);
    const columns = Array.from({ length: d }, (_, j) => ({
      name: names[j],
      values: Float64Array.from({ length: n }, (_v, i) => points.data[i * d + j]),
    }));
    const speeds = options.velocity === undefined ? [] : await velocityColumns(file, options.velocity, d, components !== undefined);
    const wanted = [options.time, options.weight, options.priorGrowth, options.group, options.label].filter((c) => c !== undefined);
    for (const name of wanted) column(file.obs, name);
    const carried = file.obs.columns.filter((c) => !names.includes(c.name));
    const rowName = "row of the file";
    const rows = { name: rowName, values: Array.from({ length: n }, (_, i) => String(i)) };
    const all = table(`${basename(path)}, obs`, [...carried, ...columns, ...speeds, rows]);
    const snapshots = toSnapshots(all, {
      ...options,
      features: names.join(","),
      velocity: speeds.length ? speeds.map((c) => c.name).join(",") : undefined,
      label: rowName,
    });
    const order = (snapshots.labels ?? []).map((list) => list.map(Number));
    const texts = (name: string | undefined): string[][] | undefined => {
      if (name === undefined) return undefined;
      const { values } = column(file.obs, name);
      return order.map((list) => list.map((i) => (isNumeric(values) ? String(values[i]) : (values[i] ?? ""))));
    };
    const name = basename(path);
    return {
      ...snapshots,
      labels: texts(options.label),
      groups: texts(options.group),
      warnings: [...warnings, ...snapshots.warnings],
      ...{ name, title: name, source: path, pathsKnown: false },
      components,
      annotated: { path, rows: order },
    };
  } finally {
    file.close();
  }
}

/** Results of an earlier run can only be replaced by some of the same size: said before the training. */
async function refuseOtherVelocity(file: Annotated, name: string, d: number): Promise<void> {
  if (!file.embeddings.includes(velocityName)) return;
  const [, width] = (await file.embedding(velocityName)).shape;
  if (width !== d)
    throw new UserError(
      `${name}: the "${velocityName}" of an earlier run has ${width} columns, this one would have ${d}`,
      "use the original file",
    );
}

/** The first d columns of a matrix of velocities in obsm. */
async function velocityColumns(
  file: Annotated,
  name: string,
  d: number,
  ofGenes: boolean,
): Promise<{ name: string; values: Float64Array }[]> {
  if (ofGenes)
    throw new UserError(
      `--velocity ${name}: the coordinates are components of X, which velocities in obsm do not belong to`,
      "choose the embedding that they were computed in with --embedding, such as X_pca for velocity_pca",
    );
  const all = await file.embedding(name);
  const [n, width] = all.shape;
  if (width < d) throw new UserError(`--velocity: obsm "${name}" has ${width} columns for ${d} coordinates`, `use --components ${width}`);
  return Array.from({ length: d }, (_, j) => ({
    name: `velocity of coordinate ${j + 1}`,
    values: Float64Array.from({ length: n }, (_v, i) => all.data[i * width + j]),
  }));
}

interface Coordinates {
  readonly points: NdArray<"f32">;
  readonly names: string[];
  readonly components?: Components;
  readonly warnings: string[];
}

async function coordinates(source: string, file: Annotated, { embedding, components, layer }: PopulationOptions): Promise<Coordinates> {
  if (layer !== undefined && embedding !== undefined)
    throw new UserError(`--layer ${layer} and --embedding ${embedding}: coordinates come from one of them`, "leave one out");
  const chosen = embedding ?? (layer === undefined && components === undefined && file.embeddings.includes("X_pca") ? "X_pca" : undefined);
  if (chosen !== undefined) {
    const all = await file.embedding(chosen);
    const count = Math.min(all.shape[1], components ?? usedOfEmbedding);
    return { points: firstColumns(all, count), names: numbered(chosen.replace(/^X_/, "").toUpperCase(), count), warnings: [] };
  }
  const { values, genes, normalised, empty } = logNormalise(await file.expression(layer), undefined, `${source}: ${matrixName(layer)}`);
  const names = await file.genes(layer);
  const count = Math.min(components ?? defaultComponents, values.shape[1] - 1, values.shape[0] - 1);
  if (count < 1) throw new UserError(`${source}: ${matrixName(layer)} has too few cells or genes that vary for components`);
  const pca = { ...(await principalComponents(values, count)), features: Array.from(genes, (g) => names[g]) };
  const share = (100 * pca.explained.reduce((a, b) => a + b, 0)).toFixed(1);
  return {
    points: project(pca, values),
    names: numbered("PC", count),
    components: pca,
    warnings: [
      `${normalised ? `log-normalised counts${layer === undefined ? "" : ` of ${matrixName(layer)}`}` : `values of ${matrixName(layer)} as they are`}, ${genes.length} genes of largest variance, ${count} ` +
        `principal components (${share} % of their variance)`,
      ...(empty > 0 ? [`${empty} cells have no counts: they are at zero in all genes`] : []),
    ],
  };
}

const numbered = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, j) => `${prefix}${j + 1}`);

function firstColumns(x: NdArray<"f32">, count: number): NdArray<"f32"> {
  const [n, d] = x.shape;
  if (count === d) return x;
  const data = new Float32Array(n * count);
  for (let i = 0; i < n; i++) data.set(x.data.subarray(i * d, i * d + count), i * count);
  return { ...x, shape: [n, count], data };
}
