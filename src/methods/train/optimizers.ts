/** `pushforward train optimizers`: what there is, and what each can be told. */
import { z } from "zod";
import { job, type Outcome } from "../../lab/command.ts";
import { type Hyperparameter, optimizerEntry, optimizers as table } from "../../optim/index.ts";

export const optimizers = job({
  name: "train optimizers",
  summary: "the optimizers, or the hyper-parameters of one",
  arguments: [{ name: "[name]", description: "an optimizer" }],
  examples: ["pushforward train optimizers rf-rmsprop"],
  options: z.object({ json: z.boolean().default(false).describe("print JSON") }),
  run: async ([name]) => (name === undefined ? all() : one(name)),
});

function all(): Outcome {
  const entries = Object.entries(table);
  return {
    results: Object.fromEntries(entries.map(([key, { title, use, source }]) => [key, { title, use, source }])),
    text: entries.map(([key, { title, use }]) => `${key.padEnd(14)} ${title}: ${use}`),
  };
}

function one(name: string): Outcome {
  const { title, use, source, rate, parameters } = optimizerEntry(name);
  const all: [string, Hyperparameter][] = [["lr", rate], ...Object.entries(parameters)];
  return {
    results: { name, title, use, source, parameters: Object.fromEntries(all) },
    text: [`${title} (${source}): ${use}`, ...all.map(([key, p]) => `  ${key.padEnd(16)} ${describe(p)}`)],
  };
}

function describe(p: Hyperparameter): string {
  if (p.kind === "choice") return `${p.meaning}: ${p.choices.join(", ")} (default ${p.default})`;
  if (p.kind === "boolean") return `${p.meaning} (default ${p.default})`;
  const search = p.search ? `; search ${p.search.low} to ${p.search.high}` : "";
  return `${p.meaning} (default ${p.default}${search})`;
}
