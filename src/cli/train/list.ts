/** `pushforward train optimizers`: what there is, and what each can be told. */
import { describeHyperparameter, type Hyperparameter, optimizerEntry, optimizers } from "../../optim/index.ts";

export function listOptimizers(name: string | undefined): { results: Record<string, unknown>; text: string[] } {
  if (name === undefined) {
    const entries = Object.entries(optimizers);
    return {
      results: Object.fromEntries(entries.map(([key, { title, use, source }]) => [key, { title, use, source }])),
      text: entries.map(([key, { title, use }]) => `${key.padEnd(14)} ${title}: ${use}`),
    };
  }
  const { title, use, source, rate, parameters } = optimizerEntry(name);
  const all: [string, Hyperparameter][] = [["lr", rate], ...Object.entries(parameters)];
  return {
    results: { name, title, use, source, parameters: Object.fromEntries(all) },
    text: [`${title} (${source}): ${use}`, ...all.map(([key, p]) => `  ${key.padEnd(16)} ${describeHyperparameter(p)}`)],
  };
}
