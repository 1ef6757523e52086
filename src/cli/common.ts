/** What every command shares: its options, where its data come from, how it prints its results. */
import { basename } from "node:path";
import { z } from "zod";
import type { Dataset } from "../data/builtin.ts";
import { UserError } from "../errors.ts";

/** Options of every command. */
export const sharedOptions = {
  data: z.string().optional().describe("a built-in data set instead of a file"),
  out: z.string().optional().describe("folder for the results"),
  seed: z.int().min(0).default(0).describe("seed of all random numbers"),
  quick: z.boolean().default(false).describe("a short run, to see whether it works"),
  json: z.boolean().default(false).describe("print JSON lines; the last one holds all results"),
  quiet: z.boolean().default(false).describe("print results only"),
  threads: z.int().min(1).max(1024).optional().describe("threads of the engine (default: physical cores)"),
  overwrite: z.boolean().default(false).describe("begin again even if --out holds another run"),
};

/** How snapshots are taken from a table. */
export const tableOptions = {
  time: z.string().optional().describe("time column (default: time, t, day, year, …)"),
  features: z
    .string()
    .optional()
    .describe('columns such as "a,b,c" or "pc1..pc5" (default: all numeric ones but the other columns named here)'),
  weight: z.string().optional().describe("column of masses"),
  label: z.string().optional().describe("column that names a particle"),
  dropMissing: z.boolean().default(false).describe("leave out rows with missing values"),
};

const inputSchema = z.object({ ...sharedOptions, ...tableOptions });

/**
 * Snapshots from the input file or the built-in data set: exactly one of the two.
 * @throws UserError
 */
export async function loadSnapshots(
  file: string | undefined,
  options: z.infer<typeof inputSchema> & { velocity?: string },
): Promise<Dataset> {
  const { dataset, datasetNames } = await import("../data/builtin.ts");
  if (file !== undefined && options.data !== undefined)
    throw new UserError(`give either a file or --data, not both (${file}, --data ${options.data})`);
  if (options.data !== undefined && options.velocity !== undefined)
    throw new UserError("--velocity: the built-in data sets have no measured velocities", "give a formula with --drift");
  if (options.data !== undefined) return dataset(options.data, { seed: options.seed, particles: options.quick ? 200 : 1000 });
  if (file === undefined)
    throw new UserError("no data: name an input file or a built-in data set", `--data takes ${datasetNames.join(", ")}`);
  const [{ readTable }, { toSnapshots }] = await Promise.all([import("../data/read.ts"), import("../data/snapshots.ts")]);
  const name = basename(file);
  return { ...toSnapshots(await readTable(file), options), name, title: name, source: file, pathsKnown: false };
}

/** Prints the results: as the last JSON line, or as lines of text. */
export function printResults(results: Readonly<Record<string, unknown>>, text: readonly string[], json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${text.join("\n")}\n`);
}
