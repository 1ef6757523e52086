/** `pushforward train --model vae`: a variational autoencoder. */
import {
  exportVae,
  type VaeOptions,
  type VaeParams,
  vaeFigures,
  vaeLearner,
  vaeModel,
  vaeNotices,
  vaeNumbers,
  vaeResults,
  vaeText,
} from "../../generative/index.ts";
import { method } from "../../lab/method.ts";
import { withError } from "../../numbers.ts";
import { stateSize } from "../../optim/index.ts";
import type { Arrays } from "../../tensor/index.ts";
import { input, vaeOptions } from "./options.ts";
import { producer } from "./producer.ts";
import { loadSamples, prepareSamples } from "./samples.ts";

/** Of AdamW. */
const settings = { lr: 1e-3, weightDecay: 0 };

export const trainVae = method({
  name: "train",
  summary: "train a variational autoencoder",
  examples: ["pushforward train --model vae --data mnist --latent 10", "pushforward train cells.csv --model vae --latent 3 --target type"],
  input,
  options: vaeOptions,
  metrics: {
    rows: ["loss", "reconstruction", "kl", "validationLoss"],
    results: [
      "parts.*.elbo.*",
      "parts.*.reconstruction.*",
      "parts.*.kl.*",
      "parts.*.rows",
      "importance.*",
      "likeness.score.*",
      "likeness.floor.*",
      "likeness.diversity",
      "likeness.rows",
      "active",
      "variance",
      "units.*.kl",
      "units.*.activity",
      "parameters",
      "latent",
      "steps",
      "bestStep",
    ],
  },
  load: loadSamples,

  async prepare(examples, options, { rng }) {
    const { beta, clip, latent, likelihood, variance, fixVariance, network, width, depth, activation, optimizer: name } = options;
    const { problem, steps, batchSize, optimizer, config, warnings } = prepareSamples(examples, options, rng, settings);
    const wanted: VaeOptions = { latent, likelihood, variance, fixedVariance: fixVariance, network, width, depth, activation };
    return {
      problem: {
        problem,
        model: vaeModel(problem, wanted),
        batchSize,
        steps,
        name,
        how: { optimizer, batchSize, beta, clip, evaluationRows: options.quick ? 500 : 2000 },
        most: options.quick ? 1000 : undefined,
      },
      source: examples,
      label: `training vae on ${examples.title}`,
      folder: `${examples.name}-vae-${latent}`,
      steps,
      config,
      warnings,
      evaluateEvery: Math.max(1, Math.ceil(steps / 20)),
      ...(options.patience > 0 && { best: { metric: "validationLoss", patience: options.patience } }),
      divergedHint: "lower --lr, bound the gradient with --clip 10, or begin with a greater --variance",
    };
  },

  learner: ({ problem, model, how }, { rng }) => vaeLearner(problem, model, rng.fold("data"), how),

  async conclude({ state, history, steps: done, bestStep }, { problem, model, batchSize, steps, name, most }, learner, { rng }) {
    const { pictures, ...results } = await vaeResults(problem, model, learner, state, rng.fold("results"), most);
    const { latent, likelihood } = model.options;
    const parameters = stateSize(state.params).numbers;
    const { test } = results.parts;
    return {
      ...{ state, history, bestStep, found: results, pictures },
      title: `Variational autoencoder of ${problem.examples.title}`,
      summary:
        `${latent} latent numbers, ${likelihood === "gaussian" ? "Gaussian" : "Bernoulli"} likelihood; trained with ${name} for ${done} steps of ${batchSize} rows` +
        `${bestStep === undefined ? "" : `; the state of step ${bestStep} is kept`}. ELBO of the test part: ${withError(test.elbo.mean, test.elbo.se)} nats.`,
      numbers: vaeNumbers(results, parameters),
      warnings: vaeNotices(results),
      results: { model: "vae", steps: done, bestStep, parameters, latent, likelihood, ...results },
      text: (took: string) => [
        ...(done < steps
          ? [`stopped after ${done} of ${steps} steps: the validation loss was lowest at step ${bestStep}, which is kept`]
          : []),
        ...vaeText(results),
        `trained in ${took}`,
      ],
    };
  },

  figures: ({ history, bestStep, found, pictures }, { problem }) => vaeFigures(problem, found, pictures, history, bestStep),
  files: ({ state }, { problem, model }) => exportVae(problem, model, state.params as Arrays<VaeParams>, producer()), // what the model's init made
});
