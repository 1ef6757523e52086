/** What a training and a comparison begin with. */
import { randomStream } from "../../array/index.ts";
import { readSupervised } from "../../data/index.ts";
import { configure } from "../../tensor/index.ts";
import { budgetFor, dataNotes, exampleTask, textTask } from "../../training/index.ts";
import { networkFor } from "../../training/network-file.ts";
import { version } from "../program.ts";
import type { CompareOptions, TrainOptions } from "../train.ts";

/**
 * Data, network and budget of a training or a comparison, and what its configuration has of them.
 * @throws UserError
 */
export async function prepare(file: string | undefined, options: TrainOptions | CompareOptions) {
  if (options.threads) configure({ threads: options.threads });
  const rng = randomStream(options.seed).fold("train");
  const { validation, test, trainRows, quick, context } = options;
  const read = await readSupervised({ ...options, file });
  const shares = { validation, test, train: trainRows ?? (quick ? 2000 : undefined) };
  const task = "corpus" in read ? textTask(read.corpus, context) : exampleTask(read.examples, rng.fold("split"), shares);
  const { problem } = task;
  const { batchSize: batch, steps } = budgetFor(problem, { ...options, batchSize: options.batch });
  const model = await networkFor(options.model, problem, options);
  const data = dataNotes(task);
  const { out, json, quiet, overwrite, threads, ...chosen } = options;
  const config = { version: version(), dataset: data.name, source: data.source, ...chosen, model: model.name, batch, steps };
  return { rng, task, problem, data, model, config, batch, steps };
}
