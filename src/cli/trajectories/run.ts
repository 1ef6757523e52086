/** One run of `pushforward trajectories`, from the data to the report. */
import { join } from "node:path";
import type { Dataset } from "../../data/builtin.ts";
import { UserError } from "../../data/errors.ts";
import { table } from "../../data/table.ts";
import { writeCsv, writeParquet } from "../../data/write.ts";
import {
  duration,
  type Figure,
  formatNumber,
  openRun,
  progress,
  progressMode,
  renderReport,
  runMethod,
  toPng,
} from "../../lab/index.ts";
import { configure, jit, type NdArray, ndarray, randomStream, type Tensor, toNumbers, toOnnx } from "../../tensor/index.ts";
import {
  type ActionParams,
  action,
  innerTime,
  type Matching,
  type MatchState,
  matching,
  type Units,
  unitsOf,
  unwhiten,
  velocity,
  whiten,
} from "../../transport/index.ts";
import { version } from "../program.ts";
import type { TrajectoriesOptions } from "../trajectories.ts";
import { type Landscape, landscapeFigure, lossFigure, pathsFigure, scoresFigure } from "./figures.ts";
import { splitTimes } from "./holdout.ts";
import { bothName, forwardName, type Prediction, predict } from "./predict.ts";

/** Most points a snapshot for exact couplings. */
const largestExact = 5000;

export async function runTrajectories(
  data: Dataset,
  options: TrajectoriesOptions,
): Promise<{ results: Record<string, unknown>; text: string[] }> {
  const started = performance.now();
  if (options.threads) configure({ threads: options.threads });
  const split = splitTimes(data, options.holdOut);
  const steps = options.quick ? Math.min(options.steps, 300) : options.steps;
  const used = split.train.map((k) => data.snapshots[k]);
  const warnings = [...data.warnings];
  if (data.weights) warnings.push("masses of particles are not used by this method: every particle counts alike");
  for (const k of split.train)
    if (data.snapshots[k].shape[0] < 10)
      warnings.push(`the snapshot at ${data.times[k]} has only ${data.snapshots[k].shape[0]} particles`);
  let coupling = options.coupling;
  if (coupling !== "independent" && used.some((s) => s.shape[0] > largestExact)) {
    warnings.push(`a snapshot has more than ${largestExact} particles: pairs are drawn independently`);
    coupling = "independent";
  }
  const { out, json, quiet, overwrite, threads, ...chosen } = options;
  const config = {
    command: "trajectories",
    version: version(),
    dataset: data.name,
    source: data.source,
    ...chosen,
    steps,
    coupling,
  };
  const folder = out ?? join("runs", data.name.replace(/[^\w.-]+/g, "-"));
  const run = await openRun(folder, config, { overwrite });
  try {
    const units = unitsOf(
      split.train.map((k) => data.times[k]),
      used,
    );
    const times = split.train.map((k) => innerTime(units, data.times[k]));
    const model = matching(
      times,
      used.map((s) => whiten(units, s)),
      { ...chosen, coupling, steps, threads },
    );
    const rng = randomStream(options.seed).fold("trajectories");
    const line = progress({
      label: `training on ${data.title}`,
      total: steps,
      start: run.checkpoint?.step,
      mode: progressMode(options),
    });
    const { state, history, interrupted } = await runMethod(model, run, {
      steps,
      rng,
      progress: line,
      divergedHint: "lower --learning-rate, or look for outliers in the features",
    });
    const losses = history.map(({ step, loss }) => ({ step, loss }));
    if (interrupted) {
      process.exitCode = 130;
      return { results: { run: folder, interrupted: true }, text: [`stopped; the same command goes on from ${folder}`] };
    }
    const predictions = await predict(model, state, data, units, split, rng.fold("scores"));
    const paths = await movedParticles(model, state, data, units);
    await writePaths(run.artifact, data, paths);
    await writeModels(run.write, state, data, units);
    const figures = [pathsFigure(data, paths)];
    if (data.features.length > 1) figures.push(landscapeFigure(data, await landscape(state, data, units)));
    if (predictions.length) figures.push(scoresFigure(predictions));
    if (losses.length > 1) figures.push(lossFigure(losses));
    for (const f of figures) {
      await run.write(`artifacts/${f.name}.svg`, f.svg);
      await run.write(`artifacts/${f.name}.png`, await toPng(f.svg));
    }
    const seconds = (performance.now() - started) / 1000;
    const results = { run: folder, steps, loss: losses.at(-1)?.loss, heldOut: predictions, seconds, warnings };
    await run.write("report.html", report(data, config, predictions, losses, figures, warnings, seconds, options));
    await run.complete(results);
    return { results, text: summary(results, predictions, warnings) };
  } finally {
    await run.close();
  }
}

/** The particles of the first snapshot at ten times an interval. */
async function movedParticles(
  model: Matching,
  state: MatchState,
  data: Dataset,
  units: Units,
): Promise<{ time: number; cloud: NdArray<"f32"> }[]> {
  const times = data.times
    .slice(1)
    .flatMap((t, k) => Array.from({ length: 10 }, (_, i) => data.times[k] + ((t - data.times[k]) * (i + 1)) / 10));
  const [first] = data.snapshots;
  const { states } = await model.push(
    state,
    whiten(units, first),
    innerTime(units, data.times[0]),
    times.map((t) => innerTime(units, t)),
  );
  if (!toNumbers(states).every(Number.isFinite))
    throw new UserError("the trajectories do not stay finite", "train longer, or lower --learning-rate");
  const size = first.data.length;
  const clouds = times.map((time, i) => {
    const part = ndarray((states.data as Float32Array<ArrayBuffer>).slice(i * size, (i + 1) * size), first.shape, "f32");
    return { time, cloud: unwhiten(units, part) };
  });
  return [{ time: data.times[0], cloud: first }, ...clouds];
}

async function writePaths(
  artifact: (name: string) => string,
  data: Dataset,
  paths: readonly { time: number; cloud: NdArray<"f32"> }[],
): Promise<void> {
  const d = data.features.length;
  const n = paths[0].cloud.shape[0];
  const particle = Float64Array.from({ length: n * paths.length }, (_, i) => i % n);
  const columns = [
    { name: "particle", values: particle },
    { name: "time", values: particle.map((_, i) => paths[Math.floor(i / n)].time) },
    ...data.features.map((name, j) => ({ name, values: particle.map((p, i) => paths[Math.floor(i / n)].cloud.data[p * d + j]) })),
  ];
  const labels = data.labels?.[0];
  if (labels) columns.splice(1, 0, { name: "label", values: Array.from(particle, (p) => labels[p]) as never });
  const rows = table("trajectories", columns);
  await writeCsv(artifact("trajectories.csv"), rows);
  await writeParquet(artifact("trajectories.parquet"), rows);
}

/** Averaged parameters. */
const parameters = (state: MatchState): ActionParams<NdArray> => state.average.average as unknown as ActionParams<NdArray>;

/** Rows of a batch of the exported models. */
const exportRows = 256;

/** action.onnx and velocity.onnx take times and features in the user's units and give the action, and the velocity in features a unit of time. */
async function writeModels(
  write: (name: string, content: Uint8Array) => Promise<string>,
  state: MatchState,
  data: Dataset,
  units: Units,
): Promise<void> {
  const s = action(parameters(state) as unknown as ActionParams);
  const vector = (values: readonly number[]): NdArray => ndarray(Float32Array.from(values), [values.length], "f32");
  const [mean, deviation] = [vector(units.mean), vector(units.deviation)];
  const inner = (t: Tensor, x: Tensor): [Tensor, Tensor] => [t.sub(units.start).div(units.interval), x.sub(mean).div(deviation)];
  const d = data.features.length;
  const inputs = [
    ndarray(new Float32Array(exportRows), [exportRows, 1], "f32"),
    ndarray(new Float32Array(exportRows * d), [exportRows, d], "f32"),
  ];
  const metadata = {
    features: JSON.stringify(data.features),
    times: JSON.stringify(data.times),
    rows: String(exportRows),
    producer: `pushforward ${version()}`,
  };
  const act = (t: Tensor, x: Tensor): Tensor => s(...inner(t, x));
  const vel = (t: Tensor, x: Tensor): Tensor =>
    velocity(s)(...inner(t, x))
      .mul(deviation)
      .div(units.interval);
  await write("artifacts/action.onnx", toOnnx(act, inputs, { inputNames: ["t", "x"], outputNames: ["action"], metadata }));
  await write("artifacts/velocity.onnx", toOnnx(vel, inputs, { inputNames: ["t", "x"], outputNames: ["velocity"], metadata }));
}

/** The action on a grid of the first two features, in the middle of the time range. */
async function landscape(state: MatchState, data: Dataset, units: Units): Promise<Landscape> {
  const size = 32;
  const d = data.features.length;
  const k = data.times.length >> 1;
  const time = data.times[k];
  const range = (j: number): number[] => {
    const values = data.snapshots
      .flatMap((s) => Array.from({ length: s.shape[0] }, (_, i) => s.data[i * d + j]))
      .sort((a, b) => a - b);
    const [low, high] = [values[Math.floor(values.length * 0.01)], values[Math.ceil((values.length - 1) * 0.99)]];
    return Array.from({ length: size }, (_, i) => low + ((high - low) * i) / (size - 1));
  };
  const [x, y] = [range(0), range(1)];
  const grid = ndarray(new Float32Array(size * size * d), [size * size, d], "f32");
  for (let i = 0; i < size * size; i++)
    for (let j = 0; j < d; j++) grid.data[i * d + j] = j === 0 ? x[i % size] : j === 1 ? y[Math.floor(i / size)] : units.mean[j];
  const t = ndarray(new Float32Array(size * size).fill(innerTime(units, time)), [size * size, 1], "f32");
  const program = jit((params: ActionParams, at: Tensor, z: Tensor) => ({
    s: action(params)(at, z),
    v: velocity(action(params))(at, z),
  }));
  const { s, v } = await program(parameters(state), t, whiten(units, grid));
  const flow = toNumbers(v);
  const real = (i: number, j: number): number => (flow[i * d + j] * units.deviation[j]) / units.interval;
  return {
    time,
    x,
    y,
    action: toNumbers(s),
    velocity: Array.from({ length: size * size }, (_, i) => ({ x: real(i, 0), y: real(i, 1) })),
  };
}

function summary(
  results: { run: string; loss?: number; seconds: number },
  predictions: readonly Prediction[],
  warnings: readonly string[],
): string[] {
  const lines = predictions.flatMap(({ time, scores, floor, paths }) => [
    `held-out time ${time}: W1`,
    ...scores.map(({ name, w1 }) => `  ${name.padEnd(30)} ${w1.toFixed(4)}`),
    `  ${"sampling floor".padEnd(30)} ${floor.toFixed(4)}`,
    ...(paths
      ? [
          `  known paths, rms error: learned ${paths.learned.toFixed(4)}, straight line between the neighbours ${paths.straight.toFixed(4)}, copied ${paths.copied.toFixed(4)}`,
        ]
      : []),
  ]);
  const loss = results.loss === undefined ? "" : `, loss ${formatNumber(results.loss)}`;
  return [
    ...warnings.map((w) => `note: ${w}`),
    ...lines,
    `trained in ${duration(results.seconds)}${loss}`,
    `report: ${join(results.run, "report.html")}`,
  ];
}

function report(
  data: Dataset,
  config: Record<string, unknown>,
  predictions: readonly Prediction[],
  losses: readonly { loss: number }[],
  figures: readonly Figure[],
  warnings: readonly string[],
  seconds: number,
  options: TrajectoriesOptions,
): string {
  const mean = (name: string): number =>
    predictions.reduce((s, p) => s + (p.scores.find((c) => c.name === name)?.w1 ?? 0), 0) / predictions.length;
  const midpoint = "optimal-transport midpoint";
  const numbers = [
    ...(predictions.length
      ? [forwardName, bothName, midpoint].map((name) => ({
          name: `mean W1, ${name}`,
          value: mean(name),
          note: "standardised features, over held-out times",
        }))
      : []),
    {
      name: "final loss",
      value: losses.at(-1)?.loss ?? Number.NaN,
      note: "minus the kinetic energy of the path, plus the action gap",
    },
    { name: "particles", value: data.snapshots.map((s) => s.shape[0]).join(", "), note: `at times ${data.times.join(", ")}` },
  ];
  const tables = predictions.length
    ? [
        {
          title: "Held-out snapshots",
          columns: ["time", "method", "W1", "W2", "MMD²"],
          rows: predictions.flatMap(({ time, scores, floor }) => [
            ...scores.map((s) => [String(time), s.name, s.w1, s.w2, s.mmd]),
            [String(time), "sampling floor (two halves)", floor, "", ""],
          ]),
          caption:
            "Exact Wasserstein distances and unbiased squared MMD between predicted and observed clouds, in standardised features.",
        },
      ]
    : [];
  const best = predictions.length
    ? ` Held-out snapshots are predicted at a mean W1 of ${formatNumber(mean(forwardName))}; optimal transport between the neighbours reaches ${formatNumber(mean(midpoint))}.`
    : "";
  const flags = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false || key === "json" || key === "quiet" || key === "overwrite") return [];
    const flag = `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    return value === true ? [flag] : [`${flag} ${value}`];
  });
  const file = options.data === undefined ? [data.source] : [];
  return renderReport({
    title: `Trajectories: ${data.title}`,
    summary: `A velocity field learned by action matching from ${data.times.length - predictions.length} unpaired snapshots.${best}`,
    numbers,
    tables,
    figures,
    warnings,
    config,
    command: ["pushforward trajectories", ...file, ...flags].join(" "),
    provenance: { version: version(), data: data.source, "time taken": duration(seconds) },
  });
}
