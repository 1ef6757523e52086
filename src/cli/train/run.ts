/** One training, from the data to the report. */
import { join } from "node:path";
import { randomStream } from "../../array/index.ts";
import { writeCsv } from "../../data/index.ts";
import { openRun, progress, progressMode, publish, type ReportTable, runMethod } from "../../lab/index.ts";
import { duration, formatNumber } from "../../numbers.ts";
import { warningsFor } from "../../optim/index.ts";
import type { Figure } from "../../plots/index.ts";
import { lossFigure } from "../../training/figures/loss.ts";
import { predictionFigures } from "../../training/figures/outputs.ts";
import {
  countNumbers,
  exportModel,
  exportWeights,
  fallbackNotice,
  type OptimizerSettings,
  optimizerOf,
  parseSettings,
  predictions,
  predictionTable,
  type SupervisedLearner,
  type SupervisedState,
  sampleText,
  scoreName,
  settingsFor,
  supervisedLearner,
  type Task,
  trainingFindings,
} from "../../training/index.ts";
import { version } from "../program.ts";
import type { TrainOptions } from "../train.ts";
import { prepare } from "./load.ts";

const divergedHint = "lower --lr, or bound the gradient with --clip 1";

/** @throws UserError */
export async function train(
  file: string | undefined,
  options: TrainOptions,
): Promise<{ results: Record<string, unknown>; text: string[] }> {
  const started = performance.now();
  const prepared = await prepare(file, options);
  const { rng, task, problem, model, steps, batch } = prepared;
  const { name, title, source, warnings: ofData } = prepared.data;
  const settings: OptimizerSettings = {
    ...settingsFor(options.optimizer, problem),
    ...(options.set ? parseSettings(options.optimizer, options.set) : {}),
    ...(options.lr === undefined ? {} : { lr: options.lr }),
  };
  const config = { command: "train", ...prepared.config, settings };
  const folder = options.out ?? join("runs", `${name}-${model.name}-${options.optimizer}`.replace(/[^\w.-]+/g, "-"));
  const optimizer = optimizerOf(options.optimizer, settings, { steps, schedule: options.schedule, warmUp: options.warmUp });
  const advice = warningsFor({
    name: options.optimizer,
    settings,
    batchSize: batch,
    constantRate: options.schedule === "constant",
  });
  const run = await openRun(folder, config, { overwrite: options.overwrite });
  try {
    const trainer = supervisedLearner(problem, model.network, rng.fold("order"), {
      optimizer,
      batchSize: batch,
      clip: options.clip,
      freeze: options.freeze?.split(","),
      precision: options.precision,
      evaluationRows: 2000,
    });
    const line = progress({
      label: `training ${model.name} on ${title}`,
      total: steps,
      start: run.checkpoint?.step,
      mode: progressMode(options),
    });
    for (const text of advice) line.note(`note: ${text}`);
    const evaluateEvery = Math.max(1, Math.ceil(steps / 10));
    const { state, history, interrupted } = await runMethod<SupervisedState>(trainer, run, {
      steps,
      rng,
      progress: line,
      evaluateEvery,
      divergedHint,
    });
    if (interrupted) {
      process.exitCode = 130;
      return { results: { run: folder, interrupted: true }, text: [`stopped; the same command goes on from ${folder}`] };
    }
    const [fit, validation, test] = await Promise.all([
      trainer.score(state, "train"),
      trainer.score(state, "validation"),
      trainer.score(state, "test"),
    ]);
    const parameters = countNumbers(state.params);
    const warnings = [...ofData, ...advice, ...fallbackNotice(trainer.layers(state))];
    const results = {
      run: folder,
      model: model.name,
      optimizer: options.optimizer,
      steps,
      parameters,
      optimizerNumbers: countNumbers(state.optimizer),
      score: problem.score,
      train: fit,
      validation,
      test,
      seconds: (performance.now() - started) / 1000,
      warnings,
    };
    await run.write("artifacts/model.onnx", exportModel(task, model.network, state, `pushforward ${version()}`));
    await run.write("artifacts/weights.safetensors", exportWeights(state));
    const { figures, tables } = await show(task, trainer, state, run.artifact);
    figures.unshift(lossFigure(history));
    const scored = scoreName(problem);
    await publish(run, {
      title: `${model.name} on ${title}`,
      summary:
        `Trained with ${options.optimizer} for ${steps} steps of ${batch} examples. ` +
        `${capital(scored)} on the test part: ${formatNumber(test.score)}.`,
      numbers: trainingFindings(problem, results),
      tables,
      figures,
      warnings,
      config,
      command: command(file, options),
      provenance: { version: version(), data: source, "time taken": duration(results.seconds) },
    });
    await run.complete(results);
    // the advice was given before the training
    return { results, text: summary({ ...results, warnings: warnings.filter((w) => !advice.includes(w)) }, scored) };
  } finally {
    await run.close();
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What the network does with the test part: a file, pictures, tables. */
async function show(
  task: Task,
  trainer: SupervisedLearner,
  state: SupervisedState,
  artifact: (name: string) => string,
): Promise<{ figures: Figure[]; tables: ReportTable[] }> {
  if ("corpus" in task) {
    const text = await sampleText(task.corpus, trainer, state, task.problem.input[0], randomStream(0).fold("text"));
    const caption = "The network continues the first characters of the validation part; each character is drawn from its probabilities.";
    return { figures: [], tables: [{ title: "Text written by the network", columns: [""], rows: [[text]], caption }] };
  }
  const outputs = await predictions(task, trainer, state);
  await writeCsv(artifact("predictions.csv"), predictionTable(task, outputs));
  return { figures: await predictionFigures(task, outputs), tables: [] };
}

/** The command line that repeats a run. */
export function command(file: string | undefined, options: Readonly<Record<string, unknown>>, name = "train"): string {
  const flags = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false || key === "json" || key === "quiet" || key === "overwrite") return [];
    const flag = `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    return value === true ? [flag] : [`${flag} ${value}`];
  });
  return [`pushforward ${name}`, ...(file === undefined ? [] : [file]), ...flags].join(" ");
}

/** What is printed at the end. */
function summary(
  results: {
    run: string;
    test: { loss: number; score: number };
    validation: { score: number };
    train: { loss: number; score: number };
    seconds: number;
    warnings: readonly string[];
  },
  scored: string,
): string[] {
  const { test, validation, train: fit } = results;
  return [
    ...results.warnings.map((w) => `note: ${w}`),
    `${scored}: test ${formatNumber(test.score)}, validation ${formatNumber(validation.score)}, training part ${formatNumber(fit.score)}`,
    `loss: test ${formatNumber(test.loss)}, training part ${formatNumber(fit.loss)}`,
    `trained in ${duration(results.seconds)}`,
    `report: ${join(results.run, "report.html")}`,
  ];
}
