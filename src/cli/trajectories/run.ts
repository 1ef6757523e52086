/** One run of `pushforward trajectories`, from the data to the report. */
import { join } from "node:path";
import { randomStream } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { list } from "../../data/table.ts";
import { openRun, progress, progressMode, publish, runMethod } from "../../lab/index.ts";
import type { Figure } from "../../plots/index.ts";
import { configure } from "../../tensor/index.ts";
import {
  type Balance,
  balances,
  has,
  innerTime,
  learner,
  leastAction,
  type MethodName,
  pusher,
  quadraticCost,
  type TrainState,
  type Value,
  type ValueOf,
} from "../../transport/index.ts";
import { version } from "../program.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";
import { choose } from "./auto.ts";
import { speeds } from "./cautions.ts";
import { cellDensities } from "./density.ts";
import { curvesToDraw, type FeatureCurve, featureCurves, shownFeatures } from "./features.ts";
import { lossFigure, pathsFigure, scoresFigure } from "./figures.ts";
import { fatesFigure, featuresFigure, growthFigure, massFigure } from "./figures-more.ts";
import { type Split, splitTimes } from "./holdout.ts";
import { landscapeFigure } from "./landscape.ts";
import { fates, fieldsAt, fieldsProgram, frames, massCurve, solverError, type Trained } from "./motion.ts";
import { writeCells, writeFates, writeFeatures, writeIntoAnnotated, writeModels, writeTrajectories } from "./outputs.ts";
import { predict, verdicts } from "./predict.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { report, summary } from "./report.ts";
import { streamFigure } from "./stream.ts";

export interface Outcome {
  readonly results: Record<string, unknown>;
  readonly text: string[];
}

export async function runTrajectories(data: Population, given: TrajectoriesOptions): Promise<Outcome> {
  const started = performance.now();
  if (given.threads) configure({ threads: given.threads });
  shownFeatures(data, given.show); // a wrong name is told before the training
  const split = splitTimes(data, given.holdOut);
  const choice = given.auto ? await choose(data, given, split) : undefined;
  const options: TrajectoriesOptions = choice ? { ...given, ...choice.best } : given;
  const prepared = await prepare(data, options, split);
  const { out, json, quiet, overwrite, threads, holdOut, ...chosen } = options;
  const config = defined({
    command: "trajectories",
    version: version(),
    dataset: data.name,
    source: data.source,
    holdOut,
    ...chosen,
    ...prepared.learn,
  });
  const folder = out ?? join("runs", data.name.replace(/[^\w.-]+/g, "-"));
  const run = await openRun(folder, config, { overwrite });
  try {
    const method = options.method as MethodName;
    const model = await learner(
      method,
      split.train.map((k) => prepared.times[k]),
      split.train.map((k) => prepared.clouds[k]),
      prepared.learn,
    );
    const rng = randomStream(options.seed).fold("trajectories");
    const steps = prepared.learn.steps as number;
    const line = progress({ label: `training on ${data.title}`, total: steps, start: run.checkpoint?.step, mode: progressMode(options) });
    const divergedHint = `lower --learning-rate${method.startsWith("wlf") ? " or --rate-ratio" : ""}, or look for outliers in the features`;
    const { state, history, interrupted } = await runMethod<TrainState>(model, run, { steps, rng, progress: line, divergedHint });
    if (interrupted) {
      process.exitCode = 130;
      return { results: { run: folder, interrupted: true }, text: [`stopped; the same command goes on from ${folder}`] };
    }
    const trained: Trained = { model, push: pusher(model, threads), params: model.average(state) };
    const found = await evaluate(trained, state, data, options, prepared, split, rng);
    const { figures, ...numbers } = found;
    const losses = history.flatMap(({ step, loss }) => (loss === undefined ? [] : [{ step, loss }]));
    if (losses.length > 1) figures.push(lossFigure(losses, lossCaption(method)));
    await writeAll(run, trained, data, prepared, found);
    if (options.animation) {
      const { animate } = await import("./animation.ts");
      await run.write("artifacts/animation.png", await animate(data, found.all, has(method, "growth")));
    }
    const seconds = (performance.now() - started) / 1000;
    const { predictions, mass, value, least, solverError, balance, warnings } = numbers;
    const results = {
      run: folder,
      method,
      steps,
      loss: losses.at(-1)?.loss,
      heldOut: predictions,
      mass: has(method, "growth") ? mass : undefined,
      value,
      least,
      solverError,
      balance,
      fates: found.fate?.matrix,
      choice: choice?.table,
      seconds,
      warnings,
    };
    await publish(run, report(data, config, { ...numbers, choice, loss: results.loss, seconds }, figures, options));
    await run.complete(results);
    return { results, text: [...featuresTaken(data, options), ...summary(results, choice)] };
  } finally {
    await run.close();
  }
}

/** The features of a table, where nobody named them. */
const featuresTaken = (data: Population, { features, data: builtIn }: TrajectoriesOptions): string[] =>
  features === undefined && builtIn === undefined && !data.annotated ? [`features: ${list((data.components ?? data).features, 8)}`] : [];

/** What is set, as data: programs (potentials) stand in the options as text. */
const defined = (settings: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([, v]) => typeof v !== "function" && v !== undefined));

const lossCaption = (method: MethodName): string =>
  /cfm|sf2m/.test(method)
    ? "Mean squared error of the velocity per logged row; its minimum is the spread of the velocities of crossing pairs."
    : method === "simulate"
      ? "Sinkhorn divergence of the moved particles to the next snapshots, per logged row."
      : "Loss of the action per logged row; its minimum is minus the action of the path (kinetic less potential energy), and the distance to the minimum is the action gap.";

interface Found {
  readonly predictions: Awaited<ReturnType<typeof predict>>;
  readonly all: Awaited<ReturnType<typeof frames>>;
  /** Fields at the moved particles of each frame, and at the cells of each snapshot. */
  readonly along: Awaited<ReturnType<typeof fieldsAt>>[];
  readonly fields: Awaited<ReturnType<typeof fieldsAt>>[];
  /** Log densities of the cells of each snapshot. */
  readonly density?: readonly Float64Array[];
  readonly fate: Awaited<ReturnType<typeof fates>>;
  readonly curves: readonly FeatureCurve[];
  readonly mass: ReturnType<typeof massCurve>;
  readonly value?: Value;
  readonly least?: Awaited<ReturnType<typeof leastAction>>;
  readonly solverError: number;
  readonly balance: readonly Balance[];
  readonly figures: Figure[];
  readonly warnings: string[];
}

async function evaluate(
  trained: Trained,
  state: TrainState,
  data: Population,
  options: TrajectoriesOptions,
  prepared: Prepared,
  split: Split,
  rng: ReturnType<typeof randomStream>,
): Promise<Found> {
  const method = options.method as MethodName;
  const grows = has(method, "growth");
  const { model, params } = trained;
  const predictions = await predict(method, trained, data, prepared, split, rng.fold("scores"));
  const all = await frames(trained, data, prepared, rng.fold("frames"));
  const program = fieldsProgram(model);
  const fields = [];
  for (const [k, cloud] of prepared.clouds.entries())
    fields.push(await fieldsAt(trained, program, prepared, cloud.points, prepared.times[k]));
  const along = [];
  for (const { inner, time } of all) along.push(await fieldsAt(trained, program, prepared, inner, innerTime(prepared.units, time)));
  const density = await cellDensities(trained, prepared, rng.fold("density"));
  const fate = await fates(trained, data, prepared, rng.fold("fates"));
  const curves = await featureCurves(data, all);
  const mass = massCurve(all);
  const value = "value" in model ? await (model.value as ValueOf)(state, rng.fold("value")) : undefined;
  const kept = split.train.map((k) => prepared.clouds[k]);
  const keptTimes = split.train.map((k) => prepared.times[k]);
  const error = await solverError(trained, prepared, rng.fold("solver"));
  const tested = await balances(model, params, keptTimes, grows ? kept : kept.map((c) => ({ ...c, mass: 1 })));
  const balance = tested.map((b) => ({
    ...b,
    time: data.times[split.train[keptTimes.indexOf(b.time)]],
    test: b.test.replace(/^x(\d+)/, (_, j) => data.features[j - 1]),
  }));
  const least = free(method, prepared.learn)
    ? await leastAction(
        keptTimes,
        kept,
        { growth: grows ? prepared.learn.growth! : 0, cost: prepared.learn.cost ?? quadraticCost },
        rng.fold("least"),
      )
    : undefined;
  const figures = [pathsFigure(data, all)];
  if (data.features.length > 1) figures.push(streamFigure(data, fields));
  if (predictions.length) figures.push(scoresFigure(predictions));
  if (grows) {
    const counted = prepared.clouds.map((c, k) => ({
      time: data.times[k],
      mass: c.mass / prepared.clouds[0].mass,
      held: split.held.includes(k),
    }));
    figures.push(growthFigure(data, fields), massFigure(mass, counted));
  }
  if (fate) figures.push(fatesFigure(fate));
  figures.push(featuresFigure(curvesToDraw(curves, shownFeatures(data, options.show))));
  if (data.features.length > 1 && fields[0].action) figures.push(await landscapeFigure(trained, program, data, prepared));
  const lowest = Math.min(...mass.map((m) => m.effective));
  const warnings = [
    ...prepared.warnings,
    ...speeds(
      fields.map((f) => f.velocity),
      prepared.units,
      data.times,
    ),
  ];
  const happened = model.note?.(state);
  if (happened) warnings.push(happened);
  if (lowest < 0.05 * mass[0].effective)
    warnings.push(`the weights leave only ${(100 * lowest).toFixed(1)} % of the particles effective: growth dominates; lower --growth`);
  const thinnest = Math.min(...mass.map((m) => m.mass));
  if (grows && thinnest < 0.5 * Math.min(1, mass[mass.length - 1].mass))
    warnings.push(
      `the total mass dips to ${(100 * thinnest).toFixed(0)} % between the snapshots: most particles die and are born again instead of moving; lower --growth, or compare with --mass counts`,
    );
  const last = split.train[split.train.length - 1];
  const beyond = split.held.filter((k) => k > last).map((k) => data.times[k]);
  if (beyond.length)
    warnings.push(
      `${beyond.join(", ")}: a forecast beyond the last snapshot that is learned from (${data.times[last]}), where nothing holds the motion`,
    );
  if (predictions.length) warnings.push(...verdicts(predictions));
  return {
    predictions,
    all,
    along,
    fields,
    density,
    fate,
    curves,
    mass,
    value,
    least,
    solverError: error,
    balance,
    figures,
    warnings,
  };
}

/** Is the least action known: without noise and forces, and with growth for the quadratic cost? */
const free = (method: MethodName, { cost, drift }: Prepared["learn"]): boolean =>
  /^(wlf|u?am)/.test(method) && !has(method, "noise") && !has(method, "potential") && !drift && !(cost && has(method, "growth"));

async function writeAll(
  run: Awaited<ReturnType<typeof openRun>>,
  trained: Trained,
  data: Population,
  prepared: Prepared,
  { all, along, fields, density, fate, curves }: Found,
): Promise<void> {
  await writeTrajectories(run.artifact, data, all, along);
  await writeCells(run.artifact, data, fields, fate, density);
  await writeFeatures(run.artifact, curves);
  if (fate) await writeFates(run.artifact, fate);
  const has = { growth: fields[0].growth !== undefined, action: fields[0].action !== undefined };
  await writeModels(run.write, trained, data, prepared.units, has);
  if (data.annotated) await writeIntoAnnotated(run.artifact(data.name), data, fields, fate, density);
}
