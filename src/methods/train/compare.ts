/** `pushforward train compare`: several optimizers, tuned with equal budgets. */
import { UserError } from "../../errors.ts";
import { divided } from "../../lab/divided.ts";
import type { Finished } from "../../lab/parts.ts";
import { curveFigures, tuningFigure } from "../../training/figures/comparison.ts";
import {
  type ComparedTraining,
  candidateSettings,
  comparisonFindings,
  comparisonLines,
  comparisonTable,
  merged,
  nextTrainings,
  type Progressed,
  parseEntry,
  recommend,
  summarise,
  totalSteps,
  trainOne,
} from "../../training/index.ts";
import { compareOptions, input } from "./options.ts";
import { loadSupervised, prepareTask } from "./task.ts";

export const compare = divided({
  name: "train compare",
  summary: "tune several optimizers with equal budgets, train each with several seeds, test once",
  examples: ["pushforward train compare --data mnist --optimizers sgd,adamw,rf-rmsprop --tune 20 --seeds 3"],
  input,
  options: compareOptions,
  stream: "train",
  metrics: {
    rows: [],
    results: [
      "optimizers.*.test.mean",
      "optimizers.*.test.error",
      "optimizers.*.trainLoss.mean",
      "optimizers.*.trainLoss.error",
      "optimizers.*.behind.difference",
      "optimizers.*.behind.error",
      "optimizers.*.milliseconds",
      "optimizers.*.parameters",
      "optimizers.*.optimizerNumbers",
      "optimizers.*.seeds",
      "optimizers.*.steps",
      "optimizers.*.settings.*",
      "steps",
      "batch",
      "tune",
      "seeds",
    ],
  },

  async load(file, options) {
    const names = options.optimizers.split(",").map((name) => name.trim());
    for (const name of names) parseEntry(name);
    const twice = names.find((n, i) => names.indexOf(n) !== i);
    if (twice) throw new UserError(`--optimizers names ${twice} twice`);
    return { names, read: await loadSupervised(file, options) };
  },

  async prepare({ names, read }, options, { rng }) {
    const { problem, model, steps, batchSize, source, config } = await prepareTask(read, options, rng);
    const { schedule, warmUp, clip, freeze, precision } = options;
    const [tune, seeds] = options.quick ? [Math.min(options.tune, 3), Math.min(options.seeds, 2)] : [options.tune, options.seeds];
    const settings = {
      ...{ budget: { steps, schedule, warmUp }, tune, seeds, batchSize, clip, freeze: freeze?.split(","), precision, model: model.name },
      evaluationRows: 5000,
    };
    return {
      problem: { candidates: candidateSettings(problem, names, rng, settings), problem, model, settings, source },
      source,
      label: `comparing on ${source.title}`,
      folder: `compare-${source.name}-${model.name}`,
      steps: totalSteps(names.length, settings),
      config: { ...config, tune, seeds },
      warnings: source.warnings,
    };
  },

  parts: ({ candidates, problem, settings }, finished: readonly Finished<ComparedTraining, Progressed>[]): readonly ComparedTraining[] =>
    nextTrainings(problem, candidates, settings, merged(finished.map(({ result }) => result))),

  part: (training: ComparedTraining, { problem, model, settings }, { rng, step: tell }): Promise<Progressed | undefined> => {
    let done = 0;
    return trainOne(problem, model.network, training, rng, settings, { step: () => !tell(++done), skip: () => undefined });
  },

  join(parts, { problem, model, settings, source }) {
    const finished = merged(parts.map(({ result }) => result));
    const { score } = problem;
    const summaries = summarise(finished, problem);
    const recommendation = recommend(summaries, score);
    const { tune, seeds, batchSize: batch, budget } = settings;
    return {
      finished,
      title: `Optimizers for ${model.name} on ${source.title}`,
      summary: recommendation,
      numbers: comparisonFindings(summaries, score),
      tables: [comparisonTable(summaries, score, tune)],
      warnings: [],
      results: { model: model.name, steps: budget.steps, batch, tune, seeds, score, optimizers: summaries, recommendation },
      text: () => [...comparisonLines(summaries, score), recommendation],
    };
  },

  figures: ({ finished }, { problem, settings }) => [
    ...curveFigures(finished),
    ...(settings.tune > 1 ? [tuningFigure(finished, problem.score)] : []),
  ],
  files: ({ finished }) => [{ name: "trainings.json", content: JSON.stringify(finished, undefined, 1) }],
});
