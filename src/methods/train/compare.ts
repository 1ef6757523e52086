/** `pushforward train compare`: several optimizers, tuned with equal budgets. */
import { UserError } from "../../errors.ts";
import { experiment, type Workbench } from "../../lab/method.ts";
import { curveFigures, tuningFigure } from "../../training/figures/comparison.ts";
import {
  compareOptimizers,
  comparisonFindings,
  comparisonLines,
  comparisonTable,
  type Progressed,
  parseEntry,
  recommend,
  summarise,
  totalSteps,
} from "../../training/index.ts";
import { compareOptions, input } from "./options.ts";
import { loadSupervised, prepareTask } from "./task.ts";

export const compare = experiment({
  name: "train compare",
  summary: "tune several optimizers with equal budgets, train each with several seeds, test once",
  examples: ["pushforward train compare --data mnist --optimizers sgd,adamw,rf-rmsprop --tune 20 --seeds 3"],
  input,
  options: compareOptions,
  stream: "train",

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
      problem: { names, problem, model, settings, source },
      source,
      label: `comparing on ${source.title}`,
      folder: `compare-${source.name}-${model.name}`,
      steps: totalSteps(names.length, settings),
      config: { ...config, tune, seeds },
      warnings: source.warnings,
    };
  },

  async work({ names, problem, model, settings, source }, { rng, progress, saved, save, interrupted }: Workbench<Progressed>) {
    const line = progress(`comparing on ${source.title}`, totalSteps(names.length, settings));
    let [done, label] = [0, ""];
    const watch = {
      step(now: string) {
        if (now !== label) line.note(now);
        label = now;
        line.update(++done);
        return interrupted();
      },
      skip: (n: number) => line.update((done += n)),
      finished: (progressed: Progressed) => save(progressed.trials.length + progressed.finals.length, progressed),
    };
    const finished = await compareOptimizers(problem, model.network, names, rng, settings, watch, saved);
    line.finish();
    if (finished.stopped) return undefined;
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
