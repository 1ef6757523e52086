/**
 * Optimizers on three tasks, each with the same tuning budget and three seeds; then in bf16 with the settings that were best in f32.
 *
 *   npm run study:optimizers [-- --tasks cnn,vit,text --optimizers sgd,adamw,… --tune 9 --seeds 3 --state FILE --threads 2]
 *
 * cnn: Fashion-MNIST (Debian's dataset-fashion-mnist), 8,192 training images, a strided convolutional network of 24,000 parameters, 384 steps of 128.
 * vit: the same images, patches of 7, width 48, 2 blocks. text: the King James Bible, a causal transformer of width 48, 2 blocks, 48 characters, 300
 * steps of 32. Prints Markdown tables. `--state` keeps what is finished, so that a stopped study goes on.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { randomStream } from "../src/array/index.ts";
import { builtInImages, builtInText, splitRows } from "../src/data/index.ts";
import { cnn, type Network, transformerLm, vit } from "../src/nn/index.ts";
import { withError } from "../src/numbers.ts";
import { configure } from "../src/tensor/index.ts";
import {
  compareOptimizers,
  exampleProblem,
  type OptimizerSettings,
  type Problem,
  type Progressed,
  recommend,
  type Summary,
  summarise,
  textProblem,
} from "../src/training/index.ts";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "cnn,vit,text" },
    optimizers: {
      type: "string",
      default:
        "sgd,adamw,rmsprop,rf-rmsprop,rf-adamw,lion,muon,shampoo,soap,if-shampoo,kfac,ikfac,singd:structure=dense,singd:structure=hierarchical,singd:structure=diagonal",
    },
    low: { type: "string", default: "adamw,rf-rmsprop,shampoo,if-shampoo,kfac,singd:structure=dense" },
    tune: { type: "string", default: "9" },
    seeds: { type: "string", default: "3" },
    state: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});

configure({ threads: Number(values.threads) });
const rng = randomStream(0).fold("study");

async function images(): Promise<Problem> {
  const examples = await builtInImages("fashion-mnist");
  return exampleProblem(examples, splitRows(examples, rng.fold("split"), { train: 8192, validation: 1 / 15 }));
}

const tasks: Record<string, () => Promise<{ problem: Problem; network: Network; steps: number; batch: number }>> = {
  cnn: async () => ({ problem: await images(), network: cnn([1, 28, 28], 10), steps: 384, batch: 128 }),
  vit: async () => ({
    problem: await images(),
    network: vit([1, 28, 28], 10, { patch: 7, width: 48, depth: 2, heads: 4 }),
    steps: 384,
    batch: 128,
  }),
  text: async () => {
    const corpus = await builtInText("kjv");
    const network = transformerLm(corpus.vocabulary.length, 48, { width: 48, depth: 2, heads: 4 });
    return { problem: textProblem(corpus, 48), network, steps: 300, batch: 32 };
  },
};

const kept: Record<string, Progressed> = values.state && existsSync(values.state) ? JSON.parse(readFileSync(values.state, "utf8")) : {};

async function study(
  key: string,
  entries: readonly string[],
  precision: "f32" | "bf16",
  settings?: (entry: string) => OptimizerSettings,
): Promise<void> {
  const { problem, network, steps, batch } = await tasks[key.split(" ")[0]]();
  const options = {
    budget: { steps, schedule: "cosine", warmUp: 0.05 },
    tune: settings ? 1 : Number(values.tune),
    seeds: Number(values.seeds),
    batchSize: batch,
    precision,
    model: key.split(" ")[0],
    evaluationRows: 4000,
    settings,
  } as const;
  const result = await compareOptimizers(
    problem,
    network,
    entries,
    rng.fold(key.split(" ")[0]),
    options,
    {
      step: () => false,
      skip: () => undefined,
      async finished(progressed) {
        kept[key] = progressed;
        if (values.state) writeFileSync(values.state, JSON.stringify(kept));
        const last = progressed.finals.at(-1);
        if (last)
          process.stderr.write(
            `${key}: ${progressed.trials.length} trials, ${progressed.finals.length} trainings, last ${last.optimizer} ${last.test.score}\n`,
          );
      },
    },
    kept[key],
  );
  const summaries = summarise({ ...result, finals: result.finals.filter((f) => entries.includes(f.optimizer)) }, problem);
  print(key, problem, summaries);
}

function print(key: string, problem: Problem, summaries: readonly Summary[]): void {
  console.log(
    `\n### ${key}\n\n| optimizer | test ${problem.score} | training loss | ms a step | numbers kept a parameter | setting |\n|---|---|---|---|---|---|`,
  );
  for (const s of summaries) {
    const setting = Object.entries(s.settings)
      .filter(([k]) => k !== "structure")
      .map(([k, v]) => `${k} ${typeof v === "number" ? Number(v.toPrecision(2)) : v}`)
      .join(", ");
    console.log(
      `| ${s.optimizer} | ${withError(s.test.mean, s.test.error)} | ${withError(s.trainLoss.mean, s.trainLoss.error)} | ${s.milliseconds.toPrecision(3)} | ${(s.optimizerNumbers / s.parameters).toPrecision(3)} | ${setting} |`,
    );
  }
  console.log(`\n${recommend(summaries, problem.score)}`);
}

const entries = values.optimizers.split(",");
for (const task of values.tasks.split(",")) await study(task, entries, "f32");
for (const task of values.tasks.split(",")) {
  const best = kept[task]?.finals ?? [];
  const low = values.low.split(",").filter((entry) => best.some((f) => f.optimizer === entry));
  if (low.length > 0) await study(`${task} in bf16`, low, "bf16", (entry) => best.find((f) => f.optimizer === entry)!.settings);
}
