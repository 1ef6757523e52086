/** `pushforward sweep` and `pushforward worker`. */
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { type Command, job, type Outcome, type Registered } from "../lab/command.ts";
import { interruptedExitCode, onInterrupt } from "../lab/interrupt.ts";
import { talkOptions } from "../lab/options.ts";
import { progressMode } from "../lab/progress.ts";
import { exampleSweep } from "../lab/sweep/example.ts";

const sweepOptions = z.object({
  out: z.string().optional().describe("folder of the sweep (default: runs and the name of the file)"),
  workers: z
    .int()
    .min(1)
    .max(1024)
    .default(Math.max(1, availableParallelism() >> 1))
    .describe("runs at a time, on this machine"),
  queue: z.string().optional().describe("redis://host:port: leave the runs to `pushforward worker`, on any machine"),
  retries: z.int().min(0).max(100).default(2).describe("further attempts for a run that dies"),
  ...talkOptions,
});

const workerOptions = z.object({
  queue: z.string().describe("redis://host:port of the queue"),
  concurrency: z.int().min(1).max(1024).default(1).describe("runs at a time"),
  folder: z.string().default(join(tmpdir(), "pushforward-worker")).describe("where runs are while they are worked on"),
  patience: z.number().min(1).max(3600).default(30).describe("seconds without a sign of life after which another worker takes over"),
  quiet: z.boolean().default(false).describe("say nothing"),
});

export const sweepCommand = (registry: readonly Registered[]): Command =>
  job({
    name: "sweep",
    summary: "many runs of a command: grids, random settings, seeds, successive halving",
    description: "many runs of a command: a grid, random settings, seeds; successive halving",
    arguments: [{ name: "<file>", description: "YAML or JSON: command, options, grid, random, seeds, metric, halving" }],
    examples: ["pushforward sweep sweep.yaml --workers 4", "pushforward sweep sweep.yaml --queue redis://10.0.0.5:6379"],
    notes: exampleSweep,
    options: sweepOptions,
    run: ([file], options) => sweep(file, options, registry),
  });

async function sweep(file: string, options: z.infer<typeof sweepOptions>, registry: readonly Registered[]): Promise<Outcome> {
  const [{ optionFactsOf, readSweep }, { runSweep }, { board }, { conclude }] = await Promise.all([
    import("../lab/sweep/read.ts"),
    import("../lab/sweep/sweep.ts"),
    import("../lab/sweep/board.ts"),
    import("../lab/sweep/conclude.ts"),
  ]);
  const { out = join("runs", basename(file).replace(/\.\w+$/, "")), workers, queue, retries } = options;
  const plan = await readSweep(file, registry);
  const facts = await optionFactsOf(plan.command, registry);
  const executor =
    queue === undefined
      ? (await import("../lab/sweep/pool.ts")).localPool(workers, retries)
      : await (await import("../lab/sweep/queue.ts")).queueExecutor(queue, retries);
  const shown = board(progressMode(options), plan.metric);
  const interrupt = onInterrupt();
  try {
    const result = await runSweep(plan, { folder: out, executor, signal: interrupt.signal, facts, changed: shown.changed });
    shown.finish(result.jobs);
    if (!result.cancelled) return await conclude(file, plan, result, out);
    const text = [`stopped; the same command goes on from ${out}`];
    return { results: { sweep: out, interrupted: true }, text, exitCode: interruptedExitCode };
  } finally {
    interrupt.dispose();
    await executor.close();
  }
}

export const workerCommand: Command = job({
  name: "worker",
  summary: "do runs of sweeps that others have queued",
  description: "do runs of sweeps that others have queued, until Ctrl-C",
  examples: ["pushforward worker --queue redis://10.0.0.5:6379 --concurrency 4"],
  options: workerOptions,
  async run(_, { queue, concurrency, folder, patience, quiet }) {
    const { work } = await import("../lab/sweep/worker.ts");
    const tell = (message: string) => void (quiet || process.stderr.write(`${message}\n`));
    const interrupt = onInterrupt(() => tell("giving tasks back; press Ctrl-C again to stop at once"));
    await work({ url: queue, concurrency, folder, patience: 1000 * patience, tell }, interrupt.signal);
    interrupt.dispose();
    return { results: {}, text: [] };
  },
});
