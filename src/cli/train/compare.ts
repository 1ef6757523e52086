/** `pushforward train compare`: the comparison as a run, with its table and pictures. */
import { join } from "node:path";
import * as Plot from "@observablehq/plot";
import { UserError } from "../../errors.ts";
import { onInterrupt, openRun, progress, progressMode, publish } from "../../lab/index.ts";
import { duration, formatNumber, withError } from "../../numbers.ts";
import { type Figure, palette, plot } from "../../plots/index.ts";
import {
  compareOptimizers,
  type Problem,
  type Progressed,
  parseEntry,
  recommend,
  type Summary,
  summarise,
  totalSteps,
} from "../../training/index.ts";
import { version } from "../program.ts";
import type { CompareOptions } from "../train.ts";
import { prepare } from "./load.ts";
import { command } from "./run.ts";

/** @throws UserError */
export async function compare(
  file: string | undefined,
  options: CompareOptions,
): Promise<{ results: Record<string, unknown>; text: string[] }> {
  const started = performance.now();
  const names = options.optimizers.split(",").map((name) => name.trim());
  for (const name of names) parseEntry(name);
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice) throw new UserError(`--optimizers names ${twice} twice`);
  const prepared = await prepare(file, options);
  const { rng, problem, model, steps, batch } = prepared;
  const { name, title, source, warnings } = prepared.data;
  const [tune, seeds] = options.quick ? [Math.min(options.tune, 3), Math.min(options.seeds, 2)] : [options.tune, options.seeds];
  const config = { command: "train compare", ...prepared.config, tune, seeds };
  const folder = options.out ?? join("runs", `compare-${name}-${model.name}`.replace(/[^\w.-]+/g, "-"));
  const run = await openRun(folder, config, { overwrite: options.overwrite });
  const interrupt = onInterrupt();
  try {
    const settings = {
      budget: { steps, schedule: options.schedule, warmUp: options.warmUp },
      tune,
      seeds,
      batch,
      clip: options.clip,
      freeze: options.freeze?.split(","),
      precision: options.precision,
      evaluationRows: 5000,
    };
    const line = progress({
      label: `comparing on ${title}`,
      total: totalSteps(names.length, settings),
      mode: progressMode(options),
    });
    let [done, label] = [0, ""];
    const show = (): void => line.update(done);
    const finished = await compareOptimizers(
      problem,
      model.network,
      names,
      rng,
      settings,
      {
        step(now) {
          if (now !== label) line.note(now);
          label = now;
          done++;
          show();
          return interrupt.signal.aborted;
        },
        skip(n) {
          done += n;
          show();
        },
        finished: (progressed) => run.save({ step: progressed.trials.length + progressed.finals.length, tensors: {}, state: progressed }),
      },
      run.checkpoint?.state as Progressed | undefined,
    );
    line.finish();
    if (finished.stopped) {
      process.exitCode = 130;
      return { results: { run: folder, interrupted: true }, text: [`stopped; the same command goes on from ${folder}`] };
    }
    const summaries = summarise(finished, problem.score);
    const words = recommend(summaries, problem.score);
    const figures = [...curveFigures(finished), ...(tune > 1 ? [tuningFigure(finished, problem.score)] : [])];
    await run.write("artifacts/trainings.json", JSON.stringify(finished, undefined, 1));
    const seconds = (performance.now() - started) / 1000;
    const results = {
      run: folder,
      model: model.name,
      steps,
      batch,
      tune,
      seeds,
      score: problem.score,
      optimizers: summaries,
      recommendation: words,
      seconds,
      warnings,
    };
    await publish(run, {
      title: `Optimizers for ${model.name} on ${title}`,
      summary: words,
      numbers: summaries.map((s) => ({
        name: `${s.optimizer}, ${problem.score}`,
        value: s.test.mean,
        error: Number.isFinite(s.test.error) ? s.test.error : undefined,
        note: `test part, ${seeds} seeds`,
      })),
      tables: [
        {
          title: "Comparison",
          columns: ["optimizer", `test ${problem.score}`, "training loss", "ms a step", "numbers kept a parameter", "setting"],
          rows: summaries.map((s) => row(s)),
          caption: `Every optimizer had ${tune} settings, drawn from its ranges and judged on the validation part by successive halving, and the best ran with ${seeds} seeds. Mean ± standard error. The test part was looked at once.`,
        },
      ],
      figures,
      warnings,
      config,
      command: command(file, options, "train compare"),
      provenance: { version: version(), data: source, "time taken": duration(seconds) },
    });
    await run.complete(results);
    return { results, text: summaryText(summaries, problem.score, words, folder, warnings) };
  } finally {
    interrupt.dispose();
    await run.close();
  }
}

const show = ({ mean, error }: { mean: number; error: number }): string =>
  Number.isFinite(error) ? withError(mean, error) : formatNumber(mean);

const settingText = ({ settings }: Summary): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");

const row = (s: Summary): (string | number)[] => [
  s.optimizer,
  show(s.test),
  show(s.trainLoss),
  Number(s.milliseconds.toPrecision(3)),
  Number((s.optimizerNumbers / s.parameters).toPrecision(3)),
  settingText(s),
];

function summaryText(
  summaries: readonly Summary[],
  score: Problem["score"],
  words: string,
  folder: string,
  warnings: readonly string[],
): string[] {
  return [
    ...warnings.map((w) => `note: ${w}`),
    `${"optimizer".padEnd(14)} ${`test ${score}`.padEnd(20)} ${"training loss".padEnd(18)} ms a step`,
    ...summaries.map(
      (s) => `${s.optimizer.padEnd(14)} ${show(s.test).padEnd(20)} ${show(s.trainLoss).padEnd(18)} ${s.milliseconds.toPrecision(3)}`,
    ),
    words,
    `report: ${join(folder, "report.html")}`,
  ];
}

/** Training loss against steps and against seconds; a thin line for each seed, a thick one for their mean. */
function curveFigures({ finals }: Progressed): Figure[] {
  const names = [...new Set(finals.map((f) => f.optimizer))];
  const rows = finals.flatMap((f) => f.curve.map((c) => ({ ...c, optimizer: f.optimizer, seed: `${f.optimizer} ${f.seed}` })));
  const means = names.flatMap((optimizer) => {
    const curves = finals.filter((f) => f.optimizer === optimizer).map((f) => f.curve);
    const length = Math.min(...curves.map((c) => c.length));
    return Array.from({ length }, (_, i) => {
      const mean = (key: "loss" | "seconds"): number => curves.reduce((s, c) => s + c[i][key], 0) / curves.length;
      return { optimizer, step: curves[0][i].step, loss: mean("loss"), seconds: mean("seconds") };
    });
  });
  const sorted = rows.map((r) => r.loss).sort((a, b) => a - b);
  const domain = [sorted[0], sorted[Math.floor(0.97 * (sorted.length - 1))]];
  return (["step", "seconds"] as const).map((x) => ({
    name: `loss-by-${x}`,
    title: `Training loss by ${x === "step" ? "steps" : "time"}`,
    caption: `Thin lines: one seed each. Thick lines: their mean.${x === "seconds" ? " Time without evaluations and compilation." : ""}`,
    svg: plot({
      height: 360,
      grid: true,
      color: { domain: names, range: palette.slice(0, names.length), legend: true },
      x: { label: x === "step" ? "step" : "seconds" },
      y: { label: "training loss", domain, clamp: true, type: domain[0] > 0 ? "log" : "linear" },
      marks: [
        Plot.line(rows, { x, y: "loss", z: "seed", stroke: "optimizer", strokeOpacity: 0.3, strokeWidth: 1 }),
        Plot.line(means, { x, y: "loss", stroke: "optimizer", strokeWidth: 2.2 }),
      ],
    }),
  }));
}

/** How the score depends on the learning rate: one point a trial. */
function tuningFigure({ trials }: Progressed, score: Problem["score"]): Figure {
  const names = [...new Set(trials.map((t) => t.optimizer))];
  const points = trials
    .filter((t) => typeof t.score === "number" && Number.isFinite(t.score))
    .map((t) => ({ optimizer: t.optimizer, lr: Number(t.settings.lr), score: t.score, steps: t.steps }));
  return {
    name: "tuning",
    title: "Tuning",
    caption: `One point for each training: ${score} of the validation part against the learning rate. Larger points had more steps. The other hyper-parameters vary too.`,
    svg: plot({
      height: 360,
      grid: true,
      color: { domain: names, range: palette.slice(0, names.length), legend: true },
      x: { type: "log", label: "learning rate", ticks: 6, tickFormat: (v: number) => formatNumber(v) },
      y: { label: `validation ${score}` },
      r: { range: [2, 7] },
      marks: [Plot.dot(points, { x: "lr", y: "score", r: "steps", fill: "optimizer", fillOpacity: 0.7 })],
    }),
  };
}
