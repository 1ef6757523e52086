/** `pushforward train optimizers`: what there is, and what each can be told. */
import { z } from "zod";
import { job, type Outcome } from "../../lab/command.ts";
import { describeHyperparameter, type Hyperparameter, optimizerEntry, optimizers as table } from "../../optim/index.ts";

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
    text: [`${title} (${source}): ${use}`, ...all.map(([key, p]) => `  ${key.padEnd(16)} ${describeHyperparameter(p)}`)],
  };
}
