/** What a training and a comparison begin with: data with their problem, a network, a budget. */
import type { Random } from "../../array/index.ts";
import { readSupervised, type SupervisedData } from "../../data/index.ts";
import type { SharedOptions } from "../../lab/options.ts";
import { budgetFor, dataNotes, exampleTask, textTask } from "../../training/index.ts";
import { networkFor } from "../../training/network-file.ts";
import type { TaskOptions } from "./options.ts";

/** @throws UserError */
export const loadSupervised = (file: string | undefined, options: SharedOptions & TaskOptions): Promise<SupervisedData> =>
  readSupervised({ ...options, file });

/** @throws UserError  for data, networks and budgets that do not go together */
export async function prepareTask(read: SupervisedData, options: SharedOptions & TaskOptions, rng: Random) {
  const { validation, test, trainRows, quick, context } = options;
  const shares = { validation, test, train: trainRows ?? (quick ? 2000 : undefined) };
  const task =
    "corpus" in read ? textTask(read.corpus, context) : exampleTask(read.examples, rng.fold("split"), shares, options.classWeights);
  const { problem } = task;
  const { batchSize, steps } = budgetFor(problem, { ...options, batchSize: options.batch });
  const model = await networkFor(options.model, problem, options);
  return { task, problem, model, source: dataNotes(task), config: { model: model.name, batch: batchSize, steps }, batchSize, steps };
}
