/** `pushforward runs`: what was run, how it went, side by side. */
import { z } from "zod";
import { group, job, type Outcome, type Registered } from "../lab/command.ts";

const output = {
  root: z.string().default("runs").describe("folder below which the runs are"),
  json: z.boolean().default(false).describe("print JSON"),
};
const some = {
  where: z.string().optional().describe('conditions such as "width=32, loss<0.1, status=done"'),
  sort: z.string().optional().describe('column or number to sort by, "-loss" for the largest first (default: newest first)'),
  limit: z.int().min(1).optional().describe("at most so many runs"),
};

const listOptions = { ...output, ...some, columns: z.string().optional().describe('numbers to show, such as "loss,width"') };
const compareOptions = {
  ...output,
  ...some,
  metric: z.string().optional().describe("metrics to compare, with commas (default: all)"),
  out: z.string().optional().describe("folder for the page and the pictures (default: comparison below --root)"),
};
const forkOptions = {
  ...output,
  set: z.string().optional().describe('what is different, such as "learning-rate=0.001,steps=2000"'),
  out: z.string().optional().describe("folder of the new run (default: that of the old one, and -fork)"),
  quiet: z.boolean().default(false).describe("print results only"),
};
const removeOptions = { ...output, yes: z.boolean().default(false).describe("do not ask") };
const exportOptions = {
  ...output,
  ...some,
  out: z.string().describe("file to write: .csv, .parquet or .jsonl, a row for each row of metrics"),
};

type Given<S extends z.ZodRawShape> = z.infer<z.ZodObject<S>>;
export type ListOptions = Given<typeof listOptions>;
export type ShowOptions = Given<typeof output>;
export type CompareOptions = Given<typeof compareOptions>;
export type RemoveOptions = Given<typeof removeOptions>;
export type ExportOptions = Given<typeof exportOptions>;

function about<S extends z.ZodRawShape>(
  name: string,
  summary: string,
  shape: S,
  runs: string | undefined,
  example: string,
  run: (names: readonly string[], options: Given<S>) => Promise<Outcome>,
) {
  const description = "folders of runs, the ends of their paths, or the first letters of their ids";
  return job({
    name: `runs ${name}`,
    summary,
    arguments: runs ? [{ name: runs, description }] : [],
    examples: [`pushforward runs ${example}`],
    options: z.object(shape),
    run,
  });
}

export const runsCommand = (registry: readonly Registered[]) =>
  group({
    name: "runs",
    summary: "list, show, compare, fork, remove and export runs",
    examples: ['pushforward runs list --where "status=done" --sort loss', "pushforward runs compare runs/sweep/* --metric loss"],
    options: z.object({}),
    commands: [
      about("list", "the runs, newest first", listOptions, undefined, "list --where status=done --sort loss", async (_, o) =>
        (await import("./runs/list.ts")).list(o),
      ),
      about("show", "all about one run", output, "<run>", "show gapminder", async ([name], o) =>
        (await import("./runs/show.ts")).show(name, o),
      ),
      about(
        "compare",
        "curves, and a table with mean and standard error over seeds",
        compareOptions,
        "[runs...]",
        'compare --where "command=trajectories" --metric loss',
        async (names, o) => (await import("./runs/compare.ts")).compareRuns(names, o),
      ),
      about(
        "fork",
        "go on from where a run is, with other settings, as a new run",
        forkOptions,
        "<run>",
        "fork gapminder --set steps=2000",
        async ([name], o) => (await import("./runs/show.ts")).fork(name, o, registry),
      ),
      about("rm", "remove runs and their folders", removeOptions, "<runs...>", "rm gapminder --yes", async (names, o) =>
        (await import("./runs/remove.ts")).remove(names, o),
      ),
      about(
        "export",
        "metrics of runs as one table",
        exportOptions,
        "[runs...]",
        "export --where status=done --out metrics.parquet",
        async (names, o) => (await import("./runs/export.ts")).exportRuns(names, o),
      ),
      about("index", "make the index of runs again from the folders", output, undefined, "index", async (_, o) =>
        (await import("./runs/list.ts")).rebuild(o),
      ),
    ],
  });
