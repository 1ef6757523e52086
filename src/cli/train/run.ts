/** One training, from the data to the report. */
import { join } from "node:path";
import * as nd from "../../array/index.ts";
import { flatten, isArrayLeaf, leafPaths, type NdArray, sizeOf, writeSafetensors } from "../../array/index.ts";
import { writeCsv } from "../../data/index.ts";
import { list, table } from "../../data/table.ts";
import { type KeyNumber, openRun, progress, progressMode, publish, type ReportTable, runMethod } from "../../lab/index.ts";
import type { Network } from "../../nn/index.ts";
import { duration, formatNumber } from "../../numbers.ts";
import { toOnnx } from "../../onnx/index.ts";
import { warningsFor } from "../../optim/index.ts";
import type { Figure } from "../../plots/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import * as t from "../../tensor/index.ts";
import {
  type OptimizerSettings,
  optimizerOf,
  type Problem,
  parseSettings,
  settingsFor,
  type Training,
  type TrainState,
  training,
} from "../../training/index.ts";
import { version } from "../program.ts";
import type { TrainOptions } from "../train.ts";
import { confusionFigure, lossFigure, mistakesFigure, predictionFigure } from "./figures.ts";
import { type Loaded, prepare } from "./load.ts";
import { predictions, sampleText, surestMistakes } from "./predict.ts";

const divergedHint = "lower --lr, or bound the gradient with --clip 1";

/** @throws UserError */
export async function train(
  file: string | undefined,
  options: TrainOptions,
): Promise<{ results: Record<string, unknown>; text: string[] }> {
  const started = performance.now();
  const prepared = await prepare(file, options);
  const { rng, loaded, problem, model, steps, batch } = prepared;
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
    const trainer = training(problem, model.network, rng.fold("order"), {
      optimizer,
      batch,
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
    const { state, history, interrupted } = await runMethod<TrainState>(trainer, run, {
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
    const parameters = count(state.params);
    const warnings = [...ofData, ...advice, ...fallbackNotice(trainer, state)];
    const results = {
      run: folder,
      model: model.name,
      optimizer: options.optimizer,
      steps,
      parameters,
      optimizerNumbers: count(state.optimizer),
      score: problem.score,
      train: fit,
      validation,
      test,
      seconds: (performance.now() - started) / 1000,
      warnings,
    };
    await run.write("artifacts/model.onnx", modelFile(loaded, model.network, state));
    await run.write("artifacts/weights.safetensors", weights(state));
    const { figures, tables } = await show(loaded, trainer, state, run.artifact);
    figures.unshift(lossFigure(history));
    const scoreName = problem.score === "rmse" ? "root mean square error" : problem.score;
    const numbers: KeyNumber[] = [
      {
        name: `${scoreName}, test`,
        value: test.score,
        error: scoreError(problem, test.score),
        note: `${problem.count("test")} examples that neither training nor tuning saw`,
      },
      { name: `${scoreName}, validation`, value: validation.score },
      { name: `${scoreName}, training part`, value: fit.score },
      { name: "loss, training part", value: fit.loss },
      { name: "parameters", value: parameters, note: `the optimizer keeps ${results.optimizerNumbers} numbers` },
    ];
    await publish(run, {
      title: `${model.name} on ${title}`,
      summary: `Trained with ${options.optimizer} for ${steps} steps of ${batch} examples. ${capital(scoreName)} on the test part: ${formatNumber(test.score)}.`,
      numbers,
      tables,
      figures,
      warnings,
      config,
      command: command(file, options),
      provenance: { version: version(), data: source, "time taken": duration(results.seconds) },
    });
    await run.complete(results);
    // the advice was given before the training
    return { results, text: summary({ ...results, warnings: warnings.filter((w) => !advice.includes(w)) }, scoreName) };
  } finally {
    await run.close();
  }
}

/** Parameters that a curvature optimizer does not see as layers, and who moves them instead. */
function fallbackNotice(trainer: Training, state: TrainState): string[] {
  const found = trainer.layers(state);
  if (!found || found.uncovered.length === 0) return [];
  const { layers, uncovered } = found;
  const names = list(
    uncovered.map((u) => u.path),
    4,
  );
  return [
    `${layers.length} layers have curvature; ${uncovered.length} parameters are in none and follow AdamW: ${names} (${uncovered[0].why})`,
  ];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Binomial standard error of an accuracy. */
const scoreError = (problem: Problem, score: number): number | undefined =>
  problem.score === "accuracy" ? Math.sqrt((score * (1 - score)) / problem.count("test")) : undefined;

const count = (tree: unknown): number => (flatten(tree, isArrayLeaf).leaves as NdArray[]).reduce((s, a) => s + sizeOf(a.shape), 0);

function weights({ params, stats }: TrainState): Uint8Array<ArrayBuffer> {
  const { leaves, structure } = flatten({ params, stats }, isArrayLeaf);
  const names = leafPaths(structure);
  return writeSafetensors(Object.fromEntries(names.map((name, i) => [name, leaves[i] as NdArray]))) as Uint8Array<ArrayBuffer>;
}

/** model.onnx takes inputs as the file has them (pixels 0 to 255, features in their units) and gives probabilities, or numbers in their units. */
function modelFile(loaded: Loaded, network: Network, state: TrainState): Uint8Array {
  const { problem } = loaded;
  const dtype = problem.kind === "text" ? "i32" : "f32";
  const metadata = { producer: `pushforward ${version()}`, ...describeOutputs(loaded) };
  const channels = (v: Float32Array, rank: number): NdArray =>
    nd.ndarray(Float32Array.from(v), [v.length, ...new Array<number>(rank - 1).fill(1)], "f32");
  const program = (x: Tensor): Tensor => {
    const [params, stats] = [state.params, state.stats].map((tree) => nd.mapTree((a: NdArray) => t.constant(a), tree));
    if ("corpus" in loaded) return network.apply(params, stats, x, false).y;
    const { scaling, units } = loaded.problem;
    const rank = problem.input.length;
    const y = network.apply(params, stats, x.sub(channels(scaling.mean, rank)).div(channels(scaling.deviation, rank)), false).y;
    return units ? y.mul(channels(units.deviation, 1)).add(channels(units.mean, 1)) : t.softmax(y);
  };
  const input = nd.allocate(dtype, [1, ...problem.input]);
  const options = {
    inputNames: ["x"],
    outputNames: [problem.kind === "classes" ? "probabilities" : problem.kind === "text" ? "logits" : "y"],
    metadata,
  };
  // a model file that was trained further may be made for a fixed number of rows
  try {
    return toOnnx(program, [input], { ...options, anyRows: true });
  } catch {
    return toOnnx(program, [input], options);
  }
}

const describeOutputs = (loaded: Loaded): Record<string, string> => {
  if ("corpus" in loaded) return { vocabulary: JSON.stringify(loaded.corpus.vocabulary) };
  const { classes, outputs, features } = loaded.examples;
  return {
    features: JSON.stringify(features),
    ...(classes ? { classes: JSON.stringify(classes) } : { outputs: JSON.stringify(outputs) }),
  };
};

/** What the network does with the test part: a file, pictures, tables. */
async function show(
  loaded: Loaded,
  trainer: Training,
  state: TrainState,
  artifact: (name: string) => string,
): Promise<{ figures: Figure[]; tables: ReportTable[] }> {
  if ("corpus" in loaded) {
    const text = await sampleText(loaded.corpus, trainer, state, loaded.problem.input[0]);
    const caption = "The network continues the first characters of the validation part; each character is drawn from its probabilities.";
    return { figures: [], tables: [{ title: "Text written by the network", columns: [""], rows: [[text]], caption }] };
  }
  const { examples } = loaded;
  const outputs = await predictions(loaded, trainer, state);
  if (examples.classes) {
    const { truth, guess, probability } = outputs;
    const { classes } = examples;
    await writeCsv(
      artifact("predictions.csv"),
      table("predictions", [
        { name: "row", values: Float64Array.from(loaded.split.test) },
        { name: "class", values: truth.map((c) => classes[c]) },
        { name: "predicted", values: guess.map((c) => classes[c]) },
        { name: "probability", values: Float64Array.from(probability) },
      ]),
    );
    const figures = classes.length <= 100 ? [confusionFigure(classes, truth, guess)] : [];
    if (loaded.problem.input.length === 3) {
      const mistakes = await surestMistakes(loaded, outputs, 24);
      if (mistakes.length > 0) figures.push(mistakesFigure(mistakes, examples));
    }
    return { figures, tables: [] };
  }
  const name = examples.outputs?.[0] ?? "y";
  await writeCsv(
    artifact("predictions.csv"),
    table("predictions", [
      { name: "row", values: Float64Array.from(loaded.split.test) },
      { name, values: Float64Array.from(outputs.truth) },
      { name: "predicted", values: Float64Array.from(outputs.guess) },
    ]),
  );
  return { figures: [predictionFigure(name, outputs.truth, outputs.guess)], tables: [] };
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

function summary(
  results: {
    run: string;
    test: { loss: number; score: number };
    validation: { score: number };
    train: { loss: number; score: number };
    seconds: number;
    warnings: readonly string[];
  },
  scoreName: string,
): string[] {
  const { test, validation, train: fit } = results;
  return [
    ...results.warnings.map((w) => `note: ${w}`),
    `${scoreName}: test ${formatNumber(test.score)}, validation ${formatNumber(validation.score)}, training part ${formatNumber(fit.score)}`,
    `loss: test ${formatNumber(test.loss)}, training part ${formatNumber(fit.loss)}`,
    `trained in ${duration(results.seconds)}`,
    `report: ${join(results.run, "report.html")}`,
  ];
}
