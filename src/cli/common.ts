/** What every command shares: its options, and how it prints its results. */
import { z } from "zod";

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

/** Prints the results: as the last JSON line, or as lines of text. */
export function printResults(results: Readonly<Record<string, unknown>>, text: readonly string[], json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${text.join("\n")}\n`);
}
