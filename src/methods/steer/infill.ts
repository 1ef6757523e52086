/** `pushforward steer infill`: texts between a prompt and what must follow. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { experiment } from "../../lab/index.ts";
import { genealogyFigure, ladderFigure, sizesFigure } from "../../language/figures/steering.ts";
import {
  checkTarget,
  isChain,
  observationFeatures,
  runBounds,
  runParticles,
  sandwichOf,
  simulateObservations,
  type Twist,
} from "../../language/index.ts";
import { estimate } from "../../sampling/index.ts";
import { measure } from "./measure.ts";
import { samplerOptions, targetOptions } from "./options.ts";
import { loadTarget, modelInput, resamplingOf, samplerNotes, schemeOf } from "./problem.ts";
import { boundsSentence, distinct, divergenceLines, jsonl, logZResults, measuredNumbers, textRows, textTable } from "./results.ts";
import { fileTwist } from "./twist-file.ts";

export const infill = experiment({
  name: "steer infill",
  summary: "the middle of a text whose beginning and end are given; or, without an end, how well middles are found",
  examples: [
    'pushforward steer infill --prompt "Once upon a time" --ending " lived happily ever after." --length 15',
    "pushforward steer infill --model chain.json --length 6 --simulate 3",
  ],
  notes:
    "With --ending: texts, and a lower bound on log p(ending). With --simulate C: endings of C tokens that the model writes itself, for which the text before them is an exact draw; that gives bounds from both sides, on average over endings. A twist for infilling: steer train --infill C.",
  input: modelInput,
  options: z.object({
    ...targetOptions,
    ...samplerOptions,
    potential: targetOptions.potential.default("none"),
    particles: z.int().min(1).max(100_000).default(16).describe("particles of a run, K"),
    runs: z.int().min(1).max(100_000).default(100).describe("independent runs, R: with --simulate each has an ending of its own"),
    ending: z.string().optional().describe("what must follow the added tokens"),
    simulate: z.int().min(1).max(1000).optional().describe("instead of --ending: tokens of endings that the model writes"),
  }),
  metrics: { rows: [], results: [...measuredNumbers] },
  load: loadTarget,

  async prepare({ target, source, notes }, options) {
    const { model } = target;
    const { ending, simulate } = options;
    if ((ending === undefined) === (simulate === undefined)) throw new UserError("give --ending, or --simulate", '--ending " the end."');
    const suffix = ending === undefined ? undefined : Int32Array.from(model.tokenizer.encode(ending));
    if (suffix?.length === 0) throw new UserError("--ending is empty: there is nothing to reach");
    checkTarget(target, suffix?.length ?? simulate);
    const twist = options.twist === undefined || options.twist === "none" ? undefined : await fileTwist(options.twist, target);
    const quick = options.quick;
    return {
      problem: {
        ...{ target, suffix, simulate, twist },
        settings: {
          ...{
            particles: quick ? Math.min(options.particles, 16) : options.particles,
            runs: quick ? Math.min(options.runs, 8) : options.runs,
          },
          ...{ power: options.power, scheme: schemeOf(options.scheme), resampling: resamplingOf(options.resample, twist) },
        },
      },
      source,
      label: "infilling",
      folder: `steer-infill-${source.name}`,
      steps: options.runs,
      config: { length: target.length },
      warnings: [
        ...notes,
        ...(twist?.notes ?? []),
        ...samplerNotes(options, twist, twist !== undefined),
        ...(suffix ? [`the ending is read as ${JSON.stringify(model.tokenizer.decode(suffix))}, ${suffix.length} tokens`] : []),
        ...(model.tokenizer.end !== undefined && !isChain(model) ? ["texts that end before the ending count for nothing"] : []),
      ],
    };
  },

  async work({ target, suffix, simulate, twist, settings }, { rng, progress, interrupted }) {
    const told = async (suffixes: readonly Int32Array[]): Promise<Twist | undefined> =>
      twist?.twist(twist.observes ? await observationFeatures(target.model, target.prompt, suffixes) : undefined);
    const { runs, particles: K } = settings;
    const line = progress("runs", runs);
    if (suffix) {
      const suffixes = Array.from({ length: runs }, () => suffix);
      const own = await told([suffix]);
      const run = await runParticles(target, { ...settings, twist: own, suffixes: [suffix] }, rng.fold("texts"));
      // one ending for all: the twist is told it once
      const single = { ...settings, runs: 1, twist: own, suffixes: [suffix] };
      const logs = [];
      for (let i = 0; i < runs; i++) {
        logs.push((await runBounds(target, single, rng.fold(i))).lower[0]);
        line.update(i + 1, {});
        if (interrupted()) return undefined;
      }
      line.finish();
      const rows = textRows(target, run.particles, run.logWeights, K).map((row) => ({
        ...row,
        text: row.text + target.model.tokenizer.decode(suffixes[0]),
      }));
      const sizes = Float64Array.from(run.records, (r) => r.effectiveSize[0] / K);
      const why = "an ending that the model did not write itself has no exact middle";
      const lower = Float64Array.from(logs);
      const bounds = { particles: K, lower, leastSize: Float64Array.from(sizes).sort().subarray(0, 1), sizes, ancestors: K, dead: 0 };
      const { mean, error } = estimate(lower);
      return {
        ...{ rows, sizes, K, bounds, records: run.records, values: run.particles.logPotential.data },
        title: `Infilled: ${target.model.name}`,
        summary: `${boundsSentence(bounds, why)}, of the ending after ${target.length} tokens.`,
        numbers: [{ name: "log p(ending), lower", value: mean, error, note: "nats" }],
        tables: [textTable(rows)],
        warnings: rows.every((row) => row.weight === 0) ? ["no particle can be followed by the ending"] : [],
        results: {
          unit: "nats",
          logZ: logZResults(bounds, why),
          kl: { qToTarget: null, targetToQ: null, why },
          ess: sizes[sizes.length - 1] * K,
          uniqueAncestors: null,
          texts: rows,
        },
        text: (took: string) => [
          ...distinct(rows)
            .slice(0, 8)
            .map((row) => `${(100 * row.weight).toFixed(1).padStart(5)} %  ${JSON.stringify(row.text)}`),
          boundsSentence(bounds, why),
          `in ${took}`,
        ],
      };
    }
    const observed = await simulateObservations(target, { count: runs, suffix: simulate! }, rng.fold("endings"));
    const { suffixes, exact } = observed;
    const own = await told(suffixes);
    const measured = await measure(target, { ...settings, twist: own, suffixes, exact, draws: runs }, rng.fold("measure"), (n) =>
      line.update(n, {}),
    );
    line.finish();
    const { bounds, divergence, cautions, results } = measured;
    const { lower, upper } = sandwichOf(bounds);
    return {
      ...{ rows: [], sizes: bounds.sizes, K, bounds, records: undefined, values: undefined },
      title: `Infilling by ${target.model.name}, endings of ${simulate} tokens`,
      summary: `E log p(ending): ${boundsSentence(bounds, undefined)}; ${divergenceLines(divergence).join("; ")}.`,
      numbers: [
        { name: "E log p(ending), lower", value: lower.mean, error: lower.error, note: `nats, over ${runs} endings` },
        { name: "E log p(ending), upper", value: upper!.mean, error: upper!.error, note: "nats" },
      ],
      tables: [],
      warnings: cautions.filter((c) => !c.includes("apart")),
      results: { ...results, texts: [] },
      text: (took: string) => [
        `on average over endings: ${boundsSentence(bounds, undefined)}`,
        ...divergenceLines(divergence),
        `in ${took}`,
      ],
    };
  },

  figures: ({ records, values, sizes, K, bounds }) => [
    ...(records && values ? [genealogyFigure(records, values, K)] : [ladderFigure([bounds], undefined)]),
    sizesFigure({ sizes, particles: K }),
  ],
  files: ({ rows }) => (rows.length > 0 ? [{ name: "texts.jsonl", content: jsonl(rows) }] : []),
});
