/** `pushforward sweep` and `pushforward worker`. */
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { addOptions, parseOptions } from "./options.ts";
import type { Registered } from "./program.ts";

export const sweepOptions = z.object({
  out: z.string().optional().describe("folder of the sweep (default: runs and the name of the file)"),
  workers: z
    .int()
    .min(1)
    .max(1024)
    .default(Math.max(1, availableParallelism() >> 1))
    .describe("runs at a time, on this machine"),
  queue: z.string().optional().describe("redis://host:port: leave the runs to `pushforward worker`, on any machine"),
  retries: z.int().min(0).max(100).default(2).describe("further attempts for a run that dies"),
  json: z.boolean().default(false).describe("print JSON lines; the last one holds all results"),
  quiet: z.boolean().default(false).describe("print results only"),
});

export const workerOptions = z.object({
  queue: z.string().describe("redis://host:port of the queue"),
  concurrency: z.int().min(1).max(1024).default(1).describe("runs at a time"),
  folder: z.string().default(join(tmpdir(), "pushforward-worker")).describe("where runs are while they are worked on"),
  patience: z.number().min(1).max(3600).default(30).describe("seconds without a sign of life after which another worker takes over"),
  quiet: z.boolean().default(false).describe("say nothing"),
});

export function sweepCommand(commands: () => readonly Registered[]): Command {
  const command = new Command("sweep")
    .description("many runs of a command: a grid, random settings, seeds; successive halving")
    .argument("<file>", "YAML or JSON: command, options, grid, random, seeds, metric, halving")
    .addHelpText("after", example);
  return addOptions(command, sweepOptions).action(async (file: string, given: Record<string, unknown>) => {
    const options = parseOptions(sweepOptions, given);
    const { sweep } = await import("./sweep/run.ts");
    await sweep(file, { ...options, out: options.out ?? join("runs", basename(file).replace(/\.\w+$/, "")) }, commands());
  });
}

export function workerCommand(): Command {
  const command = new Command("worker")
    .description("do runs of sweeps that others have queued, until Ctrl-C")
    .addHelpText("after", "\nExample:\n  pushforward worker --queue redis://10.0.0.5:6379 --concurrency 4");
  return addOptions(command, workerOptions).action(async (given: Record<string, unknown>) => {
    const { queue, concurrency, folder, patience, quiet } = parseOptions(workerOptions, given);
    const [{ work }, { onInterrupt }] = await Promise.all([import("../lab/sweep/worker.ts"), import("../lab/interrupt.ts")]);
    const tell = (message: string) => void (quiet || process.stderr.write(`${message}\n`));
    const interrupt = onInterrupt(() => tell("giving tasks back; press Ctrl-C again to stop at once"));
    await work({ url: queue, concurrency, folder, patience: 1000 * patience, tell }, interrupt.signal);
    interrupt.dispose();
  });
}

const example = `
Example file:
  command: trajectories
  options: { data: gapminder, holdOut: [1970, 1990], steps: 1000 }
  grid: { width: [32, 128] }
  random: { samples: 8, space: { learningRate: { min: 1e-4, max: 1e-2, scale: log } } }
  seeds: 3
  metric: loss
  halving: { factor: 2, min: 250, max: 1000 }

Examples:
  pushforward sweep sweep.yaml --workers 4
  pushforward sweep sweep.yaml --queue redis://10.0.0.5:6379`;
