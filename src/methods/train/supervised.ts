/** `pushforward train` of a network that predicts: a network, data and an optimizer. */
import { randomStream } from "../../array/index.ts";
import { method } from "../../lab/method.ts";
import { formatNumber } from "../../numbers.ts";
import { warningsFor } from "../../optim/index.ts";
import { lossFigure } from "../../training/figures/loss.ts";
import { predictionFigures } from "../../training/figures/outputs.ts";
import {
  baselineNotice,
  baselineOf,
  type ClassScores,
  classScores,
  countNumbers,
  exportLanguageModel,
  exportModel,
  exportWeights,
  fallbackNotice,
  lossTerms,
  type OptimizerSettings,
  optimizerOf,
  type Part,
  type Problem,
  parseSettings,
  predictions,
  predictionTable,
  type Scores,
  sampleText,
  scoreName,
  settingsFor,
  skippedNotice,
  supervisedLearner,
  type TextMistake,
  textMistakes,
  trainingFindings,
} from "../../training/index.ts";
import { compare } from "./compare.ts";
import { optimizers } from "./optimizers.ts";
import { input, trainOptions } from "./options.ts";
import { producer } from "./producer.ts";
import { loadSupervised, prepareTask } from "./task.ts";

export const trainSupervised = method({
  name: "train",
  summary: "train a network with any optimizer, and compare optimizers honestly",
  description: "train a network with any optimizer, or a generative model",
  examples: [
    "pushforward train --data mnist --optimizer rf-rmsprop",
    "pushforward train wine.csv --target quality --task numbers --out runs/wine",
    "pushforward train book.txt --optimizer if-shampoo --set damping=1e-4,precondEvery=2",
    "pushforward train --model vae --data mnist --latent 10",
  ],
  input,
  options: trainOptions,
  commands: [compare, optimizers],
  metrics: {
    rows: ["loss", "validationLoss", "validationScore"],
    results: [
      "train.loss",
      "train.score",
      "validation.loss",
      "validation.score",
      "test.loss",
      "test.score",
      "baseline.score",
      "balancedAccuracy",
      "f1",
      "auc",
      "calibrationError",
      "parameters",
      "optimizerNumbers",
      "steps",
      "bestStep",
    ],
  },
  load: loadSupervised,

  async prepare(read, options, { rng }) {
    const prepared = await prepareTask(read, options, rng);
    const { task, problem, model, steps, batchSize, source, config } = prepared;
    const { optimizer: name, schedule, warmUp, clip, freeze, precision } = options;
    const settings: OptimizerSettings = {
      ...settingsFor(name, problem, model.name, precision),
      ...(options.set ? parseSettings(name, options.set) : {}),
      ...(options.lr === undefined ? {} : { lr: options.lr }),
    };
    const advice = warningsFor({ name, settings, batchSize, terms: lossTerms(problem, batchSize), constantRate: schedule === "constant" });
    return {
      problem: {
        ...{ task, problem, model, source, steps, batchSize, optimizer: name, settings },
        how: {
          optimizer: optimizerOf(name, settings, { steps, schedule, warmUp }),
          ...{ batchSize, clip, freeze: freeze?.split(","), precision, evaluationRows: evaluationRows(problem) },
        },
      },
      source,
      label: `training ${model.name} on ${source.title}`,
      folder: `${source.name}-${model.name}-${name}`,
      steps,
      config: { ...config, settings },
      warnings: [...source.warnings, ...advice],
      evaluateEvery: Math.max(1, Math.ceil(steps / 20)),
      ...(options.patience > 0 && { best: { metric: "validationLoss", patience: options.patience } }),
      divergedHint: "lower --lr, or bound the gradient with --clip 1",
    };
  },

  learner: ({ problem, model, how }, { rng }) => supervisedLearner(problem, model.network, rng.fold("order"), how),

  async conclude(
    { state, history, steps: done, bestStep },
    { task, problem, model, source, steps, batchSize, optimizer, settings },
    trainer,
  ) {
    const [train, validation, test] = await Promise.all([
      trainer.score(state, "train"),
      trainer.score(state, "validation"),
      trainer.score(state, "test"),
    ]);
    const outputs = "corpus" in task ? undefined : { task, predictions: await predictions(task, trainer, state) };
    const baseline = baselineOf(task);
    const classes = outputs?.task.examples.classes && classScores(outputs.task.examples.classes, outputs.predictions);
    const numbers = { parameters: countNumbers(state.params), optimizerNumbers: countNumbers(state.optimizer) };
    const scores = { train, validation, test };
    const scored = scoreName(problem);
    const sample = "corpus" in task && (await sampleText(task.corpus, trainer, state, problem.input[0], randomStream(0).fold("text")));
    return {
      ...{ state, history, bestStep },
      outputs,
      title: `${model.name} on ${source.title}`,
      summary:
        `Trained with ${optimizer} for ${done} steps of ${batchSize} examples` +
        `${bestStep === undefined ? "" : `; the state of step ${bestStep} is kept`}. ` +
        `${capital(scored)} on the test part: ${formatNumber(test.score)}.`,
      numbers: trainingFindings(problem, { ...scores, ...numbers, baseline, classes }),
      tables: [...(sample ? [textTable(sample)] : []), ...(outputs ? mistakesTable(textMistakes(outputs.task, outputs.predictions)) : [])],
      warnings: [
        ...skippedNotice(state),
        ...baselineNotice(problem, test, baseline),
        ...fallbackNotice(trainer.layers(state), settings.tables === true),
      ],
      results: { model: model.name, optimizer, steps: done, bestStep, ...numbers, score: problem.score, ...scores, baseline, ...classes },
      text: (took: string) => [
        ...(done < steps
          ? [`stopped after ${done} of ${steps} steps: the validation loss was lowest at step ${bestStep}, which is kept`]
          : []),
        `${scored}: ${scoresText(scores)}`,
        `baseline: ${formatNumber(baseline.score)} (${baseline.name})${classes ? classText(classes) : ""}`,
        `loss${problem.kind === "text" ? " (nats a token)" : ""}: test ${formatNumber(test.loss)}, training part ${formatNumber(train.loss)}`,
        `trained in ${took}`,
      ],
    };
  },

  figures: async ({ history, outputs, bestStep }) => [
    lossFigure(history, bestStep),
    ...(outputs ? await predictionFigures(outputs.task, outputs.predictions) : []),
  ],
  files: ({ state, outputs }, { task, model }) => [
    { name: "model.onnx", content: exportModel(task, model.network, state, producer()) },
    { name: "weights.safetensors", content: exportWeights(state) },
    ...("corpus" in task ? languageModelFile(exportLanguageModel(task, model.network, state)) : []),
    ...(outputs ? [{ name: "predictions.csv", columns: predictionTable(outputs.task, outputs.predictions).columns }] : []),
  ],
});

const languageModelFile = (content: Uint8Array | undefined) => (content ? [{ name: "language-model.safetensors", content }] : []);

/** Examples of one validation: 2000, or windows of 131,072 tokens where these are fewer. */
const evaluationRows = ({ kind, input }: Problem): number => Math.min(2000, kind === "text" ? Math.ceil(2 ** 17 / input[0]) : 2000);

const scoresText = ({ train, validation, test }: Record<Part, Scores>): string =>
  `test ${formatNumber(test.score)}, validation ${formatNumber(validation.score)}, training part ${formatNumber(train.score)}`;

const classText = ({ balancedAccuracy, f1, auc, calibrationError }: ClassScores): string =>
  `; balanced accuracy ${formatNumber(balancedAccuracy)}, F1 ${formatNumber(f1)}${auc === undefined ? "" : `, AUC ${formatNumber(auc)}`}` +
  `, calibration error ${formatNumber(calibrationError)}`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const mistakesTable = (mistakes: readonly TextMistake[]) =>
  mistakes.length === 0
    ? []
    : [
        {
          title: "Surest mistakes",
          columns: ["text", "it says", "truth"],
          rows: mistakes.map(({ text, guess, probability, truth }) => [text, `${guess} ${Math.round(100 * probability)} %`, truth]),
          caption: "Test texts, as far as they are read, that the network puts into a wrong class with the highest probability.",
        },
      ];

const textTable = (text: string) => ({
  title: "Text written by the network",
  columns: [""],
  rows: [[text]],
  caption: "The network continues the first characters of the validation part; each token is drawn from its probabilities.",
});
