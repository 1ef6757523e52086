/** `pushforward train --model gan`: a generative adversarial network. */
import { exportGan, ganFigures, ganLearner, ganModel, ganNotices, ganNumbers, ganResults, ganText } from "../../generative/index.ts";
import { method } from "../../lab/method.ts";
import { withError } from "../../numbers.ts";
import { stateSize } from "../../optim/index.ts";
import { ganOptions, input } from "./options.ts";
import { producer } from "./producer.ts";
import { loadSamples, prepareSamples } from "./samples.ts";

/** Of AdamW: a short memory, since the other network moves the goal. Radford et al., ICLR 2016; their rate is 2e-4, without a penalty. */
const settings = { lr: 1e-3, beta1: 0.5, weightDecay: 0 };

/** Memory of the mean of the generator's parameters: the last thousand steps, a tenth of a short training. */
const averageOf = (steps: number): number => 1 - 1 / Math.min(1000, Math.max(1, steps / 10));

export const trainGan = method({
  name: "train",
  summary: "train a generative adversarial network",
  examples: ["pushforward train --model gan --data mnist --latent 10"],
  input,
  options: ganOptions,
  metrics: {
    rows: ["discriminatorLoss", "generatorLoss", "accuracy", "energyDistance"],
    results: [
      "likeness.score.*",
      "likeness.floor.*",
      "likeness.diversity",
      "likeness.rows",
      "accuracy",
      "lastAccuracy",
      "parameters",
      "latent",
      "steps",
    ],
  },
  load: loadSamples,

  async prepare(examples, options, { rng }) {
    const { latent, network, width, depth, penalty, optimizer: name } = options;
    const { problem, steps, batchSize, optimizer, config, warnings } = prepareSamples(examples, options, rng, settings);
    return {
      problem: {
        ...{ problem, batchSize, name },
        model: ganModel(problem, { latent, network, width, depth }),
        how: { optimizer, batchSize, penalty, average: averageOf(steps) },
      },
      source: examples,
      label: `training gan on ${examples.title}`,
      folder: `${examples.name}-gan-${latent}`,
      steps,
      config,
      warnings,
      evaluateEvery: Math.max(1, Math.ceil(steps / 20)),
      divergedHint: "lower --lr, or raise --penalty",
    };
  },

  learner: ({ problem, model, how }, { rng }) => ganLearner(problem, model, rng.fold("data"), how),

  async conclude({ state, history, steps }, { problem, model, batchSize, name }, learner, { rng }) {
    const { pictures, ...found } = await ganResults(problem, model, learner, state, history, rng.fold("results"));
    const { score } = found.likeness;
    const { latent } = model.options;
    const parameters = stateSize(state.params).numbers;
    return {
      ...{ history, pictures, params: learner.result(state) },
      title: `Generative adversarial network of ${problem.examples.title}`,
      summary:
        `${latent} latent numbers; trained with ${name} for ${steps} steps of ${batchSize} rows. ` +
        `Energy distance of samples and test rows: ${withError(score.mean, score.se)}.`,
      numbers: ganNumbers(found, parameters),
      warnings: ganNotices(found),
      results: { model: "gan", steps, parameters, latent, ...found },
      text: (took: string) => [...ganText(found), `trained in ${took}`],
    };
  },

  figures: ({ history, pictures }, { problem }) => ganFigures(problem, pictures, history),
  files: ({ params }, { problem, model }) => exportGan(problem, model, params, producer()),
});
