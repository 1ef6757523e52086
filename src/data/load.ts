/** Snapshots and populations from any file that the commands read. */
import { basename } from "node:path";
import { ndarray } from "../array/index.ts";
import { UserError } from "../errors.ts";
import type { Dataset } from "./builtin.ts";
import { principalComponents, project } from "./components.ts";
import type { Population, PopulationOptions, SnapshotSource } from "./population.ts";

/**
 * Snapshots from a file or a built-in data set: exactly one of the two.
 *
 * @throws UserError
 */
export async function loadSnapshots(file: string | undefined, options: SnapshotSource): Promise<Dataset> {
  const { dataset, datasetNames } = await import("./builtin.ts");
  if (file !== undefined && options.data !== undefined)
    throw new UserError(`give either a file or --data, not both (${file}, --data ${options.data})`);
  if (options.data !== undefined && options.velocity !== undefined)
    throw new UserError("--velocity: the built-in data sets have no measured velocities", "give a formula with --drift");
  if (options.data !== undefined && (options.decimal || options.missing))
    throw new UserError("--decimal and --missing are for text files", "the built-in data sets need neither");
  if (options.data !== undefined && options.priorGrowth !== undefined)
    throw new UserError("--prior-growth: the built-in data sets have no column of growth rates", "leave it out");
  if (options.data !== undefined) return dataset(options.data, { seed: options.seed, particles: options.quick ? 200 : 1000 });
  if (file === undefined)
    throw new UserError("no data: name an input file or a built-in data set", `--data takes ${datasetNames.join(", ")}`);
  const [{ readTable }, { toSnapshots }] = await Promise.all([import("./read.ts"), import("./snapshots.ts")]);
  const name = basename(file);
  return { ...toSnapshots(await readTable(file, options), options), name, title: name, source: file, pathsKnown: false };
}

/** Largest number of features without --components. */
const mostFeatures = 500;

/**
 * The population of a file (tables, NPZ, h5ad) or of a built-in data set.
 *
 * @throws UserError  for files and options that do not fit, and for more features than a motion can be learned in
 */
export async function loadPopulation(file: string | undefined, options: PopulationOptions): Promise<Population> {
  const data = withAllGroups(await read(file, options));
  if (options.components === undefined) {
    if (data.features.length > mostFeatures)
      throw new UserError(
        `${data.name}: ${data.features.length} features are too many to learn a motion in`,
        "use --components 50 to replace them by principal components, or choose some with --features",
      );
    return data;
  }
  if (data.components || data.annotated) return data; // an h5ad file has been cut to them
  if (options.components >= data.features.length)
    throw new UserError(`--components ${options.components}: ${data.name} has only ${data.features.length} features`);
  return reduced(data, options.components);
}

async function read(file: string | undefined, options: PopulationOptions): Promise<Population> {
  if (file?.toLowerCase().endsWith(".h5ad")) {
    if (options.decimal || options.missing) throw new UserError(`${file}: --decimal and --missing are for text files`);
    const { loadAnnotated } = await import("./annotated.ts");
    return loadAnnotated(file, options);
  }
  if (options.layer !== undefined) throw new UserError("--layer is for h5ad files", "name columns with --features");
  if (options.embedding !== undefined) throw new UserError("--embedding is for h5ad files", "name columns with --features");
  // a group is a label that several particles share
  const { group, label, ...rest } = options;
  if (group !== undefined && label !== undefined) throw new UserError("give --group or --label, not both");
  const data = await loadSnapshots(file, { ...rest, label: group ?? label });
  return group === undefined ? data : { ...data, groups: data.labels, labels: undefined };
}

/** Particles without a group are a group of their own. */
function withAllGroups(data: Population): Population {
  // an empty field, or what a missing number becomes as text
  const missing = (group: string): boolean => /^\s*(nan)?\s*$/i.test(group);
  const count = (data.groups ?? []).flat().filter(missing).length;
  if (count === 0) return data;
  return {
    ...data,
    groups: data.groups?.map((groups) => groups.map((group) => (missing(group) ? "unassigned" : group))),
    warnings: [...data.warnings, `${count} ${count === 1 ? "particle has" : "particles have"} no group: "unassigned"`],
  };
}

/** The same population in its principal components. */
async function reduced(data: Population, count: number): Promise<Population> {
  const d = data.features.length;
  const all = ndarray(
    Float32Array.from(data.snapshots.flatMap((s) => Array.from(s.data))),
    [data.snapshots.reduce((n, s) => n + s.shape[0], 0), d],
    "f32",
  );
  const components = { ...(await principalComponents(all, count)), features: data.features };
  return {
    ...data,
    snapshots: data.snapshots.map((s) => project(components, s)),
    ...(data.velocities && { velocities: data.velocities.map((v) => project({ ...components, mean: new Float64Array(d) }, v)) }),
    features: Array.from({ length: count }, (_, j) => `PC${j + 1}`),
    components,
    truth: undefined,
    warnings: [
      ...data.warnings,
      `${d} features replaced by ${count} principal components, ` +
        `${(100 * components.explained.reduce((a, b) => a + b, 0)).toFixed(1)} % of the variance`,
    ],
  };
}
