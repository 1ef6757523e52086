/** `pushforward trajectories`: how a population moves, from unpaired snapshots. */
import { Command } from "commander";
import { z } from "zod";
import { loadSnapshots, printResults, sharedOptions, tableOptions } from "./common.ts";
import { addOptions, parseOptions } from "./options.ts";
import { runTrajectories } from "./trajectories/run.ts";

export const trajectoriesSchema = z.object({
  ...sharedOptions,
  ...tableOptions,
  holdOut: z.string().optional().describe("times to leave out and predict, such as 2 or 1970,1990"),
  objective: z.enum(["flow", "action"]).default("flow").describe("loss: with the velocities of the paths, or from samples alone"),
  coupling: z.enum(["ot", "sinkhorn", "independent"]).default("ot").describe("pairs of neighbouring snapshots"),
  steps: z.int().min(1).max(10_000_000).default(3000).describe("optimizer steps"),
  batch: z.int().min(2).max(1_000_000).default(256).describe("rows a step"),
  learningRate: z.number().positive().default(1e-3).describe("peak learning rate"),
  layers: z.int().min(1).max(20).default(3).describe("hidden layers"),
  width: z.int().min(1).max(4096).default(128).describe("width of the hidden layers"),
});

export type TrajectoriesOptions = z.infer<typeof trajectoriesSchema>;

export function trajectoriesCommand(): Command {
  const command = new Command("trajectories")
    .description("learn how a population moves from unpaired snapshots, and predict held-out times")
    .argument("[file]", "CSV, TSV, Parquet, JSON or NPZ with a time column; or give --data")
    .addHelpText(
      "after",
      "\nExamples:\n  pushforward trajectories --data gapminder --hold-out 1970,1990\n  pushforward trajectories cells.csv --time day --features pc1..pc5 --hold-out 2 --out runs/cells",
    );
  return addOptions(command, trajectoriesSchema).action(async (file: string | undefined, given: Record<string, unknown>) => {
    const options = parseOptions(trajectoriesSchema, given);
    const data = await loadSnapshots(file, options);
    const { results, text } = await runTrajectories(data, options);
    printResults(results, text, options.json);
  });
}
