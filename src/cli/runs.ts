/** `pushforward runs`: what was run, how it went, side by side. */
import { Command } from "commander";
import { z } from "zod";
import { addOptions, parseOptions } from "./options.ts";

const output = {
  root: z.string().default("runs").describe("folder below which the runs are"),
  json: z.boolean().default(false).describe("print JSON"),
};
const some = {
  where: z.string().optional().describe('conditions such as "width=32, loss<0.1, status=done"'),
  sort: z.string().optional().describe('column or number to sort by, "-loss" for the largest first (default: newest first)'),
  limit: z.int().min(1).optional().describe("at most so many runs"),
};

export const listSchema = z.object({
  ...output,
  ...some,
  columns: z.string().optional().describe('numbers to show, such as "loss,width"'),
});
export const showSchema = z.object(output);
export const compareSchema = z.object({
  ...output,
  ...some,
  metric: z.string().optional().describe("metrics to compare, with commas (default: all)"),
  out: z.string().optional().describe("folder for the page and the pictures (default: comparison below --root)"),
});
export const removeSchema = z.object({ ...output, yes: z.boolean().default(false).describe("do not ask") });
export const exportSchema = z.object({
  ...output,
  ...some,
  out: z.string().describe("file to write: .csv, .parquet or .jsonl, a row for each row of metrics"),
});
export const indexSchema = z.object(output);

export function runsCommand(): Command {
  const runs = new Command("runs")
    .description("list, show, compare, remove and export runs")
    .addHelpText(
      "after",
      '\nExamples:\n  pushforward runs list --where "status=done" --sort loss\n  pushforward runs compare runs/sweep/* --metric loss',
    );
  const add = <S extends z.ZodObject>(
    name: string,
    description: string,
    schema: S,
    names: string | undefined,
    run: (names: string[], options: z.infer<S>) => Promise<void>,
    example: string,
  ) => {
    const command = new Command(name).description(description).addHelpText("after", `\nExample:\n  pushforward runs ${example}`);
    if (names) command.argument(names, "folders of runs, the ends of their paths, or the first letters of their ids");
    addOptions(command, schema).action(async (...args: unknown[]) => {
      const [given, flags] = names ? args : [[], args[0]];
      await run([given].flat() as string[], parseOptions(schema, flags as Record<string, unknown>));
    });
    runs.addCommand(command);
  };
  add(
    "list",
    "the runs, newest first",
    listSchema,
    undefined,
    async (_, o) => (await import("./runs/list.ts")).list(o),
    "list --where status=done --sort loss",
  );
  add("show", "all about one run", showSchema, "<run>", async ([n], o) => (await import("./runs/show.ts")).show(n, o), "show gapminder");
  add(
    "compare",
    "curves, and a table with mean and standard error over seeds",
    compareSchema,
    "[runs...]",
    async (n, o) => (await import("./runs/compare.ts")).compareRuns(n, o),
    'compare --where "command=trajectories" --metric loss',
  );
  add(
    "rm",
    "remove runs and their folders",
    removeSchema,
    "<runs...>",
    async (n, o) => (await import("./runs/remove.ts")).remove(n, o),
    "rm gapminder --yes",
  );
  add(
    "export",
    "metrics of runs as one table",
    exportSchema,
    "[runs...]",
    async (n, o) => (await import("./runs/export.ts")).exportRuns(n, o),
    "export --where status=done --out metrics.parquet",
  );
  add(
    "index",
    "make the index of runs again from the folders",
    indexSchema,
    undefined,
    async (_, o) => (await import("./runs/list.ts")).rebuild(o),
    "index",
  );
  return runs;
}
