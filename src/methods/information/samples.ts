/** `pushforward information samples`: what pairs alone say about their information. */
import { z } from "zod";
import { nearest as nearestName, UserError } from "../../errors.ts";
import { sampleFigures } from "../../information/figures/samples.ts";
import { findings, measuredTable, sampleLines, sampleNumbers, sampleResults, sampleWarnings } from "../../information/samples/findings.ts";
import type { Part } from "../../information/samples/measured.ts";
import { marginalNames, preparePairs } from "../../information/samples/prepare.ts";
import { readPairs } from "../../information/samples/read.ts";
import { methodNames, type Task, tasks } from "../../information/samples/work.ts";
import { divided } from "../../lab/divided.ts";
import type { Finished, WorkPart } from "../../lab/parts.ts";
import { textOptions } from "../train/options.ts";

const columnsOf = (side: string): string =>
  `columns of ${side}, such as "a,b", "x1..x5" or the name of an array (default: ${side.toLowerCase()})`;

const sampleOptions = z.object({
  x: z.string().optional().describe(columnsOf("X")),
  z: z.string().optional().describe(columnsOf("Z")),
  discrete: z.string().optional().describe('columns of numbers that are labels (default: those with few values); "none": only text is'),
  methods: z
    .string()
    .default("ksg,cca,histogram,infonce,nwj")
    .describe(`estimators with commas, of ${methodNames.join(", ")}; or all`),
  neighbours: z.int().min(1).max(1000).default(3).describe("nearest neighbours"),
  permutations: z.int().min(0).max(100_000).default(100).describe("shuffles of the test of independence"),
  marginals: z.enum(marginalNames).default("rank").describe("units of the columns: normal scores of ranks, variance 1, or as they are"),
  rows: z.int().min(10).max(100_000).default(5000).describe("rows that neighbours use at most: their work grows with the square"),
  width: z.int().min(1).max(4096).default(64).describe("width of the critics' networks"),
  steps: z.int().min(1).max(10_000_000).default(600).describe("training steps of a critic"),
  batch: z.int().min(4).max(10_000).default(128).describe("pairs a step"),
  lr: z.number().positive().default(2e-3).describe("learning rate of the critics"),
  dropMissing: z.boolean().default(false).describe("leave out rows with missing values"),
  ...textOptions,
});

/** Options of a quick run. */
const quickLimits = { permutations: 20, rows: 1000, steps: 150 };

/** A task of `problem.work`, by its own name. */
interface TaskPart extends WorkPart {
  readonly task: string;
}

export const samples = divided({
  name: "information samples",
  summary: "estimate mutual information from pairs alone, with baselines, caps and which number to trust",
  description: "estimate the mutual information of X and Z from pairs alone, and say which of the numbers to trust",
  examples: [
    "pushforward information samples pairs.csv --x x1..x3 --z z1,z2",
    "pushforward information samples pairs.npz --methods all",
    "pushforward information samples patients.csv --x age,bmi --z diagnosis --drop-missing",
  ],
  input: { name: "[file]", description: "CSV, TSV, Parquet, JSON or NPZ with one pair a row" },
  options: sampleOptions,
  metrics: {
    rows: [],
    results: [
      "interval.*",
      "interval95.*",
      "bounds.*.mean",
      "bounds.*.se",
      "baselines.*.mean",
      "baselines.*.se",
      "caps.*",
      "permutation.observed",
      "permutation.p",
      "permutation.permutations",
      "permutation.pairs",
      "rows",
    ],
  },

  async load(file, options) {
    if (options.data !== undefined)
      throw new UserError("information samples has no built-in data: name a file", "pairs.csv --x x1,x2 --z z");
    if (file === undefined)
      throw new UserError("no data: name a file of pairs", "pushforward information samples pairs.csv --x x1,x2 --z z");
    return { methods: chosenMethods(options.methods), raw: await readPairs(file, options) };
  },

  async prepare({ methods, raw }, options) {
    const { marginals, neighbours, width, batch, lr, quick } = options;
    const pairs = preparePairs(raw, marginals, neighbours);
    const least = quick ? quickLimits : { permutations: Infinity, rows: Infinity, steps: Infinity };
    const [permutations, rows, steps] = (["permutations", "rows", "steps"] as const).map((key) => Math.min(options[key], least[key]));
    const empty = pairs.x.columns.length === 0 || pairs.z.columns.length === 0;
    const critics = { width, steps, batch, learningRate: lr };
    const work = empty ? [] : tasks({ pairs: [pairs.x, pairs.z], methods, neighbours, rows, permutations, critics });
    return {
      problem: { pairs, work, title: raw.title },
      source: raw,
      label: `measuring ${raw.title}`,
      folder: `information-${raw.name}`,
      steps: ticksOf(work),
      config: { methods: methods.join(","), permutations, rows, steps, pairs: raw.rows, columns: [pairs.x.names, pairs.z.names] },
      warnings: pairs.notes,
    };
  },

  parts: ({ work }): readonly TaskPart[] =>
    work.map(({ name, ticks }) => ({ name: name.replace(/[^\w]+/g, "-").replace(/^-|-$/g, ""), steps: ticks, task: name })),

  async part({ task }, { work }, { rng, step }): Promise<Part | undefined> {
    let [done, stopped] = [0, false];
    const tick = () => (stopped = !step(++done));
    const found = await work.find(({ name }) => name === task)?.run(rng, tick);
    return stopped ? undefined : found;
  },

  join(finished: readonly Finished<TaskPart, Part>[], { pairs, title }) {
    const found = findings(
      pairs,
      finished.map(({ result }) => result),
    );
    return {
      found,
      title: `Information in ${title}`,
      summary: found.verdict.sentence,
      numbers: sampleNumbers(found),
      tables: [measuredTable(found)],
      warnings: sampleWarnings(found),
      results: sampleResults(found),
      text: (took: string) => sampleLines(found, took),
    };
  },

  figures: ({ found }) => sampleFigures(found),
  files: ({ found: { measured, parts } }) => {
    const test = parts.find((part) => part.test)?.test;
    const text = (values: readonly string[]) => values;
    return [
      {
        name: "estimates.csv",
        columns: [
          { name: "estimator", values: text(measured.map((m) => m.name)) },
          { name: "kind", values: text(measured.map((m) => m.kind)) },
          { name: "nats", values: Float64Array.from(measured, (m) => m.mean) },
          { name: "error", values: Float64Array.from(measured, (m) => m.se) },
          { name: "shuffled", values: Float64Array.from(measured, (m) => m.baseline.mean) },
          { name: "trusted", values: text(measured.map((m) => (m.valid ? "yes" : "no"))) },
          { name: "why", values: text(measured.map((m) => m.why)) },
        ],
      },
      ...(test ? [{ name: "shuffles.csv", columns: [{ name: "nats", values: Float64Array.from(test.shuffled) }] }] : []),
    ];
  },
});

const ticksOf = (work: readonly Task[]): number => work.reduce((sum, { ticks }) => sum + ticks, 0);

/** @throws UserError  with the nearest name that there is */
function chosenMethods(given: string): readonly string[] {
  if (given.trim() === "all") return methodNames;
  const names = given.split(",").map((name) => name.trim().toLowerCase());
  for (const name of names) {
    if (methodNames.includes(name)) continue;
    const guess = nearestName(name, methodNames);
    throw new UserError(`--methods: "${name}" is no estimator`, guess ? `did you mean ${guess}?` : `there are ${methodNames.join(", ")}`);
  }
  return names;
}
