/** `pushforward train compare`: the comparison as a run, with its table and pictures. */
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { onInterrupt, openRun, progress, progressMode, publish } from "../../lab/index.ts";
import { duration } from "../../numbers.ts";
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
      batchSize: batch,
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
      numbers: comparisonFindings(summaries, problem.score),
      tables: [comparisonTable(summaries, problem.score, tune)],
      figures,
      warnings,
      config,
      command: command(file, options, "train compare"),
      provenance: { version: version(), data: source, "time taken": duration(seconds) },
    });
    await run.complete(results);
    const text = [
      ...warnings.map((w) => `note: ${w}`),
      ...comparisonLines(summaries, problem.score),
      words,
      `report: ${join(folder, "report.html")}`,
    ];
    return { results, text };
  } finally {
    interrupt.dispose();
    await run.close();
  }
}
