/** What a training and a comparison begin with: data with their problem, a network, a budget. */
import type { Random } from "../../array/index.ts";
import { parseTokens, readSupervised } from "../../data/index.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { budgetFor, dataNotes, exampleTask, labelledTextTask, type Task, textTask } from "../../training/index.ts";
import { networkFor } from "../../training/network-file.ts";
import type { TaskOptions } from "./options.ts";

/** What is read: examples, a text, or texts with labels. */
type Read = Awaited<ReturnType<typeof readSupervised>>;

/** @throws UserError */
export const loadSupervised = (file: string | undefined, options: SharedOptions & TaskOptions): Promise<Read> =>
  readSupervised({ ...options, file });

/** @throws UserError  for data, networks and budgets that do not go together */
export async function prepareTask(read: Read, options: SharedOptions & TaskOptions, rng: Random) {
  const { validation, test, trainRows, quick } = options;
  const task = taskOf(read, options, rng.fold("split"), { validation, test, train: trainRows ?? (quick ? 2000 : undefined) });
  const { problem } = task;
  const { batchSize, steps } = budgetFor(problem, { ...options, batchSize: options.batch });
  const model = await networkFor(options.model, problem, options);
  return { task, problem, model, source: dataNotes(task), config: { model: model.name, batch: batchSize, steps }, batchSize, steps };
}

/** Tokens that a language model sees where nothing is said. */
const defaultContext = 64;

function taskOf(read: Read, options: TaskOptions, rng: Random, shares: Parameters<typeof exampleTask>[2]): Task {
  const { classWeights, context, tokens } = options;
  if ("corpus" in read) return textTask(read.corpus, context ?? defaultContext);
  if ("examples" in read) return exampleTask(read.examples, rng, shares, classWeights);
  const size = tokens === undefined ? undefined : parseTokens(tokens);
  return labelledTextTask(read.texts, rng, shares, { tokens: size === "characters" ? undefined : size, length: context }, classWeights);
}
