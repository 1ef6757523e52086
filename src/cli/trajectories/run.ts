/** One run of `pushforward trajectories`, from the data to the report. */
import { join } from "node:path";
import { randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { list } from "../../data/table.ts";
import { openRun, progress, progressMode, publish, runMethod } from "../../lab/index.ts";
import { configure } from "../../tensor/index.ts";
import {
  animation,
  assess,
  baseDensity,
  type Choice,
  choose,
  figuresOf,
  has,
  learner,
  type MethodName,
  prepare,
  pusher,
  type Split,
  shownFeatures,
  splitTimes,
} from "../../transport/index.ts";
import { version } from "../program.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";
import { encoded, writeAll } from "./files.ts";
import { report, summary } from "./report.ts";

/** Results, and what is said of them in the terminal. */
export interface Outcome {
  readonly results: Record<string, unknown>;
  readonly text: string[];
}

/** Learns, assesses and publishes; goes on from the checkpoint of an earlier run. */
export async function runTrajectories(data: Population, given: TrajectoriesOptions): Promise<Outcome> {
  const started = performance.now();
  if (given.threads) configure({ threads: given.threads });
  const features = shownFeatures(data, given.show); // a wrong name is told before the training
  const split = splitTimes(data, given.holdOut);
  const choice = given.auto ? await chosenMethod(data, given, split) : undefined;
  const options: TrajectoriesOptions = choice ? { ...given, ...choice.best } : given;
  const method = options.method as MethodName;
  const steps = options.quick ? Math.min(options.steps, 300) : options.steps;
  const prepared = await prepare(data, { ...options, method, steps }, split);
  const base = options.density && (await baseDensity(options.density, method, prepared.clouds[0]));
  const config = configOf(data, options, prepared.learn);
  const folder = options.out ?? join("runs", data.name.replace(/[^\w.-]+/g, "-"));
  const run = await openRun(folder, config, { overwrite: options.overwrite });
  try {
    const model = await learner(
      method,
      split.train.map((k) => prepared.times[k]),
      split.train.map((k) => prepared.clouds[k]),
      prepared.learn,
    );
    const rng = randomStream(options.seed).fold("trajectories");
    const line = progress({ label: `training on ${data.title}`, total: steps, start: run.checkpoint?.step, mode: progressMode(options) });
    const divergedHint = `lower --learning-rate${method.startsWith("wlf") ? " or --rate-ratio" : ""}, or look for outliers in the features`;
    const { state, history, interrupted } = await runMethod(model, run, { steps, rng, progress: line, divergedHint });
    if (interrupted) {
      process.exitCode = 130;
      return { results: { run: folder, interrupted: true }, text: [`stopped; the same command goes on from ${folder}`] };
    }
    const trained = { model, push: pusher(model, options.threads), params: model.average(state) };
    const found = await assess(method, trained, state, data, prepared, split, rng, base);
    const losses = history.flatMap(({ step, loss }) => (loss === undefined ? [] : [{ step, loss }]));
    const figures = figuresOf(method, data, prepared, split, found, { features, losses });
    await writeAll(run, trained, data, prepared, found);
    if (options.animation) {
      await run.write("artifacts/animation.png", await encoded(animation(data, found.frames, has(method, "growth"))));
    }
    const ran = { choice, loss: losses.at(-1)?.loss, seconds: (performance.now() - started) / 1000 };
    const results = {
      ...{ run: folder, method, steps, loss: ran.loss, heldOut: found.predictions },
      mass: has(method, "growth") ? found.mass : undefined,
      ...{ value: found.value, least: found.least, solverError: found.solverError, balance: found.balance },
      ...{ fates: found.fates?.matrix, choice: choice?.table, seconds: ran.seconds, warnings: found.warnings },
    };
    await publish(run, report(data, config, found, ran, figures, options));
    await run.complete(results);
    return { results, text: [...featuresTaken(data, options), ...summary(folder, method, found, ran)] };
  } finally {
    await run.close();
  }
}

/** Every candidate has a third of the steps. */
function chosenMethod(data: Population, options: TrajectoriesOptions, split: Split): Promise<Choice> {
  const steps = options.quick ? 100 : Math.max(300, Math.round(options.steps / 3));
  let line: ReturnType<typeof progress> | undefined;
  return choose(data, { ...options, method: options.method as MethodName, steps }, split, (done, total) => {
    line ??= progress({ label: "choosing a method", total, mode: progressMode(options) });
    if (done > 0) line.update(done);
    if (done === total) line.finish();
  });
}

/** What the run is made of, as data: programs (potentials) stand in the options as text. */
function configOf(data: Population, options: TrajectoriesOptions, learn: object): Record<string, unknown> {
  const { out, json, quiet, overwrite, threads, holdOut, ...chosen } = options;
  const all = { command: "trajectories", version: version(), dataset: data.name, source: data.source, holdOut, ...chosen, ...learn };
  return Object.fromEntries(Object.entries(all).filter(([, v]) => typeof v !== "function" && v !== undefined));
}

/** The features of a table, where nobody named them. */
const featuresTaken = (data: Population, { features, data: builtIn }: TrajectoriesOptions): string[] =>
  features === undefined && builtIn === undefined && !data.annotated ? [`features: ${list((data.components ?? data).features, 8)}`] : [];
