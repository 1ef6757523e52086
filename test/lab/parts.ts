/** A method that splits: sums of squares, two rounds of them. Begun as a program it is a command that workers can be given. */
import { appendFileSync, existsSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { run } from "../../src/cli/program.ts";
import { UserError } from "../../src/errors.ts";
import { divided } from "../../src/lab/index.ts";
import type { Finished } from "../../src/lab/parts.ts";
import { until } from "./appears.ts";

interface Square {
  readonly name: string;
  readonly steps: number;
  readonly of: number;
}

export const squares = divided({
  name: "squares",
  summary: "squares, and the squares of those",
  examples: ["pushforward squares --count 3"],
  input: { name: "[file]", description: "none is needed" },
  options: z.object({
    count: z.int().min(1).default(3).describe("how many"),
    bad: z.int().optional().describe("one that fails"),
    gate: z.string().optional().describe("a file without which the second part does not end"),
    trail: z.string().optional().describe("where each part that is worked on leaves its name"),
  }),
  metrics: { rows: [], results: ["total", "parts.**"] },
  load: async () => ({ name: "numbers", title: "numbers", source: "arithmetic" }),
  prepare: async (source, { count, bad, gate, trail }) => ({
    ...{ problem: { count, bad, gate, trail }, source, label: "squaring", folder: "squares", steps: 4 * count, config: {}, warnings: [] },
  }),
  parts: ({ count }, finished: readonly Finished<Square, number>[]): readonly Square[] => {
    const first = Array.from({ length: count }, (_, i) => ({ name: `first-${i}`, steps: 2, of: i + 0.1 }));
    return finished.length < count
      ? first
      : [...first, ...finished.slice(0, count).map(({ result }, i) => ({ name: `second-${i}`, steps: 2, of: result }))];
  },
  async part({ name, of }, { bad, gate, trail }, { rng, step }) {
    if (trail) appendFileSync(trail, `${name}\n`);
    if (gate && name === "first-1") await until(dirname(gate), () => existsSync(gate));
    if (name === `first-${bad}`) throw new UserError(`${of} is bad`, "choose another");
    if (!step(1, { of }) || !step(2)) return undefined;
    return of * of + rng.fold(name).uniform([1], "f64").data[0];
  },
  join: (finished) => {
    const total = finished.reduce((sum, { result }) => sum + result, 0);
    return {
      ...{ title: "Squares", summary: `They sum to ${total}.`, numbers: [{ name: "sum", value: total }], warnings: [] },
      results: { total, parts: finished },
      text: () => [`the sum is ${total}`],
    };
  },
  figures: () => [],
});

if (process.argv[1]?.endsWith("parts.ts"))
  process.exitCode = await run(process.argv.slice(2), [{ name: "squares", summary: squares.summary, load: async () => squares }]);
